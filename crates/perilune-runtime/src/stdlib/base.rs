//! The basic functions, but for those that transfer control (`pcall`, `pairs`, `dofile`, ...).

use std::io::Read;

use perilune_syntax::number;

use super::util;
use crate::error::Throw;
use crate::heap::{Event, GcOp, GcParam};
use crate::native::Ret;
use crate::state::State;
use crate::value::{Kind, Value};

/// Registers the functions as globals.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let globals = st.globals();
    st.register(
        globals,
        &[
            ("assert", assert),
            ("collectgarbage", collectgarbage),
            ("error", error),
            ("getmetatable", getmetatable),
            ("load", load),
            ("loadfile", loadfile),
            ("next", next),
            ("print", print),
            ("rawequal", rawequal),
            ("rawget", rawget),
            ("rawlen", rawlen),
            ("rawset", rawset),
            ("select", select),
            ("setmetatable", setmetatable),
            ("tonumber", tonumber),
            ("tostring", tostring),
            ("warn", warn),
        ],
    )?;
    let step = st.new_native("for iterator", ipairs_next, &[])?;
    let ipairs = st.new_native("ipairs", ipairs, &[step.into()])?;
    st.set_field(globals, "ipairs", ipairs.into())?;
    util::set_with_names(st, globals, "type", type_, &TYPE_NAMES)?;
    st.set_field(globals, "_G", globals.into())?;
    util::set_text(st, globals, "_VERSION", b"Lua 5.5")
}

fn print(st: &mut State) -> Result<Ret, Throw> {
    // The reference implementation ignores write errors here as well.
    for i in 1..=st.nargs() {
        let mut value = st.arg(i);
        if !value.is_text() {
            value = st.tostring(value)?.into();
        }
        if i > 1 {
            let _ = st.write_stdout(b"\t");
        }
        let _ = util::write_text(st, value);
    }
    let _ = st.write_stdout(b"\n");
    // As PUC's: whoever reads the other end of a pipe sees each line at once.
    let _ = st.flush_stdout();
    Ok(Ret::None)
}

fn warn(st: &mut State) -> Result<Ret, Throw> {
    st.check_str(1)?;
    let count = st.nargs();
    for i in 2..=count {
        st.check_str(i)?;
    }
    for i in 1..=count {
        let text = st.check_str(i)?;
        let text = text.bytes(&st.heap).to_vec();
        st.warn(&text, i < count)?;
    }
    Ok(Ret::None)
}

/// `text` as an integer in `base`.
fn parse_in_base(text: &[u8], base: i64) -> Option<i64> {
    let is_space = |b: &u8| number::is_space(*b);
    let start = text.iter().position(|b| !is_space(b))?;
    let end = text.iter().rposition(|b| !is_space(b))? + 1;
    let (negative, digits) = match &text[start..end] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i64;
    for &digit in digits {
        let digit = (digit as char)
            .to_digit(36)
            .map(i64::from)
            .filter(|&d| d < base)?;
        value = value.wrapping_mul(base).wrapping_add(digit);
    }
    Some(if negative { value.wrapping_neg() } else { value })
}

fn tonumber(st: &mut State) -> Result<Ret, Throw> {
    if st.arg(2).is_nil() {
        let value = st.arg(1);
        if value.is_number() {
            return Ok(Ret::One(value));
        }
        if let Some(text) = value.as_str() {
            return Ok(Ret::One(match number::str_to_number(text.bytes(&st.heap)) {
                Some(number::Num::Int(n)) => Value::int(n),
                Some(number::Num::Float(x)) => Value::float(x),
                None => Value::NIL,
            }));
        }
        st.check_any(1)?;
        return Ok(Ret::One(Value::NIL));
    }
    let base = st.check_int(2)?;
    st.check_type(1, "string")?;
    if !(2..=36).contains(&base) {
        return Err(st.arg_error(2, "base out of range"));
    }
    let text = st.check_str(1)?;
    let parsed = parse_in_base(text.bytes(&st.heap), base);
    Ok(Ret::One(parsed.map_or(Value::NIL, Value::int)))
}

