//! File handles: their state, their methods, and reading and writing by formats.

use std::io::{self, IsTerminal, SeekFrom};

use perilune_syntax::number;

use super::os::{file_result, process_result};
use super::stream::{Buffering, Stream};
use super::{platform, util};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{Table, Userdata};
use crate::state::State;
use crate::value::Value;

/// Most formats that `lines` takes.
const MAX_FORMATS: usize = 250;
/// Longest numeral that is read.
const MAX_NUMERAL: usize = 200;
/// How much room is made before a stream hands over what it has.
const CHUNK: usize = 1 << 14;
/// How much is asked for at a time when everything is wanted; more, the more there was.
const BLOCK: usize = 1 << 16;
/// The registry's key of the metatable, and the name of its type.
const TYPE_NAME: &str = "FILE*";

/// What a file handle stands for.
pub enum Target {
    /// A stream of its own.
    Stream(Box<Stream>),
    /// The state's output buffer, which `print` shares.
    Stdout,
    /// Nothing any more.
    Closed,
}

/// The Rust side of a file handle.
pub struct File {
    target: Target,
    /// Closing it is refused.
    standard: bool,
    /// How the output buffer holds back; for [`Target::Stdout`].
    buffering: Buffering,
}

impl File {
    /// A handle for one of the standard streams.
    pub fn standard(target: Target) -> Self {
        let line = matches!(target, Target::Stdout) && util::stdout_is_terminal();
        let buffering = if line { Buffering::Line } else { Buffering::Full };
        Self {
            target,
            standard: true,
            buffering,
        }
    }

    /// A handle that owns `stream`.
    pub fn owned(stream: Stream) -> Self {
        let target = Target::Stream(Box::new(stream));
        Self {
            target,
            standard: false,
            buffering: Buffering::Full,
        }
    }
}

/// Creates the metatable of file handles.
pub fn metatable(st: &mut State) -> Result<Gc<Table>, Throw> {
    let registry = st.registry();
    let meta = st.new_table(0, 5)?;
    st.set_field(registry, TYPE_NAME, meta.into())?;
    util::set_text(st, meta, "__name", TYPE_NAME.as_bytes())?;
    st.register(
        meta,
        &[("__gc", collect), ("__close", collect), ("__tostring", tostring)],
    )?;
    let methods = util::library(
        st,
        &[
            ("read", read),
            ("write", write),
            ("lines", lines),
            ("flush", flush),
            ("seek", seek),
            ("close", close),
            ("setvbuf", setvbuf),
        ],
    )?;
    st.set_field(meta, "__index", methods.into())?;
    Ok(meta)
}

/// A new handle.
pub fn new_handle(st: &mut State, file: File, meta: Option<Gc<Table>>) -> Result<Gc<Userdata>, Throw> {
    let handle = st.new_userdata(Box::new(file), 0, size_of::<Stream>())?;
    st.set_metatable(handle.into(), meta)?;
    Ok(handle)
}

/// `value` as a file handle.
pub fn as_handle(st: &State, value: Value) -> Option<Gc<Userdata>> {
    value
        .as_userdata()
        .filter(|handle| handle.data::<File>(&st.heap).is_some())
}

/// Whether the handle is closed.
pub fn is_closed(st: &State, handle: Gc<Userdata>) -> bool {
    match handle.data::<File>(&st.heap) {
        Some(file) => matches!(file.target, Target::Closed),
        None => true,
    }
}

/// Argument `i` as a file handle.
fn check_handle(st: &mut State, i: usize) -> Result<Gc<Userdata>, Throw> {
    match as_handle(st, st.arg(i)) {
        Some(handle) => Ok(handle),
        None => Err(st.type_error(i, TYPE_NAME)),
    }
}

/// Argument `i` as an open file handle.
pub fn check_open(st: &mut State, i: usize) -> Result<Gc<Userdata>, Throw> {
    let handle = check_handle(st, i)?;
    if is_closed(st, handle) {
        return Err(st.error("attempt to use a closed file"));
    }
    Ok(handle)
}

