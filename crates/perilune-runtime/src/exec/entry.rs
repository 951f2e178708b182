//! Calls from Rust: natives, metamethods run by natives, and the host call Lua here, and wait for it.

use super::interp;
use super::unwind::handle;
use crate::error::{StopReason, Throw, text};
use crate::heap::Event;
use crate::native::Ret;
use crate::object::{Closure, Frame, cont, frame_flags};
use crate::state::{MAX_C_DEPTH, State};
use crate::value::{Tag, Value};

impl State {
    /// Calls `f` from the host, protected: Ok(Ok(number of results, which are pushed)), or the error
    /// value as `handler` (a message handler) leaves it. After a stop the state can be used again.
    ///
    /// # Errors
    /// Why it was stopped.
    pub fn host_call(
        &mut self,
        f: Value,
        args: &[Value],
        handler: Option<Value>,
    ) -> Result<Result<usize, Value>, StopReason> {
        let at = self.th().slots();
        let main = self.thread;
        let r = self.host_call_inner(f, args, handler);
        match r {
            Ok(n) => Ok(Ok(n)),
            Err(Throw::Error) => {
                let e = self.take_error();
                Ok(Err(e))
            }
            Err(Throw::Stop) => {
                debug_assert!(main == self.thread);
                if self.exit.is_none() {
                    self.close_after_stop(at);
                }
                let t = self.th();
                // SAFETY: that many slots were in use before.
                t.top = unsafe { t.stack.add(at) };
                Err(self.stop.unwrap_or(StopReason::Interrupted))
            }
        }
    }

    fn host_call_inner(&mut self, f: Value, args: &[Value], handler: Option<Value>) -> Result<usize, Throw> {
        fn protected(_: &mut State) -> Result<Ret, Throw> {
            Ok(Ret::Pcall)
        }
        fn handled(_: &mut State) -> Result<Ret, Throw> {
            Ok(Ret::Xpcall)
        }
        let mut all = Vec::with_capacity(args.len() + 2);
        let native = match handler {
            Some(h) => {
                all.push(h);
                handled
            }
            None => protected,
        };
        all.push(f);
        all.extend_from_slice(args);
        let g = self.new_native("host", native, &[])?;
        let at = self.th().slots();
        let n = self.call(g.into(), &all, -1)?;
        let t = self.th();
        // SAFETY: the call left `n` results from slot `at` on, the first of them the status.
        unsafe {
            let first = t.stack.add(at);
            if (*first).truthy() {
                std::ptr::copy(first.add(1), first, n - 1);
                t.top = t.top.sub(1);
                return Ok(n - 1);
            }
            let e = *first.add(1);
            t.top = first;
            Err(self.error_value(e))
        }
    }
    /// Counts one more level of Rust recursion.
    pub(crate) fn enter_c(&mut self) -> Result<(), Throw> {
        self.c_depth += 1;
        let checked = self.check_c_levels();
        self.c_depth -= u32::from(checked.is_err());
        checked
    }

    /// How many levels of C calls PUC would count: Rust recursion, resumes, and protected calls.
    #[inline(always)]
    pub(crate) fn c_levels(&self) -> u32 {
        self.c_depth + self.th().protected
    }

    /// Refuses the level counted last if it is one too many.
    #[inline]
    pub(crate) fn check_c_levels(&mut self) -> Result<(), Throw> {
        if self.c_levels() < MAX_C_DEPTH {
            return Ok(());
        }
        self.too_many_levels()
    }

    #[cold]
    #[inline(never)]
    fn too_many_levels(&mut self) -> Result<(), Throw> {
        let levels = self.c_levels();
        if levels == MAX_C_DEPTH {
            // The handler runs here, with the few levels that are left.
            let _ = self.runtime_error(text::C_STACK_OVERFLOW);
            return Err(handle(self));
        }
        if levels >= MAX_C_DEPTH / 10 * 11 {
            let t = self.error_plain(text::ERROR_IN_HANDLER);
            self.handled = true;
            return Err(t);
        }
        Ok(())
    }

    /// Calls `f` from Rust; its results are pushed. Returns how many there are.
    ///
    /// # Errors
    /// What the function raises.
    pub fn call(&mut self, f: Value, args: &[Value], nresults: i32) -> Result<usize, Throw> {
        self.enter_c()?;
        let r = self.call_counted(f, args, nresults);
        self.c_depth -= 1;
        r
    }

