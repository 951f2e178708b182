//! Bytecode -> effects: the interpreter loop, one method per opcode.
//!
//! Numbered rules of this file:
//! 1. `base`, `pc` and `consts` of the [`Machine`] are copies of what the running frame says. Before
//!    anything that may look at the frame (errors, calls, safepoints, debug information), `pc` is
//!    saved in it; after anything that may move the stack or change frames, all are reloaded.
//! 2. A method that did all its work returns `Flow::Next`. Anything else leaves to [`settle`].
//! 3. Cold work is done in free functions that take the state, never the machine, so that the
//!    machine stays in registers.
//! 4. Operands need no checks: the code was verified, so registers lie inside the frame, constants
//!    and upvalues exist, and jumps land on instructions.

use super::call::{self, Next};
use crate::error::Throw;
use crate::heap::{Gc, OutOfMemory, interrupt};
use crate::object::{Closure, Frame, Str, Table, Thread, cont, frame_flags};
use crate::semantics::arith::{self, Arith};
use crate::semantics::compare::{self, Order};
use crate::semantics::index::{self, Store};
use crate::semantics::{self, Outcome};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::for_each_op;
use perilune_bytecode::ops::{Instr, Op};
use perilune_syntax::number as num;
use std::sync::atomic::{AtomicU32, Ordering};

/// What happens after an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// The next instruction.
    Next,
    /// Reload the machine from the running frame.
    Reload,
    /// The entry frame has returned.
    Exit,
    /// An error is being delivered.
    Unwind,
    /// Raise.
    Error,
    /// Stop.
    Stop,
    /// Go on in the tracing loop, or back in the plain one.
    Switch,
}

impl From<Result<Next, Throw>> for Flow {
    #[inline(always)]
    fn from(r: Result<Next, Throw>) -> Flow {
        match r {
            Ok(Next::Lua) => Flow::Reload,
            Ok(Next::Exit) => Flow::Exit,
            Ok(Next::Unwind) => Flow::Unwind,
            Err(Throw::Error) => Flow::Error,
            Err(Throw::Stop) => Flow::Stop,
        }
    }
}

/// The registers of the bytecode machine.
struct Machine {
    base: *mut Value,
    pc: *const Instr,
    consts: *const Value,
    st: *mut State,
    word: *const AtomicU32,
}

/// Calls the value in slot `at` (arguments up to the top) and runs until it has returned.
///
/// # Safety
/// The slots are live.
pub(super) unsafe fn run(st: &mut State, at: usize) -> Result<(), Throw> {
    // SAFETY: the function and its arguments are live slots.
    let mut r = unsafe {
        let func = st.th().stack.add(at);
        call::call_value(st, func, -1, cont::ENTRY)
    };
    let entry_error = r.is_err() && !entered(st, at);
    if entry_error {
        // The call failed before its frame was pushed.
        let t = r.err().unwrap_or(Throw::Error);
        return Err(call_failed(st, at, t));
    }
    loop {
        match r {
            Ok(Next::Exit) => return Ok(()),
            Ok(Next::Unwind) => r = call::unwind(st),
            Ok(Next::Lua) => r = interpret(st),
            Err(t) => r = Ok(call::raise(st, t)?),
        }
    }
}

/// Whether the frame for the call at slot `at` has been pushed.
fn entered(st: &State, at: usize) -> bool {
    let th = st.th();
    // SAFETY: the running frame's record is valid.
    unsafe { (*th.frame).func >= th.stack.add(at) }
}

/// An entry call whose callee could not be entered: the handler still runs, at the caller's level.
fn call_failed(st: &mut State, at: usize, t: Throw) -> Throw {
    let th = st.thread.ptr();
    // SAFETY: a frame for the failed call keeps `raise` from unwinding further than this entry.
    unsafe {
        let func = (*th).stack.add(at);
        if !(*th).fits((*th).top) {
            return t;
        }
        let frame = (*th).frame.sub(1);
        *frame = Frame::native(func, func.add(1));
        (*th).frame = frame;
        (*th).top = (*th).top.max(func.add(1));
    }
    match call::raise(st, t) {
        Err(t) => t,
        Ok(_) => t,
    }
}

/// Runs Lua frames until one of them needs more than the loop can do.
fn interpret(st: &mut State) -> Result<Next, Throw> {
    loop {
        let trace = st.interrupt.load(Ordering::Relaxed) & interrupt::TRACE != 0;
        // SAFETY: the running frame is a Lua frame with its pc saved.
        let flow = unsafe {
            if trace {
                dispatch::<true>(st)
            } else {
                dispatch::<false>(st)
            }
        };
        return match flow {
            Flow::Switch => continue,
            Flow::Exit => Ok(Next::Exit),
            Flow::Unwind => Ok(Next::Unwind),
            Flow::Error => Err(Throw::Error),
            Flow::Stop => Err(Throw::Stop),
            Flow::Next | Flow::Reload => Ok(Next::Lua),
        };
    }
}

