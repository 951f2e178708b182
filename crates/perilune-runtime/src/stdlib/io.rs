//! The `io` library: opening, default files, and the functions that act on them.

use std::io;

use super::file::{self, File, Target};
use super::os::file_result;
use super::stream::Stream;
use super::{platform, util};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::{NativeFn, Ret};
use crate::object::{Table, Userdata};
use crate::state::State;
use crate::value::Value;

/// Index of the default input in the table of default files, upvalue 1 of the functions.
const INPUT: i64 = 1;
/// Index of the default output.
const OUTPUT: i64 = 2;

/// Registers the library.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let meta = file::metatable(st)?;
    let defaults = st.new_table(2, 0)?;
    let lib = st.new_table(0, 14)?;
    super::add_module(st, "io", lib)?;
    let functions: [(&'static str, NativeFn); 11] = [
        ("close", close),
        ("flush", flush),
        ("input", input),
        ("lines", lines),
        ("open", open_),
        ("output", output),
        ("popen", popen),
        ("read", read),
        ("tmpfile", tmpfile),
        ("type", type_),
        ("write", write),
    ];
    for (name, function) in functions {
        let function = st.new_native(name, function, &[defaults.into(), meta.into()])?;
        st.set_field(lib, name, function.into())?;
    }
    let standard = [
        ("stdin", Target::Stream(Box::new(Stream::stdin())), INPUT),
        ("stdout", Target::Stdout, OUTPUT),
        ("stderr", Target::Stream(Box::new(Stream::stderr())), 0),
    ];
    for (name, target, index) in standard {
        let handle = file::new_handle(st, File::standard(target), Some(meta))?;
        st.set_field(lib, name, handle.into())?;
        if index > 0 {
            util::set_int(st, defaults, index, handle.into())?;
        }
    }
    Ok(())
}

/// Whether `mode` is one that `fopen` takes.
fn is_mode(mode: &[u8]) -> bool {
    let [b'r' | b'w' | b'a', rest @ ..] = mode else {
        return false;
    };
    let rest = rest.strip_prefix(b"+").unwrap_or(rest);
    rest.iter().all(|&b| b == b'b')
}

/// The metatable of file handles, upvalue 2 of the functions.
fn file_meta(st: &State) -> Option<Gc<Table>> {
    st.upvalue(2).as_table()
}

/// A new handle for an open stream, or the results that say why there is none.
fn handle_or_reason(st: &mut State, stream: io::Result<Stream>, name: Option<&[u8]>) -> Result<Ret, Throw> {
    match stream {
        Ok(stream) => {
            let meta = file_meta(st);
            Ok(Ret::One(file::new_handle(st, File::owned(stream), meta)?.into()))
        }
        Err(error) => file_result(st, Err(error), name),
    }
}

/// Opens a file, or one that the executable holds if there is no other of that name and it is to be read.
fn open_stream(st: &State, name: &[u8], mode: &[u8]) -> std::io::Result<Stream> {
    let opened = Stream::open(name, mode);
    match &opened {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && matches!(mode, b"r" | b"rb") => {
            let content = st.image().and_then(|image| image.file(name));
            content.map_or(opened, |content| Ok(Stream::embedded(content)))
        }
        _ => opened,
    }
}

fn open_(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    let mode = util::opt_c_str(st, 2)?.unwrap_or_else(|| b"r".to_vec());
    if !is_mode(&mode) {
        return Err(st.arg_error(2, "invalid mode"));
    }
    let stream = open_stream(st, &name, &mode);
    handle_or_reason(st, stream, Some(&name))
}

fn popen(st: &mut State) -> Result<Ret, Throw> {
    let command = util::check_c_str(st, 1)?;
    let mode = util::opt_c_str(st, 2)?.unwrap_or_else(|| b"r".to_vec());
    if mode != b"r" && mode != b"w" {
        return Err(st.arg_error(2, "invalid mode"));
    }
    // The process must not see output twice, nor write before what came first.
    let _ = st.flush_stdout();
    handle_or_reason(st, Stream::process(&command, mode == b"w"), Some(&command))
}

