//! Ranges of the array part: many items copied at once, payloads and tags each as one block.

use super::{ArrayKind, MAX_ARRAY, Table};
use crate::heap::{Gc, Heap, OutOfMemory};
use crate::value::{Tag, Value};

/// Items of an array part.
#[derive(Clone, Copy)]
struct Range {
    /// Index of the first one, from 0.
    first: u32,
    /// How many.
    len: u32,
}

impl Range {
    /// The items with the keys `first..first + len`, if all of them are below `end` items.
    fn within(first: i64, len: i64, end: u32) -> Option<Range> {
        let fits = first >= 1 && len >= 0 && len <= end as i64 && first - 1 <= end as i64 - len;
        fits.then(|| Range {
            first: (first - 1) as u32,
            len: len as u32,
        })
    }
}

impl Table {
    /// The tag bytes of a range of a generic array, the last item's first.
    fn tags(&self, range: Range) -> &[u8] {
        debug_assert!(self.kind == ArrayKind::Generic && range.first + range.len <= self.asize);
        if range.len == 0 {
            return &[];
        }
        // SAFETY: the range is inside the array part, whose tags go downwards from the array pointer.
        unsafe {
            let last = self.array.sub((range.first + range.len) as usize);
            std::slice::from_raw_parts(last, range.len as usize)
        }
    }

    /// The narrowest kind that holds a range's items; None if one of them is nil.
    fn kind_of(&self, range: Range) -> Option<ArrayKind> {
        if self.kind != ArrayKind::Generic {
            return Some(self.kind);
        }
        let tags = self.tags(range);
        let kind = ArrayKind::of(Tag(*tags.first()?));
        if kind != ArrayKind::Generic && tags.iter().all(|&tag| tag == kind as u8) {
            return Some(kind);
        }
        (memchr::memchr(Tag::NIL.0, tags).is_none()).then_some(ArrayKind::Generic)
    }

    /// Copies a range of `from`, perhaps this very table, to the items from `at` on, which exist or have
    /// room and are of the same kind or generic.
    ///
    /// # Safety
    /// `from` is a live table whose array part has the range.
    unsafe fn copy_items(&mut self, at: u32, from: *const Table, range: Range) {
        let (at, first, n) = (at as usize, range.first as usize, range.len as usize);
        debug_assert!(at + n <= self.acap as usize);
        // SAFETY: this function's promise; payloads go upwards and tags downwards from the array pointer.
        unsafe {
            let (source, source_kind) = ((*from).array, (*from).kind);
            std::ptr::copy(
                source.cast::<u64>().add(first),
                self.array.cast::<u64>().add(at),
                n,
            );
            if self.kind == ArrayKind::Generic {
                let tags = self.array.sub(at + n);
                match source_kind {
                    ArrayKind::Generic => std::ptr::copy(source.sub(first + n), tags, n),
                    ArrayKind::Int | ArrayKind::Float => tags.write_bytes(source_kind as u8, n),
                }
            }
        }
    }
}

impl Gc<Table> {
    /// Whether the items `first..first + len` are in the array part.
    pub(crate) fn has_range(self, heap: &Heap, first: i64, len: i64) -> bool {
        Range::within(first, len, self.tab(heap).asize).is_some()
    }

    /// Copies the items `first..first + len` to those from `target` on, in this table or another, as if one
    /// after the other in the direction that loses none. False, and nothing is done, if the items are
    /// not in the array part, or do not fit into the other one or at its end.
    ///
    /// # Errors
    /// Out of memory.
    pub(crate) fn copy_range(
        self,
        heap: &mut Heap,
        first: i64,
        len: i64,
        to: Gc<Table>,
        target: i64,
    ) -> Result<bool, OutOfMemory> {
        let Some(range) = Range::within(first, len, self.tab(heap).asize) else {
            return Ok(false);
        };
        let (source, t) = (self.tab(heap), to.tab(heap));
        match Range::within(target, len, t.asize) {
            Some(_) if t.kind == ArrayKind::Generic || t.kind == source.kind => {}
            Some(_) => return Ok(false),
            None if target == t.asize as i64 + 1 => {
                if !to.extend_for(heap, self, range)? {
                    return Ok(false);
                }
            }
            None => return Ok(false),
        }
        heap.barrier(to.ptr().cast());
        // SAFETY: the range was found in the array part, and no part of it has moved since, except as a
        // whole with its table.
        unsafe {
            to.tab_mut(heap)
                .copy_items((target - 1) as u32, self.ptr(), range)
        };
        Ok(true)
    }

    /// Makes the array part longer by the items that a range of `from` is to fill; false if they cannot be
    /// appended as they are.
    fn extend_for(self, heap: &mut Heap, from: Gc<Table>, range: Range) -> Result<bool, OutOfMemory> {
        let Some(wanted) = from.tab(heap).kind_of(range) else {
            return Ok(false);
        };
        let t = self.tab(heap);
        let kind = if t.asize == 0 { wanted } else { t.kind };
        let size = t.asize as usize + range.len as usize;
        let fits = kind == ArrayKind::Generic || kind == wanted;
        if t.has_dict_nodes() || !fits || size as u64 > MAX_ARRAY || !self.may_append(heap) {
            return Ok(false);
        }
        let grown = match t.acap as usize {
            cap if size <= cap => cap,
            0 => size.max(t.hint as usize),
            cap => size.max(cap * 2),
        };
        if grown != t.acap as usize || kind != t.kind {
            self.reshape_array(heap, kind, grown)?;
        }
        self.tab_mut(heap).asize = size as u32;
        Ok(true)
    }

    /// Copies the items `first..first + len` to `out`; false if not all are in the array part.
    ///
    /// # Safety
    /// There is room for so many values at `out`, outside the heap's tables.
    pub(crate) unsafe fn read_range(self, heap: &Heap, first: i64, len: usize, out: *mut Value) -> bool {
        let t = self.tab(heap);
        let Some(range) = Range::within(first, len as i64, t.asize) else {
            return false;
        };
        let at = range.first;
        // SAFETY: this function's promise.
        unsafe {
            match t.kind {
                ArrayKind::Generic => (0..len).for_each(|i| *out.add(i) = t.generic_get(at + i as u32)),
                kind => (0..len).for_each(|i| {
                    *out.add(i) = Value {
                        bits: t.raw_get(at + i as u32),
                        tag: Tag(kind as u8),
                    };
                }),
            }
        }
        true
    }
}
