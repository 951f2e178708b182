//! The `utf8` library.

use super::util;
use crate::error::Throw;
use crate::native::Ret;
use crate::state::State;
use crate::value::Value;

/// Greatest code point of Unicode.
const MAX_UNICODE: u32 = 0x10_FFFF;
/// Greatest code that a sequence can hold.
const MAX_CODE: u32 = 0x7FFF_FFFF;
const INVALID: &str = "invalid UTF-8 code";

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("offset", offset),
            ("codepoint", codepoint),
            ("char", char),
            ("len", len),
            ("codes", codes),
        ],
    )?;
    super::add_module(st, "utf8", lib)?;
    util::set_text(st, lib, "charpattern", b"[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
}

/// A position that may count from the end; 0 when it lies before the start.
fn position(pos: i64, len: usize) -> i64 {
    if pos >= 0 {
        pos
    } else if pos.unsigned_abs() > len as u64 {
        0
    } else {
        len as i64 + pos + 1
    }
}

/// Whether the byte at `at` continues a sequence; false past the end.
fn continues(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|b| b & 0xC0 == 0x80)
}

/// Decodes the sequence at the front of `text` into its code and its length.
fn decode(text: &[u8], strict: bool) -> Option<(u32, usize)> {
    /// The least code that needs this many continuation bytes.
    const LEAST: [u32; 6] = [u32::MAX, 0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000];
    let first = u32::from(text.first().copied().unwrap_or(0));
    if first < 0x80 {
        return Some((first, 1));
    }
    if first >= 0xFE {
        return None;
    }
    let mut lead = first;
    let mut count = 0;
    let mut code = 0u32;
    while lead & 0x40 != 0 {
        count += 1;
        if !continues(text, count) {
            return None;
        }
        code = code << 6 | u32::from(text[count] & 0x3F);
        lead <<= 1;
    }
    code |= (lead & 0x7F) << (count * 5);
    if code > MAX_CODE || code < LEAST[count] {
        return None;
    }
    if strict && (code > MAX_UNICODE || (0xD800..=0xDFFF).contains(&code)) {
        return None;
    }
    Some((code, count + 1))
}

/// Appends the sequence of `code`.
pub fn encode(out: &mut Vec<u8>, code: u32) {
    if code < 0x80 {
        out.push(code as u8);
        return;
    }
    let mut tail = [0u8; 6];
    let mut used = 0;
    let mut rest = code;
    let mut first_limit = 0x3Fu32;
    while rest > first_limit {
        tail[used] = 0x80 | (rest & 0x3F) as u8;
        used += 1;
        rest >>= 6;
        first_limit >>= 1;
    }
    out.push((!first_limit << 1) as u8 | rest as u8);
    out.extend(tail[..used].iter().rev());
}

fn len(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let size = text.len(&st.heap);
    let first = position(st.opt_int(2, 1)?, size);
    let last = position(st.opt_int(3, -1)?, size);
    let strict = !st.arg(4).truthy();
    if first < 1 || first - 1 > size as i64 {
        return Err(st.arg_error(2, "initial position out of bounds"));
    }
    if last > size as i64 {
        return Err(st.arg_error(3, "final position out of bounds"));
    }
    st.tick(size as u64 / 16)?;
    let bytes = text.bytes(&st.heap);
    let mut at = first as usize - 1;
    let mut count = 0;
    while (at as i64) < last {
        let Some((_, used)) = decode(&bytes[at..], strict) else {
            st.push(Value::NIL);
            st.push(Value::int(at as i64 + 1));
            return Ok(Ret::Top(2));
        };
        at += used;
        count += 1;
    }
    Ok(Ret::One(Value::int(count)))
}

