//! Hooks, the instruction limit and execution counts: what the tracing loop does before each instruction.

use super::interp::TraceFlow;
use crate::Engine;
use crate::error::{StopReason, Throw};
use crate::heap::{Gc, interrupt};
use crate::object::{Closure, Thread, frame_flags, hook};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::ops::Instr;
use std::sync::atomic::Ordering;

impl State {
    /// Makes the TRACE bit of the interrupt word agree with hooks, counts and limits that the state has not had
    /// from the beginning.
    pub(crate) fn refresh_trace(&mut self) {
        let limited = self.fuel != u64::MAX && !self.counts_alone();
        let on = limited || self.options.counts || self.th().hook_mask != 0;
        // Switches of coroutines come here: an atomic change costs as much as all the rest of one.
        if on == (self.interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0) {
            return;
        }
        if on {
            self.interrupt.fetch_or(interrupt::TRACE, Ordering::Relaxed);
        } else {
            self.interrupt.fetch_and(!interrupt::TRACE, Ordering::Relaxed);
        }
    }

    /// Whether compiled code counts instructions, and the interpreter traces without being asked to.
    pub(super) fn counts_alone(&self) -> bool {
        self.metered && self.options.engine == Engine::Jit
    }

    /// An instruction that compiled code has counted is left to the interpreter.
    pub(super) fn take_back(&mut self) {
        if self.metered {
            self.fuel += 1;
        }
    }

    /// Compiled code waits while an instruction is executed once more: that counts.
    pub(super) fn spend_again(&mut self) {
        if self.metered {
            self.fuel = self.fuel.saturating_sub(1);
        }
    }

    /// Sets or (nil) clears a coroutine's hook.
    pub fn set_hook(&mut self, co: Gc<Thread>, f: Value, mask: u8, count: u32) {
        let t = co.get(&self.heap);
        let off = f.is_nil() || mask == 0;
        t.hook = if off { Value::NIL } else { f };
        t.hook_mask = if off { 0 } else { mask };
        t.hook_count = count;
        t.hook_left = count;
        let mut f = t.frame;
        while f <= t.bottom() {
            // SAFETY: frame records up to the bottom one are valid.
            unsafe {
                (*f).hook_pc = u32::MAX;
                if let Some((tree, place)) = self.walked(&*f)
                    && place != tree.start()
                {
                    ((*f).hook_pc, (*f).aux) = (tree.offset(place), place.line());
                }
                f = f.add(1);
            }
        }
        self.refresh_trace();
    }

    /// Before an instruction: counts, fuel, count hook, line hook.
    pub(super) fn trace(&mut self) -> TraceFlow {
        if self.fuel != u64::MAX {
            if self.fuel == 0 {
                let _ = self.raise_stop(StopReason::Instructions);
                return TraceFlow::Stop;
            }
            self.fuel -= 1;
        }
        if self.options.counts {
            self.count_instruction();
        }
        if self.th().in_hook {
            return TraceFlow::Go;
        }
        let mask = self.th().hook_mask;
        if mask & (hook::COUNT | hook::LINE) == 0 {
            return if mask == 0 && self.fuel == u64::MAX && !self.options.counts {
                TraceFlow::Leave
            } else {
                TraceFlow::Go
            };
        }
        match self.trace_hooks(mask) {
            Ok(()) => TraceFlow::Go,
            Err(Throw::Error) => TraceFlow::Error,
            Err(Throw::Stop) => TraceFlow::Stop,
        }
    }

    /// Counts an execution of the running frame's next instruction.
    fn count_instruction(&mut self) {
        let f = self.frame();
        // SAFETY: a Lua frame: its function stands below the base, its pc is in that function's code.
        let bytes = unsafe {
            let cl: Gc<Closure> = (*f.base.sub(1)).gc();
            let proto = &mut *cl.proto(&self.heap).ptr();
            let pc = (f.pc as usize - proto.code as usize) / size_of::<Instr>();
            proto.count(pc)
        };
        self.heap.add_external(bytes);
    }

    fn trace_hooks(&mut self, mask: u8) -> Result<(), Throw> {
        // During a hook the pc stands behind the instruction, as in a call.
        let f = self.frame();
        // SAFETY: the instruction at the pc exists.
        f.pc = unsafe { f.pc.add(1) };
        self.count_and_line_hooks(mask)?;
        let f = self.frame();
        // SAFETY: undoes the step above.
        f.pc = unsafe { f.pc.sub(1) };
        Ok(())
    }

