//! Function <-> bytes: the format of precompiled chunks.
//!
//! All numbers are little-endian; `int` is a varint of 7 bits per byte, lowest first, the top bit
//! set on all bytes but the last.
//!
//! ```text
//! file      = "\x1bLua" version:u8 format:u8 check:6 bytes numbers:28 bytes opcodes:u32 upvalues:u8 function
//! function  = line_defined:int last_line:int params:u8 flags:u8 max_stack:u8
//!             code consts upvalues functions source:string lines locals
//! flags     = 1 vararg, 2 vararg table
//! code      = count:int instruction:u64...
//! consts    = count:int (kind:u8 value)...    kinds: 0 nil, 1 false, 2 true,
//!             3 integer (zigzag int), 4 float (u64 of its bits), 5 string
//! upvalues  = count:int (flags:u8 index:u8 name:string)...    flags: 1 in_stack, 2 read_only
//! functions = count:int function...
//! lines     = count:int (difference to the line before: zigzag int)...
//! locals    = count:int (name:string start:int length:int register:u8)...
//! string    = 0:int (none) | 1:int length:int bytes | n:int (the (n-2)th string of the file)
//! ```
//!
//! `version` is Lua's, `format` counts the changes of this format, and `opcodes` is a fingerprint
//! of the opcode table. A stripped file has no source, lines, locals and upvalue names.
//!
//! Reading checks the format only: no count is believed beyond the bytes that are left, and nesting
//! is bounded. What the instructions say is the verifier's business. `docs/bytecode-files.md` describes the
//! format byte by byte.

use crate::ops::{Instr, OPS};
use crate::proto::{Const, LocalVar, Proto, UpvalueDesc};
use crate::verify::MAX_DEPTH;
use perilune_syntax::Source;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What every precompiled chunk begins with.
pub const SIGNATURE: &[u8] = b"\x1bLua";
/// The version of Lua.
const VERSION: u8 = 0x55;
/// The format number of the header, the same as PUC's: programs look at headers. What follows the
/// header is told apart by the fingerprint.
const FORMAT: u8 = 0;
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
    /// A string that is not there.
    StringIndex,
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
            FileError::StringIndex => "invalid string index",
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

/// Changes whenever an opcode changes its number, name or operands.
fn opcode_fingerprint() -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    let mut add = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for info in OPS {
        info.name.bytes().for_each(&mut add);
        info.operands.iter().for_each(|&kind| add(kind as u8));
    }
    hash
}

/// Writes a function; without debug information when `strip` is set.
pub fn write(proto: &Proto, strip: bool) -> Vec<u8> {
    let mut w = Writer {
        out: Vec::new(),
        strings: HashMap::new(),
        strip,
    };
    w.out.extend_from_slice(SIGNATURE);
    w.out.extend_from_slice(&[VERSION, FORMAT]);
    w.out.extend_from_slice(CHECK);
    w.out.extend_from_slice(&numbers());
    w.out.extend_from_slice(&opcode_fingerprint().to_le_bytes());
    w.out.push(proto.upvalues.len() as u8);
    w.function(proto);
    w.out
}

struct Writer<'a> {
    out: Vec<u8>,
    /// Strings written, by their number.
    strings: HashMap<&'a [u8], u64>,
    strip: bool,
}

impl<'a> Writer<'a> {
    fn int(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.out.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.out.push(n as u8);
    }

    fn zigzag(&mut self, n: i64) {
        self.int(((n << 1) ^ (n >> 63)) as u64);
    }

    fn string(&mut self, s: Option<&'a [u8]>) {
        let Some(s) = s else { return self.int(0) };
        if let Some(&n) = self.strings.get(s) {
            return self.int(n + 2);
        }
        let n = self.strings.len() as u64;
        self.strings.insert(s, n);
        self.int(1);
        self.int(s.len() as u64);
        self.out.extend_from_slice(s);
    }

    fn debug_string(&mut self, s: Option<&'a Arc<[u8]>>) {
        let kept = s.filter(|_| !self.strip);
        self.string(kept.map(|s| &**s));
    }

