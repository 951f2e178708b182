//! What compiled code asks of the runtime first, for instructions that most often neither call, raise nor collect:
//! the functions of the table in `abi` that do not look at frames.
//!
//! Rules:
//! 1. The records of frames may be incomplete, and the running frame may not be the one that asks. So nothing here
//!    raises, calls Lua, moves the stack or comes to a safepoint. Whatever would have to answers [`NOT_DONE`], having
//!    changed nothing, and the instruction is executed in full by `helpers::step`.
//! 2. Instructions learn nothing here: only those that have learned, or would learn nothing from these operands.

use super::compiled::function_of;
use super::interp::{field, field_by_site, place_by_site, store_by_site};
use super::registers::closure_of;
use crate::heap::{Event, Gc, OutOfMemory};
use crate::object::shape::{DICTIONARY, Rep};
use crate::object::{Closure, Native, NativeFn, Table};
use crate::semantics::Outcome;
use crate::semantics::compare::equals;
use crate::semantics::concat::join;
use crate::semantics::index::{Found, find, newindex, plain, set_plain};
use crate::state::State;
use crate::stdlib::base::{ipairs_next, next};
use crate::value::{Tag, Value};
use perilune_bytecode::ops::{Instr, OPS};
use perilune_bytecode::quick::{LiveOp, SHAPE_MASK};
use std::sync::atomic::Ordering;

/// The instruction has to be executed in full.
const NOT_DONE: u64 = 0;
/// It is done: go on behind it.
const DONE: u64 = 1;
/// It is done: go on at the target of its jump.
const TAKEN: u64 = 2;

/// The registers of the frame that asks.
#[derive(Clone, Copy)]
struct Registers(*mut Value);

impl Registers {
    /// # Safety
    /// The frame has register `r`.
    unsafe fn get(self, r: u8) -> Value {
        // SAFETY: this function's promise.
        unsafe { *self.0.add(r as usize) }
    }
    /// # Safety
    /// The frame has register `r`.
    unsafe fn set(self, r: u8, v: Value) -> u64 {
        // SAFETY: this function's promise.
        unsafe { *self.0.add(r as usize) = v };
        DONE
    }
}

/// Whether an instruction that allocates is to be executed in full: it is a safepoint, at which the registers above its
/// own are not in use.
fn is_interrupted(st: &State) -> bool {
    st.interrupt.load(Ordering::Relaxed) != 0
}

/// NEWTABLE.
///
/// # Safety
/// Called by compiled code for the instruction `i` of the frame whose registers start at `base`.
pub(crate) unsafe extern "C" fn make_table(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    match Table::new(&mut st.heap, i.du() as usize, i.b() as usize) {
        Ok(_) if is_interrupted(st) => NOT_DONE,
        // SAFETY: the instruction's register.
        Ok(t) => unsafe { Registers(base).set(i.a(), t.into()) },
        Err(_) => NOT_DONE,
    }
}

/// SETLIST of a fixed number of items.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn fill_table(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers: the table, and the items above it.
    unsafe {
        let Some(t) = Registers(base).get(i.a()).as_table() else {
            return NOT_DONE;
        };
        if i.b() == 0 {
            return NOT_DONE;
        }
        let items = std::slice::from_raw_parts(base.add(i.a() as usize + 1), i.b() as usize);
        match t.set_list(&mut st.heap, i.du() + 1, items) {
            Ok(()) => DONE,
            Err(_) => NOT_DONE,
        }
    }
}

/// Whether an integer key lies so far behind the array part of a table that an instruction which accesses it learns
/// nothing.
fn is_sparse(list: Value, key: Value) -> bool {
    // SAFETY: a live table.
    let behind = |t: Gc<Table>| unsafe { key.bits.wrapping_sub(1) > u64::from((*t.ptr()).asize) };
    list.as_table().is_some_and(behind)
}

/// Whether an integer key is none of the array part's.
fn is_behind(list: Value, key: Value) -> bool {
    // SAFETY: a live table.
    let behind = |t: Gc<Table>| unsafe { key.bits.wrapping_sub(1) >= u64::from((*t.ptr()).asize) };
    list.as_table().is_some_and(behind)
}

