//! Buffered byte streams behind Lua's file handles: files, pipes to processes, standard streams.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::platform::{self, Ending};

/// Capacity of the buffers.
const BUFFER: usize = 1 << 14;

/// What a stream reads from or writes to.
enum Source {
    File(File),
    /// The output of a process.
    FromProcess(Child, ChildStdout),
    /// The input of a process; the pipe is gone once it is closed.
    ToProcess(Child, Option<ChildStdin>),
    Stdin,
    Stderr,
    /// A file of the executable.
    Embedded(io::Cursor<&'static [u8]>),
}

/// How written bytes are held back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Buffering {
    /// Not at all.
    None,
    /// Until the buffer is full.
    Full,
    /// Until a line is complete.
    Line,
}

/// An open stream.
pub struct Stream {
    source: Source,
    readable: bool,
    writable: bool,
    /// Bytes read from the source; those from `at` on are still to be taken.
    input: Vec<u8>,
    at: usize,
    /// Bytes that are still to be written.
    output: Vec<u8>,
    buffering: Buffering,
}

impl Stream {
    fn new(source: Source, readable: bool, writable: bool) -> Self {
        Self {
            source,
            readable,
            writable,
            input: Vec::new(),
            at: 0,
            output: Vec::new(),
            buffering: Buffering::Full,
        }
    }

    /// Opens a file as C's `fopen` does with `mode`, which must be valid.
    pub fn open(name: &[u8], mode: &[u8]) -> io::Result<Self> {
        let plus = mode.contains(&b'+');
        let kind = mode.first().copied().unwrap_or(b'r');
        let (readable, writable) = (kind == b'r' || plus, kind != b'r' || plus);
        let mut options = File::options();
        options.read(readable);
        match kind {
            b'w' => options.write(true).create(true).truncate(true),
            b'a' => options.append(true).create(true),
            _ => options.write(plus),
        };
        let file = options.open(platform::path(name))?;
        Ok(Self::new(Source::File(file), readable, writable))
    }

    /// A file open in both directions.
    pub fn from_file(file: File) -> Self {
        Self::new(Source::File(file), true, true)
    }

    /// A file that the executable holds, for reading.
    pub fn embedded(content: &'static [u8]) -> Self {
        Self::new(Source::Embedded(io::Cursor::new(content)), true, false)
    }

    /// Standard input.
    pub fn stdin() -> Self {
        Self::new(Source::Stdin, true, false)
    }

    /// Standard error.
    pub fn stderr() -> Self {
        let mut stream = Self::new(Source::Stderr, false, true);
        stream.buffering = Buffering::None;
        stream
    }

    /// Starts `command` in the shell and connects to its output, or its input when `writes`.
    pub fn process(command: &[u8], writes: bool) -> io::Result<Self> {
        let mut shell = platform::shell(command);
        if writes {
            let mut child = shell.stdin(Stdio::piped()).spawn()?;
            let pipe = child.stdin.take();
            return Ok(Self::new(Source::ToProcess(child, pipe), false, true));
        }
        let mut child = shell.stdout(Stdio::piped()).spawn()?;
        match child.stdout.take() {
            Some(pipe) => Ok(Self::new(Source::FromProcess(child, pipe), true, false)),
            None => Err(io::Error::other("no pipe")),
        }
    }

    /// Whether this is standard input.
    pub fn is_stdin(&self) -> bool {
        matches!(self.source, Source::Stdin)
    }

    /// Offers the bytes at hand, none at the end of the file, and takes as many as `take` says.
    fn with_input<R>(&mut self, take: impl FnOnce(&[u8]) -> (usize, R)) -> io::Result<R> {
        if !self.readable {
            return Err(platform::bad_descriptor());
        }
        if let Source::Stdin = self.source {
            return with_stdin(take);
        }
        if self.at >= self.input.len() {
            self.refill()?;
        }
        let (used, result) = take(&self.input[self.at..]);
        self.at += used;
        Ok(result)
    }

    fn refill(&mut self) -> io::Result<()> {
        self.flush()?;
        self.at = 0;
        self.input.resize(BUFFER, 0);
        let count = match &mut self.source {
            Source::File(file) => retry(|| file.read(&mut self.input)),
            Source::FromProcess(_, pipe) => retry(|| pipe.read(&mut self.input)),
            Source::Embedded(content) => content.read(&mut self.input),
            _ => Ok(0),
        };
        self.input.truncate(*count.as_ref().unwrap_or(&0));
        count.map(|_| ())
    }

