//! Syntax tree -> effects: the walker, the simplest of the engines.
//!
//! A function's tree is walked as the parser left it. An expression is evaluated by [`Walker::eval`], a
//! statement executed by [`Walker::stmt`]; each kind of node has a short method, which says what the
//! node means in terms of `semantics`, of tables and of calls, as the other engines do.
//!
//! Numbered rules of this island:
//! 1. A frame is the one that every engine uses: variables stand in the registers that the resolver gave
//!    them. What an expression needs for itself goes to the registers from `d` on, its depth: the number
//!    of registers in use. `d` is handed down, so that nothing is looked up, pushed or popped.
//! 2. A value that Rust holds while something may be collected must stand in a register below the depth
//!    that this something is given. Numbers, and what is in a variable, need none.
//! 3. `base` is the frame's base as it was last reloaded. The stack moves in calls only, and whoever
//!    calls reloads.
//! 4. What is thrown travels as the value [`Tag::THROWN`] or as [`Flow::Throw`]; which throw it is, the
//!    walker remembers. The frames stay until `unwind::raise` unwinds them.
//! 5. No walker's Rust frame owns memory while Lua code may run: a coroutine's native stack can be
//!    thrown away.

mod assign;
mod call;
mod code;
mod expr;
mod fiber;
mod late;
mod names;
mod operator;
mod place;
mod stmt;
mod table;
mod trace;

pub(super) use call::enter;
pub(crate) use code::{TreeChunk, TreeFn};
pub(crate) use fiber::Fibers;
pub(super) use fiber::{abandon, give_stack, resumed, suspended, with_stack};
pub(super) use names::{active_local, call_name, operand_name, variable_at};
pub(super) use place::Place;

use crate::error::Throw;
use crate::heap::interrupt;
use crate::object::{Closure, Frame, Thread};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_syntax::ast::{ExprId, ExprKind, Function, LabelId, List, Listed, Nodes, Symbol, Vararg};
use place::Role;
use std::sync::atomic::Ordering;

/// How a statement ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    /// The next one follows.
    Next,
    /// `break`
    Break,
    /// `goto`, to the label that the walker remembers.
    Goto,
    /// `return`: the results stand from the walker's `first` register up to the top.
    Return,
    /// `return f(...)`: callee and arguments stand where results would.
    Tail,
    /// An error or a stop.
    Throw,
}

/// The value of an evaluation, or return what was thrown.
macro_rules! value {
    ($got:expr) => {{
        let v = $got;
        if v.tag == Tag::THROWN {
            return v;
        }
        v
    }};
}
/// The value of an evaluation in a statement, or leave it with what was thrown.
macro_rules! value_or_throw {
    ($got:expr) => {{
        let v = $got;
        if v.tag == Tag::THROWN {
            return Flow::Throw;
        }
        v
    }};
}
/// Leaves a statement unless the condition, that nothing was thrown, holds.
macro_rules! done_or_throw {
    ($done:expr) => {
        if !$done {
            return Flow::Throw;
        }
    };
}
use {done_or_throw, value, value_or_throw};

/// One activation of a function.
struct Walker<'t> {
    st: *mut State,
    /// R[0] (rule 3).
    base: *mut Value,
    nodes: &'t Nodes,
    /// The payloads of the chunk's strings.
    symbols: *const u64,
    func: &'t Function,
    tree: &'t TreeFn,
    /// Registers that there is room for.
    room: usize,
    /// The lowest address that the native stack may reach.
    limit: usize,
    /// `Flow::Goto`: where to.
    label: LabelId,
    /// `Flow::Return` and `Flow::Tail`: the first register that counts.
    first: usize,
    /// `Flow::Tail`: how many `__call` metamethods led to the callee.
    ncall: u8,
    /// What was thrown (rule 4).
    throw: Throw,
    /// Hooks or limits look at what is executed; changes in calls only.
    tracing: bool,
    /// `Flow::Goto` and stores: where the statement ends in the source.
    end: u32,
    /// The register of a named vararg that needs no table; else none.
    varargs: usize,
}

impl<'t> Walker<'t> {
    /// The walker of the running frame, for which there is room for `room` registers.
    unsafe fn new(st: &mut State, tree: *const TreeFn, room: usize) -> Walker<'t> {
        // SAFETY: the closure in the frame's function slot keeps the tree; the strings' array is never
        // written to again.
        unsafe {
            let tree = &*tree;
            Walker {
                base: (*(*st.thread.ptr()).frame).base,
                limit: st.fibers.limit,
                st,
                nodes: &tree.code.chunk.nodes,
                symbols: (*tree.symbols.ptr()).payloads(),
                func: tree.func(),
                tree,
                room,
                label: LabelId(0),
                first: 0,
                ncall: 0,
                throw: Throw::Error,
                tracing: false,
                end: 0,
                varargs: match tree.func().vararg {
                    Vararg::Named {
                        used_as_value: false, ..
                    } => tree.func().params as usize,
                    _ => usize::MAX,
                },
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn state<'a>(&self) -> &'a mut State {
        // SAFETY: the state outlives every activation; no other reference to it is used meanwhile.
        unsafe { &mut *self.st }
    }
    #[inline(always)]
    fn thread(&self) -> *mut Thread {
        self.state().thread.ptr()
    }
    #[inline(always)]
    fn frame(&self) -> *mut Frame {
        // SAFETY: a live coroutine.
        unsafe { (*self.thread()).frame }
    }
    #[inline(always)]
    fn kind(&self, e: ExprId) -> &'t ExprKind {
        &self.nodes.expr(e).kind
    }

    #[inline(always)]
    fn items<T: Listed>(&self, list: List<T>) -> &'t [T] {
        self.nodes.list(list)
    }