/// GETINDEX, which would learn from an integer key in the array part.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_key(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        let (list, key) = (Registers(base).get(i.b()), Registers(base).get(i.c()));
        match key.tag {
            Tag::INT if !is_behind(list, key) => NOT_DONE,
            _ => get_item(st, base, i),
        }
    }
}

/// GETINDEX_INT, GETINDEX_FLOAT or GETINDEX_GENERIC, which would learn from anything but an integer key that is none
/// of the array part's.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_element(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        let (list, key) = (Registers(base).get(i.b()), Registers(base).get(i.c()));
        match key.tag {
            Tag::INT if is_behind(list, key) => get_item(st, base, i),
            _ => NOT_DONE,
        }
    }
}

/// SETINDEX, which would learn from an integer key in the array part.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_key(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        let (list, key) = (Registers(base).get(i.a()), Registers(base).get(i.b()));
        match key.tag {
            Tag::INT if !is_sparse(list, key) => NOT_DONE,
            _ => set_item(st, base, i),
        }
    }
}

/// GETINDEX_ANY.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_item(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        let r = Registers(base);
        match plain(&st.heap, r.get(i.b()), r.get(i.c())) {
            Some(v) => r.set(i.a(), v),
            None => NOT_DONE,
        }
    }
}

/// The constant number `k` of the function whose registers start at `base`.
unsafe fn constant(base: *mut Value, k: u8) -> Value {
    // SAFETY: the caller's promise: the function has it.
    unsafe { *(*function_of(base)).consts.add(k as usize) }
}

/// SETINDEX_ANY or SETINDEXK.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_item(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers and constant.
    unsafe {
        let r = Registers(base);
        let (obj, key) = (r.get(i.a()), r.get(i.b()));
        let v = match i.op_byte() == LiveOp::SETINDEXK as u8 {
            true => constant(base, i.c()),
            false => r.get(i.c()),
        };
        match obj.as_table() {
            Some(t) if newindex(st, t, key).is_nil() => match t.set(&mut st.heap, key, v) {
                Ok(()) => DONE,
                Err(_) => NOT_DONE,
            },
            _ => NOT_DONE,
        }
    }
}

/// The name in the instruction `pc` as it was compiled.
unsafe fn name_of(base: *mut Value, pc: u32) -> Value {
    // SAFETY: the caller's promise: the instruction has one.
    unsafe {
        let p = &*function_of(base);
        p.data.consts[p.data.meta.code[pc as usize].du() as usize]
    }
}

/// Whether there is nothing to be learned from a table for an instruction that knows `shape`.
fn is_learned(st: &State, t: Gc<Table>, shape: u32) -> bool {
    let own = t.tab(&st.heap).shape();
    own == shape || (own == DICTIONARY && t.metatable(&st.heap).is_none())
}

/// What upvalue `u` of the running closure holds.
///
/// # Safety
/// A Lua function runs whose registers start at `base`, and has that upvalue.
unsafe fn upvalue(base: *mut Value, u: u8) -> Value {
    // SAFETY: this function's promise.
    unsafe {
        let cl = (*base.sub(1)).gc::<Closure>();
        let u = *cl.upvals().add(u as usize);
        *(*u.ptr()).at
    }
}

/// GETFIELD_SLOT or GETTABUP_SLOT, the instruction `pc` of its function.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_slot(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    // SAFETY: the instruction's registers and upvalues.
    unsafe {
        let obj = match i.op_byte() == LiveOp::GETTABUP_SLOT as u8 {
            true => upvalue(base, i.b()),
            false => Registers(base).get(i.b()),
        };
        if !obj.as_table().is_some_and(|t| is_learned(st, t, i.du())) {
            return NOT_DONE;
        }
        match find(&st.heap, obj, name_of(base, pc)) {
            Found::Value(v) => Registers(base).set(i.a(), v),
            Found::Call { .. } | Found::Nowhere(_) | Found::TooFar => NOT_DONE,
        }
    }
}

