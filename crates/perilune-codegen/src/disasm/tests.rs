//! Golden text of instructions, as binutils assembles them.

use super::*;

/// Instructions, given as bytes in hexadecimal, with their texts.
fn check(target: Target, expected: &[(&str, &str)], name: &Names) {
    let bytes_of = |text: &str| -> Vec<u8> {
        let digits = text.as_bytes().chunks_exact(2);
        digits
            .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    };
    let code: Vec<u8> = expected.iter().flat_map(|(bytes, _)| bytes_of(bytes)).collect();
    let rows = disassemble(target, &code, name);
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    assert_eq!(texts, expected.iter().map(|row| row.1).collect::<Vec<_>>());
    assert_covers(&rows, &code);
    for (row, (bytes, _)) in rows.iter().zip(expected) {
        assert_eq!(row.bytes, bytes_of(bytes));
    }
}

/// The rows are the code, without gaps.
fn assert_covers(rows: &[Row], code: &[u8]) {
    let mut at = 0;
    for row in rows {
        assert_eq!((row.offset as usize, row.bytes.is_empty()), (at, false));
        at += row.bytes.len();
    }
    assert_eq!(
        rows.iter().flat_map(|row| row.bytes.clone()).collect::<Vec<_>>(),
        code
    );
}

fn no_names(_: u32) -> Option<String> {
    None
}

#[test]
fn x64_instructions() {
    let expected = [
        ("48b8f0debc9a78563412", "mov rax, 0x123456789abcdef0"),
        ("488b4708", "mov rax, qword ptr [rdi+0x8]"),
        ("488944cb10", "mov qword ptr [rbx+rcx*8+0x10], rax"),
        ("c6430300", "mov byte ptr [rbx+0x3], 0x0"),
        ("4c8d6c58f0", "lea r13, [rax+rbx*2-0x10]"),
        ("807b0904", "cmp byte ptr [rbx+0x9], 0x4"),
        ("0f94c0", "sete al"),
        ("c4e2f1f7c3", "shlx rax, rbx, rcx"),
        ("f20f104310", "movsd xmm0, qword ptr [rbx+0x10]"),
        ("f20f58c1", "addsd xmm0, xmm1"),
        ("660f3a0bc109", "roundsd xmm0, xmm1, 0x9"),
        ("c5f358c2", "vaddsd xmm0, xmm1, xmm2"),
        ("66480f7ec0", "movq rax, xmm0"),
        ("f3480fb8c1", "popcnt rax, rcx"),
        ("ff9700010000", "call qword ptr [rdi+0x100]"),
        ("ffe0", "jmp rax"),
        ("cc", "int3"),
        ("0f1f0400", "nop dword ptr [rax+rax]"),
        ("c3", "ret"),
    ];
    check(Target::X64, &expected, &no_names);
}

