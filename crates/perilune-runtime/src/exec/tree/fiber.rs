//! Native stacks for coroutines. The walker's own calls nest on the native stack, so that each coroutine
//! needs one, and the main coroutine a large one. What a resume or yield means is said in
//! `exec/coroutine.rs`, for all engines; here the native stack follows.

use crate::error::Throw;
use crate::exec::call::{self, Next};
use crate::exec::coroutine::run_until_left;
use crate::heap::Gc;
use crate::object::{Status, Thread, cont};
use crate::state::State;
use crate::value::Value;
use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};

/// How control passes to another coroutine: what the interpreter of that one does next.
type Passed = Result<Next, Throw>;
type Native = Coroutine<Passed, Passed, Passed, DefaultStack>;

/// Bytes of native stack that the main coroutine may use, at most; pages take memory when they are used.
const MAIN_STACK: usize = 1 << 30;
/// What it gets when that cannot be reserved.
const SMALL_MAIN_STACK: usize = 64 << 20;
/// Bytes of native stack that another coroutine may use.
const STACK: usize = 16 << 20;
/// What it gets when that cannot be reserved.
const SMALL_STACK: usize = 256 << 10;
/// Bytes at the end of each native stack that are kept for Rust.
const RESERVE: usize = 64 << 10;
/// How many unused stacks are kept.
const SPARE_STACKS: usize = 64;

/// A coroutine's native stack, and what runs there.
struct Fiber {
    native: Native,
    /// Its way back; null until it has started.
    back: *const Yielder<Passed, Passed>,
    limit: usize,
}

/// The native stacks of a state.
#[derive(Default)]
pub(crate) struct Fibers {
    /// The lowest address that the running native stack may reach; 0 while the walker has not begun.
    pub(crate) limit: usize,
    all: Vec<Option<Box<Fiber>>>,
    free: Vec<u32>,
    spare: Vec<DefaultStack>,
}

impl Fibers {
    fn stack(&mut self) -> Option<DefaultStack> {
        self.spare
            .pop()
            .or_else(|| DefaultStack::new(STACK).ok())
            .or_else(|| DefaultStack::new(SMALL_STACK).ok())
    }

    /// Takes a fiber away; its stack may be used again.
    fn remove(&mut self, number: u32) {
        let Some(mut fiber) = self.all[number as usize - 1].take() else {
            return;
        };
        if !fiber.native.done() {
            // SAFETY: what is suspended there owns nothing (the walker's rule 5).
            unsafe { fiber.native.force_reset() };
        }
        self.free.push(number);
        if self.spare.len() < SPARE_STACKS {
            self.spare.push(fiber.native.into_stack());
        }
    }

    fn add(&mut self, fiber: Box<Fiber>) -> u32 {
        match self.free.pop() {
            Some(number) => {
                self.all[number as usize - 1] = Some(fiber);
                number
            }
            None => {
                self.all.push(Some(fiber));
                self.all.len() as u32
            }
        }
    }

    fn get(&mut self, number: u32) -> Option<&mut Fiber> {
        self.all.get_mut((number as usize).checked_sub(1)?)?.as_deref_mut()
    }
}

impl Drop for Fibers {
    fn drop(&mut self) {
        for number in 1..=self.all.len() as u32 {
            self.remove(number);
        }
    }
}

/// Runs `work` on a native stack that is large enough for a program, unless it runs on one already.
pub(in crate::exec) fn with_stack<R>(st: &mut State, work: impl FnOnce(&mut State) -> R) -> R {
    let stack = DefaultStack::new(MAIN_STACK).or_else(|_| DefaultStack::new(SMALL_MAIN_STACK));
    let Ok(stack) = stack else {
        // There is what the host gives: a few frames.
        let here = 0u8;
        st.fibers.limit = (&raw const here as usize).saturating_sub(RESERVE);
        let r = work(st);
        st.fibers.limit = 0;
        return r;
    };
    st.fibers.limit = stack.limit().get() + RESERVE;
    let r = corosensei::on_stack(stack, || work(st));
    st.fibers.limit = 0;
    r
}

/// Gives the running coroutine `co` a native stack on which it will call the function at `func` with the
/// values from there to the top. False: there is none.
///
/// # Safety
/// Function and arguments are live slots of `co` until it is resumed for the first time.
pub(in crate::exec) unsafe fn give_stack(st: &mut State, co: Gc<Thread>, func: *mut Value) -> bool {
    let Some(stack) = st.fibers.stack() else {
        return false;
    };
    let limit = stack.limit().get() + RESERVE;
    let state: *mut State = st;
    let native = Native::with_stack(stack, move |back, _| {
        // SAFETY: the state outlives its coroutines' runs.
        let st = unsafe { &mut *state };
        let number = co.get(&st.heap).fiber;
        if let Some(fiber) = st.fibers.get(number) {
            fiber.back = back;
        }
        // SAFETY: function and arguments are live slots.
        let entered = unsafe { call::call_value(st, func, -1, cont::COROUTINE) };
        run_until_left(st, co, entered)
    });
    co.get(&st.heap).fiber = st.fibers.add(Box::new(Fiber {
        native,
        back: std::ptr::null(),
        limit,
    }));
    true
}

/// Passes control and `next` to `co`, which has been made the running coroutine; answers what its resumer
/// does when control comes back.
pub(in crate::exec) fn resumed(st: &mut State, co: Gc<Thread>, next: Passed) -> Passed {
    let number = co.get(&st.heap).fiber;
    let Some(fiber) = st.fibers.get(number) else {
        unreachable!("a coroutine that has started has a native stack")
    };
    let fiber: *mut Fiber = fiber;
    let saved = st.fibers.limit;
    // SAFETY: the fiber is boxed, and only removed when it is not running.
    let result = unsafe {
        st.fibers.limit = (*fiber).limit;
        (*fiber).native.resume(next)
    };
    st.fibers.limit = saved;
    let (passed, ended) = match result {
        CoroutineResult::Yield(passed) => {
            let status = co.get(&st.heap).status;
            (passed, matches!(status, Status::Dead | Status::Failed))
        }
        CoroutineResult::Return(passed) => (passed, true),
    };
    if ended {
        abandon(st, co);
    }
    st.reap_fibers();
    passed
}

/// Passes `next` to the resumer of `co`, which has been made the running coroutine; answers what `co` does
/// when it is resumed.
pub(in crate::exec) fn suspended(st: &mut State, co: Gc<Thread>, next: Passed) -> Passed {
    let number = co.get(&st.heap).fiber;
    let Some(fiber) = st.fibers.get(number) else {
        return next;
    };
    // SAFETY: the native stack runs, so that its way back exists.
    unsafe { (*fiber.back).suspend(next) }
}

/// The coroutine will not run again: its native stack is thrown away.
pub(in crate::exec) fn abandon(st: &mut State, co: Gc<Thread>) {
    let t = co.get(&st.heap);
    let number = std::mem::take(&mut t.fiber);
    if number != 0 {
        st.fibers.remove(number);
    }
}

impl State {
    /// Throws away the native stacks of coroutines that were collected.
    fn reap_fibers(&mut self) {
        while let Some(number) = self.heap.dead_fibers.pop() {
            self.fibers.remove(number);
        }
    }
}
