//! Errors and stops: from where they are raised to the frame that takes them, closing what is pending.

use super::call::{Next, call_value, return_values};
use crate::error::Throw;
use crate::heap::{Event, OutOfMemory};
use crate::object::{Frame, cont, frame_flags};
use crate::state::State;
use crate::value::Value;

/// An error or a stop: unwinds to the frame that takes it.
///
/// # Errors
/// When that is Rust: the frames down to the entry are popped, unless nothing in this coroutine takes the
/// error, in which case all stay to be looked at.
#[cold]
#[inline(never)]
pub(crate) fn raise(st: &mut State, throw: Throw) -> Result<Next, Throw> {
    if std::mem::take(&mut st.compiled.raised) {
        return Err(throw);
    }
    let mut throw = throw;
    if throw == Throw::Error && !st.handled {
        throw = handle(st);
    }
    loop {
        let th = st.thread.ptr();
        // SAFETY: frame records up to the bottom one are valid.
        unsafe {
            let mut at = (*th).frame;
            let taken = loop {
                if at == (*th).bottom() {
                    (*th).frame = at;
                    return Err(throw);
                }
                match (*at).cont {
                    cont::ENTRY | cont::COROUTINE => break (*at).cont,
                    cont::PCALL | cont::PCALL_CLOSE if throw == Throw::Error => break (*at).cont,
                    _ => at = at.add(1),
                }
            };
            match taken {
                cont::ENTRY if throw == Throw::Error && ends_coroutine(st, at) => {
                    (*at).cont = cont::NORMAL;
                    return Err(throw);
                }
                cont::ENTRY => {
                    (*th).top = (*at).func;
                    (*th).frame = at.add(1);
                    return Err(throw);
                }
                cont::COROUTINE => {
                    if let Some(next) = super::coroutine::failed(st, throw)? {
                        return Ok(next);
                    }
                    if st.walks_trees() {
                        // The resumer's own native stack unwinds its frames.
                        return Err(throw);
                    }
                    if throw == Throw::Error {
                        throw = handle(st);
                    }
                }
                _ => {
                    (*th).frame = at.add(1);
                    return start_unwind(st);
                }
            }
        }
    }
}

/// Whether an error that reaches the frame `at` ends the running coroutine: no frame below takes it, and no
/// Rust function that has called back.
///
/// # Safety
/// The frame is one of the running coroutine's.
unsafe fn ends_coroutine(st: &State, at: *mut Frame) -> bool {
    let th = st.th();
    let mut at = at;
    // SAFETY: frame records up to the bottom one are valid.
    unsafe {
        while th.catching == 0 && at < th.bottom() {
            match (*at).cont {
                cont::COROUTINE => return true,
                cont::PCALL | cont::PCALL_CLOSE => return false,
                _ => at = at.add(1),
            }
        }
    }
    false
}

/// As [`raise`] for a call that the walker has made, whose frame is number `entry` from the bottom. If none
/// of the frames above takes what is raised they all stay, and no unwinding stops at that of the call
/// any more: what is left of a coroutine that fails can be looked at.
///
/// # Errors
/// When no frame above the call's takes it.
pub(super) fn raise_within(st: &mut State, throw: Throw, entry: usize) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: frame records up to the bottom one are valid.
    unsafe {
        let entry = (*th).bottom().sub(entry);
        let mut at = (*th).frame;
        while at <= entry {
            if throw == Throw::Error && matches!((*at).cont, cont::PCALL | cont::PCALL_CLOSE) {
                return raise(st, throw);
            }
            at = at.add(1);
        }
        if (*th).frame <= entry {
            (*entry).cont = cont::NORMAL;
        }
        Err(throw)
    }
}

/// Shows the error in flight to the message handler in force, where it happened.
pub(super) fn handle(st: &mut State) -> Throw {
    let mut throw = Throw::Error;
    if let Some(handler) = find_handler(st) {
        throw = run_handler(st, handler);
    }
    if throw == Throw::Error && st.heap.roots.error.is_nil() {
        throw = st.error_plain("<no error object>");
    }
    st.handled = true;
    throw
}

/// The message handler in force: that of the innermost protected call of this coroutine.
fn find_handler(st: &State) -> Option<Value> {
    let th = st.th();
    let mut f = th.frame;
    // SAFETY: frame records up to the bottom one are valid; the handler is in the first slot.
    unsafe {
        while f <= th.bottom() {
            if (*f).flags & frame_flags::PROTECTED != 0 {
                return ((*f).flags & frame_flags::HANDLER != 0).then(|| *(*f).base);
            }
            f = f.add(1);
        }
    }
    None
}

/// Runs a message handler on the error in flight; its answer becomes the error.
fn run_handler(st: &mut State, handler: Value) -> Throw {
    let v = st.heap.roots.error;
    st.handled = false;
    match st.call1(handler, &[v]) {
        Ok(v) => {
            st.heap.roots.error = v;
            Throw::Error
        }
        Err(t) => t,
    }
}

