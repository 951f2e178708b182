//! Shapes (hidden classes): which fields a record has, in order of insertion.
//!
//! A record is a table all of whose hash keys are interned strings, not too many of them. Its header
//! names a shape; the values stand in slots in the order of the shape's keys. Adding a key is a
//! transition to another shape, so tables that were built alike share one. Shapes of one line of
//! transitions share one list of keys, of which each sees a prefix. A slot's representation says
//! what all tables of the line have held in it so far: only integers, only floats, or anything.
//!
//! Shapes are numbered; a number is used again only after every inline cache that held it has
//! forgotten it (see `Heap::forget_shapes`). A shape that no table has had for some full collections
//! is dropped.

use super::Str;
use crate::heap::Gc;
use crate::value::Tag;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The number in the header of a table that is a dictionary.
pub(crate) const DICTIONARY: u32 = 0;
/// The shape without keys.
pub(crate) const EMPTY: u32 = 1;
/// A record with more fields than this becomes a dictionary.
pub(crate) const MAX_FIELDS: u32 = 128;
/// The same for fields added under computed keys.
const MAX_COMPUTED_FIELDS: u32 = 32;
/// Most transitions from one shape, under constant and under computed keys.
const MAX_TRANSITIONS: usize = 2048;
const MAX_COMPUTED_TRANSITIONS: usize = 24;
/// Most shapes of one state: numbers must fit into 24 bits of an instruction, and memory is dear.
const MAX_SHAPES: usize = 1 << 15;
/// Key lists up to this length are searched from end to end.
const LINEAR: usize = 8;
/// What one shape counts in the memory in use: itself, its transition and its share of a key list.
const SHAPE_BYTES: usize = size_of::<Shape>() + 48;
/// Room for the shapes of the standard library, and a few more.
const INITIAL_SHAPES: usize = 256;
/// Full collections that a shape outlives without a table.
const MAX_IDLE: u8 = 3;

/// What the tables of a line have held in one slot: a tag, or [`Rep::VALUE`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rep(pub u8);

impl Rep {
    /// Anything.
    pub const VALUE: Rep = Rep(0xff);
    /// The representation of a slot that has held only values of this tag.
    pub fn of(tag: Tag) -> Rep {
        if tag == Tag::INT || tag == Tag::FLT {
            Rep(tag.0)
        } else {
            Rep::VALUE
        }
    }
    /// Whether a value of this tag may be stored.
    #[inline(always)]
    pub fn admits(self, tag: Tag) -> bool {
        self == Rep::VALUE || self.0 == tag.0
    }
}

/// How a field comes to be added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// Under a name in the program.
    ByName,
    /// Under a computed key: the table may be a map rather than a record.
    Computed,
}

/// Addresses as keys of a map.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_usize(b as usize);
        }
    }
    fn write_usize(&mut self, n: usize) {
        let h = (self.0 ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = h ^ h >> 32;
    }
}

enum Transitions {
    None,
    One(Gc<Str>, u32),
    Many(HashMap<usize, u32, BuildHasherDefault<AddressHasher>>),
}

impl Transitions {
    fn get(&self, key: Gc<Str>) -> Option<u32> {
        match self {
            Transitions::None => None,
            Transitions::One(k, id) => (*k == key).then_some(*id),
            Transitions::Many(map) => map.get(&key.addr()).copied(),
        }
    }
    fn len(&self) -> usize {
        match self {
            Transitions::None => 0,
            Transitions::One(..) => 1,
            Transitions::Many(map) => map.len(),
        }
    }
    fn insert(&mut self, key: Gc<Str>, id: u32) {
        match self {
            Transitions::None => *self = Transitions::One(key, id),
            Transitions::One(k, i) => {
                let old = [(k.addr(), *i), (key.addr(), id)];
                *self = Transitions::Many(old.into_iter().collect());
            }
            Transitions::Many(map) => {
                map.insert(key.addr(), id);
            }
        }
    }
    fn remove(&mut self, key: Gc<Str>) {
        match self {
            Transitions::None => {}
            Transitions::One(k, _) => {
                if *k == key {
                    *self = Transitions::None;
                }
            }
            Transitions::Many(map) => {
                map.remove(&key.addr());
                if map.is_empty() {
                    *self = Transitions::None;
                }
            }
        }
    }
}

