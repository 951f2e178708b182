//! The `os` library.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use super::platform::{self, Ending};
use super::time::{self, Broken};
use super::util;
use crate::error::Throw;
use crate::native::Ret;
use crate::state::State;
use crate::value::Value;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(
        st,
        &[
            ("clock", clock),
            ("date", date),
            ("difftime", difftime),
            ("execute", execute),
            ("exit", exit),
            ("getenv", getenv),
            ("remove", remove),
            ("rename", rename),
            ("setlocale", setlocale),
            ("time", time),
            ("tmpname", tmpname),
        ],
    )?;
    super::add_module(st, "os", lib)
}

/// What a file operation returns: true, or nil with the reason and its number.
pub fn file_result(st: &mut State, outcome: io::Result<()>, name: Option<&[u8]>) -> Result<Ret, Throw> {
    let Err(error) = outcome else {
        return Ok(Ret::One(Value::TRUE));
    };
    let mut message = Vec::new();
    if let Some(name) = name {
        message.extend_from_slice(name);
        message.extend_from_slice(b": ");
    }
    message.extend_from_slice(platform::error_text(&error).as_bytes());
    let message = st.new_str(&message)?;
    st.push(Value::NIL);
    st.push(message.into());
    st.push(Value::int(platform::error_number(&error)));
    Ok(Ret::Top(3))
}

/// What the end of a process returns: whether it went well, "exit" or "signal", and the number.
pub fn process_result(st: &mut State, ending: Ending) -> Result<Ret, Throw> {
    let (what, number) = match ending {
        Ending::Exit(code) => ("exit", code),
        Ending::Signal(signal) => ("signal", signal),
    };
    let success = matches!(ending, Ending::Exit(0));
    let what = st.new_str(what.as_bytes())?;
    st.push(if success { Value::TRUE } else { Value::NIL });
    st.push(what.into());
    st.push(Value::int(i64::from(number)));
    Ok(Ret::Top(3))
}

fn clock(st: &mut State) -> Result<Ret, Throw> {
    let _ = st;
    Ok(Ret::One(Value::float(platform::cpu_seconds())))
}

fn execute(st: &mut State) -> Result<Ret, Throw> {
    let Some(command) = util::opt_c_str(st, 1)? else {
        return Ok(Ret::One(Value::bool(platform::has_shell())));
    };
    // The command's own output must come after what the program wrote before.
    let _ = st.flush_stdout();
    match platform::shell(&command).status() {
        Ok(status) => process_result(st, platform::ending(status)),
        Err(error) => file_result(st, Err(error), None),
    }
}

fn exit(st: &mut State) -> Result<Ret, Throw> {
    let status = st.arg(1);
    let code = if status.raw_equals(Value::TRUE, &st.heap) {
        0
    } else if status.raw_equals(Value::FALSE, &st.heap) {
        1
    } else {
        st.opt_int(1, 0)? as i32
    };
    let close = st.arg(2).truthy();
    Err(st.exit(code, close))
}

fn getenv(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    match platform::env(&name) {
        Some(value) => util::ret_str(st, &value),
        None => Ok(Ret::One(Value::NIL)),
    }
}

fn remove(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    let outcome = platform::remove(&name);
    file_result(st, outcome, Some(&name))
}

fn rename(st: &mut State) -> Result<Ret, Throw> {
    let from = util::check_c_str(st, 1)?;
    let to = util::check_c_str(st, 2)?;
    let outcome = std::fs::rename(platform::path(&from), platform::path(&to));
    file_result(st, outcome, None)
}

fn tmpname(st: &mut State) -> Result<Ret, Throw> {
    match platform::temporary_file() {
        Ok((name, _)) => util::ret_str(st, &name),
        Err(_) => Err(st.error("unable to generate a unique filename")),
    }
}

fn setlocale(st: &mut State) -> Result<Ret, Throw> {
    const CATEGORIES: [&str; 6] = ["all", "collate", "ctype", "monetary", "numeric", "time"];
    let locale = util::opt_c_str(st, 1)?;
    st.check_option(2, Some("all"), &CATEGORIES)?;
    match locale.as_deref() {
        None | Some(b"" | b"C" | b"POSIX") => util::ret_str(st, b"C"),
        Some(_) => Ok(Ret::One(Value::NIL)),
    }
}

/// Seconds since the epoch, now.
fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs() as i64,
        Err(before) => -(before.duration().as_secs() as i64),
    }
}

