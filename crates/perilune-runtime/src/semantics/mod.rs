//! What Lua means, once: each operation answers with a value or with the call to make.
//!
//! An engine asks (`index(st, obj, key)`), gets an [`Outcome`], and does the call in its own way: the
//! bytecode interpreter pushes a frame, natives and the tree walker recurse.

pub mod arith;
pub mod compare;
pub mod concat;
pub mod index;

use crate::heap::Event;
use crate::state::State;
use crate::value::Value;
pub use arith::Arith;

/// The answer to an operation that yields one value.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// The value.
    Value(Value),
    /// The first result of calling `f(a, b)`.
    Call {
        /// The metamethod.
        f: Value,
        /// Its first argument.
        a: Value,
        /// Its second argument.
        b: Value,
    },
}

/// `#v`
///
/// # Errors
/// "attempt to get length of".
pub fn len(st: &mut State, v: Value) -> Result<Outcome, crate::error::Throw> {
    let mm = match v.as_table() {
        Some(t) => match t.metatable(&st.heap) {
            None => return Ok(Outcome::Value(Value::int(t.len(&st.heap)))),
            Some(mt) => {
                let f = st.heap.event_of(mt, Event::Len);
                if f.is_nil() {
                    return Ok(Outcome::Value(Value::int(t.len(&st.heap))));
                }
                f
            }
        },
        None => match v.as_str() {
            Some(s) => return Ok(Outcome::Value(Value::int(s.len(&st.heap) as i64))),
            None => st.heap.metamethod(v, Event::Len),
        },
    };
    if mm.is_nil() {
        return Err(st.operand_error(v, "get length of"));
    }
    Ok(Outcome::Call { f: mm, a: v, b: v })
}
