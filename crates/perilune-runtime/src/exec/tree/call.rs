//! Calls of all kinds, and what happens between a call and its body.

use super::place::{Place, Role};
use super::{Flow, TreeFn, Walker};
use crate::error::Throw;
use crate::exec::call::{self, Entry, Next};
use crate::exec::{interp, registers, unwind};
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{Closure, Native, Transfer, cont};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_syntax::ast::{ExprId, ExprKind, Stmt, Vararg};

/// Registers that a frame has beyond those that bytecode needs, for what the walker holds longer.
const SPARE: usize = 8;

/// The tree of the function at `func`, null if it has none.
#[inline(always)]
unsafe fn tree_of(func: *mut Value) -> *const TreeFn {
    // SAFETY: the caller's promise: a live Lua function.
    unsafe { (*(*(*func).gc::<Closure>().ptr()).proto.ptr()).tree }
}

/// How the activation of a function with a tree has ended.
enum Ran {
    /// Its frame stands; its results, so many, are the last values below the top.
    Returned(usize),
    /// A function of bytecode was entered in its place.
    Replaced,
}

/// Calls the function at `func`, which has a tree, with the values from there to the top, and ends its frame
/// as the entry says.
///
/// # Safety
/// As [`call::call_value`].
pub(in crate::exec) unsafe fn enter(st: &mut State, func: *mut Value, entry: Entry) -> Result<Next, Throw> {
    // SAFETY: this function's promise; the results are live slots.
    unsafe {
        match run(st, func, entry)? {
            Ran::Returned(n) => {
                let first = (*st.thread.ptr()).top.sub(n);
                call::return_values(st, first, n)
            }
            Ran::Replaced => Ok(Next::Lua),
        }
    }
}

/// Runs the function at `func`, and those that it ends with a call of.
unsafe fn run(st: &mut State, mut func: *mut Value, mut entry: Entry) -> Result<Ran, Throw> {
    // SAFETY: the caller's promise: `func` and its arguments are live slots.
    unsafe {
        loop {
            let tree = tree_of(func);
            if tree.is_null() {
                return call::enter_lua(st, func, entry).map(|_| Ran::Replaced);
            }
            let room = call::push_lua(st, func, entry, SPARE)?;
            let frame = &mut *(*st.thread.ptr()).frame;
            frame.pc = (*tree).start().pc();
            let mut walker = Walker::new(st, tree, room);
            match walker.body() {
                Flow::Return => return Ok(Ran::Returned(walker.count_from(walker.first))),
                Flow::Throw => return Err(walker.throw),
                Flow::Tail => {
                    let (callee, ncall) = (walker.base.add(walker.first), walker.ncall);
                    (func, entry) = call::replace_frame(st, callee, ncall, SPARE)?;
                }
                Flow::Next | Flow::Break | Flow::Goto => unreachable!("a body ends with a return"),
            }
        }
    }
}

