//! What compiled code asks of the runtime: the functions of the table in `abi`.
//!
//! Each takes the state, the base and record of the frame that asks, and the number of an instruction of it.
//! Answers are those that `abi` names; a status for the code to return is [`status::LEAVE`] or, from
//! helpers that end a frame, [`status::DELIVERED`].

use super::call::{self, Next};
use super::compiled::{self, Answer, complete, function_of, leave, level, settle};
use super::coroutine;
use super::events;
use super::interp::{self, Flow};
pub(crate) use super::light::*;
pub(crate) use super::metamethods::*;
use super::tier;
use crate::abi::{CallMark, Reason, status};
use crate::error::Throw;
use crate::object::{Frame, Native, Thread, Transfer, cont, frame_flags};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;
use std::sync::atomic::Ordering;

/// A helper's answer: go on behind the instruction.
const ON: u64 = 0;
/// Go on at the target of its jump.
const TAKEN: u64 = 1;
/// Another frame has taken the place of the one that asks.
const PASSED: u64 = 2;
const LEAVE: u64 = status::LEAVE as u64;
const DELIVERED: u64 = status::DELIVERED as u64;

/// Executes one instruction.
///
/// # Safety
/// Called by compiled code, for the frame it runs in; `what` is the number of the instruction, and above it the
/// opcode that it had when it was compiled.
pub(crate) unsafe extern "C" fn step(st: &mut State, base: *mut Value, frame: *mut Frame, what: u64) -> u64 {
    // SAFETY: this function's promise; `complete` makes the frame the running one.
    unsafe {
        let pc = what as u32;
        let code = complete(st, frame, base, pc);
        if (*code).op_byte() != (what >> 32) as u8 {
            tier::changed(st, &mut *function_of(base));
        }
        let th = st.thread.ptr();
        let at = level(&*th, frame);
        let mut flow = interp::execute_one(st, base, code);
        if flow == Flow::Reload && st.thread.ptr() == th && (*th).frame < frame {
            flow = compiled::begin_called(st, frame, flow);
        }
        if matches!(flow, Flow::Next | Flow::Reload) && is_back(st, th, frame) && (*frame).pc != code {
            return u64::from((*frame).pc != code.add(1));
        }
        if flow == Flow::Error && st.thread.ptr() == th && (*th).frame == frame {
            // Nothing that it has called could catch it.
            leave(st, flow);
            return LEAVE;
        }
        stepped(st, th, at, pc, flow)
    }
}

/// Whether `frame` of the coroutine `th` is the running one again, and may go on in compiled code at once.
#[inline(always)]
unsafe fn is_back(st: &State, th: *mut Thread, frame: *mut Frame) -> bool {
    // SAFETY: the coroutine has run a moment ago.
    unsafe {
        st.thread.ptr() == th
            && (*th).frame == frame
            && st.interrupt.load(Ordering::Relaxed) == 0
            && !st.compiled.drop
            && st.heap.discarded.is_empty()
    }
}

/// A CALL or TFORCALL of a native.
#[derive(Clone, Copy)]
struct NativeCall {
    /// The number of the instruction, and above it the opcode that it had when it was compiled.
    what: u64,
    i: Instr,
}

impl NativeCall {
    /// Prepares the instruction of the frame, if it calls a native, which stands before its arguments then: they reach up
    /// to the top. The frame's record is completed, and its pc is behind the instruction.
    ///
    /// # Safety
    /// As [`step`].
    #[inline(always)]
    unsafe fn prepare(
        st: &mut State,
        base: *mut Value,
        frame: *mut Frame,
        what: u64,
    ) -> Option<(NativeCall, *mut Value, i32)> {
        // SAFETY: this function's promise.
        unsafe {
            let code = complete(st, frame, base, what as u32);
            let call = NativeCall { what, i: *code };
            let first = base.add(call.i.a() as usize);
            if (*first).tag != Tag::NATIVE {
                return None;
            }
            (*frame).pc = code.add(1);
            if call.iterates() {
                let func = first.add(3);
                (*st.thread.ptr()).top = func.add(3);
                *func.add(2) = *func;
                *func.add(1) = *first.add(1);
                *func = *first;
                return Some((call, func, i32::from(call.i.c())));
            }
            if call.i.b() != 0 {
                (*st.thread.ptr()).top = first.add(call.i.b() as usize);
            }
            Some((call, first, i32::from(call.i.c()) - 1))
        }
    }
    #[inline(always)]
    fn iterates(self) -> bool {
        (self.what >> 32) as u8 == LiveOp::TFORCALL_ANY as u8
    }
    /// How many results are wanted; -1 for all.
    #[inline(always)]
    fn nresults(self) -> i32 {
        i32::from(self.i.c()) - i32::from(!self.iterates())
    }
    /// Registers of the frame that are in use behind the instruction, if those above are not.
    fn live(self) -> Option<usize> {
        let known = !self.iterates() && self.i.c() != 0;
        known.then(|| self.i.a() as usize + self.i.c() as usize - 1)
    }
}

