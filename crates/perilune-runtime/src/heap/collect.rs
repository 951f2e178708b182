//! Cycles: steps of the incremental collector, minor and full collections, the atomic phase.

use super::{Gc, Header, Heap, Mode, Phase, interrupt};
use crate::exec::Invalidation;
use crate::object::{ProtoObj, Table, Userdata};
use crate::value::{Tag, Value};
use std::sync::atomic::Ordering;

/// Runs the destructor of a dead droppable object; returns the bytes it owned outside the heap.
///
/// # Safety
/// `p` is a function or userdata that nothing uses any more.
pub(super) unsafe fn drop_object(p: *mut Header) -> usize {
    // SAFETY: the caller's promise; the tag says which type it is.
    unsafe {
        if (*p).tag == Tag::USERDATA {
            let bytes = (*p.cast::<Userdata>()).external;
            std::ptr::drop_in_place(p.cast::<Userdata>());
            bytes
        } else {
            let bytes = (*p.cast::<ProtoObj>()).external_bytes();
            std::ptr::drop_in_place(p.cast::<ProtoObj>());
            bytes
        }
    }
}

impl Heap {
    /// One piece of the collector's work, at a safepoint. Returns true when a cycle ended.
    pub(crate) fn step(&mut self, work: usize) -> bool {
        self.pause(|heap| heap.step_now(work))
    }

    fn step_now(&mut self, work: usize) -> bool {
        if self.mode == Mode::Generational {
            self.generational_step();
            return true;
        }
        self.stats.steps += 1;
        if self.phase == Phase::Pause {
            self.begin();
        }
        if self.propagate(work) {
            self.finish();
            return true;
        }
        self.update_trigger();
        false
    }

    /// Starts a full mark phase.
    fn begin(&mut self) {
        self.blocks.begin_marking();
        self.shapes.begin_marking();
        self.gray.clear();
        self.remembered.clear();
        self.clear_weak_lists();
        self.marked_bytes = 0;
        self.phase = Phase::Mark;
        self.mark_roots();
        self.mark_shape_keys(false);
    }

    fn clear_weak_lists(&mut self) {
        self.weak_values.clear();
        self.ephemerons.clear();
        self.all_weak.clear();
    }

    /// A whole collection now.
    pub(crate) fn full(&mut self) {
        self.pause(Heap::full_now);
    }

    fn full_now(&mut self) {
        self.begin();
        self.propagate(usize::MAX);
        self.finish();
    }

    /// Ends the mark phase and frees what it did not reach.
    fn finish(&mut self) {
        self.atomic(false);
        if self.shapes.purge() {
            self.forget_shapes();
        }
        self.phase = Phase::Pause;
        self.stats.full += 1;
        self.control.full_size = self.bytes();
        self.update_trigger();
    }

    /// A minor collection: marks of the last one stay, so only what is new is visited.
    fn minor(&mut self) {
        self.blocks.begin_minor();
        self.clear_weak_lists();
        self.gray.clear();
        self.phase = Phase::Mark;
        self.mark_roots();
        self.atomic(true);
        self.phase = Phase::Pause;
        self.stats.minor += 1;
        self.update_trigger();
    }

    fn generational_step(&mut self) {
        let grown = self.control.full_size / 100 * self.control.minor_major.max(20) as usize;
        if self.phase == Phase::Mark || self.bytes() > self.control.full_size + grown.max(1 << 16) {
            self.full_now();
        } else {
            self.minor();
        }
    }

    /// Scans again what was stored into after it was scanned, and all stacks.
    fn rescan(&mut self) {
        let again = std::mem::take(&mut self.remembered);
        self.gray.extend(again);
        self.propagate(usize::MAX);
        let mut i = 0;
        while i < self.threads.len() {
            let t = self.threads[i];
            if self.blocks.is_marked(t.addr()) {
                // SAFETY: a live coroutine, and the mutator is stopped.
                let t = unsafe { &mut *t.ptr() };
                self.scan_thread(t);
            }
            i += 1;
        }
        self.propagate(usize::MAX);
    }

    /// The part of a cycle that cannot be interrupted. In a `minor` one only what is young can be dead.
    fn atomic(&mut self, minor: bool) {
        self.mark_roots();
        self.mark_shape_keys(true);
        self.propagate(usize::MAX);
        let mut before = usize::MAX;
        while before != self.marked_bytes || !self.remembered.is_empty() {
            before = self.marked_bytes;
            self.rescan();
        }
        self.converge();
        let weak: Vec<Gc<Table>> = self.weak_values.iter().chain(&self.all_weak).copied().collect();
        self.clear_dead_values(&weak);
        let old = if minor { self.old_finalisable } else { 0 };
        self.separate_finalisable(old, false);
        self.rescan();
        self.converge();
        let keys: Vec<Gc<Table>> = self.ephemerons.iter().chain(&self.all_weak).copied().collect();
        self.clear_dead_keys(&keys);
        let weak: Vec<Gc<Table>> = self.weak_values.iter().chain(&self.all_weak).copied().collect();
        self.clear_dead_values(&weak);
        self.clear_weak_lists();
        self.purge(minor);
    }

