//! Equality and order.

use super::Outcome;
use crate::error::Throw;
use crate::heap::Event;
use crate::state::State;
use crate::value::{Kind, Tag, Value};
use perilune_syntax::number::{Num, num_le, num_lt};

/// An order operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// `<`
    Lt,
    /// `<=`
    Le,
}

impl Order {
    /// Its metamethod.
    fn event(self) -> Event {
        match self {
            Order::Lt => Event::Lt,
            Order::Le => Event::Le,
        }
    }
    /// The operator with that metamethod.
    pub fn of(event: Event) -> Option<Order> {
        [Order::Lt, Order::Le].into_iter().find(|op| op.event() == event)
    }
}

/// `a == b`
pub fn equals(st: &mut State, a: Value, b: Value) -> Outcome {
    if a.raw_equals(b, &st.heap) {
        return Outcome::Value(Value::TRUE);
    }
    let both_tables = a.as_table().is_some() && b.as_table().is_some();
    let both_userdata = a.as_userdata().is_some() && b.as_userdata().is_some();
    if !both_tables && !both_userdata {
        return Outcome::Value(Value::FALSE);
    }
    let f = st.heap.metamethod_of_either(a, b, Event::Eq);
    if f.is_nil() {
        return Outcome::Value(Value::FALSE);
    }
    Outcome::Call { f, a, b }
}

fn number(v: Value) -> Option<Num> {
    match v.unpack() {
        Kind::Int(i) => Some(Num::Int(i)),
        Kind::Float(f) => Some(Num::Float(f)),
        _ => None,
    }
}

/// The order of two integers or two floats, None for other operands.
#[inline(always)]
pub fn same_kind(op: Order, a: Value, b: Value) -> Option<bool> {
    if a.tag.0 | b.tag.0 == Tag::INT.0 {
        let (x, y) = (a.bits as i64, b.bits as i64);
        return Some(match op {
            Order::Lt => x < y,
            Order::Le => x <= y,
        });
    }
    if a.tag == Tag::FLT && b.tag == Tag::FLT {
        let (x, y) = (f64::from_bits(a.bits), f64::from_bits(b.bits));
        return Some(match op {
            Order::Lt => x < y,
            Order::Le => x <= y,
        });
    }
    None
}

/// The order of numbers and of strings (by bytes), None for anything else.
pub fn raw_order(st: &State, op: Order, a: Value, b: Value) -> Option<bool> {
    if let (Some(x), Some(y)) = (number(a), number(b)) {
        return Some(match op {
            Order::Lt => num_lt(x, y),
            Order::Le => num_le(x, y),
        });
    }
    let (x, y) = (a.as_str()?, b.as_str()?);
    let (x, y) = (x.bytes(&st.heap), y.bytes(&st.heap));
    Some(match op {
        Order::Lt => x < y,
        Order::Le => x <= y,
    })
}

/// `a < b` or `a <= b`
///
/// # Errors
/// "attempt to compare".
#[inline(never)]
pub fn order(st: &mut State, op: Order, a: Value, b: Value) -> Result<Outcome, Throw> {
    if let Some(r) = raw_order(st, op, a, b) {
        return Ok(Outcome::Value(Value::bool(r)));
    }
    let f = st.heap.metamethod_of_either(a, b, op.event());
    if f.is_nil() {
        return Err(st.compare_error(a, b));
    }
    Ok(Outcome::Call { f, a, b })
}
