//! Tables: an array part of a kind, and fields: a record's slots or a dictionary's nodes.
//!
//! The header holds what fast paths test: the shape's number (0 for a dictionary), the array's kind,
//! length and pointer, and the absent-metamethod cache. A record's values stand in slots, whose
//! payloads go upwards from the field pointer and whose tags go downwards, in the table's own cell
//! if it was made with room for them, else in a buffer. Keys other than interned strings, and too
//! many of those, turn a record into a dictionary; the order of insertion survives that.

mod array;
mod dict;
mod range;

use super::Str;
use super::shape::{Added, DICTIONARY, EMPTY, MAX_FIELDS};
use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::value::{Tag, Value};
pub(crate) use array::ArrayKind;
use array::tag_space;
pub(crate) use dict::{Dict, Node};
use perilune_syntax::number;

const MAX_ARRAY: u64 = 1 << 31;

/// A table. Slots that it was made with follow.
#[repr(C)]
pub struct Table {
    /// `aux` is the shape.
    pub(crate) header: Header,
    pub(crate) metatable: Option<Gc<Table>>,
    /// See `array`.
    pub(crate) array: *mut u8,
    /// Elements in use, holes included.
    pub(crate) asize: u32,
    /// Elements there is room for.
    pub(crate) acap: u32,
    /// The slots of a record (null: none yet), or the [`Dict`] of a dictionary.
    pub(crate) fields: *mut u8,
    /// Where the last border was; for a table without an array part, the room it is to get.
    hint: u32,
    pub(crate) kind: ArrayKind,
    /// How many slots a record has room for.
    pub(crate) room: u8,
    /// Whether the slots are part of the table's own cell.
    inline: bool,
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

/// A float key with an integral value is the integer.
#[inline(always)]
fn normalise(key: Value) -> Value {
    match key.as_float() {
        Some(f) => number::float_to_int_exact(f).map_or(key, Value::int),
        None => key,
    }
}

/// Bytes of a buffer for `room` slots.
const fn slot_bytes(room: usize) -> usize {
    room.next_multiple_of(8) + room * 8
}

/// The most slots that fit into the cell which a table with `n` of them needs anyway.
const fn usable_room(n: usize) -> u8 {
    let cell = (size_of::<Table>() + slot_bytes(n)).next_multiple_of(16);
    let mut room = n;
    while cell <= 128 && size_of::<Table>() + slot_bytes(room + 1) <= cell {
        room += 1;
    }
    room as u8
}

static USABLE_ROOM: [u8; MAX_FIELDS as usize + 1] = {
    let mut table = [0; MAX_FIELDS as usize + 1];
    let mut n = 1;
    while n < table.len() {
        table[n] = usable_room(n);
        n += 1;
    }
    table
};

impl Table {
    /// An empty table with room for `narray` items and `nrecord` fields.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn new(heap: &mut Heap, narray: usize, nrecord: usize) -> Result<Gc<Table>, OutOfMemory> {
        const EAGER: usize = 1 << 12;
        let room = if nrecord <= MAX_FIELDS as usize {
            USABLE_ROOM[nrecord] as usize
        } else {
            0
        };
        let bytes = if room == 0 { 0 } else { slot_bytes(room) };
        let p = heap.alloc(size_of::<Table>() + bytes)?.cast::<Table>();
        // SAFETY: a fresh cell with room for the table and its slots, whose tags stand before their
        // payloads.
        unsafe {
            p.write(Table {
                header: Header::new(Tag::TABLE, EMPTY),
                metatable: None,
                array: std::ptr::null_mut(),
                asize: 0,
                acap: 0,
                fields: if room == 0 {
                    std::ptr::null_mut()
                } else {
                    p.add(1).cast::<u8>().add(tag_space(room))
                },
                hint: if narray <= EAGER { narray as u32 } else { 0 },
                kind: ArrayKind::Int,
                room: room as u8,
                inline: room > 0,
            });
        }
        let t = Gc::from_ptr(p);
        if narray > EAGER {
            t.set_array_cap(heap, narray)?;
        }
        if nrecord > MAX_FIELDS as usize {
            t.become_dictionary(heap, nrecord)?;
        }
        Ok(t)
    }

