//! The interpreter's cold paths: they take the state, never the machine (rule 3).

use super::super::call::{self, Entry, Next};
use super::super::{compiled, registers};
use super::{Flow, UNKNOWN, learn};
use crate::error::Throw;
use crate::exec::coroutine;
use crate::heap::{Event, Gc, OutOfMemory};
use crate::object::{Closure, Frame, Table, cont, frame_flags};
use crate::semantics::arith::{self, Arith};
use crate::semantics::compare::{self, Order};
use crate::semantics::index::{self, Store};
use crate::semantics::{self, Outcome};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::LiveOp;

/// The instruction's result from an outcome, or a metamethod's frame.
#[inline(always)]
pub(super) unsafe fn store_outcome(st: &mut State, o: Outcome, a: u8) -> Flow {
    match o {
        // SAFETY: the running frame is a Lua frame with register `a`.
        Outcome::Value(v) => unsafe {
            *st.frame().base.add(a as usize) = v;
            Flow::Next
        },
        // SAFETY: the running frame's pc is saved.
        Outcome::Call { f, a, b } => unsafe { call::call_meta(st, f, &[a, b], 1, cont::STORE).into() },
    }
}

#[cold]
#[inline(never)]
pub(super) fn fail(t: Throw) -> Flow {
    match t {
        Throw::Error => Flow::Error,
        Throw::Stop => Flow::Stop,
    }
}

#[cold]
#[inline(never)]
pub(super) unsafe fn slow_arith(st: &mut State, op: Arith, x: Value, y: Value, i: Instr) -> Flow {
    match arith::arith(st, op, x, y) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, i.a()) },
        Err(t) => fail(t),
    }
}

/// Decides a comparison whose truth is that of the outcome.
pub(super) unsafe fn branch_outcome(st: &mut State, o: Outcome, i: Instr) -> Flow {
    match o {
        // SAFETY: the running frame's pc is saved, and stands after the comparison.
        Outcome::Value(v) => unsafe {
            if v.truthy() == (i.c() != 0) {
                let f = st.frame();
                f.pc = f.pc.offset(i.d() as isize);
            }
            Flow::Reload
        },
        // SAFETY: as above.
        Outcome::Call { f, a, b } => unsafe { call::call_meta(st, f, &[a, b], 1, cont::CONDITION).into() },
    }
}

#[cold]
#[inline(never)]
pub(super) unsafe fn slow_order(st: &mut State, op: Order, x: Value, y: Value, swap: bool, i: Instr) -> Flow {
    let (x, y) = if swap { (y, x) } else { (x, y) };
    match compare::order(st, op, x, y) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { branch_outcome(st, o, i) },
        Err(t) => fail(t),
    }
}

#[inline(never)]
pub(super) unsafe fn slow_equals(st: &mut State, x: Value, y: Value, i: Instr) -> Flow {
    let o = compare::equals(st, x, y);
    // SAFETY: the running frame's pc is saved.
    unsafe { branch_outcome(st, o, i) }
}

#[inline(never)]
pub(super) unsafe fn slow_index(st: &mut State, obj: Value, key: Value, a: u8) -> Flow {
    match index::index(st, obj, key) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, a) },
        Err(t) => fail(t),
    }
}

#[inline(never)]
pub(super) unsafe fn slow_store(st: &mut State, obj: Value, key: Value, v: Value) -> Flow {
    match index::set_index(st, obj, key, v) {
        Ok(Store::Done) => Flow::Next,
        // SAFETY: the running frame's pc is saved.
        Ok(Store::Call { f, obj }) => unsafe {
            call::call_meta(st, f, &[obj, key, v], 0, cont::NORMAL).into()
        },
        Err(t) => fail(t),
    }
}

/// The field of a table, its own one or that of a class; None if it has to be searched for.
///
/// # Safety
/// The key is a string.
pub(in crate::exec) unsafe fn field(st: &mut State, obj: Value, key: Value) -> Option<Value> {
    let Some(t) = obj.as_table() else {
        // Strings have their methods in a table.
        let mt = Some(obj)
            .filter(|o| o.tag == Tag::STR)
            .and_then(|o| st.heap.metatable(o))?;
        let class = st.heap.event_of(mt, Event::Index).as_table()?;
        return Some(class.get_str(&st.heap, key.gc())).filter(|v| !v.is_nil());
    };
    match t.metatable(&st.heap) {
        None => Some(t.get_str(&st.heap, key.gc())),
        // SAFETY: live tables, and the key is a string.
        Some(mt) => unsafe { learn::class_field(st, t, mt, key) },
    }
}

