//! Byte strings: short ones interned, so that equal means same; long ones hashed when needed.

use crate::heap::{Gc, Header, Heap, Mode, OutOfMemory};
use crate::value::Tag;
use std::ops::Range;

/// Strings up to this many bytes are interned.
pub const MAX_SHORT: usize = 40;
const SHORT: u8 = 1;
const HASHED: u8 = 2;

/// A string; its bytes follow the fields.
#[repr(C)]
pub struct Str {
    pub(crate) header: Header,
    pub(crate) hash: u32,
    /// Next string of the same bucket, compressed; 0 ends the chain.
    next: u32,
}

const DATA: usize = size_of::<Str>();

/// Room for the names of the standard library.
const INITIAL_BUCKETS: usize = 512;

/// The longest string.
pub const MAX_LEN: usize = u32::MAX as usize - 64;

/// Eight bytes of `bytes` from `at` on.
#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes)
}

/// Four bytes of `bytes` from `at` on.
#[inline(always)]
fn half_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes).into()
}

/// All of at most eight bytes as a number, the same for equal byte strings of one length only.
#[inline(always)]
fn few_bytes(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    match len {
        0 => 0,
        1..4 => {
            let (first, middle, last) = (bytes[0], bytes[len / 2], bytes[len - 1]);
            u64::from(first) | u64::from(middle) << 8 | u64::from(last) << 16
        }
        _ => half_at(bytes, 0) | half_at(bytes, len - 4) << 32,
    }
}

/// A seeded hash over all bytes, eight at a time.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8], seed: u64) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let len = bytes.len();
    let mut h = seed ^ (len as u64).wrapping_mul(K);
    let last = if len <= 8 {
        few_bytes(bytes)
    } else {
        let mut at = 0;
        while at + 8 < len {
            h = (h.rotate_left(5) ^ word_at(bytes, at)).wrapping_mul(K);
            at += 8;
        }
        word_at(bytes, len - 8)
    };
    h = (h.rotate_left(5) ^ last).wrapping_mul(K);
    h ^= h >> 32;
    (h.wrapping_mul(K) >> 32) as u32
}

/// Whether two byte strings, short ones as a rule, are the same.
#[inline]
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let len = a.len();
    if len != b.len() {
        return false;
    }
    if len <= 8 {
        return few_bytes(a) == few_bytes(b);
    }
    let mut at = 0;
    while at + 8 < len {
        if word_at(a, at) != word_at(b, at) {
            return false;
        }
        at += 8;
    }
    word_at(a, len - 8) == word_at(b, len - 8)
}

impl Str {
    /// The string with these bytes: the interned one if it is short.
    ///
    /// # Errors
    /// Out of memory, or longer than [`MAX_LEN`].
    #[inline]
    pub fn new(heap: &mut Heap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
        if let &[byte] = bytes {
            return Str::single(heap, byte);
        }
        if bytes.len() <= MAX_SHORT {
            return Str::interned(heap, bytes);
        }
        let mut builder = Str::builder(heap, bytes.len())?;
        builder.push(bytes);
        Ok(builder.finish())
    }

    /// The interned string with these bytes.
    fn interned(heap: &mut Heap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
        let hash = hash_bytes(bytes, heap.strings.seed);
        if let Some(s) = heap.strings.find(heap, bytes, hash) {
            return Ok(s);
        }
        let s = Str::alloc(heap, bytes.len(), hash, SHORT | HASHED)?;
        // SAFETY: a fresh cell with room for the bytes.
        unsafe { s.data().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        heap.intern(s);
        Ok(s)
    }

    /// The string of one byte.
    #[inline]
    pub fn single(heap: &mut Heap, byte: u8) -> Result<Gc<Str>, OutOfMemory> {
        let known = heap.strings.singles[usize::from(byte)];
        if known != 0 {
            return Ok(Gc::from_addr(heap.blocks.expand(known)));
        }
        let s = Str::interned(heap, &[byte])?;
        heap.strings.singles[usize::from(byte)] = heap.blocks.compress(s.addr());
        Ok(s)
    }

    /// A long string of `len` bytes, more than [`MAX_SHORT`], that are still to be written.
    ///
    /// # Errors
    /// Out of memory, or longer than [`MAX_LEN`].
    pub fn builder(heap: &mut Heap, len: usize) -> Result<Builder<'_>, OutOfMemory> {
        assert!(len > MAX_SHORT);
        if len > MAX_LEN {
            return Err(OutOfMemory);
        }
        let string = Str::alloc(heap, len, 0, 0)?;
        Ok(Builder {
            heap,
            string,
            written: 0,
        })
    }