    fn call_counted(&mut self, f: Value, args: &[Value], nresults: i32) -> Result<usize, Throw> {
        let th = self.thread;
        {
            let t = th.get(&self.heap);
            if self.frame().is_lua() {
                t.top = t.live_end();
            }
        }
        self.room(args.len() + 1)?;
        let t = th.get(&self.heap);
        t.no_yield += 1;
        let protected = t.protected;
        let at = t.slots();
        // SAFETY: there is room for the function and its arguments; `run` ends with the results at
        // the function's slot.
        let r = unsafe {
            let func = t.top;
            *func = f;
            for (i, &v) in args.iter().enumerate() {
                *func.add(1 + i) = v;
            }
            t.top = func.add(1 + args.len());
            interp::run(self, at)
        };
        let t = th.get(&self.heap);
        t.no_yield -= 1;
        t.protected = protected;
        r?;
        let n = t.slots() - at;
        if nresults >= 0 {
            let want = nresults as usize;
            for _ in n..want {
                self.push(Value::NIL);
            }
            // SAFETY: `at + want` slots are in use now.
            t.top = unsafe { t.stack.add(at + want) };
            return Ok(want);
        }
        Ok(n)
    }

    /// Calls `f` for one result, which is not pushed.
    ///
    /// # Errors
    /// What the function raises.
    #[inline]
    pub fn call1(&mut self, f: Value, args: &[Value]) -> Result<Value, Throw> {
        // SAFETY: the running frame is valid.
        if !unsafe { self.is_simple(f, args.len()) } {
            return self.call1_slow(f, args);
        }
        let th = self.thread.ptr();
        // SAFETY: the function and its arguments fit above the top.
        unsafe {
            let func = (*th).top;
            *func = f;
            for (i, &v) in args.iter().enumerate() {
                *func.add(1 + i) = v;
            }
            self.run_simple(func, args.len())?;
            Ok(*(*th).top)
        }
    }

    /// Whether `f(a, b)` is true.
    ///
    /// # Errors
    /// What the function raises.
    #[inline]
    pub fn test(&mut self, f: Value, a: Value, b: Value) -> Result<bool, Throw> {
        // SAFETY: the running frame is valid.
        if !unsafe { self.is_simple(f, 2) } {
            return Ok(self.call1_slow(f, &[a, b])?.truthy());
        }
        let th = self.thread.ptr();
        // SAFETY: the function and its arguments fit above the top.
        unsafe {
            let func = (*th).top;
            *func = f;
            *func.add(1) = a;
            *func.add(2) = b;
            self.run_simple(func, 2)?;
            Ok((*(*th).top).truthy())
        }
    }

    /// Whether a native calls the Lua function `f` with `nargs` values, and nothing can go wrong
    /// before its frame stands.
    ///
    /// # Safety
    /// The running frame is valid.
    #[inline(always)]
    unsafe fn is_simple(&self, f: Value, nargs: usize) -> bool {
        let th = self.thread.ptr();
        // SAFETY: this function's promise; a closure has code.
        unsafe {
            let watched = (*th).hook_mask != 0;
            if f.tag != Tag::CLOSURE
                || watched
                || (*(*th).frame).is_lua()
                || self.c_levels() + 1 >= MAX_C_DEPTH
            {
                return false;
            }
            let proto = &*(*f.gc::<Closure>().ptr()).proto.ptr();
            let slots = 1 + nargs + proto.max_stack as usize;
            proto.plain && (*th).fits((*th).top.add(slots)) && !self.options.stress.move_stack
        }
    }

    /// Runs the Lua function at `func` with `nargs` values above it. What it returns first stands then
    /// where the top is, which is the old one.
    ///
    /// # Safety
    /// [`State::is_simple`] holds, and `func` is the top.
    unsafe fn run_simple(&mut self, func: *mut Value, nargs: usize) -> Result<(), Throw> {
        let th = self.thread.ptr();
        // SAFETY: this function's promise; the loop ends with the results at the function's slot.
        unsafe {
            let p = (*(*func).gc::<Closure>().ptr()).proto.ptr();
            let proto = &*p;
            let base = func.add(1);
            let np = proto.num_params as usize;
            for i in nargs..np {
                *base.add(i) = Value::NIL;
            }
            let frame = (*th).frame.sub(1);
            *frame = Frame::lua(func, base, proto.code, -1);
            (*frame).cont = cont::ENTRY;
            (*th).frame = frame;
            (*th).top = base.add(np);
            let at = (func as usize) - (*th).stack as usize;
            let protected = (*th).protected;
            self.c_depth += 1;
            (*th).no_yield += 1;
            let r = interp::run_function(self, p);
            self.c_depth -= 1;
            (*th).no_yield -= 1;
            (*th).protected = protected;
            r?;
            let func = (*th).stack.byte_add(at);
            if (*th).top == func {
                *func = Value::NIL;
            }
            (*th).top = func;
            Ok(())
        }
    }

