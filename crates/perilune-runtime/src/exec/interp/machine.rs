//! The machine's registers and what several opcodes share: table access, calls, safepoint tests.

use super::numeric::int;
use super::slow::*;
use super::{Flow, Machine, UNKNOWN};
use crate::heap::Gc;
use crate::object::{Closure, Frame, Str, Table, Thread, cont, frame_flags};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::{Instr, Op};
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
            if d < 0 { self.check(UNKNOWN) } else { Flow::Next }
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
    #[inline(always)]
    pub(super) unsafe fn branch(&mut self, truth: bool, i: Instr) -> Flow {
        if truth == (i.c() != 0) {
            // SAFETY: rule 4.
            unsafe { self.jump(i.d()) }
        } else {
            Flow::Next
        }
    }

    /// `obj[k]` for an interned string.
    #[inline(always)]
    pub(super) unsafe fn get_field(&mut self, obj: Value, key: Value, a: u8, i: Instr) -> Flow {
        // SAFETY: rule 4; the pc points behind `i`, which is in this state's own copy of the code.
        unsafe {
            if obj.tag == Tag::TABLE {
                let t: &Table = &*obj.gc::<Table>().ptr();
                let key_str: Gc<Str> = key.gc();
                let hint = i.c() as u32;
                if hint < t.nused {
                    let n = t.node(hint);
                    if n.has_str(key_str) && n.value().tag != Tag::NIL {
                        self.set(a, n.value());
                        return Flow::Next;
                    }
                }
                return self.get_field_miss(t, key_str, obj, key, a);
            }
            self.save();
            slow_index(&mut *self.st, obj, key, a)
        }
    }

    #[inline(always)]
    pub(super) unsafe fn get_field_miss(
        &mut self,
        t: &Table,
        key_str: Gc<Str>,
        obj: Value,
        key: Value,
        a: u8,
    ) -> Flow {
        // SAFETY: as in `get_field`.
        unsafe {
            if key_str.is_short(&(*self.st).heap)
                && t.nused > 0
                && let Some(at) = t.find_short(key_str)
            {
                let v = t.node(at).value();
                if v.tag != Tag::NIL {
                    remember(self.pc, at);
                    self.set(a, v);
                    return Flow::Next;
                }
            }
            if t.metatable.is_none() {
                let v = obj.gc::<Table>().get(&(*self.st).heap, key);
                self.set(a, v);
                return Flow::Next;
            }
            self.save();
            slow_index(&mut *self.st, obj, key, a)
        }
    }

    /// `obj[k] = v` for an interned string.
    #[inline(always)]
    pub(super) unsafe fn set_field(&mut self, obj: Value, key: Value, v: Value, hint: u32) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let st = &mut *self.st;
            if obj.tag == Tag::TABLE {
                let t = &mut *obj.gc::<Table>().ptr();
                let key_str: Gc<Str> = key.gc();
                if hint < t.nused {
                    let n = t.node(hint);
                    if n.has_str(key_str) && n.value().tag != Tag::NIL {
                        st.heap.barrier((t as *mut Table).cast());
                        t.header.flags = 0;
                        n.set_value(v);
                        return Flow::Next;
                    }
                }
                if key_str.is_short(&st.heap) {
                    let found = if t.nused > 0 { t.find_short(key_str) } else { None };
                    if let Some(at) = found
                        && (t.metatable.is_none() || !t.node(at).value().is_nil())
                    {
                        st.heap.barrier((t as *mut Table).cast());
                        t.header.flags = 0;
                        t.node(at).set_value(v);
                        remember_b(self.pc, at);
                        return Flow::Next;
                    }
                    if found.is_none() && t.metatable.is_none() {
                        self.save();
                        return match obj.gc::<Table>().set_str(&mut st.heap, key_str, v) {
                            Ok(()) => Flow::Next,
                            Err(e) => fail(st.table_error(e)),
                        };
                    }
                }
            }
            self.save();
            slow_store(st, obj, key, v)
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
                        t.array_set(at as u32, v);
                        return Flow::Next;
                    }
                } else if t.metatable.is_none() {
                    if at == t.asize as u64 && t.asize < t.acap && t.nused == 0 && v.tag != Tag::NIL {
                        st.heap.barrier((t as *mut Table).cast());
                        t.array_set(at as u32, v);
                        t.asize += 1;
                        return Flow::Next;
                    }
                    self.save();
                    return match obj.gc::<Table>().set_int(&mut st.heap, n, v) {
                        Ok(()) => Flow::Next,
                        Err(e) => fail(st.table_error(e)),
                    };
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
            if key.tag == Tag::STR {
                return self.set_field(obj, key, v, u32::MAX);
            }
            self.save();
            slow_store(&mut *self.st, obj, key, v)
        }
    }

    /// Enters the Lua function at `func`, whose arguments reach up to `top`.
    #[inline(always)]
    pub(super) unsafe fn enter<const TRACE: bool>(
        &mut self,
        func: *mut Value,
        nargs: usize,
        nresults: i32,
    ) -> Flow {
        // SAFETY: the slots are live; `fits` says there is room for the registers and a frame record.
        unsafe {
            let th = self.th();
            let cl: Gc<Closure> = (*func).gc();
            let proto = &*(*cl.ptr()).proto.ptr();
            let base = func.add(1);
            let np = proto.num_params as usize;
            if TRACE || proto.is_vararg || !(*th).fits(base.add(proto.max_stack as usize)) {
                (*th).top = base.add(nargs);
                return slow_call(&mut *self.st, func, nresults);
            }
            for k in nargs..np {
                *base.add(k) = Value::NIL;
            }
            let frame = (*th).frame.sub(1);
            *frame = Frame {
                base,
                pc: proto.code,
                func,
                nextra: 0,
                nresults: nresults as i16,
                cont: cont::NORMAL,
                flags: frame_flags::LUA,
                aux: 0,
                ncall: 0,
                hook_pc: u32::MAX,
            };
            (*th).frame = frame;
            (*th).top = base;
            self.base = base;
            self.pc = proto.code;
            self.consts = proto.consts;
            self.check(np)
        }
    }
}

/// Notes in the GETFIELD before `pc` at which node it found its key.
#[inline(always)]
pub(super) unsafe fn remember(pc: *const Instr, at: u32) {
    if at < 255 {
        // SAFETY: the code is this state's own copy.
        unsafe {
            let i = pc.sub(1).cast_mut();
            *i = Instr((*i).0 & !0xff00_0000 | (at as u64) << 24);
        }
    }
}

/// Notes in the SETFIELD before `pc` at which node it found its key.
#[inline(always)]
pub(super) unsafe fn remember_b(pc: *const Instr, at: u32) {
    // SAFETY: the code is this state's own copy.
    unsafe {
        let i = pc.sub(1).cast_mut();
        let op = (*i).op_byte();
        if at < 255 && (op == Op::SETFIELD as u8 || op == Op::SETFIELDK as u8) {
            *i = Instr((*i).0 & !0x00ff_0000 | (at as u64) << 16);
        }
    }
}