#[test]
fn x64_places() {
    let expected = [
        ("ebfe", "jmp L0"),
        ("7402", "je L6"),
        ("eb0a", "jmp 0x10"),
        ("0f84f4ffffff", "je L0"),
        ("e8efffffff", "call L0"),
        ("488b0528000000", "mov rax, qword ptr [0x40]"),
    ];
    check(Target::X64, &expected, &|offset| {
        [0, 6].contains(&offset).then(|| format!("L{offset}"))
    });
    let with = |texts: [&'static str; 6]| std::array::from_fn::<_, 6, _>(|i| (expected[i].0, texts[i]));
    let named = [
        "jmp L0",
        "je L6",
        "jmp L16",
        "je L0",
        "call L0",
        "mov rax, qword ptr [L64]",
    ];
    check(Target::X64, &with(named), &|offset| Some(format!("L{offset}")));
    let plain = [
        "jmp 0x0",
        "je 0x6",
        "jmp 0x10",
        "je 0x0",
        "call 0x0",
        "mov rax, qword ptr [0x40]",
    ];
    check(Target::X64, &with(plain), &no_names);
}

#[test]
fn x64_pool_entries() {
    let name = |offset| (offset == 0x20).then(|| "pool[2]".to_string());
    let expected = [
        ("488b0519000000", "mov rax, qword ptr [pool[2]]"),
        ("48813d0e00000020000000", "cmp qword ptr [pool[2]], 0x20"),
        ("488b4320", "mov rax, qword ptr [rbx+0x20]"),
        ("b820000000", "mov eax, 0x20"),
    ];
    check(Target::X64, &expected, &name);
}

#[test]
fn x64_bytes_that_are_no_instruction() {
    let expected = [
        ("c3", "ret"),
        ("06", ".byte 0x06"),
        ("c3", "ret"),
        ("0f", ".byte 0x0f"),
        ("0490", "add al, 0x90"),
        ("48", ".byte 0x48"),
        ("b8", ".byte 0xb8"),
        ("00", ".byte 0x00"),
    ];
    check(Target::X64, &expected, &no_names);
}

#[test]
fn a64_instructions() {
    let expected = [
        ("80468252", "mov w0, #0x1234"),
        ("8146a2f2", "movk x1, #0x1234, lsl #16"),
        ("e00301aa", "mov x0, x1"),
        ("20400091", "add x0, x1, #0x10"),
        ("2010028b", "add x0, x1, x2, lsl #4"),
        ("1f0001eb", "cmp x0, x1"),
        ("20f07dd3", "lsl x0, x1, #0x3"),
        ("207c029b", "mul x0, x1, x2"),
        ("200440f9", "ldr x0, [x1, #0x8]"),
        ("207862f8", "ldr x0, [x1, x2, lsl #3]"),
        ("20805ff8", "ldur x0, [x1, #-0x8]"),
        ("fd7bbfa9", "stp x29, x30, [sp, #-0x10]!"),
        ("200440fd", "ldr d0, [x1, #0x8]"),
        ("e0179f9a", "cset x0, eq"),
        ("2028621e", "fadd d0, d1, d2"),
        ("0020611e", "fcmp d0, d1"),
        ("00106e1e", "fmov d0, #1.0"),
        ("2000629e", "scvtf d0, x1"),
        ("2040651e", "frintm d0, d1"),
        ("00023fd6", "blr x16"),
        ("000020d4", "brk #0x0"),
        ("c0035fd6", "ret"),
    ];
    check(Target::A64, &expected, &no_names);
}

#[test]
fn a64_places() {
    let code = [
        "00000014", "e0ffff54", "feffff97", "a0ffffb4", "83ffff35", "60fff7b7", "40001836", "00020058",
        "e001005c", "c0010010",
    ];
    let named = [
        "b L0",
        "b.eq L0",
        "bl L0",
        "cbz x0, L0",
        "cbnz w3, L0",
        "tbnz x0, #0x3e, L0",
        "tbz w0, #0x3, L32",
        "ldr x0, L92",
        "ldr d0, L92",
        "adr x0, L92",
    ];
    let plain = [
        "b 0x0",
        "b.eq 0x0",
        "bl 0x0",
        "cbz x0, 0x0",
        "cbnz w3, 0x0",
        "tbnz x0, #0x3e, 0x0",
        "tbz w0, #0x3, 0x20",
        "ldr x0, 0x5c",
        "ldr d0, 0x5c",
        "adr x0, 0x5c",
    ];
    let with = |texts: [&'static str; 10]| std::array::from_fn::<_, 10, _>(|i| (code[i], texts[i]));
    check(Target::A64, &with(named), &|offset| Some(format!("L{offset}")));
    check(Target::A64, &with(plain), &no_names);
}

#[test]
fn a64_pages_are_relative_to_a_page() {
    let mut code = [0x1f, 0x20, 0x03, 0xd5].repeat(1025);
    code[4096..].copy_from_slice(&[0, 0, 0, 0xd0]);
    let rows = disassemble(Target::A64, &code, &no_names);
    assert_eq!(
        (rows[1023].text.as_str(), rows[1024].text.as_str()),
        ("nop", "adrp x0, 0x3000")
    );
}

#[test]
fn a64_words_that_are_no_instruction() {
    let expected = [
        ("c0035fd6", "ret"),
        ("ffffffff", ".inst 0xffffffff"),
        ("c0035fd6", "ret"),
        ("01", ".byte 0x01"),
        ("c0", ".byte 0xc0"),
    ];
    check(Target::A64, &expected, &no_names);
}

#[test]
fn any_bytes_give_a_listing_without_gaps() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    let code: Vec<u8> = (0..400_003).map(|_| random()).collect();
    for target in [Target::X64, Target::A64] {
        let rows = disassemble(target, &code, &|offset| Some(format!("L{offset}")));
        assert_covers(&rows, &code);
        assert!(rows.iter().all(|row| !row.text.is_empty()));
        // Most bytes are instructions of some kind; some are not.
        let unknown = rows.iter().filter(|row| row.text.starts_with('.')).count();
        assert!(
            unknown > 100 && unknown < rows.len() * 3 / 4,
            "{unknown} of {}",
            rows.len()
        );
    }
}

#[test]
fn targets_have_names() {
    for (name, target) in [
        ("x86-64", Target::X64),
        ("x86_64", Target::X64),
        ("aarch64", Target::A64),
        ("arm64", Target::A64),
    ] {
        assert_eq!(name.parse(), Ok(target));
    }
    assert_eq!(
        [Target::X64, Target::A64].map(|t| t.to_string().parse()),
        [Ok(Target::X64), Ok(Target::A64)]
    );
    let error = "mips".parse::<Target>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown target 'mips' (there are x86-64, aarch64)"
    );
    let host = match () {
        () if cfg!(target_arch = "x86_64") => Some(Target::X64),
        () if cfg!(target_arch = "aarch64") => Some(Target::A64),
        () => None,
    };
    assert_eq!(Target::host(), host);
}
