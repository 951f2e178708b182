//! Function <-> bytes: the format of precompiled chunks.
//!
//! All numbers are little-endian; `int` is a varint of 7 bits per byte, lowest first, the top bit
//! set on all bytes but the last.
//!
//! ```text
//! file      = "\x1bLua" version:u8 format:u8 check:6 bytes numbers:28 bytes opcodes:u32 upvalues:u8 texts function
//! texts     = count:int length:int... bytes
//! function  = line_defined:int last_line:int params:u8 flags:u8 max_stack:u8
//!             code consts upvalues functions source:text lines locals
//! flags     = 1 vararg, 2 vararg table
//! code      = count:int instruction:u64...
//! consts    = count:int (kind:u8 value)...    kinds: 0 nil, 1 false, 2 true,
//!             3 integer (zigzag int), 4 float (u64 of its bits), 5 string (text)
//! upvalues  = count:int (flags:u8 index:u8 name:text)...    flags: 1 in_stack, 2 read_only
//! functions = count:int function...
//! lines     = 0:int | count:int step:i8... marks
//! marks     = count:int (distance:int line:int)...
//! locals    = count:int (name:text start:int length:int register:u8)...
//! text      = 0:int (none) | n:int (the n-th of the texts)
//! ```
//!
//! `version` is Lua's, `format` counts the changes of this format, and `opcodes` is a fingerprint
//! of the opcode table. A stripped file has no source, lines, locals and upvalue names.
//!
//! Reading checks the format only: no count is believed beyond the bytes that are left, and nesting
//! is bounded. What the instructions say, and whether a text is there, is the verifier's business.
//! `docs/bytecode-files.md` describes the format byte by byte.

mod reader;
mod writer;

pub use reader::{read, read_source};
pub use writer::write;

use crate::ops::OPS;
use std::fmt;

/// What every precompiled chunk begins with.
pub const SIGNATURE: &[u8] = b"\x1bLua";
/// The version of Lua.
const VERSION: u8 = 0x55;
/// The format number of the header, the same as PUC's: programs look at headers. What follows the
/// header is told apart by the fingerprint.
const FORMAT: u8 = 0;
/// Counts the changes of what follows the header.
const LAYOUT: u8 = 2;
/// Bytes that a transfer as text would damage.
const CHECK: &[u8] = b"\x19\x93\r\n\x1a\n";

/// Sizes and samples of numbers, as PUC's header has them for a 64-bit little-endian machine.
fn numbers() -> Vec<u8> {
    [
        &[4][..],
        &(-0x5678i32).to_le_bytes(),
        &[4],
        &0x12345678u32.to_le_bytes(),
        &[8],
        &(-0x5678i64).to_le_bytes(),
        &[8],
        &(-370.5f64).to_le_bytes(),
    ]
    .concat()
}

const KIND_NIL: u8 = 0;
const KIND_FALSE: u8 = 1;
const KIND_TRUE: u8 = 2;
const KIND_INT: u8 = 3;
const KIND_FLOAT: u8 = 4;
const KIND_STR: u8 = 5;

const FLAG_VARARG: u8 = 1;
const FLAG_TABLE: u8 = 2;
const UP_IN_STACK: u8 = 1;
const UP_READ_ONLY: u8 = 2;

/// Why bytes are not a precompiled chunk. `load` reports `name: bad binary format (reason)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// It does not begin with the signature.
    NotBinary,
    /// It is of another version of Lua.
    Version,
    /// It is of another implementation, or another version of this one.
    Format,
    /// It ends too early.
    Truncated,
    /// Something in it makes no sense.
    Corrupted,
    /// A number is too large.
    Overflow,
    /// A constant of no known kind.
    Constant,
    /// Functions nest too deeply.
    TooDeep,
}

impl FileError {
    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            FileError::NotBinary => "not a binary chunk",
            FileError::Version => "version mismatch",
            FileError::Format => "format mismatch",
            FileError::Truncated => "truncated chunk",
            FileError::Corrupted => "corrupted chunk",
            FileError::Overflow => "integer overflow",
            FileError::Constant => "invalid constant",
            FileError::TooDeep => "functions nested too deeply",
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for FileError {}

/// Changes whenever the layout does, or an opcode changes its number, name or operands (FNV-1a of 32 bits).
pub const FINGERPRINT: u32 = {
    let mut hash = add(0x811c_9dc5, LAYOUT);
    let mut n = 0;
    while n < OPS.len() {
        let (name, operands) = (OPS[n].name.as_bytes(), &OPS[n].operands);
        let mut k = 0;
        while k < name.len() {
            hash = add(hash, name[k]);
            k += 1;
        }
        k = 0;
        while k < operands.len() {
            hash = add(hash, operands[k] as u8);
            k += 1;
        }
        n += 1;
    }
    hash
};

const fn add(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}
