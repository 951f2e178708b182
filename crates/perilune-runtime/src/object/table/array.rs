//! The array part of a table: one buffer of a kind.
//!
//! An array of integers or of floats is raw payloads of 8 bytes, without holes. A generic one has
//! payloads from the array pointer on upwards and a tag byte for each from there downwards, so that
//! element `i` is at `array + 8 i` and its tag at `array - 1 - i` whatever the capacity. A value that
//! does not fit an array's kind makes it generic for good. When and how far an array part grows
//! follows PUC's rule: more than half of it must be in use.

use super::{MAX_ARRAY, Table, TableError};
use crate::heap::{Gc, Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// What an array part holds. The numbers of INT and FLOAT are those of the tags.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ArrayKind {
    /// Integers only.
    Int = 0,
    /// Floats only.
    Float = 1,
    /// Any values, holes included.
    Generic = 2,
}

impl ArrayKind {
    /// The kind that a single value asks for.
    #[inline(always)]
    pub fn of(tag: Tag) -> ArrayKind {
        match tag {
            Tag::INT => ArrayKind::Int,
            Tag::FLT => ArrayKind::Float,
            _ => ArrayKind::Generic,
        }
    }
}

/// Bytes that the tags of `cap` values take, before the payloads.
#[inline(always)]
pub(super) fn tag_space(cap: usize) -> usize {
    cap.next_multiple_of(8)
}

impl Table {
    /// Element `i` of a generic array.
    #[inline(always)]
    pub(crate) fn generic_get(&self, i: u32) -> Value {
        debug_assert!(i < self.asize && self.kind == ArrayKind::Generic);
        // SAFETY: i < asize <= acap: payload and tag are in the buffer.
        unsafe {
            let bits = *self.array.cast::<u64>().add(i as usize);
            let tag = *self.array.sub(1 + i as usize);
            Value { bits, tag: Tag(tag) }
        }
    }
    #[inline(always)]
    pub(crate) fn generic_set(&mut self, i: u32, v: Value) {
        debug_assert!(i < self.acap && self.kind == ArrayKind::Generic);
        // SAFETY: as in `generic_get`.
        unsafe {
            *self.array.cast::<u64>().add(i as usize) = v.bits;
            *self.array.sub(1 + i as usize) = v.tag.0;
        }
    }
    /// The payload of element `i` of an array of numbers.
    #[inline(always)]
    pub(crate) fn raw_get(&self, i: u32) -> u64 {
        debug_assert!(i < self.asize && self.kind != ArrayKind::Generic);
        // SAFETY: i < asize <= acap.
        unsafe { *self.array.cast::<u64>().add(i as usize) }
    }
    #[inline(always)]
    pub(crate) fn raw_set(&mut self, i: u32, bits: u64) {
        debug_assert!(i < self.acap && self.kind != ArrayKind::Generic);
        // SAFETY: i < acap.
        unsafe { *self.array.cast::<u64>().add(i as usize) = bits }
    }
    /// Element `i`, of whatever kind.
    #[inline(always)]
    pub(crate) fn array_get(&self, i: u32) -> Value {
        match self.kind {
            ArrayKind::Generic => self.generic_get(i),
            kind => Value {
                bits: self.raw_get(i),
                tag: Tag(kind as u8),
            },
        }
    }

    /// Stores element `i`, which exists or has room, if the kind allows it.
    #[inline(always)]
    pub(crate) fn array_try_set(&mut self, i: u32, v: Value) -> bool {
        if self.kind == ArrayKind::Generic {
            self.generic_set(i, v);
            return true;
        }
        if self.kind as u8 == v.tag.0 {
            self.raw_set(i, v.bits);
            return true;
        }
        false
    }

    /// Where the array's buffer begins; null without one.
    #[inline(always)]
    pub(crate) fn array_buffer(&self) -> *mut u8 {
        if self.kind == ArrayKind::Generic && self.acap > 0 {
            // SAFETY: the tags stand before the payloads in the same buffer.
            return unsafe { self.array.sub(tag_space(self.acap as usize)) };
        }
        self.array
    }
    pub(crate) fn array_bytes(&self) -> usize {
        let cap = self.acap as usize;
        match self.kind {
            ArrayKind::Generic => cap * 8 + tag_space(cap),
            _ => cap * 8,
        }
    }

    /// A border in `low..high`, where `low` is 0 or present and `high` absent.
    pub(super) fn search_array(&self, mut low: u32, mut high: u32) -> u32 {
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

    /// How many items the first array part gets: as many as a constructor announced, else four.
    fn announced(&self) -> usize {
        match self.hint {
            0 => 4,
            n => n as usize,
        }
    }

    /// The payloads of the array part.
    pub(crate) fn payloads(&self) -> *const u64 {
        self.array.cast()
    }

    fn holes(&self) -> u32 {
        match self.kind {
            ArrayKind::Generic => (0..self.asize).filter(|&i| self.generic_get(i).is_nil()).count() as u32,
            _ => 0,
        }
    }
}

impl Gc<Table> {
    /// Stores element `i`, which exists or has room, changing the kind if need be.
    pub(crate) fn array_set(self, heap: &mut Heap, i: u32, v: Value) -> Result<(), OutOfMemory> {
        let t = self.tab_mut(heap);
        if t.array_try_set(i, v) {
            return Ok(());
        }
        if v.is_nil() && i + 1 == t.asize {
            // Arrays of numbers have no holes: the last element goes.
            t.asize = i;
            return Ok(());
        }
        self.reshape_array(heap, ArrayKind::Generic, t.acap as usize)?;
        self.tab_mut(heap).generic_set(i, v);
        Ok(())
    }