    #[inline]
    fn alloc(heap: &mut Heap, len: usize, hash: u32, flags: u8) -> Result<Gc<Str>, OutOfMemory> {
        let p = heap.alloc(DATA + len)?.cast::<Str>();
        let mut header = Header::new(Tag::STR, len as u32);
        header.flags = flags;
        // SAFETY: `p` is a fresh cell of at least DATA + len bytes.
        unsafe {
            p.write(Str {
                header,
                hash,
                next: 0,
            });
        }
        Ok(Gc::from_ptr(p))
    }
}

/// A long string whose bytes are being written where they will stay. It borrows the heap, so no
/// safepoint can happen before it is finished.
pub struct Builder<'h> {
    heap: &'h Heap,
    string: Gc<Str>,
    written: usize,
}

impl<'h> Builder<'h> {
    /// The heap that the string is made in.
    #[inline(always)]
    pub fn heap(&self) -> &'h Heap {
        self.heap
    }
    /// Appends `bytes`.
    ///
    /// # Panics
    /// If there are more than the string has room for.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.string.len(self.heap) - self.written);
        // SAFETY: there is room, and nobody else knows the string yet.
        unsafe {
            let to = self.string.data().add(self.written);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        self.written += bytes.len();
    }
    /// What has been written so far.
    #[inline]
    pub fn written(&mut self) -> &mut [u8] {
        // SAFETY: so many bytes are written, and nobody else knows the string yet.
        unsafe { std::slice::from_raw_parts_mut(self.string.data(), self.written) }
    }
    /// Fills the rest with repetitions of what has been written so far.
    ///
    /// # Panics
    /// If that is nothing.
    pub fn repeat(&mut self) {
        assert!(self.written > 0);
        let len = self.string.len(self.heap);
        while self.written < len {
            let more = self.written.min(len - self.written);
            // SAFETY: both ranges lie in the string, and the second begins where the first ends.
            unsafe {
                let data = self.string.data();
                data.add(self.written).copy_from_nonoverlapping(data, more);
            }
            self.written += more;
        }
    }
    /// The string.
    ///
    /// # Panics
    /// If bytes are missing.
    pub fn finish(self) -> Gc<Str> {
        assert!(self.written == self.string.len(self.heap));
        self.string
    }
}

impl Gc<Str> {
    /// Where its bytes begin.
    #[inline(always)]
    fn data(self) -> *mut u8 {
        // SAFETY: the bytes follow the fields.
        unsafe { self.ptr().cast::<u8>().add(DATA) }
    }
    /// The string of the bytes `range` of this one.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Panics
    /// If the range is not inside the string.
    #[inline]
    pub fn sub(self, heap: &mut Heap, range: Range<usize>) -> Result<Gc<Str>, OutOfMemory> {
        if range.len() == self.len(heap) {
            return Ok(self);
        }
        let bytes = &self.bytes(heap)[range];
        // SAFETY: the bytes stay where they are and unchanged while `new` allocates: it is no
        // safepoint.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
        Str::new(heap, bytes)
    }
    /// Its bytes.
    #[inline(always)]
    pub fn bytes(self, _heap: &Heap) -> &[u8] {
        // SAFETY: the object is alive while the heap is borrowed (no safepoint can happen), and its
        // bytes never change.
        unsafe {
            let p = self.ptr();
            std::slice::from_raw_parts(p.cast::<u8>().add(DATA), (*p).header.aux as usize)
        }
    }
    /// Its length in bytes.
    #[inline(always)]
    pub fn len(self, _heap: &Heap) -> usize {
        // SAFETY: as in `bytes`.
        unsafe { (*self.ptr()).header.aux as usize }
    }
    /// Whether it is the empty string.
    pub fn is_empty(self, heap: &Heap) -> bool {
        self.len(heap) == 0
    }
    /// Whether it is interned.
    #[inline(always)]
    pub fn is_short(self, _heap: &Heap) -> bool {
        // SAFETY: as in `bytes`.
        unsafe { (*self.ptr()).header.flags & SHORT != 0 }
    }
    /// Equality of bytes.
    #[inline]
    pub fn content_equals(self, other: Gc<Str>, heap: &Heap) -> bool {
        self == other
            || (!self.is_short(heap) && !other.is_short(heap) && self.bytes(heap) == other.bytes(heap))
    }
    /// Its hash.
    #[inline(always)]
    pub(crate) fn hash(self, heap: &Heap) -> u32 {
        // SAFETY: as in `bytes`; the hash field of a long string is written once it is known.
        unsafe {
            let p = self.ptr();
            if (*p).header.flags & HASHED == 0 {
                (*p).hash = hash_bytes(self.bytes(heap), heap.strings.seed);
                (*p).header.flags |= HASHED;
            }
            (*p).hash
        }
    }
}