/// The keys of a line of shapes, and what each slot has held.
#[derive(Default)]
struct Keys {
    keys: Vec<Gc<Str>>,
    reps: Vec<Rep>,
    /// Open addressing by hash: place in `keys` + 1; empty while the list is short.
    index: Vec<u8>,
    /// How many shapes use it.
    users: u32,
    /// Whether it got a key since the last collection.
    fresh: bool,
}

impl Keys {
    fn push(&mut self, key: Gc<Str>, hash_of: impl Fn(Gc<Str>) -> u32, rep: Rep) {
        self.keys.push(key);
        self.reps.push(rep);
        self.fresh = true;
        let n = self.keys.len();
        if n <= LINEAR {
            return;
        }
        if self.index.len() < n * 2 {
            self.index = vec![0; (n * 2).next_power_of_two() * 2];
            for i in 0..n {
                self.enter(hash_of(self.keys[i]), i);
            }
        } else {
            self.enter(hash_of(key), n - 1);
        }
    }
    fn enter(&mut self, hash: u32, place: usize) {
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        while self.index[at] != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = place as u8 + 1;
    }
    #[inline]
    fn find(&self, key: Gc<Str>, hash: u32, count: u32) -> Option<u32> {
        let keys = &self.keys[..count as usize];
        if keys.len() <= LINEAR {
            return keys.iter().position(|&k| k == key).map(|i| i as u32);
        }
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = self.index[at] as usize;
            if place == 0 {
                return None;
            }
            if self.keys[place - 1] == key {
                return (place <= keys.len()).then_some(place as u32 - 1);
            }
            at = (at + 1) & mask;
        }
    }
}

struct Shape {
    /// The shape that it extends by one key; its own number for a free place.
    parent: u32,
    count: u32,
    /// Which list of keys.
    keys: u32,
    transitions: Transitions,
    /// A table with this shape was seen by the running or last mark phase.
    seen: bool,
    /// Full collections since it was last seen.
    idle: u8,
}

/// The shapes of one state.
pub(crate) struct Shapes {
    list: Vec<Shape>,
    free: Vec<u32>,
    lists: Vec<Keys>,
    free_lists: Vec<u32>,
    /// Bytes in use, as far as they are counted.
    pub bytes: usize,
}

impl Shapes {
    pub fn new() -> Shapes {
        let shape = |parent| Shape {
            parent,
            count: 0,
            keys: 0,
            transitions: Transitions::None,
            seen: true,
            idle: 0,
        };
        let keys = Keys {
            users: 2,
            ..Keys::default()
        };
        let mut list = Vec::with_capacity(INITIAL_SHAPES);
        list.extend([shape(DICTIONARY), shape(DICTIONARY)]);
        Shapes {
            list,
            free: Vec::new(),
            lists: vec![keys],
            free_lists: Vec::new(),
            bytes: 2 * SHAPE_BYTES,
        }
    }

    /// How many slots tables of this shape have.
    #[inline(always)]
    pub fn count(&self, id: u32) -> u32 {
        self.list[id as usize].count
    }

    /// The slot of an interned string.
    #[inline]
    pub fn find(&self, id: u32, key: Gc<Str>, hash: u32) -> Option<u32> {
        let s = &self.list[id as usize];
        self.lists[s.keys as usize].find(key, hash, s.count)
    }

    /// The key of a slot.
    #[inline]
    pub fn key(&self, id: u32, slot: u32) -> Gc<Str> {
        self.lists[self.list[id as usize].keys as usize].keys[slot as usize]
    }

    /// What a slot has held.
    #[inline]
    pub fn rep(&self, id: u32, slot: u32) -> Rep {
        self.lists[self.list[id as usize].keys as usize].reps[slot as usize]
    }

    /// From now on the slot may hold anything.
    #[cold]
    pub fn widen(&mut self, id: u32, slot: u32) {
        let keys = self.list[id as usize].keys;
        self.lists[keys as usize].reps[slot as usize] = Rep::VALUE;
    }