/// Raises `value`, a string with the position of `level` in front.
fn raise(st: &mut State, value: Value, level: i64) -> Throw {
    match value.as_str() {
        Some(text) if level > 0 => st.error_string_at(level, text),
        Some(_) | None => st.error_value(value),
    }
}

fn error(st: &mut State) -> Result<Ret, Throw> {
    let level = st.opt_int(2, 1)?;
    let value = st.arg(1);
    Err(raise(st, value, i64::from(level as i32)))
}

fn assert(st: &mut State) -> Result<Ret, Throw> {
    if st.arg(1).truthy() {
        return Ok(Ret::Top(st.nargs()));
    }
    st.check_any(1)?;
    let message = if st.nargs() >= 2 {
        st.arg(2)
    } else {
        st.new_str(b"assertion failed!")?.into()
    };
    Err(raise(st, message, 1))
}

fn getmetatable(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    let value = st.arg(1);
    let Some(meta) = st.metatable_of(value) else {
        return Ok(Ret::One(Value::NIL));
    };
    let shown = st.heap.event_of(meta, Event::Metatable);
    Ok(Ret::One(if shown.is_nil() { meta.into() } else { shown }))
}

fn setmetatable(st: &mut State) -> Result<Ret, Throw> {
    let table = st.check_table(1)?;
    let meta = st.arg(2);
    if st.arg_is_none(2) || !(meta.is_nil() || meta.as_table().is_some()) {
        return Err(st.type_error(2, "nil or table"));
    }
    if let Some(old) = table.metatable(&st.heap)
        && !st.heap.event_of(old, Event::Metatable).is_nil()
    {
        return Err(st.error("cannot change a protected metatable"));
    }
    st.set_metatable(table.into(), meta.as_table())?;
    Ok(Ret::One(st.arg(1)))
}

fn rawequal(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    st.check_any(2)?;
    Ok(Ret::One(Value::bool(st.arg(1).raw_equals(st.arg(2), &st.heap))))
}

fn rawlen(st: &mut State) -> Result<Ret, Throw> {
    let length = match st.arg(1).unpack() {
        Kind::Table(table) => table.len(&st.heap),
        Kind::Str(text) => text.len(&st.heap) as i64,
        _ => return Err(st.type_error(1, "table or string")),
    };
    Ok(Ret::One(Value::int(length)))
}

fn rawget(st: &mut State) -> Result<Ret, Throw> {
    let table = st.check_table(1)?;
    st.check_any(2)?;
    Ok(Ret::One(table.get(&st.heap, st.arg(2))))
}

fn rawset(st: &mut State) -> Result<Ret, Throw> {
    let table = st.check_table(1)?;
    st.check_any(2)?;
    st.check_any(3)?;
    let (key, value) = (st.arg(2), st.arg(3));
    st.raw_set(table, key, value)?;
    Ok(Ret::One(st.arg(1)))
}

fn collectgarbage(st: &mut State) -> Result<Ret, Throw> {
    const OPTIONS: [&str; 9] = [
        "stop",
        "restart",
        "collect",
        "count",
        "step",
        "isrunning",
        "generational",
        "incremental",
        "param",
    ];
    let option = OPTIONS[st.check_option(1, Some("collect"), &OPTIONS)?];
    let op = match option {
        "stop" => GcOp::Stop,
        "restart" => GcOp::Restart,
        "count" => GcOp::Count,
        "step" => GcOp::Step(usize::try_from(st.opt_int(2, 0)?).unwrap_or(usize::MAX)),
        "isrunning" => GcOp::IsRunning,
        "generational" => GcOp::Generational,
        "incremental" => GcOp::Incremental,
        "param" => gc_param(st)?,
        _ => GcOp::Collect,
    };
    let Some(answer) = st.gc_control(op)? else {
        return Ok(Ret::One(Value::NIL));
    };
    Ok(Ret::One(match option {
        "count" => Value::float(answer),
        "step" | "isrunning" => Value::bool(answer != 0.0),
        "generational" | "incremental" => {
            let mode: &[u8] = if answer == 0.0 {
                b"incremental"
            } else {
                b"generational"
            };
            return util::ret_str(st, mode);
        }
        _ => Value::int(answer as i64),
    }))
}

