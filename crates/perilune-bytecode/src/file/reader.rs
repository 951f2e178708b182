//! Bytes -> function.

use super::{
    CHECK, FINGERPRINT, FLAG_TABLE, FLAG_VARARG, FORMAT, FileError, KIND_FALSE, KIND_FLOAT, KIND_INT,
    KIND_NIL, KIND_STR, KIND_TRUE, SIGNATURE, UP_IN_STACK, UP_READ_ONLY, VERSION, numbers,
};
use crate::lines::{Lines, Mark};
use crate::ops::Instr;
use crate::proto::{Const, LocalVar, Proto, UpvalueDesc};
use crate::text::{TextId, Texts};
use crate::verify::MAX_DEPTH;
use perilune_syntax::Source;
use std::sync::Arc;

/// Reads a precompiled chunk.
///
/// # Errors
/// When the bytes do not follow the format.
pub fn read(bytes: &[u8]) -> Result<Proto, FileError> {
    chunk(bytes)
}

/// As [`read`], from any source, of which no more is asked for than is needed.
///
/// # Errors
/// When the bytes do not follow the format. A source that fails seems to end.
pub fn read_source(source: Source<'_>) -> Result<Proto, FileError> {
    chunk(source)
}

/// Where bytes come from.
trait Input {
    /// The bytes that are there.
    fn bytes(&self) -> &[u8];
    /// Asks for more until there are `len` bytes; whether there are.
    fn reach(&mut self, len: usize) -> bool;
}

impl Input for &[u8] {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
    #[inline]
    fn reach(&mut self, len: usize) -> bool {
        len <= self.len()
    }
}

impl Input for Source<'_> {
    #[inline]
    fn bytes(&self) -> &[u8] {
        self.text()
    }
    #[inline]
    fn reach(&mut self, len: usize) -> bool {
        Source::reach(self, len)
    }
}