    #[inline(never)]
    fn call1_slow(&mut self, f: Value, args: &[Value]) -> Result<Value, Throw> {
        let lua = self.frame().is_lua();
        self.call(f, args, 1)?;
        let t = self.th();
        // SAFETY: `call` left one value.
        unsafe {
            let v = *t.top.sub(1);
            t.top = t.top.sub(1);
            if lua {
                t.top = t.live_end();
            }
            Ok(v)
        }
    }

    /// Calls `f` and catches errors: Ok(Ok(number of results pushed)) or Ok(Err(error value)). No
    /// message handler sees them.
    ///
    /// # Errors
    /// Stops only.
    pub fn protected_call(&mut self, f: Value, args: &[Value]) -> Result<Result<usize, Value>, Throw> {
        self.catching(|st| {
            st.barred_handlers(true);
            let r = st.call(f, args, -1);
            st.barred_handlers(false);
            r
        })
    }

    /// Does `work`, which may call Lua, and catches errors: Ok(Err(error value)), with the stack as it
    /// was. The message handler in force has seen those that Lua raised.
    ///
    /// # Errors
    /// Stops only.
    pub(crate) fn catching<R>(
        &mut self,
        work: impl FnOnce(&mut State) -> Result<R, Throw>,
    ) -> Result<Result<R, Value>, Throw> {
        let th = self.thread;
        let top = th.get(&self.heap).slots();
        let frame = self.frame_index();
        let depth = self.c_depth;
        let no_yield = th.get(&self.heap).no_yield;
        th.get(&self.heap).catching += 1;
        let outcome = work(self);
        th.get(&self.heap).catching -= 1;
        match outcome {
            Ok(done) => Ok(Ok(done)),
            Err(Throw::Stop) => Err(Throw::Stop),
            Err(Throw::Error) => {
                self.c_depth = depth;
                let t = th.get(&self.heap);
                t.no_yield = no_yield;
                debug_assert_eq!(frame, self.frame_index());
                // SAFETY: the slots below the old top are in use.
                t.top = unsafe { t.stack.add(top) };
                let v = self.take_error();
                let v = self.close_pending(top, Some(v))?;
                Ok(Err(v.unwrap_or(Value::NIL)))
            }
        }
    }

    fn barred_handlers(&mut self, on: bool) {
        let f = self.frame();
        if on {
            f.flags |= frame_flags::PROTECTED;
        } else {
            f.flags &= !frame_flags::PROTECTED;
        }
    }

    fn frame_index(&self) -> usize {
        let t = self.th();
        (t.bottom() as usize - t.frame as usize) / size_of::<Frame>()
    }

    /// Closes upvalues and pending variables at and above slot `at`, from Rust. `error` is the error
    /// being delivered; a `__close` that fails replaces it.
    pub(crate) fn close_pending(&mut self, at: usize, error: Option<Value>) -> Result<Option<Value>, Throw> {
        let mut error = error;
        loop {
            let th = self.th();
            // SAFETY: `at` is a slot of the stack.
            let slot = unsafe { th.stack.add(at) };
            let Some(var) = th.last_tbc(slot) else {
                th.close_upvals(&mut self.heap, slot);
                return Ok(error);
            };
            th.close_upvals(&mut self.heap, var);
            th.tbc_len -= 1;
            // SAFETY: a live slot.
            let v = unsafe { *var };
            // SAFETY: as above; the variable stays alive while it is closed.
            th.top = th.top.max(unsafe { var.add(1) });
            let f = self.heap.metamethod(v, Event::Close);
            let root = self.heap.root(error.unwrap_or(Value::NIL));
            th.catching += 1;
            let r = match error {
                Some(e) => self.call(f, &[v, e], 0),
                None => self.call(f, &[v], 0),
            };
            self.th().catching -= 1;
            error = error.map(|_| self.heap.handle(root));
            self.heap.unroot(root);
            match r {
                Ok(_) => {}
                Err(Throw::Stop) => return Err(Throw::Stop),
                Err(Throw::Error) => error = Some(self.take_error()),
            }
        }
    }
}
