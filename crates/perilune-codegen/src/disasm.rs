//! Machine code -> rows of text for listings.

use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;
use std::{error, fmt};

use iced_x86::{
    Decoder, DecoderOptions, FastFormatterOptions, Instruction, OpKind, SpecializedFormatter,
    SpecializedFormatterTraitOptions, SymbolResolver, SymbolResult,
};
use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_arm::armv8::a64;

/// An instruction set that machine code is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Target {
    /// x86-64.
    X64,
    /// aarch64.
    A64,
}

impl Target {
    /// The one that this program runs on, if it is one of them.
    pub fn host() -> Option<Target> {
        std::env::consts::ARCH.parse().ok()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::X64 => "x86-64",
            Target::A64 => "aarch64",
        })
    }
}

/// A name that no [`Target`] has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownTarget(String);

impl fmt::Display for UnknownTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown target '{}' (there are {}, {})",
            self.0,
            Target::X64,
            Target::A64
        )
    }
}

impl error::Error for UnknownTarget {}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(name: &str) -> Result<Target, UnknownTarget> {
        match name {
            "x86-64" | "x86_64" => Ok(Target::X64),
            "aarch64" | "arm64" => Ok(Target::A64),
            _ => Err(UnknownTarget(name.to_string())),
        }
    }
}

/// An instruction, or bytes that are none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Where it is in the code.
    pub offset: u32,
    /// What stands there.
    pub bytes: Vec<u8>,
    /// The instruction in assembly language; `.byte` or `.inst` with a number for what is none.
    pub text: String,
}

/// Names of places in the code, or behind it where its pool is, by offset.
pub type Names<'a> = dyn Fn(u32) -> Option<String> + 'a;

/// All of the code, row by row. Where an instruction refers to a place relative to itself, that is shown as
/// its name, and if it has none as its offset.
pub fn disassemble(target: Target, code: &[u8], name: &Names) -> Vec<Row> {
    match target {
        Target::X64 => disassemble_x64(code, name),
        Target::A64 => disassemble_a64(code, name),
    }
}

/// A row whose bytes are those of the code between two offsets.
fn row(code: &[u8], start: usize, end: usize, text: String) -> Row {
    Row {
        offset: start as u32,
        bytes: code[start..end].to_vec(),
        text,
    }
}

fn byte_row(code: &[u8], at: usize) -> Row {
    row(code, at, at + 1, format!(".byte {:#04x}", code[at]))
}

fn disassemble_x64(code: &[u8], name: &Names) -> Vec<Row> {
    let place = Rc::new(RefCell::new(None));
    let resolver = Box::new(OnePlace(place.clone()));
    let mut formatter =
        SpecializedFormatter::<Style>::try_with_options(Some(resolver)).expect("the style allows names");
    let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
    let mut rows = Vec::new();
    while decoder.can_decode() {
        let start = decoder.position();
        decoder.set_ip(start as u64);
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            rows.push(byte_row(code, start));
            decoder.set_position(start + 1).expect("there was a byte");
            continue;
        }
        let target = target_of(&instruction).and_then(|t| Some((t, name(u32::try_from(t).ok()?)?)));
        place.replace(target);
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        rows.push(row(code, start, decoder.position(), text));
    }
    rows
}

/// The place that an instruction refers to relative to itself.
fn target_of(instruction: &Instruction) -> Option<u64> {
    if instruction.is_ip_rel_memory_operand() {
        return Some(instruction.ip_rel_memory_address());
    }
    let near = instruction.op_count() > 0 && is_near(instruction.op0_kind());
    near.then(|| instruction.near_branch_target())
}

fn is_near(kind: OpKind) -> bool {
    kind == OpKind::NearBranch64
}

/// The one place that has a name while an instruction is formatted: address and name.
struct OnePlace(Rc<RefCell<Option<(u64, String)>>>);

impl SymbolResolver for OnePlace {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        let kind = instruction.op_kind(instruction_operand?);
        // A number that happens to be the same is not the place.
        if !is_near(kind) && kind != OpKind::Memory {
            return None;
        }
        let place = self.0.borrow();
        let (_, name) = place.as_ref().filter(|place| place.0 == address)?;
        Some(SymbolResult::with_string(address, name.clone()))
    }
}

/// How x86-64 instructions are written: in Intel's syntax, with sizes and lower-case numbers.
struct Style;

impl SpecializedFormatterTraitOptions for Style {
    const ENABLE_SYMBOL_RESOLVER: bool = true;
    const ENABLE_DB_DW_DD_DQ: bool = false;

    fn space_after_operand_separator(_options: &FastFormatterOptions) -> bool {
        true
    }

    fn rip_relative_addresses(_options: &FastFormatterOptions) -> bool {
        false
    }

    fn use_pseudo_ops(_options: &FastFormatterOptions) -> bool {
        true
    }

    fn show_symbol_address(_options: &FastFormatterOptions) -> bool {
        false
    }

    fn always_show_segment_register(_options: &FastFormatterOptions) -> bool {
        false
    }

    fn always_show_memory_size(_options: &FastFormatterOptions) -> bool {
        true
    }

    fn uppercase_hex(_options: &FastFormatterOptions) -> bool {
        false
    }

    fn use_hex_prefix(_options: &FastFormatterOptions) -> bool {
        true
    }
}

fn disassemble_a64(code: &[u8], name: &Names) -> Vec<Row> {
    let (words, rest) = code.as_chunks::<4>();
    let words = words.iter().enumerate();
    let mut rows: Vec<Row> = words
        .map(|(i, word)| row(code, 4 * i, 4 * i + 4, instruction_a64(4 * i, word, name)))
        .collect();
    rows.extend((code.len() - rest.len()..code.len()).map(|at| byte_row(code, at)));
    rows
}

/// The text of the instruction at an offset.
fn instruction_a64(offset: usize, word: &[u8; 4], name: &Names) -> String {
    let decoder = a64::InstDecoder::default();
    let Ok(instruction) = decoder.decode(&mut U8Reader::new(word)) else {
        return format!(".inst {:#010x}", u32::from_le_bytes(*word));
    };
    let text = instruction.to_string();
    let distance = instruction.operands.iter().find_map(|operand| match operand {
        a64::Operand::PCOffset(distance) => Some(*distance),
        _ => None,
    });
    // The place is the last operand, and written as `$` with the distance.
    let (Some(distance), Some((before, _))) = (distance, text.rsplit_once('$')) else {
        return text;
    };
    let base = match instruction.opcode {
        a64::Opcode::ADRP => offset & !0xfff,
        _ => offset,
    };
    let place = (base as u64).wrapping_add_signed(distance);
    let name = u32::try_from(place).ok().and_then(name);
    format!("{before}{}", name.unwrap_or_else(|| format!("{place:#x}")))
}

#[cfg(test)]
mod tests;
