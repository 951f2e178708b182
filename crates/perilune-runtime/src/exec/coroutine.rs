//! Coroutines: resume, yield and close as changes of the running coroutine; no native stack is
//! switched.

use super::call::{self, Next};
use super::unwind;
use super::{interp, tree};
use crate::error::{Throw, text};
use crate::heap::{Gc, OutOfMemory};
use crate::object::{Frame, Native, Status, Thread, Transfer, cont};
use crate::state::{MAX_C_DEPTH, State};
use crate::value::Value;

/// `Frame::aux` of a native that has resumed a coroutine.
const RESUME: u32 = 0;
const WRAP: u32 = 1;

impl State {
    /// A coroutine that will run `f`.
    ///
    /// # Errors
    /// No memory.
    pub fn new_coroutine(&mut self, f: Value) -> Result<Gc<Thread>, Throw> {
        let co = Thread::new(&mut self.heap, 0).map_err(|OutOfMemory| self.memory_error())?;
        let parent = self.th();
        let t = co.get(&self.heap);
        t.hook = parent.hook;
        t.hook_mask = parent.hook_mask;
        t.hook_count = parent.hook_count;
        t.hook_left = parent.hook_count;
        // SAFETY: a fresh stack has room for a few values.
        unsafe {
            *t.top = f;
            t.top = t.top.add(1);
        }
        Ok(co)
    }

    /// Makes `to` the running coroutine.
    #[inline(always)]
    fn switch_to(&mut self, to: Gc<Thread>) {
        let hooked = self.th().hook_mask != 0;
        self.thread = to;
        self.heap.roots.current_thread = to.into();
        let t = to.get(&self.heap);
        t.status = Status::Running;
        if (t.hook_mask != 0) != hooked {
            self.refresh_trace();
        }
    }

    /// Makes `co` the running coroutine. The levels of its resumer go on counting.
    fn enter_coroutine(&mut self, co: Gc<Thread>) {
        self.c_depth += 1 + self.th().protected;
        self.switch_to(co);
    }

    /// Makes the resumer of the running coroutine the running one again.
    fn leave_coroutine(&mut self, back: Gc<Thread>) {
        self.switch_to(back);
        self.c_depth -= 1 + self.th().protected;
    }

    /// Whether the running coroutine may yield.
    pub fn is_yieldable(&self, co: Gc<Thread>) -> bool {
        co.get(&self.heap).no_yield == 0
    }

    /// Whether this is the main coroutine.
    pub fn is_main(&self, co: Gc<Thread>) -> bool {
        co == self.main
    }

    /// Closes a suspended or failed coroutine: its pending variables are closed. The error that ended
    /// it, or that a `__close` raised, is the answer.
    ///
    /// # Errors
    /// Stops only.
    pub fn close_coroutine(&mut self, co: Gc<Thread>) -> Result<Option<Value>, Throw> {
        let t = co.get(&self.heap);
        if t.status == Status::Suspended {
            tree::abandon(self, co);
        }
        let error = (t.status == Status::Failed).then_some(t.error);
        t.error = Value::NIL;
        t.top = t.live_end();
        t.frame = t.bottom();
        let back = self.thread;
        let status = back.status(&self.heap);
        back.get(&self.heap).status = Status::Normal;
        self.switch_to(co);
        co.get(&self.heap).resumer = Some(back);
        let mut r = self.close_pending(1, error);
        if r == Err(Throw::Stop) && self.closing_self == Some(co) {
            self.closing_self = None;
            let t = co.get(&self.heap);
            r = Ok((!t.error.is_nil()).then_some(t.error));
            t.frame = t.bottom();
        }
        let t = co.get(&self.heap);
        t.resumer = None;
        t.status = Status::Dead;
        t.tbc_len = 0;
        // SAFETY: slot 1 exists.
        t.top = unsafe { t.stack.add(1) };
        self.switch_to(back);
        back.get(&self.heap).status = status;
        r
    }
}

