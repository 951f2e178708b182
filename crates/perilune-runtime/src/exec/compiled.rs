//! Compiled code in a running state: how it is entered, and how it is left.
//!
//! Rules:
//! 1. The native stack is a cache. What compiled code must know after a call stands in its frame, in the
//!    Lua stack, so its native activations can be dropped at any call; the frames go on in the
//!    interpreter, and nobody else notices.
//! 2. The record of a frame that compiled code has called is not written: the saved pc of the frame below is
//!    a [`CallMark`], from which [`complete`] makes it, with what its results are for. Every helper that looks at frames
//!    begins with that, so whoever looks at them finds them whole.
//! 3. After a helper, compiled code takes base and frame from the running frame: the stack may have moved.
//! 4. A helper that answers "go on" has left the frame that asked as the running one. Otherwise it sets
//!    down in [`Compiled::pending`] how the interpreter goes on, and answers [`status::LEAVE`], which
//!    every native activation returns at once, down to [`enter`].
//! 5. A frame that goes on in the interpreter behind a call whose code has an entry there gets back into compiled code
//!    when the callee returns, or control passes to it from another coroutine; between two coroutines with nothing native
//!    below, compiled code passes control without leaving.
//! 6. A loop that runs frames for compiled code, above a frame that waits, ends when that frame is the running
//!    one again or is not on the stack any more ([`Floor`]).

use super::call::{self, Next};
use super::interp::{self, Flow};
use super::tier::{self, Tiers};
use super::unwind;
use crate::abi::{CallMark, HELPERS, Helper, SHARED, status};
use crate::error::Throw;
use crate::heap::interrupt;
use crate::object::{Closure, Frame, ProtoObj, Status, Thread, cont, frame_flags};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use std::sync::atomic::Ordering;

/// Native stack that compiled code may use above the outermost entry, in bytes.
const NATIVE_STACK: usize = 512 << 10;
/// How much of it is kept for helpers and the interpreter.
const NATIVE_RESERVE: usize = 128 << 10;

/// A frame whose compiled code waits for a loop above it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Floor {
    pub thread: *mut Thread,
    /// Bytes from the record to the bottom one.
    pub level: usize,
}

/// The outermost frame that an activation of [`enter`] runs.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entered {
    thread: *mut Thread,
    /// Bytes from the record to the bottom one.
    level: usize,
    /// Whether a frame of another coroutine may take its place: nothing has been entered above it.
    may_pass: bool,
}

impl Default for Entered {
    fn default() -> Self {
        Entered {
            thread: std::ptr::null_mut(),
            level: 0,
            may_pass: false,
        }
    }
}

/// What a state has of compiled code.
#[repr(C)]
pub(crate) struct Compiled {
    pub(crate) status: u64,
    pub(crate) stack_limit: usize,
    /// Under a stress mode, how many instructions compiled code executes before it leaves.
    pub(crate) countdown: u32,
    /// How often it has left for that.
    shaken: u32,
    pub(crate) helpers: [usize; HELPERS],
    /// The address of the iterator of `ipairs`.
    pub(crate) ipairs: usize,
    /// Addresses of shared code, once there is compiled code.
    pub(crate) shared: [usize; SHARED],
    /// Activations of [`enter`] on the native stack.
    depth: u32,
    /// What the innermost one runs that no helper waits for.
    entered: Entered,
    /// The innermost frame that waits.
    floor: Option<Floor>,
    /// Native activations are to be dropped: some of them belong to code that is no longer valid, or the
    /// native stack is nearly full.
    pub(super) drop: bool,
    /// An error has been raised, and its frames are gone: Rust is to have it.
    pub(super) raised: bool,
    /// The frame for which a helper executes an instruction, or makes a call: compiled code waits for it, so it is
    /// not entered meanwhile. If what it calls passes control to another coroutine, everything native is left first.
    pub(super) stepping: *mut Frame,
    /// How the loop that entered compiled code goes on after [`status::LEAVE`].
    pending: Flow,
    /// When to compile what.
    pub(super) tiers: Tiers,
}