/// What the native at `func` does beyond returning values.
#[inline(always)]
unsafe fn transfer(func: *mut Value) -> Transfer {
    // SAFETY: the value is a native.
    unsafe { (*func).gc::<Native>().transfer() }
}

/// Executes a CALL that has called natives so far.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn call_native(
    st: &mut State,
    base: *mut Value,
    frame: *mut Frame,
    what: u64,
) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        // Without the opcode: it is no TFORCALL.
        let plain = u64::from(what as u32);
        let Some((call, func, _)) = NativeCall::prepare(st, base, frame, plain) else {
            return step(st, base, frame, what);
        };
        match transfer(func) {
            Transfer::None => make_call(st, frame, call, func, call::ask),
            Transfer::Pcall => protect(st, frame, call, func),
            _ => make_call(st, frame, call, func, call::call_native),
        }
    }
}

/// Makes the call of `pcall`, of the running frame `frame`: if that calls what is compiled, without asking the native.
#[inline(never)]
unsafe fn protect(st: &mut State, frame: *mut Frame, call: NativeCall, func: *mut Value) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        let th = st.thread.ptr();
        let Some(p) = call::enter_pcall(st, func, call.nresults()) else {
            return make_call(st, frame, call, func, call::call_native);
        };
        let at = level(&*th, frame);
        let flow = compiled::begin_pushed(st, frame, p);
        if flow == Flow::Reload && is_back(st, th, frame) {
            return ON;
        }
        finish_call(st, th, at, call, flow)
    }
}

/// How a native is called: as [`call::call_native`].
type Calling = unsafe fn(&mut State, *mut Value, i32, u8, u8) -> Result<Next, Throw>;

/// Makes the call of the running frame `frame`.
#[inline(always)]
unsafe fn make_call(
    st: &mut State,
    frame: *mut Frame,
    call: NativeCall,
    func: *mut Value,
    how: Calling,
) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        let th = st.thread.ptr();
        let at = level(&*th, frame);
        let answer = how(st, func, call.nresults(), cont::NORMAL, 0);
        if matches!(answer, Ok(Next::Same | Next::Back)) && is_back(st, th, frame) {
            return ON;
        }
        finish_called(st, th, at, call, answer.into())
    }
}

/// The end of [`make_call`] for a native that has not just answered values.
#[inline(never)]
unsafe fn finish_called(st: &mut State, th: *mut Thread, at: usize, call: NativeCall, flow: Flow) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        let frame = compiled::frame_at(&*th, at);
        let mut flow = flow;
        if flow == Flow::Reload && st.thread.ptr() == th {
            flow = compiled::begin_called(st, frame, flow);
            if flow == Flow::Reload && is_back(st, th, frame) {
                return ON;
            }
        }
        finish_call(st, th, at, call, flow)
    }
}

/// The end of a call of a native that has called something else, or has failed.
#[inline(always)]
unsafe fn finish_call(st: &mut State, th: *mut Thread, at: usize, call: NativeCall, flow: Flow) -> u64 {
    let pc = call.what as u32;
    // SAFETY: the promise of `step`.
    unsafe {
        if matches!(flow, Flow::Error | Flow::Unwind) {
            return failed(st, th, at, pc, flow);
        }
        let live = call
            .live()
            .filter(|_| st.thread.ptr() == th && level(&*th, (*th).frame) == at);
        let flow = interp::after_call(st, live, flow);
        stepped(st, th, at, pc, flow)
    }
}

/// The end of [`finish_call`] with an error, which the call itself may have caught.
#[inline(never)]
unsafe fn failed(st: &mut State, th: *mut Thread, at: usize, pc: u32, flow: Flow) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        let flow = compiled::deliver_errors(st, th, at, flow);
        if flow == Flow::Reload && is_back(st, th, compiled::frame_at(&*th, at)) {
            return ON;
        }
        stepped(st, th, at, pc, flow)
    }
}

/// What [`switch`] answers.
#[repr(C)]
pub(crate) struct Switched {
    answer: u64,
    /// The running frame.
    frame: *mut Frame,
}

impl Switched {
    #[inline(always)]
    unsafe fn new(st: &State, answer: u64) -> Switched {
        // SAFETY: the running coroutine is alive.
        let frame = unsafe { (*st.thread.ptr()).frame };
        Switched { answer, frame }
    }
}

