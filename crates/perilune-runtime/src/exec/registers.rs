//! What the interpreter and the walker do alike with the registers of the running frame: varargs, numeric
//! loops, closures.

use crate::error::Throw;
use crate::heap::{Gc, OutOfMemory};
use crate::object::{Closure, Frame, ProtoObj, Upval};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_syntax::number as num;

/// A closure of the `nth` function nested in that of `cl`, over its upvalues and the registers at `base`.
///
/// # Safety
/// The nested function and what its upvalues name exist.
#[inline(never)]
pub(super) unsafe fn new_closure(
    st: &mut State,
    cl: Gc<Closure>,
    base: *mut Value,
    nth: usize,
) -> Result<Gc<Closure>, Throw> {
    // SAFETY: the nested function and what its upvalues name exist.
    unsafe {
        let parent = (*cl.ptr()).proto;
        let known = (&(*parent.ptr()).data.protos)[nth].get();
        let proto = match known {
            Some(proto) => proto,
            None => st.instantiate_nested(parent, nth)?,
        };
        match closure_of(st, proto, cl, base) {
            Ok(new) => Ok(new),
            Err(OutOfMemory) => Err(st.memory_error()),
        }
    }
}

/// A closure of the function `proto`, nested in that of `cl`.
///
/// # Safety
/// As [`new_closure`].
#[inline(always)]
pub(super) unsafe fn closure_of(
    st: &mut State,
    proto: Gc<ProtoObj>,
    cl: Gc<Closure>,
    base: *mut Value,
) -> Result<Gc<Closure>, OutOfMemory> {
    // SAFETY: this function's promise.
    unsafe {
        let data = &(*proto.ptr()).data;
        let descs = &data.meta.upvalues;
        let th = st.thread.ptr();
        let mut found: [Option<Gc<Upval>>; 8] = [None; 8];
        let mut more = Vec::new();
        for (k, d) in descs.iter().enumerate() {
            let u = if d.in_stack {
                (*th).find_upval(&mut st.heap, base.add(d.index as usize))?
            } else {
                *cl.upvals().add(d.index as usize)
            };
            match found.get_mut(k) {
                Some(slot) => *slot = Some(u),
                None => more.push(u),
            }
        }
        let new = Closure::new(&mut st.heap, proto, descs.len())?;
        for (k, u) in found.iter().flatten().chain(&more).enumerate() {
            *new.upvals().add(k) = *u;
        }
        Ok(new)
    }
}

/// `for` with operands that are not all integers or that need checking; R[a]... as in FORPREP.
/// Returns whether the loop runs.
pub(super) unsafe fn prepare_for(st: &mut State, ra: *mut Value) -> Result<bool, Throw> {
    // SAFETY: three registers of the running frame.
    unsafe {
        let (init, limit, step) = (*ra, *ra.add(1), *ra.add(2));
        if let (Some(i), Some(s)) = (init.as_int(), step.as_int()) {
            if s == 0 {
                return Err(st.error("'for' step is zero"));
            }
            let limit = match limit.as_int() {
                Some(n) => num::Num::Int(n),
                None => num::Num::Float(for_float(st, limit, "limit")?),
            };
            let Some(count) = num::for_count(i, limit, s) else {
                return Ok(false);
            };
            *ra = Value::int(count as i64);
            *ra.add(1) = step;
            *ra.add(2) = init;
            return Ok(true);
        }
        let limit = for_float(st, limit, "limit")?;
        let step = for_float(st, step, "step")?;
        let init = for_float(st, init, "initial value")?;
        if step == 0.0 {
            return Err(st.error("'for' step is zero"));
        }
        if num::float_for_skips(init, limit, step) {
            return Ok(false);
        }
        *ra = Value::float(limit);
        *ra.add(1) = Value::float(step);
        *ra.add(2) = Value::float(init);
        Ok(true)
    }
}

fn for_float(st: &mut State, v: Value, what: &str) -> Result<f64, Throw> {
    match v.to_number(&st.heap) {
        Some(f) => Ok(f),
        None => {
            let mut s = format!("bad 'for' {what} (number expected, got ").into_bytes();
            s.extend_from_slice(&st.named_type(v));
            s.push(b')');
            Err(st.error(s))
        }
    }
}

