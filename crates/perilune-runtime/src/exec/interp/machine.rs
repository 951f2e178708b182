//! The machine's registers and what several opcodes share: table access, calls, safepoint tests.

use super::numeric::int;
use super::slow::*;
use super::{Flow, Machine, UNKNOWN};
use crate::exec::{compiled, tier};
use crate::heap::Gc;
use crate::object::{Closure, Frame, ProtoObj, Table, Thread};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use std::sync::atomic::{AtomicU32, Ordering};

impl Machine {
    #[inline(always)]
    pub(super) unsafe fn load(st: &mut State) -> Machine {
        let word: *const AtomicU32 = &*st.interrupt;
        let mut m = Machine {
            base: std::ptr::null_mut(),
            pc: std::ptr::null(),
            consts: std::ptr::null(),
            st,
            word,
        };
        // SAFETY: the running frame is a Lua frame.
        unsafe { m.reload() };
        m
    }
    #[inline(always)]
    pub(super) unsafe fn th(&self) -> *mut Thread {
        // SAFETY: the state outlives the loop.
        unsafe { (*self.st).thread.ptr() }
    }
    #[inline(always)]
    pub(super) unsafe fn reload(&mut self) {
        // SAFETY: the running frame is a Lua frame (rule 1).
        unsafe {
            let f = (*self.th()).frame;
            self.base = (*f).base;
            self.pc = (*f).pc;
            let cl: Gc<Closure> = (*self.base.sub(1)).gc();
            self.consts = (*(*cl.ptr()).proto.ptr()).consts;
        }
    }
    #[inline(always)]
    pub(super) unsafe fn save(&self) {
        // SAFETY: the running frame's record.
        unsafe { (*(*self.th()).frame).pc = self.pc };
    }
    #[inline(always)]
    pub(super) unsafe fn closure(&self) -> Gc<Closure> {
        // SAFETY: the function stands below the base.
        unsafe { (*self.base.sub(1)).gc() }
    }
    #[inline(always)]
    pub(super) unsafe fn r(&self, i: u8) -> Value {
        // SAFETY: rule 4.
        unsafe { *self.base.add(i as usize) }
    }
    #[inline(always)]
    pub(super) unsafe fn set(&self, i: u8, v: Value) {
        // SAFETY: rule 4. Payload and tag are stored apart.
        unsafe {
            let p = self.base.add(i as usize);
            (*p).bits = v.bits;
            (*p).tag = v.tag;
        }
    }
    #[inline(always)]
    pub(super) unsafe fn k(&self, i: usize) -> Value {
        // SAFETY: rule 4.
        unsafe { *self.consts.add(i) }
    }
    #[inline(always)]
    pub(super) unsafe fn jump(&mut self, d: i32) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.pc = self.pc.offset(d as isize);
            if d >= 0 {
                return Flow::Next;
            }
            match self.warm(true) {
                Flow::Next => self.check(UNKNOWN),
                other => other,
            }
        }
    }
    /// The safepoint test. Only the registers below `live` are in use here ([`UNKNOWN`]: perhaps all).
    #[inline(always)]
    pub(super) unsafe fn check(&mut self, live: usize) -> Flow {
        // SAFETY: the word outlives the state's run.
        unsafe {
            if (*self.word).load(Ordering::Relaxed) != 0 {
                self.save();
                return poll(&mut *self.st, live);
            }
        }
        Flow::Next
    }
    /// The safepoint test after a call that may have changed frames.
    #[inline(always)]
    pub(super) unsafe fn go_on(&mut self, live: usize) -> Flow {
        // SAFETY: the running frame is a Lua frame.
        unsafe {
            if compiled::has_arrived(&*self.st) {
                return Flow::Reload;
            }
            self.reload();
            self.check(live)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn branch(&mut self, truth: bool, i: Instr) -> Flow {
        if truth == (i.c() != 0) {
            // SAFETY: rule 4.
            unsafe { self.jump(i.d()) }
        } else {
            Flow::Next
        }
    }

    /// `obj[key]` for a key that is not a constant.
    #[inline(always)]
    pub(super) unsafe fn get_any(&mut self, obj: Value, key: Value, a: u8) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if key.tag == Tag::INT {
                return self.get_int(obj, int(key), a);
            }
            if key.tag == Tag::STR && obj.tag == Tag::TABLE {
                let t = obj.gc::<Table>();
                let v = t.get_str(&(*self.st).heap, key.gc());
                if v.tag != Tag::NIL || (*t.ptr()).metatable.is_none() {
                    self.set(a, v);
                    return Flow::Next;
                }
            }
            self.save();
            slow_index(&mut *self.st, obj, key, a)
        }
    }

    /// `obj[n]` for an integer.
    #[inline(always)]
    pub(super) unsafe fn get_int(&mut self, obj: Value, n: i64, a: u8) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if obj.tag == Tag::TABLE {
                let t: &Table = &*obj.gc::<Table>().ptr();
                let at = (n as u64).wrapping_sub(1);
                if at < t.asize as u64 {
                    let v = t.array_get(at as u32);
                    if v.tag != Tag::NIL || t.metatable.is_none() {
                        self.set(a, v);
                        return Flow::Next;
                    }
                }
            }
            self.save();
            slow_index(&mut *self.st, obj, Value::int(n), a)
        }
    }

    /// `obj[n] = v` for an integer.
    #[inline(always)]
    pub(super) unsafe fn set_int(&mut self, obj: Value, n: i64, v: Value) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let st = &mut *self.st;
            if obj.tag == Tag::TABLE {
                let t = &mut *obj.gc::<Table>().ptr();
                let at = (n as u64).wrapping_sub(1);
                if at < t.asize as u64 {
                    if t.metatable.is_none() || t.array_get(at as u32).tag != Tag::NIL {
                        st.heap.barrier((t as *mut Table).cast());
                        if t.array_try_set(at as u32, v) {
                            return Flow::Next;
                        }
                        self.save();
                        return store_item(st, obj, n, v);
                    }
                } else if t.metatable.is_none() {
                    let appends = at == t.asize as u64 && t.asize < t.acap;
                    if appends && t.plain() && v.tag != Tag::NIL && t.array_try_set(at as u32, v) {
                        st.heap.barrier((t as *mut Table).cast());
                        t.asize += 1;
                        return Flow::Next;
                    }
                    self.save();
                    return store_item(st, obj, n, v);
                }
            }
            self.save();
            slow_store(st, obj, Value::int(n), v)
        }
    }

    #[inline(always)]
    pub(super) unsafe fn set_any(&mut self, obj: Value, key: Value, v: Value) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if key.tag == Tag::INT {
                return self.set_int(obj, int(key), v);
            }
            self.save();
            if obj.tag == Tag::TABLE && (*obj.gc::<Table>().ptr()).metatable.is_none() {
                return store_raw(&mut *self.st, obj, key, v);
            }
            slow_store(&mut *self.st, obj, key, v)
        }
    }

    /// The compiled form of the Lua function at `func`.
    #[inline(always)]
    pub(super) unsafe fn proto_at<'a>(func: *mut Value) -> &'a ProtoObj {
        // SAFETY: the caller's promise: a live Lua function.
        unsafe { &*(*(*func).gc::<Closure>().ptr()).proto.ptr() }
    }

    /// Enters the Lua function at `func`, compiled as `proto`, with `nargs` arguments. If it is `PLAIN` it
    /// has no varargs and no tree.
    #[inline(always)]
    pub(super) unsafe fn enter<const TRACE: bool, const PLAIN: bool>(
        &mut self,
        func: *mut Value,
        proto: &ProtoObj,
        nargs: usize,
        nresults: i32,
    ) -> Flow {
        // SAFETY: the slots are live; `fits` says there is room for the registers and a frame record.
        unsafe {
            let th = self.th();
            let base = func.add(1);
            let np = proto.num_params as usize;
            if TRACE || !(*th).fits(base.add(proto.max_stack as usize)) {
                (*th).top = base.add(nargs);
                let flow = slow_call(&mut *self.st, func, nresults);
                return if TRACE { self.warm_traced(flow) } else { flow };
            }
            if !PLAIN && !proto.plain {
                (*th).top = base.add(nargs);
                return enter_vararg(&mut *self.st, func, nresults);
            }
            for k in nargs..np {
                *base.add(k) = Value::NIL;
            }
            let frame = (*th).frame.sub(1);
            *frame = Frame::lua(func, base, proto.code, nresults);
            (*th).frame = frame;
            (*th).top = base;
            self.base = base;
            self.pc = proto.code;
            self.consts = proto.consts;
            match self.warm(false) {
                Flow::Next => self.check(np),
                other => other,
            }
        }
    }
    /// A call has ended with `flow`: if it has entered a function that is hot, and instructions are merely counted,
    /// its compiled code runs.
    unsafe fn warm_traced(&mut self, flow: Flow) -> Flow {
        // SAFETY: the machine's registers have been saved.
        unsafe {
            let st = &mut *self.st;
            if flow != Flow::Reload || !st.counts_alone() || compiled::is_traced(st) {
                return flow;
            }
            match compiled::begin(st) {
                Flow::Next => flow,
                other => other,
            }
        }
    }
    /// Takes one from the heat of the running function, at the beginning of a round of a loop (`in_loop`) or of
    /// the function.
    #[inline(always)]
    pub(super) unsafe fn warm(&mut self, in_loop: bool) -> Flow {
        // SAFETY: the heat stands before the constants.
        unsafe {
            let heat = self.consts.cast_mut().sub(1).cast::<i64>();
            *heat -= 1;
            if *heat < 0 {
                self.save();
                return tier::hot(&mut *self.st, in_loop);
            }
        }
        Flow::Next
    }
}