fn tmpfile(st: &mut State) -> Result<Ret, Throw> {
    let stream = platform::temporary_file().and_then(|(name, file)| {
        std::fs::remove_file(platform::path(&name))?;
        Ok(Stream::from_file(file))
    });
    handle_or_reason(st, stream, None)
}

fn type_(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    let handle = file::as_handle(st, st.arg(1));
    match handle {
        None => Ok(Ret::One(Value::NIL)),
        Some(handle) if file::is_closed(st, handle) => util::ret_str(st, b"closed file"),
        Some(_) => util::ret_str(st, b"file"),
    }
}

/// Opens `name` or raises an error.
fn open_or_raise(st: &mut State, name: &[u8], mode: &[u8]) -> Result<Gc<Userdata>, Throw> {
    match open_stream(st, name, mode) {
        Ok(stream) => {
            let meta = file_meta(st);
            file::new_handle(st, File::owned(stream), meta)
        }
        Err(error) => {
            let reason = platform::error_text(&error);
            let message = [b"cannot open file '", name, b"' (", reason.as_bytes(), b")"].concat();
            Err(st.error(message))
        }
    }
}

/// The default file at `index`.
fn default_file(st: &State, index: i64) -> Value {
    match st.upvalue(1).as_table() {
        Some(defaults) => defaults.get_int(&st.heap, index),
        None => Value::NIL,
    }
}

/// The default file at `index`, which must be open.
fn open_default(st: &mut State, index: i64) -> Result<Gc<Userdata>, Throw> {
    match default_file(st, index).as_userdata() {
        Some(handle) if !file::is_closed(st, handle) => Ok(handle),
        _ => {
            let name = if index == INPUT { "input" } else { "output" };
            Err(st.error(format!("default {name} file is closed")))
        }
    }
}

/// Gets or sets the default file at `index`.
fn default_or_set(st: &mut State, index: i64, mode: &[u8]) -> Result<Ret, Throw> {
    let value = st.arg(1);
    if !value.is_nil() {
        let handle = if value.as_str().is_some() || value.is_number() {
            let name = util::check_c_str(st, 1)?;
            open_or_raise(st, &name, mode)?
        } else {
            file::check_open(st, 1)?
        };
        if let Some(defaults) = st.upvalue(1).as_table() {
            util::set_int(st, defaults, index, handle.into())?;
        }
    }
    Ok(Ret::One(default_file(st, index)))
}

fn input(st: &mut State) -> Result<Ret, Throw> {
    default_or_set(st, INPUT, b"r")
}

fn output(st: &mut State) -> Result<Ret, Throw> {
    default_or_set(st, OUTPUT, b"w")
}

fn close(st: &mut State) -> Result<Ret, Throw> {
    let handle = if st.arg_is_none(1) {
        match default_file(st, OUTPUT).as_userdata() {
            Some(handle) if !file::is_closed(st, handle) => handle,
            _ => return Err(st.error("attempt to use a closed file")),
        }
    } else {
        file::check_open(st, 1)?
    };
    file::close_handle(st, handle)
}

fn flush(st: &mut State) -> Result<Ret, Throw> {
    let handle = open_default(st, OUTPUT)?;
    file::flush_handle(st, handle)
}

fn read(st: &mut State) -> Result<Ret, Throw> {
    let handle = open_default(st, INPUT)?;
    file::read_formats(st, handle, 1)
}

fn write(st: &mut State) -> Result<Ret, Throw> {
    let handle = open_default(st, OUTPUT)?;
    file::write_args(st, handle, 1)
}

fn lines(st: &mut State) -> Result<Ret, Throw> {
    if st.arg(1).is_nil() {
        let handle = default_file(st, INPUT);
        match handle.as_userdata() {
            Some(handle) if !file::is_closed(st, handle) => {}
            _ => return Err(st.error("attempt to use a closed file")),
        }
        let step = file::line_iterator(st, handle, false)?;
        return Ok(Ret::One(step));
    }
    let name = util::check_c_str(st, 1)?;
    let handle: Value = open_or_raise(st, &name, b"r")?.into();
    let step = file::line_iterator(st, handle, true)?;
    for value in [step, Value::NIL, Value::NIL, handle] {
        st.push(value);
    }
    Ok(Ret::Top(4))
}
