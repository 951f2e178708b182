//! Operations -> instructions of each target, as text that disassemblers of others make of the bytes.
//! `BLESS=1 cargo test` rewrites the expected files.

mod cases;

use perilune_codegen::masm::{FReg, Isa, Masm, Reg, a64::A64, x64::X64};
use std::fmt::Write;
use std::path::Path;

/// A target with what the text needs of it.
trait Target: Masm {
    fn name(r: Reg) -> String;
    fn fname(r: FReg) -> String;
    /// Registers that are written differently, for operands; the first three are different, and
    /// temporaries.
    const SPREAD: &'static [Reg];
    /// One line for each instruction.
    fn disassemble(bytes: &[u8]) -> Vec<String>;
}

impl Target for X64 {
    fn name(r: Reg) -> String {
        let names = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
            "r14", "r15",
        ];
        names[usize::from(r.0)].to_string()
    }

    fn fname(r: FReg) -> String {
        format!("xmm{}", r.0)
    }

    const SPREAD: &'static [Reg] = &[Reg(0), Reg(6), Reg(9), Reg(5), Reg(12), Reg(1)];

    fn disassemble(bytes: &[u8]) -> Vec<String> {
        use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter, NumberBase};
        let mut formatter = NasmFormatter::new();
        let options = formatter.options_mut();
        options.set_number_base(NumberBase::Decimal);
        options.set_signed_immediate_operands(true);
        options.set_space_after_operand_separator(true);
        options.set_rip_relative_addresses(true);
        options.set_show_branch_size(false);
        let decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
        let lines = decoder.into_iter().map(|instruction| {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            let range = instruction.ip() as usize..instruction.next_ip() as usize;
            let bytes: String = bytes[range].iter().map(|b| format!("{b:02x}")).collect();
            format!("{bytes:<20} {text}")
        });
        lines.collect()
    }
}

impl Target for A64 {
    fn name(r: Reg) -> String {
        format!("x{}", r.0)
    }

    fn fname(r: FReg) -> String {
        format!("d{}", r.0)
    }

    const SPREAD: &'static [Reg] = &[Reg(0), Reg(9), Reg(3), Reg(19), Reg(22)];

    fn disassemble(bytes: &[u8]) -> Vec<String> {
        use disarm64::{InsnDisplay, decoder};
        let (words, rest) = bytes.as_chunks::<4>();
        assert!(rest.is_empty(), "part of an instruction");
        let lines = words.iter().zip(0..).map(|(&bytes, n): (_, u64)| {
            let word = u32::from_le_bytes(bytes);
            let text = match decoder::decode(word) {
                Some(instruction) => instruction.display_at(4 * n).to_string(),
                None => "(undefined)".to_string(),
            };
            let words: Vec<&str> = text.split_whitespace().collect();
            let text = words.join(" ");
            format!("{word:08x} {}", text.strip_suffix(", lsl #0x0").unwrap_or(&text))
        });
        lines.collect()
    }
}

/// The text of all cases: what each means, and its instructions. The target of branches is the end.
struct Listing {
    text: String,
    isa: Isa,
}

impl Listing {
    fn heading(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n== {title}");
    }

    fn case<M: Target>(&mut self, meaning: &str, emit: impl FnOnce(&mut M)) {
        let mut m = M::new();
        m.allow(self.isa);
        emit(&mut m);
        let length = m.offset() as usize;
        let code = m.finish();
        let lines = M::disassemble(&code.bytes[..length]);
        let first = lines.first().map_or("-", String::as_str);
        let _ = writeln!(self.text, "{meaning:<36} {first}");
        for line in lines.iter().skip(1) {
            let _ = writeln!(self.text, "{:<36} {line}", "");
        }
    }
}

fn golden<M: Target>(name: &str, isa: Isa) {
    let mut listing = Listing {
        isa,
        text: format!("What operations of the macro assembler become on {name}. l is the end of each.\n"),
    };
    cases::all::<M>(&mut listing);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let path = folder.join(name).with_extension("txt");
    if std::env::var_os("BLESS").is_some() {
        assert!(std::fs::write(&path, &listing.text).is_ok());
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let first = listing.text.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(
        listing.text == expected,
        "{name}: run with BLESS=1 if this is right: {first:?}"
    );
}

#[test]
fn x64() {
    golden::<X64>("x64", Isa::default());
}

#[test]
fn x64_with_all_that_it_may_use() {
    golden::<X64>(
        "x64_v3",
        Isa {
            bmi2: true,
            avx: true,
        },
    );
}

#[test]
fn a64() {
    golden::<A64>("a64", Isa::default());
}
