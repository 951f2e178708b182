//! All that a running Lua program needs: values, heap, semantics, engines and the standard library.
//!
//! `unsafe` is allowed in two islands only: `heap` with `object`, and `exec` with `abi`.
#![deny(unsafe_code)]

pub mod abi;
pub mod engine;
pub mod error;
pub mod exec;
pub mod heap;
pub mod image;
pub mod native;
pub mod object;
pub mod processor;
pub mod semantics;
pub mod state;
pub mod stdlib;
pub mod value;

pub use engine::Engine;
pub use error::{StopReason, Throw};
pub use exec::debug;
pub use state::{Options, State};
pub use value::{Kind, Value};
