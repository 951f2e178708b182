//! The `string` library and the metatable of strings.

use perilune_syntax::number;

use super::bytes::{find_byte, find_bytes};
use super::pattern::{self, Capture, MAX_CAPTURES, PatternError, Scratch};
use super::util::{self, MAX_SIZE, end_position, start_position};
use super::{format, pack};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::Str;
use crate::semantics::Arith;
use crate::state::State;
use crate::value::Value;

/// Steps of work between two looks at the limits.
const TICK: u64 = 1000;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("byte", byte),
            ("char", char),
            ("dump", dump),
            ("find", find),
            ("format", format::format),
            ("gmatch", gmatch),
            ("gsub", gsub),
            ("len", len),
            ("lower", lower),
            ("match", match_),
            ("rep", rep),
            ("reverse", reverse),
            ("sub", sub),
            ("upper", upper),
            ("pack", pack::pack),
            ("packsize", pack::packsize),
            ("unpack", pack::unpack),
        ],
    )?;
    super::add_module(st, "string", lib)?;
    let meta = util::library(
        st,
        &[
            ("__add", arith_add),
            ("__sub", arith_sub),
            ("__mul", arith_mul),
            ("__mod", arith_mod),
            ("__pow", arith_pow),
            ("__div", arith_div),
            ("__idiv", arith_idiv),
            ("__unm", arith_unm),
        ],
    )?;
    st.set_field(meta, "__index", lib.into())?;
    let empty = st.new_str(b"")?;
    st.set_metatable(empty.into(), Some(meta))
}

fn len(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    Ok(Ret::One(Value::int(text.len(&st.heap) as i64)))
}

fn sub(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let len = text.len(&st.heap);
    let start = start_position(st.check_int(2)?, len);
    let end = end_position(st.opt_int(3, -1)?, len);
    let range = if start <= end { start - 1..end } else { 0..0 };
    Ok(Ret::One(util::substr(st, text, range)?.into()))
}

/// A new string made of the bytes of argument 1, each changed by `change`.
fn map_bytes(st: &mut State, change: impl Fn(u8) -> u8) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let mut out = util::buffer(st, text.len(&st.heap))?;
    out.extend(text.bytes(&st.heap).iter().map(|&b| change(b)));
    util::ret_str(st, &out)
}

fn lower(st: &mut State) -> Result<Ret, Throw> {
    map_bytes(st, |b| b.to_ascii_lowercase())
}

fn upper(st: &mut State) -> Result<Ret, Throw> {
    map_bytes(st, |b| b.to_ascii_uppercase())
}

fn reverse(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let mut out = util::buffer(st, text.len(&st.heap))?;
    out.extend(text.bytes(&st.heap).iter().rev());
    util::ret_str(st, &out)
}

fn rep(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let count = st.check_int(2)?;
    let separator = st.opt_str(3)?;
    let len = text.len(&st.heap);
    let separator_len = separator.map_or(0, |s| s.len(&st.heap));
    if count <= 0 || len + separator_len == 0 {
        return util::ret_str(st, b"");
    }
    let unit = len.saturating_add(separator_len);
    if unit > MAX_SIZE / (count as usize) {
        return Err(st.error("resulting string too large"));
    }
    let total = unit * (count as usize) - separator_len;
    if total >= MAX_SIZE {
        return Err(st.error("resulting string too large"));
    }
    let mut out = util::buffer(st, total)?;
    out.extend_from_slice(text.bytes(&st.heap));
    if count > 1 {
        if let Some(separator) = separator {
            out.extend_from_slice(separator.bytes(&st.heap));
        }
        while out.len() < total {
            let more = out.len().min(total - out.len());
            out.extend_from_within(..more);
        }
    }
    util::ret_str(st, &out)
}

fn byte(st: &mut State) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let len = text.len(&st.heap);
    let first = st.opt_int(2, 1)?;
    let start = start_position(first, len);
    let end = end_position(st.opt_int(3, first)?, len);
    if start > end {
        return Ok(Ret::None);
    }
    if start == end {
        return Ok(Ret::One(Value::int(i64::from(text.bytes(&st.heap)[start - 1]))));
    }
    let count = end - start + 1;
    if count >= i32::MAX as usize {
        return Err(st.error("string slice too long"));
    }
    st.check_stack(count, "string slice too long")?;
    for i in start - 1..end {
        let byte = text.bytes(&st.heap)[i];
        st.push(Value::int(i64::from(byte)));
    }
    Ok(Ret::Top(count))
}

