//! Tables: an array part with split payloads and tags, and an insertion-ordered hash part.
//!
//! The array part is one buffer: `acap` payloads of 8 bytes, then `acap` tag bytes; `asize` of them
//! are in use, holes included. The hash part is one buffer of nodes in order of insertion, followed,
//! when there are more than [`LINEAR`], by the heads of the bucket chains that run through them. A
//! nil store leaves the node where it is, so `next` survives clearing while traversing; a rehash
//! drops such nodes. When and how far the array part grows follows PUC's rule: more than half of it
//! must be in use.

use super::Str;
use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::value::{Tag, Value};
use perilune_syntax::number;

/// Hash parts up to this many nodes are searched from end to end.
const LINEAR: u32 = 8;
const MAX_ARRAY: u64 = 1 << 31;

/// A table.
#[repr(C)]
pub struct Table {
    pub(crate) header: Header,
    pub(crate) metatable: Option<Gc<Table>>,
    pub(crate) array: *mut u8,
    pub(crate) asize: u32,
    pub(crate) acap: u32,
    pub(crate) nodes: *mut Node,
    pub(crate) nused: u32,
    pub(crate) ncap: u32,
    /// Number of buckets - 1; 0 when there are none.
    mask: u32,
    /// Where the last border was.
    hint: u32,
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
    /// The key's object is dead: only its address may still be compared.
    pub fn kill_key(&mut self) {
        self.key_tag = Tag::DEAD;
    }
}

/// Why a raw store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// "index is nil"
    NilKey,
    /// "index is NaN"
    NanKey,
    /// "table overflow"
    Overflow,
    /// "not enough memory"
    Memory,
}

impl From<OutOfMemory> for TableError {
    fn from(_: OutOfMemory) -> TableError {
        TableError::Memory
    }
}

/// The key given to `next` is not in the table.
#[derive(Clone, Copy, Debug)]
pub struct InvalidKey;