impl Default for Compiled {
    fn default() -> Self {
        Compiled {
            status: 0,
            stack_limit: 0,
            countdown: 0,
            shaken: 0,
            helpers: Helper::ALL.map(Helper::address),
            ipairs: crate::stdlib::base::ipairs_next as *const () as usize,
            shared: [0; SHARED],
            depth: 0,
            entered: Entered::default(),
            floor: None,
            drop: false,
            raised: false,
            stepping: std::ptr::null_mut(),
            pending: Flow::Next,
            tiers: Tiers::default(),
        }
    }
}

impl Compiled {
    /// What compiled code that waits knows of its frames may not hold any more: they go on in the interpreter.
    pub(super) fn drop_native(&mut self) {
        self.drop = self.is_active();
    }
    /// Compiled code has left because a stress mode wants it to: chooses when it does so next. Now and then the
    /// native activations below are dropped as well.
    pub(super) fn shake(&mut self) {
        self.shaken = self.shaken.wrapping_add(1);
        let mixed = self.shaken.wrapping_mul(0x9e37_79b9);
        self.countdown = mixed >> 26;
        if mixed >> 16 & 7 == 0 {
            self.drop_native();
        }
    }
    /// How the loop goes on that compiled code is being left for.
    pub(super) fn left_with(&self) -> Flow {
        self.pending
    }
    /// Whether native activations of compiled code are on the native stack.
    pub(super) fn is_active(&self) -> bool {
        self.depth > 0
    }
}

/// Bytes from the record of `frame` to the bottom one: its place, wherever the stack is.
#[inline(always)]
pub(super) fn level(th: &Thread, frame: *mut Frame) -> usize {
    th.bottom() as usize - frame as usize
}

#[inline(always)]
pub(super) fn frame_at(th: &Thread, level: usize) -> *mut Frame {
    th.bottom().wrapping_byte_sub(level)
}

/// The function of a Lua frame.
///
/// # Safety
/// `base` is the base of a Lua frame.
#[inline(always)]
pub(super) unsafe fn function_of(base: *mut Value) -> *mut ProtoObj {
    // SAFETY: the function stands below the base.
    unsafe { (*(*base.sub(1)).gc::<Closure>().ptr()).proto.ptr() }
}

/// Makes `frame` the running frame, with the instruction number `pc` as its next one, and completes its
/// record and those of the frames below it, as far as they are implied (rule 2). Answers where the
/// instruction is.
///
/// # Safety
/// Compiled code runs in `frame`, whose registers start at `base`.
#[inline(always)]
pub(super) unsafe fn complete(st: &mut State, frame: *mut Frame, base: *mut Value, pc: u32) -> *const Instr {
    // SAFETY: this function's promise; the function of a frame that made a call is known by its base.
    unsafe {
        if CallMark::of((*frame.add(1)).pc as u64).is_some() {
            complete_below(frame, base);
        }
        let code = (*function_of(base)).code.add(pc as usize);
        (*frame).pc = code;
        (*st.thread.ptr()).frame = frame;
        code
    }
}

/// Completes the record of `frame`, but for its pc, and those below.
#[inline(never)]
unsafe fn complete_below(frame: *mut Frame, base: *mut Value) {
    let (mut frame, mut base) = (frame, base);
    // SAFETY: a frame whose caller's pc is a mark was entered by that CALL.
    unsafe {
        while let Some(mark) = CallMark::of((*frame.add(1)).pc as u64) {
            let caller = frame.add(1);
            let func = base.sub(1);
            let pc = (*frame).pc;
            *frame = Frame::lua(func, base, pc, i32::from(mark.c) - 1);
            (*frame).cont = mark.how;
            if mark.tail {
                (*frame).flags |= frame_flags::TAIL;
            } else {
                (*frame).ncall = u8::from(mark.object);
            }
            base = func.sub(mark.a as usize);
            (*caller).pc = (*function_of(base)).code.add(mark.next as usize);
            frame = caller;
        }
    }
}

