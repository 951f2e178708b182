//! Operations -> x86-64 instructions.
//!
//! Helpers and the entry from Rust follow the System V convention. The processor needs no more than the
//! first level of x86-64, but for `roundsd` ([`Funary::Floor`]): whoever installs code checks that the
//! machine has SSE4.1. The scratch registers are r11, xmm15, and r13, which keeps the stack pointer
//! while a helper runs.

mod encoding;

use super::buffer::Buffer;
use super::{Alu, Code, Cond, FCond, FReg, Falu, Funary, Isa, Label, Masm, Reg, Shift, Width};
use encoding::{Inst, Op, Rm, is_byte};

const RAX: Reg = Reg(0);
const RCX: Reg = Reg(1);
const RDX: Reg = Reg(2);
const RBX: Reg = Reg(3);
const RSP: Reg = Reg(4);
const RBP: Reg = Reg(5);
const RSI: Reg = Reg(6);
const RDI: Reg = Reg(7);
const R8: Reg = Reg(8);
const R9: Reg = Reg(9);
const R10: Reg = Reg(10);
const R12: Reg = Reg(12);
const R13: Reg = Reg(13);
const R14: Reg = Reg(14);
/// For a value of our own.
const SCRATCH: Reg = Reg(11);
/// For a float of our own.
const FSCRATCH: FReg = FReg(15);
/// What the convention wants kept among the registers that compiled code changes. With the return
/// address they leave the stack aligned.
const KEPT: [Reg; 5] = [RBP, RBX, R12, R13, R14];

const MOV: Op = Op::one(0x8b);
const MOV_STORE: Op = Op::one(0x89);
const LEA: Op = Op::one(0x8d);
const IMUL: Op = Op::two(0xaf);
const MOVSD: Op = Op::two(0x10).prefix(0xf2);
const MOVSD_STORE: Op = Op::two(0x11).prefix(0xf2);
const UCOMISD: Op = Op::two(0x2e).prefix(0x66);
const XORPS: Op = Op::two(0x57);
const ANDPS: Op = Op::two(0x54);

/// The number of a comparison among those that arithmetic operations have.
const CMP: u8 = 7;

/// Condition codes.
const CC_BELOW: u8 = 0x2;
const CC_NOT_BELOW: u8 = 0x3;
const CC_EQUAL: u8 = 0x4;
const CC_NOT_EQUAL: u8 = 0x5;
const CC_NOT_ABOVE: u8 = 0x6;
const CC_ABOVE: u8 = 0x7;
const CC_PARITY: u8 = 0xa;
const CC_LESS: u8 = 0xc;
const CC_NOT_LESS: u8 = 0xd;
const CC_NOT_GREATER: u8 = 0xe;
const CC_GREATER: u8 = 0xf;

/// The assembler of x86-64.
#[derive(Default)]
pub struct X64 {
    buffer: Buffer,
    isa: Isa,
}

/// The condition code of a comparison; bytes are unsigned.
fn cc(c: Cond, w: Width) -> u8 {
    match (c, w) {
        (Cond::Eq, _) => CC_EQUAL,
        (Cond::Ne, _) => CC_NOT_EQUAL,
        (Cond::Below, _) | (Cond::Lt, Width::W8) => CC_BELOW,
        (Cond::BelowEq, _) | (Cond::Le, Width::W8) => CC_NOT_ABOVE,
        (Cond::Above, _) | (Cond::Gt, Width::W8) => CC_ABOVE,
        (Cond::AboveEq, _) | (Cond::Ge, Width::W8) => CC_NOT_BELOW,
        (Cond::Lt, _) => CC_LESS,
        (Cond::Ge, _) => CC_NOT_LESS,
        (Cond::Le, _) => CC_NOT_GREATER,
        (Cond::Gt, _) => CC_GREATER,
    }
}

/// The number of an arithmetic operation; multiplication has none.
fn number(op: Alu) -> Option<u8> {
    match op {
        Alu::Add => Some(0),
        Alu::Or => Some(1),
        Alu::And => Some(4),
        Alu::Sub => Some(5),
        Alu::Xor => Some(6),
        Alu::Mul => None,
    }
}