/// Resumes `co` with the native's slots, but for `resume` without the first.
///
/// # Safety
/// The running frame is the native's.
#[inline]
pub(super) unsafe fn resume(st: &mut State, co: Gc<Thread>, wrap: bool) -> Result<Next, Throw> {
    let t = co.ptr();
    let cur = st.thread.ptr();
    // SAFETY: both coroutines are alive: one runs, the other is an argument or upvalue of its native.
    unsafe {
        (*(*cur).frame).aux = if wrap { WRAP } else { RESUME };
        if (*t).status != Status::Suspended || st.c_levels() + 1 >= MAX_C_DEPTH {
            let why = match (*t).status {
                Status::Suspended => text::C_STACK_OVERFLOW,
                Status::Dead | Status::Failed => "cannot resume dead coroutine",
                Status::Running | Status::Normal => "cannot resume non-suspended coroutine",
            };
            return refuse(st, why, wrap);
        }
        let first = (*(*cur).frame).base.add(usize::from(!wrap));
        let n = ((*cur).top as usize - first as usize) / size_of::<Value>();
        let direct = (*t).started && takes_directly(t);
        if !direct {
            if !(*t).fits((*t).top.wrapping_add(n)) && (*t).grow(&mut st.heap, (*t).top, n, false).is_err() {
                return refuse(st, "too many arguments to resume", wrap);
            }
            call::move_values(first, (*t).top, n);
            (*t).top = (*t).top.add(n);
        }
        (*cur).status = Status::Normal;
        (*t).resumer = Some(st.thread);
        st.enter_coroutine(co);
        let next = if direct {
            let f = (*t).frame;
            (*t).frame = f.add(1);
            call::deliver_exactly((*f).func, (*f).nresults as usize, first, n);
            Ok(Next::Back)
        } else {
            let to = (*t).top.sub(n);
            if !(*t).started {
                (*t).started = true;
                return start(st, co, to.sub(1));
            }
            call::return_values(st, to, n)
        };
        if (*t).fiber == 0 {
            return next;
        }
        tree::resumed(st, co, next)
    }
}

/// Starts the running coroutine, whose function and arguments stand from `func` on.
unsafe fn start(st: &mut State, co: Gc<Thread>, func: *mut Value) -> Result<Next, Throw> {
    // SAFETY: the values are live slots of the running coroutine.
    unsafe {
        if !st.walks_trees() {
            return call::call_value(st, func, -1, cont::COROUTINE);
        }
        if !tree::give_stack(st, co, func) {
            let _ = st.memory_error();
            return match failed(st, Throw::Error)? {
                Some(next) => Ok(next),
                None => Err(Throw::Error),
            };
        }
        tree::resumed(st, co, Ok(Next::Back))
    }
}

/// Runs `co`, the running coroutine on its own native stack, from `next` on until control passes to its
/// resumer; answers how.
pub(super) fn run_until_left(
    st: &mut State,
    co: Gc<Thread>,
    next: Result<Next, Throw>,
) -> Result<Next, Throw> {
    let mut next = next;
    while st.thread == co {
        next = match next {
            Ok(Next::Unwind) => unwind::unwind(st),
            Ok(Next::Lua) => interp::interpret_entered(st),
            Ok(Next::Back | Next::Same) => interp::interpret(st),
            Ok(Next::Exit) => unreachable!("a coroutine's body does not return to Rust"),
            Err(t) => unwind::raise(st, t),
        };
    }
    st.fibers.passed.take().unwrap_or(next)
}

/// Whether the results of the running frame of `t`, a native's, go to registers of a Lua frame that are
/// there already, and no hook wants to see them.
#[inline(always)]
unsafe fn takes_directly(t: *mut Thread) -> bool {
    // SAFETY: `t` is alive, and its running frame is a native's.
    unsafe {
        let f = &*(*t).frame;
        f.cont == cont::NORMAL && f.nresults >= 0 && (*t).hook_mask == 0
    }
}

/// Calls the native at `func` for `nresults` results if that does no more than move values from one coroutine's
/// registers to the other's, as [`switch_directly`] says. False: nothing was done.
///
/// # Safety
/// As [`switch_directly`].
#[inline(always)]
pub(super) unsafe fn switch_by_call(st: &mut State, func: *mut Value, nresults: i32) -> bool {
    // SAFETY: this function's promise.
    unsafe {
        if (*func).gc::<Native>().transfer() == Transfer::Yield {
            switch_directly::<true>(st, func, nresults)
        } else {
            switch_directly::<false>(st, func, nresults)
        }
    }
}

