//! The `debug` library: arguments and result tables around what the state knows of its frames.

use std::io::{BufRead, Write};

use super::util;
use crate::debug::{DebugInfo, DebugTarget};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{Table, Thread};
use crate::state::State;
use crate::value::Value;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("debug", debug),
            ("getuservalue", getuservalue),
            ("gethook", gethook),
            ("getinfo", getinfo),
            ("getlocal", getlocal),
            ("getregistry", getregistry),
            ("getmetatable", getmetatable),
            ("getupvalue", getupvalue),
            ("upvaluejoin", upvaluejoin),
            ("upvalueid", upvalueid),
            ("setuservalue", setuservalue),
            ("sethook", sethook),
            ("setlocal", setlocal),
            ("setmetatable", setmetatable),
            ("setupvalue", setupvalue),
            ("traceback", traceback),
        ],
    )?;
    super::add_module(st, "debug", lib)
}

/// The coroutine that a function is about, and how many arguments it takes to say so.
fn thread_argument(st: &State) -> (Gc<Thread>, usize) {
    match st.arg(1).as_thread() {
        Some(thread) => (thread, 1),
        None => (st.current_thread(), 0),
    }
}

/// An integer argument as C's `int`.
fn check_small(st: &mut State, i: usize) -> Result<i64, Throw> {
    Ok(i64::from(st.check_int(i)? as i32))
}

fn getregistry(st: &mut State) -> Result<Ret, Throw> {
    Ok(Ret::One(st.registry().into()))
}

fn getmetatable(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    let meta = st.metatable_of(st.arg(1));
    Ok(Ret::One(meta.map_or(Value::NIL, Value::from)))
}

fn setmetatable(st: &mut State) -> Result<Ret, Throw> {
    let meta = st.arg(2);
    if st.arg_is_none(2) || !(meta.is_nil() || meta.as_table().is_some()) {
        return Err(st.type_error(2, "nil or table"));
    }
    let value = st.arg(1);
    st.set_metatable(value, meta.as_table())?;
    Ok(Ret::One(value))
}

fn getuservalue(st: &mut State) -> Result<Ret, Throw> {
    let n = st.opt_int(2, 1)?;
    let Some(userdata) = st.arg(1).as_userdata() else {
        return Ok(Ret::One(Value::NIL));
    };
    let index = usize::try_from(n).unwrap_or(0);
    if index < 1 || index > userdata.user_value_count(&st.heap) {
        return Ok(Ret::One(Value::NIL));
    }
    let value = userdata.user_value(&st.heap, index);
    st.push(value);
    st.push(Value::TRUE);
    Ok(Ret::Top(2))
}

fn setuservalue(st: &mut State) -> Result<Ret, Throw> {
    let n = st.opt_int(3, 1)?;
    let Some(userdata) = st.arg(1).as_userdata() else {
        return Err(st.type_error(1, "userdata"));
    };
    st.check_any(2)?;
    let value = st.arg(2);
    let index = usize::try_from(n).unwrap_or(0);
    let done = userdata.set_user_value(&mut st.heap, index, value);
    Ok(Ret::One(if done { userdata.into() } else { Value::NIL }))
}

fn getinfo(st: &mut State) -> Result<Ret, Throw> {
    let (thread, skip) = thread_argument(st);
    let options = util::opt_c_str(st, skip + 2)?.unwrap_or_else(|| b"flnSrtu".to_vec());
    if options.first() == Some(&b'>') {
        return Err(st.arg_error(skip + 2, "invalid option '>'"));
    }
    let subject = st.arg(skip + 1);
    let target = if subject.is_function() {
        DebugTarget::Function(subject)
    } else {
        let level = check_small(st, skip + 1)?;
        match st.debug_frame(thread, level) {
            Some(frame) => DebugTarget::Frame(thread, frame),
            None => return Ok(Ret::One(Value::NIL)),
        }
    };
    if !options.iter().all(|option| b"SlnrutLf".contains(option)) {
        return Err(st.arg_error(skip + 2, "invalid option"));
    }
    let info = st.debug_info(target);
    st.push(info.func);
    let table = st.new_table(0, 16)?;
    st.push(table.into());
    for option in options {
        add_info(st, table, option, &info)?;
    }
    Ok(Ret::Top(1))
}

