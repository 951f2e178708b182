//! Machine code with its pool -> a block of executable memory, until it is freed.

use super::coherence;
use super::features;
use super::mapping::Mapping;
use super::space::Space;
use std::collections::BTreeMap;
use std::{fmt, io};

/// Where code begins: at a multiple of this, in bytes. Blocks are multiples of it.
pub const ALIGNMENT: usize = 64;
/// Chunks are multiples of this, in bytes, which is one of every page size in use.
const PAGES: usize = 64 << 10;
/// Bytes of the first chunk.
const FIRST_CHUNK: usize = 256 << 10;
/// Bytes of a chunk, at most, unless a block needs more. Until there, each doubles what is mapped.
const LARGEST_STEP: usize = 4 << 20;

/// What code memory is filled with that has been freed: the target's trap instruction.
#[cfg(not(target_arch = "aarch64"))]
const TRAP: [u8; 4] = [0xcc; 4];
/// What code memory is filled with that has been freed: the target's trap instruction.
#[cfg(target_arch = "aarch64")]
const TRAP: [u8; 4] = 0xd420_0000u32.to_le_bytes();

/// How memory is written that is executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Through a second view of it, which is not executable. Linux only. The views are shared: a process
    /// that is forked without starting another program must not install or free code.
    Dual,
    /// By making it writable and not executable for a moment. No code of the memory may run on any thread
    /// meanwhile; frames that will return into it do not matter.
    Switched,
}

/// The ways, the better one first.
const WAYS: &[Way] = &[Way::Dual, Way::Switched];

/// Why there is no room for a piece of code.
#[derive(Debug)]
pub enum Error {
    /// What is free below the cap is too little, or in pieces.
    Full {
        /// Bytes that the block takes.
        needed: usize,
        /// The cap in bytes.
        cap: usize,
    },
    /// Compiled code cannot run on this machine, and why.
    Unsupported(&'static str),
    /// The system gives no memory that can be executed; what it said to each way.
    Refused(Vec<(Way, io::Error)>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Full { needed, cap } => {
                write!(f, "code memory is full ({needed} bytes needed, {cap} allowed)")
            }
            Error::Unsupported(why) => write!(f, "no compiled code on this machine: {why}"),
            Error::Refused(answers) => {
                write!(f, "the system refuses executable memory")?;
                for (way, error) in answers {
                    write!(f, "; {way}: {error}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Dual => "with two views",
            Way::Switched => "with one view",
        })
    }
}

/// Installed code with its pool. It says where they are, and keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Block {
    address: usize,
    code_len: usize,
    pool_len: usize,
}

impl Block {
    /// The address of the first instruction, a multiple of [`ALIGNMENT`].
    pub fn address(&self) -> usize {
        self.address
    }

    /// Bytes of code, a multiple of 16.
    pub fn code_len(&self) -> usize {
        self.code_len
    }

    /// The address of the first pool entry, right behind the code.
    pub fn pool_address(&self) -> usize {
        self.address + self.code_len
    }

    /// Entries of the pool, of 8 bytes each.
    pub fn pool_len(&self) -> usize {
        self.pool_len
    }

    /// Bytes that the block takes.
    pub fn size(&self) -> usize {
        (self.code_len + 8 * self.pool_len).next_multiple_of(ALIGNMENT)
    }
}

/// A mapping, and what is free of it.
#[derive(Debug)]
struct Chunk {
    mapping: Mapping,
    space: Space,
}

impl Chunk {
    fn new(len: usize, ways: &[Way]) -> Result<Chunk, Error> {
        let mut answers = Vec::new();
        for &way in ways {
            match mapping(len, way) {
                Ok(mapping) => {
                    return Ok(Chunk {
                        mapping,
                        space: Space::new(len),
                    });
                }
                Err(error) => answers.push((way, error)),
            }
        }
        Err(Error::Refused(answers))
    }

    /// The offset of an address, if it lies in this chunk.
    fn offset_of(&self, address: usize) -> Option<usize> {
        let offset = address.checked_sub(self.mapping.address())?;
        (offset < self.space.len()).then_some(offset)
    }
}

/// Memory of one way in which code runs as it was written.
fn mapping(len: usize, way: Way) -> io::Result<Mapping> {
    let mut mapping = Mapping::new(len, way)?;
    if !mapping.is_coherent() {
        return Err(io::Error::other("what is written is not what is executed"));
    }
    mapping.write(0..ALIGNMENT, fill_with_traps)?;
    coherence::forget();
    Ok(mapping)
}

/// The executable memory of a state, made of chunks.
///
/// Nothing is mapped before the first block is installed.
#[derive(Debug)]
pub struct CodeMemory {
    cap: usize,
    ways: &'static [Way],
    /// The first one stays; another one goes when it is empty.
    chunks: Vec<Chunk>,
    live: BTreeMap<usize, Block>,
    used: usize,
    mapped: usize,
}

impl CodeMemory {
    /// Memory that maps at most `cap` bytes of code, in steps of 64 KB. Says at once if compiled code
    /// cannot run on this machine.
    pub fn new(cap: usize) -> Result<CodeMemory, Error> {
        features::supported().map_err(Error::Unsupported)?;
        Ok(CodeMemory::in_ways(cap, WAYS))
    }