    /// Marks the values of ephemeron tables until no more keys become reachable.
    fn converge(&mut self) {
        loop {
            let mut changed = false;
            let mut i = 0;
            while i < self.ephemerons.len() {
                let t = self.ephemerons[i];
                changed |= self.scan_ephemeron(t);
                i += 1;
            }
            self.propagate(usize::MAX);
            if !changed {
                return;
            }
        }
    }

    /// Takes unreachable objects with finalisers (or all of them), from the entry `first` on, out of their
    /// list, and marks them: they live until their finaliser has run.
    pub(crate) fn separate_finalisable(&mut self, first: usize, all: bool) {
        let blocks = &self.blocks;
        let dead: Vec<*mut Header> = self
            .finalisable
            .extract_if(first.min(self.finalisable.len()).., |&mut p| {
                all || !blocks.is_marked(p as usize)
            })
            .collect();
        self.old_finalisable = self.finalisable.len();
        if !dead.is_empty() {
            let mut queue = dead;
            queue.append(&mut self.to_finalise);
            self.to_finalise = queue;
        }
        if !self.to_finalise.is_empty() {
            self.raise(interrupt::FINALISE);
            for i in 0..self.to_finalise.len() {
                self.mark_header(self.to_finalise[i]);
            }
        }
    }

    /// Inline caches forget shapes that have been dropped.
    fn forget_shapes(&mut self) {
        self.shape_drops += 1;
        for at in 0..self.droppable.len() {
            let p = self.droppable[at];
            // SAFETY: the list holds live objects; functions are told by their tag.
            unsafe {
                if (*p).tag == Tag::PROTO {
                    let p = p.cast::<ProtoObj>();
                    (*p).forget_shapes(&self.shapes);
                    if (*p).has_stale_code(&self.shapes) {
                        self.discard_code(p, Invalidation::Shape);
                    }
                }
            }
        }
    }

    /// The machine code of a function, if it has any, is not entered any more.
    ///
    /// # Safety
    /// The function's cell has not been reused.
    unsafe fn discard_code(&mut self, p: *mut ProtoObj, why: Invalidation) {
        // SAFETY: this function's promise.
        unsafe {
            if let Some(code) = (*p).take_native(self.uncompiled) {
                (*p).data.discarded = Some(why);
                self.discarded.push((code.installed, why));
            }
        }
    }

    /// Keys of shapes live as long as their shape: all of them, or those that came since the last
    /// collection.
    fn mark_shape_keys(&mut self, only_fresh: bool) {
        let (blocks, marked) = (&mut self.blocks, &mut self.marked_bytes);
        self.shapes.for_each_key(only_fresh, |key| {
            *marked += blocks.mark(key.addr()).unwrap_or(0);
        });
    }

    /// Drops what was not marked.
    fn purge(&mut self, minor: bool) {
        self.purge_strings(minor);
        let mut threads = std::mem::take(&mut self.threads);
        threads.retain(|t| {
            let marked = self.blocks.is_marked(t.addr());
            // SAFETY: unreachable at worst, and its cell has not been reused.
            let fiber = unsafe { (*t.ptr()).fiber };
            if !marked && fiber != 0 {
                self.dead_fibers.push(fiber);
            }
            marked
        });
        for &t in &threads {
            // SAFETY: a live coroutine, and the mutator is stopped.
            Heap::clear_dead_slots(unsafe { &mut *t.ptr() });
        }
        self.threads = threads;
        let old = if minor { self.old_droppable } else { 0 };
        for p in self.droppable.split_off(old) {
            if self.blocks.is_marked(p as usize) {
                self.droppable.push(p);
            } else {
                // SAFETY: unreachable, and its cell has not been reused.
                unsafe {
                    if (*p).tag == Tag::PROTO {
                        self.discard_code(p.cast(), Invalidation::Collected);
                    }
                    self.external -= drop_object(p);
                }
            }
        }
        self.old_droppable = self.droppable.len();
        self.blocks.end_marking(self.marked_bytes);
    }

    /// Registers an object whose metatable has a finaliser.
    pub(crate) fn check_finaliser(&mut self, p: *mut Header, mt: Gc<Table>) {
        // SAFETY: a live object.
        let header = unsafe { &mut *p };
        if header.bits & Header::FINALISER != 0
            || self.closing
            || self.event_of(mt, super::Event::Gc).is_nil()
        {
            return;
        }
        header.bits |= Header::FINALISER;
        self.finalisable.push(p);
    }

    /// The next object whose finaliser is to be called.
    pub(crate) fn pop_finaliser(&mut self) -> Option<Value> {
        let p = self.to_finalise.pop();
        if self.to_finalise.is_empty() {
            self.interrupt.fetch_and(!interrupt::FINALISE, Ordering::Relaxed);
        }
        let p = p?;
        // SAFETY: objects in the list are marked as roots, so alive.
        let tag = unsafe {
            (*p).bits &= !Header::FINALISER;
            (*p).tag
        };
        Some(Value { bits: p as u64, tag })
    }
}
