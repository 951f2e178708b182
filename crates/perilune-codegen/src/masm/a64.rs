//! Operations -> AArch64 instructions.
//!
//! Helpers and the entry from Rust follow the procedure call standard (AAPCS64). The scratch registers are
//! x16, which holds addresses, distances and immediates, and x17, which holds values. A conditional branch
//! and an access to the pool reach 1 MB, a jump 128 MB: [`Masm::finish`] panics beyond that.

mod immediate;

use super::buffer::Buffer;
use super::{Alu, Code, Cond, FCond, FReg, Falu, Funary, Label, Masm, Reg, Shift, Width};

/// For addresses, distances and immediates of our own.
const SCRATCH: Reg = Reg(16);
/// For values of our own.
const VALUE: Reg = Reg(17);
/// The frame pointer of the convention.
const FP: Reg = Reg(29);
/// Where a call leaves the return address.
const LINK: Reg = Reg(30);
/// Always 0; in some instructions the number means [`SP`].
const ZERO: Reg = Reg(31);
/// The stack pointer.
const SP: Reg = Reg(31);

/// The bit of an instruction that makes it one of 64 bits.
const WIDE: u32 = 1 << 31;
/// Operations of three registers; the shifted operand is the last one.
const ADD: u32 = 0x0b00_0000;
const SUB: u32 = 0x4b00_0000;
const SUBS: u32 = 0x6b00_0000;
const SUBS_EXTENDED: u32 = 0x6b20_0000;
const AND: u32 = 0x0a00_0000;
const ORR: u32 = 0x2a00_0000;
const ORN: u32 = 0x2a20_0000;
const EOR: u32 = 0x4a00_0000;
const ANDS: u32 = 0x6a00_0000;
/// With [`ZERO`] to add.
const MUL: u32 = 0x1b00_7c00;
const MSUB: u32 = 0x1b00_8000;
const SDIV: u32 = 0x1ac0_0c00;
/// Operations with an immediate.
const ADD_IMM: u32 = 0x1100_0000;
const SUB_IMM: u32 = 0x5100_0000;
const ADDS_IMM: u32 = 0x3100_0000;
const SUBS_IMM: u32 = 0x7100_0000;
const AND_IMM: u32 = 0x1200_0000;
const ORR_IMM: u32 = 0x3200_0000;
const EOR_IMM: u32 = 0x5200_0000;
const ANDS_IMM: u32 = 0x7200_0000;
const UBFM: u32 = 0x5300_0000;
const SBFM: u32 = 0x1300_0000;
const MOVN: u32 = 0x9280_0000;
const MOVZ: u32 = 0xd280_0000;
const MOVK: u32 = 0xf280_0000;
/// Pairs of registers and the stack.
const STP: u32 = 0xa900_0000;
const STP_BEFORE: u32 = 0xa980_0000;
const LDP: u32 = 0xa940_0000;
const LDP_AFTER: u32 = 0xa8c0_0000;
/// `str x30, [sp, #-16]!` and `ldr x30, [sp], #16`
const PUSH_LINK: u32 = 0xf81f_0ffe;
const POP_LINK: u32 = 0xf841_07fe;
const LDR_LITERAL: u32 = 0x5800_0000;
const B: u32 = 0x1400_0000;
const BL: u32 = 0x9400_0000;
const ISB: u32 = 0xd503_3fdf;
const B_COND: u32 = 0x5400_0000;
const CBZ: u32 = 0x3400_0000;
const CBNZ: u32 = 0x3500_0000;
const BR: u32 = 0xd61f_0000;
const BLR: u32 = 0xd63f_0000;
const RET: u32 = 0xd65f_0000;
const BRK: u32 = 0xd420_0000;
/// Operations on floats.
const FMOV: u32 = 0x1e60_4000;
const FMOV_IMM: u32 = 0x1e60_1000;
const FMOV_TO_GENERAL: u32 = 0x9e66_0000;
const FMOV_FROM_GENERAL: u32 = 0x9e67_0000;
const FCMP: u32 = 0x1e60_2000;
const SCVTF: u32 = 0x9e62_0000;
const FCVTZS: u32 = 0x9e78_0000;