impl Walker<'_> {
    /// The body of the function whose frame has just been pushed.
    fn body(&mut self) -> Flow {
        let mut d = self.func.params as usize;
        let hidden = match self.func.vararg {
            Vararg::Named { .. } => true,
            Vararg::Anonymous => self.func.line != 0 && self.tree.is_55(),
            Vararg::None => false,
        };
        if hidden {
            self.put(d, Value::NIL);
            d += 1;
        }
        self.set_top(d);
        if self.is_deep() {
            return Flow::Throw;
        }
        if self.is_hooked() {
            let hooked = self.state().hook_call();
            self.reload();
            if !self.done(hooked) {
                return Flow::Throw;
            }
        }
        self.reload();
        if let Vararg::Named {
            used_as_value: true, ..
        } = self.func.vararg
        {
            // SAFETY: the register exists; the running frame is this activation's.
            let made = unsafe { registers::vararg_table(self.state(), self.base.add(d - 1)) };
            if !self.done(made) {
                return Flow::Throw;
            }
        }
        if !self.poll(d) {
            return Flow::Throw;
        }
        match self.block(&self.func.body, d) {
            Flow::Next => self.end_of_body(d),
            other => other,
        }
    }

    fn end_of_body(&mut self, d: usize) -> Flow {
        if self.tracing && !self.trace(self.func.span.end, self.tree.last_line(), d) {
            return Flow::Throw;
        }
        super::done_or_throw!(self.close(0, d, self.func.span.end));
        self.first = d;
        self.set_top(d);
        Flow::Return
    }

    #[inline(always)]
    fn is_hooked(&self) -> bool {
        // SAFETY: a live coroutine.
        unsafe { (*self.thread()).hook_mask != 0 }
    }

    /// The first result of a call.
    #[inline(never)]
    pub(super) fn first_result(&mut self, e: ExprId, d: usize) -> Value {
        if !self.call(e, d) {
            return Value::THROWN;
        }
        if self.count_from(d) > 0 {
            self.r(d)
        } else {
            Value::NIL
        }
    }

    /// Evaluates and makes a call; its results stand from register `d` up to the top.
    pub(super) fn call(&mut self, e: ExprId, d: usize) -> bool {
        self.prepare(e, d) && self.invoke(d)
    }

    /// Puts callee and arguments of a call into the registers from `d` up to the top.
    pub(super) fn prepare(&mut self, e: ExprId, d: usize) -> bool {
        let (args, line, first) = match self.kind(e) {
            ExprKind::Call { callee, args, line } => {
                if !self.load(*callee, d) {
                    return false;
                }
                (args, *line, d + 1)
            }
            ExprKind::Method {
                obj,
                name,
                args,
                line,
            } => {
                let obj = self.eval(*obj, d);
                self.put(d + 1, obj);
                if obj.tag == Tag::THROWN {
                    return false;
                }
                self.put(d, Value::NIL);
                if self.tracing && !self.trace_load(e, d + 2) {
                    return false;
                }
                let f = self.get(e, obj, self.symbol(*name), d + 2);
                self.put(d, f);
                if f.tag == Tag::THROWN {
                    return false;
                }
                (args, *line, d + 2)
            }
            _ => unreachable!("only calls are called"),
        };
        if !self.list(self.items(*args), first) {
            return false;
        }
        if self.tracing {
            let d = first + self.count_from(first);
            if !self.trace(self.nodes.expr(e).span.end, line, d) {
                return false;
            }
            self.set_top(d);
        }
        // SAFETY: the running frame is this activation's.
        unsafe { (*self.frame()).pc = Place::expr(Role::Eval, e, line).pc() };
        true
    }

    /// Evaluates a list of expressions into the registers from `d` up to the top; the last one gives all its
    /// values.
    pub(super) fn list(&mut self, list: &[ExprId], d: usize) -> bool {
        let mut at = d;
        if let Some((&last, init)) = list.split_last() {
            for &e in init {
                if !self.load(e, at) {
                    return false;
                }
                at += 1;
            }
            match self.kind(last) {
                ExprKind::Call { .. } | ExprKind::Method { .. } => return self.call(last, at),
                ExprKind::Vararg { line } => return self.varargs((last, *line), at, -1),
                _ => {}
            }
            if !self.load(last, at) {
                return false;
            }
            at += 1;
        }
        self.set_top(at);
        true
    }

    /// As [`Walker::list`], but makes it `want` values.
    pub(super) fn adjusted_list(&mut self, list: &[ExprId], want: usize, d: usize) -> bool {
        if !self.list(list, d) {
            return false;
        }
        for i in self.count_from(d)..want {
            self.put(d + i, Value::NIL);
        }
        true
    }

    /// Calls the value in register `d` with those from there to the top; its results stand from register
    /// `d` up to the top.
    pub(super) fn invoke(&mut self, d: usize) -> bool {
        // SAFETY: the callee and its arguments are live slots of the running coroutine.
        let r = unsafe { invoke(self.state(), self.base.add(d)) };
        self.reload();
        self.done(r)
    }

    /// The first result of calling `words[0]` with the other words.
    #[inline(never)]
    pub(super) fn call_with(&mut self, words: &[Value], d: usize) -> Value {
        self.set_top(d);
        // Above what bytecode needs: metamethods are called from anywhere.
        if !self.make_room(words.len() + 1) {
            return Value::THROWN;
        }
        // SAFETY: there is room above the top.
        unsafe {
            let func = self.base.add(d);
            for (i, &v) in words.iter().enumerate() {
                *func.add(i) = v;
            }
            (*self.thread()).top = func.add(words.len());
        }
        if !self.invoke(d) {
            return Value::THROWN;
        }
        if self.count_from(d) == 0 {
            return Value::NIL;
        }
        // SAFETY: the results stand from register `d` on.
        unsafe { *self.base.add(d) }
    }

    pub(super) fn make_room(&mut self, n: usize) -> bool {
        let r = self.state().room(n);
        self.reload();
        self.done(r)
    }

    /// `return`
    pub(super) fn return_(&mut self, stmt: &Stmt, list: &[ExprId], d: usize) -> Flow {
        super::done_or_throw!(self.list(list, d));
        self.first = d;
        if self.tracing {
            let n = self.count_from(d);
            let line = self.tree.line(stmt.span.end.saturating_sub(1));
            super::done_or_throw!(self.trace(stmt.span.end, line, d + n));
        }
        // SAFETY: a live coroutine.
        let busy = unsafe { (*self.thread()).open as usize != 0 || (*self.thread()).tbc_len > 0 };
        if busy {
            let n = self.count_from(d);
            super::done_or_throw!(self.close(0, d + n, self.func.span.end));
            self.set_top(d + n);
        }
        Flow::Return
    }

    /// `return f(...)`: a Lua function replaces the running one.
    pub(super) fn tail_call(&mut self, e: ExprId, d: usize) -> Flow {
        super::done_or_throw!(self.prepare(e, d));
        self.first = d;
        self.ncall = 0;
        if !self.r(d).is_function() {
            // SAFETY: the callee and its arguments are live slots of the running coroutine.
            let found = unsafe { call::find_function(self.state(), self.base.add(d)) };
            self.reload();
            match found {
                Ok((_, ncall)) => self.ncall = ncall,
                Err(t) => return self.flow(t),
            }
        }
        let callee = self.r(d);
        if callee.tag == Tag::CLOSURE {
            // SAFETY: nothing of the frame is used any more.
            unsafe { (*self.thread()).close_upvals(&mut self.state().heap, self.base) };
            return Flow::Tail;
        }
        // SAFETY: as above.
        let called = unsafe { call_found(self.state(), self.base.add(d), self.ncall) };
        self.reload();
        super::done_or_throw!(self.done(called));
        let n = self.count_from(d);
        super::done_or_throw!(self.close(0, d + n, self.func.span.end));
        self.set_top(d + n);
        Flow::Return
    }
}

