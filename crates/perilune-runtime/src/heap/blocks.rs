//! Blocks, size classes and mark bits: where memory comes from.
//!
//! The heap is one reserved stretch of address space cut into 64 KB blocks. A block holds cells of
//! one size, or is part of a run that holds one large object. Two side bitmaps have one bit for each
//! 16 bytes of the region: one is being written by the running mark phase, the other says which
//! cells survived the last one. Sweeping a block is looking for runs of cells without that bit, and
//! bumping through them; it happens when the allocator wants the block's space.

use super::OutOfMemory;
use memmap2::{MmapMut, MmapOptions};

const BLOCK_SHIFT: usize = 16;
pub(crate) const BLOCK: usize = 1 << BLOCK_SHIFT;
const WORDS_PER_BLOCK: usize = BLOCK / 16 / 64;
const MAX_REGION: usize = (1 << 36) - BLOCK;
const MIN_REGION: usize = 1 << 26;

/// Cell sizes, each a multiple of 16.
const CLASS_SIZES: [u32; 34] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280,
    1536, 1792, 2048, 2560, 3264, 4096, 5456, 6544, 8192, 10912, 13104, 21840, 32768,
];
const SMALL_LIMIT: usize = 1024;
const MAX_CELL: usize = 32768;

const fn small_classes() -> [u8; SMALL_LIMIT / 16 + 1] {
    let mut table = [0; SMALL_LIMIT / 16 + 1];
    let mut i = 0;
    let mut class = 0;
    while i <= SMALL_LIMIT / 16 {
        while (CLASS_SIZES[class] as usize) < i * 16 {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
}
/// Classes that lend cells to smaller ones.
const LENDERS: [u32; 5] = [32, 64, 128, 256, 1024];
/// Cells that a class borrows before it takes a block of its own. A block's first cell costs a page, and
/// a small program has few objects of most sizes.
const BORROWED: u8 = 16;

static SMALL_CLASS: [u8; SMALL_LIMIT / 16 + 1] = small_classes();

/// The size class for an allocation of at most [`MAX_CELL`] bytes.
#[inline(always)]
fn class_of(size: usize) -> usize {
    if size <= SMALL_LIMIT {
        return SMALL_CLASS[(size + 15) >> 4] as usize;
    }
    CLASS_SIZES.partition_point(|&s| (s as usize) < size)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    /// Cells of this class.
    Cells(u8),
    /// First block of a large object of so many blocks.
    Large(u32),
    /// A later block of a large object.
    Tail,
}

#[derive(Clone, Copy)]
struct Block {
    state: State,
    /// Cell size, or the size of the large object; for a free block [`CLEAN`] when its memory went
    /// back to the operating system.
    size: usize,
    /// The allocator has taken its holes since the last mark phase.
    swept: bool,
}

impl Block {
    fn new(state: State, size: usize) -> Block {
        Block {
            state,
            size,
            swept: false,
        }
    }
}

const CLEAN: usize = 1;
/// Buffers of so many bytes are moved in steps of a quarter of it.
const MOVE_BY_STEPS: usize = 4 << 20;
/// Freed objects from this size on give their memory back at once; smaller ones wait for the end of a
/// cycle, because the next one of that size may be near.
const DECOMMIT_AT_ONCE: usize = 1 << 20;

/// What freed memory is overwritten with under stress and in debug builds.
const POISON: u8 = 0xdd;

struct Class {
    cur: usize,
    end: usize,
    size: usize,
    /// The block of the current hole, and the next cell to look at in it.
    block: u32,
    next_cell: u32,
    /// Blocks that may have holes.
    unswept: Vec<u32>,
    /// Cells that were given back in parts of blocks that are swept, and are in no hole.
    released: Vec<usize>,
    /// Cells taken from a lender so far.
    borrowed: u8,
}

const NO_BLOCK: u32 = u32::MAX;

/// The region, its blocks and their mark bits.
pub(crate) struct Blocks {
    region: MmapMut,
    base: usize,
    total: u32,
    _maps: [MmapMut; 2],
    /// Bits written by the running mark phase, and bits of the last one.
    marks: [*mut u64; 2],
    blocks: Vec<Block>,
    free: Vec<u32>,
    classes: Vec<Class>,
    /// Bytes in cells and large objects.
    pub bytes: usize,
}

fn reserve(len: usize) -> Option<MmapMut> {
    MmapOptions::new().len(len).no_reserve_swap().map_anon().ok()
}

impl Blocks {
    pub fn new() -> Result<Blocks, OutOfMemory> {
        let mut size = MAX_REGION;
        loop {
            let maps = (reserve(size), reserve(size / 128), reserve(size / 128));
            if let (Some(mut region), Some(mut a), Some(mut b)) = maps {
                let base = (region.as_mut_ptr() as usize).next_multiple_of(BLOCK);
                let lost = usize::from(base != region.as_ptr() as usize);
                let marks = [a.as_mut_ptr().cast(), b.as_mut_ptr().cast()];
                return Ok(Blocks {
                    base,
                    total: (size / BLOCK - lost) as u32,
                    region,
                    _maps: [a, b],
                    marks,
                    blocks: Vec::new(),
                    free: Vec::new(),
                    classes: CLASS_SIZES
                        .iter()
                        .map(|&s| Class {
                            cur: 0,
                            end: 0,
                            size: s as usize,
                            block: NO_BLOCK,
                            next_cell: 0,
                            unswept: Vec::new(),
                            released: Vec::new(),
                            borrowed: 0,
                        })
                        .collect(),
                    bytes: 0,
                });
            }
            size /= 2;
            if size < MIN_REGION {
                return Err(OutOfMemory);
            }
        }
    }

    /// The address as a 32-bit number of 16-byte units from the region's start, plus 1: never 0.
    #[inline(always)]
    pub fn compress(&self, addr: usize) -> u32 {
        ((addr - self.base) >> 4) as u32 + 1
    }
    /// The inverse of [`Blocks::compress`].
    #[inline(always)]
    pub fn expand(&self, c: u32) -> usize {
        self.base + ((c as usize - 1) << 4)
    }

    #[inline(always)]
    pub fn alloc_fast(&mut self, size: usize) -> Option<*mut u8> {
        if size > SMALL_LIMIT {
            return None;
        }
        let class = &mut self.classes[SMALL_CLASS[(size + 15) >> 4] as usize];
        let p = class.cur;
        let next = p + class.size;
        if next > class.end {
            return None;
        }
        class.cur = next;
        self.bytes += class.size;
        Some(p as *mut u8)
    }

    pub fn alloc_slow(&mut self, size: usize) -> Result<*mut u8, OutOfMemory> {
        if size > MAX_CELL {
            return self.alloc_large(size);
        }
        let c = class_of(size);
        loop {
            let class = &mut self.classes[c];
            if class.cur + class.size <= class.end {
                let p = class.cur;
                class.cur += class.size;
                self.bytes += class.size;
                return Ok(p as *mut u8);
            }
            if let Some(p) = class.released.pop() {
                self.bytes += class.size;
                return Ok(p as *mut u8);
            }
            if self.next_hole(c) {
                continue;
            }
            if let Some(lender) = self.lender(c) {
                return self.alloc_slow(lender);
            }
            self.next_block(c)?;
        }
    }

    /// The size of the cell that class `c` is to borrow; None if it is to take a block.
    fn lender(&mut self, c: usize) -> Option<usize> {
        let class = &mut self.classes[c];
        if class.borrowed == BORROWED || !class.unswept.is_empty() {
            return None;
        }
        let lender = *LENDERS.iter().find(|&&size| size as usize >= class.size)? as usize;
        if lender == class.size {
            return None;
        }
        class.borrowed += 1;
        Some(lender)
    }

    /// Moves the bump range of class `c` to the next hole of its block.
    fn next_hole(&mut self, c: usize) -> bool {
        let class = &self.classes[c];
        if class.block == NO_BLOCK {
            return false;
        }
        let (size, cells) = (class.size, (BLOCK / class.size) as u32);
        let start = self.base + ((class.block as usize) << BLOCK_SHIFT);
        let mut i = class.next_cell;
        while i < cells && self.survived(start + i as usize * size) {
            i += 1;
        }
        let from = i;
        if i < cells {
            let end = start + BLOCK;
            let next = self.next_survivor(start + i as usize * size, end);
            i = if next == end {
                cells
            } else {
                ((next - start) / size) as u32
            };
        }
        let class = &mut self.classes[c];
        class.next_cell = i;
        if from == i {
            class.block = NO_BLOCK;
            return false;
        }
        class.cur = start + from as usize * size;
        class.end = start + i as usize * size;
        true
    }

    /// The first survivor at or after `from`; `end`, the end of its block, if there is none.
    fn next_survivor(&self, from: usize, end: usize) -> usize {
        let first = (from - self.base) >> 4;
        let last = (end - self.base) >> 4;
        let mut word = first >> 6;
        // SAFETY: the bitmap covers the whole region, and a block's bits fill words.
        unsafe {
            let mut bits = *self.marks[1].add(word) & (u64::MAX << (first & 63));
            while bits == 0 {
                word += 1;
                if word == last >> 6 {
                    return end;
                }
                bits = *self.marks[1].add(word);
            }
            self.base + ((word << 6 | bits.trailing_zeros() as usize) << 4)
        }
    }

    /// Takes another block for class `c`.
    fn next_block(&mut self, c: usize) -> Result<(), OutOfMemory> {
        let (block, cells) = match self.classes[c].unswept.pop() {
            Some(b) => (b, 0),
            None => {
                let b = self.take_block()?;
                let size = self.classes[c].size;
                self.blocks[b as usize] = Block::new(State::Cells(c as u8), size);
                (b, BLOCK / size)
            }
        };
        self.blocks[block as usize].swept = true;
        let start = self.base + ((block as usize) << BLOCK_SHIFT);
        let class = &mut self.classes[c];
        class.block = block;
        class.next_cell = cells as u32;
        // A block that was free is one hole; its mark bits need not be looked at.
        (class.cur, class.end) = (start, start + cells * class.size);
        Ok(())
    }

    fn take_block(&mut self) -> Result<u32, OutOfMemory> {
        while let Some(b) = self.free.pop() {
            if self.blocks[b as usize].state == State::Free {
                return Ok(b);
            }
        }
        self.extend(1)
    }

    /// Adds `n` blocks at the end of what is in use.
    fn extend(&mut self, n: u32) -> Result<u32, OutOfMemory> {
        let b = self.blocks.len() as u32;
        if n > self.total - b {
            return Err(OutOfMemory);
        }
        self.blocks.resize((b + n) as usize, Block::new(State::Free, 0));
        Ok(b)
    }

    fn alloc_large(&mut self, size: usize) -> Result<*mut u8, OutOfMemory> {
        if size > self.total as usize * BLOCK {
            return Err(OutOfMemory);
        }
        let n = size.div_ceil(BLOCK) as u32;
        let first = match self.find_run(n) {
            Some(b) => b,
            None => self.extend(n)?,
        };
        self.blocks[first as usize] = Block::new(State::Large(n), size);
        for b in first + 1..first + n {
            self.blocks[b as usize] = Block::new(State::Tail, 0);
        }
        self.bytes += size;
        Ok((self.base + ((first as usize) << BLOCK_SHIFT)) as *mut u8)
    }

    fn find_run(&self, n: u32) -> Option<u32> {
        if self.free.len() < n as usize {
            return None;
        }
        let mut run = 0;
        for (i, b) in self.blocks.iter().enumerate() {
            run = if b.state == State::Free { run + 1 } else { 0 };
            if run == n {
                return Some(i as u32 + 1 - n);
            }
        }
        None
    }

    /// Frees a buffer of `size` bytes now; returns how many bytes of a mark phase's sum it was (see
    /// [`Blocks::is_counted`]).
    pub fn release(&mut self, p: *mut u8, size: usize, marking: bool) -> usize {
        let addr = p as usize;
        let b = (addr - self.base) >> BLOCK_SHIFT;
        let size = if size > MAX_CELL {
            size
        } else {
            self.blocks[b].size
        };
        let counted = if self.is_counted(addr, marking) { size } else { 0 };
        self.unmark(addr);
        if cfg!(debug_assertions) {
            // SAFETY: nothing refers to the buffer any more, which is at least this long.
            unsafe { p.write_bytes(POISON, size) };
        }
        match self.blocks[b].state {
            State::Large(_) => self.free_large(b as u32),
            State::Cells(c) => {
                self.bytes -= size;
                let class = &mut self.classes[c as usize];
                let start = self.base + (b << BLOCK_SHIFT);
                // In what is not swept yet the next sweep finds the cell: it has no survivor's bit now.
                let ahead = class.block == b as u32 && (addr - start) / size >= class.next_cell as usize;
                if self.blocks[b].swept && !ahead {
                    class.released.push(addr);
                }
            }
            State::Free | State::Tail => {}
        }
        counted
    }

    fn free_large(&mut self, first: u32) {
        let State::Large(n) = self.blocks[first as usize].state else {
            return;
        };
        self.bytes -= self.blocks[first as usize].size;
        for b in first..first + n {
            self.blocks[b as usize] = Block::new(State::Free, 0);
            self.free.push(b);
        }
        if n as usize * BLOCK >= DECOMMIT_AT_ONCE {
            self.decommit(first, n);
        }
    }

    /// Copies the first bytes of `from`, a buffer that is released next. A large one gives its memory back on the
    /// way, so that there are never two of it.
    ///
    /// # Safety
    /// Both buffers have that many bytes and do not overlap; what is read from `from` afterwards are other bytes.
    pub(crate) unsafe fn move_out(&mut self, from: *const u8, to: *mut u8, bytes: usize) {
        let step = if bytes < MOVE_BY_STEPS {
            bytes
        } else {
            MOVE_BY_STEPS / 4
        };
        for start in (0..bytes).step_by(step.max(1)) {
            let n = step.min(bytes - start);
            // SAFETY: this function's promise.
            unsafe { to.add(start).copy_from_nonoverlapping(from.add(start), n) };
            if step < bytes {
                let first = (from as usize + start - self.base).div_ceil(BLOCK);
                let end = (from as usize + start + n - self.base) >> BLOCK_SHIFT;
                self.decommit(first as u32, end.saturating_sub(first) as u32);
            }
        }
    }

    /// Returns the memory of free blocks to the operating system; they read as zero or garbage later.
    fn decommit(&mut self, first: u32, n: u32) {
        let offset = self.base - self.region.as_ptr() as usize + ((first as usize) << BLOCK_SHIFT);
        #[cfg(unix)]
        {
            // SAFETY: nothing refers to free blocks; their contents are not needed.
            let _ = unsafe {
                self.region.unchecked_advise_range(
                    memmap2::UncheckedAdvice::DontNeed,
                    offset,
                    (n as usize) << BLOCK_SHIFT,
                )
            };
        }
        #[cfg(not(unix))]
        let _ = (offset, n);
    }

    #[inline(always)]
    fn bit(&self, addr: usize) -> (usize, u64) {
        let i = (addr - self.base) >> 4;
        (i >> 6, 1 << (i & 63))
    }

    /// Whether the cell survived the last mark phase.
    #[inline(always)]
    fn survived(&self, addr: usize) -> bool {
        let (word, bit) = self.bit(addr);
        // SAFETY: the bitmap covers the whole region.
        unsafe { *self.marks[1].add(word) & bit != 0 }
    }

    /// Whether the running mark phase has reached the object.
    #[inline(always)]
    pub fn is_marked(&self, addr: usize) -> bool {
        let (word, bit) = self.bit(addr);
        // SAFETY: as in `survived`.
        unsafe { *self.marks[0].add(word) & bit != 0 }
    }

    /// Whether the object at `addr` is in the running (or else the last) mark phase's sum.
    pub fn is_counted(&self, addr: usize, marking: bool) -> bool {
        if marking {
            self.is_marked(addr)
        } else {
            self.survived(addr)
        }
    }

    /// Marks a cell; returns its size if it was not marked before.
    #[inline(always)]
    pub fn mark(&mut self, addr: usize) -> Option<usize> {
        let (word, bit) = self.bit(addr);
        // SAFETY: as in `survived`.
        let w = unsafe { &mut *self.marks[0].add(word) };
        if *w & bit != 0 {
            return None;
        }
        *w |= bit;
        Some(self.blocks[(addr - self.base) >> BLOCK_SHIFT].size)
    }

    fn unmark(&mut self, addr: usize) {
        let (word, bit) = self.bit(addr);
        for m in self.marks {
            // SAFETY: as in `survived`.
            let w = unsafe { &mut *m.add(word) };
            // A page of the bitmap comes into being when it is written.
            if *w & bit != 0 {
                *w &= !bit;
            }
        }
    }

    /// Begins a full mark phase with an empty bitmap.
    pub fn begin_marking(&mut self) {
        // SAFETY: the bitmap covers all blocks in use, and no reference to it is held.
        unsafe { self.marks[0].write_bytes(0, self.blocks.len() * WORDS_PER_BLOCK) };
    }

    /// Makes the last phase's bits the ones that a minor collection adds to.
    pub fn begin_minor(&mut self) {
        self.marks.swap(0, 1);
    }

    /// Ends a mark phase: its bits now say what survives. `live` is the size of all that was marked.
    pub fn end_marking(&mut self, live: usize) {
        self.marks.swap(0, 1);
        for class in &mut self.classes {
            class.unswept.clear();
            class.released.clear();
            (class.cur, class.end, class.block) = (0, 0, NO_BLOCK);
        }
        self.free.clear();
        let mut b = 0;
        while b < self.blocks.len() {
            match self.blocks[b].state {
                State::Free => self.free.push(b as u32),
                State::Cells(c) => {
                    if self.is_empty(b) {
                        self.blocks[b] = Block::new(State::Free, 0);
                        self.free.push(b as u32);
                    } else {
                        self.blocks[b].swept = false;
                        self.classes[c as usize].unswept.push(b as u32);
                    }
                }
                State::Large(n) => {
                    let addr = self.base + (b << BLOCK_SHIFT);
                    if !self.survived(addr) {
                        self.free_large(b as u32);
                    }
                    b += n as usize;
                    continue;
                }
                State::Tail => {}
            }
            b += 1;
        }
        self.bytes = live;
        self.trim();
    }

    /// Stress: overwrites every cell that is not in use, so that a reference to a freed object cannot go
    /// unnoticed. Only right after a mark phase has ended, before anything is allocated.
    pub fn poison(&mut self) {
        for b in 0..self.blocks.len() {
            let Block { state, size, .. } = self.blocks[b];
            let addr = self.base + (b << BLOCK_SHIFT);
            let State::Cells(_) = state else { continue };
            for i in 0..BLOCK / size {
                let cell = addr + i * size;
                if !self.survived(cell) {
                    // SAFETY: the cell did not survive, so nothing refers to it.
                    unsafe { (cell as *mut u8).write_bytes(POISON, size) };
                }
            }
        }
    }

    fn is_empty(&self, block: usize) -> bool {
        // SAFETY: the bitmap covers the whole region.
        let words = unsafe {
            std::slice::from_raw_parts(self.marks[1].add(block * WORDS_PER_BLOCK), WORDS_PER_BLOCK)
        };
        words.iter().all(|&w| w == 0)
    }

    /// Gives memory back when more blocks are free than the heap will use soon.
    fn trim(&mut self) {
        let keep = (self.bytes + self.bytes / 2) / BLOCK + 64;
        while self.blocks.last().is_some_and(|b| b.state == State::Free) && self.free.len() > keep {
            self.blocks.pop();
            let first = self.blocks.len() as u32;
            self.decommit(first, 1);
            self.clear_bits(first as usize);
            if let Some(i) = self.free.iter().rposition(|&f| f == first) {
                self.free.swap_remove(i);
            }
        }
        if self.free.len() > keep {
            for i in 0..self.free.len() - keep {
                let b = self.free[i];
                if self.blocks[b as usize].size != CLEAN {
                    self.blocks[b as usize].size = CLEAN;
                    self.decommit(b, 1);
                }
            }
        }
        self.free.reverse();
    }

    fn clear_bits(&mut self, block: usize) {
        for m in self.marks {
            // SAFETY: the bitmaps cover the whole region.
            unsafe { m.add(block * WORDS_PER_BLOCK).write_bytes(0, WORDS_PER_BLOCK) };
        }
    }
}