fn gc_param(st: &mut State) -> Result<GcOp, Throw> {
    const PARAMS: [(&str, GcParam); 6] = [
        ("minormul", GcParam::MinorMul),
        ("majorminor", GcParam::MajorMinor),
        ("minormajor", GcParam::MinorMajor),
        ("pause", GcParam::Pause),
        ("stepmul", GcParam::StepMul),
        ("stepsize", GcParam::StepSize),
    ];
    let names = PARAMS.each_ref().map(|&(name, _)| name);
    let index = st.check_option(2, None, &names)?;
    let value = i64::from(st.opt_int(3, -1)? as i32);
    Ok(GcOp::Param(PARAMS[index].1, (value >= 0).then_some(value)))
}

/// The names of the types, in the order of `type`'s upvalues.
const TYPE_NAMES: [&str; 8] = [
    "nil", "boolean", "number", "string", "table", "function", "userdata", "thread",
];

/// Its upvalues are the names of the types.
fn type_(st: &mut State) -> Result<Ret, Throw> {
    if st.arg_is_none(1) {
        return Err(st.arg_error(1, "value expected"));
    }
    let name = match st.arg(1).unpack() {
        Kind::Nil => 1,
        Kind::Bool(_) => 2,
        Kind::Int(_) | Kind::Float(_) => 3,
        Kind::Str(_) => 4,
        Kind::Table(_) => 5,
        Kind::Closure(_) | Kind::Native(_) => 6,
        Kind::Light(_) | Kind::Userdata(_) => 7,
        Kind::Thread(_) => 8,
    };
    Ok(Ret::One(st.upvalue(name)))
}

/// next
pub fn next(st: &mut State) -> Result<Ret, Throw> {
    let table = st.check_table(1)?;
    let key = st.arg(2);
    match table.next(&st.heap, key) {
        Ok(Some((key, value))) => Ok(Ret::Two(key, value)),
        Ok(None) => Ok(Ret::One(Value::NIL)),
        Err(_) => {
            let message = st.new_str(b"invalid key to 'next'")?;
            Err(st.error_value(message.into()))
        }
    }
}

/// The iterator that `ipairs` yields.
pub fn ipairs_next(st: &mut State) -> Result<Ret, Throw> {
    let i = st.check_int(2)?.wrapping_add(1);
    let list = st.arg(1);
    let value = match list.as_table() {
        Some(table) if table.metatable(&st.heap).is_none() => table.get_int(&st.heap, i),
        _ => st.index(list, Value::int(i))?,
    };
    if value.is_nil() {
        return Ok(Ret::One(Value::NIL));
    }
    Ok(Ret::Two(Value::int(i), value))
}

/// Its upvalue is the iterator.
fn ipairs(st: &mut State) -> Result<Ret, Throw> {
    let list = st.check_any(1)?;
    let step = st.upvalue(1);
    st.push(step);
    st.push(list);
    st.push(Value::int(0));
    Ok(Ret::Top(3))
}

fn select(st: &mut State) -> Result<Ret, Throw> {
    let count = st.nargs() as i64;
    if let Some(text) = st.arg(1).as_str()
        && text.bytes(&st.heap).first() == Some(&b'#')
    {
        return Ok(Ret::One(Value::int(count - 1)));
    }
    let index = st.check_int(1)?;
    let index = if index < 0 {
        count + index
    } else {
        index.min(count)
    };
    if index < 1 {
        return Err(st.arg_error(1, "index out of range"));
    }
    Ok(Ret::Top((count - index) as usize))
}

fn tostring(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    let value = st.arg(1);
    Ok(Ret::One(st.tostring(value)?.into()))
}

/// The mode argument `i` of the loading functions.
fn load_mode(st: &mut State, i: usize) -> Result<Vec<u8>, Throw> {
    let mode = util::opt_c_str(st, i)?.unwrap_or_else(|| b"bt".to_vec());
    if mode.contains(&b'B') {
        return Err(st.arg_error(i, "invalid mode"));
    }
    Ok(mode)
}

/// What the loading functions return: the function, or nil and the message.
fn loaded(st: &mut State, outcome: Result<Value, Value>) -> Ret {
    match outcome {
        Ok(function) => Ret::One(function),
        Err(message) => {
            st.push(Value::NIL);
            st.push(message);
            Ret::Top(2)
        }
    }
}

