//! What several libraries share: growing buffers under the memory limit, substrings, value texts.

use std::io::{self, IsTerminal};
use std::ops::Range;
use std::sync::OnceLock;

use perilune_syntax::number;

use crate::error::Throw;
use crate::heap::{Gc, OutOfMemory};
use crate::native::{NativeFn, Ret};
use crate::object::{Builder, Str, Table};
use crate::state::State;
use crate::value::{Kind, Value};

/// Greatest length of a string.
pub const MAX_SIZE: usize = i64::MAX as usize;

/// Buffers below this capacity grow without asking the memory limit.
const UNCHECKED_CAPACITY: usize = 1 << 14;

/// Makes room for `extra` more bytes in `buffer`. May collect.
#[inline]
pub fn grow(st: &mut State, buffer: &mut Vec<u8>, extra: usize) -> Result<(), Throw> {
    if buffer.capacity() - buffer.len() >= extra {
        return Ok(());
    }
    grow_slow(st, buffer, extra)
}

#[cold]
fn grow_slow(st: &mut State, buffer: &mut Vec<u8>, extra: usize) -> Result<(), Throw> {
    let wanted = buffer.len().checked_add(extra).filter(|&n| n <= MAX_SIZE);
    let Some(wanted) = wanted else {
        return Err(st.error("resulting string too large"));
    };
    if wanted > UNCHECKED_CAPACITY {
        st.reserve(wanted)?;
    }
    if buffer.try_reserve(extra).is_err() {
        return Err(st.memory_error());
    }
    Ok(())
}

/// A buffer with room for exactly `size` bytes. May collect.
pub fn buffer(st: &mut State, size: usize) -> Result<Vec<u8>, Throw> {
    if size > UNCHECKED_CAPACITY {
        st.reserve(size)?;
    }
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(size).is_err() {
        return Err(st.memory_error());
    }
    Ok(bytes)
}

/// The string `text[range]` as a new string. Never collects.
#[inline]
pub fn substr(st: &mut State, text: Gc<Str>, range: Range<usize>) -> Result<Gc<Str>, Throw> {
    text.sub(&mut st.heap, range)
        .map_err(|OutOfMemory| st.memory_error())
}

/// A string of `len` bytes that `write` writes into a builder. May collect before that.
pub fn build(st: &mut State, len: usize, write: impl FnOnce(&mut Builder)) -> Result<Gc<Str>, Throw> {
    if len > UNCHECKED_CAPACITY {
        st.reserve(len)?;
    }
    let built = Str::builder(&mut st.heap, len).map(|mut builder| {
        write(&mut builder);
        builder.finish()
    });
    built.map_err(|OutOfMemory| st.memory_error())
}

/// Bytes up to which the state's scratch memory is kept.
const KEPT_SCRATCH: usize = 1 << 14;

/// The state's scratch memory, empty; [`give_back`] returns it.
#[inline]
pub fn scratch(st: &mut State) -> Vec<u8> {
    let mut bytes = std::mem::take(&mut st.buffer);
    bytes.clear();
    bytes
}

/// Returns scratch memory.
#[inline]
pub fn give_back(st: &mut State, bytes: Vec<u8>) {
    if bytes.capacity() <= KEPT_SCRATCH {
        st.buffer = bytes;
    }
}

/// What scratch memory holds as a string; the memory goes back to the state.
pub fn ret_scratch(st: &mut State, bytes: Vec<u8>) -> Result<Ret, Throw> {
    let text = st.new_str(&bytes);
    give_back(st, bytes);
    Ok(Ret::One(text?.into()))
}

/// A new string with these bytes as a result.
pub fn ret_str(st: &mut State, bytes: &[u8]) -> Result<Ret, Throw> {
    Ok(Ret::One(st.new_str(bytes)?.into()))
}