fn codepoint(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let size = text.len(&st.heap);
    let first = position(st.opt_int(2, 1)?, size);
    let last = position(st.opt_int(3, first)?, size);
    let strict = !st.arg(4).truthy();
    if first < 1 {
        return Err(st.arg_error(2, "out of bounds"));
    }
    if last > size as i64 {
        return Err(st.arg_error(3, "out of bounds"));
    }
    if first > last {
        return Ok(Ret::None);
    }
    if last - first >= i64::from(i32::MAX) {
        return Err(st.error("string slice too long"));
    }
    st.check_stack((last - first) as usize + 1, "string slice too long")?;
    let mut at = first as usize - 1;
    let mut count = 0;
    while (at as i64) < last {
        let Some((code, used)) = decode(&text.bytes(&st.heap)[at..], strict) else {
            return Err(st.error(INVALID));
        };
        st.push(Value::int(i64::from(code)));
        at += used;
        count += 1;
    }
    Ok(Ret::Top(count))
}

fn char(st: &mut State) -> Result<Ret, Throw> {
    let count = st.nargs();
    let mut out = util::buffer(st, count)?;
    for i in 1..=count {
        match u32::try_from(st.check_int(i)?) {
            Ok(code) if code <= MAX_CODE => encode(&mut out, code),
            _ => return Err(st.arg_error(i, "value out of range")),
        }
    }
    util::ret_str(st, &out)
}

fn offset(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let size = text.len(&st.heap);
    let n = st.check_int(2)?;
    let default = if n >= 0 { 1 } else { size as i64 + 1 };
    let from = position(st.opt_int(3, default)?, size);
    if from < 1 || from - 1 > size as i64 {
        return Err(st.arg_error(3, "position out of bounds"));
    }
    let bytes = text.bytes(&st.heap);
    let start = from as usize - 1;
    if n != 0 && continues(bytes, start) {
        return Err(st.error("initial position is a continuation byte"));
    }
    let Some(start) = character(bytes, start, n) else {
        return Ok(Ret::One(Value::NIL));
    };
    let mut end = start;
    if bytes.get(start).is_some_and(|b| b & 0x80 != 0) {
        if continues(bytes, start) {
            return Err(st.error("initial position is a continuation byte"));
        }
        while continues(bytes, end + 1) {
            end += 1;
        }
    }
    st.push(Value::int(start as i64 + 1));
    st.push(Value::int(end as i64 + 1));
    Ok(Ret::Top(2))
}

/// Where the `n`-th character from `at` starts; 0 means the one that `at` is in.
fn character(bytes: &[u8], mut at: usize, mut n: i64) -> Option<usize> {
    if n == 0 {
        while at > 0 && continues(bytes, at) {
            at -= 1;
        }
        return Some(at);
    }
    if n > 0 {
        n -= 1;
    }
    while n < 0 && at > 0 {
        at -= 1;
        while at > 0 && continues(bytes, at) {
            at -= 1;
        }
        n += 1;
    }
    while n > 0 && at < bytes.len() {
        at += 1;
        while continues(bytes, at) {
            at += 1;
        }
        n -= 1;
    }
    (n == 0).then_some(at)
}

fn codes(st: &mut State) -> Result<Ret, Throw> {
    let lax = st.arg(2).truthy();
    let text = st.check_str(1)?;
    if continues(text.bytes(&st.heap), 0) {
        return Err(st.arg_error(1, INVALID));
    }
    let step = if lax { next_lax } else { next_strict };
    let step = st.new_native("for iterator", step, &[])?;
    st.push(step.into());
    st.push(text.into());
    st.push(Value::int(0));
    Ok(Ret::Top(3))
}

fn next_strict(st: &mut State) -> Result<Ret, Throw> {
    next(st, true)
}

fn next_lax(st: &mut State) -> Result<Ret, Throw> {
    next(st, false)
}

fn next(st: &mut State, strict: bool) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let at = st.arg(2).to_integer(&st.heap).unwrap_or(0) as u64;
    let bytes = text.bytes(&st.heap);
    if at >= bytes.len() as u64 {
        return Ok(Ret::None);
    }
    let mut at = at as usize;
    while continues(bytes, at) {
        at += 1;
    }
    if at >= bytes.len() {
        return Ok(Ret::None);
    }
    let decoded = decode(&bytes[at..], strict).filter(|&(_, used)| !continues(bytes, at + used));
    let Some((code, _)) = decoded else {
        return Err(st.error(INVALID));
    };
    st.push(Value::int(at as i64 + 1));
    st.push(Value::int(i64::from(code)));
    Ok(Ret::Top(2))
}
