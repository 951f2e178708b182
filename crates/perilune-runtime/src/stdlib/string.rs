//! The `string` library and the metatable of strings.

use perilune_syntax::number;

use super::bytes::{find_byte, find_bytes};
use super::pattern::{self, Capture, MAX_CAPTURES, PatternError, Program};
use super::util::{self, MAX_SIZE, end_position, start_position};
use super::{format, pack};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{MAX_SHORT, Str};
use crate::semantics::Arith;
use crate::state::State;
use crate::value::Value;

/// Steps of work between two looks at the limits.
const TICK: u64 = 1000;
/// So many results have room without asking.
const FEW_RESULTS: usize = 8;

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

/// A new string: the bytes of argument 1 as `change` leaves them.
fn changed(st: &mut State, change: impl FnOnce(&mut [u8])) -> Result<Ret, Throw> {
    let text = st.check_str(1)?;
    let len = text.len(&st.heap);
    if len <= MAX_SHORT {
        let mut short = [0; MAX_SHORT];
        let short = &mut short[..len];
        short.copy_from_slice(text.bytes(&st.heap));
        change(short);
        return util::ret_str(st, short);
    }
    let built = util::build(st, len, |builder| {
        builder.push(text.bytes(builder.heap()));
        change(builder.written());
    });
    Ok(Ret::One(built?.into()))
}

fn lower(st: &mut State) -> Result<Ret, Throw> {
    changed(st, <[u8]>::make_ascii_lowercase)
}

fn upper(st: &mut State) -> Result<Ret, Throw> {
    changed(st, <[u8]>::make_ascii_uppercase)
}

fn reverse(st: &mut State) -> Result<Ret, Throw> {
    changed(st, <[u8]>::reverse)
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
    if count == 1 {
        return Ok(Ret::One(st.arg(1)));
    }
    if total > MAX_SHORT {
        let built = util::build(st, total, |builder| {
            builder.push(text.bytes(builder.heap()));
            if let Some(separator) = separator {
                builder.push(separator.bytes(builder.heap()));
            }
            builder.repeat();
        });
        return Ok(Ret::One(built?.into()));
    }
    let mut out = [0; MAX_SHORT];
    out[..len].copy_from_slice(text.bytes(&st.heap));
    if let Some(separator) = separator {
        out[len..unit].copy_from_slice(separator.bytes(&st.heap));
    }
    for at in unit..total {
        out[at] = out[at - unit];
    }
    util::ret_str(st, &out[..total])
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
    if count > FEW_RESULTS {
        if count >= i32::MAX as usize {
            return Err(st.error("string slice too long"));
        }
        st.check_stack(count, "string slice too long")?;
    }
    for i in start - 1..end {
        let byte = text.bytes(&st.heap)[i];
        st.push(Value::int(i64::from(byte)));
    }
    Ok(Ret::Top(count))
}

/// Argument `i` as a byte.
#[inline]
fn check_byte(st: &mut State, i: usize) -> Result<u8, Throw> {
    let value = st.check_int(i)?;
    u8::try_from(value).map_err(|_| st.arg_error(i, "value out of range"))
}

