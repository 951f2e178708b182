//! Marking: roots and objects -> mark bits.

use super::{Event, Gc, Header, Heap};
use crate::object::{ArrayKind, Closure, Native, Node, ProtoObj, Str, Table, Thread, Upval, Userdata};
use crate::value::{Tag, Value};
use std::cell::Cell;

/// Bits of a table's `Header::bits`: weak keys, weak values.
const WEAK_KEYS: u8 = 2;
const WEAK_VALUES: u8 = 4;
/// How many objects are prefetched before they are scanned.
const QUEUE: usize = 8;

impl Heap {
    #[inline(always)]
    pub(crate) fn mark_value(&mut self, v: Value) {
        if v.tag.is_object() {
            self.mark_object(v.header(), v.tag);
        }
    }

    #[inline(always)]
    pub(crate) fn mark_object(&mut self, p: *mut Header, tag: Tag) {
        if let Some(size) = self.blocks.mark(p as usize) {
            self.marked_bytes += size;
            if tag != Tag::STR {
                self.gray.push(p);
            }
        }
    }

    fn mark_gc<T>(&mut self, p: Gc<T>, tag: Tag) {
        self.mark_object(p.ptr().cast(), tag);
    }

    fn mark_buffer(&mut self, p: *mut u8) {
        if !p.is_null()
            && let Some(size) = self.blocks.mark(p as usize)
        {
            self.marked_bytes += size;
        }
    }

    /// Marks what is always reachable.
    pub(crate) fn mark_roots(&mut self) {
        for i in 0..self.roots.events.len() {
            self.mark_gc(self.roots.events[i], Tag::STR);
        }
        let r = &self.roots;
        for v in [r.registry, r.globals, r.main_thread, r.current_thread, r.error] {
            self.mark_value(v);
        }
        for i in 0..self.roots.metatables.len() {
            if let Some(t) = self.roots.metatables[i] {
                self.mark_gc(t, Tag::TABLE);
            }
        }
        for i in 0..self.roots.handles.len() {
            self.mark_value(self.roots.handles[i]);
        }
        for i in 0..self.roots.temps.len() {
            self.mark_value(self.roots.temps[i]);
        }
        for i in 0..self.to_finalise.len() {
            self.mark_header(self.to_finalise[i]);
        }
    }

    pub(crate) fn mark_header(&mut self, p: *mut Header) {
        // SAFETY: a live object (heap rule 2).
        let tag = unsafe { (*p).tag };
        self.mark_object(p, tag);
    }

    /// Scans gray objects until none is left or about `budget` bytes were marked; says whether none
    /// is left.
    pub(crate) fn propagate(&mut self, budget: usize) -> bool {
        let start = self.marked_bytes;
        let mut queue = [std::ptr::null_mut::<Header>(); QUEUE];
        let mut at = 0;
        let mut idle = 0;
        let mut work = 0usize;
        loop {
            let next = self.gray.pop().unwrap_or(std::ptr::null_mut());
            prefetch(next);
            let p = std::mem::replace(&mut queue[at], next);
            at = (at + 1) % QUEUE;
            if p.is_null() {
                idle += 1;
                if idle > QUEUE && self.gray.is_empty() {
                    return true;
                }
                continue;
            }
            idle = 0;
            work += 64;
            self.scan(p);
            if self.marked_bytes - start + work > budget {
                self.gray.extend(queue.iter().filter(|p| !p.is_null()));
                return self.gray.is_empty();
            }
        }
    }

    /// Marks what an object refers to.
    fn scan(&mut self, p: *mut Header) {
        // SAFETY: `p` is a live marked object; each arm casts to the type that its tag names.
        unsafe {
            (*p).barrier = 1;
            match (*p).tag {
                Tag::TABLE => self.scan_table(Gc::from_ptr(p.cast())),
                Tag::CLOSURE => self.scan_closure(Gc::from_ptr(p.cast())),
                Tag::NATIVE => {
                    let n: Gc<Native> = Gc::from_ptr(p.cast());
                    for i in 0..n.upvalues(self).len() {
                        self.mark_value(n.upvalues(self)[i]);
                    }
                }
                Tag::USERDATA => self.scan_userdata(&*p.cast()),
                Tag::THREAD => self.scan_thread(&mut *p.cast()),
                Tag::PROTO => self.scan_proto(&*p.cast()),
                Tag::UPVAL => self.scan_upval(Gc::from_ptr(p.cast())),
                _ => {}
            }
        }
    }