/// Sets the fields that `option` asks for.
fn add_info(st: &mut State, table: Gc<Table>, option: u8, info: &DebugInfo) -> Result<(), Throw> {
    match option {
        b'S' => {
            util::set_text(st, table, "source", &info.source)?;
            util::set_text(st, table, "short_src", &info.short_src)?;
            util::set_text(st, table, "what", info.what.as_bytes())?;
            st.set_field(table, "linedefined", Value::int(info.linedefined))?;
            st.set_field(table, "lastlinedefined", Value::int(info.lastlinedefined))
        }
        b'l' => st.set_field(table, "currentline", Value::int(info.currentline)),
        b'u' => {
            st.set_field(table, "nups", Value::int(info.nups))?;
            st.set_field(table, "nparams", Value::int(info.nparams))?;
            st.set_field(table, "isvararg", Value::bool(info.isvararg))
        }
        b'n' => {
            if let Some(name) = &info.name {
                util::set_text(st, table, "name", name)?;
            }
            util::set_text(st, table, "namewhat", info.namewhat.as_bytes())
        }
        b'r' => {
            st.set_field(table, "ftransfer", Value::int(info.ftransfer))?;
            st.set_field(table, "ntransfer", Value::int(info.ntransfer))
        }
        b't' => {
            st.set_field(table, "istailcall", Value::bool(info.istailcall))?;
            st.set_field(table, "extraargs", Value::int(info.extraargs))
        }
        b'f' => st.set_field(table, "func", info.func),
        _ => add_active_lines(st, table, info),
    }
}

fn add_active_lines(st: &mut State, table: Gc<Table>, info: &DebugInfo) -> Result<(), Throw> {
    let Some(active) = &info.activelines else {
        return Ok(());
    };
    let lines = st.new_table(0, active.len())?;
    st.set_field(table, "activelines", lines.into())?;
    for &line in active {
        util::set_int(st, lines, line, Value::TRUE)?;
    }
    Ok(())
}

/// Pushes a name and a value in that order.
fn name_and_value(st: &mut State, name: &[u8], value: Value) -> Result<Ret, Throw> {
    let name = st.new_str(name)?;
    st.push(name.into());
    st.push(value);
    Ok(Ret::Top(2))
}

/// A name as a result; nil when there is none.
fn ret_name(st: &mut State, name: Option<Vec<u8>>) -> Result<Ret, Throw> {
    match name {
        Some(name) => util::ret_str(st, &name),
        None => Ok(Ret::One(Value::NIL)),
    }
}

fn getlocal(st: &mut State) -> Result<Ret, Throw> {
    let (thread, skip) = thread_argument(st);
    let n = check_small(st, skip + 2)?;
    let subject = st.arg(skip + 1);
    if subject.is_function() {
        let name = subject.as_closure().and_then(|closure| st.param_name(closure, n));
        return ret_name(st, name);
    }
    let level = check_small(st, skip + 1)?;
    let Some(frame) = st.debug_frame(thread, level) else {
        return Err(st.arg_error(skip + 1, "level out of range"));
    };
    match st.local_get(thread, frame, n) {
        Some((name, value)) => name_and_value(st, &name, value),
        None => Ok(Ret::One(Value::NIL)),
    }
}

fn setlocal(st: &mut State) -> Result<Ret, Throw> {
    let (thread, skip) = thread_argument(st);
    let level = check_small(st, skip + 1)?;
    let n = check_small(st, skip + 2)?;
    let Some(frame) = st.debug_frame(thread, level) else {
        return Err(st.arg_error(skip + 1, "level out of range"));
    };
    st.check_any(skip + 3)?;
    let value = st.arg(skip + 3);
    let name = st.local_set(thread, frame, n, value);
    ret_name(st, name)
}

fn getupvalue(st: &mut State) -> Result<Ret, Throw> {
    let n = check_small(st, 2)?;
    let function = st.check_function(1)?;
    match st.upvalue_get(function, n) {
        Some((name, value)) => name_and_value(st, &name, value),
        None => Ok(Ret::None),
    }
}

fn setupvalue(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(3)?;
    let n = check_small(st, 2)?;
    let function = st.check_function(1)?;
    let value = st.arg(3);
    match st.upvalue_set(function, n, value) {
        Some(name) => util::ret_str(st, &name),
        None => Ok(Ret::None),
    }
}

fn upvalueid(st: &mut State) -> Result<Ret, Throw> {
    let n = check_small(st, 2)?;
    let function = st.check_function(1)?;
    let id = st.upvalue_id(function, n);
    Ok(Ret::One(id.map_or(Value::NIL, Value::light)))
}