/// Appends the text of a string or a number; false, and nothing, for any other value.
#[inline]
pub fn append_text(st: &mut State, buffer: &mut Vec<u8>, value: Value) -> Result<bool, Throw> {
    match value.unpack() {
        Kind::Str(s) => {
            grow(st, buffer, s.len(&st.heap))?;
            buffer.extend_from_slice(s.bytes(&st.heap));
        }
        Kind::Int(i) => number::write_int(buffer, i),
        Kind::Float(f) => st.write_float(buffer, f),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Bytes that the state's output buffer holds back at most.
const STDOUT_BUFFER: usize = 1 << 16;

/// Writes the text of a string or a number to standard output, and yields how many bytes that
/// took; `None`, and nothing written, for any other value.
pub fn write_text(st: &mut State, value: Value) -> io::Result<Option<usize>> {
    let before = st.stdout.len();
    match value.unpack() {
        Kind::Str(text) => {
            let bytes = text.bytes(&st.heap);
            if before + bytes.len() > STDOUT_BUFFER {
                let copy = bytes.to_vec();
                st.write_stdout(&copy)?;
                return Ok(Some(copy.len()));
            }
            st.stdout.extend_from_slice(bytes);
        }
        Kind::Int(i) => number::write_int(&mut st.stdout, i),
        Kind::Float(f) => {
            let (f, dialect) = (st.written(f), st.dialect());
            number::write_float(&mut st.stdout, f, dialect);
        }
        _ => return Ok(None),
    }
    let count = st.stdout.len() - before;
    if st.stdout.len() >= STDOUT_BUFFER {
        st.flush_stdout()?;
    }
    Ok(Some(count))
}

/// Whether standard output is a terminal, where a line must show when it is complete.
pub fn stdout_is_terminal() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| io::stdout().is_terminal())
}

/// The bytes that C sees of `bytes`: those before the first NUL.
pub fn c_str(bytes: &[u8]) -> &[u8] {
    let end = super::bytes::find_byte(bytes, 0).unwrap_or(bytes.len());
    &bytes[..end]
}

/// Argument `i` as the bytes before its first NUL.
pub fn check_c_str(st: &mut State, i: usize) -> Result<Vec<u8>, Throw> {
    let text = st.check_str(i)?;
    Ok(c_str(text.bytes(&st.heap)).to_vec())
}

/// As [`check_c_str`], with a default for an absent or nil argument.
pub fn opt_c_str(st: &mut State, i: usize) -> Result<Option<Vec<u8>>, Throw> {
    let text = st.opt_str(i)?;
    Ok(text.map(|text| c_str(text.bytes(&st.heap)).to_vec()))
}

/// `table[index] = value`, raw.
#[inline]
pub fn set_int(st: &mut State, table: Gc<Table>, index: i64, value: Value) -> Result<(), Throw> {
    match table.set_int(&mut st.heap, index, value) {
        Ok(()) => Ok(()),
        Err(_) => st.raw_set(table, Value::int(index), value),
    }
}

/// A new table with these functions.
pub fn library(st: &mut State, functions: &[(&'static str, NativeFn)]) -> Result<Gc<Table>, Throw> {
    let table = st.new_table(0, functions.len())?;
    st.push(table.into());
    st.register(table, functions)?;
    st.pop();
    Ok(table)
}

/// Sets `table[name]` to a function whose upvalues are the strings `names`.
pub fn set_with_names(
    st: &mut State,
    table: Gc<Table>,
    name: &'static str,
    function: NativeFn,
    names: &[&str],
) -> Result<(), Throw> {
    let mut upvalues = Vec::with_capacity(names.len());
    for name in names {
        upvalues.push(st.new_str(name.as_bytes())?.into());
    }
    let function = st.new_native(name, function, &upvalues)?;
    st.set_field(table, name, function.into())
}

/// Sets `table[name]` to the text `text`.
pub fn set_text(st: &mut State, table: Gc<Table>, name: &str, text: &[u8]) -> Result<(), Throw> {
    let text = st.new_str(text)?;
    st.set_field(table, name, text.into())
}

/// Position `pos`, where a negative one counts from the end of `len` bytes, clipped to `1..`.
#[inline]
pub fn start_position(pos: i64, len: usize) -> usize {
    match pos {
        1.. => pos as usize,
        0 => 1,
        _ => (len as i64).saturating_add(pos).saturating_add(1).max(1) as usize,
    }
}

/// Position `pos`, where a negative one counts from the end of `len` bytes, clipped to `0..=len`.
#[inline]
pub fn end_position(pos: i64, len: usize) -> usize {
    let len = len as i64;
    let pos = if pos < 0 {
        len.saturating_add(pos).saturating_add(1)
    } else {
        pos
    };
    pos.clamp(0, len) as usize
}