/// Runs the running frame from the address `code` on, in compiled code. When it returns to a frame that waits at an
/// entry of its function's code, or passes control to such a frame of another coroutine, goes on there.
///
/// # Safety
/// `code` is an entry of the compiled code of the running frame's function, for its pc.
#[inline(never)]
pub(super) unsafe fn enter(st: &mut State, code: *const u8) -> Flow {
    if !has_room(st) {
        return Flow::Reload;
    }
    if !st.compiled.stepping.is_null() {
        // SAFETY: this function's promise.
        return unsafe { enter_called(st, code) };
    }
    let outer = st.compiled.entered;
    st.compiled.depth += 1;
    let mut code = code;
    let flow = loop {
        // SAFETY: this function's promise, or that of `resumption`; the running frame's record is valid.
        let flow = unsafe {
            let thread = st.thread.ptr();
            let frame = (*thread).frame;
            st.compiled.entered = Entered {
                thread,
                level: level(&*thread, frame),
                may_pass: true,
            };
            let payload = Tiers::call(st, code, (*frame).base, frame);
            st.compiled.drop &= st.compiled.depth > 1;
            let Entered { thread, level, .. } = st.compiled.entered;
            answered(st, thread, level, payload)
        };
        if flow != Flow::Reload || st.compiled.status as i32 == status::EXIT {
            break flow;
        }
        match resumption(st) {
            Some(next) => code = next,
            None => break flow,
        }
    };
    st.compiled.entered = outer;
    end_native(st);
    flow
}

/// Compiled code that Rust has entered has been left.
#[inline(always)]
fn end_native(st: &mut State) {
    st.compiled.depth -= 1;
    st.compiled.drop &= st.compiled.depth > 0;
}

/// As [`enter`], for a frame that a helper has called: another one waits for it, so none takes its place.
///
/// # Safety
/// As [`enter`].
#[inline(always)]
unsafe fn enter_called(st: &mut State, code: *const u8) -> Flow {
    let stepping = std::mem::replace(&mut st.compiled.stepping, std::ptr::null_mut());
    // SAFETY: this function's promise.
    let flow = unsafe { run_called(st, code) };
    st.compiled.stepping = stepping;
    flow
}

/// Runs the running frame from the address `code` on, for another one that waits.
///
/// # Safety
/// As [`enter`].
#[inline(always)]
unsafe fn run_called(st: &mut State, code: *const u8) -> Flow {
    let th = st.thread.ptr();
    // SAFETY: this function's promise.
    unsafe {
        let frame = (*th).frame;
        let level = level(&*th, frame);
        let may_pass = std::mem::replace(&mut st.compiled.entered.may_pass, false);
        st.compiled.depth += 1;
        let payload = Tiers::call(st, code, (*frame).base, frame);
        end_native(st);
        st.compiled.entered.may_pass = may_pass;
        answered(st, th, level, payload)
    }
}

/// Whether another coroutine's frame may take the place of the running one, `frame`, in compiled code: nobody waits for it.
///
/// # Safety
/// That is the running frame.
#[inline(always)]
pub(super) unsafe fn may_pass(st: &State, frame: *mut Frame) -> bool {
    let (th, entered) = (st.thread.ptr(), &st.compiled.entered);
    // SAFETY: this function's promise.
    entered.may_pass && entered.thread == th && unsafe { frame_at(&*th, entered.level) } == frame
}

/// Control has passed to another coroutine from a frame for which [`may_pass`] holds: where compiled code goes on in
/// place of that frame's.
///
/// # Safety
/// The running frame is valid.
#[inline(always)]
pub(super) unsafe fn pass_on(st: &mut State) -> Option<*const u8> {
    let code = resumption(st)?;
    let to = st.thread.ptr();
    st.compiled.entered.thread = to;
    // SAFETY: the running coroutine.
    st.compiled.entered.level = unsafe { level(&*to, (*to).frame) };
    Some(code)
}

/// Where the running frame, to which control has just passed, goes on in compiled code.
fn resumption(st: &State) -> Option<*const u8> {
    if st.compiled.drop || is_traced(st) || has_arrived(st) || !st.heap.discarded.is_empty() {
        return None;
    }
    // SAFETY: the running frame is valid.
    unsafe { tier::entry_of_frame(st) }
}