fn char(st: &mut State) -> Result<Ret, Throw> {
    let count = st.nargs();
    let mut out = util::buffer(st, count)?;
    for i in 1..=count {
        match u8::try_from(st.check_int(i)?) {
            Ok(byte) => out.push(byte),
            Err(_) => return Err(st.arg_error(i, "value out of range")),
        }
    }
    util::ret_str(st, &out)
}

fn dump(st: &mut State) -> Result<Ret, Throw> {
    let strip = st.arg(2).truthy();
    match st.arg(1).as_closure() {
        Some(closure) => {
            let bytes = st.dump_function(closure, strip)?;
            util::ret_str(st, &bytes)
        }
        None if st.arg(1).is_function() => Err(st.arg_error(1, "Lua function expected")),
        None => Err(st.arg_error(1, "Lua function expected")),
    }
}

/// The number that an operand of string arithmetic stands for.
fn to_number(st: &State, value: Value) -> Option<Value> {
    if value.is_number() {
        return Some(value);
    }
    let text = value.as_str()?;
    Some(match number::str_to_number(text.bytes(&st.heap))? {
        number::Num::Int(i) => Value::int(i),
        number::Num::Float(f) => Value::float(f),
    })
}

/// The arithmetic metamethod `event` of strings.
fn arith(st: &mut State, op: Arith, event: &str) -> Result<Ret, Throw> {
    let (a, b) = (st.arg(1), st.arg(2));
    if let (Some(x), Some(y)) = (to_number(st, a), to_number(st, b)) {
        return Ok(Ret::One(st.arith(op, x, y)?));
    }
    let handler = if b.as_str().is_some() {
        Value::NIL
    } else {
        st.metafield(b, event)?
    };
    if handler.is_nil() {
        let (verb, left, right) = (&event[2..], a.type_name(), b.type_name());
        return Err(st.error(format!("attempt to {verb} a '{left}' with a '{right}'")));
    }
    Ok(Ret::One(st.call1(handler, &[a, b])?))
}

fn arith_add(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Add, "__add")
}

fn arith_sub(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Sub, "__sub")
}

fn arith_mul(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Mul, "__mul")
}

fn arith_mod(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Mod, "__mod")
}

fn arith_pow(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Pow, "__pow")
}

fn arith_div(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Div, "__div")
}

fn arith_idiv(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::IDiv, "__idiv")
}

fn arith_unm(st: &mut State) -> Result<Ret, Throw> {
    arith(st, Arith::Unm, "__unm")
}

/// Looks for `pattern` in `subject` from `from` on, watching the limits on the way. May collect.
fn search(
    st: &mut State,
    subject: Gc<Str>,
    pattern: Gc<Str>,
    mut from: usize,
    literal_caret: bool,
    scratch: &mut Scratch,
) -> Result<Option<(usize, usize)>, Throw> {
    loop {
        let (text, pat) = (subject.bytes(&st.heap), pattern.bytes(&st.heap));
        let outcome = if literal_caret {
            pattern::search_from(text, pat, 0, from, false, scratch)
        } else {
            pattern::search(text, pat, from, scratch)
        };
        match outcome {
            Ok(found) => return Ok(found),
            Err(PatternError::Interrupted) => {
                st.tick(scratch.take_steps())?;
                scratch.extend_budget(scratch.resume_at() > from);
                from = scratch.resume_at();
            }
            Err(error) => return Err(st.error(error.message())),
        }
    }
}

/// Tells the state about the work done, now and then. May collect.
#[inline]
fn account(st: &mut State, work: &mut u64, scratch: &mut Scratch) -> Result<(), Throw> {
    *work += scratch.take_steps();
    if *work >= TICK {
        st.tick(std::mem::take(work))?;
    }
    Ok(())
}

/// Capture `index` of the match as a value.
fn capture(
    st: &mut State,
    subject: Gc<Str>,
    scratch: &Scratch,
    index: usize,
    found: (usize, usize),
) -> Result<Value, Throw> {
    match scratch.capture(index, found.0, found.1) {
        Ok(Capture::Span(start, end)) => Ok(util::substr(st, subject, start..end)?.into()),
        Ok(Capture::Position(at)) => Ok(Value::int(at as i64)),
        Err(error) => Err(st.error(error.message())),
    }
}

/// Pushes the captures of a match; a match without any yields itself when `whole`.
fn push_captures(
    st: &mut State,
    subject: Gc<Str>,
    scratch: &Scratch,
    found: (usize, usize),
    whole: bool,
) -> Result<usize, Throw> {
    let count = if whole { scratch.count() } else { scratch.level() };
    for i in 0..count {
        let value = capture(st, subject, scratch, i, found)?;
        st.push(value);
    }
    Ok(count)
}