/// Condition codes.
const CC_EQ: u32 = 0;
const CC_NE: u32 = 1;
const CC_HS: u32 = 2;
const CC_LO: u32 = 3;
const CC_MI: u32 = 4;
const CC_PL: u32 = 5;
const CC_HI: u32 = 8;
const CC_LS: u32 = 9;
const CC_GE: u32 = 10;
const CC_LT: u32 = 11;
const CC_GT: u32 = 12;
const CC_LE: u32 = 13;

/// The assembler of AArch64.
#[derive(Default)]
pub struct A64 {
    buffer: Buffer,
}

/// What moves between a register and memory.
#[derive(Clone, Copy)]
struct Access {
    /// The size is `1 << scale` bytes.
    scale: u32,
    /// The bits of the instruction that tell loads from stores and floats from integers.
    kind: u32,
}

const FLOAT: u32 = 1 << 26;
const LOAD: u32 = 1 << 22;

impl Access {
    fn load(w: Width) -> Access {
        Access {
            scale: log_size(w),
            kind: LOAD,
        }
    }

    fn store(w: Width) -> Access {
        Access {
            scale: log_size(w),
            kind: 0,
        }
    }

    fn float(kind: u32) -> Access {
        Access {
            scale: 3,
            kind: FLOAT | kind,
        }
    }

    fn bits(self) -> u32 {
        self.scale << 30 | self.kind
    }
}

fn log_size(w: Width) -> u32 {
    match w {
        Width::W8 => 0,
        Width::W32 => 2,
        Width::W64 => 3,
    }
}

/// The bit of a width; bytes live in registers of 32 bits.
fn wide(w: Width) -> u32 {
    if w == Width::W64 { WIDE } else { 0 }
}

/// What an operation of this width sees of an immediate, with zeros above.
fn cut(w: Width, i: i32) -> u64 {
    match w {
        Width::W8 => u64::from(i as u8),
        Width::W32 => u64::from(i as u32),
        Width::W64 => i64::from(i) as u64,
    }
}

/// The condition code of a comparison; bytes are unsigned.
fn cc(c: Cond, w: Width) -> u32 {
    match (c, w) {
        (Cond::Eq, _) => CC_EQ,
        (Cond::Ne, _) => CC_NE,
        (Cond::Below, _) | (Cond::Lt, Width::W8) => CC_LO,
        (Cond::BelowEq, _) | (Cond::Le, Width::W8) => CC_LS,
        (Cond::Above, _) | (Cond::Gt, Width::W8) => CC_HI,
        (Cond::AboveEq, _) | (Cond::Ge, Width::W8) => CC_HS,
        (Cond::Lt, _) => CC_LT,
        (Cond::Le, _) => CC_LE,
        (Cond::Gt, _) => CC_GT,
        (Cond::Ge, _) => CC_GE,
    }
}

/// The instruction of an operation on registers.
fn arithmetic(op: Alu) -> u32 {
    match op {
        Alu::Add => ADD,
        Alu::Sub => SUB,
        Alu::And => AND,
        Alu::Or => ORR,
        Alu::Xor => EOR,
        Alu::Mul => MUL,
    }
}

/// The distance in an instruction, in units of 4 bytes, if its field of `bits` can hold it.
fn distance_field(distance: i64, bits: u32) -> Option<u32> {
    let units = distance / 4;
    let limit = 1 << (bits - 1);
    (-limit..limit)
        .contains(&units)
        .then_some(units as u32 & ((1 << bits) - 1))
}

/// A branch or literal load, with its distance filled in.
fn patch(word: u32, distance: i64) -> Option<u32> {
    // B and BL differ in the first bit.
    if word & 0x7c00_0000 == B {
        Some(word | distance_field(distance, 26)?)
    } else {
        Some(word | distance_field(distance, 19)? << 5)
    }
}

impl A64 {
    fn word(&mut self, word: u32) {
        self.buffer.put(&word.to_le_bytes());
    }

    /// An instruction on three registers.
    fn three(&mut self, op: u32, d: Reg, n: Reg, m: Reg) {
        self.word(op | u32::from(m.0) << 16 | u32::from(n.0) << 5 | u32::from(d.0));
    }

    /// An instruction on two registers, with its other fields in `op`.
    fn two(&mut self, op: u32, d: Reg, n: Reg) {
        self.word(op | u32::from(n.0) << 5 | u32::from(d.0));
    }