fn chunk(input: impl Input) -> Result<Proto, FileError> {
    let mut r = Reader {
        input,
        at: 0,
        texts: Arc::default(),
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
    if r.array()? != FINGERPRINT.to_le_bytes() {
        return Err(FileError::Format);
    }
    let upvalues = usize::from(r.byte()?);
    r.texts = Arc::new(r.texts()?);
    let proto = r.function(1)?;
    if proto.upvalues.len() != upvalues {
        return Err(FileError::Corrupted);
    }
    Ok(proto)
}

struct Reader<I> {
    input: I,
    /// Where the next byte stands.
    at: usize,
    texts: Arc<Texts>,
}

impl<I: Input> Reader<I> {
    /// Where `n` more bytes end.
    #[inline]
    fn end_of(&mut self, n: usize) -> Result<usize, FileError> {
        let end = self.at.checked_add(n).ok_or(FileError::Truncated)?;
        if self.input.reach(end) {
            Ok(end)
        } else {
            Err(FileError::Truncated)
        }
    }

    #[inline]
    fn bytes(&mut self, n: usize) -> Result<&[u8], FileError> {
        let end = self.end_of(n)?;
        let start = std::mem::replace(&mut self.at, end);
        self.input.bytes().get(start..end).ok_or(FileError::Truncated)
    }

    /// What follows, as far as it is there.
    #[inline]
    fn rest(&self) -> &[u8] {
        self.input.bytes().get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        match self.rest().first_chunk() {
            Some(&bytes) => {
                self.at += N;
                Ok(bytes)
            }
            None => self.next_array(),
        }
    }

    /// Bytes that may still have to come.
    #[cold]
    #[inline(never)]
    fn next_array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let bytes = self.bytes(N)?.first_chunk();
        bytes.copied().ok_or(FileError::Truncated)
    }

    #[inline(always)]
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

    #[inline(always)]
    fn int(&mut self) -> Result<u64, FileError> {
        let b = self.byte()?;
        if b < 0x80 {
            return Ok(u64::from(b));
        }
        self.rest_of_int(u64::from(b & 0x7f))
    }

    /// The rest of an int of which 7 bits are known.
    #[inline(never)]
    fn rest_of_int(&mut self, mut n: u64) -> Result<u64, FileError> {
        for shift in (7..64).step_by(7) {
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

    #[inline]
    fn int32(&mut self) -> Result<u32, FileError> {
        u32::try_from(self.int()?).map_err(|_| FileError::Overflow)
    }

    fn zigzag(&mut self) -> Result<i64, FileError> {
        let n = self.int()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// A count of things that take at least `size` bytes each.
    #[inline]
    fn count(&mut self, size: usize) -> Result<usize, FileError> {
        let n = usize::try_from(self.int()?).map_err(|_| FileError::Overflow)?;
        self.end_of(n.checked_mul(size).ok_or(FileError::Truncated)?)?;
        Ok(n)
    }

    #[inline]
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

    fn texts(&mut self) -> Result<Texts, FileError> {
        let mut end = 0_usize;
        let n = self.count(1)?;
        let mut ends = Vec::with_capacity(n);
        for _ in 0..n {
            let len = usize::try_from(self.int()?).map_err(|_| FileError::Overflow)?;
            end = end.checked_add(len).ok_or(FileError::Overflow)?;
            ends.push(end);
        }
        Ok(Texts::from_parts(self.bytes(end)?.to_vec(), ends))
    }

    #[inline]
    fn text(&mut self) -> Result<Option<TextId>, FileError> {
        Ok(TextId::from_number(self.int32()?))
    }

    #[inline]
    fn name(&mut self) -> Result<TextId, FileError> {
        self.text()?.ok_or(FileError::Corrupted)
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
            texts: self.texts.clone(),
            line_defined,
            last_line_defined,
            num_params,
            is_vararg: flags & FLAG_VARARG != 0,
            vararg_table: flags & FLAG_TABLE != 0,
            max_stack,
            code: self.code()?,
            consts: self.constants()?,
            upvalues: self.upvalues()?,
            protos: self.list(12, |r| r.function(depth + 1).map(Arc::new))?,
            source: self.text()?,
            lines: self.lines(line_defined)?,
            locals: self.list(4, Self::local)?,
        })
    }

    fn code(&mut self) -> Result<Vec<Instr>, FileError> {
        let n = self.count(8)?;
        let (words, _) = self.bytes(8 * n)?.as_chunks();
        Ok(words.iter().map(|w| Instr(u64::from_le_bytes(*w))).collect())
    }

    fn constants(&mut self) -> Result<Vec<Const>, FileError> {
        let n = self.count(1)?;
        let mut consts = Vec::with_capacity(n);
        while consts.len() < n {
            // Most are strings with a short number.
            let mut rest = self.rest();
            while let &[KIND_STR, number @ 1..0x80, ref tail @ ..] = rest
                && let Some(id) = TextId::from_number(u32::from(number))
                && consts.len() < n
            {
                consts.push(Const::Str(id));
                rest = tail;
            }
            self.at = self.input.bytes().len() - rest.len();
            if consts.len() < n {
                consts.push(self.constant()?);
            }
        }
        Ok(consts)
    }

    fn constant(&mut self) -> Result<Const, FileError> {
        Ok(match self.byte()? {
            KIND_STR => Const::Str(self.name()?),
            KIND_INT => Const::Int(self.zigzag()?),
            KIND_FLOAT => Const::Float(f64::from_bits(u64::from_le_bytes(self.array()?))),
            KIND_NIL => Const::Nil,
            KIND_FALSE => Const::False,
            KIND_TRUE => Const::True,
            _ => return Err(FileError::Constant),
        })
    }

    fn upvalues(&mut self) -> Result<Vec<UpvalueDesc>, FileError> {
        let n = self.count(3)?;
        let mut upvalues = Vec::with_capacity(n);
        for _ in 0..n {
            let [flags, index] = self.array()?;
            let name = self.text()?;
            if flags & !(UP_IN_STACK | UP_READ_ONLY) != 0 {
                return Err(FileError::Corrupted);
            }
            upvalues.push(UpvalueDesc {
                name,
                in_stack: flags & UP_IN_STACK != 0,
                index,
                read_only: flags & UP_READ_ONLY != 0,
            });
        }
        Ok(upvalues)
    }

    fn lines(&mut self, first: u32) -> Result<Lines, FileError> {
        let n = self.count(1)?;
        if n == 0 {
            return Ok(Lines::new(first, &[]));
        }
        let steps = self.bytes(n)?.to_vec();
        let n = self.count(2)?;
        let mut marks = Vec::with_capacity(n);
        let mut last = 0_u32;
        for _ in 0..n {
            let pc = last.checked_add(self.int32()?).ok_or(FileError::Overflow)?;
            let line = self.int32()?;
            marks.push(Mark { pc, line });
            last = pc;
        }
        Ok(Lines { first, steps, marks })
    }

    #[inline]
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