    /// Register `i`.
    #[inline(always)]
    fn r(&self, i: usize) -> Value {
        // SAFETY: the resolver and the depth stay below `room`.
        unsafe { *self.base.add(i) }
    }
    /// Sets register `i`.
    #[inline(always)]
    fn put(&mut self, i: usize, v: Value) {
        assert!(i < self.room, "a register beyond the frame");
        // SAFETY: just checked.
        unsafe {
            let slot = self.base.add(i);
            (*slot).bits = v.bits;
            (*slot).tag = v.tag;
        }
    }
    /// Sets the end of what is in use.
    #[inline(always)]
    fn set_top(&mut self, d: usize) {
        // SAFETY: a live coroutine; the slot is in its stack.
        unsafe { (*self.thread()).top = self.base.add(d) };
    }
    /// How many values stand from register `d` up to the top.
    #[inline(always)]
    fn count_from(&self, d: usize) -> usize {
        // SAFETY: a live coroutine.
        let top = unsafe { (*self.thread()).top };
        (top as usize - self.base as usize) / size_of::<Value>() - d
    }
    #[inline(always)]
    fn reload(&mut self) {
        // SAFETY: the running frame is this activation's.
        self.base = unsafe { (*self.frame()).base };
        self.tracing = self.state().interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0;
    }
    #[inline(always)]
    fn symbol(&self, s: Symbol) -> Value {
        // SAFETY: the table holds all strings of the chunk.
        let bits = unsafe { *self.symbols.add(s.index()) };
        Value { bits, tag: Tag::STR }
    }
    #[inline(always)]
    fn closure(&self) -> crate::heap::Gc<Closure> {
        // SAFETY: the function stands below the base.
        unsafe { (*self.base.sub(1)).gc() }
    }

    /// Remembers what was thrown.
    #[cold]
    fn thrown(&mut self, t: Throw) -> Value {
        self.throw = t;
        Value::THROWN
    }
    /// As [`Walker::thrown`], for statements.
    #[cold]
    fn flow(&mut self, t: Throw) -> Flow {
        self.throw = t;
        Flow::Throw
    }
    /// As [`Walker::thrown`], for what may only fail.
    fn done(&mut self, r: Result<(), Throw>) -> bool {
        match r {
            Ok(()) => true,
            Err(t) => {
                self.throw = t;
                false
            }
        }
    }

    /// Notes where the activation is, for whoever looks at its frame, and that `d` registers are in use.
    #[inline(always)]
    fn at(&mut self, place: Place, d: usize) {
        // SAFETY: the running frame is this activation's.
        unsafe { (*self.frame()).pc = place.pc() };
        self.set_top(d);
    }
    /// As [`Walker::at`], for an expression that is evaluated or stored to; its line is looked up.
    #[cold]
    fn at_expr(&mut self, role: Role, e: ExprId, d: usize) {
        let line = names::line_of(self.tree, e);
        self.at(Place::expr(role, e, line), d);
    }
    /// As [`Walker::at`], for an offset in the source.
    #[cold]
    fn at_offset(&mut self, role: Role, offset: u32, d: usize) {
        let line = self.tree.code.chunk.lines.line(offset);
        self.at(Place::offset(role, offset, line), d);
    }

    /// The safepoint: does what the interrupt word asks for. `d` registers are in use.
    #[inline(always)]
    fn poll(&mut self, d: usize) -> bool {
        self.state().interrupt.load(Ordering::Relaxed) == 0 || self.serve(d)
    }
    #[cold]
    #[inline(never)]
    fn serve(&mut self, d: usize) -> bool {
        self.set_top(d);
        let r = self.state().serve_interrupts();
        self.reload();
        self.done(r.map(|_| ()))
    }

    /// Whether the native stack is nearly used up; throws then.
    #[inline(always)]
    fn is_deep(&mut self) -> bool {
        let here = 0u8;
        (&raw const here as usize) < self.limit && self.too_deep()
    }
    #[cold]
    #[inline(never)]
    fn too_deep(&mut self) -> bool {
        let t = self.state().runtime_error(crate::error::text::STACK_OVERFLOW);
        self.thrown(t);
        true
    }
}