    /// As [`CodeMemory::new`], of one view only, behind which there is no file: `perf` looks up the names of
    /// functions in such memory alone.
    pub fn in_one_view(cap: usize) -> Result<CodeMemory, Error> {
        features::supported().map_err(Error::Unsupported)?;
        Ok(CodeMemory::in_ways(cap, &[Way::Switched]))
    }

    /// Memory that tries only the ways given.
    fn in_ways(cap: usize, ways: &'static [Way]) -> CodeMemory {
        CodeMemory {
            cap,
            ways,
            chunks: Vec::new(),
            live: BTreeMap::new(),
            used: 0,
            mapped: 0,
        }
    }

    /// Bytes of blocks.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Bytes that are mapped; a second view is not counted.
    pub fn mapped(&self) -> usize {
        self.mapped
    }

    /// Bytes that may be mapped.
    pub fn cap(&self) -> usize {
        self.cap
    }

    /// Places code, whose length is a multiple of 16 and not 0, with its pool right behind it.
    pub fn install(&mut self, code: &[u8], pool: &[u64]) -> Result<Block, Error> {
        assert!(!code.is_empty() && code.len().is_multiple_of(16));
        let mut block = Block {
            address: 0,
            code_len: code.len(),
            pool_len: pool.len(),
        };
        let size = block.size();
        let (chunk, offset) = self.place(size)?;
        let written = chunk
            .mapping
            .write(offset..offset + size, |bytes| lay_out(bytes, code, pool));
        if let Err(error) = written {
            chunk.space.give_back(offset, size);
            return Err(Error::Refused(vec![(Way::Switched, error)]));
        }
        block.address = chunk.mapping.address() + offset;
        self.live.insert(block.address, block);
        self.used += size;
        Ok(block)
    }

    /// Frees a block: traps take the place of its code, and other code may. It must be one that
    /// [`CodeMemory::install`] gave and nobody has freed since.
    pub fn free(&mut self, block: Block) {
        assert_eq!(self.live.remove(&block.address), Some(block), "not a live block");
        let size = block.size();
        let (index, offset) = self.find(block.address);
        self.used -= size;
        let chunk = &mut self.chunks[index];
        chunk.space.give_back(offset, size);
        if index > 0 && chunk.space.is_empty() {
            self.mapped -= chunk.space.len();
            self.chunks.remove(index);
            return;
        }
        // If the system refuses this, the traps are missing and nothing else: nobody jumps there.
        let _ = chunk.mapping.write(offset..offset + size, fill_with_traps);
        coherence::forget();
    }

    /// Changes an entry of a live block's pool, in one store. Compiled code may read it at that time only
    /// if memory has two views.
    pub fn write_pool(&mut self, block: Block, index: usize, value: u64) -> Result<(), Error> {
        assert_eq!(self.live.get(&block.address), Some(&block), "not a live block");
        assert!(index < block.pool_len);
        let (chunk, offset) = self.find(block.address);
        let written = self.chunks[chunk]
            .mapping
            .write_word(offset + block.code_len + 8 * index, value);
        written.map_err(|error| Error::Refused(vec![(Way::Switched, error)]))
    }

    /// Takes room in the first chunk that has it, or in a new one.
    fn place(&mut self, size: usize) -> Result<(&mut Chunk, usize), Error> {
        let found = self.chunks.iter_mut().enumerate();
        let found = found
            .filter_map(|(i, chunk)| Some((i, chunk.space.take(size)?)))
            .next();
        let (index, offset) = match found {
            Some(found) => found,
            None => {
                self.grow(size)?;
                let last = self.chunks.len() - 1;
                let offset = self.chunks[last].space.take(size);
                (
                    last,
                    offset.expect("a new chunk has room for what it was made for"),
                )
            }
        };
        Ok((&mut self.chunks[index], offset))
    }

    /// Maps another chunk, in which `size` bytes have room.
    fn grow(&mut self, size: usize) -> Result<(), Error> {
        let room = (self.cap - self.mapped) / PAGES * PAGES;
        if size > room {
            return Err(Error::Full {
                needed: size,
                cap: self.cap,
            });
        }
        let step = self.mapped.clamp(FIRST_CHUNK, LARGEST_STEP);
        let len = size.next_multiple_of(PAGES).max(step).min(room);
        self.chunks.push(Chunk::new(len, self.ways)?);
        self.mapped += len;
        Ok(())
    }

    /// The chunk of a block's address, and the offset there.
    fn find(&self, address: usize) -> (usize, usize) {
        let mut chunks = self.chunks.iter().enumerate();
        let found = chunks.find_map(|(i, chunk)| Some((i, chunk.offset_of(address)?)));
        found.expect("a live block lies in a chunk")
    }
}

/// Code, pool, and traps behind them.
fn lay_out(bytes: &mut [u8], code: &[u8], pool: &[u64]) {
    let (code_bytes, rest) = bytes.split_at_mut(code.len());
    let (pool_bytes, rest) = rest.split_at_mut(8 * pool.len());
    code_bytes.copy_from_slice(code);
    for (bytes, entry) in pool_bytes.chunks_exact_mut(8).zip(pool) {
        bytes.copy_from_slice(&entry.to_ne_bytes());
    }
    fill_with_traps(rest);
}

/// The rest begins at a multiple of 8.
fn fill_with_traps(bytes: &mut [u8]) {
    for piece in bytes.chunks_exact_mut(TRAP.len()) {
        piece.copy_from_slice(&TRAP);
    }
}

#[cfg(all(test, unix, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests;
