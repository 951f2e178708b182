//! Which metamethod an instruction of compiled code calls: helpers that find it, and leave the call to the code.
//!
//! The rules of `light` hold here too. Only Lua functions are found; whatever else there may be, errors included, is the
//! business of `helpers::step`.

use super::compiled::function_of;
use crate::heap::Event;
use crate::object::{Closure, Frame, ProtoObj};
use crate::semantics::arith::{self, Arith};
use crate::semantics::compare::{self, Order};
use crate::semantics::index::{self, Found, Target};
use crate::state::State;
use crate::value::{Tag, Value};

/// The result is there.
const COMPUTED: *const ProtoObj = std::ptr::without_provenance(1);
/// A comparison has not jumped.
const STAYED: u64 = 1;
/// A comparison has jumped.
const JUMPED: u64 = 2;

/// What the Lua function `f` runs.
fn run_by(f: Value) -> *const ProtoObj {
    if f.tag != Tag::CLOSURE {
        return std::ptr::null();
    }
    // SAFETY: a live closure.
    unsafe { (*f.gc::<Closure>().ptr()).proto.ptr() }
}

/// Puts the metamethod `f` into the slot.
unsafe fn found(slot: *mut Value, f: Value) -> *const ProtoObj {
    // SAFETY: the caller's slot.
    unsafe { *slot = f };
    run_by(f)
}

/// The operator `event` for the values above the slot.
///
/// # Safety
/// Called by compiled code; there are three slots above the registers of its frame.
pub(crate) unsafe extern "C" fn operate(st: &mut State, slot: *mut Value, event: Event) -> *const ProtoObj {
    // SAFETY: this function's promise.
    unsafe {
        let (x, y) = (*slot.add(1), *slot.add(2));
        let (p, q) = (x.tag == Tag::TABLE, y.tag == Tag::TABLE);
        if !p && !q {
            return match computed(st, event, x, y) {
                Some(v) => {
                    *slot = v;
                    COMPUTED
                }
                None => std::ptr::null(),
            };
        }
        // Equality is asked only of two tables.
        if event == Event::Eq && (!p || !q || x.bits == y.bits) {
            return std::ptr::null();
        }
        let f = st.heap.metamethod_of_either(x, y, event);
        found(slot, f)
    }
}

/// The result of an operator on values that have no metamethods but those of strings, if there is one without these.
fn computed(st: &State, event: Event, x: Value, y: Value) -> Option<Value> {
    if let Some(op) = Order::of(event) {
        return compare::raw_order(st, op, x, y).map(Value::bool);
    }
    arith::raw(Arith::of(event)?, x, y)
}

/// A read of a field.
///
/// # Safety
/// As [`operate`].
pub(crate) unsafe extern "C" fn find_index(st: &mut State, slot: *mut Value) -> *const ProtoObj {
    // SAFETY: this function's promise.
    unsafe {
        match index::find(&st.heap, *slot.add(1), *slot.add(2)) {
            Found::Value(v) => {
                *slot = v;
                COMPUTED
            }
            Found::Call { f, at } => {
                *slot.add(1) = at;
                found(slot, f)
            }
            Found::Nowhere(_) | Found::TooFar => std::ptr::null(),
        }
    }
}

/// A store into a field.
///
/// # Safety
/// As [`operate`]; there are four slots.
pub(crate) unsafe extern "C" fn find_new_index(st: &mut State, slot: *mut Value) -> *const ProtoObj {
    // SAFETY: this function's promise.
    unsafe {
        match index::find_target(st, *slot.add(1), *slot.add(2)) {
            Target::Call { f, at } => {
                *slot.add(1) = at;
                found(slot, f)
            }
            Target::Table(_) | Target::Nowhere(_) | Target::TooFar => std::ptr::null(),
        }
    }
}

/// A call of an object with `n - 1` arguments.
///
/// # Safety
/// Called by compiled code; there are `n + 1` slots from this one on.
pub(crate) unsafe extern "C" fn find_callee(st: &mut State, slot: *mut Value, n: usize) -> *const ProtoObj {
    // SAFETY: this function's promise.
    unsafe {
        let object = *slot;
        if object.tag != Tag::TABLE {
            return std::ptr::null();
        }
        let f = st.heap.metamethod(object, Event::Call);
        let proto = run_by(f);
        if !proto.is_null() {
            for k in (0..n).rev() {
                *slot.add(k + 1) = *slot.add(k);
            }
            *slot = f;
        }
        proto
    }
}

/// Where a comparison that has called has led.
///
/// # Safety
/// Called by compiled code for its frame, whose record is whole, behind the comparison `pc`.
pub(crate) unsafe extern "C" fn jumped(_: &mut State, base: *mut Value, frame: *mut Frame, pc: u32) -> u64 {
    // SAFETY: this function's promise.
    unsafe {
        let next = (*function_of(base)).code.add(pc as usize + 1);
        if std::ptr::eq((*frame).pc, next) {
            STAYED
        } else {
            JUMPED
        }
    }
}
