//! Bytecode -> effects: the interpreter loop. `ops`, `numeric` and `quick` have one method per opcode,
//! `machine` what they share, `slow` what is rare, `learn` how instructions rewrite themselves.
//!
//! Numbered rules of this file:
//! 1. `base`, `pc` and `consts` of the [`Machine`] are copies of what the running frame says. Before
//!    anything that may look at the frame (errors, calls, safepoints, debug information), `pc` is
//!    saved in it; after anything that may move the stack or change frames, all are reloaded.
//! 2. A method that did all its work returns `Flow::Next`. Anything else leaves to [`settle`].
//! 3. Cold work is done in free functions that take the state, never the machine, so that the
//!    machine stays in registers.
//! 4. Operands need no checks: the code was verified, so registers lie inside the frame, constants
//!    and upvalues exist, and jumps land on instructions.

mod learn;
mod machine;
mod numeric;
mod ops;
mod quick;
mod slow;

pub(super) use quick::{field_by_site, place_by_site, store_by_site};
pub(super) use slow::field;

use super::call::{self, Next};
use super::{compiled, unwind};
use crate::error::Throw;
use crate::heap::interrupt;
use crate::object::{Frame, ProtoObj, cont};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::for_each_live_op;
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;
use std::sync::atomic::{AtomicU32, Ordering};

/// What happens after an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// The next instruction.
    Next,
    /// The same instruction, which has been rewritten.
    Again,
    /// Reload the machine from the running frame.
    Reload,
    /// The entry frame has returned.
    Exit,
    /// An error is being delivered.
    Unwind,
    /// Raise.
    Error,
    /// Stop.
    Stop,
    /// Go on in the tracing loop, or back in the plain one.
    Switch,
}

impl From<Result<Next, Throw>> for Flow {
    #[inline(always)]
    fn from(r: Result<Next, Throw>) -> Flow {
        match r {
            Ok(Next::Lua | Next::Back) => Flow::Reload,
            Ok(Next::Same) => Flow::Next,
            Ok(Next::Exit) => Flow::Exit,
            Ok(Next::Unwind) => Flow::Unwind,
            Err(Throw::Error) => Flow::Error,
            Err(Throw::Stop) => Flow::Stop,
        }
    }
}

impl From<Flow> for Result<Next, Throw> {
    /// How the driver of the loop goes on. The machine's registers have been saved.
    fn from(flow: Flow) -> Result<Next, Throw> {
        match flow {
            Flow::Exit => Ok(Next::Exit),
            Flow::Unwind => Ok(Next::Unwind),
            Flow::Error => Err(Throw::Error),
            Flow::Stop => Err(Throw::Stop),
            Flow::Next | Flow::Again | Flow::Reload | Flow::Switch => Ok(Next::Back),
        }
    }
}

/// The registers of the bytecode machine.
struct Machine {
    base: *mut Value,
    pc: *const Instr,
    consts: *const Value,
    st: *mut State,
    word: *const AtomicU32,
}

/// Calls the value in slot `at` (arguments up to the top) and runs until it has returned.
///
/// # Safety
/// The slots are live.
pub(super) unsafe fn run(st: &mut State, at: usize) -> Result<(), Throw> {
    if st.walks_trees() && st.fibers.limit == 0 {
        // SAFETY: this function's promise.
        return super::tree::with_stack(st, |st| unsafe { run(st, at) });
    }
    // SAFETY: the function and its arguments are live slots.
    let r = unsafe {
        let func = st.th().stack.add(at);
        call::call_value(st, func, -1, cont::ENTRY)
    };
    let entry_error = r.is_err() && !entered(st, at);
    if entry_error {
        // The call failed before its frame was pushed.
        let t = r.err().unwrap_or(Throw::Error);
        return Err(call_failed(st, at, t));
    }
    if matches!(r, Ok(Next::Back | Next::Same)) {
        // SAFETY: the call pushed its frame, or nothing has to be run.
        let r = match unsafe { compiled::begin(st) } {
            Flow::Next => interpret(st),
            other => other.into(),
        };
        return finish(st, r);
    }
    finish(st, r)
}

/// Runs the function `p`, whose frame has been pushed for a call from Rust, until it has returned.
///
/// # Safety
/// That is the running frame.
#[inline]
pub(super) unsafe fn run_function(st: &mut State, p: *mut ProtoObj) -> Result<(), Throw> {
    // SAFETY: this function's promise.
    match unsafe { compiled::begin_entry(st, p) } {
        Flow::Exit => Ok(()),
        Flow::Next => match interpret(st) {
            Ok(Next::Exit) => Ok(()),
            other => finish(st, other),
        },
        other => finish(st, other.into()),
    }
}