/// `obj[key]` for a name, in general.
#[inline(never)]
pub(super) unsafe fn read_field(st: &mut State, obj: Value, key: Value, a: u8) -> Flow {
    // SAFETY: the running frame is a Lua frame with register `a`.
    unsafe {
        match field(st, obj, key) {
            Some(v) => {
                *st.frame().base.add(a as usize) = v;
                Flow::Next
            }
            None => slow_index(st, obj, key, a),
        }
    }
}

/// The name that the generic form of the instruction before `pc` has.
unsafe fn name_at(st: &State, pc: *const Instr) -> Value {
    // SAFETY: the running frame is a Lua frame and the pc is in its function's code.
    unsafe {
        let cl: Gc<Closure> = (*(*st.th().frame).base.sub(1)).gc();
        let p = &*(*cl.ptr()).proto.ptr();
        let i = p.data.meta.code[pc.offset_from(p.code) as usize - 1];
        p.data.consts[i.du() as usize]
    }
}

/// A GETFIELD has met a table that is not of its shape.
#[cold]
#[inline(never)]
pub(super) unsafe fn miss_slot(st: &mut State, pc: *const Instr, obj: Value, a: u8) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let key = name_at(st, pc);
        learn::widen_read(st, pc, obj);
        read_field(st, obj, key, a)
    }
}

/// A GETFIELD has met a table that its site does not know.
#[inline(never)]
pub(super) unsafe fn miss_poly(st: &mut State, pc: *const Instr, obj: Value, a: u8) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let key = name_at(st, pc);
        learn::extend_read(st, pc, obj);
        read_field(st, obj, key, a)
    }
}

/// A GETFIELD or SELF has met an object whose class its site does not know.
#[inline(never)]
pub(super) unsafe fn miss_path(st: &mut State, pc: *const Instr, obj: Value, a: u8, any: LiveOp) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let key = name_at(st, pc);
        learn::extend_path(st, pc, obj, any);
        read_field(st, obj, key, a)
    }
}

/// A GETTABUP whose environment has another shape than it knew.
#[cold]
#[inline(never)]
pub(super) unsafe fn relearn_global(st: &mut State, pc: *const Instr, env: Value, key: Value, a: u8) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        learn::give_up(st, pc, LiveOp::GETTABUP);
        learn::learn_read(st, pc, env, key, &learn::GETTABUP);
        read_field(st, env, key, a)
    }
}

/// The table that `obj[key] = v` is a raw store into.
fn stores_raw(st: &State, obj: Value, key: Value) -> Option<Gc<Table>> {
    obj.as_table()
        .filter(|&t| semantics::index::newindex(st, t, key).is_nil())
}

/// `obj[key] = v` for a name, in general; learns from it if the instruction still does.
#[inline(never)]
pub(super) unsafe fn store_field(
    st: &mut State,
    pc: *const Instr,
    obj: Value,
    key: Value,
    v: Value,
    learn: Option<&learn::Stores>,
) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let Some(t) = stores_raw(st, obj, key) else {
            return slow_store(st, obj, key, v);
        };
        let before = t.tab(&st.heap).shape();
        if let Err(e) = t.set_str(&mut st.heap, key.gc(), v) {
            return fail(st.table_error(e));
        }
        if let Some(to) = learn {
            learn::learn_store(st, pc, before, obj, key, to);
        }
    }
    Flow::Next
}

/// SETTABUP in general.
#[cold]
#[inline(never)]
pub(super) unsafe fn store_global(
    st: &mut State,
    pc: *const Instr,
    env: Value,
    key: Value,
    v: Value,
) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let flow = store_field(st, pc, env, key, v, None);
        if flow == Flow::Next {
            learn::learn_global_store(st, pc, env, key);
        }
        flow
    }
}

/// GETINDEX in general; learns the kind of the array.
#[inline(never)]
pub(super) unsafe fn index_any(st: &mut State, pc: *const Instr, obj: Value, key: Value, a: u8) -> Flow {
    // SAFETY: the running frame's pc is saved, and it has register `a`.
    unsafe {
        learn::learn_index(pc, obj, key, &learn::GETINDEX);
        if let Some(t) = obj.as_table() {
            let v = t.get(&st.heap, key);
            if !v.is_nil() || t.metatable(&st.heap).is_none() {
                *st.frame().base.add(a as usize) = v;
                return Flow::Next;
            }
        }
        slow_index(st, obj, key, a)
    }
}

/// SETINDEX in general; learns the kind of the array.
#[inline(never)]
pub(super) unsafe fn set_index_any(
    st: &mut State,
    pc: *const Instr,
    obj: Value,
    key: Value,
    v: Value,
) -> Flow {
    // SAFETY: the running frame's pc is saved.
    unsafe {
        let flow = match obj.as_table() {
            Some(t) if t.metatable(&st.heap).is_none() => match t.set(&mut st.heap, key, v) {
                Ok(()) => Flow::Next,
                Err(e) => fail(st.table_error(e)),
            },
            _ => slow_store(st, obj, key, v),
        };
        if flow == Flow::Next {
            learn::learn_index(pc, obj, key, &learn::SETINDEX);
        }
        flow
    }
}

