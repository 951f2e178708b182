//! Execution: frames, calls, the bytecode interpreter, coroutines, hooks, debug information.
//!
//! Rules of the island:
//! 1. `State::thread` is the running coroutine; its `frame` is the running activation.
//! 2. Whoever leaves a Lua frame, even to raise an error, has saved its `pc` in the frame record.
//! 3. The stack moves only in `Thread::grow` and `Thread::relocate`, which are called when a frame is
//!    entered, values are pushed, or a stress mode asks; pointers into it are reloaded after those.
//! 4. Values in Rust variables do not live across a safepoint; slots below the live end do.
//! 5. Every `Result::Err(Throw)` travels to [`unwind::raise`], which is the only place that unwinds.
#![allow(unsafe_code)]

mod background;
pub(crate) mod call;
mod compiled;
mod coroutine;
pub mod debug;
mod entry;
mod events;
pub(crate) mod helpers;
mod image;
mod interp;
mod light;
mod load;
mod metamethods;
mod registers;
mod report;
mod safepoint;
mod signal;
mod slots;
mod tier;
mod trace;
mod tree;
mod unwind;

pub use background::{Finished, Ready};
pub(crate) use compiled::Compiled;
pub use events::{Invalidation, TierEvent, TierFunction, TierObserver};
pub use image::{Image, Part, SECTION, SLOT_MAGIC, Slot};
pub use load::CodeCache;
pub use report::{CodeState, Snapshot, Tier, TierState, snapshots_of_chunk};
pub use signal::interrupt_on_ctrl_c;
pub(crate) use tier::NativeCode;
pub use tier::{Compiler, DEFAULT_THRESHOLD, Installed, JitMode, JitOptions, JitStats, Job, Stubs};
pub(crate) use tree::{Fibers, TreeChunk, TreeFn};

// SAFETY: a state owns its heap and everything that its references lead to; no thread-local state is
// used, natives are plain functions, and userdata payloads and callbacks are `Send`.
unsafe impl Send for crate::state::State {}
