//! A native's view of its frame: arguments, pushed values, upvalues.

use crate::error::{Throw, text};
use crate::heap::Gc;
use crate::object::{Frame, Native, Table, Thread};
use crate::state::State;
use crate::value::Value;

impl State {
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn th<'a>(&self) -> &'a mut Thread {
        self.thread.get(&self.heap)
    }
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn frame<'a>(&self) -> &'a mut Frame {
        // SAFETY: the running frame's record is valid (island rule 1).
        unsafe { &mut *self.th().frame }
    }

    /// How many arguments the native has.
    #[inline(always)]
    pub fn nargs(&self) -> usize {
        self.top()
    }
    /// Number of slots in use, arguments included.
    #[inline(always)]
    pub fn top(&self) -> usize {
        (self.th().top as usize - self.frame().base as usize) / size_of::<Value>()
    }
    /// Slot `i`, from 0; nil above the top.
    #[inline(always)]
    pub fn slot(&self, i: usize) -> Value {
        if i < self.top() {
            // SAFETY: the slot is below the top.
            unsafe { *self.frame().base.add(i) }
        } else {
            Value::NIL
        }
    }
    /// Argument `i`, from 1; nil if it is absent.
    #[inline(always)]
    pub fn arg(&self, i: usize) -> Value {
        self.slot(i - 1)
    }
    /// Whether argument `i`, from 1, is absent.
    #[inline(always)]
    pub fn arg_is_none(&self, i: usize) -> bool {
        i > self.top()
    }
    /// Changes slot `i`, from 0, which is below the top.
    ///
    /// # Panics
    /// If it is not.
    #[inline]
    pub fn set_slot(&mut self, i: usize, v: Value) {
        assert!(i < self.top());
        // SAFETY: the slot is below the top.
        unsafe { *self.frame().base.add(i) = v };
    }
    /// Changes argument `i`, from 1.
    ///
    /// # Panics
    /// If it is absent.
    pub fn set_arg(&mut self, i: usize, v: Value) {
        self.set_slot(i - 1, v);
    }
    /// Sets the number of slots in use; new ones are nil.
    pub fn set_top(&mut self, n: usize) {
        let top = self.top();
        if n > top {
            for _ in top..n {
                self.push(Value::NIL);
            }
        } else {
            // SAFETY: at or below the old top.
            self.th().top = unsafe { self.frame().base.add(n) };
        }
    }
    /// Pushes a value. Who pushes an unbounded number asks [`State::check_stack`] first.
    #[inline(always)]
    pub fn push(&mut self, v: Value) {
        let th = self.th();
        if !self.has_room(1) && !self.make_room() {
            return;
        }
        // SAFETY: there is room for one more slot.
        unsafe {
            let top = th.top;
            (*top).bits = v.bits;
            (*top).tag = v.tag;
            th.top = top.add(1);
        }
    }
    /// Pushes the items `first..first + n` of a table's array part, for which [`State::has_stack`] has made
    /// room; false, and nothing is pushed, if not all of them are there.
    pub(crate) fn push_items(&mut self, t: Gc<Table>, first: i64, n: usize) -> bool {
        let th = self.th();
        // SAFETY: the slots above the top have room for the items, and are part of no table.
        unsafe {
            let pushed = self.has_room(n) && t.read_range(&self.heap, first, n, th.top);
            th.top = th.top.add(if pushed { n } else { 0 });
            pushed
        }
    }
    /// Makes the slots in use below slot `n` the items from 1 on of a table without items.
    ///
    /// # Errors
    /// No memory.
    pub(crate) fn set_items(&mut self, t: Gc<Table>, n: usize) -> Result<(), Throw> {
        assert!(n <= self.top());
        // SAFETY: live slots, which stay where they are while the table grows.
        let items = unsafe { std::slice::from_raw_parts(self.frame().base, n) };
        t.set_list(&mut self.heap, 1, items)
            .map_err(|e| self.table_error(e))
    }
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) -> bool {
        let th = self.th();
        th.grow(&mut self.heap, th.top, 32, true).is_ok()
    }
    /// Pops the last value.
    ///
    /// # Panics
    /// If there is none.
    pub fn pop(&mut self) -> Value {
        assert!(self.top() > 0);
        let th = self.th();
        // SAFETY: there is a slot below the top.
        unsafe {
            th.top = th.top.sub(1);
            *th.top
        }
    }
    #[inline(always)]
    fn has_room(&self, n: usize) -> bool {
        let th = self.th();
        // SAFETY: compared only, never read.
        th.fits(th.top.wrapping_add(n))
    }
    /// Whether `n` more values can be pushed; makes room for them.
    pub fn has_stack(&mut self, n: usize) -> bool {
        if self.th().slots() + n > crate::object::max_stack() {
            return false;
        }
        self.has_room(n) || {
            let th = self.th();
            th.grow(&mut self.heap, th.top, n + 8, false).is_ok()
        }
    }
    /// Makes room for `n` more values.
    ///
    /// # Errors
    /// "stack overflow (msg)".
    pub fn check_stack(&mut self, n: usize, msg: &str) -> Result<(), Throw> {
        if self.has_stack(n) {
            return Ok(());
        }
        if msg.is_empty() {
            return Err(self.error(text::STACK_OVERFLOW));
        }
        Err(self.error(format!("{} ({msg})", text::STACK_OVERFLOW)))
    }
    /// The running function, if it is a native.
    #[inline(always)]
    pub(crate) fn running_native(&self) -> Option<Gc<Native>> {
        let f = self.frame();
        // SAFETY: the function stands below the base.
        unsafe { *f.base.sub(1) }.as_native()
    }
    /// Upvalue `i`, from 1, of the running native; nil if there is none.
    #[inline]
    pub fn upvalue(&self, i: usize) -> Value {
        self.running_native()
            .and_then(|n| n.upvalues(&self.heap).get(i - 1).copied())
            .unwrap_or(Value::NIL)
    }
    /// Sets upvalue `i`, from 1, of the running native.
    pub fn set_upvalue(&mut self, i: usize, v: Value) {
        if let Some(n) = self.running_native() {
            n.set_upvalue(&mut self.heap, i - 1, v);
        }
    }
}