/// Executes a CALL or TFORCALL that may pass control to another coroutine.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn switch(
    st: &mut State,
    base: *mut Value,
    frame: *mut Frame,
    what: u64,
) -> Switched {
    // SAFETY: this function's promise.
    unsafe {
        let Some((call, func, n)) = NativeCall::prepare(st, base, frame, what) else {
            let answer = step(st, base, frame, what);
            return Switched::new(st, answer);
        };
        let answer = match transfer(func) {
            Transfer::None => call_ordinary(st, frame, call, func),
            Transfer::Pcall => protect(st, frame, call, func),
            _ => {
                let passes = compiled::may_pass(st, frame);
                if n < 0 || !coroutine::switch_by_call(st, func, n) {
                    switch_slowly(st, frame, call, func, passes)
                } else {
                    pass_on(st, passes)
                }
            }
        };
        Switched::new(st, answer)
    }
}

/// As [`make_call`], of a native that only returns values.
#[inline(never)]
unsafe fn call_ordinary(st: &mut State, frame: *mut Frame, call: NativeCall, func: *mut Value) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe { make_call(st, frame, call, func, call::ask) }
}

/// Control has passed to another coroutine, whose frame may take the place of the one that asks if `passes`.
#[inline(always)]
unsafe fn pass_on(st: &mut State, passes: bool) -> u64 {
    // SAFETY: the running frame is valid.
    let code = { passes }.then(|| unsafe { compiled::pass_on(st) }).flatten();
    let Some(code) = code else {
        return answer(leave(st, Flow::Reload), ON);
    };
    st.compiled.status = code as u64;
    PASSED
}

/// The end of [`switch`] where more is to be done than to move values from one coroutine's registers to the other's.
#[inline(never)]
unsafe fn switch_slowly(
    st: &mut State,
    frame: *mut Frame,
    call: NativeCall,
    func: *mut Value,
    passes: bool,
) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        let th = st.thread.ptr();
        let answer = make_call(st, frame, call, func, call::call_native);
        if answer != LEAVE || st.compiled.left_with() != Flow::Reload || st.thread.ptr() == th {
            return answer;
        }
        pass_on(st, passes)
    }
}

/// The end of [`step`] for an instruction that has called, or that must be looked at for another reason.
#[inline(never)]
unsafe fn stepped(st: &mut State, th: *mut Thread, at: usize, pc: u32, flow: Flow) -> u64 {
    let mut flow = flow;
    // SAFETY: the promise of `step`.
    unsafe {
        loop {
            if settle(st, th, at, flow) == Answer::Leave {
                return LEAVE;
            }
            let frame = (*th).frame;
            let p = &mut *function_of((*frame).base);
            let next = (*frame).pc.offset_from(p.code) as u32;
            if next != pc {
                return if next == pc + 1 { ON } else { TAKEN };
            }
            // A CLOSE with more variables to close.
            st.spend_again();
            flow = interp::execute_one(st, (*frame).base, (*frame).pc);
        }
    }
}

/// Serves the interrupt word behind an instruction.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn poll(st: &mut State, base: *mut Value, frame: *mut Frame, how: u64) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        complete(st, frame, base, how as u32);
        let th = st.thread.ptr();
        let at = level(&*th, frame);
        let flow = interp::serve(st, (how >> 32) as usize);
        answer(settle(st, th, at, flow), ON)
    }
}

/// Lets the frame go on in the interpreter.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn exit(st: &mut State, base: *mut Value, frame: *mut Frame, at: u64) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        complete(st, frame, base, at as u32);
        if st.compiled.tiers.observed.is_some() {
            events::deopt(st, &*function_of(base), at as u32, (at >> 32) as u8);
        }
        let reason = at >> 32;
        if reason == Reason::Stress as u64 {
            st.compiled.shake();
        } else if reason == Reason::Type as u64 {
            tier::exited(st, &mut *function_of(base), at as u32);
        }
    }
    status::EXIT as u64
}

/// The place of a function that compiled code has called, whose base is `base`, and how it is entered. The record of
/// the frame `caller` is completed, and it is the running frame.
unsafe fn called(st: &mut State, base: *mut Value, caller: *mut Frame) -> (*mut Value, call::Entry) {
    // SAFETY: the caller's pc is the mark of the CALL.
    unsafe {
        let func = base.sub(1);
        let Some(mark) = CallMark::of((*caller).pc as u64) else {
            // A tail call has put the function into the place of one whose record is whole.
            (*st.thread.ptr()).frame = caller;
            return (func, call::Entry::in_place_of(&*caller.sub(1), 0));
        };
        complete(st, caller, func.sub(mark.a as usize), mark.next);
        let mut entry = call::Entry::new(i32::from(mark.c) - 1, mark.how, u8::from(mark.object));
        if mark.tail {
            entry.ncall = 0;
            entry.flags = frame_flags::TAIL;
        }
        (func, entry)
    }
}

