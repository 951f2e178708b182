//! What can go wrong, as the host sees it.

use crate::Context;
use perilune_runtime::{StopReason, Value as Raw};
use std::fmt;

/// A result of the embedding API.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A chunk does not compile.
    Syntax {
        /// PUC's message.
        message: Message,
        /// More input could complete it.
        incomplete: bool,
    },
    /// Lua code raised an error.
    Runtime {
        /// The error value as text.
        message: Message,
        /// Where, when a traceback was asked for.
        traceback: Option<String>,
    },
    /// No memory.
    Memory,
    /// A limit struck, or the host stopped the state.
    Stopped(StopReason),
    /// `os.exit` was called.
    Exit {
        /// The exit code.
        code: i32,
        /// Whether the state is to be closed first.
        close: bool,
    },
    /// A value is not of the type that Rust asked for.
    Conversion(String),
    /// A handle was used with another state than its own.
    WrongState,
    /// A Rust function panicked; the state can go on.
    Panic(String),
}

/// What an error says: bytes, as Lua strings are. Shown as text, what is not UTF-8 is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// Whether the text contains `part`.
    pub fn contains(&self, part: &str) -> bool {
        self.to_string().contains(part)
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Message {
        Message(bytes.to_vec())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Message {
        Message(text.into_bytes())
    }
}

impl PartialEq<&str> for Message {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<str> for Message {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax { message, .. } => message.fmt(f),
            Error::Runtime { message, traceback } => {
                message.fmt(f)?;
                traceback.as_ref().map_or(Ok(()), |t| write!(f, "\n{t}"))
            }
            Error::Memory => f.write_str("not enough memory"),
            Error::Stopped(r) => f.write_str(r.message()),
            Error::Exit { code, .. } => write!(f, "exit({code})"),
            Error::Conversion(m) => f.write_str(m),
            Error::WrongState => f.write_str("handle of another state"),
            Error::Panic(m) => write!(f, "internal error: {m}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// A runtime error with a message of the host's own.
    pub fn runtime(message: impl Into<String>) -> Error {
        Error::Runtime {
            message: message.into().into(),
            traceback: None,
        }
    }

    /// The whole text, as [`fmt::Display`] shows it, but with the bytes that Lua code gave it.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Error::Syntax { message, .. }
            | Error::Runtime {
                message,
                traceback: None,
            } => message.0.clone(),
            other => other.to_string().into_bytes(),
        }
    }

    pub(crate) fn syntax(st: &Context, msg: Raw) -> Error {
        let message = text(st, msg);
        let incomplete = message.0.ends_with(b"near <eof>");
        Error::Syntax { message, incomplete }
    }

    /// The error in flight in a state.
    pub(crate) fn from_state(st: &mut Context) -> Error {
        let v = st.take_error();
        if v.is_nil()
            && let Some(e) = stopped(st)
        {
            return e;
        }
        Error::from_value(st, v)
    }

    pub(crate) fn from_stop(st: &mut Context, reason: StopReason) -> Error {
        match st.exit_request() {
            Some((code, close)) => Error::Exit { code, close },
            None => Error::Stopped(reason),
        }
    }

    /// An error value as the host sees it.
    pub(crate) fn from_value(st: &mut Context, v: Raw) -> Error {
        if let Some(u) = v.as_userdata()
            && let Some(e) = u.data::<Error>(&st.heap)
        {
            return e.clone();
        }
        let message = match v.as_str() {
            Some(_) => text(st, v),
            None => match st.tostring(v) {
                Ok(s) => s.bytes(&st.heap).into(),
                Err(_) => format!("(error object is a {} value)", v.type_name()).into(),
            },
        };
        if message == *"not enough memory" {
            return Error::Memory;
        }
        Error::Runtime {
            message,
            traceback: None,
        }
    }
}

fn stopped(st: &mut Context) -> Option<Error> {
    if let Some((code, close)) = st.exit_request() {
        return Some(Error::Exit { code, close });
    }
    st.stop_reason().map(Error::Stopped)
}

fn text(st: &Context, v: Raw) -> Message {
    v.as_str()
        .map_or(Message(Vec::new()), |s| s.bytes(&st.heap).into())
}
