//! Operators on constants -> constants: what is known of an expression before the program runs.

use std::collections::BTreeMap;

use crate::ast::{BinOp, Constant, ExprId, ExprKind, UnOp};
use crate::number::{
    Num, float_floor_div, float_mod, float_pow, int_floor_div, int_mod, shift_left, shift_right,
};

/// Whether a constant counts as true.
pub fn truthy(c: Constant) -> bool {
    match c {
        Constant::Nil | Constant::Bool(false) => false,
        Constant::Bool(true) | Constant::Int(_) | Constant::Float(_) | Constant::Str(_) => true,
    }
}

fn number(c: Constant) -> Option<Num> {
    match c {
        Constant::Int(i) => Some(Num::Int(i)),
        Constant::Float(f) => Some(Num::Float(f)),
        Constant::Nil | Constant::Bool(_) | Constant::Str(_) => None,
    }
}

/// The constant for a folded number. NaN and zero floats stay unfolded: which NaN and which zero it
/// is, the machine decides.
fn folded(n: Num) -> Option<Constant> {
    match n {
        Num::Int(i) => Some(Constant::Int(i)),
        Num::Float(f) if f.is_nan() || f == 0.0 => None,
        Num::Float(f) => Some(Constant::Float(f)),
    }
}

/// Arithmetic and bitwise operators on two numbers, without metamethods: `None` when the operation
/// would raise an error, and for the operators that are neither.
pub fn arith(op: BinOp, a: Num, b: Num) -> Option<Num> {
    let ints = match (a, b) {
        (Num::Int(a), Num::Int(b)) => Some((a, b)),
        _ => None,
    };
    let (x, y) = (a.to_float(), b.to_float());
    let float = |f: f64| Some(Num::Float(f));
    let bits = |f: fn(i64, i64) -> i64| Some(Num::Int(f(a.to_int()?, b.to_int()?)));
    match op {
        BinOp::Add => ints.map(|(a, b)| Num::Int(a.wrapping_add(b))).or(float(x + y)),
        BinOp::Sub => ints.map(|(a, b)| Num::Int(a.wrapping_sub(b))).or(float(x - y)),
        BinOp::Mul => ints.map(|(a, b)| Num::Int(a.wrapping_mul(b))).or(float(x * y)),
        BinOp::Mod => match ints {
            Some((a, b)) => int_mod(a, b).map(Num::Int),
            None => float(float_mod(x, y)),
        },
        BinOp::IDiv => match ints {
            Some((a, b)) => int_floor_div(a, b).map(Num::Int),
            None => float(float_floor_div(x, y)),
        },
        BinOp::Pow => float(float_pow(x, y)),
        BinOp::Div => float(x / y),
        BinOp::BAnd => bits(|a, b| a & b),
        BinOp::BOr => bits(|a, b| a | b),
        BinOp::BXor => bits(|a, b| a ^ b),
        BinOp::Shl => bits(shift_left),
        BinOp::Shr => bits(shift_right),
        BinOp::Concat | BinOp::Eq | BinOp::Lt | BinOp::Le | BinOp::Ne | BinOp::Gt | BinOp::Ge => None,
    }
}

/// Folds a binary operator. Divisions by zero of either subtype stay unfolded.
pub fn binary(op: BinOp, a: Constant, b: Constant) -> Option<Constant> {
    let (a, b) = (number(a)?, number(b)?);
    let divides = matches!(op, BinOp::Div | BinOp::IDiv | BinOp::Mod);
    if divides && b.to_float() == 0.0 {
        return None;
    }
    folded(arith(op, a, b)?)
}

/// Folds a unary operator.
pub fn unary(op: UnOp, a: Constant) -> Option<Constant> {
    match op {
        UnOp::Neg => match number(a)? {
            Num::Int(i) => Some(Constant::Int(i.wrapping_neg())),
            Num::Float(f) => folded(Num::Float(-f)),
        },
        UnOp::BNot => Some(Constant::Int(!number(a)?.to_int()?)),
        UnOp::Not => Some(Constant::Bool(!truthy(a))),
        UnOp::Len => None,
    }
}