macro_rules! define_dispatch {
    ($($(#[doc = $doc:literal])* $name:ident $method:ident
        ($a:ident, $b:ident, $c:ident, $d:ident) [$($eff:ident)*];)*) => {
        /// The loop. With `TRACE`, hooks and the instruction limit are served before each
        /// instruction.
        #[inline(never)]
        unsafe fn dispatch<const TRACE: bool>(st: &mut State) -> Flow {
            // SAFETY: rules 1 and 4.
            unsafe {
                let mut m = Machine::load(st);
                loop {
                    if TRACE {
                        m.save();
                        let flow = (*m.st).trace();
                        if flow != TraceFlow::Go {
                            return flow.into();
                        }
                        m.reload();
                    }
                    let i = *m.pc;
                    m.pc = m.pc.add(1);
                    // SAFETY: verified code holds only bytes that are opcodes.
                    let op: Op = std::mem::transmute(i.op_byte());
                    let flow = match op {
                        $(Op::$name => m.$method::<TRACE>(i),)*
                    };
                    match flow {
                        Flow::Next => {}
                        Flow::Reload => m.reload(),
                        other => return other,
                    }
                }
            }
        }
    };
}
for_each_op!(define_dispatch);

/// At this safepoint any register may be in use.
const UNKNOWN: usize = usize::MAX;

/// What the tracing hook says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TraceFlow {
    /// Execute the instruction.
    Go,
    /// An error.
    Error,
    /// A stop.
    Stop,
    /// Tracing is over.
    Leave,
}

impl From<TraceFlow> for Flow {
    fn from(t: TraceFlow) -> Flow {
        match t {
            TraceFlow::Go => Flow::Next,
            TraceFlow::Error => Flow::Error,
            TraceFlow::Stop => Flow::Stop,
            TraceFlow::Leave => Flow::Switch,
        }
    }
}

/// Both integers: one `or`, one test.
#[inline(always)]
fn both_int(x: Value, y: Value) -> bool {
    x.tag.0 | y.tag.0 == 0
}
#[inline(always)]
fn both_float(x: Value, y: Value) -> bool {
    x.tag == Tag::FLT && y.tag == Tag::FLT
}
#[inline(always)]
fn int(v: Value) -> i64 {
    v.bits as i64
}
#[inline(always)]
fn float(v: Value) -> f64 {
    f64::from_bits(v.bits)
}

macro_rules! arith_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $int:expr, $float:expr) => {{
        let (x, y) = ($x, $y);
        if both_int(x, y) {
            $m.set($i.a(), Value::int($int(int(x), int(y))));
            Flow::Next
        } else if both_float(x, y) {
            $m.set($i.a(), Value::float($float(float(x), float(y))));
            Flow::Next
        } else {
            $m.save();
            slow_arith(&mut *$m.st, $op, x, y, $i)
        }
    }};
}

macro_rules! bit_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $int:expr) => {{
        let (x, y) = ($x, $y);
        if both_int(x, y) {
            $m.set($i.a(), Value::int($int(int(x), int(y))));
            Flow::Next
        } else {
            $m.save();
            slow_arith(&mut *$m.st, $op, x, y, $i)
        }
    }};
}

macro_rules! order_op {
    ($m:ident, $i:ident, $x:expr, $y:expr, $op:expr, $cmp:tt, $swap:expr) => {{
        let (x, y) = ($x, $y);
        let r = if both_int(x, y) {
            int(x) $cmp int(y)
        } else if both_float(x, y) {
            float(x) $cmp float(y)
        } else {
            $m.save();
            return slow_order(&mut *$m.st, $op, x, y, $swap, $i);
        };
        $m.branch(r, $i)
    }};
}

/// The instruction's result from an outcome, or a metamethod's frame.
#[inline(always)]
unsafe fn store_outcome(st: &mut State, o: Outcome, a: u8) -> Flow {
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
fn fail(t: Throw) -> Flow {
    match t {
        Throw::Error => Flow::Error,
        Throw::Stop => Flow::Stop,
    }
}

#[inline(never)]
unsafe fn slow_arith(st: &mut State, op: Arith, x: Value, y: Value, i: Instr) -> Flow {
    match arith::arith(st, op, x, y) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, i.a()) },
        Err(t) => fail(t),
    }
}

/// Decides a comparison whose truth is that of the outcome.
unsafe fn branch_outcome(st: &mut State, o: Outcome, i: Instr) -> Flow {
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

#[inline(never)]
unsafe fn slow_order(st: &mut State, op: Order, x: Value, y: Value, swap: bool, i: Instr) -> Flow {
    let (x, y) = if swap { (y, x) } else { (x, y) };
    match compare::order(st, op, x, y) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { branch_outcome(st, o, i) },
        Err(t) => fail(t),
    }
}

#[inline(never)]
unsafe fn slow_equals(st: &mut State, x: Value, y: Value, i: Instr) -> Flow {
    let o = compare::equals(st, x, y);
    // SAFETY: the running frame's pc is saved.
    unsafe { branch_outcome(st, o, i) }
}

