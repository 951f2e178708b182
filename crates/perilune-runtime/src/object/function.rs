//! Functions: compiled code of one state, closures, natives and upvalues.

use super::feedback::Feedback;
use super::shape::{EMPTY, Shapes};
use super::{Table, Thread};
use crate::error::Throw;
use crate::exec::{Invalidation, NativeCode, TreeFn};
use crate::heap::{Gc, Header, Heap, OutOfMemory};
use crate::native::Ret;
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::proto::{Const, Proto};
use std::cell::Cell;
use std::sync::Arc;

/// What owns a function's code and constants.
pub struct ProtoData {
    /// The function as plain data.
    pub meta: Arc<Proto>,
    /// This state's copy of the code.
    pub(crate) code: Box<[Instr]>,
    /// The constants as values.
    pub(crate) consts: Constants,
    /// The nested functions: those of which there has been a closure.
    pub(crate) protos: Box<[Cell<Option<Gc<ProtoObj>>>]>,
    /// The long strings among the constants of the chunk, by number of text. Equal ones of a chunk share one
    /// object.
    pub(crate) long_strings: Option<Gc<Table>>,
    /// Its tree, if the walker runs it.
    pub(crate) tree: Option<Box<TreeFn>>,
    /// Its machine code.
    pub(crate) native: Option<Box<NativeCode>>,
    /// How often it has been compiled.
    pub(crate) versions: u32,
    /// Instructions before which machine code has left, since a type was not what it stated: there it is not to state
    /// any.
    pub(crate) loose: Vec<u32>,
    /// Why its machine code was discarded the last time.
    pub(crate) discarded: Option<Invalidation>,
    /// Why it cannot be compiled, if that has been tried.
    pub(crate) refused: Option<Box<str>>,
    /// How often each instruction was executed; empty where nothing was counted.
    pub(crate) counts: Vec<u64>,
}

/// The constants of a function as values. Its heat stands before the first one, where the interpreter
/// finds it without a look at the function.
pub(crate) struct Constants(Box<[Value]>);

impl Constants {
    /// Constants of a function with that heat.
    pub fn new(heat: i64, consts: impl ExactSizeIterator<Item = Value>) -> Constants {
        let mut all = Vec::with_capacity(consts.len() + 1);
        all.push(Value::int(heat));
        all.extend(consts);
        Constants(all.into())
    }
    /// The first constant.
    fn start(&mut self) -> *mut Value {
        self.0[1..].as_mut_ptr()
    }
}

impl std::ops::Deref for Constants {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        &self.0[1..]
    }
}

/// A compiled function of one state.
#[repr(C)]
pub struct ProtoObj {
    /// `aux` is its number, one of 2^32 that are given in turn.
    pub(crate) header: Header,
    pub(crate) code: *mut Instr,
    pub(crate) consts: *mut Value,
    /// Where compiled code that calls it goes on.
    pub(crate) entry: *const u8,
    /// Where the interpreter enters its compiled code, by the number of the instruction, 0 for nowhere; empty without
    /// such code.
    pub(crate) entries: Box<[usize]>,
    /// Which function of the program in the executable has its code; 0 for none.
    pub(crate) number: u32,
    pub(crate) num_params: u8,
    pub(crate) max_stack: u8,
    pub(crate) is_vararg: bool,
    /// A call of it in the interpreter needs no more than a frame: it has neither varargs nor a tree.
    pub(crate) plain: bool,
    /// Its tree, if the walker runs it; else null.
    pub(crate) tree: *const TreeFn,
    /// What its instructions have learned that does not fit into them.
    pub(crate) feedback: Feedback,
    pub(crate) data: ProtoData,
}

impl ProtoObj {
    pub(crate) fn new(heap: &mut Heap, mut data: ProtoData) -> Result<Gc<ProtoObj>, OutOfMemory> {
        let p = heap.alloc(size_of::<ProtoObj>())?.cast::<ProtoObj>();
        heap.functions = heap.functions.wrapping_add(1);
        let bytes = data.external_bytes();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(ProtoObj {
                header: Header::new(Tag::PROTO, heap.functions),
                code: data.code.as_mut_ptr(),
                consts: data.consts.start(),
                entry: heap.uncompiled,
                entries: Box::default(),
                number: 0,
                num_params: data.meta.num_params,
                max_stack: data.meta.max_stack,
                is_vararg: data.meta.is_vararg,
                plain: !data.meta.is_vararg && data.tree.is_none(),
                tree: data.tree.as_deref().map_or(std::ptr::null(), std::ptr::from_ref),
                feedback: Feedback::default(),
                data,
            });
        }
        heap.droppable.push(p.cast());
        heap.add_external(bytes);
        Ok(Gc::from_ptr(p))
    }
}