    fn scan_closure(&mut self, c: Gc<Closure>) {
        self.mark_gc(c.proto(self), Tag::PROTO);
        for i in 0..c.upvalue_count(self) {
            self.mark_gc(c.upval(self, i), Tag::UPVAL);
        }
    }

    fn scan_userdata(&mut self, u: &Userdata) {
        if let Some(t) = u.metatable {
            self.mark_gc(t, Tag::TABLE);
        }
        for &v in &u.user_values {
            self.mark_value(v);
        }
    }

    fn scan_proto(&mut self, p: &ProtoObj) {
        for &v in &*p.data.consts {
            self.mark_value(v);
        }
        for f in p.data.protos.iter().filter_map(Cell::get) {
            self.mark_gc(f, Tag::PROTO);
        }
        if let Some(strings) = p.data.long_strings {
            self.mark_gc(strings, Tag::TABLE);
        }
        if let Some(tree) = &p.data.tree {
            self.mark_gc(tree.symbols, Tag::TABLE);
        }
    }

    fn scan_upval(&mut self, u: Gc<Upval>) {
        if u.is_open() {
            // SAFETY: an open upvalue's link names the coroutine whose stack it is on.
            let thread = unsafe { (*u.ptr()).slot.open.thread };
            self.mark_object(thread.cast(), Tag::THREAD);
        } else {
            self.mark_value(u.get(self));
        }
    }

    /// Marks a coroutine's live slots. Stacks have no barrier: see [`Heap::rescan_threads`].
    pub(crate) fn scan_thread(&mut self, t: &mut Thread) {
        self.mark_buffer(t.stack.cast());
        self.mark_buffer(t.tbc.cast());
        self.mark_value(t.hook);
        self.mark_value(t.error);
        if let Some(r) = t.resumer {
            self.mark_gc(r, Tag::THREAD);
        }
        let end = t.live_end();
        let mut slot = t.stack;
        // SAFETY: slots below the live end hold valid values (heap rule 4).
        unsafe {
            while slot < end {
                self.mark_value(*slot);
                slot = slot.add(1);
            }
        }
        let mut u = t.open;
        while !u.is_null() {
            self.mark_object(u.cast(), Tag::UPVAL);
            // SAFETY: the list holds live open upvalues.
            u = unsafe { (*u).slot.open.next };
        }
    }

    /// Sets all slots above the live end to nil.
    pub(crate) fn clear_dead_slots(t: &mut Thread) {
        let mut slot = t.live_end();
        // SAFETY: the slots up to the frame records belong to the stack.
        unsafe {
            while slot.add(1) <= t.frame.cast() {
                slot.write(Value::NIL);
                slot = slot.add(1);
            }
        }
    }

    fn scan_table(&mut self, t: Gc<Table>) {
        // SAFETY: a live table; nothing else refers into it during a scan.
        let tab = unsafe { &mut *t.ptr() };
        self.mark_buffer(tab.array_buffer());
        self.mark_buffer(tab.fields_buffer());
        let mut weak = 0;
        if let Some(mt) = tab.metatable {
            self.mark_gc(mt, Tag::TABLE);
            if let Some(s) = self.event_of(mt, Event::Mode).as_str() {
                let mode = s.bytes(self);
                weak |= if mode.contains(&b'k') { WEAK_KEYS } else { 0 };
                weak |= if mode.contains(&b'v') { WEAK_VALUES } else { 0 };
            }
        }
        tab.header.bits = tab.header.bits & !(WEAK_KEYS | WEAK_VALUES) | weak;
        match weak {
            0 => self.scan_strong(tab),
            WEAK_VALUES => {
                self.shapes.see(tab.shape());
                if let Some(d) = tab.dict() {
                    for i in 0..d.nused {
                        let n = d.node(i);
                        if n.value().is_nil() {
                            self.clear_key(n);
                        } else {
                            self.mark_value(n.key());
                        }
                    }
                }
                self.weak_values.push(t);
            }
            WEAK_KEYS => {
                self.scan_ephemeron(t);
                self.ephemerons.push(t);
            }
            _ => {
                self.shapes.see(tab.shape());
                self.all_weak.push(t);
            }
        }
    }

