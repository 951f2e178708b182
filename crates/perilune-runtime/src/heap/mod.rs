//! The heap: 64 KB size-class blocks in one reserved region, mark bits in side tables, lazy sweep
//! that bumps through holes, incremental and generational marking.
//!
//! Rules of the island (heap and object):
//! 1. Objects never move. A `Gc<T>` is valid as long as its object is reachable from a root at every
//!    safepoint; nothing but [`Heap::step`], [`Heap::full`] and [`Heap::minor`] frees an object, and
//!    these are called at safepoints only.
//! 2. Every object starts with a [`Header`]. Buffers (array parts, nodes, stacks) have none: they
//!    belong to one object, which marks them.
//! 3. A store of a reference into an object that is not a stack is preceded or followed, before the
//!    next safepoint, by [`Heap::barrier`] on the object stored into. So is the replacement of a
//!    buffer.
//! 4. Slots of a stack hold valid values up to its live top; the atomic phase sets all above to nil,
//!    so no slot ever holds a reference to a freed object.
#![allow(unsafe_code)]

mod blocks;
mod collect;
mod control;
mod mark;
mod stats;

pub use control::{Control, GcOp, GcParam};
pub use stats::GcStats;

use crate::exec::{Installed, Invalidation};
use crate::object::feedback::PathTable;
use crate::object::shape::Shapes;
use crate::object::{ProtoObj, Str, StringTable, Table, Thread, Userdata};
use crate::value::{Tag, Value};
use blocks::Blocks;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A reference to a heap object (rule 1).
#[repr(transparent)]
pub struct Gc<T> {
    addr: NonZeroUsize,
    _type: PhantomData<*mut T>,
}

impl<T> Clone for Gc<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Gc<T> {}
impl<T> PartialEq for Gc<T> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        self.addr == other.addr
    }
}
impl<T> Eq for Gc<T> {}

impl<T> Gc<T> {
    #[inline(always)]
    pub(crate) fn from_addr(addr: usize) -> Gc<T> {
        debug_assert!(addr != 0);
        Gc {
            // SAFETY: no object has address 0.
            addr: unsafe { NonZeroUsize::new_unchecked(addr) },
            _type: PhantomData,
        }
    }
    #[inline(always)]
    pub(crate) fn from_ptr(p: *mut T) -> Gc<T> {
        Gc::from_addr(p as usize)
    }
    /// The object's address.
    #[inline(always)]
    pub fn addr(self) -> usize {
        self.addr.get()
    }
    #[inline(always)]
    pub(crate) fn ptr(self) -> *mut T {
        self.addr.get() as *mut T
    }
}

/// The first word of every object.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Header {
    /// The tag of a value that refers to it.
    pub(crate) tag: Tag,
    /// Not 0 when a store into it must take the barrier's slow path (it was scanned).
    pub(crate) barrier: u8,
    /// For tables: absent-metamethod cache. For strings: 1 = short, 2 = hash known.
    pub(crate) flags: u8,
    /// Bit 0: in the finaliser list. Bits 1, 2 (tables): weak keys, weak values.
    pub(crate) bits: u8,
    /// For strings: length. For closures: number of upvalues. For functions: their number.
    pub(crate) aux: u32,
}

impl Header {
    pub(crate) const FINALISER: u8 = 1;
    pub(crate) fn new(tag: Tag, aux: u32) -> Header {
        Header {
            tag,
            barrier: 0,
            flags: 0,
            bits: 0,
            aux,
        }
    }
}

/// Reasons in the interrupt word. The word is tested on back-edges, function entries and after
/// native calls; what is set is served at that safepoint.
pub mod interrupt {
    /// The collector wants to work.
    pub const GC: u32 = 1;
    /// A hook or the instruction limit is on: run the tracing loop.
    pub const TRACE: u32 = 2;
    /// Ctrl-C, or `Interrupter::stop`.
    pub const STOP: u32 = 4;
    /// The time limit has passed.
    pub const TIMEOUT: u32 = 8;
    /// Finalisers are waiting.
    pub const FINALISE: u32 = 16;
    /// Stress mode: something to do at every safepoint.
    pub const STRESS: u32 = 32;
    /// Another thread has compiled a function.
    pub const CODE: u32 = 64;
}

/// What the collector does between two steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// No cycle runs.
    Pause,
    /// Marking, in steps.
    Mark,
}

/// How cycles are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Incremental marking of the whole heap.
    Incremental,
    /// Sticky-mark-bit minor collections, and a full one when the heap has grown.
    Generational,
}