    /// d = s with zeros above 32 bits, or all of it.
    fn copy(&mut self, w: Width, d: Reg, s: Reg) {
        if d != s || w != Width::W64 {
            self.three(ORR | wide(w), d, ZERO, s);
        }
    }

    /// d = i from pieces of 16 bits, beginning with zeros or ones.
    fn pieces(&mut self, d: Reg, i: u64) {
        let (first, rest) = if immediate::pieces_other_than(0, i) <= immediate::pieces_other_than(0xffff, i) {
            (MOVZ, 0)
        } else {
            (MOVN, 0xffff)
        };
        let mut places = (0..4).filter(|&n| immediate::piece(i, n) != rest);
        let start = places.next().unwrap_or(0);
        let field = |n, flip| n << 21 | u32::from(immediate::piece(i, n) ^ flip) << 5;
        self.two(first | field(start, rest), d, Reg(0));
        for n in places {
            self.two(MOVK | field(n, 0), d, Reg(0));
        }
    }

    /// A register with the value: [`ZERO`], or the one given.
    fn value(&mut self, r: Reg, i: i64) -> Reg {
        if i == 0 {
            ZERO
        } else {
            self.imm(r, i);
            r
        }
    }

    /// d = a + i; of 64 bits or, with zeros above, of 32
    fn add(&mut self, w: Width, d: Reg, a: Reg, i: i64) {
        let (op, size) = if i < 0 { (SUB_IMM, -i) } else { (ADD_IMM, i) };
        let op = op | wide(w);
        if i == 0 {
            self.copy(w, d, a);
        } else if let Some(fields) = immediate::addend(size) {
            self.two(op | fields, d, a);
        } else if let Some(high) = immediate::addend(size & !0xfff) {
            self.two(op | high, d, a);
            self.two(op | (size as u32 & 0xfff) << 10, d, d);
        } else {
            self.imm(SCRATCH, i);
            self.three(ADD | wide(w), d, a, SCRATCH);
        }
    }

    /// d = a op i, where `op` is on registers and `op_imm` has a bit mask.
    fn logical(&mut self, (op, op_imm): (u32, u32), w: Width, d: Reg, a: Reg, i: i32) {
        let i = cut(w, i);
        if let Some(fields) = immediate::bit_mask(w == Width::W64, i) {
            self.two(op_imm | wide(w) | fields, d, a);
        } else {
            let value = self.value(SCRATCH, i as i64);
            self.three(op | wide(w), d, a, value);
        }
    }

    /// Moves `t` to or from `[base + off]`.
    fn access(&mut self, access: Access, t: u8, base: Reg, off: i32) {
        let bits = access.bits();
        if let Some(field) = immediate::scaled(access.scale, off) {
            self.two(0x3900_0000 | bits | field, Reg(t), base);
        } else if let Some(field) = immediate::unscaled(off) {
            self.two(0x3800_0000 | bits | field, Reg(t), base);
        } else {
            // Only indexed accesses have an address in the scratch register, and no value of ours.
            let distance = if base == SCRATCH { VALUE } else { SCRATCH };
            self.imm(distance, i64::from(off));
            self.access_sum(access, t, base, distance, false);
        }
    }

    /// Moves `t` to or from `[base + index]`, or the index times the size.
    fn access_sum(&mut self, access: Access, t: u8, base: Reg, index: Reg, times: bool) {
        let times = u32::from(times) << 12;
        self.three(0x3820_6800 | access.bits() | times, Reg(t), base, index);
    }

    fn access_index(&mut self, access: Access, t: u8, base: Reg, index: Reg, scale: u8, off: i32) {
        assert!(scale < 4, "16 is no scale");
        let scale = u32::from(scale);
        if off == 0 && (scale == 0 || scale == access.scale) {
            self.access_sum(access, t, base, index, scale != 0);
        } else {
            self.three(ADD | WIDE | scale << 10, SCRATCH, base, index);
            self.access(access, t, SCRATCH, off);
        }
    }

    /// d = the low byte of s
    fn low_byte(&mut self, d: Reg, s: Reg) {
        self.two(UBFM | 7 << 10, d, s);
    }

    fn compare(&mut self, w: Width, a: Reg, b: Reg) {
        match w {
            Width::W8 => {
                self.low_byte(SCRATCH, a);
                self.three(SUBS_EXTENDED, ZERO, SCRATCH, b);
            }
            Width::W32 | Width::W64 => self.three(SUBS | wide(w), ZERO, a, b),
        }
    }