/// Takes the handle's target out while something is done with it, and the state is free.
fn with_target<R>(
    st: &mut State,
    handle: Gc<Userdata>,
    action: impl FnOnce(&mut State, &mut Target) -> R,
) -> R {
    let mut target = match handle.data_mut::<File>(&mut st.heap) {
        Some(file) => std::mem::replace(&mut file.target, Target::Closed),
        None => Target::Closed,
    };
    let result = action(st, &mut target);
    if let Some(file) = handle.data_mut::<File>(&mut st.heap) {
        file.target = target;
    }
    result
}

/// Does something with the handle's own stream; standard output has none to read from.
fn with_stream<R>(
    st: &mut State,
    handle: Gc<Userdata>,
    action: impl FnOnce(&mut Stream) -> io::Result<R>,
) -> io::Result<R> {
    match handle.data_mut::<File>(&mut st.heap) {
        Some(File {
            target: Target::Stream(stream),
            ..
        }) => action(stream),
        _ => Err(platform::bad_descriptor()),
    }
}

fn tostring(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_handle(st, 1)?;
    if is_closed(st, handle) {
        return util::ret_str(st, b"file (closed)");
    }
    let text = format!("file ({:#x})", st.arg(1).address());
    util::ret_str(st, text.as_bytes())
}

/// `__gc` and `__close`
fn collect(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_handle(st, 1)?;
    let is_standard = handle.data::<File>(&st.heap).is_some_and(|file| file.standard);
    if !is_standard && !is_closed(st, handle) {
        close_handle(st, handle)?;
    }
    Ok(Ret::None)
}

/// Closes an open handle.
pub fn close_handle(st: &mut State, handle: Gc<Userdata>) -> Result<Ret, Throw> {
    let Some(file) = handle.data_mut::<File>(&mut st.heap) else {
        return Ok(Ret::None);
    };
    if file.standard {
        let message = st.new_str(b"cannot close standard file")?;
        st.push(Value::NIL);
        st.push(message.into());
        return Ok(Ret::Top(2));
    }
    match std::mem::replace(&mut file.target, Target::Closed) {
        Target::Stream(mut stream) => match stream.close() {
            Ok(Some(ending)) => process_result(st, ending),
            Ok(None) => Ok(Ret::One(Value::TRUE)),
            Err(error) => file_result(st, Err(error), None),
        },
        Target::Stdout | Target::Closed => Ok(Ret::One(Value::TRUE)),
    }
}

fn close(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    close_handle(st, handle)
}

/// Writes out what the handle holds back.
pub fn flush_handle(st: &mut State, handle: Gc<Userdata>) -> Result<Ret, Throw> {
    let outcome = with_target(st, handle, |st, target| match target {
        Target::Stream(stream) => stream.flush(),
        Target::Stdout => st.flush_stdout(),
        Target::Closed => Ok(()),
    });
    file_result(st, outcome, None)
}

fn flush(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    flush_handle(st, handle)
}

fn seek(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    let whence = st.check_option(2, Some("cur"), &["set", "cur", "end"])?;
    let offset = st.opt_int(3, 0)?;
    let to = match whence {
        0 => u64::try_from(offset).ok().map(SeekFrom::Start),
        1 => Some(SeekFrom::Current(offset)),
        _ => Some(SeekFrom::End(offset)),
    };
    let outcome = match to {
        None => Err(platform::invalid_argument()),
        Some(to) => with_target(st, handle, |st, target| match target {
            Target::Stream(stream) => stream.seek(to),
            Target::Stdout => st.flush_stdout().and_then(|()| Err(platform::not_seekable())),
            Target::Closed => Err(platform::bad_descriptor()),
        }),
    };
    match outcome {
        Ok(position) => Ok(Ret::One(Value::int(position as i64))),
        Err(error) => file_result(st, Err(error), None),
    }
}

