//! Resolved syntax tree -> bytecode: the opcode table, the compiler, the verifier, the printer and
//! the file format.
#![forbid(unsafe_code)]

pub mod compile;
pub mod debuginfo;
pub mod disassembly;
pub mod dump;
pub mod file;
pub mod lines;
pub mod listing;
pub mod ops;
pub mod proto;
pub mod quick;
pub mod text;
pub mod verify;