/// A protected call whose callee could not be entered catches that error itself.
///
/// # Safety
/// The running frame is the one of the protected call, if it is one.
#[cold]
pub(super) unsafe fn caught_at_once(st: &mut State, t: Throw) -> Result<Next, Throw> {
    let protected = st.frame().flags & frame_flags::PROTECTED != 0 && !st.frame().is_lua();
    if t != Throw::Error || !protected {
        return Err(t);
    }
    if !st.handled && handle(st) == Throw::Stop {
        return Err(Throw::Stop);
    }
    // SAFETY: the running frame is the protected call's.
    unsafe { start_unwind(st) }
}

/// The running frame is the protected call that takes the error in flight.
unsafe fn start_unwind(st: &mut State) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the slot is the one that held the called function.
    unsafe {
        *error_slot((*th).frame) = st.take_error();
        Ok(Next::Unwind)
    }
}

/// Where a protected call keeps the error it delivers: the slot of the function it called.
unsafe fn error_slot(f: *mut Frame) -> *mut Value {
    // SAFETY: a protected call's frame has its function, and a handler before it, in its slots.
    unsafe { (*f).base.add(usize::from((*f).flags & frame_flags::HANDLER != 0)) }
}

/// Closes the next pending variable of the protected call, or returns its results.
pub(crate) fn unwind(st: &mut State) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the running frame is the protected call's; the error is in its first slot.
    unsafe {
        let from = error_slot((*th).frame).add(1);
        if let Some(var) = (*th).last_tbc(from) {
            (*th).close_upvals(&mut st.heap, var);
            (*th).tbc_len -= 1;
            let v = *var;
            (*th).top = var.add(1);
            let f = st.heap.metamethod(v, Event::Close);
            st.room(3)?;
            let func = (*th).top;
            let error = *error_slot((*th).frame);
            *func = f;
            *func.add(1) = v;
            *func.add(2) = error;
            (*th).top = func.add(3);
            return match call_value(st, func, 0, cont::PCALL_CLOSE) {
                Ok(next) => Ok(next),
                Err(t) => caught_at_once(st, t),
            };
        }
        (*th).close_upvals(&mut st.heap, from);
        (*th).protected = (*(*th).frame).aux;
        let error = *error_slot((*th).frame);
        let base = (*(*th).frame).base;
        *base = Value::FALSE;
        *base.add(1) = error;
        (*th).top = base.add(2);
        shrink(st);
        let base = (*(*th).frame).base;
        return_values(st, base, 2)
    }
}

/// Gives back a stack that grew far beyond what is in use.
fn shrink(st: &mut State) {
    let th = st.th();
    let used = th.slots() * size_of::<Value>() + (th.bottom() as usize - th.frame as usize);
    if th.size > (1 << 20) && used < th.size / 8 {
        let _ = th.relocate(&mut st.heap, (used * 4).next_multiple_of(1024).max(4096));
    }
}

impl State {
    /// Marks a register as to-be-closed.
    pub(crate) fn mark_tbc(&mut self, slot: *mut Value) -> Result<(), Throw> {
        // SAFETY: a live register of the running frame.
        let v = unsafe { *slot };
        if !v.truthy() {
            return Ok(());
        }
        if self.heap.metamethod(v, Event::Close).is_nil() {
            let name = self
                .register_name(slot)
                .unwrap_or_else(|| b"(temporary)".to_vec());
            let mut s = b"variable '".to_vec();
            s.extend_from_slice(&name);
            s.extend_from_slice(b"' got a non-closable value");
            return Err(self.error(s));
        }
        let th = self.th();
        th.push_tbc(&mut self.heap, slot)
            .map_err(|OutOfMemory| self.memory_error())
    }

    /// Runs the pending `__close` at and above slot `at` after a stop, within a small grace budget.
    pub(super) fn close_after_stop(&mut self, at: usize) {
        const GRACE: u64 = 100_000;
        let word = std::sync::atomic::Ordering::Relaxed;
        let stopping = crate::heap::interrupt::STOP | crate::heap::interrupt::TIMEOUT;
        self.interrupt.fetch_and(!stopping, word);
        let stop = self.stop;
        self.fuel = GRACE;
        let cap = self.options.max_memory.take();
        self.refresh_trace();
        for root in std::mem::take(&mut self.stopped) {
            if let Some(co) = self.heap.handle(root).as_thread() {
                while self.close_coroutine(co).is_err() && self.fuel > 0 {}
            }
            self.heap.unroot(root);
        }
        while self.close_pending(at, None).is_err() && self.fuel > 0 {}
        self.th().tbc_len = 0;
        self.options.max_memory = cap;
        self.stop = stop;
        self.fuel = self.options.max_instructions.map_or(u64::MAX, |_| 0);
        self.refresh_trace();
    }
}