/// Calls the value at `func` with those from there to the top; the results take their place.
unsafe fn invoke(st: &mut State, func: *mut Value) -> Result<(), Throw> {
    // SAFETY: the caller's promise.
    unsafe {
        match (*func).tag {
            Tag::CLOSURE if !tree_of(func).is_null() => walk(st, func, 0),
            Tag::NATIVE if (*func).gc::<Native>().transfer() == Transfer::None => call_native(st, func),
            _ => call_any(st, func),
        }
    }
}

/// Calls the function at `func`, which has a tree and to which `ncall` metamethods led.
#[inline(always)]
unsafe fn walk(st: &mut State, func: *mut Value, ncall: u8) -> Result<(), Throw> {
    // SAFETY: the caller's promise.
    unsafe {
        let th = st.thread.ptr();
        let Ran::Returned(n) = run(st, func, Entry::new(-1, cont::NORMAL, ncall))? else {
            (*(*th).frame).cont = cont::ENTRY;
            return interp::finish(st, Ok(Next::Lua));
        };
        let first = (*th).top.sub(n);
        if (*th).hook_mask != 0 {
            return call::return_values(st, first, n).map(|_| ());
        }
        let frame = (*th).frame;
        call::deliver(th, &*frame, first, n);
        (*th).frame = frame.add(1);
        Ok(())
    }
}

/// Calls whatever stands at `func`, and waits for it.
#[inline(never)]
unsafe fn call_any(st: &mut State, func: *mut Value) -> Result<(), Throw> {
    // SAFETY: the caller's promise; a frame above `func` is that of the call.
    unsafe {
        let (func, ncall) = call::find_function(st, func)?;
        call_found(st, func, ncall)
    }
}

/// Calls the function at `func`, to which `ncall` metamethods led, and waits for it.
unsafe fn call_found(st: &mut State, func: *mut Value, ncall: u8) -> Result<(), Throw> {
    // SAFETY: the caller's promise; a frame above `func` is that of the call.
    unsafe {
        if (*func).tag == Tag::CLOSURE && !tree_of(func).is_null() {
            return walk(st, func, ncall);
        }
        let th = st.thread.ptr();
        let caller = (*th).bottom().offset_from((*th).frame);
        let next = match (*func).tag {
            Tag::CLOSURE => call::enter_lua(st, func, Entry::new(-1, cont::ENTRY, ncall)),
            _ => call::call_native(st, func, -1, cont::ENTRY, ncall),
        };
        let on_error = |st: &mut State, t| unwind::raise_within(st, t, caller as usize + 1);
        interp::finish_with(st, next, on_error)
    }
}

/// Calls a native that most often just answers.
#[inline(never)]
unsafe fn call_native(st: &mut State, func: *mut Value) -> Result<(), Throw> {
    // SAFETY: the caller's promise: a native and its arguments.
    unsafe {
        let th = st.thread.ptr();
        if (*th).hook_mask != 0 {
            return call_any(st, func);
        }
        let native: Gc<Native> = call::enter_native(st, func, -1, cont::NORMAL, 0)?;
        let answer = native.function()(st);
        let frame = (*th).frame;
        let func = (*frame).func;
        let n = match &answer {
            Ok(Ret::One(v)) if (*th).hook_mask == 0 => {
                *func = *v;
                1
            }
            Ok(Ret::Top(n)) if (*th).hook_mask == 0 => {
                call::move_values((*th).top.sub(*n), func, *n);
                *n
            }
            Ok(Ret::None) if (*th).hook_mask == 0 => 0,
            Err(t) => return Err(*t),
            _ => {
                (*frame).cont = cont::ENTRY;
                let next = call::finish_native(st, &answer);
                return interp::finish(st, next);
            }
        };
        (*th).frame = frame.add(1);
        (*th).top = func.add(n);
        Ok(())
    }
}