/// Calls the native at `func`, which yields (`YIELD`) or perhaps resumes, if values need only be moved from one coroutine's registers to the other's: the other one waits for them in a native called
/// from Lua, and there is nothing to raise, to grow or to trace. False: nothing was done.
///
/// # Safety
/// `func` is a native in a register of the running Lua frame, whose pc is saved; its arguments reach up to
/// the top.
#[inline(always)]
unsafe fn switch_directly<const YIELD: bool>(st: &mut State, func: *mut Value, nresults: i32) -> bool {
    let cur = st.thread.ptr();
    // SAFETY: this function's promise; both coroutines are alive.
    unsafe {
        if (*cur).hook_mask != 0 || !(*cur).fits((*cur).top) || st.options.stress.move_stack {
            return false;
        }
        let native: Gc<Native> = (*func).gc();
        let mut first = func.add(1);
        let (to, how) = match native.transfer() {
            _ if YIELD => ((*cur).resumer, RESUME),
            Transfer::Wrapped => (native.upvalues(&st.heap)[0].as_thread(), WRAP),
            Transfer::Resume if (*cur).top > first => {
                first = first.add(1);
                ((*func.add(1)).as_thread(), RESUME)
            }
            _ => return false,
        };
        let Some(to) = to else { return false };
        let t = to.ptr();
        if !takes_directly(t) || (*t).fiber | (*cur).fiber != 0 {
            return false;
        }
        let waiting = (*t).frame;
        let mut at = (*waiting).func;
        let mut want = (*waiting).nresults as usize;
        let n = ((*cur).top as usize - first as usize) / size_of::<Value>();
        if YIELD {
            if (*cur).no_yield > 0 {
                return false;
            }
            (*cur).status = Status::Suspended;
            (*cur).resumer = None;
            (*cur).top = first;
            st.c_depth -= 1 + (*t).protected;
            if (*waiting).aux != WRAP && want > 0 {
                *at = Value::TRUE;
                at = at.add(1);
                want -= 1;
            }
        } else {
            if (*t).status != Status::Suspended || !(*t).started || st.c_levels() + 1 >= MAX_C_DEPTH {
                return false;
            }
            (*cur).status = Status::Normal;
            (*t).resumer = Some(st.thread);
            st.c_depth += 1 + (*cur).protected;
        }
        let frame = (*cur).frame.sub(1);
        *frame = Frame {
            nresults: nresults as i16,
            cont: cont::NORMAL,
            aux: how,
            ..Frame::native(func, func.add(1))
        };
        (*cur).frame = frame;
        (*t).frame = waiting.add(1);
        (*t).status = Status::Running;
        st.thread = to;
        st.heap.roots.current_thread = to.into();
        call::deliver_exactly(at, want, first, n);
        true
    }
}

/// A resume that cannot happen.
#[cold]
#[inline(never)]
unsafe fn refuse(st: &mut State, msg: &str, wrap: bool) -> Result<Next, Throw> {
    if wrap {
        return Err(st.error(msg));
    }
    let s = st.new_str(msg.as_bytes())?;
    st.push(Value::FALSE);
    st.push(s.into());
    let top = st.th().top;
    // SAFETY: two values were pushed.
    unsafe { call::return_values(st, top.sub(2), 2) }
}

/// Leaves the running coroutine for its resumer, whose native gets `n` values from `first` on, after
/// `head` if it is `resume`.
unsafe fn transfer(st: &mut State, first: *mut Value, n: usize, head: Value) -> Result<Next, Throw> {
    let co = st.thread.ptr();
    // SAFETY: a coroutine that runs has a resumer, whose running frame is the native that resumed.
    unsafe {
        let Some(back) = (*co).resumer.take() else {
            unreachable!("a running coroutine has a resumer")
        };
        let b = back.ptr();
        st.leave_coroutine(back);
        let wrap = (*(*b).frame).aux == WRAP;
        if takes_directly(b) {
            let f = (*b).frame;
            (*b).frame = f.add(1);
            let (mut to, mut want) = ((*f).func, (*f).nresults as usize);
            if !wrap && want > 0 {
                *to = head;
                to = to.add(1);
                want -= 1;
            }
            call::deliver_exactly(to, want, first, n);
            return Ok(Next::Back);
        }
        if !(*b).fits((*b).top.wrapping_add(n + 1))
            && (*b).grow(&mut st.heap, (*b).top, n + 1, false).is_err()
        {
            return Err(st.error("too many results to resume"));
        }
        let to = (*b).top;
        let mut count = n;
        let mut at = to;
        if !wrap {
            *at = head;
            at = at.add(1);
            count += 1;
        }
        call::move_values(first, at, n);
        (*b).top = to.add(count);
        call::return_values(st, to, count)
    }
}

