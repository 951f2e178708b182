//! Concatenation.

use crate::error::{Throw, text};
use crate::heap::Event;
use crate::object::Str;
use crate::state::State;
use crate::value::{Kind, Value};

/// What is left of a concatenation of the operands `v[0] .. v[1] .. ... v[n-1]`.
pub enum Concat {
    /// It is done: the result.
    Done(Value),
    /// The operands from `at` on are to be replaced by the result of `f(a, b)`, and the
    /// concatenation goes on.
    Call {
        /// The metamethod.
        f: Value,
        /// Its first argument.
        a: Value,
        /// Its second argument.
        b: Value,
        /// Index of the first operand it replaces.
        at: usize,
    },
}

fn is_text(v: Value) -> bool {
    v.as_str().is_some() || v.is_number()
}

/// Appends the text of a string or number.
pub(crate) fn append_text(st: &State, out: &mut Vec<u8>, v: Value) {
    match v.unpack() {
        Kind::Str(s) => out.extend_from_slice(s.bytes(&st.heap)),
        Kind::Int(i) => perilune_syntax::number::write_int(out, i),
        Kind::Float(f) => perilune_syntax::number::write_float(out, f, st.dialect()),
        _ => {}
    }
}

/// Concatenates operands from the right as far as no metamethod is needed. `operands` are in
/// registers, so they stay alive.
///
/// # Errors
/// "attempt to concatenate", no memory.
pub fn concat(st: &mut State, operands: &[Value]) -> Result<Concat, Throw> {
    let n = operands.len();
    let mut first = n;
    while first > 0 && is_text(operands[first - 1]) {
        first -= 1;
    }
    if first == 0 {
        return Ok(Concat::Done(join(st, operands)?));
    }
    let (a, b) = if first + 1 >= n {
        (operands[n - 2], operands[n - 1])
    } else {
        (operands[first - 1], join(st, &operands[first..])?)
    };
    let mut f = st.heap.metamethod(a, Event::Concat);
    if f.is_nil() {
        f = st.heap.metamethod(b, Event::Concat);
    }
    if f.is_nil() {
        let left = if first + 1 >= n { n - 2 } else { first - 1 };
        let (culprit, at) = if is_text(a) { (b, left + 1) } else { (a, left) };
        st.culprit = at as u8;
        return Err(st.operand_error(culprit, "concatenate"));
    }
    Ok(Concat::Call {
        f,
        a,
        b,
        at: if first + 1 >= n { n - 2 } else { first - 1 },
    })
}

fn join(st: &mut State, operands: &[Value]) -> Result<Value, Throw> {
    if let [a, b] = operands
        && let (Some(x), Some(y)) = (a.as_str(), b.as_str())
    {
        if x.is_empty(&st.heap) {
            return Ok(*b);
        }
        if y.is_empty(&st.heap) {
            return Ok(*a);
        }
    }
    let mut total = 0usize;
    for v in operands {
        total += v.as_str().map_or(32, |s| s.len(&st.heap));
    }
    if total <= 256 {
        let mut small = std::mem::take(&mut st.buffer);
        small.clear();
        for &v in operands {
            append_text(st, &mut small, v);
        }
        let r = st.new_str(&small);
        st.buffer = small;
        return r.map(Value::from);
    }
    if total > crate::object::Str::max_len() {
        return Err(st.runtime_error(text::STRING_TOO_LONG));
    }
    let mut out = Vec::new();
    if out.try_reserve_exact(total).is_err() {
        return Err(st.memory_error());
    }
    for &v in operands {
        append_text(st, &mut out, v);
    }
    Ok(st.new_str(&out)?.into())
}

impl Str {
    /// The longest string, in bytes.
    pub fn max_len() -> usize {
        u32::MAX as usize - 64
    }
}