impl ProtoObj {
    /// How much more the interpreter is to run of it before the tier manager is asked: a call or a round of a
    /// loop takes from it, and below 0 it is hot.
    pub(crate) fn heat(&mut self) -> &mut u64 {
        // SAFETY: the heat stands before the constants.
        unsafe { &mut (*self.consts.sub(1)).bits }
    }

    /// Its compiled code, if it has any, is not entered any more; calls go to `uncompiled`.
    pub(crate) fn take_native(&mut self, uncompiled: *const u8) -> Option<Box<NativeCode>> {
        self.entry = uncompiled;
        self.entries = Box::default();
        self.data.native.take()
    }

    /// Bytes that it owns outside the heap.
    pub(crate) fn external_bytes(&self) -> usize {
        self.data.external_bytes() + self.feedback.bytes()
    }

    /// The generic form of the instruction at `pc`.
    pub(crate) fn restore(&mut self, pc: usize) {
        self.data.code[pc] = self.data.meta.code[pc];
    }

    /// Makes every instruction generic again and forgets all sites; returns the bytes that they took.
    pub(crate) fn restore_all(&mut self) -> usize {
        self.data.code.copy_from_slice(&self.data.meta.code);
        std::mem::take(&mut self.feedback).bytes()
    }

    /// Whether its machine code tests for a shape that has been dropped.
    pub(crate) fn has_stale_code(&self, shapes: &Shapes) -> bool {
        let native = self.data.native.as_ref();
        native.is_some_and(|n| n.shapes.iter().any(|&id| !shapes.is_live(id)))
    }

    /// Shapes have been dropped: forgets them.
    pub(crate) fn forget_shapes(&mut self, shapes: &Shapes) {
        self.feedback.forget(shapes);
        for pc in 0..self.data.code.len() {
            let i = self.data.code[pc];
            if i.learned_shape()
                .is_some_and(|id| id != EMPTY && !shapes.is_live(id))
            {
                self.restore(pc);
            }
        }
    }
}

impl ProtoData {
    /// A function counts what it is made from, and what the nested ones that are not made will be made from.
    fn external_bytes(&self) -> usize {
        let nested = self.protos.iter().zip(&self.meta.protos);
        let waiting = nested.filter(|(made, _)| made.get().is_none());
        size_of_val(&*self.code)
            + size_of_val(&*self.consts.0)
            + size_of_val(&*self.protos)
            + self.counts.len() * 8
            + own_bytes(&self.meta)
            + waiting.map(|(_, p)| plain_bytes(p)).sum::<usize>()
            + self.tree.as_ref().map_or(0, |t| t.external_bytes())
    }
}

/// Bytes of a function as plain data, without those nested in it.
fn own_bytes(p: &Proto) -> usize {
    // What a text takes is counted where it is a constant.
    const TEXT: usize = 16;
    size_of::<Proto>()
        + size_of_val(&*p.code)
        + p.consts.len() * (size_of::<Const>() + TEXT)
        + size_of_val(&*p.protos)
        + size_of_val(&*p.upvalues)
        + size_of_val(&*p.locals)
        + p.lines.len()
}

/// Bytes of a function as plain data, with those nested in it.
pub(crate) fn plain_bytes(p: &Proto) -> usize {
    own_bytes(p) + p.protos.iter().map(|f| plain_bytes(f)).sum::<usize>()
}

impl Gc<ProtoObj> {
    /// Its number in the state: 2^32 of them are given in turn.
    pub fn number(self, _heap: &Heap) -> u32 {
        // SAFETY: alive while the heap is borrowed.
        unsafe { (*self.ptr()).header.aux }
    }
    /// What owns its code and constants.
    pub(crate) fn data(self, _heap: &Heap) -> &ProtoData {
        // SAFETY: alive while the heap is borrowed.
        unsafe { &(*self.ptr()).data }
    }
    /// Sets the `nth` nested function, which was not known.
    pub(crate) fn set_nested(self, heap: &mut Heap, nth: usize, made: Gc<ProtoObj>) {
        let data = self.data(heap);
        data.protos[nth].set(Some(made));
        // From here on it counts this itself.
        heap.external -= plain_bytes(&made.data(heap).meta);
        heap.barrier(self.ptr().cast());
    }
    /// The function as plain data.
    pub fn meta(self, _heap: &Heap) -> &Arc<Proto> {
        // SAFETY: alive while the heap is borrowed; immutable.
        unsafe { &(*self.ptr()).data.meta }
    }
}