    fn count_and_line_hooks(&mut self, mask: u8) -> Result<(), Throw> {
        let th = self.th();
        if mask & hook::COUNT != 0 {
            th.hook_left = th.hook_left.saturating_sub(1);
            if th.hook_left == 0 {
                th.hook_left = th.hook_count;
                self.run_hook("count", None)?;
            }
        }
        if mask & hook::LINE == 0 {
            return Ok(());
        }
        let f = self.frame();
        // SAFETY: a Lua frame: its function stands below the base, its pc is in that function's code.
        let (pc, proto) = unsafe {
            let cl: Gc<Closure> = (*f.base.sub(1)).gc();
            let p = cl.proto(&self.heap);
            (
                (f.pc as usize - (*p.ptr()).code as usize) / size_of::<Instr>() - 1,
                p,
            )
        };
        let meta = proto.meta(&self.heap).clone();
        if pc == 0 && meta.is_vararg {
            return Ok(());
        }
        let first = usize::from(meta.is_vararg);
        let old = if f.hook_pc == u32::MAX && pc > first {
            pc - 1
        } else {
            f.hook_pc as usize
        };
        f.hook_pc = pc as u32;
        let line = meta.lines.get(pc);
        if pc == first || pc <= old || meta.lines.get(old) != line {
            self.run_hook("line", line.map(i64::from))?;
        }
        Ok(())
    }

    /// Before the walker executes something on a line: fuel, count hook, line hook. An offset before the last
    /// one means that execution went back. The frame's `aux` is the last line.
    pub(super) fn trace_line(&mut self, offset: u32, line: u32) -> Result<(), Throw> {
        if self.fuel != u64::MAX {
            if self.fuel == 0 {
                return Err(self.raise_stop(StopReason::Instructions));
            }
            self.fuel -= 1;
        }
        let th = self.th();
        if th.in_hook || th.hook_mask & (hook::COUNT | hook::LINE) == 0 {
            return Ok(());
        }
        if th.hook_mask & hook::COUNT != 0 {
            th.hook_left = th.hook_left.saturating_sub(1);
            if th.hook_left == 0 {
                th.hook_left = th.hook_count;
                self.run_hook("count", None)?;
            }
        }
        if self.th().hook_mask & hook::LINE == 0 {
            return Ok(());
        }
        let f = self.frame();
        let fresh = f.hook_pc == u32::MAX;
        let event = fresh || offset < f.hook_pc || f.aux != line;
        (f.hook_pc, f.aux) = (offset, line);
        if event {
            self.run_hook("line", Some(i64::from(line)))?;
        }
        Ok(())
    }

    /// The call hook, for the frame just entered.
    pub(crate) fn hook_call(&mut self) -> Result<(), Throw> {
        self.frame().flags |= frame_flags::HOOKED;
        if self.th().hook_mask & hook::CALL == 0 || self.th().in_hook {
            return Ok(());
        }
        let f = self.frame();
        let n = self.th().top as usize - f.base as usize;
        self.transfer = (1, (n / size_of::<Value>()) as u32);
        let tail = f.flags & frame_flags::TAIL != 0;
        let r = self.run_hook(if tail { "tail call" } else { "call" }, None);
        self.transfer = (0, 0);
        r
    }

    /// The return hook; the `n` results from `first` on are kept, and may move.
    pub(crate) fn hook_return(&mut self, first: *mut Value, n: usize) -> Result<*mut Value, Throw> {
        let th = self.th();
        if th.hook_mask & hook::RETURN == 0 || th.in_hook {
            return Ok(first);
        }
        let at = (first as usize - th.stack as usize) / size_of::<Value>();
        // SAFETY: the results are live slots.
        th.top = unsafe { first.add(n) }.max(th.top);
        let f = self.frame();
        f.aux = (first as usize - f.base as usize) as u32 / size_of::<Value>() as u32;
        self.transfer = (f.aux + 1, n as u32);
        let r = self.run_hook("return", None);
        self.transfer = (0, 0);
        r?;
        // SAFETY: the same slot, in the stack as it is now.
        Ok(unsafe { self.th().stack.add(at) })
    }

    /// Calls the hook function.
    fn run_hook(&mut self, event: &str, line: Option<i64>) -> Result<(), Throw> {
        let co = self.thread;
        let t = co.get(&self.heap);
        if t.in_hook || t.hook.is_nil() {
            return Ok(());
        }
        t.in_hook = true;
        let hook = t.hook;
        let lua = self.frame().is_lua();
        let slots = t.slots();
        self.frame().flags |= frame_flags::HOOK;
        let line = line.map_or(Value::NIL, Value::int);
        let r = self
            .new_str(event.as_bytes())
            .and_then(|s| self.call(hook, &[s.into(), line], 0));
        let t = co.get(&self.heap);
        if r.is_ok() {
            self.frame().flags &= !frame_flags::HOOK;
            if lua || t.slots() != slots {
                // SAFETY: that many slots were in use before.
                t.top = unsafe { t.stack.add(slots) };
            }
        }
        t.in_hook = false;
        self.refresh_trace();
        r.map(|_| ())
    }
}