#[inline]
fn mix(x: u64) -> u32 {
    (x.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[inline]
fn hash_of(key: Value, heap: &Heap) -> u32 {
    if key.tag == Tag::STR {
        return key.gc::<Str>().hash(heap);
    }
    mix(key.bits ^ (key.tag.0 as u64) << 56)
}

/// A float key with an integral value is the integer.
#[inline(always)]
fn normalise(key: Value) -> Value {
    match key.as_float() {
        Some(f) => number::float_to_int_exact(f).map_or(key, Value::int),
        None => key,
    }
}

fn node_bytes(cap: u32, mask: u32) -> usize {
    let heads = if mask == 0 { 0 } else { (mask as usize + 1) * 4 };
    cap as usize * size_of::<Node>() + heads
}

impl Table {
    /// An empty table with room for `narray` items and `nrecord` fields.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn new(heap: &mut Heap, narray: usize, nrecord: usize) -> Result<Gc<Table>, OutOfMemory> {
        let p = heap.alloc(size_of::<Table>())?.cast::<Table>();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(Table {
                header: Header::new(Tag::TABLE, 0),
                metatable: None,
                array: std::ptr::null_mut(),
                asize: 0,
                acap: 0,
                nodes: std::ptr::null_mut(),
                nused: 0,
                ncap: 0,
                mask: 0,
                hint: 0,
            });
        }
        let t = Gc::from_ptr(p);
        if narray > 0 {
            t.set_array_cap(heap, narray)?;
        }
        if nrecord > 0 {
            t.resize_nodes(heap, nrecord)?;
        }
        Ok(t)
    }

    #[inline(always)]
    pub(crate) fn array_get(&self, i: u32) -> Value {
        debug_assert!(i < self.asize);
        // SAFETY: i < asize <= acap: the payload and the tag are in the buffer.
        unsafe {
            let bits = *self.array.cast::<u64>().add(i as usize);
            let tag = *self.array.add(self.acap as usize * 8 + i as usize);
            Value { bits, tag: Tag(tag) }
        }
    }
    #[inline(always)]
    pub(crate) fn array_set(&mut self, i: u32, v: Value) {
        debug_assert!(i < self.acap);
        // SAFETY: as in `array_get`.
        unsafe {
            *self.array.cast::<u64>().add(i as usize) = v.bits;
            *self.array.add(self.acap as usize * 8 + i as usize) = v.tag.0;
        }
    }
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn node<'a>(&self, i: u32) -> &'a mut Node {
        debug_assert!(i < self.ncap);
        // SAFETY: i < ncap; the heap island hands out one node reference at a time.
        unsafe { &mut *self.nodes.add(i as usize) }
    }
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn head<'a>(&self, bucket: u32) -> &'a mut u32 {
        // SAFETY: the heads follow `ncap` nodes and number mask + 1.
        unsafe {
            &mut *self
                .nodes
                .add(self.ncap as usize)
                .cast::<u32>()
                .add(bucket as usize)
        }
    }

    pub(crate) fn array_bytes(&self) -> usize {
        self.acap as usize * 9
    }
    pub(crate) fn nodes_bytes(&self) -> usize {
        node_bytes(self.ncap, self.mask)
    }

    /// The node of an interned string.
    #[inline(always)]
    pub(crate) fn find_short(&self, s: Gc<Str>) -> Option<u32> {
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

    /// The node of a normalised key that is not in the array part.
    fn find(&self, key: Value, heap: &Heap) -> Option<u32> {
        if self.nused == 0 {
            return None;
        }
        match key.as_str() {
            Some(s) if s.is_short(heap) => self.find_short(s),
            Some(s) => self.find_where(s.hash(heap), |n| {
                n.key().as_str().is_some_and(|k| k.content_equals(s, heap))
            }),
            None => self.find_where(hash_of(key, heap), |n| n.key().same(key)),
        }
    }

    #[inline]
    fn find_int(&self, i: i64) -> Option<u32> {
        if self.nused == 0 {
            return None;
        }
        let key = Value::int(i);
        self.find_where(mix(key.bits), |n| n.key().same(key))
    }
}

impl Gc<Table> {
    #[inline(always)]
    pub(crate) fn tab(self, _heap: &Heap) -> &Table {
        // SAFETY: alive while the heap is borrowed.
        unsafe { &*self.ptr() }
    }
    #[inline(always)]
    fn tab_mut<'a>(self, _heap: &mut Heap) -> &'a mut Table {
        // SAFETY: alive until the next safepoint; callers keep the reference inside one operation
        // and make no other reference to the same table meanwhile.
        unsafe { &mut *self.ptr() }
    }

    /// The metatable.
    #[inline(always)]
    pub fn metatable(self, heap: &Heap) -> Option<Gc<Table>> {
        self.tab(heap).metatable
    }
    pub(crate) fn set_metatable(self, heap: &mut Heap, mt: Option<Gc<Table>>) {
        self.tab_mut(heap).metatable = mt;
        heap.barrier(self.ptr().cast());
    }

    /// `t[key]` without metamethods.
    #[inline]
    pub fn get(self, heap: &Heap, key: Value) -> Value {
        match key.tag {
            Tag::INT => self.get_int(heap, key.bits as i64),
            Tag::STR => self.get_str(heap, key.gc()),
            Tag::NIL => Value::NIL,
            _ => {
                let key = normalise(key);
                if let Some(i) = key.as_int() {
                    return self.get_int(heap, i);
                }
                let t = self.tab(heap);
                t.find(key, heap).map_or(Value::NIL, |n| t.node(n).value())
            }
        }
    }
    /// `t[i]` without metamethods.
    #[inline(always)]
    pub fn get_int(self, heap: &Heap, i: i64) -> Value {
        let t = self.tab(heap);
        let at = (i as u64).wrapping_sub(1);
        if at < t.asize as u64 {
            return t.array_get(at as u32);
        }
        self.get_int_hash(heap, i)
    }
    #[inline(never)]
    fn get_int_hash(self, heap: &Heap, i: i64) -> Value {
        let t = self.tab(heap);
        t.find_int(i).map_or(Value::NIL, |n| t.node(n).value())
    }
    /// `t[s]` without metamethods.
    #[inline]
    pub fn get_str(self, heap: &Heap, s: Gc<Str>) -> Value {
        let t = self.tab(heap);
        if t.nused == 0 {
            return Value::NIL;
        }
        let n = if s.is_short(heap) {
            t.find_short(s)
        } else {
            t.find(s.into(), heap)
        };
        n.map_or(Value::NIL, |n| t.node(n).value())
    }

    /// `t[key] = v` without metamethods.
    ///
    /// # Errors
    /// A nil or NaN key, or no memory.
    #[inline]
    pub fn set(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        match key.tag {
            Tag::INT => self.set_int(heap, key.bits as i64, v),
            Tag::STR => self.set_str(heap, key.gc(), v),
            Tag::NIL => Err(TableError::NilKey),
            _ => self.set_other(heap, key, v),
        }
    }
    fn set_other(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        let key = normalise(key);
        if let Some(i) = key.as_int() {
            return self.set_int(heap, i, v);
        }
        if key.as_float().is_some_and(f64::is_nan) {
            return Err(TableError::NanKey);
        }
        heap.barrier(self.ptr().cast());
        self.store_node(heap, key, v)
    }
    /// `t[s] = v` without metamethods.
    ///
    /// # Errors
    /// No memory.
    #[inline]
    pub fn set_str(self, heap: &mut Heap, s: Gc<Str>, v: Value) -> Result<(), TableError> {
        heap.barrier(self.ptr().cast());
        self.tab_mut(heap).header.flags = 0;
        self.store_node(heap, s.into(), v)
    }
    fn store_node(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        match t.find(key, heap) {
            Some(n) => t.node(n).set_value(v),
            None if v.is_nil() => {}
            None => self.insert(heap, key, v)?,
        }
        Ok(())
    }
    /// `t[i] = v` without metamethods.
    ///
    /// # Errors
    /// No memory.
    #[inline]
    pub fn set_int(self, heap: &mut Heap, i: i64, v: Value) -> Result<(), TableError> {
        heap.barrier(self.ptr().cast());
        let t = self.tab_mut(heap);
        let at = (i as u64).wrapping_sub(1);
        if at < t.asize as u64 {
            t.array_set(at as u32, v);
            return Ok(());
        }
        self.set_int_slow(heap, i, v)
    }
    fn set_int_slow(self, heap: &mut Heap, i: i64, v: Value) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        if let Some(n) = t.find_int(i) {
            t.node(n).set_value(v);
            return Ok(());
        }
        if v.is_nil() {
            return Ok(());
        }
        if i == t.asize as i64 + 1 && (t.asize < t.acap || self.grow_for_append(heap)?) {
            t.array_set(t.asize, v);
            t.asize += 1;
            self.migrate(heap);
            return Ok(());
        }
        self.insert(heap, Value::int(i), v)
    }

    /// Makes room for one more item unless the array part has more holes than items.
    fn grow_for_append(self, heap: &mut Heap) -> Result<bool, TableError> {
        let t = self.tab_mut(heap);
        if t.acap >= 8 {
            let used = (0..t.asize).filter(|&i| !t.array_get(i).is_nil()).count() as u32;
            if used < t.asize / 2 {
                return Ok(false);
            }
        }
        let cap = (t.acap as usize * 2).max(4);
        let (hint, room) = (t.hint, t.nused < t.ncap);
        self.set_array_cap(heap, cap)?;
        if room {
            // PUC puts the item into its hash part, and the last border stays where it was.
            t.hint = hint;
        }
        Ok(true)
    }

    /// Moves the items that now follow the array part out of the hash part.
    fn migrate(self, heap: &mut Heap) {
        let t = self.tab_mut(heap);
        while t.nused > 0 && t.asize < t.acap {
            let Some(n) = t.find_int(t.asize as i64 + 1) else {
                return;
            };
            let v = t.node(n).value();
            if v.is_nil() {
                return;
            }
            t.node(n).set_value(Value::NIL);
            t.array_set(t.asize, v);
            t.asize += 1;
        }
    }

    /// Gives the array part room for exactly `cap` items, at least `asize`.
    pub(crate) fn set_array_cap(self, heap: &mut Heap, cap: usize) -> Result<(), OutOfMemory> {
        if cap as u64 > MAX_ARRAY {
            return Err(OutOfMemory);
        }
        let t = self.tab_mut(heap);
        let (old, old_bytes, old_cap) = (t.array, t.array_bytes(), t.acap as usize);
        let new = heap.alloc(cap * 9)?;
        let n = t.asize as usize;
        // SAFETY: both buffers hold at least `asize` payloads and tags.
        unsafe {
            if n > 0 {
                new.copy_from_nonoverlapping(old, n * 8);
                new.add(cap * 8).copy_from_nonoverlapping(old.add(old_cap * 8), n);
            }
        }
        t.array = new;
        t.acap = cap as u32;
        t.hint = t.acap / 2;
        heap.barrier(self.ptr().cast());
        if !old.is_null() {
            heap.release(old, old_bytes);
        }
        Ok(())
    }

    /// Puts items `first`.. (from 1) into the array part, nils included: a table constructor's list.
    pub(crate) fn set_list(self, heap: &mut Heap, first: u32, items: &[Value]) -> Result<(), TableError> {
        let end = first as usize - 1 + items.len();
        let t = self.tab_mut(heap);
        if first - 1 > t.asize || t.nused > 0 {
            for (i, &v) in items.iter().enumerate() {
                self.set_int(heap, first as i64 + i as i64, v)?;
            }
            return Ok(());
        }
        if end > t.acap as usize {
            self.set_array_cap(heap, end)?;
        }
        heap.barrier(self.ptr().cast());
        for (i, &v) in items.iter().enumerate() {
            t.array_set(first - 1 + i as u32, v);
        }
        t.asize = t.asize.max(end as u32);
        Ok(())
    }

    /// Adds a key that is not there.
    fn insert(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        if t.nused == t.ncap {
            self.rehash(heap, key)?;
            if let Some(i) = key.as_int()
                && (i as u64).wrapping_sub(1) < t.asize as u64
            {
                t.array_set(i as u32 - 1, v);
                return Ok(());
            }
        }
        self.append_node(heap, key, v);
        Ok(())
    }

    fn append_node(self, heap: &mut Heap, key: Value, v: Value) {
        let t = self.tab_mut(heap);
        let i = t.nused;
        t.nused += 1;
        let mut next = 0;
        if t.mask != 0 {
            let head = t.head(hash_of(key, heap) & t.mask);
            next = *head;
            *head = i + 1;
        }
        *t.node(i) = Node {
            key_bits: key.bits,
            value_bits: v.bits,
            key_tag: key.tag,
            value_tag: v.tag,
            next,
        };
    }

    /// Makes room for `key`: chooses the size of the array part, and a hash part for the rest.
    fn rehash(self, heap: &mut Heap, key: Value) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        let mut bins = Bins::default();
        for i in 0..t.asize {
            if !t.array_get(i).is_nil() {
                bins.count(i as i64 + 1);
            }
        }
        let mut live = 1;
        bins.count_key(key);
        for i in 0..t.nused {
            let n = t.node(i);
            if !n.value().is_nil() {
                live += 1;
                bins.count_key(n.key());
            }
        }
        let (size, in_array) = bins.array_size();
        if bins.from_hash > 0 && size > t.asize {
            let moved = in_array - bins.in_old_array(t, size);
            self.grow_array_to(heap, size)?;
            return self.rebuild(heap, live - moved as usize);
        }
        if size < t.asize && bins.total < t.asize / 2 {
            return self.shrink_array(heap, size, live);
        }
        self.rebuild(heap, live)
    }

    /// Extends the array part to `size` items, the new ones nil.
    fn grow_array_to(self, heap: &mut Heap, size: u32) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        if size > t.acap {
            self.set_array_cap(heap, size as usize)?;
        }
        for i in t.asize..size {
            t.array_set(i, Value::NIL);
        }
        t.asize = size;
        Ok(())
    }

    /// Cuts the array part down to `size`; what stands behind goes into the hash part.
    fn shrink_array(self, heap: &mut Heap, size: u32, live: usize) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        let rest: Vec<(u32, Value)> = (size..t.asize)
            .map(|i| (i, t.array_get(i)))
            .filter(|(_, v)| !v.is_nil())
            .collect();
        self.rebuild(heap, live + rest.len())?;
        t.asize = size;
        t.hint = 0;
        let (old, bytes) = (t.array, t.array_bytes());
        if size == 0 {
            (t.array, t.acap) = (std::ptr::null_mut(), 0);
            heap.release(old, bytes);
        } else {
            self.set_array_cap(heap, size as usize)?;
        }
        for (i, v) in rest {
            self.append_node(heap, Value::int(i as i64 + 1), v);
        }
        Ok(())
    }

    /// Rebuilds the hash part with room for `live` nodes and growth; nodes that belong into the array
    /// part go there.
    fn rebuild(self, heap: &mut Heap, live: usize) -> Result<(), TableError> {
        self.resize_nodes(heap, grown(live)).map_err(TableError::from)
    }

    /// Gives the hash part room for `cap` nodes, dropping dead ones.
    pub(crate) fn resize_nodes(self, heap: &mut Heap, cap: usize) -> Result<(), OutOfMemory> {
        if cap as u64 > MAX_ARRAY {
            return Err(OutOfMemory);
        }
        let t = self.tab_mut(heap);
        let (old, old_bytes, used) = (t.nodes, t.nodes_bytes(), t.nused);
        let mask = if cap as u32 <= LINEAR {
            0
        } else {
            (cap as u32).next_power_of_two() - 1
        };
        if cap == 0 {
            (t.nodes, t.ncap, t.nused, t.mask) = (std::ptr::null_mut(), 0, 0, 0);
        } else {
            let new = heap.alloc(node_bytes(cap as u32, mask))?.cast::<Node>();
            (t.nodes, t.ncap, t.nused, t.mask) = (new, cap as u32, 0, mask);
            if mask != 0 {
                // SAFETY: the heads follow the nodes in the new buffer.
                unsafe { new.add(cap).cast::<u32>().write_bytes(0, mask as usize + 1) };
            }
        }
        heap.barrier(self.ptr().cast());
        for i in 0..used {
            // SAFETY: the old buffer holds `used` nodes and is released below.
            let n = unsafe { &*old.add(i as usize) };
            if n.value().is_nil() {
                continue;
            }
            match n.key().as_int() {
                Some(k) if (k as u64).wrapping_sub(1) < t.asize as u64 => {
                    t.array_set(k as u32 - 1, n.value());
                }
                _ => self.append_node(heap, n.key(), n.value()),
            }
        }
        if !old.is_null() {
            heap.release(old.cast(), old_bytes);
        }
        Ok(())
    }

    /// A border: `#t` without metamethods. PUC's search order, so that tables with holes give what
    /// programs expect.
    pub fn len(self, heap: &Heap) -> i64 {
        let t = self.tab(heap);
        if t.asize > 0 {
            let empty = |i: u32| t.array_get(i - 1).is_nil();
            let mut limit = t.hint.clamp(1, t.asize);
            if empty(limit) {
                let low = limit.saturating_sub(4).max(1);
                while limit > low {
                    limit -= 1;
                    if !empty(limit) {
                        return self.new_hint(heap, limit);
                    }
                }
                return self.new_hint(heap, t.search_array(0, limit));
            }
            let high = limit.saturating_add(4).min(t.asize);
            while limit < high {
                limit += 1;
                if empty(limit) {
                    return self.new_hint(heap, limit - 1);
                }
            }
            if empty(t.asize) {
                return self.new_hint(heap, t.search_array(limit, t.asize));
            }
            self.new_hint(heap, t.asize);
        }
        let next = t.asize as i64 + 1;
        if t.nused == 0 || self.get_int(heap, next).is_nil() {
            return t.asize as i64;
        }
        self.search_hash(heap, next)
    }

    fn new_hint(self, _heap: &Heap, hint: u32) -> i64 {
        // SAFETY: a live table; the hint is private to `len` and no reference to it is held.
        unsafe { (*self.ptr()).hint = hint };
        hint as i64
    }

    /// Unbound search: `i` is present; doubles until an absent index, then bisects.
    fn search_hash(self, heap: &Heap, mut i: i64) -> i64 {
        let mut j = i;
        loop {
            i = j;
            if j > i64::MAX / 2 {
                if !self.get_int(heap, i64::MAX).is_nil() {
                    return i64::MAX;
                }
                j = i64::MAX;
                break;
            }
            j *= 2;
            if self.get_int(heap, j).is_nil() {
                break;
            }
        }
        while j - i > 1 {
            let m = i + (j - i) / 2;
            if self.get_int(heap, m).is_nil() {
                j = m
            } else {
                i = m
            }
        }
        i
    }

    /// The entry after `key` (nil: the first), None at the end.
    ///
    /// # Errors
    /// `key` is not in the table.
    pub fn next(self, heap: &Heap, key: Value) -> Result<Option<(Value, Value)>, InvalidKey> {
        let t = self.tab(heap);
        let mut at = if key.is_nil() {
            0
        } else {
            self.position(heap, key)?
        };
        while at < t.asize {
            let v = t.array_get(at);
            at += 1;
            if !v.is_nil() {
                return Ok(Some((Value::int(at as i64), v)));
            }
        }
        for i in at - t.asize..t.nused {
            let n = t.node(i);
            if !n.value().is_nil() {
                return Ok(Some((n.key(), n.value())));
            }
        }
        Ok(None)
    }

    /// The place after `key` in the traversal.
    fn position(self, heap: &Heap, key: Value) -> Result<u32, InvalidKey> {
        let t = self.tab(heap);
        let key = normalise(key);
        if let Some(i) = key.as_int()
            && (i as u64).wrapping_sub(1) < t.asize as u64
        {
            return Ok(i as u32);
        }
        let dead = |n: &Node| n.key_tag == Tag::DEAD && n.key_bits == key.bits;
        t.find(key, heap)
            .or_else(|| (0..t.nused).find(|&i| key.tag.is_object() && dead(t.node(i))))
            .map(|n| t.asize + n + 1)
            .ok_or(InvalidKey)
    }
}