    /// The number of its shape, 0 for a dictionary.
    #[inline(always)]
    pub(crate) fn shape(&self) -> u32 {
        self.header.aux
    }
    /// Its dictionary, if it is no record.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn dict<'a>(&self) -> Option<&'a mut Dict> {
        // SAFETY: the fields of a dictionary lead to its buffer; one operation at a time uses it.
        (self.shape() == DICTIONARY).then(|| unsafe { &mut *self.fields.cast::<Dict>() })
    }
    /// Whether a new integer key needs no look at anything but the array part.
    #[inline(always)]
    pub(crate) fn plain(&self) -> bool {
        self.metatable.is_none() && self.shape() != DICTIONARY
    }
    fn has_dict_nodes(&self) -> bool {
        self.dict().is_some_and(|d| d.nused > 0)
    }
    /// Whether one more key would find room without growth.
    fn has_field_room(&self, heap: &Heap) -> bool {
        match self.dict() {
            Some(d) => d.nused < d.ncap,
            None => heap.shapes.count(self.shape()) < self.room as u32,
        }
    }

    /// The value in a record's slot.
    #[inline(always)]
    pub(crate) fn slot(&self, i: u32) -> Value {
        debug_assert!(i < self.room as u32);
        // SAFETY: i < room: payload and tag are in the slots' buffer.
        unsafe {
            let bits = *self.fields.cast::<u64>().add(i as usize);
            let tag = *self.fields.sub(1 + i as usize);
            Value { bits, tag: Tag(tag) }
        }
    }
    /// Stores into a record's slot, whose representation admits the value.
    #[inline(always)]
    pub(crate) fn set_slot(&mut self, i: u32, v: Value) {
        debug_assert!(i < self.room as u32);
        // SAFETY: as in `slot`.
        unsafe {
            *self.fields.cast::<u64>().add(i as usize) = v.bits;
            *self.fields.sub(1 + i as usize) = v.tag.0;
        }
    }
    /// Where the buffer of the fields begins, if it is not part of the table's own cell.
    #[inline(always)]
    pub(crate) fn fields_buffer(&self) -> *mut u8 {
        if self.inline {
            return std::ptr::null_mut();
        }
        if self.shape() == DICTIONARY || self.fields.is_null() {
            return self.fields;
        }
        // SAFETY: the tags stand before the payloads in the same buffer.
        unsafe { self.fields.sub(tag_space(self.room as usize)) }
    }
}

