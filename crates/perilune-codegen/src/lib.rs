//! Bytecode -> machine code.
//!
//! `unsafe` is allowed in one island only: `link`.
#![deny(unsafe_code)]

pub mod baseline;
mod compiler;
pub mod disasm;
pub mod link;
pub mod listing;
pub mod masm;

pub use compiler::{HostCompiler, assemble};