/// Calls the native at `func`; its caller's frame goes on if the answer is `Next`.
#[inline(never)]
pub(super) unsafe fn native_call(st: &mut State, func: *mut Value, nresults: i32) -> Flow {
    // SAFETY: the caller set the top and saved its pc.
    unsafe {
        let r = call::call_native(st, func, nresults, cont::NORMAL, 0);
        called(st, r)
    }
}

/// As [`coroutine::switch_by_call`].
#[inline(never)]
pub(super) unsafe fn switch_by_call(st: &mut State, func: *mut Value, nresults: i32) -> bool {
    // SAFETY: the caller's promise.
    unsafe { coroutine::switch_by_call(st, func, nresults) }
}

/// A raw store.
#[inline(never)]
pub(super) fn store_raw(st: &mut State, obj: Value, key: Value, v: Value) -> Flow {
    match obj.gc::<Table>().set(&mut st.heap, key, v) {
        Ok(()) => Flow::Next,
        Err(e) => fail(st.table_error(e)),
    }
}

/// A raw store under an integer key.
#[inline(never)]
pub(super) fn store_item(st: &mut State, obj: Value, n: i64, v: Value) -> Flow {
    match obj.gc::<Table>().set_int(&mut st.heap, n, v) {
        Ok(()) => Flow::Next,
        Err(e) => fail(st.table_error(e)),
    }
}

#[inline(never)]
pub(super) fn slow_len(st: &mut State, v: Value, a: u8) -> Flow {
    match semantics::len(st, v) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, a) },
        Err(t) => fail(t),
    }
}

#[cold]
#[inline(never)]
pub(super) fn poll(st: &mut State, live: usize) -> Flow {
    if live != UNKNOWN {
        st.clear_registers_from(live);
    }
    if st.options.stress.rewrite {
        // SAFETY: the running frame is a Lua frame.
        unsafe { learn::forget_all(st) };
    }
    match st.serve_interrupts() {
        Ok(true) => Flow::Switch,
        Ok(false) => Flow::Reload,
        Err(t) => fail(t),
    }
}

#[inline(never)]
pub(super) fn new_table(st: &mut State, narray: usize, nrecord: usize, slot: *mut Value) -> Flow {
    match Table::new(&mut st.heap, narray, nrecord) {
        Ok(t) => {
            // SAFETY: a register of the running frame.
            unsafe { *slot = t.into() };
            Flow::Next
        }
        Err(OutOfMemory) => fail(st.memory_error()),
    }
}

#[inline(never)]
pub(super) unsafe fn new_closure(st: &mut State, cl: Gc<Closure>, base: *mut Value, i: Instr) -> Flow {
    // SAFETY: verified code: the nested function and what its upvalues name exist.
    unsafe {
        match registers::new_closure(st, cl, base, i.du() as usize) {
            Ok(new) => *base.add(i.a() as usize) = new.into(),
            Err(t) => return fail(t),
        }
    }
    Flow::Next
}

/// RETURN in general: pending variables are closed first, one each time the instruction runs.
#[inline(never)]
pub(super) unsafe fn slow_return(st: &mut State, i: Instr) -> Flow {
    // SAFETY: the running frame's pc is saved, after the RETURN.
    unsafe {
        let th = st.thread.ptr();
        let f = &mut *(*th).frame;
        let first = f.base.add(i.a() as usize);
        let n = if f.flags & frame_flags::RETURNING != 0 {
            f.aux as usize
        } else if i.b() > 0 {
            i.b() as usize - 1
        } else {
            ((*th).top as usize - first as usize) / size_of::<Value>()
        };
        if i.c() != 0 {
            if let Some(var) = (*th).last_tbc(f.base) {
                f.flags |= frame_flags::RETURNING;
                f.aux = n as u32;
                f.pc = f.pc.sub(1);
                (*th).top = first.add(n);
                (*th).close_upvals(&mut st.heap, var);
                (*th).tbc_len -= 1;
                return close_variable(st, *var, cont::RETURN_CLOSE);
            }
            (*th).close_upvals(&mut st.heap, f.base);
        }
        (*th).top = first.add(n);
        call::return_values(st, first, n).into()
    }
}