/// A Lua function: code and its upvalues, which follow the fields.
#[repr(C)]
pub struct Closure {
    pub(crate) header: Header,
    pub(crate) proto: Gc<ProtoObj>,
}

impl Closure {
    /// A closure whose upvalues are still to be set, all of them, before the next safepoint.
    #[inline]
    pub(crate) fn new(heap: &mut Heap, proto: Gc<ProtoObj>, n: usize) -> Result<Gc<Closure>, OutOfMemory> {
        let p = heap.alloc(size_of::<Closure>() + 8 * n)?.cast::<Closure>();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(Closure {
                header: Header::new(Tag::CLOSURE, n as u32),
                proto,
            })
        };
        Ok(Gc::from_ptr(p))
    }
}

impl Gc<Closure> {
    #[inline(always)]
    pub(crate) fn upvals(self) -> *mut Gc<Upval> {
        // SAFETY: the upvalues follow the fields.
        unsafe { self.ptr().add(1).cast() }
    }
    /// Its compiled function.
    pub fn proto(self, _heap: &Heap) -> Gc<ProtoObj> {
        // SAFETY: alive while the heap is borrowed.
        unsafe { (*self.ptr()).proto }
    }
    /// How many upvalues it has.
    pub fn upvalue_count(self, _heap: &Heap) -> usize {
        // SAFETY: as above.
        unsafe { (*self.ptr()).header.aux as usize }
    }
    /// Upvalue `i`, from 0.
    ///
    /// # Panics
    /// If there is no such upvalue.
    pub(crate) fn upval(self, heap: &Heap, i: usize) -> Gc<Upval> {
        assert!(i < self.upvalue_count(heap));
        // SAFETY: `i` is in range.
        unsafe { *self.upvals().add(i) }
    }
    /// Makes upvalue `i` refer to another variable.
    ///
    /// # Panics
    /// If there is no such upvalue.
    pub(crate) fn set_upval(self, heap: &mut Heap, i: usize, u: Gc<Upval>) {
        assert!(i < self.upvalue_count(heap));
        // SAFETY: `i` is in range.
        unsafe { *self.upvals().add(i) = u };
        heap.barrier(self.ptr().cast());
    }
}

/// A variable that closures share: on a stack while open, then in itself.
#[repr(C)]
pub struct Upval {
    pub(crate) header: Header,
    /// Where the value is.
    pub(crate) at: *mut Value,
    pub(crate) slot: UpvalSlot,
}

/// The upvalue's own storage.
#[repr(C)]
pub(crate) union UpvalSlot {
    pub closed: Value,
    pub open: OpenLink,
}

/// List of a coroutine's open upvalues, highest slot first.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct OpenLink {
    pub next: *mut Upval,
    pub thread: *mut Thread,
}

impl Upval {
    /// A closed upvalue.
    pub(crate) fn closed(heap: &mut Heap, v: Value) -> Result<Gc<Upval>, OutOfMemory> {
        let p = heap.alloc(size_of::<Upval>())?.cast::<Upval>();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(Upval {
                header: Header::new(Tag::UPVAL, 0),
                at: &raw mut (*p).slot.closed,
                slot: UpvalSlot { closed: v },
            });
        }
        Ok(Gc::from_ptr(p))
    }
}

