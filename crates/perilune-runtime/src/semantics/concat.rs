//! Concatenation.

use crate::error::{Throw, text};
use crate::heap::{Event, Gc, OutOfMemory};
use crate::object::{MAX_SHORT, Str};
use crate::state::State;
use crate::value::{Kind, Value};

/// Bytes that the text of a number takes at most.
const MAX_NUMBER_TEXT: usize = 32;
/// Bytes up to which the state's scratch memory is kept.
const KEPT_BUFFER: usize = 1 << 12;

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

/// Appends the text of a string or number.
pub(crate) fn append_text(st: &State, out: &mut Vec<u8>, v: Value) {
    match v.unpack() {
        Kind::Str(s) => out.extend_from_slice(s.bytes(&st.heap)),
        Kind::Int(i) => perilune_syntax::number::write_int(out, i),
        Kind::Float(f) => st.write_float(out, f),
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
    while first > 0 && operands[first - 1].is_text() {
        first -= 1;
    }
    if first == 0 {
        return Ok(Concat::Done(join(st, operands).map_err(|why| why.raise(st))?));
    }
    let (a, b) = if first + 1 >= n {
        (operands[n - 2], operands[n - 1])
    } else {
        let right = join(st, &operands[first..]).map_err(|why| why.raise(st))?;
        (operands[first - 1], right)
    };
    let f = st.heap.metamethod_of_either(a, b, Event::Concat);
    if f.is_nil() {
        let left = if first + 1 >= n { n - 2 } else { first - 1 };
        let (culprit, at) = if a.is_text() { (b, left + 1) } else { (a, left) };
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

/// Why there is no string of some operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unjoined {
    TooLong,
    NoMemory,
}

impl Unjoined {
    fn raise(self, st: &mut State) -> Throw {
        match self {
            Unjoined::TooLong => st.runtime_error(text::STRING_TOO_LONG),
            Unjoined::NoMemory => st.memory_error(),
        }
    }
}

impl From<OutOfMemory> for Unjoined {
    fn from(OutOfMemory: OutOfMemory) -> Unjoined {
        Unjoined::NoMemory
    }
}

/// The string of two strings, none of them empty.
fn join_two(st: &mut State, x: Gc<Str>, y: Gc<Str>) -> Result<Value, Unjoined> {
    let (first, second) = (x.len(&st.heap), y.len(&st.heap));
    let total = first + second;
    if total <= MAX_SHORT {
        let mut small = [0; MAX_SHORT];
        small[..first].copy_from_slice(x.bytes(&st.heap));
        small[first..total].copy_from_slice(y.bytes(&st.heap));
        return Ok(Str::new(&mut st.heap, &small[..total])?.into());
    }
    if total > Str::max_len() {
        return Err(Unjoined::TooLong);
    }
    let mut builder = Str::builder(&mut st.heap, total)?;
    let heap = builder.heap();
    builder.push(x.bytes(heap));
    builder.push(y.bytes(heap));
    Ok(builder.finish().into())
}

/// The string of long operands that are all strings and have `total` bytes together.
fn join_long(st: &mut State, operands: &[Value], total: usize) -> Result<Value, Unjoined> {
    let mut builder = Str::builder(&mut st.heap, total)?;
    let heap = builder.heap();
    for s in operands.iter().filter_map(|v| v.as_str()) {
        builder.push(s.bytes(heap));
    }
    Ok(builder.finish().into())
}

/// The string of operands that all are strings or numbers.
pub(crate) fn join(st: &mut State, operands: &[Value]) -> Result<Value, Unjoined> {
    if let [a, b] = operands
        && let (Some(x), Some(y)) = (a.as_str(), b.as_str())
    {
        if x.is_empty(&st.heap) {
            return Ok(*b);
        }
        if y.is_empty(&st.heap) {
            return Ok(*a);
        }
        return join_two(st, x, y);
    }
    let mut total = 0usize;
    let mut all_strings = true;
    for v in operands {
        match v.as_str() {
            Some(s) => total += s.len(&st.heap),
            None => {
                all_strings = false;
                total += MAX_NUMBER_TEXT;
            }
        }
    }
    if total > Str::max_len() {
        return Err(Unjoined::TooLong);
    }
    if all_strings && total > MAX_SHORT {
        return join_long(st, operands, total);
    }
    let mut text = std::mem::take(&mut st.buffer);
    text.clear();
    if text.try_reserve(total).is_err() {
        return Err(Unjoined::NoMemory);
    }
    for &v in operands {
        append_text(st, &mut text, v);
    }
    let joined = Str::new(&mut st.heap, &text);
    if total <= KEPT_BUFFER {
        st.buffer = text;
    }
    Ok(joined?.into())
}

impl Str {
    /// The longest string, in bytes.
    pub fn max_len() -> usize {
        u32::MAX as usize - 64
    }
}