/// The opcode of `reg = reg op r/m`.
fn arithmetic(op: Alu, w: Width) -> Op {
    number(op).map_or(IMUL, |n| numbered(n, w)).of(w)
}

/// The same for a number, of any width.
fn numbered(n: u8, w: Width) -> Op {
    match w {
        Width::W8 => Op::one(n << 3 | 2).bytes(),
        Width::W32 | Width::W64 => Op::one(n << 3 | 3).of(w),
    }
}

/// The same operation with an immediate of one byte, if there is one: 128 has none, -128 has.
fn shorter(op: Alu, i: i32) -> (Alu, i32) {
    match (op, i) {
        (Alu::Add, 128) => (Alu::Sub, -128),
        (Alu::Sub, 128) => (Alu::Add, -128),
        _ => (op, i),
    }
}

/// The prefix that a VEX prefix stands for, by its number there.
#[derive(Clone, Copy)]
enum VexPrefix {
    P66 = 1,
    PF3 = 2,
    PF2 = 3,
}

/// The page of opcodes that a VEX prefix names, by its number there.
#[derive(Clone, Copy)]
enum VexMap {
    M0F = 1,
    M0F38 = 2,
}

impl X64 {
    /// An instruction with a VEX prefix of three bytes: its operands `reg`, `vvvv` and `r/m` are registers.
    fn vex(&mut self, prefix: VexPrefix, map: VexMap, wide: bool, opcode: u8, [reg, second, rm]: [u8; 3]) {
        let high = |r: u8| u8::from(r < 8);
        self.buffer.put(&[
            0xc4,
            high(reg) << 7 | 1 << 6 | high(rm) << 5 | map as u8,
            u8::from(wide) << 7 | (!second & 15) << 3 | prefix as u8,
            opcode,
            0xc0 | (reg & 7) << 3 | rm & 7,
        ]);
    }

    fn op(&mut self, op: Op, reg: Reg, rm: impl Into<Rm>) {
        self.encode(op, reg.0, rm.into(), &[]);
    }

    fn fop(&mut self, op: Op, reg: FReg, rm: impl Into<Rm>) {
        self.encode(op, reg.0, rm.into(), &[]);
    }

    fn encode(&mut self, op: Op, reg: u8, rm: Rm, immediate: &[u8]) {
        let mut inst = Inst::new(op, reg, rm);
        inst.put(immediate);
        self.buffer.put(inst.as_slice());
    }

    /// An operation of the number `n` (or a comparison) of `rm` and an immediate.
    fn with_immediate(&mut self, n: u8, w: Width, rm: Rm, i: i32) {
        let accumulator = matches!(rm, Rm::Reg(0));
        match w {
            Width::W8 if accumulator => self.buffer.put(&[n << 3 | 4, i as u8]),
            Width::W8 => self.encode(Op::one(0x80).byte_rm(), n, rm, &[i as u8]),
            Width::W32 | Width::W64 if is_byte(i) => {
                self.encode(Op::one(0x83).of(w), n, rm, &[i as u8]);
            }
            Width::W32 | Width::W64 if accumulator => self.accumulator(n << 3 | 5, w, i),
            Width::W32 | Width::W64 => self.encode(Op::one(0x81).of(w), n, rm, &i.to_le_bytes()),
        }
    }

    /// An instruction on rax with an opcode of its own.
    fn accumulator(&mut self, code: u8, w: Width, i: i32) {
        if w == Width::W64 {
            self.buffer.put(&[0x48]);
        }
        self.buffer.put(&[code]);
        self.buffer.put(&i.to_le_bytes());
    }

    /// d = s with zeros above 32 bits, or all of it.
    fn copy(&mut self, w: Width, d: Reg, s: Reg) {
        if d != s || w != Width::W64 {
            self.op(MOV.of(w), d, s);
        }
    }

    /// d = s, where only bits of the width matter.
    fn place(&mut self, w: Width, d: Reg, s: Reg) {
        if d != s {
            self.op(MOV.of(w), d, s);
        }
    }

    /// Goes to `l` when the flags say so.
    fn branch_if(&mut self, code: u8, l: Label) {
        self.branch_with(&[0x70 | code], &[0x0f, 0x80 | code], l);
    }