#[inline(never)]
unsafe fn slow_index(st: &mut State, obj: Value, key: Value, a: u8) -> Flow {
    match index::index(st, obj, key) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, a) },
        Err(t) => fail(t),
    }
}

#[inline(never)]
unsafe fn slow_store(st: &mut State, obj: Value, key: Value, v: Value) -> Flow {
    match index::set_index(st, obj, key, v) {
        Ok(Store::Done) => Flow::Next,
        // SAFETY: the running frame's pc is saved.
        Ok(Store::Call { f, obj }) => unsafe {
            call::call_meta(st, f, &[obj, key, v], 0, cont::NORMAL).into()
        },
        Err(t) => fail(t),
    }
}

#[inline(never)]
fn slow_len(st: &mut State, v: Value, a: u8) -> Flow {
    match semantics::len(st, v) {
        // SAFETY: the running frame's pc is saved.
        Ok(o) => unsafe { store_outcome(st, o, a) },
        Err(t) => fail(t),
    }
}

#[cold]
#[inline(never)]
fn poll(st: &mut State, live: usize) -> Flow {
    if live != UNKNOWN {
        st.clear_registers_from(live);
    }
    match st.serve_interrupts() {
        Ok(true) => Flow::Switch,
        Ok(false) => Flow::Reload,
        Err(t) => fail(t),
    }
}