/// SETFIELD_SLOT, SETFIELDK_SLOT or SETTABUP_SLOT, the instruction `pc` of its function: what the slot may hold
/// without another shape, or a field of a dictionary.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_slot(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    // SAFETY: the instruction's registers, constants and upvalues.
    unsafe {
        let (obj, v) = if i.op_byte() == LiveOp::SETTABUP_SLOT as u8 {
            (upvalue(base, i.b()), Registers(base).get(i.a()))
        } else if i.op_byte() == LiveOp::SETFIELDK_SLOT as u8 {
            (Registers(base).get(i.a()), constant(base, i.c()))
        } else {
            (Registers(base).get(i.a()), Registers(base).get(i.c()))
        };
        let rep = (i.du() >> 24) as u8;
        let Some(t) = obj.as_table() else { return NOT_DONE };
        let admitted = rep == Rep::VALUE.0 || rep == v.tag.0;
        if !is_learned(st, t, i.du() & SHAPE_MASK) || !admitted {
            return NOT_DONE;
        }
        let key = name_of(base, pc);
        if !newindex(st, t, key).is_nil() {
            return NOT_DONE;
        }
        match t.set_str(&mut st.heap, key.gc(), v) {
            Ok(()) => DONE,
            Err(_) => NOT_DONE,
        }
    }
}

/// SETFIELD_SITE or SETFIELDK_SITE: what one of the ways of the site is for.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_site(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers, constants and site.
    unsafe {
        let p = &*function_of(base);
        let v = if i.op_byte() == LiveOp::SETFIELD_SITE as u8 {
            Registers(base).get(i.c())
        } else {
            constant(base, i.c())
        };
        let site = p.feedback.stores.as_ptr().add(i.du() as usize);
        u64::from(store_by_site(st, Registers(base).get(i.a()), v, site))
    }
}

/// The instruction `pc` as it is. None if the code was made for another quick form of it, `i`, which code that was made
/// ahead is not.
unsafe fn live(base: *mut Value, i: Instr, pc: u32) -> Option<Instr> {
    // SAFETY: the caller's promise.
    let now = unsafe { *(*function_of(base)).code.add(pc as usize) };
    let is_generic = usize::from(i.op_byte()) < OPS.len();
    (is_generic || now.op_byte() == i.op_byte()).then_some(now)
}

/// GETFIELD, the instruction `pc` of its function, by code that was made ahead; GETFIELD_POLY or GETFIELD_CLASS by what
/// its site has learned since.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_cached(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        let Some(now) = live(base, i, pc) else {
            return NOT_DONE;
        };
        let is = |op: LiveOp| now.op_byte() == op as u8;
        let (obj, feedback) = (Registers(base).get(i.b()), &(*function_of(base)).feedback);
        let known = if is(LiveOp::GETFIELD_POLY) {
            place_by_site(obj, feedback.places.as_ptr().add(now.du() as usize))
        } else if is(LiveOp::GETFIELD_CLASS) {
            field_by_site(st, obj, feedback.paths.as_ptr().add(now.du() as usize))
        } else if is(LiveOp::GETFIELD_SLOT) {
            return get_slot(st, base, now, pc);
        } else if is(LiveOp::GETFIELD) {
            return NOT_DONE;
        } else {
            return get_field(st, base, now);
        };
        match known {
            Some(v) => Registers(base).set(i.a(), v),
            None => NOT_DONE,
        }
    }
}

/// SELF, the instruction `pc` of its function, by code that was made ahead; SELF_CLASS by what its site has learned since.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_cached_method(
    st: &mut State,
    base: *mut Value,
    i: Instr,
    pc: u32,
) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        let Some(now) = live(base, i, pc) else {
            return NOT_DONE;
        };
        if now.op_byte() == LiveOp::SELF_ANY as u8 {
            return get_method(st, base, now);
        }
        if now.op_byte() != LiveOp::SELF_CLASS as u8 {
            return NOT_DONE;
        }
        let r = Registers(base);
        let obj = r.get(i.b());
        let site = (*function_of(base))
            .feedback
            .paths
            .as_ptr()
            .add(now.du() as usize);
        match field_by_site(st, obj, site) {
            Some(v) => {
                r.set(i.a() + 1, obj);
                r.set(i.a(), v)
            }
            None => NOT_DONE,
        }
    }
}

