//! Long functions compiled by another thread while they are interpreted: begun when they are hot, installed at a
//! safepoint.
//!
//! A short function is compiled where it gets hot: its code is there sooner than another thread would wake up.
//! With one processor there is nobody else to do it either.

use super::tier::{self, Job, Made};
use crate::heap::{Gc, interrupt};
use crate::object::ProtoObj;
use crate::state::State;
use crate::value::{Tag, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The instructions from which on a function is long: those whose compilation takes about half a millisecond.
const LONG: usize = 300;

/// Tells a state that code is ready, from another thread.
pub struct Ready(Arc<AtomicU32>);

impl Ready {
    /// The state is to look at its next safepoint.
    pub fn tell(&self) {
        self.0.fetch_or(interrupt::CODE, Ordering::Release);
    }
}

/// What has become of a job that another thread has done.
pub struct Finished {
    /// The number that the job was given.
    pub ticket: u64,
    /// The installed code, or why there is none.
    pub installed: Result<super::Installed, String>,
    /// How long making it has taken.
    pub compiling: Duration,
}

/// A function whose code is being made.
struct Pending {
    ticket: u64,
    /// The handle that keeps the function alive.
    root: u32,
    job: Arc<Job>,
    begun: Instant,
    /// How often shapes had been dropped when it was begun.
    drops: u64,
}

/// What is under way.
#[derive(Default)]
pub(super) struct Background {
    pending: Vec<Pending>,
    tickets: u64,
    /// Whether there are several processors, once somebody has asked.
    parallel: Option<bool>,
}

impl Background {
    fn is_parallel(&mut self) -> bool {
        let count = || std::thread::available_parallelism().map_or(1, usize::from);
        *self.parallel.get_or_insert_with(|| count() > 1)
    }
}

/// Lets another thread compile a long function; false if it is to be compiled here.
pub(super) fn begin(st: &mut State, p: &mut ProtoObj) -> bool {
    let options = &st.options;
    let stressed = options.stress.hot || options.stress.warm;
    let here = options.jit.sync || options.deterministic || stressed;
    let long = if st.options.stress.background { 0 } else { LONG };
    let tiers = &mut st.compiled.tiers;
    if here || p.data.code.len() < long || !tiers.background.is_parallel() {
        return false;
    }
    let job = Arc::new(tier::snapshot(st, p));
    let tiers = &mut st.compiled.tiers;
    let ticket = tiers.background.tickets;
    let ready = Ready(st.interrupt.clone());
    let begun = tiers
        .compiler
        .as_mut()
        .is_some_and(|c| c.begin(ticket, job.clone(), ready));
    if !begun {
        return false;
    }
    let root = st.heap.root(Value {
        bits: std::ptr::from_mut(p) as u64,
        tag: Tag::PROTO,
    });
    let background = &mut st.compiled.tiers.background;
    background.tickets += 1;
    background.pending.push(Pending {
        ticket,
        root,
        job,
        begun: Instant::now(),
        drops: st.heap.shape_drops,
    });
    true
}

impl State {
    /// Installs the code that other threads have made.
    #[cold]
    pub(crate) fn install_finished(&mut self) {
        self.interrupt.fetch_and(!interrupt::CODE, Ordering::Acquire);
        let tiers = &mut self.compiled.tiers;
        let Some(compiler) = &mut tiers.compiler else {
            return;
        };
        for finished in compiler.finished() {
            let pending = &mut self.compiled.tiers.background.pending;
            if let Some(at) = pending.iter().position(|p| p.ticket == finished.ticket) {
                let pending = pending.swap_remove(at);
                self.take_over(pending, finished);
            }
        }
    }

    fn take_over(&mut self, pending: Pending, finished: Finished) {
        let p: Gc<ProtoObj> = self.heap.handle(pending.root).gc();
        // SAFETY: the handle has kept the function alive, and nothing else refers to it mutably.
        let p = unsafe { &mut *p.ptr() };
        self.heap.unroot(pending.root);
        if pending.drops != self.heap.shape_drops {
            // The code may test for shapes whose numbers have other meanings.
            if let (Ok(code), Some(compiler)) = (&finished.installed, &mut self.compiled.tiers.compiler) {
                compiler.release(code);
            }
            tier::heat_up(p);
            return;
        }
        let waited = pending.begun.elapsed();
        let made = Made {
            result: finished.installed.map(|code| (code, pending.job)),
            queued: waited.saturating_sub(finished.compiling),
            compiling: finished.compiling,
        };
        self.compiled.tiers.stats.elsewhere += 1;
        if tier::take(self, p, made) {
            tier::heat_up(p);
        }
    }
}