    fn function(&mut self, p: &'a Proto) {
        self.int(u64::from(p.line_defined));
        self.int(u64::from(p.last_line_defined));
        let flags = u8::from(p.is_vararg) * FLAG_VARARG + u8::from(p.vararg_table) * FLAG_TABLE;
        self.out.extend_from_slice(&[p.num_params, flags, p.max_stack]);
        self.int(p.code.len() as u64);
        for i in &p.code {
            self.out.extend_from_slice(&i.0.to_le_bytes());
        }
        self.int(p.consts.len() as u64);
        for k in &p.consts {
            self.constant(k);
        }
        self.int(p.upvalues.len() as u64);
        for up in &p.upvalues {
            let flags = u8::from(up.in_stack) * UP_IN_STACK + u8::from(up.read_only) * UP_READ_ONLY;
            self.out.extend_from_slice(&[flags, up.index]);
            self.debug_string(up.name.as_ref());
        }
        self.int(p.protos.len() as u64);
        for child in &p.protos {
            self.function(child);
        }
        self.debug(p);
    }

    fn constant(&mut self, k: &'a Const) {
        match k {
            Const::Nil => self.out.push(0),
            Const::False => self.out.push(1),
            Const::True => self.out.push(2),
            Const::Int(i) => {
                self.out.push(3);
                self.zigzag(*i);
            }
            Const::Float(n) => {
                self.out.push(4);
                self.out.extend_from_slice(&n.to_bits().to_le_bytes());
            }
            Const::Str(s) => {
                self.out.push(5);
                self.string(Some(s));
            }
        }
    }

    fn debug(&mut self, p: &'a Proto) {
        self.debug_string(p.source.as_ref());
        if self.strip {
            self.int(0);
            self.int(0);
            return;
        }
        self.int(p.lines.len() as u64);
        let mut last = i64::from(p.line_defined);
        for &line in &p.lines {
            self.zigzag(i64::from(line) - last);
            last = i64::from(line);
        }
        self.int(p.locals.len() as u64);
        for var in &p.locals {
            self.string(Some(&var.name));
            self.int(u64::from(var.start_pc));
            self.int(u64::from(var.end_pc.saturating_sub(var.start_pc)));
            self.out.push(var.reg);
        }
    }
}

/// Reads a precompiled chunk.
///
/// # Errors
/// When the bytes do not follow the format.
pub fn read(bytes: &[u8]) -> Result<Proto, FileError> {
    read_source(Source::whole(bytes))
}

/// As [`read`], from any source, of which no more is asked for than is needed.
///
/// # Errors
/// When the bytes do not follow the format. A source that fails seems to end.
pub fn read_source(source: Source<'_>) -> Result<Proto, FileError> {
    let mut r = Reader {
        source,
        at: 0,
        strings: Vec::new(),
    };
    r.literal(SIGNATURE, FileError::NotBinary)?;
    if r.byte()? != VERSION {
        return Err(FileError::Version);
    }
    if r.byte()? != FORMAT {
        return Err(FileError::Format);
    }
    r.literal(CHECK, FileError::Corrupted)?;
    r.literal(&numbers(), FileError::Corrupted)?;
    if r.array()? != opcode_fingerprint().to_le_bytes() {
        return Err(FileError::Format);
    }
    let upvalues = usize::from(r.byte()?);
    let proto = r.function(1)?;
    if proto.upvalues.len() != upvalues {
        return Err(FileError::Corrupted);
    }
    Ok(proto)
}

struct Reader<'s> {
    source: Source<'s>,
    /// Where the next byte stands.
    at: usize,
    strings: Vec<Arc<[u8]>>,
}