fn char(st: &mut State) -> Result<Ret, Throw> {
    let count = st.nargs();
    if count <= MAX_SHORT {
        let mut short = [0; MAX_SHORT];
        for (i, byte) in short[..count].iter_mut().enumerate() {
            *byte = check_byte(st, i + 1)?;
        }
        return util::ret_str(st, &short[..count]);
    }
    let mut out = util::buffer(st, count)?;
    for i in 1..=count {
        out.push(check_byte(st, i)?);
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

/// The program for a pattern; who is done with it puts it back. May collect.
#[inline]
fn program(st: &mut State, pattern: Gc<Str>, literal_caret: bool) -> Result<Box<Program>, Throw> {
    let len = pattern.len(&st.heap);
    if len > pattern::MAX_KEPT {
        long_program(st, len)?;
    }
    let bytes = pattern.bytes(&st.heap);
    let literal_caret = literal_caret && bytes.first() == Some(&b'^');
    Ok(st.patterns.take(bytes, pattern.hash(&st.heap), literal_caret))
}

/// What compiling a pattern of `len` bytes takes, each time anew, is counted and must be there.
#[cold]
#[inline(never)]
fn long_program(st: &mut State, len: usize) -> Result<(), Throw> {
    st.tick(len as u64 / 4)?;
    st.reserve(len.saturating_mul(pattern::BYTES_PER_BYTE))
}

/// Looks for a match in `subject` from `from` on, watching the limits on the way; whether there is
/// one. May collect.
#[inline]
fn search(st: &mut State, subject: Gc<Str>, program: &mut Program, from: usize) -> Result<bool, Throw> {
    match program.search(subject.bytes(&st.heap), from) {
        Ok(found) => Ok(found),
        Err(error) => search_on(st, subject, program, from, error),
    }
}

/// Goes on after an interruption of the search that began at `from`.
#[cold]
#[inline(never)]
fn search_on(
    st: &mut State,
    subject: Gc<Str>,
    program: &mut Program,
    mut from: usize,
    mut error: PatternError,
) -> Result<bool, Throw> {
    loop {
        if error != PatternError::Interrupted {
            return Err(st.error(error.message()));
        }
        st.tick(program.take_steps())?;
        program.extend_budget(program.resume_at() > from);
        from = program.resume_at();
        match program.search(subject.bytes(&st.heap), from) {
            Ok(found) => return Ok(found),
            Err(next) => error = next,
        }
    }
}

/// Tells the state about the work done, now and then. May collect.
#[inline]
fn account(st: &mut State, work: &mut u64, program: &mut Program) -> Result<(), Throw> {
    *work += program.take_steps();
    if *work >= TICK {
        st.tick(std::mem::take(work))?;
    }
    Ok(())
}

/// Capture `index` of the match as a value.
#[inline]
fn capture(st: &mut State, subject: Gc<Str>, program: &Program, index: usize) -> Result<Value, Throw> {
    match program.capture(index) {
        Ok(Capture::Span(start, end)) => Ok(util::substr(st, subject, start..end)?.into()),
        Ok(Capture::Position(at)) => Ok(Value::int(at as i64)),
        Err(error) => Err(st.error(error.message())),
    }
}

/// Pushes the first `count` captures of a match, the whole match where it has none.
fn push_captures(st: &mut State, subject: Gc<Str>, program: &Program, count: usize) -> Result<(), Throw> {
    for i in 0..count {
        let value = capture(st, subject, program, i)?;
        st.push(value);
    }
    Ok(())
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
    let mut program = program(st, pattern, false)?;
    let found = search(st, subject, &mut program, from)?;
    account(st, &mut 0, &mut program)?;
    if !found {
        st.patterns.put(program);
        return Ok(Ret::One(Value::NIL));
    }
    if find && program.level() == 0 {
        let (start, end) = program.span();
        st.patterns.put(program);
        return Ok(Ret::Two(Value::int(start as i64 + 1), Value::int(end as i64)));
    }
    let count = if find {
        let (start, end) = program.span();
        st.push(Value::int(start as i64 + 1));
        st.push(Value::int(end as i64));
        program.level()
    } else {
        program.count()
    };
    push_captures(st, subject, &program, count)?;
    st.patterns.put(program);
    Ok(Ret::Top(if find { count + 2 } else { count }))
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
    Ok(Ret::Two(
        Value::int((from + at) as i64 + 1),
        Value::int(end as i64),
    ))
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
    let Some(iterator) = st.running_native() else {
        return Ok(Ret::None);
    };
    let &[subject, pattern, from, last] = iterator.upvalues(&st.heap) else {
        return Ok(Ret::None);
    };
    let (Some(subject), Some(pattern)) = (subject.as_str(), pattern.as_str()) else {
        return Ok(Ret::None);
    };
    let (Some(mut from), Some(last)) = (from.as_int(), last.as_int()) else {
        return Ok(Ret::None);
    };
    let len = subject.len(&st.heap);
    let mut program = program(st, pattern, true)?;
    let mut work = 0;
    while from as usize <= len {
        let found = search(st, subject, &mut program, from as usize)?;
        account(st, &mut work, &mut program)?;
        if !found {
            break;
        }
        let (start, end) = program.span();
        if end as i64 == last {
            from = start as i64 + 1;
            continue;
        }
        iterator.set_upvalue(&mut st.heap, 2, Value::int(end as i64));
        iterator.set_upvalue(&mut st.heap, 3, Value::int(end as i64));
        let count = program.count();
        push_captures(st, subject, &program, count)?;
        st.patterns.put(program);
        return Ok(Ret::Top(count));
    }
    st.patterns.put(program);
    iterator.set_upvalue(&mut st.heap, 2, Value::int(len as i64 + 1));
    Ok(Ret::None)
}

/// One `gsub` in progress. Subject, pattern and replacement stay in the argument slots.
struct Substitution {
    subject: Gc<Str>,
    program: Box<Program>,
    out: Vec<u8>,
    changed: bool,
    work: u64,
    /// The replacement is a string without `%`.
    verbatim: bool,
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
    let verbatim = st
        .arg(3)
        .as_str()
        .is_some_and(|text| find_byte(text.bytes(&st.heap), b'%').is_none());
    let program = program(st, pattern, false)?;
    let out = util::scratch(st);
    let mut job = Substitution {
        subject,
        program,
        out,
        changed: false,
        work: 0,
        verbatim,
    };
    let count = job.run(st, limit)?;
    let result = if job.changed {
        st.new_str(&job.out)?.into()
    } else {
        st.arg(1)
    };
    util::give_back(st, job.out);
    st.patterns.put(job.program);
    Ok(Ret::Two(result, Value::int(count)))
}

impl Substitution {
    /// Builds the result, with at most `limit` replacements; yields how many there are.
    fn run(&mut self, st: &mut State, limit: i64) -> Result<i64, Throw> {
        let len = self.subject.len(&st.heap);
        let mut count = 0;
        let mut at = 0;
        let mut last = usize::MAX;
        while count < limit {
            if !search(st, self.subject, &mut self.program, at)? {
                break;
            }
            account(st, &mut self.work, &mut self.program)?;
            let (start, end) = self.program.span();
            self.copy(st, at, start)?;
            if end != last {
                count += 1;
                self.add(st)?;
                (at, last) = (end, end);
            } else if start < len {
                self.copy(st, start, start + 1)?;
                at = start + 1;
            } else {
                at = start;
                break;
            }
            if self.program.is_anchored() {
                break;
            }
        }
        account(st, &mut self.work, &mut self.program)?;
        self.copy(st, at, len)?;
        Ok(count)
    }

    /// Appends the bytes `start..end` of the subject.
    #[inline]
    fn copy(&mut self, st: &mut State, start: usize, end: usize) -> Result<(), Throw> {
        util::grow(st, &mut self.out, end - start)?;
        self.out
            .extend_from_slice(&self.subject.bytes(&st.heap)[start..end]);
        Ok(())
    }

    /// Appends the match itself.
    fn copy_match(&mut self, st: &mut State) -> Result<(), Throw> {
        let (start, end) = self.program.span();
        self.copy(st, start, end)
    }

    /// Appends what replaces the match.
    fn add(&mut self, st: &mut State) -> Result<(), Throw> {
        let replacement = st.arg(3);
        if let Some(text) = replacement.as_str() {
            self.changed = true;
            if self.verbatim {
                util::grow(st, &mut self.out, text.len(&st.heap))?;
                self.out.extend_from_slice(text.bytes(&st.heap));
                return Ok(());
            }
            return self.add_template(st, text);
        }
        let value = if replacement.as_table().is_some() {
            let key = capture(st, self.subject, &self.program, 0)?;
            st.index(replacement, key)?
        } else if self.program.count() == 1 {
            let only = capture(st, self.subject, &self.program, 0)?;
            st.call1(replacement, &[only])?
        } else {
            self.call_with_captures(st, replacement)?
        };
        if !value.truthy() {
            return self.copy_match(st);
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

    /// What the function `replacement` says to the captures of the match.
    fn call_with_captures(&mut self, st: &mut State, replacement: Value) -> Result<Value, Throw> {
        let mut captures = [Value::NIL; MAX_CAPTURES];
        let count = self.program.count();
        for (i, slot) in captures.iter_mut().enumerate().take(count) {
            *slot = capture(st, self.subject, &self.program, i)?;
        }
        st.call1(replacement, &captures[..count])
    }

    /// Appends the replacement string `text` with its `%` items filled in.
    fn add_template(&mut self, st: &mut State, text: Gc<Str>) -> Result<(), Throw> {
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
                Some(b'0') => self.copy_match(st)?,
                Some(digit @ b'1'..=b'9') => {
                    self.add_capture(st, usize::from(digit - b'1'))?;
                }
                _ => return Err(st.error("invalid use of '%' in replacement string")),
            }
            util::grow(st, &mut self.out, len - at)?;
        }
        self.out.extend_from_slice(&text.bytes(&st.heap)[at..]);
        Ok(())
    }

    fn add_capture(&mut self, st: &mut State, index: usize) -> Result<(), Throw> {
        match self.program.capture(index) {
            Ok(Capture::Span(start, end)) => self.copy(st, start, end),
            Ok(Capture::Position(at)) => {
                number::write_int(&mut self.out, at as i64);
                Ok(())
            }
            Err(error) => Err(st.error(error.message())),
        }
    }
}