    /// A branch, in the form with a distance of one byte where it is known to suffice.
    fn branch_with(&mut self, short: &[u8], long: &[u8], l: Label) {
        let here = i64::from(self.offset()) + short.len() as i64 + 1;
        let near = self.buffer.place(l).map(|to| i8::try_from(i64::from(to) - here));
        if let Some(Ok(distance)) = near {
            self.buffer.put(short);
            self.buffer.put(&[distance as u8]);
        } else {
            self.buffer.put(long);
            self.buffer.points_at(l);
            self.buffer.put(&[0; 4]);
        }
    }

    /// Goes to `l` if both floats are equal.
    fn branch_equal(&mut self, l: Label) {
        self.buffer.put(&[0x70 | CC_PARITY, 0]);
        let from = self.offset();
        self.branch_if(CC_EQUAL, l);
        *self.buffer.byte(from - 1) = (self.offset() - from) as u8;
    }

    /// Compares the bits of `a` that `i` has with zero.
    fn test(&mut self, w: Width, a: Reg, i: i32) {
        // A wide immediate that is not negative has no bits above 31.
        let narrow = if i >= 0 { Width::W32 } else { w };
        match w {
            Width::W8 if i as u8 == 0xff => self.op(Op::one(0x84).bytes(), a, a),
            Width::W32 | Width::W64 if i == -1 => self.op(Op::one(0x85).of(w), a, a),
            Width::W32 | Width::W64 if !(0..=0xff).contains(&i) && a == RAX => {
                self.accumulator(0xa9, narrow, i);
            }
            Width::W32 | Width::W64 if !(0..=0xff).contains(&i) => {
                self.encode(Op::one(0xf7).of(narrow), 0, a.into(), &i.to_le_bytes());
            }
            Width::W8 | Width::W32 | Width::W64 if a == RAX => self.buffer.put(&[0xa8, i as u8]),
            Width::W8 | Width::W32 | Width::W64 => {
                self.encode(Op::one(0xf6).byte_rm(), 0, a.into(), &[i as u8]);
            }
        }
    }

    fn mem_load(&mut self, w: Width, d: Reg, rm: Rm) {
        match w {
            Width::W8 => self.op(Op::two(0xb6), d, rm),
            Width::W32 | Width::W64 => self.op(MOV.of(w), d, rm),
        }
    }

    fn mem_store(&mut self, w: Width, s: Reg, rm: Rm) {
        match w {
            Width::W8 => self.op(Op::one(0x88).bytes(), s, rm),
            Width::W32 | Width::W64 => self.op(MOV_STORE.of(w), s, rm),
        }
    }

    /// d = a op b when d is b but not a.
    fn alu_reversed(&mut self, op: Alu, w: Width, d: Reg, a: Reg) {
        match op {
            Alu::Add | Alu::And | Alu::Or | Alu::Xor | Alu::Mul => self.op(arithmetic(op, w), d, a),
            Alu::Sub => {
                self.encode(Op::one(0xf7).of(w), 3, d.into(), &[]);
                self.op(arithmetic(Alu::Add, w), d, a);
            }
        }
    }

    /// d = d op i
    fn alu_imm_in_place(&mut self, op: Alu, w: Width, d: Reg, i: i32) {
        let (op, i) = shorter(op, i);
        match number(op) {
            Some(n) => self.with_immediate(n, w, d.into(), i),
            None => self.multiply(w, d, d.into(), i),
        }
    }

    /// d = rm * i
    fn multiply(&mut self, w: Width, d: Reg, rm: Rm, i: i32) {
        if is_byte(i) {
            self.encode(Op::one(0x6b).of(w), d.0, rm, &[i as u8]);
        } else {
            self.encode(Op::one(0x69).of(w), d.0, rm, &i.to_le_bytes());
        }
    }

    /// d = the mask that leaves out the sign bit, or has only that.
    fn sign_mask(&mut self, d: FReg, only_sign: bool) {
        self.fop(Op::two(0x76).prefix(0x66), d, Rm::Reg(d.0));
        let (kind, n) = if only_sign { (6, 63) } else { (2, 1) };
        self.encode(Op::two(0x73).prefix(0x66), kind, Rm::Reg(d.0), &[n]);
    }