/// Calls a variable's `__close` without an error.
pub(super) unsafe fn close_variable(st: &mut State, v: Value, how: u8) -> Flow {
    let f = st.heap.metamethod(v, crate::heap::Event::Close);
    if !f.is_function() && st.heap.metamethod(f, crate::heap::Event::Call).is_nil() {
        // The instruction will not run again: the error is its own.
        let frame = st.frame();
        // SAFETY: undoes the step back that asked for another run.
        frame.pc = unsafe { frame.pc.add(1) };
        return fail(st.call_error(f));
    }
    // SAFETY: the running frame's pc is saved.
    unsafe { call::call_meta(st, f, &[v], 0, how).into() }
}

/// CLOSE: one pending variable each time the instruction runs.
#[inline(never)]
pub(super) unsafe fn slow_close(st: &mut State, i: Instr) -> Flow {
    // SAFETY: the running frame's pc is saved, after the CLOSE.
    unsafe {
        let th = st.thread.ptr();
        let f = &mut *(*th).frame;
        let from = f.base.add(i.a() as usize);
        if let Some(var) = (*th).last_tbc(from) {
            (*th).close_upvals(&mut st.heap, var);
            (*th).tbc_len -= 1;
            f.pc = f.pc.sub(1);
            return close_variable(st, *var, cont::CLOSE);
        }
        (*th).close_upvals(&mut st.heap, from);
        Flow::Next
    }
}

/// A call in general.
#[inline(never)]
pub(super) unsafe fn slow_call(st: &mut State, func: *mut Value, nresults: i32) -> Flow {
    // SAFETY: the caller set the top and saved its pc.
    unsafe {
        let r = call::call_value(st, func, nresults, cont::NORMAL);
        called(st, r)
    }
}

/// What follows a call: the hook of a Lua function that it has entered.
#[inline(always)]
fn called(st: &mut State, r: Result<Next, Throw>) -> Flow {
    if r == Ok(Next::Lua)
        && let Err(t) = hook_entry(st)
    {
        return fail(t);
    }
    r.into()
}

/// Runs the call hook if the running frame is that of a Lua function that has just been entered.
#[inline(always)]
pub(super) fn hook_entry(st: &mut State) -> Result<(), Throw> {
    // SAFETY: the running frame is valid.
    unsafe {
        let th = st.thread.ptr();
        if (*th).hook_mask == 0 {
            return Ok(());
        }
        let f = (*th).frame;
        let fresh = (*f).is_lua() && (*f).flags & frame_flags::HOOKED == 0 && at_start(f);
        if fresh { st.hook_call() } else { Ok(()) }
    }
}

/// A call of a Lua function with varargs, without hooks.
#[inline(never)]
pub(super) unsafe fn enter_vararg(st: &mut State, func: *mut Value, nresults: i32) -> Flow {
    // SAFETY: the caller set the top and saved its pc; the value is a Lua function.
    unsafe {
        let p = (*(*func).gc::<Closure>().ptr()).proto.ptr();
        if !(*p).tree.is_null() {
            return call::enter_lua(st, func, Entry::new(nresults, cont::NORMAL, 0)).into();
        }
        match call::push_lua(st, func, Entry::new(nresults, cont::NORMAL, 0), 0) {
            Ok(_) => match compiled::begin_function(st, p) {
                Flow::Next => Flow::Reload,
                other => other,
            },
            Err(t) => fail(t),
        }
    }
}

pub(super) unsafe fn at_start(f: *mut Frame) -> bool {
    // SAFETY: a Lua frame's function stands below its base.
    unsafe {
        let cl: Gc<Closure> = (*(*f).base.sub(1)).gc();
        std::ptr::eq((*f).pc, (*(*cl.ptr()).proto.ptr()).code)
    }
}

/// TAILCALL: moves the callee and its arguments down over the running frame.
#[inline(never)]
pub(super) unsafe fn tail_call(st: &mut State, i: Instr) -> Flow {
    // SAFETY: the running frame's pc is saved; the top is set for open arguments.
    unsafe {
        let th = st.thread.ptr();
        let f = *(*th).frame;
        let mut func = f.base.add(i.a() as usize);
        if i.b() != 0 {
            (*th).top = func.add(i.b() as usize);
        }
        if i.c() != 0 {
            (*th).close_upvals(&mut st.heap, f.base);
        }
        let ncall = match call::find_function(st, func) {
            Ok((at, ncall)) => {
                func = at;
                ncall
            }
            Err(t) => return fail(t),
        };
        if (*func).tag == Tag::NATIVE {
            // A native in tail position is called like any other; its results are returned.
            return call::call_native(st, func, -1, cont::TAIL, ncall).into();
        }
        let r = call::replace_frame(st, func, ncall, 0)
            .and_then(|(func, entry)| call::enter_lua(st, func, entry));
        called(st, r)
    }
}
