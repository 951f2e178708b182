//! Operators: choosing the instruction, with constants as operands where it has such a form.

use super::exp::{Exp, Kind};
use super::expr::constant;
use super::func::NO_JUMP;
use super::{CResult, Compiler};
use crate::ops::{Instr, Op};
use perilune_syntax::ast::{BinOp, Constant, UnOp};
use perilune_syntax::{fold, number};

/// The instructions of an operator on values.
struct Ops {
    /// Both operands in registers.
    regs: Op,
    /// Right operand a constant.
    with_const: Option<Op>,
    /// Right operand a small integer.
    with_int: Option<Op>,
}

fn ops(op: BinOp) -> Option<Ops> {
    let entry = |regs, with_const, with_int| {
        Some(Ops {
            regs,
            with_const,
            with_int,
        })
    };
    match op {
        BinOp::Add => entry(Op::ADD, Some(Op::ADDK), Some(Op::ADDI)),
        BinOp::Sub => entry(Op::SUB, Some(Op::SUBK), Some(Op::SUBI)),
        BinOp::Mul => entry(Op::MUL, Some(Op::MULK), None),
        BinOp::Mod => entry(Op::MOD, Some(Op::MODK), None),
        BinOp::Pow => entry(Op::POW, Some(Op::POWK), None),
        BinOp::Div => entry(Op::DIV, Some(Op::DIVK), None),
        BinOp::IDiv => entry(Op::IDIV, Some(Op::IDIVK), None),
        BinOp::BAnd => entry(Op::BAND, Some(Op::BANDK), None),
        BinOp::BOr => entry(Op::BOR, Some(Op::BORK), None),
        BinOp::BXor => entry(Op::BXOR, Some(Op::BXORK), None),
        BinOp::Shl => entry(Op::SHL, None, Some(Op::SHLI)),
        BinOp::Shr => entry(Op::SHR, None, Some(Op::SHRI)),
        BinOp::Concat | BinOp::Eq | BinOp::Lt | BinOp::Le | BinOp::Ne | BinOp::Gt | BinOp::Ge => None,
    }
}

/// The instructions of an order comparison: registers, register with integer, integer with
/// register.
fn order_ops(strict: bool) -> [Op; 3] {
    if strict {
        [Op::LT, Op::LTI, Op::GTI]
    } else {
        [Op::LE, Op::LEI, Op::GEI]
    }
}

/// The value of a numeral.
fn numeral(e: &Exp) -> Option<Constant> {
    if e.has_jumps() {
        return None;
    }
    match e.kind {
        Kind::Int(i) => Some(Constant::Int(i)),
        Kind::Float(n) => Some(Constant::Float(n)),
        _ => None,
    }
}

/// A literal integer that fits in operand d.
fn wide_int(e: &Exp) -> Option<i32> {
    match e.kind {
        Kind::Int(i) if !e.has_jumps() => i32::try_from(i).ok(),
        _ => None,
    }
}

/// A literal integer that fits in operand b.
fn byte_int(e: &Exp) -> Option<u8> {
    match e.kind {
        Kind::Int(i) if !e.has_jumps() => i8::try_from(i).ok().map(|b| b as u8),
        _ => None,
    }
}

/// A literal number whose value is an integer that fits in operand b.
fn byte_number(e: &Exp) -> Option<u8> {
    match e.kind {
        Kind::Float(n) if !e.has_jumps() => number::float_to_int_exact(n)
            .and_then(|i| i8::try_from(i).ok())
            .map(|b| b as u8),
        _ => byte_int(e),
    }
}

impl Compiler<'_, '_> {
    /// `op e`
    pub(super) fn prefix(&mut self, op: UnOp, e: &mut Exp, line: u32) -> CResult {
        self.discharge_vars(e);
        let code = match op {
            UnOp::Not => return self.not(e),
            UnOp::Len => Op::LEN,
            UnOp::Neg => Op::UNM,
            UnOp::BNot => Op::BNOT,
        };
        if let Some(value) = numeral(e).and_then(|n| fold::unary(op, n)) {
            e.kind = constant(value);
            return Ok(());
        }
        let reg = self.put_any(e)?;
        self.release_exp(e);
        e.kind = Kind::Pending(self.emit(code, 0, reg, 0, 0));
        self.fs.fix_line(line);
        Ok(())
    }

    fn not(&mut self, e: &mut Exp) -> CResult {
        match e.kind {
            Kind::Nil | Kind::False => e.kind = Kind::True,
            Kind::Const(_) | Kind::Float(_) | Kind::Int(_) | Kind::Str(_) | Kind::True => {
                e.kind = Kind::False;
            }
            Kind::Jump(pc) => self.negate(pc),
            _ => {
                let reg = self.discharge_to_any(e)?;
                self.release_exp(e);
                e.kind = Kind::Pending(self.emit(Op::NOT, 0, reg, 0, 0));
            }
        }
        std::mem::swap(&mut e.on_true, &mut e.on_false);
        self.fs.remove_values(e.on_false);
        self.fs.remove_values(e.on_true);
        Ok(())
    }

