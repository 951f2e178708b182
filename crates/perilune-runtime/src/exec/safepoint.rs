//! Safepoints: what the interrupt word asks for is done here.

use crate::error::{StopReason, Throw};
use crate::heap::{Event, Mode, OutOfMemory, interrupt};
use crate::object::frame_flags;
use crate::state::State;
use crate::value::Value;
use std::sync::atomic::Ordering;

/// Under stress, how many collections there are for each one after which dead cells are overwritten.
const POISON_EVERY: u32 = 16;

impl State {
    /// Serves the interrupt word. True: the interpreter must change between its plain and its
    /// tracing loop.
    pub(crate) fn serve_interrupts(&mut self) -> Result<bool, Throw> {
        let word = self.interrupt.load(Ordering::Relaxed);
        if word & interrupt::STOP != 0 {
            return Err(self.raise_stop(StopReason::Interrupted));
        }
        if word & interrupt::TIMEOUT != 0 {
            return Err(self.raise_stop(StopReason::Timeout));
        }
        if word & interrupt::CODE != 0 {
            self.install_finished();
        }
        if word & (interrupt::GC | interrupt::STRESS | interrupt::FINALISE) != 0 {
            self.collect_at_safepoint()?;
        }
        Ok(self.interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0)
    }

    /// The registers of the running Lua frame from `live` on are not in use: what stands there must not
    /// keep objects alive.
    pub(crate) fn clear_registers_from(&mut self, live: usize) {
        let f = self.frame();
        let mut slot = f.base.wrapping_add(live);
        let end = self.th().registers_end();
        while slot < end {
            // SAFETY: a register of the running frame.
            unsafe {
                slot.write(Value::NIL);
                slot = slot.add(1);
            }
        }
    }

    fn collect_at_safepoint(&mut self) -> Result<(), Throw> {
        let th = self.th();
        let saved = (self.frame().is_lua()).then(|| th.slots());
        if saved.is_some() {
            th.top = th.live_end();
        }
        let r = self.collect_and_finalise();
        if let Some(n) = saved {
            let th = self.th();
            // SAFETY: that many slots were in use before.
            th.top = unsafe { th.stack.add(n) };
        }
        r
    }

    /// Under stress, whether to collect at this safepoint. An object is old once it has survived one
    /// collection, so minor ones leave out some safepoints: else no store would ever meet a young object.
    fn stress_is_due(&mut self) -> bool {
        self.stress_count = self.stress_count.wrapping_add(1);
        let mixed = self.stress_count.wrapping_mul(0x9e37_79b9) >> 16;
        self.options.stress.collect || mixed.is_multiple_of(3)
    }

    fn collect_and_finalise(&mut self) -> Result<(), Throw> {
        if self.stressed() && !self.in_stress && !self.heap.control.stopped && self.stress_is_due() {
            self.in_stress = true;
            let ended = if self.options.stress.collect {
                self.heap.full();
                true
            } else {
                self.heap.step(0)
            };
            if ended && self.stress_count.is_multiple_of(POISON_EVERY) {
                self.heap.blocks.poison();
            }
            let r = self.run_finalisers(usize::MAX);
            self.in_stress = false;
            r?;
        }
        if self.interrupt.load(Ordering::Relaxed) & interrupt::GC != 0 {
            self.interrupt.fetch_and(!interrupt::GC, Ordering::Relaxed);
            if !self.heap.control.stopped && self.heap.bytes() >= self.heap.control.trigger {
                let work = self.heap.step_work();
                self.heap.step(work);
            }
        }
        self.check_memory_cap()?;
        self.run_finalisers(8)
    }

    /// The hard cap: a full collection, then a stop if that did not help.
    fn check_memory_cap(&mut self) -> Result<(), Throw> {
        let Some(cap) = self.options.max_memory else {
            return Ok(());
        };
        if self.heap.bytes() > cap {
            self.heap.full();
            if self.heap.bytes() > cap {
                return Err(self.raise_stop(StopReason::Memory));
            }
        }
        let limit = cap;
        let c = &mut self.heap.control;
        c.trigger = c.trigger.min(limit);
        Ok(())
    }

    /// Calls pending finalisers, at most `max` of them.
    ///
    /// # Errors
    /// Stops only: errors in finalisers become warnings.
    pub(crate) fn run_finalisers(&mut self, max: usize) -> Result<(), Throw> {
        if self.finalising > 0 {
            return Ok(());
        }
        for _ in 0..max {
            let Some(v) = self.heap.pop_finaliser() else {
                return Ok(());
            };
            let f = self.heap.metamethod(v, Event::Gc);
            if !f.is_function() {
                continue;
            }
            self.finalising += 1;
            let was_stopped = std::mem::replace(&mut self.heap.control.stopped, true);
            let handled = std::mem::take(&mut self.handled);
            let error = self.heap.root(self.heap.roots.error);
            let r = self.call_finaliser(f, v);
            self.heap.roots.error = self.heap.handle(error);
            self.heap.unroot(error);
            self.handled = handled;
            self.heap.control.stopped = was_stopped;
            self.finalising -= 1;
            if let Some(e) = r? {
                self.finaliser_warning(e)?;
            }
        }
        Ok(())
    }