/// The index of an upvalue, which must exist, of the function in argument `at`.
fn check_upvalue(st: &mut State, at: usize) -> Result<i64, Throw> {
    let n = check_small(st, at + 1)?;
    let function = st.check_function(at)?;
    if st.upvalue_id(function, n).is_none() {
        return Err(st.arg_error(at + 1, "invalid upvalue index"));
    }
    Ok(n)
}

fn upvaluejoin(st: &mut State) -> Result<Ret, Throw> {
    let n1 = check_upvalue(st, 1)?;
    let n2 = check_upvalue(st, 3)?;
    let Some(f1) = st.arg(1).as_closure() else {
        return Err(st.arg_error(1, "Lua function expected"));
    };
    let Some(f2) = st.arg(3).as_closure() else {
        return Err(st.arg_error(3, "Lua function expected"));
    };
    st.upvalue_join(f1, n1, f2, n2);
    Ok(Ret::None)
}

/// registry._HOOKKEY, which programs look for: a weak table of the hooks of all coroutines.
fn hook_table(st: &mut State) -> Result<Gc<Table>, Throw> {
    const KEY: &str = "_HOOKKEY";
    let registry = st.registry();
    if let Some(table) = st.get_field(registry, KEY)?.as_table() {
        return Ok(table);
    }
    let table = st.new_table(0, 1)?;
    st.set_field(registry, KEY, table.into())?;
    util::set_text(st, table, "__mode", b"k")?;
    st.set_metatable(table.into(), Some(table))?;
    Ok(table)
}

fn sethook(st: &mut State) -> Result<Ret, Throw> {
    let (thread, skip) = thread_argument(st);
    let hook = st.arg(skip + 1);
    let mut mask = Vec::new();
    let mut count = 0;
    if !hook.is_nil() {
        mask = util::check_c_str(st, skip + 2)?;
        st.check_function(skip + 1)?;
        count = i64::from(st.opt_int(skip + 3, 0)? as i32).max(0);
    }
    let has = |event: u8| mask.contains(&event);
    let active = has(b'c') || has(b'r') || has(b'l') || count > 0;
    let table = hook_table(st)?;
    st.raw_set(table, thread.into(), hook)?;
    let hook = if active { hook } else { Value::NIL };
    st.hook_set(thread, hook, has(b'c'), has(b'r'), has(b'l'), count);
    Ok(Ret::None)
}

fn gethook(st: &mut State) -> Result<Ret, Throw> {
    let (thread, _) = thread_argument(st);
    let Some((hook, mask, count)) = st.hook_get(thread) else {
        return Ok(Ret::One(Value::NIL));
    };
    st.push(hook);
    let mask = st.new_str(mask.as_bytes())?;
    st.push(mask.into());
    st.push(Value::int(count));
    Ok(Ret::Top(3))
}

fn debug(st: &mut State) -> Result<Ret, Throw> {
    loop {
        // A failing terminal only hides the prompt.
        let _ = st.flush_stdout();
        let _ = std::io::stderr().lock().write_all(b"lua_debug> ");
        let mut line = Vec::new();
        let read = std::io::stdin().lock().read_until(b'\n', &mut line);
        if read.is_err() || line.is_empty() || line == b"cont\n" {
            return Ok(Ret::None);
        }
        let outcome = match st.load(line, b"=(debug command)", b"bt", None)? {
            Ok(chunk) => st.protected_call(chunk, &[])?.map(|_| ()),
            Err(message) => Err(message),
        };
        if let Err(message) = outcome {
            st.push(message);
            let text = st.tostring(message)?;
            let mut text = text.bytes(&st.heap).to_vec();
            text.push(b'\n');
            let _ = st.flush_stdout();
            let _ = std::io::stderr().lock().write_all(&text);
        }
        st.set_top(0);
    }
}

/// What a byte of a traceback counts as, in instructions: names of functions are looked for in all modules.
const TRACEBACK_COST: u64 = 16;

fn traceback(st: &mut State) -> Result<Ret, Throw> {
    let (thread, skip) = thread_argument(st);
    let message = st.arg(skip + 1);
    if !message.is_text() && !message.is_nil() {
        return Ok(Ret::One(message));
    }
    let own = thread == st.current_thread();
    let level = st.opt_int(skip + 2, i64::from(own))?;
    let message = if message.is_text() {
        Some(util::check_c_str(st, skip + 1)?)
    } else {
        None
    };
    let text = st.traceback(thread, message.as_deref(), i64::from(level as i32));
    st.tick(text.len() as u64 * TRACEBACK_COST)?;
    util::ret_str(st, &text)
}