fn find(st: &mut State) -> Result<Ret, Throw> {
    find_or_match(st, true)
}

fn match_(st: &mut State) -> Result<Ret, Throw> {
    find_or_match(st, false)
}

fn find_or_match(st: &mut State, find: bool) -> Result<Ret, Throw> {
    let subject = st.check_str(1)?;
    let pattern = st.check_str(2)?;
    let len = subject.len(&st.heap);
    let from = start_position(st.opt_int(3, 1)?, len) - 1;
    if from > len {
        return Ok(Ret::One(Value::NIL));
    }
    if find && (st.arg(4).truthy() || pattern::is_plain(pattern.bytes(&st.heap))) {
        return find_plain(st, subject, pattern, from);
    }
    let mut scratch = Scratch::new();
    let Some((start, end)) = search(st, subject, pattern, from, false, &mut scratch)? else {
        account(st, &mut 0, &mut scratch)?;
        return Ok(Ret::One(Value::NIL));
    };
    account(st, &mut 0, &mut scratch)?;
    if find {
        st.push(Value::int(start as i64 + 1));
        st.push(Value::int(end as i64));
        let count = push_captures(st, subject, &scratch, (start, end), false)?;
        return Ok(Ret::Top(count + 2));
    }
    if scratch.count() == 1 {
        let value = capture(st, subject, &scratch, 0, (start, end))?;
        return Ok(Ret::One(value));
    }
    let count = push_captures(st, subject, &scratch, (start, end), true)?;
    Ok(Ret::Top(count))
}

fn find_plain(st: &mut State, subject: Gc<Str>, pattern: Gc<Str>, from: usize) -> Result<Ret, Throw> {
    let text = &subject.bytes(&st.heap)[from..];
    let scanned = text.len() as u64 / 16;
    let Some(at) = find_bytes(text, pattern.bytes(&st.heap)) else {
        if scanned >= TICK {
            st.tick(scanned)?;
        }
        return Ok(Ret::One(Value::NIL));
    };
    let end = from + at + pattern.len(&st.heap);
    st.push(Value::int((from + at) as i64 + 1));
    st.push(Value::int(end as i64));
    Ok(Ret::Top(2))
}

/// Upvalues of a `gmatch` iterator: subject, pattern, where to go on, where the last match ended.
fn gmatch(st: &mut State) -> Result<Ret, Throw> {
    let subject = st.check_str(1)?;
    let pattern = st.check_str(2)?;
    let len = subject.len(&st.heap);
    let from = start_position(st.opt_int(3, 1)?, len) - 1;
    let from = from.min(len + 1) as i64;
    let upvalues = [subject.into(), pattern.into(), Value::int(from), Value::int(-1)];
    Ok(Ret::One(
        st.new_native("for iterator", gmatch_next, &upvalues)?.into(),
    ))
}

fn gmatch_next(st: &mut State) -> Result<Ret, Throw> {
    let (Some(subject), Some(pattern)) = (st.upvalue(1).as_str(), st.upvalue(2).as_str()) else {
        return Ok(Ret::None);
    };
    let (Some(mut from), Some(last)) = (st.upvalue(3).as_int(), st.upvalue(4).as_int()) else {
        return Ok(Ret::None);
    };
    let mut scratch = Scratch::new();
    let mut work = 0;
    while from as usize <= subject.len(&st.heap) {
        let found = search(st, subject, pattern, from as usize, true, &mut scratch)?;
        account(st, &mut work, &mut scratch)?;
        let Some((start, end)) = found else {
            break;
        };
        if end as i64 == last {
            from = start as i64 + 1;
            continue;
        }
        st.set_upvalue(3, Value::int(end as i64));
        st.set_upvalue(4, Value::int(end as i64));
        if scratch.count() == 1 {
            let value = capture(st, subject, &scratch, 0, (start, end))?;
            return Ok(Ret::One(value));
        }
        let count = push_captures(st, subject, &scratch, (start, end), true)?;
        return Ok(Ret::Top(count));
    }
    st.set_upvalue(3, Value::int(subject.len(&st.heap) as i64 + 1));
    Ok(Ret::None)
}

/// One `gsub` in progress. Subject, pattern and replacement stay in the argument slots.
struct Substitution {
    subject: Gc<Str>,
    scratch: Scratch,
    out: Vec<u8>,
    changed: bool,
    work: u64,
}