fn load(st: &mut State) -> Result<Ret, Throw> {
    let mode = load_mode(st, 3)?;
    let env = (!st.arg_is_none(4)).then_some(4);
    let chunk = st.arg(1);
    let is_text = chunk.is_text();
    let outcome = if is_text {
        let text = st.check_str(1)?;
        let name = match util::opt_c_str(st, 2)? {
            Some(name) => name,
            None => util::c_str(text.bytes(&st.heap)).to_vec(),
        };
        st.reserve(text.len(&st.heap))?;
        let env = env.map(|i| st.arg(i));
        st.load_str(text, &name, &mode, env)?
    } else {
        let name = util::opt_c_str(st, 2)?.unwrap_or_else(|| b"=(load)".to_vec());
        st.check_function(1)?;
        st.load_pieces(read_piece, &name, &mode, env)?
    };
    Ok(loaded(st, outcome))
}

/// Appends what the reader function in argument 1 yields next.
fn read_piece(st: &mut State, source: &mut Vec<u8>) -> Result<(), Throw> {
    let top = st.top();
    let before = source.len();
    let reader = st.arg(1);
    st.call(reader, &[], 1)?;
    let piece = st.slot(top);
    if !piece.is_nil() && !util::append_text(st, source, piece)? {
        let mut message = st.where_(1);
        message.extend_from_slice(b"reader function must return a string");
        return Err(st.error_plain(message));
    }
    st.set_top(top);
    if u32::try_from(source.len()).is_err() {
        return Err(st.error_plain("chunk is too large"));
    }
    st.tick((source.len() - before) as u64 / 16 + 1)
}

fn loadfile(st: &mut State) -> Result<Ret, Throw> {
    let name = util::opt_c_str(st, 1)?;
    let mode = load_mode(st, 2)?;
    let env = if st.arg_is_none(3) { None } else { Some(st.arg(3)) };
    let outcome = load_file(st, name.as_deref(), &mode, env)?;
    Ok(loaded(st, outcome))
}

/// Loads the file `name`, or standard input: the function, or the message that says why not.
pub fn load_file(
    st: &mut State,
    name: Option<&[u8]>,
    mode: &[u8],
    env: Option<Value>,
) -> Result<Result<Value, Value>, Throw> {
    let mut source = Vec::new();
    let chunk_name = match name {
        Some(name) => [b"@", name].concat(),
        None => b"=stdin".to_vec(),
    };
    let outcome = match name {
        None => read_stdin(&mut source).map_err(|error| ("read", error)),
        Some(name) => std::fs::File::open(super::platform::path(name))
            .map_err(|error| ("open", error))
            .and_then(|mut file| file.read_to_end(&mut source).map_err(|error| ("read", error)))
            .or_else(|failed| match st.image().and_then(|image| image.file(name)) {
                Some(content) => std::io::Read::read_to_end(&mut &content[..], &mut source)
                    .map_err(|error| ("read", error)),
                None => Err(failed),
            }),
    };
    if let Err((what, error)) = outcome {
        let reason = super::platform::error_text(&error);
        let mut message = format!("cannot {what} ").into_bytes();
        message.extend_from_slice(&chunk_name[1..]);
        message.extend_from_slice(format!(": {reason}").as_bytes());
        return Ok(Err(st.new_str(&message)?.into()));
    }
    skip_first_comment(&mut source);
    st.reserve(source.len())?;
    st.load_cached(source, &chunk_name, mode, env)
}

fn read_stdin(source: &mut Vec<u8>) -> std::io::Result<usize> {
    std::io::stdin().lock().read_to_end(source)
}

/// Removes a byte-order mark and the text of a first line that begins with `#`.
fn skip_first_comment(source: &mut Vec<u8>) {
    if source.starts_with(b"\xEF\xBB\xBF") {
        source.drain(..3);
    }
    if source.first() != Some(&b'#') {
        return;
    }
    let line = super::bytes::find_byte(source, b'\n').unwrap_or(source.len());
    let is_binary = source.get(line + 1) == Some(&0x1B);
    source.drain(..line + usize::from(is_binary));
}