impl Gc<Table> {
    #[inline(always)]
    pub(crate) fn tab(self, _heap: &Heap) -> &Table {
        // SAFETY: alive while the heap is borrowed.
        unsafe { &*self.ptr() }
    }
    #[inline(always)]
    pub(super) fn tab_mut<'a>(self, _heap: &mut Heap) -> &'a mut Table {
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
                self.get_node(heap, key)
            }
        }
    }
    fn get_node(self, heap: &Heap, key: Value) -> Value {
        match self.tab(heap).dict() {
            Some(d) => d.find(key, heap).map_or(Value::NIL, |n| d.node(n).value()),
            None => Value::NIL,
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
        if t.shape() != DICTIONARY {
            return Value::NIL;
        }
        self.get_int_hash(heap, i)
    }
    #[inline(never)]
    fn get_int_hash(self, heap: &Heap, i: i64) -> Value {
        match self.tab(heap).dict() {
            Some(d) => d.find_int(i).map_or(Value::NIL, |n| d.node(n).value()),
            None => Value::NIL,
        }
    }
    /// `t[s]` without metamethods.
    #[inline]
    pub fn get_str(self, heap: &Heap, s: Gc<Str>) -> Value {
        let t = self.tab(heap);
        if let Some(d) = t.dict() {
            let n = if s.is_short(heap) {
                d.find_short(s)
            } else {
                d.find(s.into(), heap)
            };
            return n.map_or(Value::NIL, |n| d.node(n).value());
        }
        self.find_slot(heap, s).map_or(Value::NIL, |i| t.slot(i))
    }
    /// The slot of a record for this key.
    #[inline]
    pub(crate) fn find_slot(self, heap: &Heap, s: Gc<Str>) -> Option<u32> {
        let shape = self.tab(heap).shape();
        if shape == EMPTY || !s.is_short(heap) {
            return None;
        }
        heap.shapes.find(shape, s, s.hash(heap))
    }

    /// `t[key] = v` without metamethods.
    ///
    /// # Errors
    /// A nil or NaN key, or no memory.
    #[inline]
    pub fn set(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        match key.tag {
            Tag::INT => self.set_int(heap, key.bits as i64, v),
            Tag::STR => self.set_string(heap, key.gc(), v, Added::Computed),
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
        self.set_node(heap, key, v)
    }
    /// `t[s] = v` without metamethods, for a name in a program.
    ///
    /// # Errors
    /// No memory.
    #[inline]
    pub fn set_str(self, heap: &mut Heap, s: Gc<Str>, v: Value) -> Result<(), TableError> {
        self.set_string(heap, s, v, Added::ByName)
    }
    fn set_string(self, heap: &mut Heap, s: Gc<Str>, v: Value, how: Added) -> Result<(), TableError> {
        heap.barrier(self.ptr().cast());
        let t = self.tab_mut(heap);
        t.header.flags = 0;
        if t.shape() == DICTIONARY || !s.is_short(heap) {
            return self.set_node(heap, s.into(), v);
        }
        match self.find_slot(heap, s) {
            Some(i) => self.set_field(heap, i, v),
            None if v.is_nil() => {}
            None => self.add_field(heap, s, v, how)?,
        }
        Ok(())
    }
    /// Stores into a record's slot.
    pub(crate) fn set_field(self, heap: &mut Heap, i: u32, v: Value) {
        let t = self.tab_mut(heap);
        if !heap.shapes.rep(t.shape(), i).admits(v.tag) {
            heap.shapes.widen(t.shape(), i);
        }
        t.set_slot(i, v);
    }
    /// Adds a field that a record does not have.
    fn add_field(self, heap: &mut Heap, s: Gc<Str>, v: Value, how: Added) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        let i = heap.shapes.count(t.shape());
        // SAFETY: keys of shapes are alive, and interned strings know their hash.
        let hash_of = |k: Gc<Str>| unsafe { (*k.ptr()).hash };
        let Some(shape) = heap.shapes.add(t.shape(), s, hash_of, v.tag, how) else {
            self.become_dictionary(heap, i as usize + 1)?;
            return self.insert_node(heap, s.into(), v);
        };
        if i >= t.room as u32 {
            self.grow_slots(heap)?;
        }
        let t = self.tab_mut(heap);
        t.header.aux = shape;
        t.set_slot(i, v);
        Ok(())
    }

    /// Gives a record's slots a buffer of their own with more room.
    pub(crate) fn grow_slots(self, heap: &mut Heap) -> Result<(), OutOfMemory> {
        let t = self.tab_mut(heap);
        let old = t.room as usize;
        let room = (old * 2).clamp(4, MAX_FIELDS as usize);
        let (old_start, old_bytes) = (t.fields_buffer(), slot_bytes(old));
        // SAFETY: both buffers have room for the slots in use.
        unsafe {
            let new = heap.alloc(slot_bytes(room))?.add(tag_space(room));
            if old > 0 {
                new.cast::<u64>().copy_from_nonoverlapping(t.fields.cast(), old);
                new.sub(old).copy_from_nonoverlapping(t.fields.sub(old), old);
            }
            t.fields = new;
        }
        (t.room, t.inline) = (room as u8, false);
        heap.barrier(self.ptr().cast());
        if !old_start.is_null() {
            heap.release(old_start, old_bytes);
        }
        Ok(())
    }

    /// Turns a record into a dictionary with room for at least `live` nodes.
    fn become_dictionary(self, heap: &mut Heap, live: usize) -> Result<(), OutOfMemory> {
        let t = self.tab_mut(heap);
        let shape = t.shape();
        let n = heap.shapes.count(shape);
        if live as u64 > MAX_ARRAY {
            return Err(OutOfMemory);
        }
        let room = live.max(t.room as usize).max(1);
        let d = Dict::new(heap, dict::grown(room) as u32)?;
        for i in 0..n {
            let v = t.slot(i);
            if !v.is_nil() {
                let key = heap.shapes.key(shape, i);
                // SAFETY: a fresh dictionary with room for all of them.
                unsafe { (*d).append(heap, key.into(), v) };
            }
        }
        let (old, bytes) = (t.fields_buffer(), slot_bytes(t.room as usize));
        t.header.aux = DICTIONARY;
        t.fields = d.cast();
        (t.room, t.inline) = (0, false);
        heap.barrier(self.ptr().cast());
        if !old.is_null() {
            heap.release(old, bytes);
        }
        Ok(())
    }

    /// Stores under a key that only a dictionary can have.
    fn set_node(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        if let Some(d) = self.tab(heap).dict()
            && let Some(n) = d.find(key, heap)
        {
            d.node(n).set_value(v);
            return Ok(());
        }
        if v.is_nil() {
            return Ok(());
        }
        self.insert_node(heap, key, v)
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
            if t.array_try_set(at as u32, v) {
                return Ok(());
            }
            return Ok(self.array_set(heap, at as u32, v)?);
        }
        let appends = at == t.asize as u64 && t.asize < t.acap && t.shape() != DICTIONARY && !v.is_nil();
        if appends && t.array_try_set(at as u32, v) {
            t.asize += 1;
            return Ok(());
        }
        self.set_int_slow(heap, i, v)
    }
    fn set_int_slow(self, heap: &mut Heap, i: i64, v: Value) -> Result<(), TableError> {
        let t = self.tab(heap);
        if let Some(d) = t.dict()
            && let Some(n) = d.find_int(i)
        {
            d.node(n).set_value(v);
            return Ok(());
        }
        if v.is_nil() {
            return Ok(());
        }
        if i == t.asize as i64 + 1 && self.may_append(heap) {
            let (hint, room) = (t.hint, t.asize == t.acap && t.asize > 0 && t.has_field_room(heap));
            self.append(heap, v)?;
            if room {
                // PUC puts the item into its hash part, and the last border stays where it was.
                self.tab_mut(heap).hint = hint;
            }
            return Ok(self.migrate(heap)?);
        }
        self.insert_node(heap, Value::int(i), v)
    }

    /// Moves the items that now follow the array part out of the dictionary.
    pub(super) fn migrate(self, heap: &mut Heap) -> Result<(), OutOfMemory> {
        loop {
            let t = self.tab(heap);
            let Some(d) = t.dict() else { return Ok(()) };
            if d.nused == 0 || t.asize == t.acap {
                return Ok(());
            }
            let Some(n) = d.find_int(t.asize as i64 + 1) else {
                return Ok(());
            };
            let v = d.node(n).value();
            if v.is_nil() {
                return Ok(());
            }
            d.node(n).leave_to_array();
            self.append(heap, v)?;
        }
    }

    /// Adds a key that is not there to the dictionary, which a record becomes.
    fn insert_node(self, heap: &mut Heap, key: Value, v: Value) -> Result<(), TableError> {
        let t = self.tab(heap);
        if t.shape() != DICTIONARY {
            let n = heap.shapes.count(t.shape());
            self.become_dictionary(heap, n as usize + 1)?;
        }
        if let Some(d) = self.tab(heap).dict()
            && d.nused == d.ncap
        {
            self.rehash(heap, key)?;
            let t = self.tab(heap);
            if let Some(i) = key.as_int()
                && (i as u64).wrapping_sub(1) < t.asize as u64
            {
                return Ok(self.array_set(heap, i as u32 - 1, v)?);
            }
        }
        if let Some(d) = self.tab(heap).dict() {
            d.append(heap, key, v);
        }
        Ok(())
    }

    /// Makes room for `key`: chooses the size of the array part, and a dictionary for the rest.
    fn rehash(self, heap: &mut Heap, key: Value) -> Result<(), TableError> {
        let t = self.tab(heap);
        let Some(d) = t.dict() else { return Ok(()) };
        let mut bins = Bins::default();
        for i in 0..t.asize {
            if !t.array_get(i).is_nil() {
                bins.count(i as i64 + 1);
            }
        }
        let mut live = 1;
        bins.count_key(key);
        for i in 0..d.nused {
            let n = d.node(i);
            if !n.value().is_nil() {
                live += 1;
                bins.count_key(n.key());
            }
        }
        let (size, in_array) = bins.array_size();
        if bins.from_hash > 0 && size > t.asize {
            let in_old = (0..t.asize.min(size))
                .filter(|&i| !t.array_get(i).is_nil())
                .count();
            self.grow_array_to(heap, size)?;
            return Ok(self.resize_dict(heap, dict::grown(live + in_old - in_array as usize))?);
        }
        if size < t.asize && bins.total < t.asize / 2 {
            return self.shrink_array(heap, size, live);
        }
        Ok(self.resize_dict(heap, dict::grown(live))?)
    }

    /// Cuts the array part down to `size`; what stands behind goes into the dictionary.
    fn shrink_array(self, heap: &mut Heap, size: u32, live: usize) -> Result<(), TableError> {
        let t = self.tab(heap);
        let rest: Vec<(u32, Value)> = (size..t.asize)
            .map(|i| (i, t.array_get(i)))
            .filter(|(_, v)| !v.is_nil())
            .collect();
        self.resize_dict(heap, dict::grown(live + rest.len()))?;
        let t = self.tab_mut(heap);
        t.asize = size;
        t.hint = 0;
        let (old, bytes) = (t.array_buffer(), t.array_bytes());
        if size == 0 {
            (t.array, t.acap) = (std::ptr::null_mut(), 0);
            heap.release(old, bytes);
        } else {
            self.set_array_cap(heap, size as usize)?;
        }
        if let Some(d) = self.tab(heap).dict() {
            for (i, v) in rest {
                d.append(heap, Value::int(i as i64 + 1), v);
            }
        }
        Ok(())
    }

    /// Gives the dictionary room for `cap` nodes, dropping dead ones; nodes that belong into the array
    /// part go there. Without any node the table is an empty record again.
    fn resize_dict(self, heap: &mut Heap, cap: usize) -> Result<(), OutOfMemory> {
        if cap as u64 > MAX_ARRAY {
            return Err(OutOfMemory);
        }
        let t = self.tab_mut(heap);
        let Some(old) = t.dict() else { return Ok(()) };
        let (start, bytes) = (t.fields, old.bytes());
        if cap == 0 {
            t.fields = std::ptr::null_mut();
            t.header.aux = EMPTY;
        } else {
            t.fields = Dict::new(heap, cap as u32)?.cast();
        }
        heap.barrier(self.ptr().cast());
        for i in 0..old.nused {
            let n = old.node(i);
            if n.value().is_nil() {
                continue;
            }
            match n.key().as_int() {
                Some(k) if (k as u64).wrapping_sub(1) < t.asize as u64 => {
                    self.array_set(heap, k as u32 - 1, n.value())?;
                }
                _ => {
                    if let Some(d) = t.dict() {
                        d.append(heap, n.key(), n.value());
                    }
                }
            }
        }
        heap.release(start, bytes);
        Ok(())
    }

    /// A border: `#t` without metamethods. PUC's search order, so that tables with holes give what
    /// programs expect.
    #[inline]
    pub fn len(self, heap: &Heap) -> i64 {
        if heap.least_border {
            return self.least_border(heap);
        }
        let t = self.tab(heap);
        if t.kind != ArrayKind::Generic && t.shape() != DICTIONARY {
            return t.asize as i64;
        }
        self.border(heap)
    }

    /// Stress: the least border. That the usual answer is a border at all is checked on the way.
    #[cold]
    fn least_border(self, heap: &Heap) -> i64 {
        let present = |i: i64| !self.get_int(heap, i).is_nil();
        let usual = self.border(heap);
        let is_border = (usual == 0 || present(usual)) && (usual == i64::MAX || !present(usual + 1));
        assert!(is_border, "{usual} is no border");
        (1..).take_while(|&i| present(i)).count() as i64
    }

    fn border(self, heap: &Heap) -> i64 {
        let t = self.tab(heap);
        if t.asize > 0 && t.kind == ArrayKind::Generic {
            let empty = |i: u32| t.generic_get(i - 1).is_nil();
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
        if !t.has_dict_nodes() || self.get_int(heap, next).is_nil() {
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
        let at = if key.is_nil() {
            0
        } else {
            self.position(heap, key)?
        };
        Ok(self.entry_from(heap, at).map(|(_, k, v)| (k, v)))
    }

    /// The first entry at or after place `at` of the traversal, and the place after it. Places are
    /// those of the array part, then of slots or nodes.
    #[inline]
    pub(crate) fn entry_from(self, heap: &Heap, mut at: u32) -> Option<(u32, Value, Value)> {
        let t = self.tab(heap);
        while at < t.asize {
            let v = t.array_get(at);
            at += 1;
            if !v.is_nil() {
                return Some((at, Value::int(at as i64), v));
            }
        }
        let base = t.acap;
        let mut i = at.saturating_sub(base);
        if let Some(d) = t.dict() {
            while i < d.nused {
                let n = d.node(i);
                i += 1;
                if !n.value().is_nil() {
                    return Some((base + i, n.key(), n.value()));
                }
            }
            return None;
        }
        let n = heap.shapes.count(t.shape());
        while i < n {
            let v = t.slot(i);
            i += 1;
            if !v.is_nil() {
                return Some((base + i, heap.shapes.key(t.shape(), i - 1).into(), v));
            }
        }
        None
    }

    /// The place after `key` in the traversal, if that is easy to tell; `hint` is perhaps it.
    #[inline]
    pub(crate) fn place_after(self, heap: &Heap, key: Value, hint: u32) -> Option<u32> {
        let t = self.tab(heap);
        if key.is_nil() {
            return Some(0);
        }
        if key.tag == Tag::INT && key.bits.wrapping_sub(1) < t.asize as u64 {
            return Some(key.bits as u32);
        }
        let i = hint.checked_sub(t.acap)?.checked_sub(1)?;
        let same = match t.dict() {
            Some(d) => i < d.nused && d.node(i).key().same(key),
            None => {
                i < heap.shapes.count(t.shape())
                    && key.tag == Tag::STR
                    && heap.shapes.key(t.shape(), i) == key.gc()
            }
        };
        same.then_some(hint)
    }

    /// The place after `key` in the traversal.
    fn position(self, heap: &Heap, key: Value) -> Result<u32, InvalidKey> {
        let t = self.tab(heap);
        let key = normalise(key);
        let array_place = key.as_int().map(|i| (i as u64).wrapping_sub(1));
        if let Some(i) = array_place
            && i < t.asize as u64
        {
            return Ok(i as u32 + 1);
        }
        let found = match t.dict() {
            Some(d) => d
                .find(key, heap)
                .or_else(|| (0..d.nused).find(|&i| key.tag.is_object() && d.node(i).had_key(key))),
            None => key.as_str().and_then(|s| self.find_slot(heap, s)),
        };
        match (found, array_place) {
            (Some(i), _) => Ok(t.acap + i + 1),
            // The last element of an array of numbers was there until it was cleared.
            (None, Some(i)) if i < t.acap as u64 => Ok(i as u32 + 1),
            _ => Err(InvalidKey),
        }
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
}