fn gsub(st: &mut State) -> Result<Ret, Throw> {
    let subject = st.check_str(1)?;
    let pattern = st.check_str(2)?;
    let replacement = st.arg(3);
    let len = subject.len(&st.heap);
    let limit = st.opt_int(4, len as i64 + 1)?;
    if replacement.is_number() {
        st.check_str(3)?;
    } else if replacement.as_str().is_none() && replacement.as_table().is_none() && !replacement.is_function()
    {
        return Err(st.type_error(3, "string/function/table"));
    }
    let anchored = pattern.bytes(&st.heap).first() == Some(&b'^');
    let scratch = Scratch::new();
    let mut job = Substitution {
        subject,
        scratch,
        out: Vec::new(),
        changed: false,
        work: 0,
    };
    let mut count = 0;
    let mut at = 0;
    let mut last = usize::MAX;
    while count < limit {
        let Some(found) = search(st, subject, pattern, at, false, &mut job.scratch)? else {
            break;
        };
        account(st, &mut job.work, &mut job.scratch)?;
        let (start, end) = found;
        job.copy(st, at, start)?;
        if end != last {
            count += 1;
            job.add(st, found)?;
            (at, last) = (end, end);
        } else if start < len {
            job.copy(st, start, start + 1)?;
            at = start + 1;
        } else {
            at = start;
            break;
        }
        if anchored {
            break;
        }
    }
    account(st, &mut job.work, &mut job.scratch)?;
    job.copy(st, at, len)?;
    let result = if job.changed {
        st.new_str(&job.out)?.into()
    } else {
        st.arg(1)
    };
    st.push(result);
    st.push(Value::int(count));
    Ok(Ret::Top(2))
}

impl Substitution {
    /// Appends the bytes `start..end` of the subject.
    #[inline]
    fn copy(&mut self, st: &mut State, start: usize, end: usize) -> Result<(), Throw> {
        util::grow(st, &mut self.out, end - start)?;
        self.out
            .extend_from_slice(&self.subject.bytes(&st.heap)[start..end]);
        Ok(())
    }

    /// Appends what replaces the match `found`.
    fn add(&mut self, st: &mut State, found: (usize, usize)) -> Result<(), Throw> {
        let replacement = st.arg(3);
        if let Some(text) = replacement.as_str() {
            self.changed = true;
            return self.add_template(st, text, found);
        }
        let value = if replacement.as_table().is_some() {
            let key = capture(st, self.subject, &self.scratch, 0, found)?;
            st.index(replacement, key)?
        } else {
            let mut captures = [Value::NIL; MAX_CAPTURES];
            let count = self.scratch.count();
            for (i, slot) in captures.iter_mut().enumerate().take(count) {
                *slot = capture(st, self.subject, &self.scratch, i, found)?;
            }
            st.call1(replacement, &captures[..count])?
        };
        if !value.truthy() {
            return self.copy(st, found.0, found.1);
        }
        st.push(value);
        let is_text = util::append_text(st, &mut self.out, value)?;
        st.pop();
        if !is_text {
            let kind = value.type_name();
            return Err(st.error(format!("invalid replacement value (a {kind})")));
        }
        self.changed = true;
        Ok(())
    }

    /// Appends the replacement string `text` with its `%` items filled in.
    fn add_template(&mut self, st: &mut State, text: Gc<Str>, found: (usize, usize)) -> Result<(), Throw> {
        let len = text.len(&st.heap);
        util::grow(st, &mut self.out, len)?;
        let mut at = 0;
        while let Some(skip) = find_byte(&text.bytes(&st.heap)[at..], b'%') {
            let bytes = text.bytes(&st.heap);
            self.out.extend_from_slice(&bytes[at..at + skip]);
            let letter = bytes.get(at + skip + 1).copied();
            at += skip + 2;
            match letter {
                Some(b'%') => self.out.push(b'%'),
                Some(b'0') => self.copy(st, found.0, found.1)?,
                Some(digit @ b'1'..=b'9') => {
                    self.add_capture(st, usize::from(digit - b'1'), found)?;
                }
                _ => return Err(st.error("invalid use of '%' in replacement string")),
            }
            util::grow(st, &mut self.out, len - at)?;
        }
        self.out.extend_from_slice(&text.bytes(&st.heap)[at..]);
        Ok(())
    }

    fn add_capture(&mut self, st: &mut State, index: usize, found: (usize, usize)) -> Result<(), Throw> {
        match self.scratch.capture(index, found.0, found.1) {
            Ok(Capture::Span(start, end)) => self.copy(st, start, end),
            Ok(Capture::Position(at)) => {
                number::write_int(&mut self.out, at as i64);
                Ok(())
            }
            Err(error) => Err(st.error(error.message())),
        }
    }
}