/// SETFIELD, SETFIELDK or SETTABUP, the instruction `pc` of its function, by code that was made ahead.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_cached(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    const SLOTS: [LiveOp; 3] = [
        LiveOp::SETFIELD_SLOT,
        LiveOp::SETFIELDK_SLOT,
        LiveOp::SETTABUP_SLOT,
    ];
    const SITES: [LiveOp; 2] = [LiveOp::SETFIELD_SITE, LiveOp::SETFIELDK_SITE];
    // SAFETY: this function's promise.
    unsafe {
        let Some(now) = live(base, i, pc) else {
            return NOT_DONE;
        };
        if SLOTS.iter().any(|&op| op as u8 == now.op_byte()) {
            return set_slot(st, base, now, pc);
        }
        match SITES.iter().any(|&op| op as u8 == now.op_byte()) {
            true => set_site(st, base, now),
            false => NOT_DONE,
        }
    }
}

/// TFORCALL, the instruction `pc` of its function, by code that was made ahead.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn iterate(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        match next_item(st, base, i) {
            NOT_DONE => next_entry(st, base, i, pc),
            done => done,
        }
    }
}

/// A field of an object or of its classes; None if that takes a call, or there is no object.
///
/// # Safety
/// The key is a string.
unsafe fn anywhere(st: &mut State, obj: Value, key: Value) -> Option<Value> {
    if !obj.tag.is_object() {
        return None;
    }
    // SAFETY: this function's promise.
    let known = unsafe { field(st, obj, key) };
    known.or_else(|| match find(&st.heap, obj, key) {
        Found::Value(v) => Some(v),
        Found::Call { .. } | Found::Nowhere(_) | Found::TooFar => None,
    })
}

/// GETFIELD_ANY.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_field(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers, and its constant, a string.
    unsafe {
        let key = *(*function_of(base)).consts.add(i.du() as usize);
        match anywhere(st, Registers(base).get(i.b()), key) {
            Some(v) => Registers(base).set(i.a(), v),
            None => NOT_DONE,
        }
    }
}

/// GETTABUP, which would learn from a field of the table itself.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_shared(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the running closure, its upvalue and its constant, a string.
    unsafe {
        let (obj, key) = (
            upvalue(base, i.b()),
            *(*function_of(base)).consts.add(i.du() as usize),
        );
        let Some(t) = obj.as_table() else { return NOT_DONE };
        if t.metatable(&st.heap).is_none() || !t.get_str(&st.heap, key.gc()).is_nil() {
            return NOT_DONE;
        }
        match field(st, obj, key) {
            Some(v) => Registers(base).set(i.a(), v),
            None => NOT_DONE,
        }
    }
}

/// CLOSURE.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn make_closure(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the running closure, and the registers that the nested function's upvalues name.
    unsafe {
        let cl = (*base.sub(1)).gc::<Closure>();
        let nested = (&(*function_of(base)).data.protos)[i.du() as usize].get();
        match nested.map(|proto| closure_of(st, proto, cl, base)) {
            Some(Ok(_)) if is_interrupted(st) => NOT_DONE,
            Some(Ok(new)) => Registers(base).set(i.a(), new.into()),
            Some(Err(OutOfMemory)) | None => NOT_DONE,
        }
    }
}

/// CONCAT. Any register may be in use at its safepoint, so another one does.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn concatenate(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers, of which there are two at least.
    unsafe {
        let operands = std::slice::from_raw_parts(base.add(i.a() as usize), i.b() as usize);
        if !operands.iter().all(|v| v.is_text()) {
            return NOT_DONE;
        }
        match join(st, operands) {
            Ok(v) => Registers(base).set(i.a(), v),
            Err(_) => NOT_DONE,
        }
    }
}

/// CLOSE of upvalues.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn close_variables(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    let th = st.thread.ptr();
    // SAFETY: the instruction's registers.
    unsafe {
        let from = base.add(i.a() as usize);
        if (*th).last_tbc(from).is_some() {
            return NOT_DONE;
        }
        (*th).close_upvals(&mut st.heap, from);
    }
    DONE
}

/// TBC.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn mark_variable(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's register.
    unsafe {
        let slot = base.add(i.a() as usize);
        let v = *slot;
        if v.truthy() && st.heap.metamethod(v, Event::Close).is_nil() {
            return NOT_DONE;
        }
        match v.truthy().then(|| st.th().push_tbc(&mut st.heap, slot)) {
            Some(Err(OutOfMemory)) => NOT_DONE,
            None | Some(Ok(())) => DONE,
        }
    }
}