impl Reader<'_> {
    /// Where `n` more bytes end.
    fn end_of(&mut self, n: usize) -> Result<usize, FileError> {
        let end = self.at.checked_add(n).ok_or(FileError::Truncated)?;
        if self.source.reach(end) {
            Ok(end)
        } else {
            Err(FileError::Truncated)
        }
    }

    fn bytes(&mut self, n: usize) -> Result<&[u8], FileError> {
        let end = self.end_of(n)?;
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.source.text()[start..end])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let bytes = self.bytes(N)?.first_chunk();
        bytes.copied().ok_or(FileError::Truncated)
    }

    fn byte(&mut self) -> Result<u8, FileError> {
        let [b] = self.array()?;
        Ok(b)
    }

    fn literal(&mut self, expected: &[u8], error: FileError) -> Result<(), FileError> {
        if self.bytes(expected.len())? == expected {
            Ok(())
        } else {
            Err(error)
        }
    }

    fn int(&mut self) -> Result<u64, FileError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte()?;
            let bits = u64::from(b & 0x7f);
            if bits << shift >> shift != bits {
                return Err(FileError::Overflow);
            }
            n |= bits << shift;
            if b & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(FileError::Overflow)
    }

    fn int32(&mut self) -> Result<u32, FileError> {
        u32::try_from(self.int()?).map_err(|_| FileError::Overflow)
    }

    fn zigzag(&mut self) -> Result<i64, FileError> {
        let n = self.int()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A count of things that take at least `size` bytes each.
    fn count(&mut self, size: usize) -> Result<usize, FileError> {
        let n = usize::try_from(self.int()?).map_err(|_| FileError::Overflow)?;
        self.end_of(n.checked_mul(size).ok_or(FileError::Truncated)?)?;
        Ok(n)
    }

    fn list<T>(
        &mut self,
        size: usize,
        item: impl Fn(&mut Self) -> Result<T, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let n = self.count(size)?;
        let mut items = Vec::with_capacity(n);
        for _ in 0..n {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn string(&mut self) -> Result<Option<Arc<[u8]>>, FileError> {
        match self.int()? {
            0 => Ok(None),
            1 => {
                let len = self.count(1)?;
                let s: Arc<[u8]> = Arc::from(self.bytes(len)?);
                self.strings.push(s.clone());
                Ok(Some(s))
            }
            n => {
                let s = usize::try_from(n - 2).ok().and_then(|n| self.strings.get(n));
                s.cloned().map(Some).ok_or(FileError::StringIndex)
            }
        }
    }

    fn name(&mut self) -> Result<Arc<[u8]>, FileError> {
        self.string()?.ok_or(FileError::Corrupted)
    }

    fn function(&mut self, depth: usize) -> Result<Proto, FileError> {
        if depth > MAX_DEPTH {
            return Err(FileError::TooDeep);
        }
        let line_defined = self.int32()?;
        let last_line_defined = self.int32()?;
        let [num_params, flags, max_stack] = self.array()?;
        if flags & !(FLAG_VARARG | FLAG_TABLE) != 0 {
            return Err(FileError::Corrupted);
        }
        Ok(Proto {
            line_defined,
            last_line_defined,
            num_params,
            is_vararg: flags & FLAG_VARARG != 0,
            vararg_table: flags & FLAG_TABLE != 0,
            max_stack,
            code: self.list(8, |r| Ok(Instr(u64::from_le_bytes(r.array()?))))?,
            consts: self.list(1, Self::constant)?,
            upvalues: self.list(3, Self::upvalue)?,
            protos: self.list(12, |r| r.function(depth + 1).map(Arc::new))?,
            source: self.string()?,
            lines: self.lines(line_defined)?,
            locals: self.list(4, Self::local)?,
        })
    }

    fn constant(&mut self) -> Result<Const, FileError> {
        Ok(match self.byte()? {
            0 => Const::Nil,
            1 => Const::False,
            2 => Const::True,
            3 => Const::Int(self.zigzag()?),
            4 => Const::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            5 => Const::Str(self.name()?),
            _ => return Err(FileError::Constant),
        })
    }

    fn upvalue(&mut self) -> Result<UpvalueDesc, FileError> {
        let [flags, index] = self.array()?;
        if flags & !(UP_IN_STACK | UP_READ_ONLY) != 0 {
            return Err(FileError::Corrupted);
        }
        let in_stack = flags & UP_IN_STACK != 0;
        let read_only = flags & UP_READ_ONLY != 0;
        Ok(UpvalueDesc {
            name: self.string()?,
            in_stack,
            index,
            read_only,
        })
    }

    fn lines(&mut self, first: u32) -> Result<Vec<u32>, FileError> {
        let mut last = first;
        let n = self.count(1)?;
        let mut lines = Vec::with_capacity(n);
        for _ in 0..n {
            let line = i64::from(last).checked_add(self.zigzag()?);
            last = line
                .and_then(|l| u32::try_from(l).ok())
                .ok_or(FileError::Overflow)?;
            lines.push(last);
        }
        Ok(lines)
    }

    fn local(&mut self) -> Result<LocalVar, FileError> {
        let name = self.name()?;
        let start_pc = self.int32()?;
        let end_pc = start_pc.checked_add(self.int32()?).ok_or(FileError::Overflow)?;
        Ok(LocalVar {
            name,
            start_pc,
            end_pc,
            reg: self.byte()?,
        })
    }
}