#[inline(never)]
fn new_table(st: &mut State, narray: usize, nrecord: usize, slot: *mut Value) -> Flow {
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
unsafe fn new_closure(st: &mut State, cl: Gc<Closure>, base: *mut Value, i: Instr) -> Flow {
    // SAFETY: verified code: the nested function and what its upvalues name exist.
    unsafe {
        let parent = &*(*cl.ptr()).proto.ptr();
        let proto = parent.data.protos[i.du() as usize];
        let data = &(*proto.ptr()).data;
        let descs = &data.meta.upvalues;
        let th = st.thread.ptr();
        let mut found: [Option<Gc<crate::object::Upval>>; 8] = [None; 8];
        let mut more = Vec::new();
        for (k, d) in descs.iter().enumerate() {
            let u = if d.in_stack {
                match (*th).find_upval(&mut st.heap, base.add(d.index as usize)) {
                    Ok(u) => u,
                    Err(OutOfMemory) => return fail(st.memory_error()),
                }
            } else {
                *cl.upvals().add(d.index as usize)
            };
            match found.get_mut(k) {
                Some(slot) => *slot = Some(u),
                None => more.push(u),
            }
        }
        let Ok(new) = Closure::new(&mut st.heap, proto, descs.len()) else {
            return fail(st.memory_error());
        };
        for (k, u) in found.iter().flatten().enumerate() {
            *new.upvals().add(k) = *u;
        }
        for (k, u) in more.iter().enumerate() {
            *new.upvals().add(found.len() + k) = *u;
        }
        *base.add(i.a() as usize) = new.into();
    }
    Flow::Next
}

/// `for` with operands that are not all integers or that need checking; R[a]... as in FORPREP.
/// Returns whether the loop runs.
unsafe fn prepare_for(st: &mut State, ra: *mut Value) -> Result<bool, Throw> {
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
unsafe fn vararg_table(st: &mut State, slot: *mut Value) -> Result<(), Throw> {
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
unsafe fn get_varargs(st: &mut State, a: usize, want: i32, table: Option<usize>) -> Result<(), Throw> {
    // SAFETY: the registers exist; `room` makes space for an open list.
    unsafe {
        let th = st.thread.ptr();
        let f = (*th).frame;
        let table = table.and_then(|r| (*(*f).base.add(r)).as_table());
        let n = match table {
            None => (*f).nextra as usize,
            Some(t) => {
                let n = st.get_field(t, "n")?.as_int().unwrap_or(-1);
                if !(0..i32::MAX as i64 / 2).contains(&n) {
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
unsafe fn one_vararg(f: &Frame, key: Value, st: &State) -> Value {
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

/// RETURN in general: pending variables are closed first, one each time the instruction runs.
#[inline(never)]
unsafe fn slow_return(st: &mut State, i: Instr) -> Flow {
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
unsafe fn close_variable(st: &mut State, v: Value, how: u8) -> Flow {
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
unsafe fn slow_close(st: &mut State, i: Instr) -> Flow {
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
unsafe fn slow_call(st: &mut State, func: *mut Value, nresults: i32) -> Flow {
    // SAFETY: the caller set the top and saved its pc.
    unsafe {
        match call::call_value(st, func, nresults, cont::NORMAL) {
            Ok(Next::Lua) => {
                let th = st.thread.ptr();
                let f = (*th).frame;
                let fresh = (*f).is_lua() && (*f).flags & frame_flags::HOOKED == 0 && at_start(f);
                if (*th).hook_mask != 0
                    && fresh
                    && let Err(t) = st.hook_call(false)
                {
                    return fail(t);
                }
                Flow::Reload
            }
            other => other.into(),
        }
    }
}

unsafe fn at_start(f: *mut Frame) -> bool {
    // SAFETY: a Lua frame's function stands below its base.
    unsafe {
        let cl: Gc<Closure> = (*(*f).base.sub(1)).gc();
        std::ptr::eq((*f).pc, (*(*cl.ptr()).proto.ptr()).code)
    }
}

/// TAILCALL: moves the callee and its arguments down over the running frame.
#[inline(never)]
unsafe fn tail_call(st: &mut State, i: Instr) -> Flow {
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
        let mut ncall = 0u8;
        while (*func).tag != Tag::CLOSURE {
            if (*func).tag == Tag::NATIVE {
                return tail_native(st, func);
            }
            let mm = st.heap.metamethod(*func, crate::heap::Event::Call);
            if mm.is_nil() {
                let t = st.call_error(*func);
                return fail(t);
            }
            let at = (func as usize - (*th).stack as usize) / size_of::<Value>();
            if let Err(t) = st.room(1) {
                return fail(t);
            }
            func = (*th).stack.add(at);
            let n = ((*th).top as usize - func as usize) / size_of::<Value>();
            std::ptr::copy(func, func.add(1), n);
            *func = mm;
            (*th).top = (*th).top.add(1);
            if ncall == call::MAX_CALL_CHAIN {
                let t = st.runtime_error("'__call' chain too long");
                return fail(t);
            }
            ncall += 1;
        }
        let f = *(*th).frame;
        let n = ((*th).top as usize - func as usize) / size_of::<Value>();
        std::ptr::copy(func, f.func, n);
        (*th).top = f.func.add(n);
        (*th).frame = (*th).frame.add(1);
        let r = call::enter_lua(st, f.func, f.nresults as i32, f.cont, ncall);
        if r.is_ok() {
            let new = &mut *(*th).frame;
            new.flags |= frame_flags::TAIL | (f.flags & (frame_flags::HOOK | frame_flags::FINALISER));
            if (*th).hook_mask != 0
                && let Err(t) = st.hook_call(true)
            {
                return fail(t);
            }
        } else {
            (*th).frame = (*th).frame.sub(1);
        }
        r.into()
    }
}

/// A native in tail position is called like any other; its results are returned.
unsafe fn tail_native(st: &mut State, func: *mut Value) -> Flow {
    // SAFETY: as in `tail_call`.
    unsafe {
        let r = call::call_value(st, func, -1, cont::TAIL);
        r.into()
    }
}

impl Machine {
    #[inline(always)]
    unsafe fn load(st: &mut State) -> Machine {
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
    unsafe fn th(&self) -> *mut Thread {
        // SAFETY: the state outlives the loop.
        unsafe { (*self.st).thread.ptr() }
    }
    #[inline(always)]
    unsafe fn reload(&mut self) {
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
    unsafe fn save(&self) {
        // SAFETY: the running frame's record.
        unsafe { (*(*self.th()).frame).pc = self.pc };
    }
    #[inline(always)]
    unsafe fn closure(&self) -> Gc<Closure> {
        // SAFETY: the function stands below the base.
        unsafe { (*self.base.sub(1)).gc() }
    }
    #[inline(always)]
    unsafe fn r(&self, i: u8) -> Value {
        // SAFETY: rule 4.
        unsafe { *self.base.add(i as usize) }
    }
    #[inline(always)]
    unsafe fn set(&self, i: u8, v: Value) {
        // SAFETY: rule 4. Payload and tag are stored apart.
        unsafe {
            let p = self.base.add(i as usize);
            (*p).bits = v.bits;
            (*p).tag = v.tag;
        }
    }
    #[inline(always)]
    unsafe fn k(&self, i: usize) -> Value {
        // SAFETY: rule 4.
        unsafe { *self.consts.add(i) }
    }
    #[inline(always)]
    unsafe fn jump(&mut self, d: i32) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.pc = self.pc.offset(d as isize);
            if d < 0 { self.check(UNKNOWN) } else { Flow::Next }
        }
    }
    /// The safepoint test. Only the registers below `live` are in use here ([`UNKNOWN`]: perhaps all).
    #[inline(always)]
    unsafe fn check(&mut self, live: usize) -> Flow {
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
    unsafe fn branch(&mut self, truth: bool, i: Instr) -> Flow {
        if truth == (i.c() != 0) {
            // SAFETY: rule 4.
            unsafe { self.jump(i.d()) }
        } else {
            Flow::Next
        }
    }

    /// `obj[k]` for an interned string.
    #[inline(always)]
    unsafe fn get_field(&mut self, obj: Value, key: Value, a: u8, i: Instr) -> Flow {
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
    unsafe fn get_field_miss(&mut self, t: &Table, key_str: Gc<Str>, obj: Value, key: Value, a: u8) -> Flow {
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
    unsafe fn set_field(&mut self, obj: Value, key: Value, v: Value, hint: u32) -> Flow {
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
    unsafe fn get_int(&mut self, obj: Value, n: i64, a: u8) -> Flow {
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
    unsafe fn set_int(&mut self, obj: Value, n: i64, v: Value) -> Flow {
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
    unsafe fn set_any(&mut self, obj: Value, key: Value, v: Value) -> Flow {
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
    unsafe fn enter<const TRACE: bool>(&mut self, func: *mut Value, nargs: usize, nresults: i32) -> Flow {
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
unsafe fn remember(pc: *const Instr, at: u32) {
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
unsafe fn remember_b(pc: *const Instr, at: u32) {
    // SAFETY: the code is this state's own copy.
    unsafe {
        let i = pc.sub(1).cast_mut();
        let op = (*i).op_byte();
        if at < 255 && (op == Op::SETFIELD as u8 || op == Op::SETFIELDK as u8) {
            *i = Instr((*i).0 & !0x00ff_0000 | (at as u64) << 16);
        }
    }
}

/// One method per opcode; what each does is said in the opcode table.
#[allow(clippy::missing_safety_doc)]
impl Machine {
    #[inline(always)]
    unsafe fn move_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), self.r(i.b())) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::int(i.d() as i64)) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadf<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::float(i.d() as f64)) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), self.k(i.du() as usize)) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadnil<const T: bool>(&mut self, i: Instr) -> Flow {
        for k in 0..=i.b() {
            // SAFETY: rule 4.
            unsafe { self.set(i.a() + k, Value::NIL) };
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadfalse<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::FALSE) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn loadtrue<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::TRUE) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn getupval<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            self.set(i.a(), *(*u.ptr()).at);
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn setupval<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            u.set(&mut (*self.st).heap, self.r(i.a()));
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn gettabup<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            let obj = *(*u.ptr()).at;
            self.get_field(obj, self.k(i.du() as usize), i.a(), i)
        }
    }
    #[inline(always)]
    unsafe fn settabup<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            let obj = *(*u.ptr()).at;
            self.set_field(obj, self.k(i.du() as usize), self.r(i.a()), u32::MAX)
        }
    }
    #[inline(always)]
    unsafe fn getfield<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.get_field(self.r(i.b()), self.k(i.du() as usize), i.a(), i) }
    }
    #[inline(always)]
    unsafe fn getindex<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, key) = (self.r(i.b()), self.r(i.c()));
            if key.tag == Tag::INT {
                return self.get_int(obj, int(key), i.a());
            }
            if key.tag == Tag::STR && obj.tag == Tag::TABLE {
                let t = obj.gc::<Table>();
                let v = t.get_str(&(*self.st).heap, key.gc());
                if v.tag != Tag::NIL || (*t.ptr()).metatable.is_none() {
                    self.set(i.a(), v);
                    return Flow::Next;
                }
            }
            self.save();
            slow_index(&mut *self.st, obj, key, i.a())
        }
    }
    #[inline(always)]
    unsafe fn getint<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.get_int(self.r(i.b()), i.d() as i64, i.a()) }
    }
    #[inline(always)]
    unsafe fn setfield<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.set_field(
                self.r(i.a()),
                self.k(i.du() as usize),
                self.r(i.c()),
                i.b() as u32,
            )
        }
    }
    #[inline(always)]
    unsafe fn setfieldk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.set_field(
                self.r(i.a()),
                self.k(i.du() as usize),
                self.k(i.c() as usize),
                i.b() as u32,
            )
        }
    }
    #[inline(always)]
    unsafe fn setindex<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_any(self.r(i.a()), self.r(i.b()), self.r(i.c())) }
    }
    #[inline(always)]
    unsafe fn setindexk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_any(self.r(i.a()), self.r(i.b()), self.k(i.c() as usize)) }
    }
    #[inline(always)]
    unsafe fn setint<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_int(self.r(i.a()), i.d() as i64, self.r(i.c())) }
    }
    #[inline(always)]
    unsafe fn setintk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_int(self.r(i.a()), i.d() as i64, self.k(i.c() as usize)) }
    }
    #[inline(always)]
    unsafe fn self_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            let key = self.k(i.du() as usize);
            self.set(i.a() + 1, obj);
            if obj.tag == Tag::TABLE {
                let st = &mut *self.st;
                let t: &Table = &*obj.gc::<Table>().ptr();
                let key_str: Gc<Str> = key.gc();
                if let Some(mt) = t.metatable
                    && key_str.is_short(&st.heap)
                    && (t.nused == 0 || t.find_short(key_str).is_none())
                    && let Some(class) = st.heap.event_of(mt, crate::heap::Event::Index).as_table()
                {
                    let class: &Table = &*class.ptr();
                    let hint = i.c() as u32;
                    if hint < class.nused && class.node(hint).has_str(key_str) {
                        let v = class.node(hint).value();
                        if v.tag != Tag::NIL {
                            self.set(i.a(), v);
                            return Flow::Next;
                        }
                    }
                    if class.nused > 0
                        && let Some(at) = class.find_short(key_str)
                        && class.node(at).value().tag != Tag::NIL
                    {
                        remember(self.pc, at);
                        self.set(i.a(), class.node(at).value());
                        return Flow::Next;
                    }
                } else {
                    return self.get_field(obj, key, i.a(), i);
                }
            }
            self.save();
            slow_index(&mut *self.st, obj, key, i.a())
        }
    }
    #[inline(always)]
    unsafe fn newtable<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn setlist<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn add<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Add,
                i64::wrapping_add,
                |x: f64, y: f64| x + y
            )
        }
    }
    #[inline(always)]
    unsafe fn sub<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Sub,
                i64::wrapping_sub,
                |x: f64, y: f64| x - y
            )
        }
    }
    #[inline(always)]
    unsafe fn mul<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            arith_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Mul,
                i64::wrapping_mul,
                |x: f64, y: f64| x * y
            )
        }
    }
    #[inline(always)]
    unsafe fn int_division(&mut self, i: Instr, x: Value, y: Value, op: Arith) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if both_int(x, y) && int(y) != 0 {
                let r = if op == Arith::Mod {
                    num::int_mod(int(x), int(y))
                } else {
                    num::int_floor_div(int(x), int(y))
                };
                self.set(i.a(), Value::int(r.unwrap_or(0)));
                return Flow::Next;
            }
            if both_float(x, y) {
                let (p, q) = (float(x), float(y));
                let r = if op == Arith::Mod {
                    num::float_mod(p, q)
                } else {
                    num::float_floor_div(p, q)
                };
                self.set(i.a(), Value::float(r));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    unsafe fn mod_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.r(i.c()), Arith::Mod) }
    }
    #[inline(always)]
    unsafe fn idiv<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.r(i.c()), Arith::IDiv) }
    }
    #[inline(always)]
    unsafe fn float_op(&mut self, i: Instr, x: Value, y: Value, op: Arith) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if x.is_number() && y.is_number() {
                let p = if x.tag == Tag::INT {
                    int(x) as f64
                } else {
                    float(x)
                };
                let q = if y.tag == Tag::INT {
                    int(y) as f64
                } else {
                    float(y)
                };
                let r = if op == Arith::Div {
                    p / q
                } else {
                    num::float_pow(p, q)
                };
                self.set(i.a(), Value::float(r));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    unsafe fn pow<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.r(i.c()), Arith::Pow) }
    }
    #[inline(always)]
    unsafe fn div<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.r(i.c()), Arith::Div) }
    }
    #[inline(always)]
    unsafe fn band<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BAnd,
                |x: i64, y: i64| x & y
            )
        }
    }
    #[inline(always)]
    unsafe fn bor<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BOr,
                |x: i64, y: i64| x | y
            )
        }
    }
    #[inline(always)]
    unsafe fn bxor<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::BXor,
                |x: i64, y: i64| x ^ y
            )
        }
    }
    #[inline(always)]
    unsafe fn shl<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { bit_op!(self, i, self.r(i.b()), self.r(i.c()), Arith::Shl, num::shift_left) }
    }
    #[inline(always)]
    unsafe fn shr<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                self.r(i.c()),
                Arith::Shr,
                num::shift_right
            )
        }
    }
    #[inline(always)]
    unsafe fn addi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_add(i.d() as i64)));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                self.set(i.a(), Value::float(float(x) + i.d() as f64));
                return Flow::Next;
            }
            self.flipped(Arith::Add, x, Value::int(i.d() as i64), i)
        }
    }
    /// The slow path of an operator with a constant, which `c` may put first.
    #[inline(always)]
    unsafe fn flipped(&mut self, op: Arith, x: Value, k: Value, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (x, y) = if i.c() != 0 { (k, x) } else { (x, k) };
            slow_arith(&mut *self.st, op, x, y, i)
        }
    }
    #[inline(always)]
    unsafe fn subi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_sub(i.d() as i64)));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                self.set(i.a(), Value::float(float(x) - i.d() as f64));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, Arith::Sub, x, Value::int(i.d() as i64), i)
        }
    }
    #[inline(always)]
    unsafe fn constant_op(
        &mut self,
        i: Instr,
        op: Arith,
        on_int: impl Fn(i64, i64) -> i64,
        on_float: impl Fn(f64, f64) -> f64,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.b()), self.k(i.du() as usize));
            if both_int(x, k) {
                self.set(i.a(), Value::int(on_int(int(x), int(k))));
                return Flow::Next;
            }
            if both_float(x, k) {
                self.set(i.a(), Value::float(on_float(float(x), float(k))));
                return Flow::Next;
            }
            self.flipped(op, x, k, i)
        }
    }
    #[inline(always)]
    unsafe fn addk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Add, i64::wrapping_add, |x, y| x + y) }
    }
    #[inline(always)]
    unsafe fn subk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Sub, i64::wrapping_sub, |x, y| x - y) }
    }
    #[inline(always)]
    unsafe fn mulk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_op(i, Arith::Mul, i64::wrapping_mul, |x, y| x * y) }
    }
    #[inline(always)]
    unsafe fn modk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.k(i.du() as usize), Arith::Mod) }
    }
    #[inline(always)]
    unsafe fn powk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.k(i.du() as usize), Arith::Pow) }
    }
    #[inline(always)]
    unsafe fn divk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.float_op(i, self.r(i.b()), self.k(i.du() as usize), Arith::Div) }
    }
    #[inline(always)]
    unsafe fn idivk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.int_division(i, self.r(i.b()), self.k(i.du() as usize), Arith::IDiv) }
    }
    #[inline(always)]
    unsafe fn constant_bits(&mut self, i: Instr, op: Arith, on_int: impl Fn(i64, i64) -> i64) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.b()), self.k(i.du() as usize));
            if both_int(x, k) {
                self.set(i.a(), Value::int(on_int(int(x), int(k))));
                return Flow::Next;
            }
            self.flipped(op, x, k, i)
        }
    }
    #[inline(always)]
    unsafe fn bandk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BAnd, |x, y| x & y) }
    }
    #[inline(always)]
    unsafe fn bork<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BOr, |x, y| x | y) }
    }
    #[inline(always)]
    unsafe fn bxork<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.constant_bits(i, Arith::BXor, |x, y| x ^ y) }
    }
    #[inline(always)]
    unsafe fn shli<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                Value::int(i.d() as i64),
                Arith::Shl,
                num::shift_left
            )
        }
    }
    #[inline(always)]
    unsafe fn shri<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            bit_op!(
                self,
                i,
                self.r(i.b()),
                Value::int(i.d() as i64),
                Arith::Shr,
                num::shift_right
            )
        }
    }
    #[inline(always)]
    unsafe fn unm<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            if x.tag == Tag::INT {
                self.set(i.a(), Value::int(int(x).wrapping_neg()));
                return Flow::Next;
            }
            if x.tag == Tag::FLT {
                self.set(i.a(), Value::float(-float(x)));
                return Flow::Next;
            }
            self.save();
            slow_arith(&mut *self.st, Arith::Unm, x, x, i)
        }
    }
    #[inline(always)]
    unsafe fn bnot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let x = self.r(i.b());
            bit_op!(self, i, x, x, Arith::BNot, |x: i64, _| !x)
        }
    }
    #[inline(always)]
    unsafe fn not<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set(i.a(), Value::bool(!self.r(i.b()).truthy())) };
        Flow::Next
    }
    #[inline(always)]
    unsafe fn len<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            slow_len(&mut *self.st, self.r(i.b()), i.a())
        }
    }
    #[inline(always)]
    unsafe fn concat<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn close<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            slow_close(&mut *self.st, i)
        }
    }
    #[inline(always)]
    unsafe fn tbc<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn jmp<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.jump(i.d()) }
    }
    #[inline(always)]
    unsafe fn eq<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, y) = (self.r(i.a()), self.r(i.b()));
            if x.tag == y.tag && x.tag != Tag::FLT {
                if x.bits == y.bits || x.tag == Tag::NIL {
                    return self.branch(true, i);
                }
                if x.tag == Tag::INT {
                    return self.branch(false, i);
                }
            }
            self.save();
            slow_equals(&mut *self.st, x, y, i)
        }
    }
    #[inline(always)]
    unsafe fn lt<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { order_op!(self, i, self.r(i.a()), self.r(i.b()), Order::Lt, <, false) }
    }
    #[inline(always)]
    unsafe fn le<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { order_op!(self, i, self.r(i.a()), self.r(i.b()), Order::Le, <=, false) }
    }
    #[inline(always)]
    unsafe fn eqk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, k) = (self.r(i.a()), self.k(i.b() as usize));
            let r = (x.same(k) && x.tag != Tag::FLT) || x.raw_equals(k, &(*self.st).heap);
            self.branch(r, i)
        }
    }
    #[inline(always)]
    unsafe fn eqi<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, n) = (self.r(i.a()), i.b() as i8);
            let r = if x.tag == Tag::INT {
                int(x) == n as i64
            } else {
                x.tag == Tag::FLT && float(x) == n as f64
            };
            self.branch(r, i)
        }
    }
    #[inline(always)]
    unsafe fn order_imm(
        &mut self,
        i: Instr,
        on_int: impl Fn(i64, i64) -> bool,
        on_float: impl Fn(f64, f64) -> bool,
        op: Order,
        swap: bool,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (x, n) = (self.r(i.a()), i.b() as i8);
            if x.tag == Tag::INT {
                return self.branch(on_int(int(x), n as i64), i);
            }
            if x.tag == Tag::FLT {
                return self.branch(on_float(float(x), n as f64), i);
            }
            self.save();
            slow_order(&mut *self.st, op, x, Value::int(n as i64), swap, i)
        }
    }
    #[inline(always)]
    unsafe fn lti<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x < y, |x, y| x < y, Order::Lt, false) }
    }
    #[inline(always)]
    unsafe fn lei<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x <= y, |x, y| x <= y, Order::Le, false) }
    }
    #[inline(always)]
    unsafe fn gti<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x > y, |x, y| x > y, Order::Lt, true) }
    }
    #[inline(always)]
    unsafe fn gei<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.order_imm(i, |x, y| x >= y, |x, y| x >= y, Order::Le, true) }
    }
    #[inline(always)]
    unsafe fn test<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.branch(self.r(i.a()).truthy(), i) }
    }
    #[inline(always)]
    unsafe fn testset<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn call<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let th = self.th();
            let func = self.base.add(i.a() as usize);
            let nresults = i.c() as i32 - 1;
            if (*func).tag == Tag::CLOSURE {
                let nargs = if i.b() != 0 {
                    i.b() as usize - 1
                } else {
                    ((*th).top as usize - func as usize) / size_of::<Value>() - 1
                };
                return self.enter::<T>(func, nargs, nresults);
            }
            if i.b() != 0 {
                (*th).top = func.add(i.b() as usize);
            }
            let frame = (*th).frame;
            match slow_call(&mut *self.st, func, nresults) {
                Flow::Reload => {
                    let same = (*self.th()).frame == frame && nresults >= 0;
                    self.reload();
                    self.check(if same {
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
    unsafe fn tailcall<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match tail_call(&mut *self.st, i) {
                Flow::Reload => {
                    self.reload();
                    self.check(UNKNOWN)
                }
                other => other,
            }
        }
    }
    #[inline(always)]
    unsafe fn return_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            slow_return(&mut *self.st, i)
        }
    }
    #[inline(always)]
    unsafe fn return0<const T: bool>(&mut self, _i: Instr) -> Flow {
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
    unsafe fn return1<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn forprep<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            match prepare_for(&mut *self.st, self.base.add(i.a() as usize)) {
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
    unsafe fn forloop<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let ra = self.base.add(i.a() as usize);
            let step = *ra.add(1);
            if step.tag == Tag::INT {
                let count = (*ra).bits;
                if count == 0 {
                    return Flow::Next;
                }
                // Whole values: `debug.setlocal` may have put anything into these registers.
                *ra = Value::int(count as i64 - 1);
                *ra.add(2) = Value::int((*ra.add(2)).bits.wrapping_add(step.bits) as i64);
                self.pc = self.pc.offset(i.d() as isize);
                return self.check(i.a() as usize + 3);
            }
            let (limit, step) = (float(*ra), float(step));
            let v = float(*ra.add(2)) + step;
            if num::float_for_runs(v, limit, step) {
                *ra.add(2) = Value::float(v);
                self.pc = self.pc.offset(i.d() as isize);
                return self.check(i.a() as usize + 3);
            }
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn tforprep<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn tforcall<const T: bool>(&mut self, i: Instr) -> Flow {
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
                return self.enter::<T>(func, 2, i.c() as i32);
            }
            (*self.th()).top = func.add(3);
            match slow_call(&mut *self.st, func, i.c() as i32) {
                Flow::Reload => {
                    self.reload();
                    self.check(UNKNOWN)
                }
                other => other,
            }
        }
    }
    #[inline(always)]
    unsafe fn tforloop<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a() + 3).tag != Tag::NIL {
                return self.jump(i.d());
            }
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn closure_<const T: bool>(&mut self, i: Instr) -> Flow {
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
    unsafe fn vararg<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let table = (i.b() != 0).then(|| i.b() as usize - 1);
            match get_varargs(&mut *self.st, i.a() as usize, i.c() as i32 - 1, table) {
                Ok(()) => Flow::Reload,
                Err(t) => fail(t),
            }
        }
    }
    #[inline(always)]
    unsafe fn getvarg<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let v = one_vararg(&*(*self.th()).frame, self.r(i.c()), &*self.st);
            self.set(i.a(), v);
        }
        Flow::Next
    }
    #[inline(always)]
    unsafe fn varargprep<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4. The frame's entry has already moved the parameters.
        unsafe {
            if i.b() != 0 {
                self.save();
                if let Err(t) = vararg_table(&mut *self.st, self.base.add(i.a() as usize)) {
                    return fail(t);
                }
            }
            self.check(i.a() as usize + i.b() as usize)
        }
    }
    #[inline(always)]
    unsafe fn errnnil<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a()).tag == Tag::NIL {
                return Flow::Next;
            }
            self.save();
            let st = &mut *self.st;
            let mut s = b"global '".to_vec();
            if let Some(name) = self.k(i.du() as usize).as_str() {
                s.extend_from_slice(name.bytes(&st.heap));
            }
            s.extend_from_slice(b"' already defined");
            fail(st.error(s))
        }
    }
}