/// Allocation failed: the address space, the memory or the cap is used up.
#[derive(Clone, Copy, Debug)]
pub struct OutOfMemory;

/// Names of metamethods and other strings that live as long as the heap.
macro_rules! events {
    ($($name:ident $text:literal)*) => {
        /// A metamethod.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Event { $($name,)* }
        /// The metamethods' names, indexed by [`Event`].
        pub const EVENT_NAMES: &[&str] = &[$($text,)*];
    };
}
events! {
    Index "__index" NewIndex "__newindex" Gc "__gc" Mode "__mode" Len "__len" Eq "__eq" Call "__call"
    Add "__add" Sub "__sub" Mul "__mul" Mod "__mod" Pow "__pow" Div "__div" IDiv "__idiv"
    BAnd "__band" BOr "__bor" BXor "__bxor" Shl "__shl" Shr "__shr" Unm "__unm" BNot "__bnot"
    Lt "__lt" Le "__le" Concat "__concat" Close "__close" Name "__name" ToString "__tostring"
    Metatable "__metatable" Pairs "__pairs"
}

/// How many events have a bit in a metatable's absent-metamethod cache (the first ones).
pub(crate) const CACHED_EVENTS: u8 = 7;

/// The heap of one state.
pub struct Heap {
    pub(crate) blocks: Blocks,
    pub(crate) strings: StringTable,
    pub(crate) shapes: Shapes,
    pub(crate) paths: PathTable,
    /// The number of the function made last.
    pub(crate) functions: u32,
    /// The word compiled code and the interpreter test.
    pub(crate) interrupt: Arc<AtomicU32>,
    pub(crate) phase: Phase,
    pub(crate) mode: Mode,
    pub(crate) control: Control,
    /// Objects marked but not scanned.
    pub(crate) gray: Vec<*mut Header>,
    /// Objects scanned, then stored into: to be scanned again.
    pub(crate) remembered: Vec<*mut Header>,
    pub(crate) weak_values: Vec<Gc<Table>>,
    pub(crate) ephemerons: Vec<Gc<Table>>,
    pub(crate) all_weak: Vec<Gc<Table>>,
    /// Every coroutine: stacks have no barrier and are scanned again in the atomic phase.
    pub(crate) threads: Vec<Gc<Thread>>,
    /// Native stacks of coroutines that were collected.
    pub(crate) dead_fibers: Vec<u32>,
    /// Objects that own memory outside the heap: functions' code and userdata.
    pub(crate) droppable: Vec<*mut Header>,
    /// Machine code of functions that are gone, or that relied on shapes which are.
    pub(crate) discarded: Vec<(Installed, Invalidation)>,
    /// How often shapes have been dropped.
    pub(crate) shape_drops: u64,
    /// What a new function's `entry` is.
    pub(crate) uncompiled: *const u8,
    /// How many of them survived the last collection: the first ones.
    pub(crate) old_droppable: usize,
    /// Objects with a finaliser, oldest first.
    pub(crate) finalisable: Vec<*mut Header>,
    /// How many of them survived the last collection: the first ones.
    pub(crate) old_finalisable: usize,
    /// Unreachable objects whose finaliser is to be called, next one last.
    pub(crate) to_finalise: Vec<*mut Header>,
    /// Values that are always reachable.
    pub(crate) roots: Roots,
    /// Bytes owned by droppable objects outside the blocks.
    pub(crate) external: usize,
    pub(crate) stats: GcStats,
    pub(crate) marked_bytes: usize,
    /// Stress: fail the allocation after this many; 0 is off.
    pub(crate) fail_after: u64,
    /// Stress: `#` answers the least border.
    pub(crate) least_border: bool,
    pub(crate) closing: bool,
}

/// Values that are always reachable.
pub(crate) struct Roots {
    pub events: Vec<Gc<Str>>,
    pub registry: Value,
    pub globals: Value,
    pub main_thread: Value,
    pub current_thread: Value,
    /// Metatables of the basic types: see [`Heap::type_metatable_index`].
    pub metatables: [Option<Gc<Table>>; 8],
    /// The error value in flight.
    pub error: Value,
    /// Values rooted by handles of the embedding API.
    pub handles: Vec<Value>,
    pub free_handles: Vec<u32>,
    /// Handles dropped by the host, to be taken back at the next use.
    pub released: Arc<Mutex<Vec<u32>>>,
    /// Temporaries of the runtime itself.
    pub temps: Vec<Value>,
}

