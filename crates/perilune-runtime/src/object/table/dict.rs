//! The hash part of a table that is no record: nodes in order of insertion.
//!
//! One buffer: counters, the nodes, and, when there are more than [`LINEAR`], the heads of the
//! bucket chains that run through them. A nil store leaves the node where it is, so `next` survives
//! clearing while traversing; a rehash drops such nodes.

use crate::heap::{Gc, Heap, OutOfMemory};
use crate::object::Str;
use crate::value::{Tag, Value};

/// Dictionaries up to this many nodes are searched from end to end.
const LINEAR: u32 = 8;

/// The counters at the buffer's start; the nodes follow.
#[repr(C)]
pub(crate) struct Dict {
    /// Nodes in use, dead ones included.
    pub nused: u32,
    /// Nodes there is room for.
    pub ncap: u32,
    /// Number of buckets - 1; 0 when there are none.
    mask: u32,
    unused: u32,
}

/// A key and its value.
#[repr(C)]
pub(crate) struct Node {
    key_bits: u64,
    value_bits: u64,
    key_tag: Tag,
    value_tag: Tag,
    /// Next node of the bucket, + 1; 0 ends the chain.
    next: u32,
}

impl Node {
    /// Where its parts are, in bytes.
    pub const KEY: usize = std::mem::offset_of!(Node, key_bits);
    pub const KEY_TAG: usize = std::mem::offset_of!(Node, key_tag);
    pub const VALUE: usize = std::mem::offset_of!(Node, value_bits);
    pub const VALUE_TAG: usize = std::mem::offset_of!(Node, value_tag);

    #[inline(always)]
    pub fn key(&self) -> Value {
        Value {
            bits: self.key_bits,
            tag: self.key_tag,
        }
    }
    #[inline(always)]
    pub fn value(&self) -> Value {
        Value {
            bits: self.value_bits,
            tag: self.value_tag,
        }
    }
    #[inline(always)]
    pub fn set_value(&mut self, v: Value) {
        self.value_bits = v.bits;
        self.value_tag = v.tag;
    }
    #[inline(always)]
    pub fn has_str(&self, s: Gc<Str>) -> bool {
        self.key_bits == s.addr() as u64 && self.key_tag == Tag::STR
    }
    /// The node's item is in the array part now: no look-up finds the key here any more, or a traversal would
    /// go on from here when the item is cleared there.
    pub fn leave_to_array(&mut self) {
        self.set_value(Value::NIL);
        self.kill_key();
    }
    /// The key's object is dead: only its address may still be compared.
    pub fn kill_key(&mut self) {
        self.key_tag = Tag::DEAD;
    }
    /// Whether the key was `key`, an object that has died since.
    pub fn had_key(&self, key: Value) -> bool {
        self.key_tag == Tag::DEAD && self.key_bits == key.bits
    }
}

#[inline]
pub(super) fn mix(x: u64) -> u32 {
    (x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[inline]
pub(super) fn hash_of(key: Value, heap: &Heap) -> u32 {
    if key.tag == Tag::STR {
        return key.gc::<Str>().hash(heap);
    }
    mix(key.bits ^ (key.tag.0 as u64) << 56)
}

fn buffer_bytes(cap: u32, mask: u32) -> usize {
    let heads = if mask == 0 { 0 } else { (mask as usize + 1) * 4 };
    size_of::<Dict>() + cap as usize * size_of::<Node>() + heads
}

/// The number of nodes for `live` of them and growth: small ones exact, larger ones the next power
/// of two.
pub(super) fn grown(live: usize) -> usize {
    match live {
        0 => 0,
        1 => 1,
        2 => 2,
        3 | 4 => 4,
        n => n.next_power_of_two(),
    }
}

impl Dict {
    /// A dictionary with room for `cap` nodes, at least one.
    pub fn new(heap: &mut Heap, cap: u32) -> Result<*mut Dict, OutOfMemory> {
        let mask = if cap <= LINEAR {
            0
        } else {
            cap.next_power_of_two() - 1
        };
        let p = heap.alloc(buffer_bytes(cap, mask))?.cast::<Dict>();
        // SAFETY: a fresh buffer of the right size; the heads follow the nodes.
        unsafe {
            p.write(Dict {
                nused: 0,
                ncap: cap,
                mask,
                unused: 0,
            });
            if mask != 0 {
                let heads = p.add(1).cast::<Node>().add(cap as usize).cast::<u32>();
                heads.write_bytes(0, mask as usize + 1);
            }
        }
        Ok(p)
    }

    pub fn bytes(&self) -> usize {
        buffer_bytes(self.ncap, self.mask)
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub fn node<'a>(&self, i: u32) -> &'a mut Node {
        debug_assert!(i < self.ncap);
        // SAFETY: i < ncap, and the nodes follow the counters; the heap island hands out one node
        // reference at a time.
        unsafe {
            &mut *(&raw const *self)
                .add(1)
                .cast::<Node>()
                .add(i as usize)
                .cast_mut()
        }
    }
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn head<'a>(&self, bucket: u32) -> &'a mut u32 {
        // SAFETY: the heads follow `ncap` nodes and number mask + 1.
        unsafe {
            &mut *(&raw const *self)
                .add(1)
                .cast::<Node>()
                .add(self.ncap as usize)
                .cast::<u32>()
                .add(bucket as usize)
                .cast_mut()
        }
    }

    /// The node of an interned string.
    #[inline(always)]
    pub fn find_short(&self, s: Gc<Str>) -> Option<u32> {
        if self.mask == 0 {
            return (0..self.nused).find(|&i| self.node(i).has_str(s));
        }
        // SAFETY: the key is alive; interned strings know their hash.
        let hash = unsafe { (*s.ptr()).hash };
        let mut at = *self.head(hash & self.mask);
        while at != 0 {
            let n = self.node(at - 1);
            if n.has_str(s) {
                return Some(at - 1);
            }
            at = n.next;
        }
        None
    }

    fn find_where(&self, hash: u32, mut eq: impl FnMut(&Node) -> bool) -> Option<u32> {
        if self.mask == 0 {
            return (0..self.nused).find(|&i| eq(self.node(i)));
        }
        let mut at = *self.head(hash & self.mask);
        while at != 0 {
            let n = self.node(at - 1);
            if eq(n) {
                return Some(at - 1);
            }
            at = n.next;
        }
        None
    }

    /// The node of a normalised key.
    pub fn find(&self, key: Value, heap: &Heap) -> Option<u32> {
        match key.as_str() {
            Some(s) if s.is_short(heap) => self.find_short(s),
            Some(s) => self.find_where(s.hash(heap), |n| {
                n.key().as_str().is_some_and(|k| k.content_equals(s, heap))
            }),
            None => self.find_where(hash_of(key, heap), |n| n.key().same(key)),
        }
    }

    #[inline]
    pub fn find_int(&self, i: i64) -> Option<u32> {
        let key = Value::int(i);
        self.find_where(mix(key.bits), |n| n.key().same(key))
    }

    /// Adds a node for a key that has none; there is room.
    pub fn append(&mut self, heap: &Heap, key: Value, v: Value) {
        let i = self.nused;
        self.nused += 1;
        let mut next = 0;
        if self.mask != 0 {
            let head = self.head(hash_of(key, heap) & self.mask);
            next = *head;
            *head = i + 1;
        }
        *self.node(i) = Node {
            key_bits: key.bits,
            value_bits: v.bits,
            key_tag: key.tag,
            value_tag: v.tag,
            next,
        };
    }
}