fn setvbuf(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    let mode = st.check_option(2, None, &["no", "full", "line"])?;
    st.opt_int(3, 0)?;
    let buffering = [Buffering::None, Buffering::Full, Buffering::Line][mode];
    let outcome = with_target(st, handle, |st, target| match target {
        Target::Stream(stream) => stream.set_buffering(buffering),
        Target::Stdout => st.flush_stdout(),
        Target::Closed => Ok(()),
    });
    if let Some(file) = handle.data_mut::<File>(&mut st.heap) {
        file.buffering = buffering;
    }
    file_result(st, outcome, None)
}

fn write(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    write_args(st, handle, 2)
}

/// Writes the arguments from `first` on; returns the handle.
pub fn write_args(st: &mut State, handle: Gc<Userdata>, first: usize) -> Result<Ret, Throw> {
    let mut total = 0;
    for i in first..=st.nargs() {
        let value = st.arg(i);
        if !value.is_number() {
            st.check_str(i)?;
        }
        let outcome = with_target(st, handle, |st, target| write_value(st, target, value));
        match outcome {
            Ok(count) => total += count,
            Err((error, count)) => {
                total += count;
                file_result(st, Err(error), None)?;
                st.push(Value::int(total as i64));
                return Ok(Ret::Top(4));
            }
        }
    }
    settle_stdout(st, handle, first);
    Ok(Ret::One(handle.into()))
}

/// Flushes standard output after a write where its buffering asks for that.
fn settle_stdout(st: &mut State, handle: Gc<Userdata>, first: usize) {
    let Some(file) = handle.data::<File>(&st.heap) else {
        return;
    };
    let line_ended = || {
        (first..=st.nargs())
            .filter_map(|i| st.arg(i).as_str())
            .any(|text| text.bytes(&st.heap).contains(&b'\n'))
    };
    let now = match (&file.target, file.buffering) {
        (Target::Stdout, Buffering::None) => true,
        (Target::Stdout, Buffering::Line) => line_ended(),
        _ => false,
    };
    if now {
        // As for every buffered write, a failure shows at the next one.
        let _ = st.flush_stdout();
    }
}

/// Writes a string or a number; yields how many bytes that took.
fn write_value(st: &mut State, target: &mut Target, value: Value) -> Result<usize, (io::Error, usize)> {
    let stream = match target {
        Target::Stream(stream) => stream,
        Target::Stdout => {
            let written = util::write_text(st, value).map_err(|error| (error, 0))?;
            return Ok(written.unwrap_or(0));
        }
        Target::Closed => return Err((platform::bad_descriptor(), 0)),
    };
    if let Some(string) = value.as_str() {
        let bytes = string.bytes(&st.heap);
        return stream.write(bytes).map(|()| bytes.len());
    }
    let mut text = Vec::new();
    match (value.as_int(), value.as_float()) {
        (Some(int), _) => number::write_int(&mut text, int),
        (_, Some(float)) => st.write_float(&mut text, float),
        _ => {}
    }
    stream.write(&text).map(|()| text.len())
}

fn read(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    read_formats(st, handle, 2)
}

/// Why reading gave no value.
enum Failure {
    /// A Lua error.
    Throw(Throw),
    /// The system's.
    Io(io::Error),
}