impl Gc<Upval> {
    #[inline(always)]
    pub(crate) fn is_open(self) -> bool {
        // SAFETY: a live upvalue.
        unsafe { (*self.ptr()).at != &raw mut (*self.ptr()).slot.closed }
    }
    /// Its value.
    #[inline(always)]
    pub(crate) fn get(self, _heap: &Heap) -> Value {
        // SAFETY: `at` leads to a live stack slot or to the upvalue itself.
        unsafe { *(*self.ptr()).at }
    }
    /// Changes its value.
    #[inline(always)]
    pub(crate) fn set(self, heap: &mut Heap, v: Value) {
        // SAFETY: as in `get`.
        unsafe { *(*self.ptr()).at = v };
        heap.barrier(self.ptr().cast());
    }
    /// Moves the value from the stack into the upvalue. The caller unlinks it from its list.
    pub(crate) fn close(self, heap: &mut Heap) {
        // SAFETY: a live open upvalue; its slot is still valid.
        unsafe {
            let p = self.ptr();
            let v = *(*p).at;
            (*p).slot.closed = v;
            (*p).at = &raw mut (*p).slot.closed;
        }
        heap.barrier(self.ptr().cast());
    }
}

/// The signature of a function written in Rust.
pub type NativeFn = fn(&mut State) -> Result<Ret, Throw>;

/// A function written in Rust; its upvalues follow the fields.
#[repr(C)]
pub struct Native {
    pub(crate) header: Header,
    pub(crate) function: NativeFn,
    pub(crate) transfer: Transfer,
}

/// A transfer of control that a call of a native always is: the engine can carry it out without asking
/// the function, unless the arguments are wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Transfer {
    /// None: only the function knows.
    None,
    /// A protected call of the first argument with the others.
    Pcall,
    /// A resume of the first argument, a coroutine, with the others.
    Resume,
    /// A yield of all arguments.
    Yield,
    /// A resume, as by a function that `coroutine.wrap` made, of the coroutine that is the first upvalue.
    Wrapped,
}

impl Transfer {
    /// Whether another coroutine runs afterwards.
    pub(crate) fn switches(self) -> bool {
        matches!(self, Transfer::Resume | Transfer::Yield | Transfer::Wrapped)
    }
}

impl Native {
    pub(crate) fn new(
        heap: &mut Heap,
        function: NativeFn,
        upvalues: &[Value],
    ) -> Result<Gc<Native>, OutOfMemory> {
        let p = heap
            .alloc(size_of::<Native>() + size_of_val(upvalues))?
            .cast::<Native>();
        // SAFETY: a fresh cell of the right size.
        unsafe {
            p.write(Native {
                header: Header::new(Tag::NATIVE, upvalues.len() as u32),
                function,
                transfer: Transfer::None,
            });
            p.add(1)
                .cast::<Value>()
                .copy_from_nonoverlapping(upvalues.as_ptr(), upvalues.len());
        }
        Ok(Gc::from_ptr(p))
    }
}

impl Gc<Native> {
    /// The Rust function.
    #[inline(always)]
    pub(crate) fn function(self) -> NativeFn {
        // SAFETY: a live native.
        unsafe { (*self.ptr()).function }
    }
    /// What a call of it always is.
    #[inline(always)]
    pub(crate) fn transfer(self) -> Transfer {
        // SAFETY: a live native.
        unsafe { (*self.ptr()).transfer }
    }
    /// Says what a call of it always is. A native that resumes has the coroutine as its first upvalue.
    pub(crate) fn set_transfer(self, transfer: Transfer) {
        // SAFETY: a live native.
        unsafe { (*self.ptr()).transfer = transfer };
    }
    /// Its upvalues.
    pub fn upvalues(self, _heap: &Heap) -> &[Value] {
        // SAFETY: the upvalues follow the fields; alive while the heap is borrowed.
        unsafe {
            let p = self.ptr();
            std::slice::from_raw_parts(p.add(1).cast(), (*p).header.aux as usize)
        }
    }
    /// Sets upvalue `i`, from 0.
    ///
    /// # Panics
    /// If there is no such upvalue.
    pub fn set_upvalue(self, heap: &mut Heap, i: usize, v: Value) {
        assert!(i < self.upvalues(heap).len());
        // SAFETY: `i` is in range.
        unsafe { *self.ptr().add(1).cast::<Value>().add(i) = v };
        heap.barrier(self.ptr().cast());
    }
}

impl Gc<Closure> {
    /// Sets all upvalues of a fresh closure.
    ///
    /// # Panics
    /// If their number is wrong.
    pub(crate) fn init_upvals(self, heap: &mut Heap, upvals: &[Gc<Upval>]) {
        assert_eq!(upvals.len(), self.upvalue_count(heap));
        // SAFETY: the closure has room for that many.
        unsafe {
            self.upvals()
                .copy_from_nonoverlapping(upvals.as_ptr(), upvals.len())
        };
    }
}