// SAFETY: a heap owns all that its pointers lead to; nothing in it is tied to a thread. Userdata
// payloads are `Send`.
unsafe impl Send for Heap {}

impl Heap {
    /// An empty heap. `seed` randomises string hashes.
    ///
    /// # Errors
    /// When no address space can be reserved.
    pub fn new(seed: u64, interrupt: Arc<AtomicU32>) -> Result<Heap, OutOfMemory> {
        let mut heap = Heap {
            blocks: Blocks::new()?,
            strings: StringTable::new(seed),
            shapes: Shapes::new(),
            paths: PathTable::default(),
            functions: 0,
            interrupt,
            phase: Phase::Pause,
            mode: Mode::Incremental,
            control: Control::default(),
            gray: Vec::new(),
            remembered: Vec::new(),
            weak_values: Vec::new(),
            ephemerons: Vec::new(),
            all_weak: Vec::new(),
            threads: Vec::new(),
            dead_fibers: Vec::new(),
            droppable: Vec::new(),
            discarded: Vec::new(),
            shape_drops: 0,
            uncompiled: std::ptr::null(),
            old_droppable: 0,
            finalisable: Vec::new(),
            old_finalisable: 0,
            to_finalise: Vec::new(),
            roots: Roots {
                events: Vec::new(),
                registry: Value::NIL,
                globals: Value::NIL,
                main_thread: Value::NIL,
                current_thread: Value::NIL,
                metatables: [None; 8],
                error: Value::NIL,
                handles: Vec::new(),
                free_handles: Vec::new(),
                released: Arc::default(),
                temps: Vec::new(),
            },
            external: 0,
            stats: GcStats::default(),
            marked_bytes: 0,
            fail_after: 0,
            least_border: false,
            closing: false,
        };
        heap.update_trigger();
        for name in EVENT_NAMES {
            let s = Str::new(&mut heap, name.as_bytes())?;
            heap.roots.events.push(s);
        }
        Ok(heap)
    }