/// Goes on after `r` until the entry frame has returned.
pub(super) fn finish(st: &mut State, r: Result<Next, Throw>) -> Result<(), Throw> {
    finish_with(st, r, unwind::raise)
}

/// As [`finish`]; `on_error` says where to go on after an error or a stop.
pub(super) fn finish_with(
    st: &mut State,
    mut r: Result<Next, Throw>,
    on_error: impl Fn(&mut State, Throw) -> Result<Next, Throw>,
) -> Result<(), Throw> {
    loop {
        match r {
            Ok(Next::Exit) => return Ok(()),
            Ok(Next::Unwind) => r = unwind::unwind(st),
            Ok(Next::Lua) => r = interpret_entered(st),
            Ok(Next::Back | Next::Same) => r = interpret(st),
            Err(t) => r = Ok(on_error(st, t)?),
        }
    }
}

/// Whether the frame for the call at slot `at` has been pushed.
fn entered(st: &State, at: usize) -> bool {
    let th = st.th();
    // SAFETY: the running frame's record is valid.
    unsafe { (*th.frame).func >= th.stack.add(at) }
}

/// An entry call whose callee could not be entered: the handler still runs, at the caller's level.
fn call_failed(st: &mut State, at: usize, t: Throw) -> Throw {
    let th = st.thread.ptr();
    // SAFETY: a frame for the failed call keeps `raise` from unwinding further than this entry.
    unsafe {
        let func = (*th).stack.add(at);
        if !(*th).fits((*th).top) {
            return t;
        }
        let frame = (*th).frame.sub(1);
        *frame = Frame::native(func, func.add(1));
        (*th).frame = frame;
        (*th).top = (*th).top.max(func.add(1));
        let caller = (*th).bottom() as usize - frame as usize - size_of::<Frame>();
        let raised = unwind::raise(st, t);
        // Nobody has been called: if all frames stay, this one does not.
        (*th).frame = (*th).frame.max((*th).bottom().byte_sub(caller));
        match raised {
            Err(t) => t,
            Ok(_) => t,
        }
    }
}

/// As [`interpret`], of a function that has perhaps just been entered: its call hook runs first.
pub(super) fn interpret_entered(st: &mut State) -> Result<Next, Throw> {
    slow::hook_entry(st)?;
    interpret(st)
}

/// Runs Lua frames until one of them needs more than the loop can do.
pub(super) fn interpret(st: &mut State) -> Result<Next, Throw> {
    loop {
        let trace = st.interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0 || st.metered;
        // SAFETY: the running frame is a Lua frame with its pc saved.
        let flow = unsafe {
            if trace {
                dispatch::<true>(st)
            } else {
                dispatch::<false>(st)
            }
        };
        if flow == Flow::Switch {
            continue;
        }
        return flow.into();
    }
}

/// Keeps LLVM from merging the end of one opcode's code with another's: a jump saved there costs more
/// than the bytes. The text differs, so the two are different to it.
macro_rules! own_tail {
    ($name:ident) => {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        std::arch::asm!(
            concat!("/* ", stringify!($name), " */"),
            options(nomem, nostack, preserves_flags)
        );
    };
}