    /// Compares 32 or 64 bits with an immediate.
    fn compare_imm(&mut self, w: Width, a: Reg, i: i64) {
        if let Some(fields) = immediate::addend(i) {
            self.two(SUBS_IMM | wide(w) | fields, ZERO, a);
        } else if let Some(fields) = immediate::addend(-i) {
            self.two(ADDS_IMM | wide(w) | fields, ZERO, a);
        } else {
            self.imm(SCRATCH, i);
            self.compare(w, a, SCRATCH);
        }
    }

    /// Goes to `l` if `a cond i`, where `a` has 32 or 64 bits.
    fn branch_value(&mut self, code: u32, w: Width, a: Reg, i: i64, l: Label) {
        if i == 0 && (code == CC_EQ || code == CC_NE) {
            let op = if code == CC_EQ { CBZ } else { CBNZ };
            self.branch_word(op | wide(w) | u32::from(a.0), l);
        } else {
            self.compare_imm(w, a, i);
            self.branch_if(code, l);
        }
    }

    fn branch_if(&mut self, code: u32, l: Label) {
        self.branch_word(B_COND | code, l);
    }

    /// An instruction with a distance to a label.
    fn branch_word(&mut self, word: u32, l: Label) {
        self.buffer.points_at(l);
        self.word(word);
    }

    /// An instruction on two floats.
    fn ftwo(&mut self, op: u32, d: FReg, n: FReg) {
        self.two(op, Reg(d.0), Reg(n.0));
    }

    /// Loads an address into the scratch register.
    fn target(&mut self, base: Reg, off: i32) {
        self.access(Access::load(Width::W64), SCRATCH.0, base, off);
    }

    /// A pair of registers and 16 bytes of the stack.
    fn pair(&mut self, op: u32, first: Reg, second: Reg, off: i32) {
        let field = (off / 8) as u32 & 0x7f;
        self.two(op | field << 15 | u32::from(second.0) << 10, first, SP);
    }
}