    /// Bytes in use: every object and buffer, and what objects own outside the heap.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.blocks.bytes + self.external + self.shapes.bytes
    }

    /// The name of a metamethod.
    #[inline]
    pub fn event_name(&self, e: Event) -> Gc<Str> {
        self.roots.events[e as usize]
    }

    /// Memory of `size` bytes, uninitialised. What it replaces or becomes must be known to the
    /// collector before the next safepoint.
    #[inline(always)]
    pub(crate) fn alloc(&mut self, size: usize) -> Result<*mut u8, OutOfMemory> {
        if self.fail_after != 0 {
            self.fail_after -= 1;
            if self.fail_after == 0 {
                return Err(OutOfMemory);
            }
        }
        if let Some(p) = self.blocks.alloc_fast(size) {
            return Ok(p);
        }
        self.alloc_slow(size)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slow(&mut self, size: usize) -> Result<*mut u8, OutOfMemory> {
        if self.bytes() + size >= self.control.trigger && !self.control.stopped {
            self.raise(interrupt::GC);
        }
        let p = self.blocks.alloc_slow(size);
        self.stats.peak = self.stats.peak.max(self.bytes());
        p
    }

    /// Sets a reason in the interrupt word.
    pub(crate) fn raise(&self, reason: u32) {
        self.interrupt.fetch_or(reason, Ordering::Relaxed);
    }

    /// Gives back a buffer of `size` bytes that nothing refers to any more: the next allocation may get
    /// its memory.
    pub(crate) fn release(&mut self, p: *mut u8, size: usize) {
        let counted = self.blocks.release(p, size, self.phase == Phase::Mark);
        self.marked_bytes = self.marked_bytes.saturating_sub(counted);
    }

    /// Rule 3: `parent` has been stored into.
    #[inline(always)]
    pub(crate) fn barrier(&mut self, parent: *mut Header) {
        // SAFETY: `parent` is a live object's header (rules 1 and 2).
        if unsafe { (*parent).barrier } != 0 {
            self.barrier_slow(parent);
        }
    }

    #[cold]
    #[inline(never)]
    fn barrier_slow(&mut self, parent: *mut Header) {
        // SAFETY: as in `barrier`.
        unsafe { (*parent).barrier = 0 };
        let marking = self.phase == Phase::Mark;
        let watched = marking || self.mode == Mode::Generational;
        if watched && self.blocks.is_counted(parent as usize, marking) {
            self.remembered.push(parent);
        }
    }

    /// What stands in for the code of functions that are not compiled, those that exist among them.
    pub(crate) fn set_uncompiled(&mut self, code: *const u8) {
        self.uncompiled = code;
        for &p in &self.droppable {
            // SAFETY: the list holds live objects; functions are told by their tag.
            unsafe {
                if (*p).tag == Tag::PROTO {
                    (*p.cast::<ProtoObj>()).entry = code;
                }
            }
        }
    }

    /// Accounts for memory that an object owns outside the heap.
    pub(crate) fn add_external(&mut self, bytes: usize) {
        self.external += bytes;
        if self.bytes() >= self.control.trigger && !self.control.stopped {
            self.raise(interrupt::GC);
        }
    }

    /// Index of the metatable of strings.
    pub(crate) const STRING_META: usize = 3;
    /// Index into the basic types' metatables, None for tables and full userdata.
    pub(crate) fn type_metatable_index(v: Value) -> Option<usize> {
        match v.tag {
            Tag::NIL => Some(0),
            Tag::FALSE | Tag::TRUE => Some(1),
            Tag::INT | Tag::FLT => Some(2),
            Tag::STR => Some(Self::STRING_META),
            Tag::CLOSURE | Tag::NATIVE => Some(4),
            Tag::THREAD => Some(5),
            Tag::LIGHT => Some(6),
            _ => None,
        }
    }

    /// The metatable of any value.
    #[inline]
    pub fn metatable(&self, v: Value) -> Option<Gc<Table>> {
        match v.tag {
            Tag::TABLE => v.gc::<Table>().metatable(self),
            Tag::USERDATA => v.gc::<Userdata>().metatable(self),
            _ => self.roots.metatables[Heap::type_metatable_index(v)?],
        }
    }

    /// The metamethod `e` of a value, nil if there is none.
    #[inline]
    pub fn metamethod(&self, v: Value, e: Event) -> Value {
        match self.metatable(v) {
            Some(mt) => self.event_of(mt, e),
            None => Value::NIL,
        }
    }

    /// The metamethod `e` of the first of two values that has one, nil if neither does.
    #[inline]
    pub fn metamethod_of_either(&self, a: Value, b: Value, e: Event) -> Value {
        let f = self.metamethod(a, e);
        if f.is_nil() { self.metamethod(b, e) } else { f }
    }

    /// The field `e` of a metatable, through its absent-metamethod cache.
    #[inline]
    pub fn event_of(&self, mt: Gc<Table>, e: Event) -> Value {
        let cached = (e as u8) < CACHED_EVENTS;
        // SAFETY: rule 1.
        let header = unsafe { &mut (*mt.ptr()).header };
        if cached && header.flags & (1 << e as u8) != 0 {
            return Value::NIL;
        }
        let v = mt.get_str(self, self.event_name(e));
        if cached && v.is_nil() {
            header.flags |= 1 << e as u8;
        }
        v
    }

    /// Roots a value until [`Heap::unroot`]; returns the handle's index.
    pub fn root(&mut self, v: Value) -> u32 {
        match self.roots.free_handles.pop() {
            Some(i) => {
                self.roots.handles[i as usize] = v;
                i
            }
            None => {
                self.roots.handles.push(v);
                (self.roots.handles.len() - 1) as u32
            }
        }
    }

    /// A handle that keeps `v` alive until it is dropped.
    pub fn rooted(&mut self, v: Value) -> Rooted {
        let released = self.roots.released.clone();
        let mut list = released.lock().unwrap_or_else(PoisonError::into_inner);
        for i in list.drain(..) {
            self.unroot(i);
        }
        drop(list);
        Rooted {
            index: self.root(v),
            released,
        }
    }

    /// The value of a handle, None if it belongs to another heap.
    pub fn rooted_value(&self, r: &Rooted) -> Option<Value> {
        Arc::ptr_eq(&r.released, &self.roots.released).then(|| self.handle(r.index))
    }

    /// Ends a handle.
    pub fn unroot(&mut self, i: u32) {
        self.roots.handles[i as usize] = Value::NIL;
        self.roots.free_handles.push(i);
    }

    /// The value of a handle.
    pub fn handle(&self, i: u32) -> Value {
        self.roots.handles[i as usize]
    }
}

/// Keeps a value alive for the host.
#[derive(Debug)]
pub struct Rooted {
    index: u32,
    released: Arc<Mutex<Vec<u32>>>,
}

impl Drop for Rooted {
    fn drop(&mut self) {
        self.released
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.index);
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        let all = std::mem::take(&mut self.droppable);
        for p in all {
            // SAFETY: a droppable object is alive until it leaves the list, and this is the last use.
            unsafe { collect::drop_object(p) };
        }
    }
}
