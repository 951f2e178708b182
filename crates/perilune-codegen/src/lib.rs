//! Bytecode -> machine code.
//!
//! `unsafe` is allowed in one island only: `link`.
#![deny(unsafe_code)]

pub mod disasm;
pub mod link;
pub mod masm;