impl Table {
    /// A border in `low..high`, where `low` is 0 or present and `high` absent.
    fn search_array(&self, mut low: u32, mut high: u32) -> u32 {
        while high - low > 1 {
            let m = low + (high - low) / 2;
            if self.array_get(m - 1).is_nil() {
                high = m
            } else {
                low = m
            }
        }
        low
    }
}

/// The size of a hash part for `live` nodes: small ones exact, larger ones the next power of two.
fn grown(live: usize) -> usize {
    match live {
        0 => 0,
        1 => 1,
        2 => 2,
        3 | 4 => 4,
        n => n.next_power_of_two(),
    }
}

/// Integer keys counted by powers of two: bin `b` holds keys in `2^(b-1)+1 ..= 2^b`.
struct Bins {
    bins: [u32; 33],
    total: u32,
    from_hash: u32,
}

impl Default for Bins {
    fn default() -> Bins {
        Bins {
            bins: [0; 33],
            total: 0,
            from_hash: 0,
        }
    }
}

impl Bins {
    fn count(&mut self, i: i64) {
        let bin = if i <= 1 {
            0
        } else {
            64 - (i as u64 - 1).leading_zeros()
        };
        self.bins[bin as usize] += 1;
        self.total += 1;
    }
    fn count_key(&mut self, key: Value) {
        if let Some(i) = key.as_int()
            && (1..=MAX_ARRAY as i64).contains(&i)
        {
            self.count(i);
            self.from_hash += 1;
        }
    }
    /// The largest power of two such that more than half of the indices up to it are in use, and how
    /// many are.
    fn array_size(&self) -> (u32, u32) {
        let (mut best, mut best_count, mut sum) = (0, 0, 0);
        for b in 0..32 {
            let size = 1u64 << b;
            if size / 2 >= self.total as u64 {
                break;
            }
            sum += self.bins[b];
            if sum as u64 > size / 2 {
                (best, best_count) = (size as u32, sum);
            }
        }
        (best, best_count)
    }
    fn in_old_array(&self, t: &Table, size: u32) -> u32 {
        (0..t.asize.min(size))
            .filter(|&i| !t.array_get(i).is_nil())
            .count() as u32
    }
}