    /// Marks the elements of the array part, and the slots if it is a record.
    fn scan_items(&mut self, tab: &Table) {
        if tab.kind == ArrayKind::Generic {
            for i in 0..tab.asize {
                self.mark_value(tab.generic_get(i));
            }
        }
        // The dictionary's number stands for a shape without slots.
        for i in 0..self.shapes.see(tab.shape()) {
            self.mark_value(tab.slot(i));
        }
    }

    fn scan_strong(&mut self, tab: &mut Table) {
        self.scan_items(tab);
        if let Some(d) = tab.dict() {
            for i in 0..d.nused {
                let n = d.node(i);
                if n.value().is_nil() {
                    self.clear_key(n);
                } else {
                    self.mark_value(n.key());
                    self.mark_value(n.value());
                }
            }
        }
    }

    /// A node without a value keeps its key's address only.
    fn clear_key(&self, n: &mut Node) {
        if n.key().tag.is_object() && !self.blocks.is_marked(n.key().header() as usize) {
            n.kill_key();
        }
    }

    /// Marks the values whose keys are marked; says whether that marked anything. The keys of records
    /// are strings, which are never weak.
    pub(crate) fn scan_ephemeron(&mut self, t: Gc<Table>) -> bool {
        // SAFETY: as in `scan_table`.
        let tab = unsafe { &mut *t.ptr() };
        let before = self.gray.len();
        let bytes = self.marked_bytes;
        self.scan_items(tab);
        if let Some(d) = tab.dict() {
            for i in 0..d.nused {
                let n = d.node(i);
                if n.value().is_nil() {
                    self.clear_key(n);
                } else if !self.is_dead(n.key()) {
                    self.mark_value(n.value());
                }
            }
        }
        self.gray.len() != before || self.marked_bytes != bytes
    }

    /// Whether a weak reference is to be cleared. Strings count as values, not objects: they are
    /// marked instead.
    fn is_dead(&mut self, v: Value) -> bool {
        match v.tag {
            Tag::STR => {
                self.mark_gc(v.gc::<Str>(), Tag::STR);
                false
            }
            tag => tag.is_object() && !self.blocks.is_marked(v.header() as usize),
        }
    }

    /// Removes the entries whose keys died.
    pub(crate) fn clear_dead_keys(&mut self, tables: &[Gc<Table>]) {
        for &t in tables {
            // SAFETY: as in `scan_table`.
            let tab = unsafe { &mut *t.ptr() };
            let Some(d) = tab.dict() else { continue };
            for i in 0..d.nused {
                let n = d.node(i);
                if n.value().is_nil() {
                    self.clear_key(n);
                } else if self.is_dead(n.key()) {
                    n.set_value(Value::NIL);
                    n.kill_key();
                }
            }
        }
    }

    /// Removes the entries whose values died.
    pub(crate) fn clear_dead_values(&mut self, tables: &[Gc<Table>]) {
        for &t in tables {
            // SAFETY: as in `scan_table`.
            let tab = unsafe { &mut *t.ptr() };
            if tab.kind == ArrayKind::Generic {
                for i in 0..tab.asize {
                    if self.is_dead(tab.generic_get(i)) {
                        tab.generic_set(i, Value::NIL);
                    }
                }
            }
            for i in 0..self.shapes.count(tab.shape()) {
                if self.is_dead(tab.slot(i)) {
                    // The slot has held an object: its representation admits nil.
                    tab.set_slot(i, Value::NIL);
                }
            }
            let Some(d) = tab.dict() else { continue };
            for i in 0..d.nused {
                let n = d.node(i);
                if self.is_dead(n.value()) {
                    n.set_value(Value::NIL);
                }
                if n.value().is_nil() {
                    self.clear_key(n);
                }
            }
        }
    }
}

#[inline(always)]
fn prefetch(p: *mut Header) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: prefetching any address is harmless.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(p.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = p;
}