/// A call of compiled code that could not begin, or of a function that is not compiled.
///
/// # Safety
/// Called by compiled code that has been called with `nargs` arguments from `base` on, for the frame `caller`.
pub(crate) unsafe extern "C" fn enter_slowly(
    st: &mut State,
    base: *mut Value,
    caller: *mut Frame,
    nargs: usize,
) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        let (func, entry) = called(st, base, caller);
        let th = st.thread.ptr();
        let at = level(&*th, caller);
        (*th).top = base.add(nargs);
        let p = function_of(base);
        let mut flow = interp::enter_at(st, func, entry);
        if flow == Flow::Reload
            && st.thread.ptr() == th
            && (*th).frame == caller.sub(1)
            && let Some(next) = compiled::run_pushed(st, th, at, p)
        {
            if next == Flow::Reload && is_back(st, th, caller) {
                return DELIVERED;
            }
            flow = next;
        }
        answer(settle(st, th, at, flow), DELIVERED)
    }
}

/// Pushes the frame of a compiled function with varargs.
///
/// # Safety
/// As [`enter_slowly`].
pub(crate) unsafe extern "C" fn push(
    st: &mut State,
    base: *mut Value,
    caller: *mut Frame,
    nargs: usize,
) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        let (func, entry) = called(st, base, caller);
        (*st.thread.ptr()).top = base.add(nargs);
        match call::enter_lua(st, func, entry) {
            Ok(_) => ON,
            Err(t) => answer(leave(st, Err(t).into()), ON),
        }
    }
}

/// What a helper answers: `back` if the frame is the running one again.
fn answer(a: Answer, back: u64) -> u64 {
    match a {
        Answer::Back => back,
        Answer::Leave => LEAVE,
    }
}

/// Runs a frame that compiled code has called, and that has left to the interpreter, until it has returned.
///
/// # Safety
/// Called by compiled code; the running frame is the one that it called.
pub(crate) unsafe extern "C" fn finish(st: &mut State) -> u64 {
    let th = st.thread.ptr();
    // SAFETY: the frame above which the running one stands is the one that waits.
    unsafe {
        let at = level(&*th, (*th).frame.add(1));
        answer(settle(st, th, at, Flow::Reload), DELIVERED)
    }
}

/// Executes a RETURN.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn give_back(
    st: &mut State,
    base: *mut Value,
    frame: *mut Frame,
    pc: u32,
) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        complete(st, frame, base, pc);
        return_to_caller(st, frame)
    }
}

/// Executes instructions of the running frame, a RETURN or what amounts to one, until it has returned to compiled
/// code.
unsafe fn return_to_caller(st: &mut State, frame: *mut Frame) -> u64 {
    // SAFETY: the promise of `step`.
    unsafe {
        if (*frame).cont != cont::NORMAL {
            // Whoever has entered this frame knows what its results are for.
            st.take_back();
            return status::EXIT as u64;
        }
        let th = st.thread.ptr();
        let at = level(&*th, frame);
        loop {
            let flow = interp::execute_one(st, (*(*th).frame).base, (*(*th).frame).pc);
            if matches!(flow, Flow::Next | Flow::Reload)
                && st.thread.ptr() == th
                && level(&*th, (*th).frame) < at
            {
                return if compiled::is_traced(st) || st.compiled.drop {
                    answer(settle(st, th, at, flow), DELIVERED)
                } else {
                    DELIVERED
                };
            }
            if settle(st, th, at, flow) == Answer::Leave {
                return LEAVE;
            }
            st.spend_again();
        }
    }
}

/// Executes a TAILCALL.
///
/// # Safety
/// As [`step`].
pub(crate) unsafe extern "C" fn tail(st: &mut State, base: *mut Value, frame: *mut Frame, pc: u32) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        complete(st, frame, base, pc);
        let th = st.thread.ptr();
        let at = level(&*th, frame);
        let lua = {
            let i = *(*frame).pc;
            (*base.add(i.a() as usize)).tag == Tag::CLOSURE
        };
        if !lua {
            st.compiled.status = return_to_caller(st, frame);
            return ON;
        }
        let flow = interp::execute_one(st, (*(*th).frame).base, (*(*th).frame).pc);
        let here = st.thread.ptr() == th && level(&*th, (*th).frame) == at;
        if matches!(flow, Flow::Next | Flow::Reload) && here && !st.compiled.drop && !compiled::is_traced(st)
        {
            if let Some(code) = tier::entry_of_frame(st) {
                st.compiled.status = code as u64;
                return TAKEN;
            }
            st.compiled.status = status::EXIT as u64;
            return ON;
        }
        st.compiled.status = answer(settle(st, th, at, flow), status::EXIT as u64);
        ON
    }
}
