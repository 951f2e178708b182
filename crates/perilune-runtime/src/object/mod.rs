//! The objects that live on the heap. Rules: see `heap`.
#![allow(unsafe_code)]

pub(crate) mod feedback;
mod function;
mod live;
pub(crate) mod shape;
mod string;
mod table;
mod thread;
mod userdata;

pub(crate) use function::Constants;
pub use function::{Closure, Native, NativeFn, ProtoData, ProtoObj, Transfer, Upval};
pub(crate) use string::same_bytes;
pub use string::{Builder, MAX_SHORT, Str, StringTable};
pub(crate) use table::{ArrayKind, Dict, Node};
pub use table::{InvalidKey, Table, TableError};
pub use thread::{Frame, Status, Thread, Untagged, cont, frame_flags, hook};
pub(crate) use thread::{MIN_NATIVE_SLOTS, max_stack};
pub use userdata::Userdata;
