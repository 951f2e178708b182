//! Templates of arithmetic and bit operations.

use super::emit::Emit;
use super::{Baseline, home, home_tag};
use crate::masm::{Alu, Cond, FReg, Falu, Funary, Label, Masm, Reg, Shift, Width};
use perilune_bytecode::ops::Instr;
use perilune_runtime::abi::tag;

/// An operand of an arithmetic instruction.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    Register(u8),
    Int(i64),
    Float(f64),
}

/// An operation that integers and floats have.
#[derive(Clone, Copy)]
pub(super) enum Op {
    Add,
    Sub,
    Mul,
}

impl Op {
    fn of_ints(self) -> Alu {
        match self {
            Op::Add => Alu::Add,
            Op::Sub => Alu::Sub,
            Op::Mul => Alu::Mul,
        }
    }
    fn of_floats(self) -> Falu {
        match self {
            Op::Add => Falu::Add,
            Op::Sub => Falu::Sub,
            Op::Mul => Falu::Mul,
        }
    }
}

impl<M: Masm> Baseline<'_, M> {
    /// A numeric constant as an operand.
    pub(super) fn number(&self, k: u32) -> Operand {
        let (bits, t) = self.job.consts[k as usize];
        if i32::from(t) == tag::FLOAT {
            Operand::Float(f64::from_bits(bits))
        } else {
            Operand::Int(bits as i64)
        }
    }
    /// The kind of number that an operand is, if that is known: its tag.
    fn kind(&self, o: Operand) -> Option<i32> {
        match o {
            Operand::Register(r) => self.known.tag(r).map(i32::from),
            Operand::Int(_) => Some(tag::INT),
            Operand::Float(_) => Some(tag::FLOAT),
        }
    }
    fn guard_operand(&mut self, o: Operand, tag: i32) {
        if let Operand::Register(r) = o {
            self.guard(r, tag);
        }
    }

    /// R[a] = R[b] op y, all integers.
    pub(super) fn int_op(&mut self, op: Op, a: u8, b: u8, y: Operand) {
        self.guard(b, tag::INT);
        self.guard_operand(y, tag::INT);
        let x = self.payload(b);
        let d = self.alu_operand(op.of_ints(), x, y);
        self.put_int(a, d);
    }
    /// x op y in a temporary.
    fn alu_operand(&mut self, op: Alu, x: Reg, y: Operand) -> Reg {
        match y {
            Operand::Register(r) => {
                let y = self.payload(r);
                let d = self.temp();
                self.m.alu(op, Width::W64, d, x, y);
                d
            }
            Operand::Int(n) => {
                let d = self.temp();
                if let Ok(n) = i32::try_from(n) {
                    self.m.alu_imm(op, Width::W64, d, x, n);
                } else {
                    self.m.imm(d, n);
                    self.m.alu(op, Width::W64, d, x, d);
                }
                d
            }
            Operand::Float(_) => x,
        }
    }
    /// An operand that is a float.
    fn float_operand(&mut self, o: Operand) -> FReg {
        match o {
            Operand::Register(r) => self.fpayload(r),
            Operand::Int(n) => self.float_constant(n as f64),
            Operand::Float(x) => self.float_constant(x),
        }
    }
    fn float_constant(&mut self, x: f64) -> FReg {
        let t = self.ftemp();
        self.m.fimm(t, x);
        t
    }
    /// R[a] = x op y, floats but for constants.
    pub(super) fn float_op(&mut self, op: Falu, a: u8, x: Operand, y: Operand) {
        self.guard_operand(x, tag::FLOAT);
        self.guard_operand(y, tag::FLOAT);
        let (x, y) = (self.float_operand(x), self.float_operand(y));
        let d = self.ftemp();
        self.m.falu(op, d, x, y);
        self.put_float(a, d);
    }
    pub(super) fn float_op_of(&mut self, op: Op, a: u8, x: Operand, y: Operand) {
        self.float_op(op.of_floats(), a, x, y);
    }

    /// R[a] = R[b] op y, numbers of whatever kinds. `negated` is y as PUC adds it when it subtracts a small
    /// constant from a float.
    pub(super) fn number_op(&mut self, op: Op, a: u8, b: u8, y: Operand) {
        let x = Operand::Register(b);
        match (self.kind(x), self.kind(y)) {
            (Some(tag::INT), Some(tag::INT)) => return self.int_op(op, a, b, y),
            (Some(tag::FLOAT), Some(tag::FLOAT)) => return self.float_op_of(op, a, x, y),
            _ => {}
        }
        let (floats, end) = (self.m.label(), self.m.label());
        let ints = self.may_be(x, tag::INT) && self.may_be(y, tag::INT);
        if ints {
            self.leave_unless(x, tag::INT, floats);
            self.leave_unless(y, tag::INT, floats);
            let t = self.temp();
            self.m.load(Width::W64, t, M::BASE, home(b));
            self.int_operation(op.of_ints(), t, y);
            self.m.store(Width::W64, t, M::BASE, home(a));
            self.m.store_imm(Width::W8, tag::INT, M::BASE, home_tag(a));
            self.m.jump(end);
        }
        self.m.bind(floats);
        let (p, q) = (self.as_float(x), self.as_float(y));
        self.m.falu(op.of_floats(), p, p, q);
        self.m.fstore(p, M::BASE, home(a));
        self.m.store_imm(Width::W8, tag::FLOAT, M::BASE, home_tag(a));
        self.m.bind(end);
        self.known.forget(a);
    }
    /// t = t op y, integers; nothing is remembered.
    fn int_operation(&mut self, op: Alu, t: Reg, y: Operand) {
        match y {
            Operand::Register(r) => self.m.alu_load(op, Width::W64, t, M::BASE, home(r)),
            Operand::Int(n) => match i32::try_from(n) {
                Ok(n) => self.m.alu_imm(op, Width::W64, t, t, n),
                Err(_) => {
                    let k = self.temp();
                    self.m.imm(k, n);
                    self.m.alu(op, Width::W64, t, t, k);
                }
            },
            Operand::Float(_) => {}
        }
    }
    fn may_be(&self, o: Operand, tag: i32) -> bool {
        self.kind(o).is_none_or(|t| t == tag)
    }
    /// Goes to `l` unless the operand has that tag.
    fn leave_unless(&mut self, o: Operand, tag: i32, l: Label) {
        if let Operand::Register(r) = o
            && self.known.tag(r) != Some(tag as u8)
        {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag, l);
        }
    }
    /// A number as a float in a temporary of its own; what is none goes to the cold path. Nothing is remembered.
    fn as_float(&mut self, o: Operand) -> FReg {
        let Operand::Register(r) = o else {
            return self.float_operand(o);
        };
        let d = self.ftemp();
        let known = self.known.tag(r).map(i32::from);
        if known == Some(tag::FLOAT) {
            self.m.fload(d, M::BASE, home(r));
            return d;
        }
        let (float, end) = (self.m.label(), self.m.label());
        if known != Some(tag::INT) {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag::INT, float);
        }
        let t = self.temp();
        self.m.load(Width::W64, t, M::BASE, home(r));
        self.m.from_int(d, t);
        if known != Some(tag::INT) {
            self.m.jump(end);
            self.m.bind(float);
            let slow = self.slow();
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag::FLOAT, slow);
            self.m.fload(d, M::BASE, home(r));
            self.m.bind(end);
        }
        d
    }
    /// R[a] = x / y
    pub(super) fn divide_numbers(&mut self, a: u8, b: u8, y: Operand) {
        let (p, q) = (self.as_float(Operand::Register(b)), self.as_float(y));
        self.m.falu(Falu::Div, p, p, q);
        self.put_float(a, p);
    }
    pub(super) fn square_or_step(&mut self, i: Instr) -> bool {
        if !matches!(self.number(i.du()), Operand::Int(2) | Operand::Float(2.0)) {
            return false;
        }
        let p = self.as_float(Operand::Register(i.b()));
        self.m.falu(Falu::Mul, p, p, p);
        self.put_float(i.a(), p);
        true
    }

    /// R[a] = R[b] - n. A float gets -n added, which shows for -0.0 - 0.
    pub(super) fn subtract_small(&mut self, i: Instr) {
        let (a, b, n) = (i.a(), i.b(), i64::from(i.d()));
        match self.known.tag(b).map(i32::from) {
            Some(tag::FLOAT) => {
                self.float_op(Falu::Add, a, Operand::Register(b), Operand::Float((-n) as f64))
            }
            _ => self.number_op(Op::Add, a, b, Operand::Int(-n)),
        }
    }

    pub(super) fn bit_op(&mut self, op: Alu, a: u8, b: u8, y: Operand) {
        let sure = self.expect_ints(b, y);
        let x = self.payload(b);
        let d = self.alu_operand(op, x, y);
        self.put_expected(a, d, sure);
    }
    /// Operands that are not integers go to the cold path. No feedback tells of them, so nothing is stated:
    /// whether it was known before.
    fn expect_ints(&mut self, b: u8, y: Operand) -> bool {
        let slow = self.slow();
        let x = Operand::Register(b);
        let sure = [x, y].map(|o| self.kind(o)) == [Some(tag::INT); 2];
        self.leave_unless(x, tag::INT, slow);
        self.leave_unless(y, tag::INT, slow);
        sure
    }
    /// R[a] = the integer in `d`, which is stated only where the operands are known to be integers.
    fn put_expected(&mut self, a: u8, d: Reg, sure: bool) {
        if sure {
            return self.put_int(a, d);
        }
        self.m.store(Width::W64, d, M::BASE, home(a));
        self.m.store_imm(Width::W8, tag::INT, M::BASE, home_tag(a));
        self.known.forget(a);
        self.hold(d, a);
    }
    /// R[a] = R[b] shifted to the left by n, to the right if that is negative.
    pub(super) fn shift_by(&mut self, a: u8, b: u8, n: i64) {
        let sure = self.expect_ints(b, Operand::Int(0));
        let x = self.payload(b);
        let d = self.temp();
        match n {
            0..64 => self.m.shift_imm(Shift::Left, Width::W64, d, x, n as u8),
            -63..0 => self.m.shift_imm(Shift::Right, Width::W64, d, x, -n as u8),
            _ => self.m.imm(d, 0),
        }
        self.put_expected(a, d, sure);
    }
    /// R[a] = R[b] shifted by R[c], which is from 0 to 63.
    pub(super) fn shift_op(&mut self, op: Shift, i: Instr) {
        let sure = self.expect_ints(i.b(), Operand::Register(i.c()));
        let count = self.reserve(M::COUNT);
        let slow = self.slow();
        self.m.load(Width::W64, count, M::BASE, home(i.c()));
        self.m.branch_imm(Cond::Above, Width::W64, count, 63, slow);
        let x = self.payload(i.b());
        let d = self.temp();
        self.m.shift(op, Width::W64, d, x);
        self.put_expected(i.a(), d, sure);
    }
    pub(super) fn not_bits(&mut self, i: Instr) {
        let sure = self.expect_ints(i.b(), Operand::Int(0));
        let x = self.payload(i.b());
        let d = self.temp();
        self.m.not(d, x);
        self.put_expected(i.a(), d, sure);
    }
    pub(super) fn minus(&mut self, i: Instr) {
        let (a, b) = (i.a(), i.b());
        match self.known.tag(b).map(i32::from) {
            Some(tag::INT) => {
                let x = self.payload(b);
                let d = self.temp();
                self.m.neg(d, x);
                self.put_int(a, d);
            }
            Some(tag::FLOAT) => {
                let x = self.fpayload(b);
                let d = self.ftemp();
                self.m.funary(Funary::Neg, d, x);
                self.put_float(a, d);
            }
            _ => self.minus_number(a, b),
        }
    }
    fn minus_number(&mut self, a: u8, b: u8) {
        let (float, end) = (self.m.label(), self.m.label());
        let slow = self.slow();
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(b), tag::INT, float);
        let t = self.temp();
        self.m.load(Width::W64, t, M::BASE, home(b));
        self.m.neg(t, t);
        self.m.store(Width::W64, t, M::BASE, home(a));
        self.m.store_imm(Width::W8, tag::INT, M::BASE, home_tag(a));
        self.m.jump(end);
        self.m.bind(float);
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(b), tag::FLOAT, slow);
        let d = self.ftemp();
        self.m.fload(d, M::BASE, home(b));
        self.m.funary(Funary::Neg, d, d);
        self.m.fstore(d, M::BASE, home(a));
        self.m.store_imm(Width::W8, tag::FLOAT, M::BASE, home_tag(a));
        self.m.bind(end);
        self.known.forget(a);
    }

    /// R[a] = R[b] // y (`quotient`) or R[b] % y, integers.
    pub(super) fn int_division(&mut self, a: u8, b: u8, y: Operand, quotient: bool) {
        if let Operand::Int(n) = y
            && n > 0
            && n & (n - 1) == 0
        {
            return self.power_of_two(a, b, n, quotient);
        }
        let sure = self.expect_ints(b, y);
        let slow = self.slow();
        let (q, r) = (self.reserve(M::RET), self.reserve(M::TAG));
        let (d, t) = (self.temp(), self.temp());
        match y {
            Operand::Register(c) => {
                self.m.load(Width::W64, d, M::BASE, home(c));
                // 0 and -1 are special.
                self.m.lea(t, d, 1);
                self.m.branch_imm(Cond::BelowEq, Width::W64, t, 1, slow);
            }
            Operand::Int(n) if n != 0 && n != -1 => self.m.imm(d, n),
            Operand::Int(_) | Operand::Float(_) => return self.m.jump(slow),
        }
        self.m.load(Width::W64, q, M::BASE, home(b));
        self.m.divide(d);
        // Rounded down: where the remainder's sign is not the divisor's, one less.
        let exact = self.m.label();
        self.m.branch_imm(Cond::Eq, Width::W64, r, 0, exact);
        self.m.alu(Alu::Xor, Width::W64, t, r, d);
        self.m.branch_imm(Cond::Ge, Width::W64, t, 0, exact);
        if quotient {
            self.m.alu_imm(Alu::Sub, Width::W64, q, q, 1);
        } else {
            self.m.alu(Alu::Add, Width::W64, r, r, d);
        }
        self.m.bind(exact);
        self.put_expected(a, if quotient { q } else { r }, sure);
    }
    /// R[a] = R[b] // y or R[b] % y; only for integers is there a template.
    pub(super) fn division(&mut self, i: Instr, y: Operand, quotient: bool) {
        let floats = [Operand::Register(i.b()), y].map(|o| self.kind(o) == Some(tag::FLOAT));
        if floats.contains(&true) || matches!(y, Operand::Int(0 | -1)) {
            return self.step(i);
        }
        self.int_division(i.a(), i.b(), y, quotient);
    }
    pub(super) fn bits_with_constant(&mut self, op: Alu, i: Instr) {
        match self.number(i.du()) {
            Operand::Int(n) => self.bit_op(op, i.a(), i.b(), Operand::Int(n)),
            Operand::Register(_) | Operand::Float(_) => self.step(i),
        }
    }
    fn power_of_two(&mut self, a: u8, b: u8, n: i64, quotient: bool) {
        let sure = self.expect_ints(b, Operand::Int(n));
        let x = self.payload(b);
        if !quotient {
            let d = self.alu_operand(Alu::And, x, Operand::Int(n - 1));
            return self.put_expected(a, d, sure);
        }
        let d = self.temp();
        self.m
            .shift_imm(Shift::Arith, Width::W64, d, x, n.trailing_zeros() as u8);
        self.put_expected(a, d, sure);
    }
}