impl From<Throw> for Failure {
    fn from(throw: Throw) -> Self {
        Self::Throw(throw)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads what the formats in the arguments from `first` on say, or a line without any.
pub fn read_formats(st: &mut State, handle: Gc<Userdata>, first: usize) -> Result<Ret, Throw> {
    read_until(st, handle, first, st.nargs())
}

/// As [`read_formats`], with the formats in slots up to `last`.
fn read_until(st: &mut State, handle: Gc<Userdata>, first: usize, last: usize) -> Result<Ret, Throw> {
    let from_terminal = with_stream(st, handle, |stream| Ok(stream.is_stdin()));
    if from_terminal.unwrap_or(false) && io::stdin().is_terminal() {
        // So that a prompt shows.
        let _ = st.flush_stdout();
    }
    let mut count = 0;
    let mut outcome = Ok(true);
    if first > last {
        outcome = read_line(st, handle, false);
        count = 1;
    } else {
        st.check_stack(last - first + 20, "too many arguments")?;
        for i in first..=last {
            if !matches!(outcome, Ok(true)) {
                break;
            }
            outcome = read_format(st, handle, i);
            count += 1;
        }
    }
    match outcome {
        Ok(true) => {}
        Ok(false) => {
            st.pop();
            st.push(Value::NIL);
        }
        Err(Failure::Throw(throw)) => return Err(throw),
        Err(Failure::Io(error)) => return file_result(st, Err(error), None),
    }
    Ok(Ret::Top(count))
}

/// Pushes what the format in argument `i` says; false when there was nothing to read.
fn read_format(st: &mut State, handle: Gc<Userdata>, i: usize) -> Result<bool, Failure> {
    if st.arg(i).is_number() {
        let count = st.check_int(i)?;
        if count == 0 {
            return test_end(st, handle);
        }
        let Ok(count) = usize::try_from(count) else {
            return Err(st.error("resulting string too large").into());
        };
        return read_bytes(st, handle, count).map(|read| read > 0);
    }
    let format = util::check_c_str(st, i)?;
    let format = format.strip_prefix(b"*").unwrap_or(&format);
    match format.first() {
        Some(b'n') => read_number(st, handle),
        Some(b'l') => read_line(st, handle, false),
        Some(b'L') => read_line(st, handle, true),
        Some(b'a') => read_bytes(st, handle, usize::MAX).map(|_| true),
        _ => Err(st.arg_error(i, "invalid format").into()),
    }
}

fn push_bytes(st: &mut State, bytes: &[u8]) -> Result<(), Throw> {
    let text = st.new_str(bytes)?;
    st.push(text.into());
    Ok(())
}

/// Pushes an empty string; false at the end of the file.
fn test_end(st: &mut State, handle: Gc<Userdata>) -> Result<bool, Failure> {
    let next = with_stream(st, handle, Stream::peek)?;
    push_bytes(st, b"")?;
    Ok(next.is_some())
}

fn read_line(st: &mut State, handle: Gc<Userdata>, keep: bool) -> Result<bool, Failure> {
    let mut line = Vec::new();
    loop {
        let ended = with_stream(st, handle, |stream| stream.read_line(&mut line, keep))?;
        if let Some(newline) = ended {
            push_bytes(st, &line)?;
            return Ok(newline || !line.is_empty());
        }
        util::grow(st, &mut line, CHUNK)?;
        st.tick(CHUNK as u64 / 16)?;
    }
}

/// Pushes up to `count` bytes; yields how many there were.
fn read_bytes(st: &mut State, handle: Gc<Userdata>, count: usize) -> Result<usize, Failure> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let wanted = (count - bytes.len()).min(BLOCK.max(bytes.len()));
        util::grow(st, &mut bytes, wanted)?;
        let read = with_stream(st, handle, |stream| stream.read_some(&mut bytes, wanted))?;
        if read == 0 {
            break;
        }
        st.tick(read as u64 / 16)?;
    }
    push_bytes(st, &bytes)?;
    Ok(bytes.len())
}

/// A numeral being read: what is accepted so far.
struct Numeral<'a> {
    stream: &'a mut Stream,
    text: Vec<u8>,
    too_long: bool,
}

