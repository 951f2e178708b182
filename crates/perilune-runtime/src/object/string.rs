//! Byte strings: short ones interned, so that equal means same; long ones hashed when needed.

use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::value::Tag;

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

/// The longest string.
pub const MAX_LEN: usize = u32::MAX as usize - 64;

/// A seeded hash over all bytes, eight at a time.
pub(crate) fn hash_bytes(bytes: &[u8], seed: u64) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = seed ^ (bytes.len() as u64).wrapping_mul(K);
    let mut chunks = bytes.chunks_exact(8);
    for c in &mut chunks {
        let w = u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]);
        h = (h.rotate_left(5) ^ w).wrapping_mul(K);
    }
    let mut tail = 0u64;
    for &b in chunks.remainder() {
        tail = tail << 8 | b as u64;
    }
    h = (h.rotate_left(5) ^ tail).wrapping_mul(K);
    h ^= h >> 32;
    (h.wrapping_mul(K) >> 32) as u32
}

impl Str {
    /// The string with these bytes: the interned one if it is short.
    ///
    /// # Errors
    /// Out of memory, or longer than [`MAX_LEN`].
    pub fn new(heap: &mut Heap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
        if bytes.len() > MAX_SHORT {
            return Str::new_long(heap, bytes);
        }
        let hash = hash_bytes(bytes, heap.strings.seed);
        if let Some(s) = heap.strings.find(heap, bytes, hash) {
            return Ok(s);
        }
        let s = Str::alloc(heap, bytes, hash, SHORT | HASHED)?;
        heap.intern(s);
        Ok(s)
    }

    fn new_long(heap: &mut Heap, bytes: &[u8]) -> Result<Gc<Str>, OutOfMemory> {
        if bytes.len() > MAX_LEN {
            return Err(OutOfMemory);
        }
        Str::alloc(heap, bytes, 0, 0)
    }

    fn alloc(heap: &mut Heap, bytes: &[u8], hash: u32, flags: u8) -> Result<Gc<Str>, OutOfMemory> {
        let p = heap.alloc(DATA + bytes.len())?.cast::<Str>();
        let mut header = Header::new(Tag::STR, bytes.len() as u32);
        header.flags = flags;
        // SAFETY: `p` is a fresh cell of at least DATA + len bytes.
        unsafe {
            p.write(Str {
                header,
                hash,
                next: 0,
            });
            p.cast::<u8>()
                .add(DATA)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        Ok(Gc::from_ptr(p))
    }
}

impl Gc<Str> {
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
}

impl StringTable {
    pub(crate) fn new(seed: u64) -> StringTable {
        StringTable {
            seed,
            buckets: vec![0; 256],
            count: 0,
        }
    }

    #[inline]
    fn find(&self, heap: &Heap, bytes: &[u8], hash: u32) -> Option<Gc<Str>> {
        let mut at = self.buckets[hash as usize & (self.buckets.len() - 1)];
        while at != 0 {
            let s = Gc::<Str>::from_addr(heap.blocks.expand(at));
            // SAFETY: the table holds live strings only: it is purged when a mark phase ends.
            let (h, next) = unsafe { ((*s.ptr()).hash, (*s.ptr()).next) };
            if h == hash && s.bytes(heap) == bytes {
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

    /// Removes the strings that the mark phase did not reach.
    pub(crate) fn purge_strings(&mut self) {
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