/// The table of interned strings: weak, swept at the end of each mark phase.
pub struct StringTable {
    seed: u64,
    buckets: Vec<u32>,
    count: usize,
    /// In generational mode: every string of the table that has outlived no collection, compressed.
    young: Vec<u32>,
    /// The strings of one byte that are known to exist, compressed; 0 for none.
    singles: [u32; 256],
}

impl StringTable {
    pub(crate) fn new(seed: u64) -> StringTable {
        StringTable {
            seed,
            buckets: vec![0; INITIAL_BUCKETS],
            count: 0,
            young: Vec::new(),
            singles: [0; 256],
        }
    }

    #[inline]
    fn find(&self, heap: &Heap, bytes: &[u8], hash: u32) -> Option<Gc<Str>> {
        let mut at = self.buckets[hash as usize & (self.buckets.len() - 1)];
        while at != 0 {
            let s = Gc::<Str>::from_addr(heap.blocks.expand(at));
            // SAFETY: the table holds live strings only: it is purged when a mark phase ends.
            let (h, next) = unsafe { ((*s.ptr()).hash, (*s.ptr()).next) };
            if h == hash && same_bytes(s.bytes(heap), bytes) {
                return Some(s);
            }
            at = next;
        }
        None
    }
}

impl Heap {
    fn intern(&mut self, s: Gc<Str>) {
        if self.strings.count >= self.strings.buckets.len() {
            self.grow_strings();
        }
        let at = self.blocks.compress(s.addr());
        let mask = self.strings.buckets.len() - 1;
        // SAFETY: `s` is a live string.
        let p = unsafe { &mut *s.ptr() };
        let bucket = &mut self.strings.buckets[p.hash as usize & mask];
        p.next = *bucket;
        *bucket = at;
        self.strings.count += 1;
        if self.mode == Mode::Generational {
            self.strings.young.push(at);
        }
    }

    fn grow_strings(&mut self) {
        let old = std::mem::take(&mut self.strings.buckets);
        let mask = old.len() * 2 - 1;
        let mut buckets = vec![0u32; old.len() * 2];
        for mut at in old {
            while at != 0 {
                let p = self.blocks.expand(at) as *mut Str;
                // SAFETY: the table holds live strings only.
                let p = unsafe { &mut *p };
                let next = p.next;
                let bucket = &mut buckets[p.hash as usize & mask];
                p.next = *bucket;
                *bucket = at;
                at = next;
            }
        }
        self.strings.buckets = buckets;
    }

    /// Takes every string of the table for a young one, for a heap that becomes generational.
    pub(crate) fn list_young_strings(&mut self) {
        self.strings.young.clear();
        for mut at in self.strings.buckets.iter().copied() {
            while at != 0 {
                self.strings.young.push(at);
                // SAFETY: the table holds live strings only.
                at = unsafe { &*(self.blocks.expand(at) as *const Str) }.next;
            }
        }
    }

    /// Removes the strings that the mark phase did not reach. After a `minor` collection only young ones
    /// are among them.
    pub(crate) fn purge_strings(&mut self, minor: bool) {
        for single in &mut self.strings.singles {
            if *single != 0 && !self.blocks.is_marked(self.blocks.expand(*single)) {
                *single = 0;
            }
        }
        let mut young = std::mem::take(&mut self.strings.young);
        if minor && young.len() < self.strings.count / 2 {
            for at in young.drain(..) {
                if !self.blocks.is_marked(self.blocks.expand(at)) {
                    self.unlink(at);
                }
            }
        } else {
            self.purge_buckets();
        }
        young.clear();
        self.strings.young = young;
    }

    /// Takes a dead string out of the table.
    fn unlink(&mut self, dead: u32) {
        let mask = self.strings.buckets.len() - 1;
        // SAFETY: cells of the table's strings still hold them: nothing is swept before the purge ends.
        let string = |at: u32| unsafe { &mut *(self.blocks.expand(at) as *mut Str) };
        let mut link = &mut self.strings.buckets[string(dead).hash as usize & mask];
        while *link != dead {
            link = &mut string(*link).next;
        }
        *link = string(dead).next;
        self.strings.count -= 1;
    }

    fn purge_buckets(&mut self) {
        let mut buckets = std::mem::take(&mut self.strings.buckets);
        for bucket in &mut buckets {
            let mut at = *bucket;
            let mut kept = 0u32;
            while at != 0 {
                let addr = self.blocks.expand(at);
                // SAFETY: the cell still holds the string: nothing is swept before this purge ends.
                let p = unsafe { &mut *(addr as *mut Str) };
                let next = p.next;
                if self.blocks.is_marked(addr) {
                    p.next = kept;
                    kept = at;
                } else {
                    self.strings.count -= 1;
                }
                at = next;
            }
            *bucket = kept;
        }
        self.strings.buckets = buckets;
    }
}
