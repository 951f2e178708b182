//! Arithmetic and bitwise operations.

use super::Outcome;
use crate::error::{Throw, text};
use crate::heap::Event;
use crate::state::State;
use crate::value::{Kind, Tag, Value};
use perilune_syntax::number as num;

/// An arithmetic or bitwise operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Mod,
    Pow,
    Div,
    IDiv,
    BAnd,
    BOr,
    BXor,
    Shl,
    Shr,
    Unm,
    BNot,
}

impl Arith {
    /// Its metamethod.
    pub fn event(self) -> Event {
        match self {
            Arith::Add => Event::Add,
            Arith::Sub => Event::Sub,
            Arith::Mul => Event::Mul,
            Arith::Mod => Event::Mod,
            Arith::Pow => Event::Pow,
            Arith::Div => Event::Div,
            Arith::IDiv => Event::IDiv,
            Arith::BAnd => Event::BAnd,
            Arith::BOr => Event::BOr,
            Arith::BXor => Event::BXor,
            Arith::Shl => Event::Shl,
            Arith::Shr => Event::Shr,
            Arith::Unm => Event::Unm,
            Arith::BNot => Event::BNot,
        }
    }
    /// The operator with that metamethod.
    pub fn of(event: Event) -> Option<Arith> {
        const ALL: [Arith; 14] = [
            Arith::Add,
            Arith::Sub,
            Arith::Mul,
            Arith::Mod,
            Arith::Pow,
            Arith::Div,
            Arith::IDiv,
            Arith::BAnd,
            Arith::BOr,
            Arith::BXor,
            Arith::Shl,
            Arith::Shr,
            Arith::Unm,
            Arith::BNot,
        ];
        ALL.into_iter().find(|op| op.event() == event)
    }
    #[inline(always)]
    fn is_bitwise(self) -> bool {
        match self {
            Arith::BAnd | Arith::BOr | Arith::BXor | Arith::Shl | Arith::Shr | Arith::BNot => true,
            Arith::Add
            | Arith::Sub
            | Arith::Mul
            | Arith::Mod
            | Arith::Pow
            | Arith::Div
            | Arith::IDiv
            | Arith::Unm => false,
        }
    }
}

/// What two integers or two floats give; None for other operands, for operators that do not work on them,
/// and where it is an error. For an `op` that is known, no more than the operation is left of this.
#[inline(always)]
pub fn same_kind(op: Arith, a: Value, b: Value) -> Option<Value> {
    if a.tag.0 | b.tag.0 == Tag::INT.0 {
        return ints(op, a.bits as i64, b.bits as i64).map(Value::int);
    }
    if a.tag == Tag::FLT && b.tag == Tag::FLT && !op.is_bitwise() {
        return Some(Value::float(floats(
            op,
            f64::from_bits(a.bits),
            f64::from_bits(b.bits),
        )));
    }
    None
}

/// What integers give; None for a division by zero, and for operators that work on floats.
#[inline(always)]
fn ints(op: Arith, a: i64, b: i64) -> Option<i64> {
    Some(match op {
        Arith::Add => a.wrapping_add(b),
        Arith::Sub => a.wrapping_sub(b),
        Arith::Mul => a.wrapping_mul(b),
        Arith::Mod => return num::int_mod(a, b),
        Arith::IDiv => return num::int_floor_div(a, b),
        Arith::BAnd => a & b,
        Arith::BOr => a | b,
        Arith::BXor => a ^ b,
        Arith::Shl => num::shift_left(a, b),
        Arith::Shr => num::shift_right(a, b),
        Arith::Unm => a.wrapping_neg(),
        Arith::BNot => !a,
        Arith::Pow | Arith::Div => return None,
    })
}

/// What floats give; not for bitwise operators.
#[inline(always)]
fn floats(op: Arith, a: f64, b: f64) -> f64 {
    match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Mod => num::float_mod(a, b),
        Arith::Pow => num::float_pow(a, b),
        Arith::Div => a / b,
        Arith::IDiv => num::float_floor_div(a, b),
        Arith::Unm => -a,
        Arith::BAnd | Arith::BOr | Arith::BXor | Arith::Shl | Arith::Shr | Arith::BNot => f64::NAN,
    }
}

fn number(v: Value) -> Option<f64> {
    match v.unpack() {
        Kind::Int(i) => Some(i as f64),
        Kind::Float(f) => Some(f),
        _ => None,
    }
}

fn integer(v: Value) -> Option<i64> {
    match v.unpack() {
        Kind::Int(i) => Some(i),
        Kind::Float(f) => num::float_to_int_exact(f),
        _ => None,
    }
}

/// The result on numbers, without metamethods; None when the operands are not both numbers (with
/// integer values, for bitwise operators), and for a division of integers by zero.
pub fn raw(op: Arith, a: Value, b: Value) -> Option<Value> {
    if op.is_bitwise() {
        return ints(op, integer(a)?, integer(b)?).map(Value::int);
    }
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int())
        && !matches!(op, Arith::Pow | Arith::Div)
    {
        return ints(op, x, y).map(Value::int);
    }
    Some(Value::float(floats(op, number(a)?, number(b)?)))
}

/// `a op b` (for unary operators `b` is `a`).
///
/// # Errors
/// No metamethod for operands that are not numbers; division by zero.
#[inline(never)]
pub fn arith(st: &mut State, op: Arith, a: Value, b: Value) -> Result<Outcome, Throw> {
    if let Some(v) = raw(op, a, b) {
        return Ok(Outcome::Value(v));
    }
    if !op.is_bitwise() && a.is_number() && b.is_number() {
        return Err(st.runtime_error(match op {
            Arith::Mod => text::MODULO_BY_ZERO,
            _ => text::DIVIDE_BY_ZERO,
        }));
    }
    let f = st.heap.metamethod_of_either(a, b, op.event());
    if !f.is_nil() {
        return Ok(Outcome::Call { f, a, b });
    }
    if op.is_bitwise() {
        if a.is_number() && b.is_number() {
            return Err(st.no_integer_error(a, b));
        }
        let culprit = if a.is_number() { b } else { a };
        return Err(st.operand_error(culprit, "perform bitwise operation on"));
    }
    let culprit = if a.is_number() { b } else { a };
    Err(st.operand_error(culprit, "perform arithmetic on"))
}