/// The vararg table of a named vararg.
pub(super) unsafe fn vararg_table(st: &mut State, slot: *mut Value) -> Result<(), Throw> {
    // SAFETY: the varargs stand below the running frame's function.
    unsafe {
        let f = *(*st.thread.ptr()).frame;
        let n = f.nextra as usize;
        let t = st.new_table(n, 1)?;
        let first = f.base.sub(1 + n);
        let items = std::slice::from_raw_parts(first, n);
        t.set_list(&mut st.heap, 1, items)
            .map_err(|e| st.table_error(e))?;
        *slot = t.into();
        st.set_field(t, "n", Value::int(n as i64))
    }
}

/// Copies varargs (of the frame, or of a vararg table) to register `a`; `want` < 0: all, sets top.
pub(super) unsafe fn get_varargs(
    st: &mut State,
    a: usize,
    want: i32,
    table: Option<usize>,
) -> Result<(), Throw> {
    // SAFETY: the registers exist; `room` makes space for an open list.
    unsafe {
        let th = st.thread.ptr();
        let f = (*th).frame;
        let table = table.and_then(|r| (*(*f).base.add(r)).as_table());
        let n = match table {
            None => (*f).nextra as usize,
            Some(t) => {
                let n = st.get_field(t, "n")?.as_int().unwrap_or(-1);
                if !(0..=i32::MAX as i64 / 2).contains(&n) {
                    return Err(st.error("vararg table has no proper 'n'"));
                }
                n as usize
            }
        };
        let count = if want < 0 { n } else { want as usize };
        if want < 0 {
            (*th).top = (*th).registers_end();
            st.room(n)?;
        }
        let base = (*(*th).frame).base;
        let first = base.sub(1 + (*(*th).frame).nextra as usize);
        for k in 0..count {
            *base.add(a + k) = match table {
                _ if k >= n => Value::NIL,
                None => *first.add(k),
                Some(t) => t.get_int(&st.heap, k as i64 + 1),
            };
        }
        if want < 0 {
            (*th).top = base.add(a + n);
        }
        Ok(())
    }
}

/// `varargs[key]` of a named vararg that has no table.
pub(super) unsafe fn one_vararg(f: &Frame, key: Value, st: &State) -> Value {
    let n = f.nextra as i64;
    if let Some(s) = key.as_str() {
        return if s.bytes(&st.heap) == b"n" {
            Value::int(n)
        } else {
            Value::NIL
        };
    }
    match key
        .as_int()
        .or_else(|| key.as_float().and_then(num::float_to_int_exact))
    {
        // SAFETY: the varargs stand below the frame's function.
        Some(i) if (1..=n).contains(&i) => unsafe { *f.base.sub(1 + n as usize).add(i as usize - 1) },
        _ => Value::NIL,
    }
}

/// The next round of an integer loop prepared by [`prepare_for`]; false: it has ended.
#[inline(always)]
pub(super) unsafe fn step_int(ra: *mut Value) -> bool {
    // SAFETY: three registers of the running frame. Whole values are written: `debug.setlocal` may have put
    // anything there.
    unsafe {
        let count = (*ra).bits;
        if count == 0 {
            return false;
        }
        *ra = Value::int((count - 1) as i64);
        *ra.add(2) = Value::int((*ra.add(2)).bits.wrapping_add((*ra.add(1)).bits) as i64);
        true
    }
}

/// As [`step_int`], of a loop over floats.
#[inline(always)]
pub(super) unsafe fn step_float(ra: *mut Value) -> bool {
    // SAFETY: as there.
    unsafe {
        let [limit, step, v] = [ra, ra.add(1), ra.add(2)].map(|r| f64::from_bits((*r).bits));
        let v = v + step;
        let runs = num::float_for_runs(v, limit, step);
        if runs {
            *ra.add(2) = Value::float(v);
        }
        runs
    }
}

/// As [`step_int`], of any loop.
#[inline(always)]
pub(super) unsafe fn step_for(ra: *mut Value) -> bool {
    // SAFETY: as there.
    unsafe {
        if (*ra.add(1)).tag == Tag::INT {
            step_int(ra)
        } else {
            step_float(ra)
        }
    }
}