/// The compiled code that ran the frame at `level` of the coroutine `th` has been left.
#[inline(always)]
unsafe fn answered(st: &mut State, th: *mut Thread, level: usize, payload: u64) -> Flow {
    let frame = || {
        // SAFETY: the coroutine whose frame the code ran is alive.
        unsafe { frame_at(&*th, level) }
    };
    // SAFETY: the code answers for that frame.
    unsafe {
        match st.compiled.status as i32 {
            status::NONE => give(st, frame(), None),
            status::DELIVERED => {
                (*th).frame = frame().add(1);
                Flow::Reload
            }
            status::EXIT => Flow::Reload,
            status::LEAVE => std::mem::replace(&mut st.compiled.pending, Flow::Next),
            tag => {
                let v = Value {
                    bits: payload,
                    tag: Tag(tag as u8),
                };
                give(st, frame(), Some(v))
            }
        }
    }
}

/// Whether the native stack has room for compiled code. The first entry decides how far it may go.
fn has_room(st: &mut State) -> bool {
    let here = std::ptr::from_ref(&st) as usize;
    if st.compiled.depth == 0 && st.compiled.floor.is_none() {
        st.compiled.stack_limit = here.saturating_sub(NATIVE_STACK - NATIVE_RESERVE);
    }
    here > st.compiled.stack_limit
}

/// The function of `frame` returns what compiled code has answered.
unsafe fn give(st: &mut State, frame: *mut Frame, v: Option<Value>) -> Flow {
    let th = st.thread.ptr();
    // SAFETY: the frame is on the stack, the last one; its registers are not used any more.
    unsafe {
        let n = usize::from(v.is_some());
        if (*frame).cont == cont::ENTRY && (*th).hook_mask == 0 {
            let func = (*frame).func;
            if let Some(v) = v {
                *func = v;
            }
            (*th).frame = frame.add(1);
            (*th).top = func.add(n);
            return Flow::Exit;
        }
        (*th).frame = frame;
        let first = (*frame).base;
        if let Some(v) = v {
            *first = v;
        }
        if (*frame).cont == cont::NORMAL && (*th).hook_mask == 0 {
            call::deliver(th, &*frame, first, n);
            (*th).frame = frame.add(1);
            return Flow::Reload;
        }
        if (*frame).cont == cont::PCALL && (*th).hook_mask == 0 && call::end_protected(th, first, n) {
            return Flow::Reload;
        }
        (*th).top = first.add(n);
        call::return_values(st, first, n).into()
    }
}

/// Whether the frame that waits is the running one again, or is gone: whether the loop above it has to end.
#[inline(always)]
pub(super) fn has_arrived(st: &State) -> bool {
    match st.compiled.floor {
        None => false,
        Some(floor) => arrived_at(st, floor),
    }
}

fn arrived_at(st: &State, floor: Floor) -> bool {
    let th = st.thread.ptr();
    if th == floor.thread {
        // SAFETY: the running coroutine.
        return unsafe { level(&*th, (*th).frame) <= floor.level };
    }
    // SAFETY: a coroutine with a frame that waits has native activations, or had them a moment ago: it has
    // resumed another one, or has just been left.
    unsafe { (*floor.thread).status != Status::Normal }
}

/// How compiled code goes on after a helper.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The frame is the running one again.
    Back,
    /// Everything native is to return to the loop that entered compiled code.
    Leave,
}

/// Leaves compiled code; the interpreter goes on with `flow`.
pub(super) fn leave(st: &mut State, flow: Flow) -> Answer {
    st.compiled.pending = flow;
    Answer::Leave
}

/// An instruction of the frame at `at` has ended with `flow`, the machine's registers saved: runs whatever it
/// has called, until that frame is the running one again.
///
/// # Safety
/// The frame is one of the running coroutine `th`.
pub(super) unsafe fn settle(st: &mut State, th: *mut Thread, at: usize, flow: Flow) -> Answer {
    let mut flow = flow;
    loop {
        if !st.heap.discarded.is_empty() {
            tier::take_discarded(st);
        }
        // SAFETY: this function's promise.
        flow = unsafe { deliver_errors(st, th, at, flow) };
        if !matches!(flow, Flow::Next | Flow::Reload) {
            return leave(st, flow);
        }
        if st.thread.ptr() != th {
            return leave(st, Flow::Reload);
        }
        // SAFETY: the running coroutine.
        let now = unsafe { level(&*th, (*th).frame) };
        if is_traced(st) {
            return leave(st, Flow::Switch);
        }
        if now < at || st.compiled.drop {
            return leave(st, Flow::Reload);
        }
        if now == at {
            return Answer::Back;
        }
        if is_nearly_full(st) {
            st.compiled.drop = true;
            return leave(st, Flow::Reload);
        }
        let floor = Floor {
            thread: th,
            level: at,
        };
        // SAFETY: frames above `at` were pushed for compiled code that waits.
        flow = unsafe { run_above(st, floor, |st| begin(st)) };
    }
}