/// Yields all slots of the running native.
///
/// # Safety
/// The running frame is the native's.
#[inline]
pub(super) unsafe fn do_yield(st: &mut State) -> Result<Next, Throw> {
    let co = st.thread.ptr();
    // SAFETY: the running coroutine.
    unsafe {
        if (*co).no_yield > 0 {
            let msg = if st.thread == st.main {
                text::YIELD_OUTSIDE
            } else {
                text::YIELD_ACROSS
            };
            return Err(st.runtime_error(msg));
        }
        let first = (*(*co).frame).base;
        let n = ((*co).top as usize - first as usize) / size_of::<Value>();
        (*co).status = Status::Suspended;
        (*co).top = first;
        let this = st.thread;
        let next = transfer(st, first, n, Value::TRUE);
        if (*co).fiber == 0 {
            return next;
        }
        tree::suspended(st, this, next)
    }
}

/// The body of the running coroutine has returned.
///
/// # Safety
/// The values are live slots; the running frame is the body's.
pub(super) unsafe fn finished(st: &mut State, first: *mut Value, n: usize) -> Result<Next, Throw> {
    let co = st.thread.ptr();
    // SAFETY: the running coroutine.
    unsafe {
        (*co).status = Status::Dead;
        (*co).frame = (*co).bottom();
        (*co).top = (*co).stack.add(1);
        let next = transfer(st, first, n, Value::TRUE);
        if (*co).fiber == 0 {
            return next;
        }
        st.fibers.passed = Some(next);
        Ok(Next::Exit)
    }
}

/// The running coroutine ends with the error or stop in flight. None: it goes on in the resumer.
///
/// # Safety
/// The running coroutine has a resumer.
pub(super) unsafe fn failed(st: &mut State, throw: Throw) -> Result<Option<Next>, Throw> {
    let co = st.thread;
    // SAFETY: the running coroutine and its resumer.
    unsafe {
        let t = co.ptr();
        (*t).status = Status::Failed;
        (*t).top = (*t).live_end();
        let error = st.heap.roots.error;
        if throw == Throw::Stop && st.closing_self == Some(co) {
            st.closing_self = None;
            return end_closed(st).map(Some);
        }
        (*t).error = error;
        if throw == Throw::Stop {
            (*t).status = Status::Dead;
        }
        let wrap = (*t).resumer.is_some_and(|b| (*(*b.ptr()).frame).aux == WRAP);
        if throw == Throw::Error && !wrap {
            st.take_error();
            let slot = [error];
            return transfer(st, slot.as_ptr().cast_mut(), 1, Value::FALSE).map(Some);
        }
        let Some(back) = (*t).resumer.take() else {
            unreachable!("a running coroutine has a resumer")
        };
        st.leave_coroutine(back);
        if throw == Throw::Stop {
            // Its pending variables are closed when the stop reaches the host.
            (*t).status = Status::Failed;
            (*t).error = Value::NIL;
            st.stopped.push(st.heap.root(co.into()));
            return Ok(None);
        }
        st.take_error();
        let mut v = match st.close_coroutine(co) {
            Ok(v) => v.unwrap_or(error),
            Err(_) => return Ok(None),
        };
        if let Some(s) = v.as_str() {
            let mut msg = st.where_(1);
            msg.extend_from_slice(s.bytes(&st.heap));
            if let Ok(s) = st.new_str(&msg) {
                v = s.into();
            }
        }
        let _ = st.error_value(v);
        Ok(None)
    }
}

/// `coroutine.close` of the running coroutine.
///
/// # Safety
/// The running frame is the native's.
pub(super) unsafe fn close_self(st: &mut State) -> Result<Next, Throw> {
    let co = st.thread.ptr();
    let error = st.close_pending(1, None)?;
    // SAFETY: the running coroutine.
    unsafe {
        (*co).error = error.unwrap_or(Value::NIL);
        if (*co).no_yield > 0 {
            // Rust frames of this coroutine are in between; they pass a stop on.
            st.closing_self = Some(st.thread);
            return Err(Throw::Stop);
        }
        let this = st.thread;
        let next = end_closed(st);
        if (*co).fiber == 0 {
            return next;
        }
        // It is dead: nobody resumes it.
        let next = st.fibers.passed.take().unwrap_or(next);
        tree::suspended(st, this, next)
    }
}

/// Ends the running coroutine, whose variables are closed, with success or the error of a `__close`.
unsafe fn end_closed(st: &mut State) -> Result<Next, Throw> {
    let co = st.thread.ptr();
    // SAFETY: the running coroutine.
    unsafe {
        let error = std::mem::replace(&mut (*co).error, Value::NIL);
        (*co).frame = (*co).bottom();
        if error.is_nil() {
            let first = (*co).stack.add(1);
            return finished(st, first, 0);
        }
        let _ = st.error_value(error);
        match failed(st, Throw::Error)? {
            Some(next) => Ok(next),
            None => Err(Throw::Error),
        }
    }
}
