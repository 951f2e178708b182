//! Opcodes of moves, tables, control, calls and closures.

use super::super::call::{self, Next};
use super::slow::*;
use super::{Flow, Machine, UNKNOWN};
use crate::exec::registers;
use crate::object::{ArrayKind, Closure, Frame, ProtoObj, Table, cont, frame_flags};
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;

/// What each does is said in the opcode table.
impl Machine {
    #[inline(always)]
    pub(super) unsafe fn move_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), self.r(i.b())) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::int(i.d() as i64)) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadf<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::float(i.d() as f64)) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), self.k(i.du() as usize)) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadnil<const T: bool>(&mut self, i: Instr) -> Flow {
        for k in 0..=i.b() {
            // SAFETY: rule 4.
            unsafe { self.set(i.a() + k, Value::NIL) };
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadfalse<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::FALSE) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn loadtrue<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::TRUE) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn getupval<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            self.set(i.a(), *(*u.ptr()).at);
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn setupval<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            u.set(&mut (*self.st).heap, self.r(i.a()));
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn getint<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.get_int(self.r(i.b()), i.d() as i64, i.a()) }
    }
    #[inline(always)]
    pub(super) unsafe fn setindexk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_any(self.r(i.a()), self.r(i.b()), self.k(i.c() as usize)) }
    }
    #[inline(always)]
    pub(super) unsafe fn setint<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_int(self.r(i.a()), i.d() as i64, self.r(i.c())) }
    }
    #[inline(always)]
    pub(super) unsafe fn setintk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_int(self.r(i.a()), i.d() as i64, self.k(i.c() as usize)) }
    }
    #[inline(always)]
    pub(super) unsafe fn newtable<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match new_table(
                &mut *self.st,
                i.du() as usize,
                i.b() as usize,
                self.base.add(i.a() as usize),
            ) {
                Flow::Next => self.check(i.a() as usize + 1),
                other => other,
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setlist<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the table is fresh and the items are live registers.
        unsafe {
            let st = &mut *self.st;
            let first = self.base.add(i.a() as usize + 1);
            let n = if i.b() > 0 {
                i.b() as usize
            } else {
                ((*self.th()).top as usize - first as usize) / size_of::<Value>()
            };
            let Some(t) = self.r(i.a()).as_table() else {
                return Flow::Next;
            };
            self.save();
            let items = std::slice::from_raw_parts(first, n);
            match t.set_list(&mut st.heap, i.du() + 1, items) {
                Ok(()) => Flow::Next,
                Err(e) => fail(st.table_error(e)),
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn not<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::bool(!self.r(i.b()).truthy())) };
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn len<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let v = self.r(i.b());
            if v.tag == Tag::TABLE {
                let t: &Table = &*v.gc::<Table>().ptr();
                if t.plain() && t.kind != ArrayKind::Generic {
                    self.set(i.a(), Value::int(t.asize as i64));
                    return Flow::Next;
                }
            }
            self.save();
            slow_len(&mut *self.st, v, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn concat<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match call::concat(&mut *self.st, i.a() as usize, i.b() as usize) {
                Ok(Next::Lua) => {
                    self.reload();
                    self.check(UNKNOWN)
                }
                other => other.into(),
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn close<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            slow_close(&mut *self.st, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tbc<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match (*self.st).mark_tbc(self.base.add(i.a() as usize)) {
                Ok(()) => Flow::Next,
                Err(t) => fail(t),
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn jmp<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.jump(i.d()) }
    }
    #[inline(always)]
    pub(super) unsafe fn test<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.branch(self.r(i.a()).truthy(), i) }
    }
    #[inline(always)]
    pub(super) unsafe fn testset<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let v = self.r(i.b());
            if v.truthy() == (i.c() != 0) {
                self.set(i.a(), v);
                return self.jump(i.d());
            }
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn call_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if (*func).tag == Tag::CLOSURE {
                return self.call_plain::<T, false>(i, func, Machine::proto_at(func));
            }
            self.save();
            let (th, nresults) = (self.th(), i.c() as i32 - 1);
            if i.b() != 0 {
                (*th).top = func.add(i.b() as usize);
            }
            let frame = (*th).frame;
            match slow_call(&mut *self.st, func, nresults) {
                Flow::Reload => {
                    let same = (*self.th()).frame == frame && nresults >= 0;
                    self.go_on(if same {
                        i.a() as usize + nresults as usize
                    } else {
                        UNKNOWN
                    })
                }
                other => other,
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tailcall<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if !T && i.c() == 0 && (*func).tag == Tag::CLOSURE {
                let proto = &*(*(*func).gc::<Closure>().ptr()).proto.ptr();
                let th = self.th();
                let f = &mut *(*th).frame;
                let plain = proto.plain && f.nextra == 0 && f.func.add(1) == f.base;
                if plain && (*th).fits(f.base.add(proto.max_stack as usize)) {
                    let n = match i.b() {
                        0 => ((*th).top as usize - func as usize) / size_of::<Value>(),
                        n => n as usize,
                    };
                    return self.replace_frame(f, proto, func, n.min(proto.num_params as usize + 1));
                }
            }
            self.save();
            match tail_call(&mut *self.st, i) {
                Flow::Reload => self.go_on(UNKNOWN),
                other => other,
            }
        }
    }
    /// The callee at `func`, a Lua function without varargs, takes over the running frame; `n` values,
    /// itself included, move down.
    #[inline(always)]
    unsafe fn replace_frame(&mut self, f: &mut Frame, proto: &ProtoObj, func: *mut Value, n: usize) -> Flow {
        // SAFETY: rule 4; there is room for the callee's registers.
        unsafe {
            for k in 0..n {
                *f.func.add(k) = *func.add(k);
            }
            let np = proto.num_params as usize;
            for k in n - 1..np {
                *f.base.add(k) = Value::NIL;
            }
            f.pc = proto.code;
            f.flags =
                frame_flags::LUA | frame_flags::TAIL | f.flags & (frame_flags::HOOK | frame_flags::FINALISER);
            (f.aux, f.ncall, f.hook_pc) = (0, 0, u32::MAX);
            (*self.th()).top = f.base;
            self.pc = proto.code;
            self.consts = proto.consts;
            self.check(np)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn return_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; a NORMAL continuation stands above a Lua frame.
        unsafe {
            let th = self.th();
            let f = &*(*th).frame;
            if !T && i.c() == 0 && f.cont == cont::NORMAL {
                let first = self.base.add(i.a() as usize);
                let n = if i.b() > 0 {
                    i.b() as usize - 1
                } else {
                    ((*th).top as usize - first as usize) / size_of::<Value>()
                };
                call::deliver(th, f, first, n);
                (*th).frame = (*th).frame.add(1);
                self.reload();
                return Flow::Next;
            }
            self.save();
            slow_return(&mut *self.st, i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn return0<const T: bool>(&mut self, _i: Instr) -> Flow {
        // SAFETY: rule 4; a NORMAL continuation stands above a Lua frame.
        unsafe {
            let th = self.th();
            let f = &*(*th).frame;
            if T || f.cont != cont::NORMAL {
                self.save();
                return call::return_values(&mut *self.st, self.base, 0).into();
            }
            let want = f.nresults;
            if want < 0 {
                (*th).top = f.func;
            } else {
                for k in 0..want as usize {
                    *f.func.add(k) = Value::NIL;
                }
            }
            (*th).frame = (*th).frame.add(1);
            self.reload();
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn return1<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: as in `return0`.
        unsafe {
            let th = self.th();
            let f = &*(*th).frame;
            if T || f.cont != cont::NORMAL {
                self.save();
                let first = self.base.add(i.a() as usize);
                return call::return_values(&mut *self.st, first, 1).into();
            }
            let want = f.nresults;
            let v = self.r(i.a());
            let func = f.func;
            if want == 1 {
                (*func).bits = v.bits;
                (*func).tag = v.tag;
            } else if want < 0 {
                *func = v;
                (*th).top = func.add(1);
            } else {
                for k in 0..want as usize {
                    *func.add(k) = if k == 0 { v } else { Value::NIL };
                }
            }
            (*th).frame = (*th).frame.add(1);
            self.reload();
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn forprep<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match registers::prepare_for(&mut *self.st, self.base.add(i.a() as usize)) {
                Ok(true) => Flow::Next,
                Ok(false) => {
                    self.pc = self.pc.offset(i.d() as isize);
                    Flow::Next
                }
                Err(t) => fail(t),
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tforprep<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let ra = self.base.add(i.a() as usize);
            std::ptr::swap(ra.add(2), ra.add(3));
            if (*ra.add(2)).truthy() {
                self.save();
                if let Err(t) = (*self.st).mark_tbc(ra.add(2)) {
                    return fail(t);
                }
            }
            self.pc = self.pc.offset(i.d() as isize);
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn tforcall_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let ra = self.base.add(i.a() as usize);
            let (f, state, control) = (*ra, *ra.add(1), *ra.add(3));
            *ra.add(3) = f;
            *ra.add(4) = state;
            *ra.add(5) = control;
            self.save();
            let func = ra.add(3);
            if f.tag == Tag::CLOSURE {
                return self.enter::<T, false>(func, Machine::proto_at(func), 2, i.c() as i32);
            }
            (*self.th()).top = func.add(3);
            match slow_call(&mut *self.st, func, i.c() as i32) {
                Flow::Reload => self.go_on(UNKNOWN),
                other => other,
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tforloop<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a() + 3).tag != Tag::NIL {
                return self.jump(i.d());
            }
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn closure_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match new_closure(&mut *self.st, self.closure(), self.base, i) {
                Flow::Next => self.check(i.a() as usize + 1),
                other => other,
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn vararg<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; varargs stand below the function.
        unsafe {
            let th = self.th();
            let n = (*(*th).frame).nextra as usize;
            let to = self.base.add(i.a() as usize);
            if i.b() == 0 && (i.c() != 0 || (*th).fits(to.add(n))) {
                let first = self.base.sub(1 + n);
                let want = if i.c() == 0 { n } else { i.c() as usize - 1 };
                for k in 0..want {
                    *to.add(k) = if k < n { *first.add(k) } else { Value::NIL };
                }
                if i.c() == 0 {
                    (*th).top = to.add(n);
                }
                return Flow::Next;
            }
            self.save();
            let table = (i.b() != 0).then(|| i.b() as usize - 1);
            match registers::get_varargs(&mut *self.st, i.a() as usize, i.c() as i32 - 1, table) {
                Ok(()) => Flow::Reload,
                Err(t) => fail(t),
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getvarg<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let v = registers::one_vararg(&*(*self.th()).frame, self.r(i.c()), &*self.st);
            self.set(i.a(), v);
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn varargprep<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4. The frame's entry has already moved the parameters.
        unsafe {
            if i.b() != 0 {
                self.save();
                if let Err(t) = registers::vararg_table(&mut *self.st, self.base.add(i.a() as usize)) {
                    return fail(t);
                }
            }
            self.check(i.a() as usize + i.b() as usize)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn errnnil<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a()).tag == Tag::NIL {
                return Flow::Next;
            }
            self.save();
            let name = self.k(i.du() as usize);
            fail(crate::semantics::index::already_defined(&mut *self.st, name))
        }
    }
}