    /// The next byte, without taking it.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        self.with_input(|bytes| (0, bytes.first().copied()))
    }

    /// Takes the byte that [`Stream::peek`] showed.
    pub fn skip(&mut self) -> io::Result<()> {
        self.with_input(|bytes| (bytes.len().min(1), ()))
    }

    /// Appends to `out` what is at hand of a line. Yields whether the line ended with a newline
    /// (appended when `keep`) or with the file; `None` when there may be more of it.
    pub fn read_line(&mut self, out: &mut Vec<u8>, keep: bool) -> io::Result<Option<bool>> {
        self.with_input(|bytes| match super::bytes::find_byte(bytes, b'\n') {
            Some(end) => {
                out.extend_from_slice(&bytes[..end + usize::from(keep)]);
                (end + 1, Some(true))
            }
            None => {
                out.extend_from_slice(bytes);
                (bytes.len(), bytes.is_empty().then_some(false))
            }
        })
    }

    /// Appends up to `count` bytes to `out`, which has room for them; 0 only at the end of the file.
    pub fn read_some(&mut self, out: &mut Vec<u8>, count: usize) -> io::Result<usize> {
        if count >= BUFFER
            && self.at >= self.input.len()
            && let Source::File(file) = &mut self.source
            && self.readable
            && self.output.is_empty()
        {
            let before = out.len();
            out.resize(before + count, 0);
            let read = retry(|| file.read(&mut out[before..]));
            out.truncate(before + *read.as_ref().unwrap_or(&0));
            return read;
        }
        self.with_input(|bytes| {
            let used = bytes.len().min(count);
            out.extend_from_slice(&bytes[..used]);
            (used, used)
        })
    }

    /// Writes `bytes`, now or later. On failure also yields how many were accepted.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
        if !self.writable {
            return Err((platform::bad_descriptor(), 0));
        }
        if self.at < self.input.len() {
            self.give_back().map_err(|error| (error, 0))?;
        }
        if self.output.len() + bytes.len() > BUFFER {
            self.flush().map_err(|error| (error, 0))?;
        }
        if bytes.len() > BUFFER {
            return self.write_out(bytes);
        }
        self.output.extend_from_slice(bytes);
        let now = match self.buffering {
            Buffering::None => true,
            Buffering::Full => false,
            Buffering::Line => bytes.contains(&b'\n'),
        };
        if now {
            self.flush().map_err(|error| (error, 0))
        } else {
            Ok(())
        }
    }

    /// Moves the file position back over input that was read ahead.
    fn give_back(&mut self) -> io::Result<()> {
        let ahead = self.input.len() - self.at;
        self.input.clear();
        self.at = 0;
        match &mut self.source {
            Source::File(file) if ahead > 0 => file.seek(SeekFrom::Current(-(ahead as i64))).map(|_| ()),
            Source::Embedded(content) => content.seek(SeekFrom::Current(-(ahead as i64))).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn write_out(&mut self, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let written = match &mut self.source {
                Source::File(file) => retry(|| file.write(rest)),
                Source::ToProcess(_, Some(pipe)) => retry(|| pipe.write(rest)),
                Source::Stderr => retry(|| io::stderr().lock().write(rest)),
                _ => Err(platform::bad_descriptor()),
            };
            match written {
                Ok(0) => return Err((io::ErrorKind::WriteZero.into(), done)),
                Ok(count) => done += count,
                Err(error) => return Err((error, done)),
            }
        }
        Ok(())
    }

    /// Writes what is held back.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.output);
        let outcome = self.write_out(&pending);
        // What could not be written is lost, as with C's streams: closing then succeeds.
        pending.clear();
        self.output = pending;
        outcome.map_err(|(error, _)| error)
    }

    /// Sets how written bytes are held back.
    pub fn set_buffering(&mut self, buffering: Buffering) -> io::Result<()> {
        self.flush()?;
        self.buffering = buffering;
        Ok(())
    }

    /// Moves the position; yields the new one.
    pub fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.flush()?;
        self.give_back()?;
        match &mut self.source {
            Source::File(file) => file.seek(to),
            Source::Embedded(content) => content.seek(to),
            _ => Err(platform::not_seekable()),
        }
    }

    /// Writes what is held back and closes; a process is waited for, and tells how it ended.
    pub fn close(&mut self) -> io::Result<Option<Ending>> {
        let flushed = self.flush();
        self.output.clear();
        self.readable = false;
        self.writable = false;
        let status = match &mut self.source {
            Source::ToProcess(child, pipe) => {
                drop(pipe.take());
                child.wait()?
            }
            Source::FromProcess(..) => return self.close_reader(),
            _ => return flushed.map(|()| None),
        };
        Ok(Some(platform::ending(status)))
    }

    /// Closes the pipe from a process first, so that a process that still writes ends.
    fn close_reader(&mut self) -> io::Result<Option<Ending>> {
        let source = std::mem::replace(&mut self.source, Source::Stderr);
        let Source::FromProcess(mut child, pipe) = source else {
            return Ok(None);
        };
        drop(pipe);
        Ok(Some(platform::ending(child.wait()?)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // There is nobody left to tell about a failure.
        let _ = self.close();
    }
}

/// [`Stream::with_input`] for standard input, whose buffer other readers share.
fn with_stdin<R>(take: impl FnOnce(&[u8]) -> (usize, R)) -> io::Result<R> {
    let mut stdin = io::stdin().lock();
    loop {
        match stdin.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(bytes) => {
                let (used, result) = take(bytes);
                stdin.consume(used);
                return Ok(result);
            }
        }
    }
}

/// Repeats `operation` while signals interrupt it.
fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}