impl Numeral<'_> {
    /// Accepts the next byte if it is one that `wanted` likes.
    fn accept(&mut self, wanted: impl Fn(u8) -> bool) -> io::Result<bool> {
        let Some(byte) = self.stream.peek()?.filter(|&b| wanted(b)) else {
            return Ok(false);
        };
        if self.text.len() >= MAX_NUMERAL {
            self.too_long = true;
            return Ok(false);
        }
        self.text.push(byte);
        self.stream.skip()?;
        Ok(true)
    }

    fn digits(&mut self, hex: bool) -> io::Result<usize> {
        let mut count = 0;
        while self.accept(|b| {
            if hex {
                b.is_ascii_hexdigit()
            } else {
                b.is_ascii_digit()
            }
        })? {
            count += 1;
        }
        Ok(count)
    }

    /// Reads the longest prefix that looks like a numeral.
    fn read(&mut self) -> io::Result<()> {
        while self.stream.peek()?.is_some_and(number::is_space) {
            self.stream.skip()?;
        }
        self.accept(|b| b == b'-' || b == b'+')?;
        let mut count = 0;
        let mut hex = false;
        if self.accept(|b| b == b'0')? {
            if self.accept(|b| b == b'x' || b == b'X')? {
                hex = true;
            } else {
                count = 1;
            }
        }
        count += self.digits(hex)?;
        if self.accept(|b| b == b'.')? {
            count += self.digits(hex)?;
        }
        let exponent = if hex { b'p' } else { b'e' };
        if count > 0 && self.accept(|b| b.to_ascii_lowercase() == exponent)? {
            self.accept(|b| b == b'-' || b == b'+')?;
            self.digits(false)?;
        }
        Ok(())
    }
}

fn read_number(st: &mut State, handle: Gc<Userdata>) -> Result<bool, Failure> {
    let text = with_stream(st, handle, |stream| {
        let mut numeral = Numeral {
            stream,
            text: Vec::new(),
            too_long: false,
        };
        numeral.read()?;
        if numeral.too_long {
            numeral.text.clear();
        }
        Ok(numeral.text)
    })?;
    let value = match number::str_to_number(&text) {
        Some(number::Num::Int(n)) => Value::int(n),
        Some(number::Num::Float(x)) => Value::float(x),
        None => Value::NIL,
    };
    st.push(value);
    Ok(!value.is_nil())
}

fn lines(st: &mut State) -> Result<Ret, Throw> {
    let handle = check_open(st, 1)?;
    Ok(Ret::One(line_iterator(st, handle.into(), false)?))
}

/// The iterator that reads from `handle` by the formats in the arguments from 2 on. Its upvalues:
/// the handle, whether it closes the handle at the end, the formats.
pub fn line_iterator(st: &mut State, handle: Value, closes: bool) -> Result<Value, Throw> {
    let formats = st.nargs().saturating_sub(1);
    if formats > MAX_FORMATS {
        return Err(st.arg_error(MAX_FORMATS + 2, "too many arguments"));
    }
    let mut upvalues = vec![handle, Value::bool(closes), Value::int(formats as i64)];
    upvalues.extend((0..formats).map(|i| st.arg(i + 2)));
    Ok(st.new_native("for iterator", next_line, &upvalues)?.into())
}

fn next_line(st: &mut State) -> Result<Ret, Throw> {
    let handle = st.upvalue(1);
    let Some(handle) = handle.as_userdata().filter(|&handle| !is_closed(st, handle)) else {
        return Err(st.error("file is already closed"));
    };
    let count = st.upvalue(3).as_int().unwrap_or(0) as usize;
    st.set_top(1);
    st.check_stack(count, "too many arguments")?;
    for i in 0..count {
        let format = st.upvalue(4 + i);
        st.push(format);
    }
    let Ret::Top(results) = read_until(st, handle, 2, count + 1)? else {
        return Ok(Ret::None);
    };
    let first = st.top() - results;
    if st.slot(first).truthy() {
        return Ok(Ret::Top(results));
    }
    if results > 1
        && let Some(message) = st.slot(first + 1).as_str()
    {
        let message = message.bytes(&st.heap).to_vec();
        return Err(st.error(message));
    }
    if st.upvalue(2).truthy() {
        close_handle(st, handle)?;
    }
    Ok(Ret::None)
}
