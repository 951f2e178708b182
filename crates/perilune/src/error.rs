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
        message: String,
        /// More input could complete it.
        incomplete: bool,
    },
    /// Lua code raised an error.
    Runtime {
        /// The error value as text.
        message: String,
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax { message, .. } => f.write_str(message),
            Error::Runtime { message, traceback } => {
                f.write_str(message)?;
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
            message: message.into(),
            traceback: None,
        }
    }

    pub(crate) fn syntax(st: &Context, msg: Raw) -> Error {
        let message = text(st, msg);
        let incomplete = message.ends_with("near <eof>");
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
                Ok(s) => String::from_utf8_lossy(s.bytes(&st.heap)).into_owned(),
                Err(_) => format!("(error object is a {} value)", v.type_name()),
            },
        };
        if message == "not enough memory" {
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

fn text(st: &Context, v: Raw) -> String {
    v.as_str().map_or_else(String::new, |s| {
        String::from_utf8_lossy(s.bytes(&st.heap)).into_owned()
    })
}