    /// Prepares the left operand before the right one is compiled.
    pub(super) fn infix(&mut self, op: BinOp, e: &mut Exp) -> CResult {
        self.discharge_vars(e);
        match op {
            BinOp::Concat => {
                self.put_next(e)?;
            }
            BinOp::Eq | BinOp::Ne => {
                if numeral(e).is_none() && self.byte_const(e).is_none() {
                    self.put_any(e)?;
                }
            }
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                if byte_int(e).is_none() {
                    self.put_any(e)?;
                }
            }
            BinOp::Add
            | BinOp::Sub
            | BinOp::Mul
            | BinOp::Mod
            | BinOp::Pow
            | BinOp::Div
            | BinOp::IDiv
            | BinOp::BAnd
            | BinOp::BOr
            | BinOp::BXor
            | BinOp::Shl
            | BinOp::Shr => {
                if numeral(e).is_none() {
                    self.put_any(e)?;
                }
            }
        }
        Ok(())
    }

    /// `a op b`, after both operands; `line` is the operator's.
    pub(super) fn postfix(&mut self, op: BinOp, a: Exp, mut b: Exp, line: u32) -> CResult<Exp> {
        self.discharge_vars(&mut b);
        if let (Some(x), Some(y)) = (numeral(&a), numeral(&b))
            && let Some(value) = fold::binary(op, x, y)
        {
            return Ok(Exp::from(constant(value)));
        }
        match op {
            BinOp::Concat => self.concat(a, b, line),
            BinOp::Eq => self.equality(true, a, b),
            BinOp::Ne => self.equality(false, a, b),
            BinOp::Lt => self.order(true, a, b),
            BinOp::Le => self.order(false, a, b),
            BinOp::Gt => self.order(true, b, a),
            BinOp::Ge => self.order(false, b, a),
            BinOp::Add | BinOp::Mul => self.arith(op, a, b, numeral(&a).is_some(), line),
            BinOp::BAnd | BinOp::BOr | BinOp::BXor => {
                self.arith(op, a, b, matches!(a.kind, Kind::Int(_)), line)
            }
            BinOp::Sub | BinOp::Mod | BinOp::Pow | BinOp::Div | BinOp::IDiv | BinOp::Shl | BinOp::Shr => {
                self.arith(op, a, b, false, line)
            }
        }
    }

    /// An operator on values; `flip` puts the left operand, a constant, to the right.
    fn arith(&mut self, op: BinOp, mut a: Exp, mut b: Exp, flip: bool, line: u32) -> CResult<Exp> {
        let Some(ops) = ops(op) else { return Ok(a) };
        if flip {
            std::mem::swap(&mut a, &mut b);
        }
        let bitwise = matches!(op, BinOp::BAnd | BinOp::BOr | BinOp::BXor);
        let constant = numeral(&b).filter(|n| !bitwise || matches!(n, Constant::Int(_)));
        let c = u8::from(flip);
        if let (Some(op), Some(d)) = (ops.with_int, wide_int(&b)) {
            return self.operate(op, a, &b, (c, d), line);
        }
        if let (Some(op), Some(k)) = (ops.with_const, constant.and_then(|_| self.const_index(&b))) {
            return self.operate(op, a, &b, (c, k as i32), line);
        }
        if flip {
            std::mem::swap(&mut a, &mut b);
        }
        let right = self.put_any(&mut b)?;
        self.operate(ops.regs, a, &b, (right, 0), line)
    }

    /// Emits an operator whose right operand is encoded already.
    fn operate(&mut self, op: Op, mut a: Exp, b: &Exp, (c, d): (u8, i32), line: u32) -> CResult<Exp> {
        let left = self.put_any(&mut a)?;
        let pc = self.emit(op, 0, left, c, d);
        self.fs.fix_line(line);
        self.release_exps(&a, b);
        Ok(Exp::from(Kind::Pending(pc)))
    }

    fn concat(&mut self, a: Exp, mut b: Exp, line: u32) -> CResult<Exp> {
        self.put_next(&mut b)?;
        let Some(first) = a.fixed() else { return Ok(a) };
        let merged = self
            .fs
            .previous()
            .filter(|p| p.op() == Op::CONCAT && p.a() == first + 1);
        self.release_exp(&b);
        match merged {
            Some(p) => {
                let at = self.fs.pc() - 1;
                self.fs.code[at] = Instr::new(Op::CONCAT, first, p.b() + 1, 0, 0);
            }
            None => {
                self.emit(Op::CONCAT, first, 2, 0, 0);
                self.fs.fix_line(line);
            }
        }
        Ok(a)
    }

    fn order(&mut self, strict: bool, mut a: Exp, mut b: Exp) -> CResult<Exp> {
        let [regs, with_int, int_first] = order_ops(strict);
        let (op, left, right) = if let Some(int) = byte_int(&b) {
            (with_int, self.put_any(&mut a)?, int)
        } else if let Some(int) = byte_int(&a) {
            (int_first, self.put_any(&mut b)?, int)
        } else {
            let left = self.put_any(&mut a)?;
            (regs, left, self.put_any(&mut b)?)
        };
        self.release_exps(&a, &b);
        Ok(Exp::from(Kind::Jump(self.emit(op, left, right, 1, NO_JUMP))))
    }

    fn equality(&mut self, equal: bool, mut a: Exp, mut b: Exp) -> CResult<Exp> {
        if a.fixed().is_none() {
            std::mem::swap(&mut a, &mut b);
        }
        let left = self.put_any(&mut a)?;
        let (op, right) = if let Some(int) = byte_number(&b) {
            (Op::EQI, int)
        } else if let Some(k) = self.byte_const(&mut b) {
            (Op::EQK, k)
        } else {
            (Op::EQ, self.put_any(&mut b)?)
        };
        self.release_exps(&a, &b);
        Ok(Exp::from(Kind::Jump(self.emit(
            op,
            left,
            right,
            u8::from(equal),
            NO_JUMP,
        ))))
    }
}