macro_rules! define_dispatch {
    (quick { $($(#[doc = $qdoc:literal])* $quick:ident $qmethod:ident $generic:ident [$($learned:ident)*];)* }
     $($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        /// What executes an instruction, by its opcode.
        static EXECUTE: &[unsafe fn(&mut Machine, Instr) -> Flow] = &[
            // SAFETY: the caller's promise, which is that of the method.
            $(|m, i| unsafe { m.$method::<false>(i) },)*
            // SAFETY: as above.
            $(|m, i| unsafe { m.$qmethod::<false>(i) },)*
        ];

        /// The loop. With `TRACE`, hooks and the instruction limit are served before each
        /// instruction.
        #[inline(never)]
        unsafe fn dispatch<const TRACE: bool>(st: &mut State) -> Flow {
            // SAFETY: rules 1 and 4.
            unsafe {
                let mut m = Machine::load(st);
                'next: loop {
                    if TRACE {
                        m.save();
                        let flow = (*m.st).trace();
                        if flow != TraceFlow::Go {
                            return flow.into();
                        }
                        m.reload();
                    }
                    loop {
                        let i = *m.pc;
                        m.pc = m.pc.add(1);
                        // SAFETY: verified code holds only bytes that are opcodes, and what instructions
                        // rewrite themselves into are opcodes.
                        let op: LiveOp = std::mem::transmute(i.op_byte());
                        let flow = match op {
                            $(LiveOp::$name => {
                                let flow = m.$method::<TRACE>(i);
                                if flow == Flow::Next {
                                    own_tail!($name);
                                    continue 'next;
                                }
                                flow
                            })*
                            $(LiveOp::$quick => {
                                let flow = m.$qmethod::<TRACE>(i);
                                if flow == Flow::Next {
                                    own_tail!($quick);
                                    continue 'next;
                                }
                                flow
                            })*
                        };
                        match flow {
                            Flow::Next => continue 'next,
                            Flow::Again => m.pc = m.pc.sub(1),
                            Flow::Reload => {
                                if compiled::has_arrived(&*m.st) {
                                    return Flow::Reload;
                                }
                                m.reload();
                                continue 'next;
                            }
                            other => return other,
                        }
                    }
                }
            }
        }
    };
}
for_each_live_op!(define_dispatch);

/// Executes the instruction at `code`; what it calls has only been entered. The machine's registers have been saved.
///
/// # Safety
/// The running frame is a Lua frame with the registers at `base`, and the instruction is one of its function's.
#[inline(always)]
pub(super) unsafe fn execute_one(st: &mut State, base: *mut Value, code: *const Instr) -> Flow {
    // SAFETY: this function's promise; verified code holds only opcodes, each of which has its function.
    unsafe {
        st.compiled.stepping = (*st.thread.ptr()).frame;
        let mut m = Machine {
            base,
            pc: code,
            consts: (*compiled::function_of(base)).consts,
            word: &*st.interrupt,
            st,
        };
        let flow = loop {
            let i = *m.pc;
            m.pc = m.pc.add(1);
            match EXECUTE[i.op_byte() as usize](&mut m, i) {
                Flow::Again => m.pc = m.pc.sub(1),
                Flow::Next => {
                    m.save();
                    break Flow::Next;
                }
                other => break other,
            }
        };
        (*m.st).compiled.stepping = std::ptr::null_mut();
        flow
    }
}

/// Serves the interrupt word before the next instruction of the running frame, of which only the registers
/// below `live` are in use, unless that is 0.
///
/// # Safety
/// As [`execute_one`].
pub(super) fn serve(st: &mut State, live: usize) -> Flow {
    slow::poll(st, if live == 0 { UNKNOWN } else { live })
}

/// The hook of a Lua function that a call has entered, and the safepoint behind the call, where only the registers below
/// `live` are in use, if that is known.
pub(super) fn after_call(st: &mut State, live: Option<usize>, flow: Flow) -> Flow {
    if !matches!(flow, Flow::Next | Flow::Reload) || st.interrupt.load(Ordering::Relaxed) == 0 {
        return flow;
    }
    slow::poll(st, live.unwrap_or(UNKNOWN))
}

/// Enters the Lua function at `func` with the values from there to the top: the safepoint at its beginning.
///
/// # Safety
/// The slots are live, and the running frame is a Lua frame whose pc is saved.
pub(super) unsafe fn enter_at(st: &mut State, func: *mut Value, entry: call::Entry) -> Flow {
    // SAFETY: this function's promise.
    let flow = unsafe { call::enter_lua(st, func, entry) }.into();
    if flow == Flow::Reload && st.interrupt.load(Ordering::Relaxed) != 0 {
        return slow::poll(st, UNKNOWN);
    }
    flow
}

/// At this safepoint any register may be in use.
const UNKNOWN: usize = usize::MAX;

/// What the tracing hook says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TraceFlow {
    /// Execute the instruction.
    Go,
    /// An error.
    Error,
    /// A stop.
    Stop,
    /// Tracing is over.
    Leave,
}

impl From<TraceFlow> for Flow {
    fn from(t: TraceFlow) -> Flow {
        match t {
            TraceFlow::Go => Flow::Next,
            TraceFlow::Error => Flow::Error,
            TraceFlow::Stop => Flow::Stop,
            TraceFlow::Leave => Flow::Switch,
        }
    }
}