impl Masm for A64 {
    const BASE: Reg = Reg(19);
    const FRAME: Reg = Reg(20);
    const STATE: Reg = Reg(22);
    const WORD: Reg = Reg(21);
    const RET: Reg = Reg(0);
    const TAG: Reg = Reg(1);
    const NARGS: Reg = Reg(2);
    const COUNT: Reg = Reg(3);
    const ARGS: [Reg; 5] = [Reg(0), Reg(1), Reg(2), Reg(3), Reg(4)];
    const TEMPS: &'static [Reg] = &[
        Reg(0),
        Reg(1),
        Reg(4),
        Reg(5),
        Reg(6),
        Reg(7),
        Reg(8),
        Reg(9),
        Reg(10),
        Reg(11),
        Reg(2),
        Reg(3),
    ];
    const FTEMPS: &'static [FReg] = &[
        FReg(0),
        FReg(1),
        FReg(2),
        FReg(3),
        FReg(4),
        FReg(5),
        FReg(6),
        FReg(7),
        FReg(16),
        FReg(17),
        FReg(18),
        FReg(19),
        FReg(20),
        FReg(21),
        FReg(22),
        FReg(23),
    ];

    fn new() -> A64 {
        A64::default()
    }

    fn offset(&self) -> u32 {
        self.buffer.offset()
    }

    fn label(&mut self) -> Label {
        self.buffer.label()
    }

    fn bind(&mut self, l: Label) {
        self.buffer.bind(l);
    }

    fn finish(self) -> Code {
        self.buffer.finish(&BRK.to_le_bytes(), patch)
    }

    fn mov(&mut self, d: Reg, s: Reg) {
        self.copy(Width::W64, d, s);
    }

    fn imm(&mut self, d: Reg, i: i64) {
        let i = i as u64;
        match immediate::bit_mask(true, i) {
            Some(fields) if immediate::pieces_needed(i) > 1 => self.two(ORR_IMM | WIDE | fields, d, ZERO),
            _ => self.pieces(d, i),
        }
    }

    fn pool(&mut self, d: Reg, entry: u32) {
        self.buffer.points_at_pool(entry);
        self.word(LDR_LITERAL | u32::from(d.0));
    }

    fn lea(&mut self, d: Reg, base: Reg, off: i32) {
        self.add(Width::W64, d, base, i64::from(off));
    }

    fn load(&mut self, w: Width, d: Reg, base: Reg, off: i32) {
        self.access(Access::load(w), d.0, base, off);
    }

    fn store(&mut self, w: Width, s: Reg, base: Reg, off: i32) {
        self.access(Access::store(w), s.0, base, off);
    }

    fn store_imm(&mut self, w: Width, i: i32, base: Reg, off: i32) {
        let value = self.value(VALUE, i64::from(i));
        self.store(w, value, base, off);
    }

    fn load_index(&mut self, w: Width, d: Reg, base: Reg, index: Reg, scale: u8, off: i32) {
        self.access_index(Access::load(w), d.0, base, index, scale, off);
    }

    fn store_index(&mut self, w: Width, s: Reg, base: Reg, index: Reg, scale: u8, off: i32) {
        self.access_index(Access::store(w), s.0, base, index, scale, off);
    }

    fn alu(&mut self, op: Alu, w: Width, d: Reg, a: Reg, b: Reg) {
        self.three(arithmetic(op) | wide(w), d, a, b);
    }

    fn alu_imm(&mut self, op: Alu, w: Width, d: Reg, a: Reg, i: i32) {
        match op {
            Alu::Add => self.add(w, d, a, i64::from(i)),
            Alu::Sub => self.add(w, d, a, -i64::from(i)),
            Alu::Or | Alu::Xor if i == 0 => self.copy(w, d, a),
            Alu::And => self.logical((AND, AND_IMM), w, d, a, i),
            Alu::Or => self.logical((ORR, ORR_IMM), w, d, a, i),
            Alu::Xor => self.logical((EOR, EOR_IMM), w, d, a, i),
            Alu::Mul => {
                let value = self.value(SCRATCH, i64::from(i));
                self.alu(op, w, d, a, value);
            }
        }
    }

    fn alu_load(&mut self, op: Alu, w: Width, d: Reg, base: Reg, off: i32) {
        assert!(w != Width::W8 || op == Alu::Or, "{op:?} of 8 bits");
        self.load(w, VALUE, base, off);
        let w = if w == Width::W8 { Width::W64 } else { w };
        self.alu(op, w, d, d, VALUE);
    }

    fn alu_store_imm(&mut self, op: Alu, w: Width, i: i32, base: Reg, off: i32) {
        self.load(w, VALUE, base, off);
        self.alu_imm(op, w, VALUE, VALUE, i);
        self.store(w, VALUE, base, off);
    }

    fn shift_imm(&mut self, op: Shift, w: Width, d: Reg, a: Reg, n: u8) {
        let (size, wide) = if w == Width::W64 {
            (64, WIDE | 1 << 22)
        } else {
            (32, 0)
        };
        let n = u32::from(n);
        let (op, rotate, last) = match op {
            Shift::Left => (UBFM, (size - n) % size, size - 1 - n),
            Shift::Right => (UBFM, n, size - 1),
            Shift::Arith => (SBFM, n, size - 1),
        };
        if n == 0 {
            self.copy(w, d, a);
        } else {
            self.two(op | wide | rotate << 16 | last << 10, d, a);
        }
    }

    fn shift(&mut self, op: Shift, w: Width, d: Reg, a: Reg) {
        let count = Self::COUNT;
        assert!(d != count && a != count, "the count's register is no operand");
        let op = match op {
            Shift::Left => 0x1ac0_2000,
            Shift::Right => 0x1ac0_2400,
            Shift::Arith => 0x1ac0_2800,
        };
        self.three(op | wide(w), d, a, count);
    }

    fn neg(&mut self, d: Reg, a: Reg) {
        self.three(SUB | WIDE, d, ZERO, a);
    }

    fn not(&mut self, d: Reg, a: Reg) {
        self.three(ORN | WIDE, d, ZERO, a);
    }

    fn divide(&mut self, b: Reg) {
        let (ret, tag) = (Self::RET, Self::TAG);
        assert!(b != ret && b != tag, "the divisor's register is a result's");
        self.three(SDIV | WIDE, SCRATCH, ret, b);
        self.three(MSUB | WIDE | u32::from(ret.0) << 10, tag, SCRATCH, b);
        self.mov(ret, SCRATCH);
    }

    fn jump(&mut self, l: Label) {
        self.branch_word(B, l);
    }

    fn branch(&mut self, c: Cond, w: Width, a: Reg, b: Reg, l: Label) {
        self.compare(w, a, b);
        self.branch_if(cc(c, w), l);
    }

    fn branch_imm(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label) {
        match w {
            Width::W8 => {
                self.low_byte(SCRATCH, a);
                self.branch_value(cc(c, w), Width::W32, SCRATCH, cut(w, i) as i64, l);
            }
            Width::W32 | Width::W64 => self.branch_value(cc(c, w), w, a, i64::from(i), l),
        }
    }

    fn branch_load(&mut self, c: Cond, w: Width, a: Reg, base: Reg, off: i32, l: Label) {
        self.load(w, VALUE, base, off);
        self.branch(c, w, a, VALUE, l);
    }

    fn branch_load_imm(&mut self, c: Cond, w: Width, base: Reg, off: i32, i: i32, l: Label) {
        self.load(w, VALUE, base, off);
        match w {
            Width::W8 => self.branch_value(cc(c, w), Width::W32, VALUE, cut(w, i) as i64, l),
            Width::W32 | Width::W64 => self.branch_imm(c, w, VALUE, i, l),
        }
    }

    fn branch_bits(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label) {
        assert!(matches!(c, Cond::Eq | Cond::Ne), "{c:?} of bits");
        if i == -1 && w != Width::W8 {
            self.branch_value(cc(c, w), w, a, 0, l);
        } else {
            // A byte is one of 32 bits of which the mask leaves 8.
            let i = if w == Width::W8 { i & 0xff } else { i };
            self.logical((ANDS, ANDS_IMM), w, ZERO, a, i);
            self.branch_if(cc(c, w), l);
        }
    }

    fn branch_stack_below(&mut self, base: Reg, off: i32, l: Label) {
        self.load(Width::W64, VALUE, base, off);
        // The form that extends an operand (by nothing here) takes the stack pointer as the other one.
        self.three(SUBS_EXTENDED | WIDE | 3 << 13, ZERO, SP, VALUE);
        self.branch_if(CC_LO, l);
    }

    fn fmov(&mut self, d: FReg, s: FReg) {
        if d != s {
            self.ftwo(FMOV, d, s);
        }
    }

    fn fimm(&mut self, d: FReg, i: f64) {
        if let Some(field) = immediate::float(i) {
            self.word(FMOV_IMM | field | u32::from(d.0));
        } else {
            let value = self.value(SCRATCH, i.to_bits() as i64);
            self.from_bits(d, value);
        }
    }

    fn fload(&mut self, d: FReg, base: Reg, off: i32) {
        self.access(Access::float(LOAD), d.0, base, off);
    }

    fn fstore(&mut self, s: FReg, base: Reg, off: i32) {
        self.access(Access::float(0), s.0, base, off);
    }

    fn fload_index(&mut self, d: FReg, base: Reg, index: Reg) {
        self.access_sum(Access::float(LOAD), d.0, base, index, true);
    }

    fn fstore_index(&mut self, s: FReg, base: Reg, index: Reg) {
        self.access_sum(Access::float(0), s.0, base, index, true);
    }

    fn falu(&mut self, op: Falu, d: FReg, a: FReg, b: FReg) {
        let op = match op {
            Falu::Add => 0x1e60_2800,
            Falu::Sub => 0x1e60_3800,
            Falu::Mul => 0x1e60_0800,
            Falu::Div => 0x1e60_1800,
        };
        self.three(op, Reg(d.0), Reg(a.0), Reg(b.0));
    }

    fn funary(&mut self, op: Funary, d: FReg, a: FReg) {
        let op = match op {
            Funary::Neg => 0x1e61_4000,
            Funary::Abs => 0x1e60_c000,
            Funary::Sqrt => 0x1e61_c000,
            Funary::Floor => 0x1e65_4000,
        };
        self.ftwo(op, d, a);
    }

    fn from_int(&mut self, d: FReg, s: Reg) {
        self.two(SCVTF, Reg(d.0), s);
    }

    fn to_int(&mut self, d: Reg, s: FReg) {
        self.two(FCVTZS, d, Reg(s.0));
    }

    fn bits(&mut self, d: Reg, s: FReg) {
        self.two(FMOV_TO_GENERAL, d, Reg(s.0));
    }

    fn from_bits(&mut self, d: FReg, s: Reg) {
        self.two(FMOV_FROM_GENERAL, Reg(d.0), s);
    }

    fn fbranch(&mut self, c: FCond, a: FReg, b: FReg, l: Label) {
        self.three(FCMP, Reg(0), Reg(a.0), Reg(b.0));
        // With a NaN, "carry" and "overflow" are set, "zero" and "negative" are not.
        let code = match c {
            FCond::Eq => CC_EQ,
            FCond::Lt => CC_MI,
            FCond::Le => CC_LS,
            FCond::NotEq => CC_NE,
            FCond::NotLt => CC_PL,
            FCond::NotLe => CC_HI,
        };
        self.branch_if(code, l);
    }

    fn enter(&mut self) {
        self.word(PUSH_LINK);
    }

    fn ret(&mut self) {
        self.word(POP_LINK);
        self.two(RET, Reg(0), LINK);
    }

    fn call(&mut self, base: Reg, off: i32) {
        self.target(base, off);
        self.two(BLR, Reg(0), SCRATCH);
    }

    fn call_label(&mut self, l: Label) {
        self.branch_word(BL, l);
    }

    fn call_far(&mut self, code: u32) {
        self.buffer.points_at_far(code);
        self.word(BL);
    }

    fn patch(field: u32, distance: i64) -> Option<u32> {
        patch(field, distance)
    }

    fn tail_call(&mut self, base: Reg, off: i32) {
        self.target(base, off);
        self.word(POP_LINK);
        self.jump_to(SCRATCH);
    }

    fn call_helper(&mut self, off: i32) {
        self.call(Self::STATE, off);
    }

    fn jump_to(&mut self, r: Reg) {
        self.two(BR, Reg(0), r);
    }

    fn entry_from_rust(&mut self, status: i32) {
        let [code, base, frame, state, word] = Self::ARGS;
        self.pair(STP_BEFORE, FP, LINK, -48);
        self.pair(STP, Self::BASE, Self::FRAME, 16);
        self.pair(STP, Self::WORD, Self::STATE, 32);
        // Whoever walks the stack finds the caller's frame.
        self.two(ADD_IMM | WIDE, FP, SP);
        self.mov(Self::BASE, base);
        self.mov(Self::FRAME, frame);
        self.mov(Self::STATE, state);
        self.mov(Self::WORD, word);
        self.imm(Self::NARGS, 0);
        // Another thread may have installed the code: what this one has fetched ahead does not count.
        self.word(ISB);
        self.two(BLR, Reg(0), code);
        self.store(Width::W64, Self::TAG, Self::STATE, status);
        self.pair(LDP, Self::WORD, Self::STATE, 32);
        self.pair(LDP, Self::BASE, Self::FRAME, 16);
        self.pair(LDP_AFTER, FP, LINK, 48);
        self.two(RET, Reg(0), LINK);
    }

    fn trap(&mut self) {
        self.word(BRK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A branch over `words` instructions.
    fn over(words: u32, branch: impl FnOnce(&mut A64, Label)) -> Code {
        let mut m = A64::new();
        let l = m.label();
        branch(&mut m, l);
        for _ in 0..words {
            m.trap();
        }
        m.bind(l);
        m.finish()
    }

    #[test]
    fn longest_branches() {
        let code = over((1 << 18) - 2, |m, l| m.branch_if(CC_EQ, l));
        assert_eq!(code.bytes[..4], (B_COND | 0x3_ffff << 5).to_le_bytes());
        let code = over(1 << 18, |m, l| m.jump(l));
        assert_eq!(code.bytes[..4], (B | 0x4_0001).to_le_bytes());
    }

    #[test]
    #[should_panic(expected = "too far away")]
    fn longer_branches() {
        over((1 << 18) - 1, |m, l| m.branch_if(CC_EQ, l));
    }

    #[test]
    fn backwards() {
        assert_eq!(patch(CBZ, -4), Some(CBZ | 0x7_ffff << 5));
        assert_eq!(patch(CBZ, -(1 << 20)), Some(CBZ | 0x4_0000 << 5));
        assert_eq!(patch(CBZ, -(1 << 20) - 4), None);
        assert_eq!(patch(B, -(1 << 27)), Some(B | 0x200_0000));
        assert_eq!(patch(B, 1 << 27), None);
    }
}
