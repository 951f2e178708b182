//! Operators.

use super::place::{Place, Role};
use super::{Walker, value};
use crate::semantics::compare::Order;
use crate::semantics::concat::{Concat, concat};
use crate::semantics::{self, Arith, Outcome, arith, compare};
use crate::value::{Tag, Value};
use perilune_syntax::ast::{BinOp, Constant, ExprId, ExprKind, UnOp};

impl Walker<'_> {
    /// `lhs op rhs`
    #[inline(never)]
    pub(super) fn binary(&mut self, e: ExprId, op: BinOp, lhs: ExprId, rhs: ExprId, d: usize) -> Value {
        if self.is_deep() {
            return Value::THROWN;
        }
        if op == BinOp::Concat {
            return self.concat(e, d);
        }
        let Some((a, b)) = self.operands(lhs, rhs, d) else {
            return Value::THROWN;
        };
        if self.tracing && !self.trace_operation(e, a, b, d) {
            return Value::THROWN;
        }
        match op {
            BinOp::Add => self.arith(e, Arith::Add, a, b, d),
            BinOp::Sub => self.arith(e, Arith::Sub, a, b, d),
            BinOp::Mul => self.arith(e, Arith::Mul, a, b, d),
            BinOp::Mod => self.arith(e, Arith::Mod, a, b, d),
            BinOp::Pow => self.arith(e, Arith::Pow, a, b, d),
            BinOp::Div => self.arith(e, Arith::Div, a, b, d),
            BinOp::IDiv => self.arith(e, Arith::IDiv, a, b, d),
            BinOp::BAnd => self.arith(e, Arith::BAnd, a, b, d),
            BinOp::BOr => self.arith(e, Arith::BOr, a, b, d),
            BinOp::BXor => self.arith(e, Arith::BXor, a, b, d),
            BinOp::Shl => self.arith(e, Arith::Shl, a, b, d),
            BinOp::Shr => self.arith(e, Arith::Shr, a, b, d),
            BinOp::Eq => self.equals(e, a, b, d),
            BinOp::Ne => negated(self.equals(e, a, b, d)),
            BinOp::Lt => self.order(e, Order::Lt, a, b, d),
            BinOp::Le => self.order(e, Order::Le, a, b, d),
            BinOp::Gt => self.order(e, Order::Lt, b, a, d),
            BinOp::Ge => self.order(e, Order::Le, b, a, d),
            BinOp::Concat => unreachable!("dealt with above"),
        }
    }

    /// `op operand`
    #[inline(never)]
    pub(super) fn unary(&mut self, e: ExprId, op: UnOp, operand: ExprId, d: usize) -> Value {
        let v = value!(self.eval(operand, d));
        if self.tracing && op != UnOp::Not && !self.trace_operation(e, v, v, d) {
            return Value::THROWN;
        }
        match op {
            UnOp::Not => Value::bool(!v.truthy()),
            UnOp::Neg => self.arith(e, Arith::Unm, v, v, d),
            UnOp::BNot => self.arith(e, Arith::BNot, v, v, d),
            UnOp::Len => {
                self.at_operator(e, v, v, d);
                let outcome = semantics::len(self.state(), v);
                self.finish(outcome, d)
            }
        }
    }

    #[inline(always)]
    fn arith(&mut self, e: ExprId, op: Arith, a: Value, b: Value, d: usize) -> Value {
        match arith::same_kind(op, a, b) {
            Some(v) => v,
            None => self.arith_slow(e, op, a, b, d),
        }
    }
    #[inline(never)]
    fn arith_slow(&mut self, e: ExprId, op: Arith, a: Value, b: Value, d: usize) -> Value {
        self.at_operator(e, a, b, d);
        if op == Arith::Sub && a.tag == Tag::FLT && self.subtracts_zero(e) {
            // PUC adds the negated constant: -0.0 - 0 is 0.0.
            return self.arith(e, Arith::Add, a, Value::float(0.0), d);
        }
        let outcome = arith::arith(self.state(), op, a, b);
        self.finish(outcome, d)
    }

    /// Whether an expression subtracts the constant 0.
    fn subtracts_zero(&self, e: ExprId) -> bool {
        let ExprKind::Binary { rhs, .. } = self.kind(e) else {
            return false;
        };
        self.tree.code.chunk.constant(*rhs) == Some(Constant::Int(0))
    }

    #[inline(always)]
    fn equals(&mut self, e: ExprId, a: Value, b: Value, d: usize) -> Value {
        if (a.tag.0 | b.tag.0) == Tag::INT.0 {
            return Value::bool(a.bits == b.bits);
        }
        match compare::equals(self.state(), a, b) {
            Outcome::Value(v) => v,
            call => {
                self.at_expr(Role::Eval, e, d);
                truth(self.finish(Ok(call), d))
            }
        }
    }

    #[inline(always)]
    fn order(&mut self, e: ExprId, op: Order, a: Value, b: Value, d: usize) -> Value {
        match compare::same_kind(op, a, b) {
            Some(r) => Value::bool(r),
            None => self.order_slow(e, op, a, b, d),
        }
    }
    #[inline(never)]
    fn order_slow(&mut self, e: ExprId, op: Order, a: Value, b: Value, d: usize) -> Value {
        if let Some(r) = compare::raw_order(self.state(), op, a, b) {
            return Value::bool(r);
        }
        self.at_expr(Role::Eval, e, d);
        self.state().operands = [a, b];
        let outcome = compare::order(self.state(), op, a, b);
        truth(self.finish(outcome, d))
    }

    /// Notes an operator that may call a metamethod or fail, and its operands.
    #[inline(always)]
    fn at_operator(&mut self, e: ExprId, a: Value, b: Value, d: usize) {
        let line = match self.kind(e) {
            ExprKind::Binary { line, .. } | ExprKind::Unary { line, .. } => *line,
            _ => 0,
        };
        self.at(Place::expr(Role::Eval, e, line), d);
        self.state().operands = [a, b];
    }

    /// `a .. b .. c`: all operands are evaluated, then joined from the right.
    #[inline(never)]
    fn concat(&mut self, e: ExprId, d: usize) -> Value {
        let mut at = e;
        let mut n = 0;
        while let ExprKind::Binary {
            op: BinOp::Concat,
            lhs,
            rhs,
            ..
        } = self.kind(at)
        {
            if !self.load(*lhs, d + n) {
                return Value::THROWN;
            }
            n += 1;
            at = *rhs;
        }
        if !self.load(at, d + n) {
            return Value::THROWN;
        }
        n += 1;
        if self.tracing && !self.trace_operation(e, Value::NIL, Value::NIL, d + n) {
            return Value::THROWN;
        }
        while n > 1 {
            self.at_operator(e, Value::NIL, Value::NIL, d + n);
            // SAFETY: the operands are registers; the slice is not used after anything that could move them.
            let operands = unsafe { std::slice::from_raw_parts(self.base.add(d), n) };
            match concat(self.state(), operands) {
                Ok(Concat::Done(v)) => {
                    self.put(d, v);
                    n = 1;
                }
                Ok(Concat::Call { f, a, b, at }) => {
                    let v = value!(self.call_with(&[f, a, b], d + n));
                    self.put(d + at, v);
                    n = at + 1;
                }
                Err(t) => return self.thrown(t),
            }
        }
        if self.poll(d + 1) {
            self.r(d)
        } else {
            Value::THROWN
        }
    }
}

/// The answer of a metamethod that is asked a question.
#[inline(always)]
fn truth(v: Value) -> Value {
    if v.tag == Tag::THROWN {
        return v;
    }
    Value::bool(v.truthy())
}

#[inline(always)]
fn negated(v: Value) -> Value {
    if v.tag == Tag::THROWN {
        return v;
    }
    Value::bool(!v.truthy())
}