/// A helper has pushed the frame of the function `p` right above that at `at`, which waits: runs it, and answers how to go
/// on. `None`: that is not to be done here.
///
/// # Safety
/// The pushed frame is the running one, of the coroutine `th`.
#[inline(always)]
pub(super) unsafe fn run_pushed(
    st: &mut State,
    th: *mut Thread,
    at: usize,
    p: *mut ProtoObj,
) -> Option<Flow> {
    if st.compiled.drop || is_traced(st) || is_nearly_full(st) {
        return None;
    }
    let floor = Floor {
        thread: th,
        level: at,
    };
    // SAFETY: this function's promise.
    Some(unsafe { run_above(st, floor, |st| begin_function(st, p)) })
}

/// What the frame at `at` has called ends with `flow`: if that is an error on its way to a protected call which the frame
/// has made, takes the steps up to one that has called something.
///
/// # Safety
/// As [`settle`].
#[inline(always)]
pub(super) unsafe fn deliver_errors(st: &mut State, th: *mut Thread, at: usize, flow: Flow) -> Flow {
    let mut flow = flow;
    // SAFETY: this function's promise.
    while matches!(flow, Flow::Error | Flow::Unwind) && unsafe { is_caught(st, th, at) } {
        flow = deliver_error(st, flow);
    }
    flow
}

/// An error is on its way to a protected call: what comes of the next step.
fn deliver_error(st: &mut State, flow: Flow) -> Flow {
    let next = match flow {
        Flow::Error => unwind::raise(st, Throw::Error),
        _ => unwind::unwind(st),
    };
    st.compiled.raised |= next.is_err() && flow == Flow::Error;
    next.into()
}

/// Whether what the frame at `at` has called is a protected call, which has not ended yet.
unsafe fn is_caught(st: &State, th: *mut Thread, at: usize) -> bool {
    // SAFETY: the promise of `settle`; the record of a frame above it is valid.
    unsafe {
        st.thread.ptr() == th
            && level(&*th, (*th).frame) > at
            && (*frame_at(&*th, at).sub(1)).flags & frame_flags::PROTECTED != 0
    }
}

/// Whether the native stack has no room for another loop.
fn is_nearly_full(st: &State) -> bool {
    let here = std::ptr::from_ref(&st) as usize;
    here + NATIVE_RESERVE / 2 <= st.compiled.stack_limit
}

/// Whether compiled code is not to be entered: hooks and counts are the tracing loop's.
pub(super) fn is_traced(st: &State) -> bool {
    st.interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0
}

/// Runs the frames above `floor`, the running one by `begin` first, until that is the running one or is gone; answers how
/// to go on.
#[inline(always)]
unsafe fn run_above(st: &mut State, floor: Floor, begin: impl FnOnce(&mut State) -> Flow) -> Flow {
    // SAFETY: the frame right above the floor is a record on the running coroutine's stack.
    unsafe {
        let th = floor.thread;
        let callee = frame_at(&*th, floor.level).sub(1);
        if (*callee).cont == cont::NORMAL {
            (*callee).cont = cont::COMPILED;
        }
    }
    let outer = st.compiled.floor.replace(floor);
    let mut flow = begin(st);
    if flow == Flow::Next {
        flow = interp::interpret(st).into();
    }
    if !arrived_at(st, floor) {
        flow = run_until_arrival(st, floor, flow);
    }
    st.compiled.floor = outer;
    // SAFETY: as above.
    unsafe { unmark(st, floor) };
    flow
}

