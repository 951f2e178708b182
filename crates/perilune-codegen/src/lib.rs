//! Bytecode -> machine code.
//!
//! `unsafe` is allowed in one island only: `link`.
#![deny(unsafe_code)]

pub mod aot;
pub mod baseline;
mod compiler;
pub mod disasm;
pub mod link;
pub mod listing;
pub mod masm;
mod worker;

use compiler::lead;
pub use compiler::{HostCompiler, assemble, assemble_knowing};