    /// The shape with one more key, whose first value has the tag `tag`; None when the table should
    /// become a dictionary instead.
    pub fn add(
        &mut self,
        id: u32,
        key: Gc<Str>,
        hash_of: impl Fn(Gc<Str>) -> u32,
        tag: Tag,
        how: Added,
    ) -> Option<u32> {
        let s = &self.list[id as usize];
        let count = s.count;
        if let Some(child) = s.transitions.get(key) {
            if !self.rep(child, count).admits(tag) {
                self.widen(child, count);
            }
            return Some(child);
        }
        let (fields, transitions) = match how {
            Added::ByName => (MAX_FIELDS, MAX_TRANSITIONS),
            Added::Computed => (MAX_COMPUTED_FIELDS, MAX_COMPUTED_TRANSITIONS),
        };
        let live = self.list.len() - self.free.len();
        if count >= fields || s.transitions.len() >= transitions || live >= MAX_SHAPES {
            return None;
        }
        let keys = self.keys_for_child(s.keys, count, &hash_of);
        self.lists[keys as usize].push(key, hash_of, Rep::of(tag));
        let child = self.insert(Shape {
            parent: id,
            count: count + 1,
            keys,
            transitions: Transitions::None,
            seen: true,
            idle: 0,
        });
        self.list[id as usize].transitions.insert(key, child);
        Some(child)
    }

    /// A list whose first `count` keys are those of `keys`, and that has no more.
    fn keys_for_child(&mut self, keys: u32, count: u32, hash_of: impl Fn(Gc<Str>) -> u32) -> u32 {
        let old = &mut self.lists[keys as usize];
        if old.keys.len() == count as usize && count > 0 {
            old.users += 1;
            return keys;
        }
        let mut new = Keys::default();
        for i in 0..count as usize {
            new.push(old.keys[i], &hash_of, old.reps[i]);
        }
        new.users = 1;
        match self.free_lists.pop() {
            Some(i) => {
                self.lists[i as usize] = new;
                i
            }
            None => {
                self.lists.push(new);
                self.lists.len() as u32 - 1
            }
        }
    }

    fn insert(&mut self, shape: Shape) -> u32 {
        self.bytes += SHAPE_BYTES;
        match self.free.pop() {
            Some(id) => {
                self.list[id as usize] = shape;
                id
            }
            None => {
                self.list.push(shape);
                self.list.len() as u32 - 1
            }
        }
    }

    /// A mark phase has met a table of this shape; returns its number of slots.
    #[inline]
    pub fn see(&mut self, id: u32) -> u32 {
        let s = &mut self.list[id as usize];
        s.seen = true;
        s.count
    }

    /// A full mark phase begins.
    pub fn begin_marking(&mut self) {
        for s in &mut self.list {
            s.seen = false;
        }
    }

    /// Calls `mark` with the keys of all shapes, or of those that got a key since the last collection.
    pub fn for_each_key(&mut self, only_fresh: bool, mut mark: impl FnMut(Gc<Str>)) {
        for k in &mut self.lists {
            if k.fresh || !only_fresh {
                k.fresh = false;
                k.keys.iter().for_each(|&s| mark(s));
            }
        }
    }

    fn is_free(&self, id: usize) -> bool {
        self.list[id].parent == id as u32
    }

    /// Whether a number that an inline cache holds is still a shape's.
    pub fn is_live(&self, id: u32) -> bool {
        (id as usize) < self.list.len() && !self.is_free(id as usize)
    }

    /// A full mark phase has ended: drops shapes that have been without a table for long and that no
    /// other extends. Says whether any was dropped.
    pub fn purge(&mut self) -> bool {
        let mut dropped = false;
        for id in EMPTY as usize + 1..self.list.len() {
            if self.is_free(id) {
                continue;
            }
            let s = &mut self.list[id];
            s.idle = if s.seen { 0 } else { s.idle.saturating_add(1) };
            if s.idle > MAX_IDLE && s.transitions.len() == 0 {
                self.remove(id as u32);
                dropped = true;
            }
        }
        dropped
    }

    fn remove(&mut self, id: u32) {
        let s = &mut self.list[id as usize];
        let (parent, keys, last) = (s.parent, s.keys, s.count as usize - 1);
        s.parent = id;
        self.free.push(id);
        let k = &mut self.lists[keys as usize];
        self.list[parent as usize].transitions.remove(k.keys[last]);
        k.users -= 1;
        if k.users == 0 {
            *k = Keys::default();
            self.free_lists.push(keys);
        }
        self.bytes -= SHAPE_BYTES;
    }
}