/// SELF_ANY.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_method(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers, and its constant, a string.
    unsafe {
        let r = Registers(base);
        let (obj, key) = (r.get(i.b()), *(*function_of(base)).consts.add(i.du() as usize));
        match anywhere(st, obj, key) {
            Some(v) => {
                r.set(i.a() + 1, obj);
                r.set(i.a(), v)
            }
            None => NOT_DONE,
        }
    }
}

/// Whether the value is that native.
fn is_native(v: Value, f: NativeFn) -> bool {
    v.tag == Tag::NATIVE && std::ptr::fn_addr_eq(v.gc::<Native>().function(), f)
}

/// TFORCALL_NEXT, the instruction `pc` of its function.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn next_entry(st: &mut State, base: *mut Value, i: Instr, pc: u32) -> u64 {
    // SAFETY: the instruction's registers; the code is this state's own copy, and nobody else looks at it meanwhile.
    unsafe {
        let r = Registers(base);
        let (it, t, control) = (r.get(i.a()), r.get(i.a() + 1), r.get(i.a() + 3));
        if !is_native(it, next) || t.tag != Tag::TABLE {
            return NOT_DONE;
        }
        let code = (*function_of(base)).code.add(pc as usize);
        let t: Gc<Table> = t.gc();
        let Some(at) = t.place_after(&st.heap, control, (*code).du()) else {
            return NOT_DONE;
        };
        let (k, v) = match t.entry_from(&st.heap, at) {
            Some((place, k, v)) => {
                *code = (*code).with_d(place as i32);
                (k, v)
            }
            None => (Value::NIL, Value::NIL),
        };
        r.set(i.a() + 3, k);
        for n in 1..i.c() {
            r.set(i.a() + 3 + n, if n == 1 { v } else { Value::NIL });
        }
        DONE
    }
}

/// TFORCALL_IPAIRS.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn next_item(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        let r = Registers(base);
        let (it, list, control) = (r.get(i.a()), r.get(i.a() + 1), r.get(i.a() + 3));
        let (true, Some(n)) = (is_native(it, ipairs_next), control.as_int()) else {
            return NOT_DONE;
        };
        let next = Value::int(n.wrapping_add(1));
        let Some(v) = plain(&st.heap, list, next) else {
            return NOT_DONE;
        };
        r.set(i.a() + 3, if v.is_nil() { Value::NIL } else { next });
        for n in 1..i.c() {
            r.set(i.a() + 3 + n, if n == 1 { v } else { Value::NIL });
        }
        DONE
    }
}

/// GETINT.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn get_number(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        match plain(&st.heap, Registers(base).get(i.b()), Value::int(i.d().into())) {
            Some(v) => Registers(base).set(i.a(), v),
            None => NOT_DONE,
        }
    }
}

/// SETINT or SETINTK.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn set_number(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers and constant.
    unsafe {
        let list = Registers(base).get(i.a());
        let v = match i.op_byte() == LiveOp::SETINTK as u8 {
            true => constant(base, i.c()),
            false => Registers(base).get(i.c()),
        };
        u64::from(set_plain(st, list, Value::int(i.d().into()), v))
    }
}

/// LEN.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn length(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    unsafe {
        match Registers(base).get(i.b()).as_table() {
            Some(t) if t.metatable(&st.heap).is_none() => {
                Registers(base).set(i.a(), Value::int(t.len(&st.heap)))
            }
            _ => NOT_DONE,
        }
    }
}

/// EQ.
///
/// # Safety
/// As [`make_table`].
pub(crate) unsafe extern "C" fn equal(st: &mut State, base: *mut Value, i: Instr) -> u64 {
    // SAFETY: the instruction's registers.
    let (a, b) = unsafe { (Registers(base).get(i.a()), Registers(base).get(i.b())) };
    match equals(st, a, b) {
        Outcome::Value(v) if v.truthy() == (i.c() != 0) => TAKEN,
        Outcome::Value(_) => DONE,
        Outcome::Call { .. } => NOT_DONE,
    }
}