    /// Gives the array part the kind `kind`, which admits its values, and room for exactly `cap`
    /// items, at least `asize`.
    pub(super) fn reshape_array(
        self,
        heap: &mut Heap,
        kind: ArrayKind,
        cap: usize,
    ) -> Result<(), OutOfMemory> {
        if cap as u64 > MAX_ARRAY {
            return Err(OutOfMemory);
        }
        let t = self.tab_mut(heap);
        let (old, old_start, old_bytes, old_kind) = (t.array, t.array_buffer(), t.array_bytes(), t.kind);
        let space = if kind == ArrayKind::Generic {
            tag_space(cap)
        } else {
            0
        };
        let n = t.asize as usize;
        // SAFETY: both buffers hold at least `asize` payloads, and tags if they are generic.
        unsafe {
            let new = heap.alloc(cap * 8 + space)?.add(space);
            if n > 0 {
                heap.blocks.move_out(old, new, n * 8);
                if kind == ArrayKind::Generic {
                    match old_kind {
                        ArrayKind::Generic => new.sub(n).copy_from_nonoverlapping(old.sub(n), n),
                        kind => new.sub(n).write_bytes(kind as u8, n),
                    }
                }
            }
            t.array = new;
        }
        (t.acap, t.kind) = (cap as u32, kind);
        t.hint = t.acap / 2;
        heap.barrier(self.ptr().cast());
        if !old_start.is_null() {
            heap.release(old_start, old_bytes);
        }
        Ok(())
    }

    /// Gives the array part room for exactly `cap` items, at least `asize`.
    pub(crate) fn set_array_cap(self, heap: &mut Heap, cap: usize) -> Result<(), OutOfMemory> {
        let kind = self.tab(heap).kind;
        self.reshape_array(heap, kind, cap)
    }

    /// Appends an item, for which there may be no room and no fitting kind.
    pub(super) fn append(self, heap: &mut Heap, v: Value) -> Result<(), OutOfMemory> {
        let t = self.tab_mut(heap);
        if t.asize == 0 && t.kind != ArrayKind::of(v.tag) && (t.acap == 0 || t.kind != ArrayKind::Generic) {
            let wish = match t.acap {
                0 => t.announced(),
                cap => cap as usize,
            };
            self.reshape_array(heap, ArrayKind::of(v.tag), wish)?;
        } else if t.asize == t.acap {
            let cap = match t.acap {
                0 => t.announced(),
                cap => (cap as usize * 2).max(4),
            };
            self.set_array_cap(heap, cap)?;
        }
        let at = self.tab(heap).asize;
        let t = self.tab_mut(heap);
        if !t.array_try_set(at, v) {
            let cap = t.acap as usize;
            self.reshape_array(heap, ArrayKind::Generic, cap)?;
            self.tab_mut(heap).generic_set(at, v);
        }
        self.tab_mut(heap).asize = at + 1;
        Ok(())
    }

    /// Whether the array part may grow by one item: not if it has more holes than items.
    pub(super) fn may_append(self, heap: &Heap) -> bool {
        let t = self.tab(heap);
        t.asize < t.acap || t.acap < 8 || t.holes() <= t.asize - t.asize / 2
    }

    /// Extends the array part to `size` items, the new ones nil.
    pub(super) fn grow_array_to(self, heap: &mut Heap, size: u32) -> Result<(), TableError> {
        let t = self.tab_mut(heap);
        if size > t.acap || t.kind != ArrayKind::Generic {
            let cap = size.max(t.acap) as usize;
            self.reshape_array(heap, ArrayKind::Generic, cap)?;
        }
        let t = self.tab_mut(heap);
        for i in t.asize..size {
            t.generic_set(i, Value::NIL);
        }
        t.asize = size;
        Ok(())
    }

    /// Puts items `first`.. (from 1) into the array part, nils included: a table constructor's list.
    pub(crate) fn set_list(self, heap: &mut Heap, first: u32, items: &[Value]) -> Result<(), TableError> {
        let end = first as usize - 1 + items.len();
        let t = self.tab_mut(heap);
        if first - 1 > t.asize {
            for (i, &v) in items.iter().enumerate() {
                self.set_int(heap, first as i64 + i as i64, v)?;
            }
            return Ok(());
        }
        self.drop_nodes_of_list(heap, first, items.len());
        let kind = self.kind_for_list(heap, items);
        let t = self.tab_mut(heap);
        if end > t.acap as usize || kind != t.kind {
            let wish = if t.acap == 0 { t.hint } else { t.acap } as usize;
            self.reshape_array(heap, kind, end.max(wish))?;
        }
        heap.barrier(self.ptr().cast());
        let t = self.tab_mut(heap);
        for (i, &v) in items.iter().enumerate() {
            t.array_try_set(first - 1 + i as u32, v);
        }
        t.asize = t.asize.max(end as u32);
        Ok(self.migrate(heap)?)
    }

    /// Clears the nodes of keys that a list is to fill: constructors may have set them before.
    fn drop_nodes_of_list(self, heap: &Heap, first: u32, n: usize) {
        let Some(d) = self.tab(heap).dict().filter(|d| d.nused > 0) else {
            return;
        };
        for i in 0..n as i64 {
            if let Some(node) = d.find_int(first as i64 + i) {
                d.node(node).leave_to_array();
            }
        }
    }

    /// The kind that holds what the array part has and these items.
    fn kind_for_list(self, heap: &Heap, items: &[Value]) -> ArrayKind {
        let t = self.tab(heap);
        let Some(first) = items.first() else {
            return t.kind;
        };
        let kind = if t.asize == 0 {
            ArrayKind::of(first.tag)
        } else {
            t.kind
        };
        if items.iter().all(|v| v.tag.0 == kind as u8) {
            kind
        } else {
            ArrayKind::Generic
        }
    }
}