    /// d = a op a mask of [`X64::sign_mask`]
    fn masked(&mut self, op: Op, only_sign: bool, d: FReg, a: FReg) {
        let mask = if d == a { FSCRATCH } else { d };
        self.sign_mask(mask, only_sign);
        let other = if d == a { mask } else { a };
        self.fop(op, d, Rm::Reg(other.0));
    }

    fn compare_floats(&mut self, a: FReg, b: FReg) {
        self.fop(UCOMISD, a, Rm::Reg(b.0));
    }

    fn push(&mut self, r: Reg) {
        self.short(0x50, r);
    }

    fn pop(&mut self, r: Reg) {
        self.short(0x58, r);
    }

    /// An instruction whose opcode has the register in it.
    fn short(&mut self, code: u8, r: Reg) {
        if r.0 >= 8 {
            self.buffer.put(&[0x41]);
        }
        self.buffer.put(&[code | r.0 & 7]);
    }
}

impl Masm for X64 {
    const BASE: Reg = RBX;
    const FRAME: Reg = RBP;
    const STATE: Reg = R14;
    const WORD: Reg = R12;
    const RET: Reg = RAX;
    const TAG: Reg = RDX;
    const NARGS: Reg = RCX;
    const COUNT: Reg = RCX;
    const ARGS: [Reg; 5] = [RDI, RSI, RDX, RCX, R8];
    const TEMPS: &'static [Reg] = &[RAX, RDX, RSI, RDI, R8, R9, R10, RCX];
    const FTEMPS: &'static [FReg] = &[
        FReg(0),
        FReg(1),
        FReg(2),
        FReg(3),
        FReg(4),
        FReg(5),
        FReg(6),
        FReg(7),
        FReg(8),
        FReg(9),
        FReg(10),
        FReg(11),
        FReg(12),
        FReg(13),
    ];

    fn new() -> X64 {
        X64::default()
    }

    fn allow(&mut self, isa: Isa) {
        self.isa = isa;
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
        self.buffer.finish(&[0xcc], Self::patch)
    }

    fn mov(&mut self, d: Reg, s: Reg) {
        self.copy(Width::W64, d, s);
    }

    fn imm(&mut self, d: Reg, i: i64) {
        if i == 0 {
            self.op(numbered(6, Width::W32), d, d);
        } else if let Ok(unsigned) = u32::try_from(i) {
            self.short(0xb8, d);
            self.buffer.put(&unsigned.to_le_bytes());
        } else if let Ok(signed) = i32::try_from(i) {
            self.encode(Op::one(0xc7).wide(), 0, d.into(), &signed.to_le_bytes());
        } else {
            self.buffer.put(&[0x48 | d.0 >> 3, 0xb8 | d.0 & 7]);
            self.buffer.put(&i.to_le_bytes());
        }
    }

    fn pool(&mut self, d: Reg, entry: u32) {
        self.op(MOV.wide(), d, Rm::Rip);
        self.buffer.points_at_pool(entry);
        self.buffer.put(&[0; 4]);
    }

    fn lea(&mut self, d: Reg, base: Reg, off: i32) {
        if off == 0 {
            self.mov(d, base);
        } else if d == base {
            self.alu_imm_in_place(Alu::Add, Width::W64, d, off);
        } else {
            self.op(LEA.wide(), d, Rm::Mem(base, off));
        }
    }

    fn load(&mut self, w: Width, d: Reg, base: Reg, off: i32) {
        self.mem_load(w, d, Rm::Mem(base, off));
    }

    fn store(&mut self, w: Width, s: Reg, base: Reg, off: i32) {
        self.mem_store(w, s, Rm::Mem(base, off));
    }

    fn store_imm(&mut self, w: Width, i: i32, base: Reg, off: i32) {
        let rm = Rm::Mem(base, off);
        match w {
            Width::W8 => self.encode(Op::one(0xc6), 0, rm, &[i as u8]),
            Width::W32 | Width::W64 => self.encode(Op::one(0xc7).of(w), 0, rm, &i.to_le_bytes()),
        }
    }

    fn load_index(&mut self, w: Width, d: Reg, base: Reg, index: Reg, scale: u8, off: i32) {
        self.mem_load(w, d, Rm::Index(base, index, scale, off));
    }

    fn store_index(&mut self, w: Width, s: Reg, base: Reg, index: Reg, scale: u8, off: i32) {
        self.mem_store(w, s, Rm::Index(base, index, scale, off));
    }

    fn alu(&mut self, op: Alu, w: Width, d: Reg, a: Reg, b: Reg) {
        if d == a {
            self.op(arithmetic(op, w), d, b);
        } else if d == b {
            self.alu_reversed(op, w, d, a);
        } else if op == Alu::Add {
            // rbp and r13 cannot be a base without a distance.
            let (base, index) = if a.0 & 7 == 5 { (b, a) } else { (a, b) };
            self.op(LEA.of(w), d, Rm::Index(base, index, 0, 0));
        } else {
            self.place(w, d, a);
            self.op(arithmetic(op, w), d, b);
        }
    }

    fn alu_imm(&mut self, op: Alu, w: Width, d: Reg, a: Reg, i: i32) {
        let addend = match op {
            Alu::Add => Some(i),
            Alu::Sub => i.checked_neg(),
            Alu::And | Alu::Or | Alu::Xor | Alu::Mul => None,
        };
        let changes = i != 0 || matches!(op, Alu::And | Alu::Mul);
        match addend {
            _ if !changes => self.copy(w, d, a),
            Some(i) if d != a => self.op(LEA.of(w), d, Rm::Mem(a, i)),
            _ if op == Alu::And && i == 0xff => self.op(Op::two(0xb6).byte_rm(), d, a),
            _ if op == Alu::Mul => self.multiply(w, d, a.into(), i),
            _ => {
                // The upper bits become zeros either way.
                let w = if op == Alu::And && i >= 0 { Width::W32 } else { w };
                self.place(w, d, a);
                self.alu_imm_in_place(op, w, d, i);
            }
        }
    }

    fn alu_load(&mut self, op: Alu, w: Width, d: Reg, base: Reg, off: i32) {
        assert!(w != Width::W8 || op == Alu::Or, "{op:?} of 8 bits");
        let opcode = number(op).map_or(IMUL.of(w), |n| numbered(n, w));
        self.op(opcode, d, Rm::Mem(base, off));
    }

    fn alu_store_imm(&mut self, op: Alu, w: Width, i: i32, base: Reg, off: i32) {
        let (op, i) = shorter(op, i);
        let rm = Rm::Mem(base, off);
        if let Some(n) = number(op) {
            self.with_immediate(n, w, rm, i);
        } else {
            self.multiply(w, SCRATCH, rm, i);
            self.mem_store(w, SCRATCH, rm);
        }
    }

    fn shift_imm(&mut self, op: Shift, w: Width, d: Reg, a: Reg, n: u8) {
        if n == 0 {
            self.copy(w, d, a);
        } else if n == 1 && op == Shift::Left {
            self.alu(Alu::Add, w, d, a, a);
        } else {
            self.place(w, d, a);
            let kind = shift_number(op);
            if n == 1 {
                self.encode(Op::one(0xd1).of(w), kind, d.into(), &[]);
            } else {
                self.encode(Op::one(0xc1).of(w), kind, d.into(), &[n]);
            }
        }
    }

    fn shift(&mut self, op: Shift, w: Width, d: Reg, a: Reg) {
        assert!(d != RCX && a != RCX, "the count's register is no operand");
        if self.isa.bmi2 && d != a && w != Width::W8 {
            let prefix = match op {
                Shift::Left => VexPrefix::P66,
                Shift::Arith => VexPrefix::PF3,
                Shift::Right => VexPrefix::PF2,
            };
            let wide = w == Width::W64;
            return self.vex(prefix, VexMap::M0F38, wide, 0xf7, [d.0, RCX.0, a.0]);
        }
        self.place(w, d, a);
        self.encode(Op::one(0xd3).of(w), shift_number(op), d.into(), &[]);
    }

    fn neg(&mut self, d: Reg, a: Reg) {
        self.mov(d, a);
        self.encode(Op::one(0xf7).wide(), 3, d.into(), &[]);
    }

    fn not(&mut self, d: Reg, a: Reg) {
        self.mov(d, a);
        self.encode(Op::one(0xf7).wide(), 2, d.into(), &[]);
    }

    fn divide(&mut self, b: Reg) {
        assert!(b != RAX && b != RDX, "the divisor's register is a result's");
        self.buffer.put(&[0x48, 0x99]);
        self.encode(Op::one(0xf7).wide(), 7, b.into(), &[]);
    }

    fn jump(&mut self, l: Label) {
        self.branch_with(&[0xeb], &[0xe9], l);
    }

    fn branch(&mut self, c: Cond, w: Width, a: Reg, b: Reg, l: Label) {
        self.op(numbered(CMP, w), a, b);
        self.branch_if(cc(c, w), l);
    }

    fn branch_imm(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label) {
        if i == 0 {
            // Overflow and carry are clear after either.
            self.test(w, a, -1);
        } else {
            self.with_immediate(CMP, w, a.into(), i);
        }
        self.branch_if(cc(c, w), l);
    }

    fn branch_load(&mut self, c: Cond, w: Width, a: Reg, base: Reg, off: i32, l: Label) {
        self.op(numbered(CMP, w), a, Rm::Mem(base, off));
        self.branch_if(cc(c, w), l);
    }

    fn branch_load_imm(&mut self, c: Cond, w: Width, base: Reg, off: i32, i: i32, l: Label) {
        self.with_immediate(CMP, w, Rm::Mem(base, off), i);
        self.branch_if(cc(c, w), l);
    }

    fn branch_bits(&mut self, c: Cond, w: Width, a: Reg, i: i32, l: Label) {
        assert!(matches!(c, Cond::Eq | Cond::Ne), "{c:?} of bits");
        self.test(w, a, i);
        self.branch_if(cc(c, w), l);
    }

    fn branch_stack_below(&mut self, base: Reg, off: i32, l: Label) {
        self.branch_load(Cond::Below, Width::W64, RSP, base, off, l);
    }

    fn fmov(&mut self, d: FReg, s: FReg) {
        if d != s {
            self.fop(Op::two(0x28), d, Rm::Reg(s.0));
        }
    }

    fn fimm(&mut self, d: FReg, i: f64) {
        if i.to_bits() == 0 {
            self.fop(XORPS, d, Rm::Reg(d.0));
        } else {
            self.imm(SCRATCH, i.to_bits() as i64);
            self.from_bits(d, SCRATCH);
        }
    }

    fn fload(&mut self, d: FReg, base: Reg, off: i32) {
        self.fop(MOVSD, d, Rm::Mem(base, off));
    }

    fn fstore(&mut self, s: FReg, base: Reg, off: i32) {
        self.fop(MOVSD_STORE, s, Rm::Mem(base, off));
    }

    fn fload_index(&mut self, d: FReg, base: Reg, index: Reg) {
        self.fop(MOVSD, d, Rm::Index(base, index, 3, 0));
    }

    fn fstore_index(&mut self, s: FReg, base: Reg, index: Reg) {
        self.fop(MOVSD_STORE, s, Rm::Index(base, index, 3, 0));
    }

    fn falu(&mut self, op: Falu, d: FReg, a: FReg, b: FReg) {
        let code = match op {
            Falu::Add => 0x58,
            Falu::Mul => 0x59,
            Falu::Sub => 0x5c,
            Falu::Div => 0x5e,
        };
        // Operands are never exchanged: which of two NaNs is the result depends on their order.
        if self.isa.avx && d != a {
            return self.vex(VexPrefix::PF2, VexMap::M0F, false, code, [d.0, a.0, b.0]);
        }
        let b = if d == b && d != a {
            self.fmov(FSCRATCH, b);
            FSCRATCH
        } else {
            b
        };
        self.fmov(d, a);
        self.fop(Op::two(code).prefix(0xf2), d, Rm::Reg(b.0));
    }

    fn funary(&mut self, op: Funary, d: FReg, a: FReg) {
        match op {
            Funary::Neg => self.masked(XORPS, true, d, a),
            Funary::Abs => self.masked(ANDPS, false, d, a),
            // These two keep the upper half of d, so that they wait for it; after a copy it is a's.
            Funary::Sqrt => {
                self.fmov(d, a);
                self.fop(Op::two(0x51).prefix(0xf2), d, Rm::Reg(d.0));
            }
            Funary::Floor => {
                self.fmov(d, a);
                self.encode(Op::three(0x0b).prefix(0x66), d.0, Rm::Reg(d.0), &[9]);
            }
        }
    }

    fn from_int(&mut self, d: FReg, s: Reg) {
        // The conversion keeps the upper half of d: without this it waits for whatever was there.
        self.fop(XORPS, d, Rm::Reg(d.0));
        self.fop(Op::two(0x2a).prefix(0xf2).wide(), d, s);
    }

    fn to_int(&mut self, d: Reg, s: FReg) {
        self.op(Op::two(0x2c).prefix(0xf2).wide(), d, Rm::Reg(s.0));
    }

    fn bits(&mut self, d: Reg, s: FReg) {
        self.fop(Op::two(0x7e).prefix(0x66).wide(), s, d);
    }

    fn from_bits(&mut self, d: FReg, s: Reg) {
        self.fop(Op::two(0x6e).prefix(0x66).wide(), d, s);
    }

    fn fbranch(&mut self, c: FCond, a: FReg, b: FReg, l: Label) {
        // With a NaN all of "equal", "below" and "parity" are set.
        match c {
            FCond::Eq | FCond::NotEq => self.compare_floats(a, b),
            FCond::Lt | FCond::Le | FCond::NotLt | FCond::NotLe => self.compare_floats(b, a),
        }
        match c {
            FCond::Eq => self.branch_equal(l),
            FCond::Lt => self.branch_if(CC_ABOVE, l),
            FCond::Le => self.branch_if(CC_NOT_BELOW, l),
            FCond::NotEq => {
                self.branch_if(CC_PARITY, l);
                self.branch_if(CC_NOT_EQUAL, l);
            }
            FCond::NotLt => self.branch_if(CC_NOT_ABOVE, l),
            FCond::NotLe => self.branch_if(CC_BELOW, l),
        }
    }

    fn enter(&mut self) {
        // The call has pushed the return address.
    }

    fn ret(&mut self) {
        self.buffer.put(&[0xc3]);
    }

    fn call(&mut self, base: Reg, off: i32) {
        self.encode(Op::one(0xff), 2, Rm::Mem(base, off), &[]);
    }

    fn call_label(&mut self, l: Label) {
        self.buffer.put(&[0xe8]);
        self.buffer.points_at(l);
        self.buffer.put(&[0; 4]);
    }

    fn call_far(&mut self, code: u32) {
        self.buffer.put(&[0xe8]);
        self.buffer.points_at_far(code);
        self.buffer.put(&[0; 4]);
    }

    fn patch(_: u32, distance: i64) -> Option<u32> {
        // All distances count from the end of the field that holds them.
        i32::try_from(distance - 4).ok().map(|d| d as u32)
    }

    fn tail_call(&mut self, base: Reg, off: i32) {
        self.encode(Op::one(0xff), 4, Rm::Mem(base, off), &[]);
    }

    fn call_helper(&mut self, off: i32) {
        self.mov(R13, RSP);
        self.with_immediate(4, Width::W64, RSP.into(), -16);
        self.call(R14, off);
        self.mov(RSP, R13);
    }

    fn jump_to(&mut self, r: Reg) {
        self.encode(Op::one(0xff), 4, r.into(), &[]);
    }

    fn entry_from_rust(&mut self, status: i32) {
        for r in KEPT {
            self.push(r);
        }
        self.mov(Self::BASE, RSI);
        self.mov(Self::FRAME, RDX);
        self.mov(Self::STATE, RCX);
        self.mov(Self::WORD, R8);
        self.imm(Self::NARGS, 0);
        self.encode(Op::one(0xff), 2, RDI.into(), &[]);
        self.store(Width::W64, Self::TAG, Self::STATE, status);
        for r in KEPT.into_iter().rev() {
            self.pop(r);
        }
        self.ret();
    }

    fn trap(&mut self) {
        self.buffer.put(&[0x0f, 0x0b]);
    }
}

/// The number of a shift.
fn shift_number(op: Shift) -> u8 {
    match op {
        Shift::Left => 4,
        Shift::Right => 5,
        Shift::Arith => 7,
    }
}