/// An expression that, whatever its operands do, ends in a constant: the jumps out of its `and` and
/// `or` that give another value are still open.
#[derive(Clone, Copy)]
pub(crate) struct Settled {
    pub value: Constant,
    /// There are jumps taken when an operand is true.
    on_true: bool,
    /// There are jumps taken when an operand is false.
    on_false: bool,
}

impl Settled {
    /// The constant, if no jump avoids it.
    pub fn constant(self) -> Option<Constant> {
        (!self.on_true && !self.on_false).then_some(self.value)
    }
}

/// What a new node ends in, if it is not known as a whole. `and` closes the jumps of a left operand
/// that ends in a true constant, `or` those of one that ends in a false one; so `(f() or 1) and 2` is
/// the constant 2, whose declaration still evaluates `f()`.
pub(crate) fn settle(
    kind: &ExprKind,
    known: &[Option<Constant>],
    settled: &BTreeMap<u32, Settled>,
) -> Option<Settled> {
    let open = |value, on_true, on_false| Settled {
        value,
        on_true,
        on_false,
    };
    let end = |e: &ExprId| {
        let whole = known[e.index()].map(|value| open(value, false, false));
        whole.or_else(|| settled.get(&(e.index() as u32)).copied())
    };
    match kind {
        ExprKind::Paren(e) => end(e),
        ExprKind::Unary {
            op: UnOp::Not,
            operand,
            ..
        } => end(operand).map(|s| open(Constant::Bool(!truthy(s.value)), s.on_false, s.on_true)),
        ExprKind::And { lhs, rhs } => end(rhs).map(|r| match end(lhs) {
            Some(l) if truthy(l.value) => open(r.value, r.on_true, l.on_false || r.on_false),
            Some(_) | None => open(r.value, r.on_true, true),
        }),
        ExprKind::Or { lhs, rhs } => end(rhs).map(|r| match end(lhs) {
            Some(l) if !truthy(l.value) => open(r.value, l.on_true || r.on_true, r.on_false),
            Some(_) | None => open(r.value, true, r.on_false),
        }),
        // Known as a whole, or not constant at their end.
        ExprKind::Nil
        | ExprKind::True
        | ExprKind::False
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Str(_)
        | ExprKind::Constant(_)
        | ExprKind::Unary { .. }
        | ExprKind::Binary { .. }
        | ExprKind::Vararg { .. }
        | ExprKind::Function(_)
        | ExprKind::Local { .. }
        | ExprKind::Upvalue(_)
        | ExprKind::Global { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Method { .. }
        | ExprKind::Table(_) => None,
    }
}

/// The value of a new node, from the values of its operands.
pub(crate) fn of_node(kind: &ExprKind, known: &[Option<Constant>]) -> Option<Constant> {
    let value = |e: &ExprId| known[e.index()];
    match kind {
        ExprKind::Nil => Some(Constant::Nil),
        ExprKind::True => Some(Constant::Bool(true)),
        ExprKind::False => Some(Constant::Bool(false)),
        ExprKind::Int(i) => Some(Constant::Int(*i)),
        ExprKind::Float(f) => Some(Constant::Float(*f)),
        ExprKind::Str(s) => Some(Constant::Str(*s)),
        ExprKind::Constant(c) => Some(*c),
        ExprKind::Paren(e) => value(e),
        ExprKind::Unary { op, operand, .. } => unary(*op, value(operand)?),
        ExprKind::Binary { op, lhs, rhs, .. } => binary(*op, value(lhs)?, value(rhs)?),
        ExprKind::And { lhs, rhs } => truthy(value(lhs)?).then(|| value(rhs)).flatten(),
        ExprKind::Or { lhs, rhs } => (!truthy(value(lhs)?)).then(|| value(rhs)).flatten(),
        ExprKind::Vararg { .. }
        | ExprKind::Function(_)
        | ExprKind::Local { .. }
        | ExprKind::Upvalue(_)
        | ExprKind::Global { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. }
        | ExprKind::Method { .. }
        | ExprKind::Table(_) => None,
    }
}