fn difftime(st: &mut State) -> Result<Ret, Throw> {
    let a = st.check_int(1)?;
    let b = st.check_int(2)?;
    let difference = i128::from(a) - i128::from(b);
    Ok(Ret::One(Value::float(difference as f64)))
}

fn date(st: &mut State) -> Result<Ret, Throw> {
    let format = match st.opt_str(1)? {
        Some(format) => format.bytes(&st.heap).to_vec(),
        None => b"%c".to_vec(),
    };
    let seconds = if st.arg(2).is_nil() {
        now()
    } else {
        st.check_int(2)?
    };
    let (format, when) = match format.strip_prefix(b"!") {
        Some(rest) => (rest, time::utc(seconds)),
        None => (&format[..], time::local(seconds)),
    };
    let Some(when) = when else {
        return Err(st.error("date result cannot be represented in this installation"));
    };
    if util::c_str(format) == b"*t" {
        let table = st.new_table(0, 9)?;
        st.push(table.into());
        set_fields(st, table.into(), &when)?;
        return Ok(Ret::Top(1));
    }
    let mut out = Vec::new();
    let mut rest = format;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            out.push(first);
            continue;
        }
        let Some(len) = time::conversion_len(rest) else {
            let message = [b"invalid conversion specifier '%", util::c_str(rest), b"'"].concat();
            return Err(st.arg_error(1, message));
        };
        when.format(&mut out, rest[len - 1]);
        rest = &rest[len..];
    }
    util::ret_str(st, &out)
}

/// Sets the fields of the date table `table`, which must be rooted.
fn set_fields(st: &mut State, table: Value, when: &Broken) -> Result<(), Throw> {
    let fields = [
        ("year", when.year),
        ("month", when.month + 1),
        ("day", when.day),
        ("hour", when.hour),
        ("min", when.min),
        ("sec", when.sec),
        ("yday", when.yearday + 1),
        ("wday", when.weekday + 1),
    ];
    for (name, value) in fields {
        let key = st.new_str(name.as_bytes())?;
        st.set_index(table, key.into(), Value::int(value))?;
    }
    let key = st.new_str(b"isdst")?;
    st.set_index(table, key.into(), Value::bool(when.dst))
}

/// Field `name` of the date table in argument 1, less `delta`.
fn field(st: &mut State, name: &str, default: Option<i64>, delta: i64) -> Result<i64, Throw> {
    let table = st.arg(1);
    let key = st.new_str(name.as_bytes())?;
    let value = st.index(table, key.into())?;
    let Some(number) = value.to_integer(&st.heap) else {
        if !value.is_nil() {
            return Err(st.error(format!("field '{name}' is not an integer")));
        }
        return match default {
            Some(default) => Ok(default),
            None => Err(st.error(format!("field '{name}' missing in date table"))),
        };
    };
    let fits = if number >= 0 {
        number - delta <= i64::from(i32::MAX)
    } else {
        i64::from(i32::MIN) + delta <= number
    };
    if !fits {
        return Err(st.error(format!("field '{name}' is out-of-bound")));
    }
    Ok(number - delta)
}

fn time(st: &mut State) -> Result<Ret, Throw> {
    if st.arg(1).is_nil() {
        return Ok(Ret::One(Value::int(now())));
    }
    st.check_table(1)?;
    let mut when = Broken {
        year: field(st, "year", None, 1900)? + 1900,
        month: field(st, "month", None, 1)?,
        day: field(st, "day", None, 0)?,
        hour: field(st, "hour", Some(12), 0)?,
        min: field(st, "min", Some(0), 0)?,
        sec: field(st, "sec", Some(0), 0)?,
        weekday: 0,
        yearday: 0,
        dst: false,
        offset: 0,
        zone: String::new(),
    };
    let table = st.arg(1);
    let key = st.new_str(b"isdst")?;
    let dst = st.index(table, key.into())?;
    let dst = if dst.is_nil() { None } else { Some(dst.truthy()) };
    let seconds = match time::from_local(&when, dst) {
        Some((seconds, normal)) => {
            when = normal;
            seconds
        }
        None => -1,
    };
    set_fields(st, table, &when)?;
    if seconds == -1 {
        return Err(st.error("time result cannot be represented in this installation"));
    }
    Ok(Ret::One(Value::int(seconds)))
}