/// The frame above `floor`, if it is still there, does not return to compiled code any more.
unsafe fn unmark(st: &State, floor: Floor) {
    // SAFETY: a coroutine that has not ended has its frames.
    unsafe {
        let th = floor.thread;
        if matches!((*th).status, Status::Dead | Status::Failed) && st.thread.ptr() != th {
            return;
        }
        let callee = frame_at(&*th, floor.level).sub(1);
        if callee >= (*th).frame && (*callee).cont == cont::COMPILED {
            (*callee).cont = cont::NORMAL;
        }
    }
}

/// A call for the frame `caller`, which waits, has ended with `flow`: if it has entered a function of the same
/// coroutine, runs that one's compiled code, if it is hot.
///
/// # Safety
/// The running frame is valid.
pub(super) unsafe fn begin_called(st: &mut State, caller: *mut Frame, flow: Flow) -> Flow {
    st.compiled.stepping = caller;
    // SAFETY: this function's promise.
    let flow = match unsafe { begin(st) } {
        Flow::Next => flow,
        other => other,
    };
    st.compiled.stepping = std::ptr::null_mut();
    flow
}

/// A helper has pushed the frame of the function `p` for the frame `caller`, which waits: runs its compiled code, if it is
/// hot.
///
/// # Safety
/// That is the running frame.
#[inline(always)]
pub(super) unsafe fn begin_pushed(st: &mut State, caller: *mut Frame, p: *mut ProtoObj) -> Flow {
    // SAFETY: this function's promise.
    unsafe {
        match start(st, &*p) {
            Some(code) if has_room(st) => run_called(st, code),
            _ => begin_called(st, caller, Flow::Reload),
        }
    }
}

/// Rust has pushed the frame of the function `p`, and waits: runs its compiled code, if it is hot.
///
/// # Safety
/// That is the running frame.
#[inline(always)]
pub(super) unsafe fn begin_entry(st: &mut State, p: *mut ProtoObj) -> Flow {
    // SAFETY: this function's promise.
    unsafe {
        match start(st, &*p) {
            Some(code) if has_room(st) => run_called(st, code),
            _ => begin_function(st, p),
        }
    }
}

/// Where the compiled code of a function begins, if it is there and may be entered.
#[inline(always)]
fn start(st: &State, p: &ProtoObj) -> Option<*const u8> {
    let &code = p.entries.first()?;
    (!is_traced(st) && st.heap.discarded.is_empty()).then_some(code as *const u8)
}

/// Runs the compiled code of the running frame's function, if the frame is at its beginning and that is hot.
pub(super) unsafe fn begin(st: &mut State) -> Flow {
    // SAFETY: the running frame is valid.
    unsafe {
        let frame = (*st.thread.ptr()).frame;
        if !(*frame).is_lua() {
            return Flow::Next;
        }
        let p = &mut *function_of((*frame).base);
        if !std::ptr::eq((*frame).pc, p.code) {
            return Flow::Next;
        }
        begin_function(st, p)
    }
}

/// As [`begin`], of the function `p`, whose frame has just been pushed.
///
/// # Safety
/// That is the running frame.
#[inline(always)]
pub(super) unsafe fn begin_function(st: &mut State, p: *mut ProtoObj) -> Flow {
    // SAFETY: this function's promise.
    unsafe {
        let p = &mut *p;
        if let Some(code) = start(st, p) {
            return enter(st, code);
        }
        let heat = p.heat();
        *heat = heat.wrapping_sub(1);
        if (*heat as i64) < 0 {
            tier::hot(st, false)
        } else {
            Flow::Next
        }
    }
}

/// Goes on after `flow` until the frame that waits is the running one or is gone.
#[inline(never)]
fn run_until_arrival(st: &mut State, floor: Floor, flow: Flow) -> Flow {
    let mut r: Result<Next, Throw> = flow.into();
    while !arrived_at(st, floor) {
        r = match r {
            Ok(Next::Exit) => return Flow::Exit,
            Ok(Next::Unwind) => unwind::unwind(st),
            Ok(Next::Lua) => interp::interpret_entered(st),
            Ok(Next::Back | Next::Same) => interp::interpret(st),
            Err(t) => match unwind::raise(st, t) {
                Ok(next) => Ok(next),
                Err(t) => {
                    st.compiled.raised = true;
                    return Err(t).into();
                }
            },
        };
    }
    r.into()
}