    fn call_finaliser(&mut self, f: Value, v: Value) -> Result<Option<Value>, Throw> {
        let th = self.thread;
        let mask = std::mem::take(&mut th.get(&self.heap).hook_mask);
        self.refresh_trace();
        self.frame().flags |= frame_flags::FINALISER;
        let slots = self.th().slots();
        let r = self.protected_call(f, &[v]);
        let t = th.get(&self.heap);
        // SAFETY: that many slots were in use before.
        t.top = unsafe { t.stack.add(slots) };
        self.frame().flags &= !frame_flags::FINALISER;
        t.hook_mask = mask;
        self.refresh_trace();
        Ok(r?.err())
    }

    fn finaliser_warning(&mut self, e: Value) -> Result<(), Throw> {
        self.warn(b"error in ", true)?;
        self.warn(b"__gc", true)?;
        self.warn(b" (", true)?;
        let msg = match e.as_str() {
            Some(s) => s.bytes(&self.heap).to_vec(),
            None => b"error object is not a string".to_vec(),
        };
        self.warn(&msg, true)?;
        self.warn(b")", false)
    }

    /// A safepoint in a native.
    ///
    /// # Errors
    /// Stops.
    pub fn safepoint(&mut self) -> Result<(), Throw> {
        if self.interrupt.load(Ordering::Relaxed) & !interrupt::TRACE != 0 {
            self.serve_interrupts()?;
        }
        Ok(())
    }

    /// A long native has done `n` units of work.
    ///
    /// # Errors
    /// Stops: out of instructions, out of time, interrupted.
    pub fn tick(&mut self, n: u64) -> Result<(), Throw> {
        if self.fuel != u64::MAX {
            self.fuel = self.fuel.saturating_sub(n);
            if self.fuel == 0 {
                return Err(self.raise_stop(StopReason::Instructions));
            }
        }
        self.safepoint()
    }

    /// Asks for room for `bytes` more bytes before something of unbounded size is built.
    ///
    /// # Errors
    /// A stop when the cap does not allow it; "not enough memory" when the system cannot give it.
    pub fn reserve(&mut self, bytes: usize) -> Result<(), Throw> {
        if let Some(cap) = self.options.max_memory
            && self.heap.bytes().saturating_add(bytes) > cap
        {
            self.full_collection()?;
            if self.heap.bytes().saturating_add(bytes) > cap {
                return Err(self.raise_stop(StopReason::Memory));
            }
        }
        if bytes > 1 << 20 {
            let mut probe: Vec<u8> = Vec::new();
            if bytes > crate::object::Str::max_len() || probe.try_reserve_exact(bytes).is_err() {
                return Err(self.memory_error());
            }
        }
        self.safepoint()
    }

    /// A full collection, and all finalisers.
    ///
    /// # Errors
    /// Stops.
    pub fn full_collection(&mut self) -> Result<(), Throw> {
        self.heap.full();
        self.run_finalisers(usize::MAX)
    }

    /// Ends the state in order: pending variables of the main coroutine, then all finalisers.
    pub fn close(&mut self) {
        let _ = self.close_pending(1, None);
        self.heap.closing = false;
        for _ in 0..10 {
            self.heap.separate_finalisable(0, true);
            self.heap.closing = true;
            // A finaliser that calls `os.exit` ends itself only: the state is being closed already.
            while self.run_finalisers(usize::MAX).is_err() && self.exit.is_some() {}
            if self.heap.finalisable.is_empty() {
                break;
            }
        }
    }

    /// Answers `collectgarbage`; None when it is refused (inside a finaliser).
    ///
    /// # Errors
    /// Stops.
    pub fn gc_control(&mut self, op: crate::heap::GcOp) -> Result<Option<f64>, Throw> {
        use crate::heap::GcOp;
        if self.finalising > 0 && !matches!(op, GcOp::Count | GcOp::IsRunning) {
            return Ok(None);
        }
        let mode_number = |m: Mode| if m == Mode::Generational { 1.0 } else { 0.0 };
        Ok(Some(match op {
            GcOp::Collect => {
                self.full_collection()?;
                0.0
            }
            GcOp::Stop => {
                self.heap.set_stopped(true);
                0.0
            }
            GcOp::Restart => {
                self.heap.set_stopped(false);
                0.0
            }
            GcOp::Count => self.heap.bytes() as f64 / 1024.0,
            GcOp::Step(n) => {
                let work = if n == 0 {
                    self.heap.step_work()
                } else {
                    n.saturating_mul(1024)
                };
                let done = self.heap.step(work);
                self.run_finalisers(usize::MAX)?;
                f64::from(u8::from(done))
            }
            GcOp::IsRunning => f64::from(u8::from(self.heap.is_running())),
            GcOp::Generational => mode_number(self.heap.set_mode(Mode::Generational)),
            GcOp::Incremental => mode_number(self.heap.set_mode(Mode::Incremental)),
            GcOp::Param(p, v) => self.heap.gc_param(p, v) as f64,
        }))
    }
}

impl From<OutOfMemory> for StopReason {
    fn from(_: OutOfMemory) -> StopReason {
        StopReason::Memory
    }
}
