//! Calls, returns and errors: everything that pushes and pops frames.

use super::{tree, unwind};
use crate::error::{Throw, text};
use crate::heap::{Event, Gc};
use crate::native::Ret;
use crate::object::{
    Closure, Frame, MIN_NATIVE_SLOTS, Native, ProtoObj, Thread, Transfer, cont, frame_flags,
};
use crate::state::{MAX_C_DEPTH, State};
use crate::value::{Tag, Value};

/// How many `__call` metamethods one call may go through.
pub(crate) const MAX_CALL_CHAIN: u8 = 15;

/// What the interpreter loop does after a call or return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// The running frame is a Lua frame: go on there. A call hook may have to see it first.
    Lua,
    /// The running frame is a Lua frame: go on there.
    Back,
    /// As `Back`, and nothing of what the caller knows of its frame has changed.
    Same,
    /// The frame that Rust entered is finished; its results stand at its function slot up to the top.
    Exit,
    /// The running frame is a protected call to which an error is being delivered: close its next
    /// pending variable.
    Unwind,
}

/// Copies `n` values, of which there are most often one or two, down a stack or to another one.
#[inline(always)]
pub(super) unsafe fn move_values(from: *const Value, to: *mut Value, n: usize) {
    // SAFETY: the caller's promise: both ranges are in stacks, and in one stack `to` is not above `from`.
    unsafe {
        for i in 0..n {
            *to.add(i) = *from.add(i);
        }
    }
}

fn slots_between(low: *mut Value, high: *mut Value) -> usize {
    (high as usize - low as usize) / size_of::<Value>()
}

/// Calls the value at `func` with the values from there to the top.
///
/// # Safety
/// `func` and the arguments are live slots of the running coroutine, and the running frame's pc is
/// saved.
#[inline]
pub(crate) unsafe fn call_value(
    st: &mut State,
    func: *mut Value,
    nresults: i32,
    how: u8,
) -> Result<Next, Throw> {
    // SAFETY: this function's promise.
    unsafe {
        match (*func).tag {
            Tag::NATIVE => back(call_native(st, func, nresults, how, 0)),
            Tag::CLOSURE => enter_lua(st, func, Entry::new(nresults, how, 0)),
            _ => call_object(st, func, nresults, how),
        }
    }
}

/// For callers that look at the frame again in any case.
#[inline(always)]
fn back(r: Result<Next, Throw>) -> Result<Next, Throw> {
    match r {
        Ok(Next::Same) => Ok(Next::Back),
        other => other,
    }
}

/// Calls a value that is no function, by its `__call` metamethods.
///
/// # Safety
/// As [`call_value`].
#[cold]
#[inline(never)]
unsafe fn call_object(st: &mut State, func: *mut Value, nresults: i32, how: u8) -> Result<Next, Throw> {
    // SAFETY: the promise of `call_value`.
    unsafe {
        let (func, ncall) = find_function(st, func)?;
        match (*func).tag {
            Tag::CLOSURE => enter_lua(st, func, Entry::new(nresults, how, ncall)),
            _ => back(call_native(st, func, nresults, how, ncall)),
        }
    }
}

/// The function that a call of the value at `func` calls, by `__call` metamethods: where it stands, before its
/// arguments, and how many metamethods led there.
///
/// # Safety
/// As [`call_value`].
pub(super) unsafe fn find_function(st: &mut State, mut func: *mut Value) -> Result<(*mut Value, u8), Throw> {
    let mut ncall = 0u8;
    loop {
        // SAFETY: `func` is a live slot.
        let f = unsafe { *func };
        if f.is_function() {
            return Ok((func, ncall));
        }
        let mm = st.heap.metamethod(f, Event::Call);
        if mm.is_nil() {
            return Err(st.call_error(f));
        }
        if ncall == MAX_CALL_CHAIN {
            return Err(st.runtime_error("'__call' chain too long"));
        }
        ncall += 1;
        func = insert_callee(st, func, mm)?;
    }
}

/// Puts the `__call` metamethod before the called object, which becomes its first argument.
fn insert_callee(st: &mut State, func: *mut Value, mm: Value) -> Result<*mut Value, Throw> {
    let at = slots_between(st.th().stack, func);
    st.room(1)?;
    let th = st.th();
    // SAFETY: there is room for one more slot above the top.
    unsafe {
        let func = th.stack.add(at);
        let n = slots_between(func, th.top);
        std::ptr::copy(func, func.add(1), n);
        *func = mm;
        th.top = th.top.add(1);
        Ok(func)
    }
}

/// How a Lua function is entered.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// How many results its caller wants; -1 for all.
    pub nresults: i32,
    /// What its results are for: a code of [`cont`].
    pub how: u8,
    /// How many `__call` metamethods led to it.
    pub ncall: u8,
    /// Flags of its frame, beside the one for Lua functions.
    pub flags: u8,
}

impl Entry {
    /// By an ordinary call.
    #[inline(always)]
    pub(super) fn new(nresults: i32, how: u8, ncall: u8) -> Entry {
        Entry {
            nresults,
            how,
            ncall,
            flags: 0,
        }
    }

    /// In the place of the function that runs in the frame, by a tail call.
    pub(super) fn in_place_of(f: &Frame, ncall: u8) -> Entry {
        Entry {
            nresults: f.nresults as i32,
            how: f.cont,
            ncall,
            flags: frame_flags::TAIL | f.flags & (frame_flags::HOOK | frame_flags::FINALISER),
        }
    }
}

/// Enters the Lua function at `func`: pushes its frame, or, if it has a tree, runs it.
///
/// # Safety
/// As [`call_value`], and the value at `func` is a Lua function.
pub(super) unsafe fn enter_lua(st: &mut State, func: *mut Value, entry: Entry) -> Result<Next, Throw> {
    // SAFETY: this function's promise.
    unsafe {
        let cl: Gc<Closure> = (*func).gc();
        if !(*(*cl.ptr()).proto.ptr()).tree.is_null() {
            return tree::enter(st, func, entry);
        }
        push_lua(st, func, entry, 0)?;
        let watched = (*st.thread.ptr()).hook_mask != 0;
        Ok(if watched { Next::Lua } else { Next::Back })
    }
}

/// Takes the running Lua frame away, and puts the Lua function at `func` with its arguments in its place,
/// where there is room for what it needs beside `spare` registers; answers the place, and how it is to be
/// entered there.
///
/// # Safety
/// As [`enter_lua`]; nothing of the frame is used any more.
pub(super) unsafe fn replace_frame(
    st: &mut State,
    func: *mut Value,
    ncall: u8,
    spare: usize,
) -> Result<(*mut Value, Entry), Throw> {
    // SAFETY: this function's promise; the frame's function stands below the callee.
    unsafe {
        // What fails does so while the frame still stands.
        let func = room_for(st, func, spare)?;
        let th = st.thread.ptr();
        let f = &*(*th).frame;
        let n = slots_between(func, (*th).top);
        move_values(func, f.func, n);
        (*th).top = f.func.add(n);
        (*th).frame = (*th).frame.add(1);
        Ok((f.func, Entry::in_place_of(f, ncall)))
    }
}

/// Makes room for the frame of the Lua function at `func`, with `spare` more registers than its bytecode
/// needs; yields where the function is then.
///
/// # Safety
/// As [`enter_lua`].
#[inline(always)]
unsafe fn room_for(st: &mut State, func: *mut Value, spare: usize) -> Result<*mut Value, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise.
    unsafe {
        let proto = &*(*(*func).gc::<Closure>().ptr()).proto.ptr();
        let max = proto.max_stack as usize + spare;
        let np = proto.num_params as usize;
        let nargs = slots_between(func, (*th).top) - 1;
        let shift = if proto.is_vararg { nargs.max(np) + 1 } else { 0 };
        if (*th).fits(func.add(1 + shift + max)) && !st.options.stress.move_stack {
            return Ok(func);
        }
        make_room(st, func, shift + np + max + 1)
    }
}

/// Pushes the frame of the Lua function at `func`; answers how many registers it has, which are what its
/// bytecode needs and `spare` ones.
///
/// # Safety
/// As [`enter_lua`].
pub(super) unsafe fn push_lua(
    st: &mut State,
    func: *mut Value,
    entry: Entry,
    spare: usize,
) -> Result<usize, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise; the frame record is written below the one in use, where `fits`
    // says there is room.
    unsafe {
        let func = room_for(st, func, spare)?;
        let proto = &*(*(*func).gc::<Closure>().ptr()).proto.ptr();
        let max = proto.max_stack as usize + spare;
        let nargs = slots_between(func, (*th).top) - 1;
        let np = proto.num_params as usize;
        let mut base = func.add(1);
        for i in nargs..np {
            *base.add(i) = Value::NIL;
        }
        let mut nextra = 0;
        if proto.is_vararg {
            nextra = nargs.saturating_sub(np);
            base = move_parameters(func, nargs.max(np) + 1, np, max);
        }
        let frame = (*th).frame.sub(1);
        // In place: a record that is made elsewhere is copied by wide moves, which miss the stores before them.
        *frame = Frame::lua(func, base, proto.code, entry.nresults);
        (*frame).nextra = nextra as u32;
        (*frame).cont = entry.how;
        (*frame).ncall = entry.ncall;
        (*frame).flags |= entry.flags;
        (*th).frame = frame;
        (*th).top = base.add(np);
        Ok(max)
    }
}

/// Moves the function at `func` and its `np` parameters up by `shift` slots, above the varargs; returns
/// the base of its frame.
unsafe fn move_parameters(func: *mut Value, shift: usize, np: usize, max: usize) -> *mut Value {
    // SAFETY: `enter_lua` has made room for the function's registers above the varargs.
    unsafe {
        let base = func.add(1);
        let new_base = base.add(shift);
        *new_base.sub(1) = *func;
        for i in 0..np {
            *new_base.add(i) = *base.add(i);
            *base.add(i) = Value::NIL;
        }
        if np < max {
            *new_base.add(np) = Value::NIL;
        }
        new_base
    }
}

/// Makes room for `n` more values above the top; yields where the slot `func` is then.
///
/// # Safety
/// `func` is a live slot of the running coroutine.
#[cold]
#[inline(never)]
unsafe fn make_room(st: &mut State, func: *mut Value, n: usize) -> Result<*mut Value, Throw> {
    let at = slots_between(st.th().stack, func);
    st.room(n)?;
    // SAFETY: the slot is in use in the new block as well.
    Ok(unsafe { st.th().stack.add(at) })
}

/// Pushes the frame of the native at `func`.
///
/// # Safety
/// As [`call_value`], and the value at `func` is a native.
#[inline(always)]
pub(super) unsafe fn enter_native(
    st: &mut State,
    mut func: *mut Value,
    nresults: i32,
    how: u8,
    ncall: u8,
) -> Result<Gc<Native>, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise; as in `enter_lua`.
    unsafe {
        if !(*th).fits((*th).top.add(MIN_NATIVE_SLOTS)) || st.options.stress.move_stack {
            func = make_room(st, func, MIN_NATIVE_SLOTS)?;
        }
        let frame = (*th).frame.sub(1);
        *frame = Frame::native(func, func.add(1));
        (*frame).nresults = nresults as i16;
        (*frame).cont = how;
        (*frame).ncall = ncall;
        (*th).frame = frame;
        Ok((*func).gc())
    }
}

/// Calls the native at `func`, which always is `transfer`, without asking it.
///
/// # Safety
/// As [`call_value`], and the value at `func` is a native.
#[inline(never)]
unsafe fn call_transfer(
    st: &mut State,
    func: *mut Value,
    nresults: i32,
    how: u8,
    transfer: Transfer,
) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise.
    unsafe {
        if (*th).hook_mask != 0 {
            return call_ordinary(st, func, nresults, how, 0);
        }
        match transfer {
            Transfer::Yield => {
                enter_native(st, func, nresults, how, 0)?;
                return super::coroutine::do_yield(st);
            }
            Transfer::Wrapped => {
                if let Some(co) = (*func).gc::<Native>().upvalues(&st.heap)[0].as_thread() {
                    enter_native(st, func, nresults, how, 0)?;
                    return super::coroutine::resume(st, co, true);
                }
            }
            Transfer::Resume if (*th).top > func.add(1) => {
                if let Some(co) = (*func.add(1)).as_thread() {
                    enter_native(st, func, nresults, how, 0)?;
                    return super::coroutine::resume(st, co, false);
                }
            }
            Transfer::Pcall if (*th).top > func.add(1) => {
                enter_native(st, func, nresults, how, 0)?;
                return call_protected(st, 0, frame_flags::PROTECTED);
            }
            Transfer::None | Transfer::Resume | Transfer::Pcall => {}
        }
        call_ordinary(st, func, nresults, how, 0)
    }
}

/// Calls the native at `func`.
///
/// # Safety
/// As [`call_value`], and the value at `func` is a native.
#[inline]
pub(crate) unsafe fn call_native(
    st: &mut State,
    func: *mut Value,
    nresults: i32,
    how: u8,
    ncall: u8,
) -> Result<Next, Throw> {
    // SAFETY: this function's promise.
    unsafe {
        match (*func).gc::<Native>().transfer() {
            Transfer::None => call_ordinary(st, func, nresults, how, ncall),
            _ if ncall > 0 => call_ordinary(st, func, nresults, how, ncall),
            transfer => call_transfer(st, func, nresults, how, transfer),
        }
    }
}

/// As [`ask`].
#[inline(never)]
unsafe fn call_ordinary(
    st: &mut State,
    func: *mut Value,
    nresults: i32,
    how: u8,
    ncall: u8,
) -> Result<Next, Throw> {
    // SAFETY: the promise of `ask`.
    unsafe { ask(st, func, nresults, how, ncall) }
}

/// Calls the native at `func` by asking its Rust function.
///
/// # Safety
/// As [`call_native`].
#[inline(always)]
pub(super) unsafe fn ask(
    st: &mut State,
    func: *mut Value,
    nresults: i32,
    how: u8,
    ncall: u8,
) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise; as in `enter_lua`.
    unsafe {
        let native = enter_native(st, func, nresults, how, ncall)?;
        if (*th).hook_mask != 0 {
            st.hook_call()?;
        }
        // The answer is looked at where it is: a move would not see the stores that just wrote it.
        let answer = native.function()(st);
        let frame = (*th).frame;
        if (*frame).cont != cont::NORMAL || (*th).hook_mask != 0 {
            return finish_native(st, &answer);
        }
        match &answer {
            Ok(Ret::One(v)) => {
                let func = (*frame).func;
                *func = *v;
                if (*frame).nresults != 1 {
                    adjust(th, &*frame, 1);
                }
            }
            Ok(Ret::Two(v, w)) => {
                let func = (*frame).func;
                *func = *v;
                *func.add(1) = *w;
                if (*frame).nresults != 2 {
                    adjust(th, &*frame, 2);
                }
            }
            Ok(Ret::Top(n)) => deliver(th, &*frame, (*th).top.sub(*n), *n),
            Ok(Ret::None) => deliver(th, &*frame, (*th).top, 0),
            _ => return finish_native(st, &answer),
        }
        (*th).frame = frame.add(1);
        // Where the function's slot has not moved, the stack has not.
        Ok(if (*frame).func == func {
            Next::Same
        } else {
            Next::Back
        })
    }
}

/// The `n` results of frame `f` stand from its function slot on: makes them as many as the caller
/// wants.
///
/// # Safety
/// As [`deliver`].
unsafe fn adjust(th: *mut Thread, f: &Frame, n: usize) {
    // SAFETY: this function's promise.
    unsafe {
        if f.nresults < 0 {
            (*th).top = f.func.add(n);
        }
        for i in n as i16..f.nresults {
            *f.func.add(i as usize) = Value::NIL;
        }
    }
}

/// Ends the running native, which did not just answer values to a Lua caller.
///
/// # Safety
/// The running frame is the native's.
#[inline(never)]
pub(super) unsafe fn finish_native(st: &mut State, answer: &Result<Ret, Throw>) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the values pushed last are live slots.
    unsafe {
        match *answer {
            Ok(Ret::One(v)) => {
                st.push(v);
                let first = (*th).top.sub(1);
                return_values(st, first, 1)
            }
            Ok(Ret::Two(v, w)) => {
                st.push(v);
                st.push(w);
                return_values(st, (*th).top.sub(2), 2)
            }
            Ok(Ret::None) => return_values(st, (*th).top, 0),
            Ok(Ret::Top(n)) => return_values(st, (*th).top.sub(n), n),
            Ok(other) => control(st, other),
            Err(throw) => Err(throw),
        }
    }
}

/// Carries out what a native asks for beyond returning values.
#[inline(never)]
unsafe fn control(st: &mut State, ret: Ret) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the running frame is the native's; its slots are live.
    unsafe {
        let base = (*(*th).frame).base;
        match ret {
            Ret::None | Ret::One(_) | Ret::Two(..) | Ret::Top(_) => {
                unreachable!("the caller deals with these")
            }
            Ret::Resume(co) => super::coroutine::resume(st, co, false),
            Ret::ResumeWrapped(co) => super::coroutine::resume(st, co, true),
            Ret::Yield => super::coroutine::do_yield(st),
            Ret::Pcall => call_protected(st, 0, frame_flags::PROTECTED),
            Ret::Xpcall => call_protected(st, 1, frame_flags::PROTECTED | frame_flags::HANDLER),
            Ret::Tail { at } => call_value(st, base.add(at), -1, cont::TAIL),
            Ret::Pairs { at } => call_value(st, base.add(at), -1, cont::PAIRS),
            Ret::CloseSelf => super::coroutine::close_self(st),
        }
    }
}

/// Marks the record `f` of a native as that of a protected call, which counts as a level.
#[inline(always)]
unsafe fn begin_protected(th: *mut Thread, f: *mut Frame, flags: u8) {
    // SAFETY: the caller's promise: a record on the stack of the running coroutine `th`.
    unsafe {
        (*f).flags |= flags;
        (*f).aux = (*th).protected;
        (*th).protected += 1;
    }
}

/// Pushes the frames of the native `pcall` at `func` and of the Lua function that it calls, with the arguments up to the
/// top, if nothing can go wrong and no hook wants to see it; answers the function. None: nothing was done.
///
/// # Safety
/// As [`call_value`], from compiled code or the interpreter.
#[inline(always)]
pub(super) unsafe fn enter_pcall(st: &mut State, func: *mut Value, nresults: i32) -> Option<*mut ProtoObj> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise; records are written below the one in use, where `fits` says there is room for both.
    unsafe {
        let (callee, top) = (func.add(1), (*th).top);
        if top <= callee || (*callee).tag != Tag::CLOSURE || (*th).hook_mask != 0 {
            return None;
        }
        let p = (*(*callee).gc::<Closure>().ptr()).proto.ptr();
        let proto = &*p;
        let base = callee.add(1);
        const RECORD: usize = size_of::<Frame>() / size_of::<Value>();
        let fits =
            (*th).fits(top.add(MIN_NATIVE_SLOTS)) && (*th).fits(base.add(proto.max_stack as usize + RECORD));
        if !proto.plain || !fits || st.c_levels() + 1 >= MAX_C_DEPTH || st.options.stress.move_stack {
            return None;
        }
        let np = proto.num_params as usize;
        for i in slots_between(base, top)..np {
            *base.add(i) = Value::NIL;
        }
        let f = (*th).frame.sub(1);
        *f = Frame::native(func, callee);
        (*f).cont = cont::NORMAL;
        (*f).nresults = nresults as i16;
        begin_protected(th, f, frame_flags::PROTECTED);
        let f = f.sub(1);
        *f = Frame::lua(callee, base, proto.code, -1);
        (*f).cont = cont::PCALL;
        (*th).frame = f;
        (*th).top = base.add(np);
        Some(p)
    }
}

/// Makes the running native, `pcall` or `xpcall`, a protected call of its slot `at`. When that is one
/// level too many, it is the first to catch the error.
unsafe fn call_protected(st: &mut State, at: usize, flags: u8) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the running frame is the native's; the function is in its slots.
    unsafe {
        let f = (*th).frame;
        begin_protected(th, f, flags);
        let called = match st.check_c_levels() {
            Ok(()) => call_value(st, (*f).base.add(at), -1, cont::PCALL),
            Err(t) => Err(t),
        };
        match called {
            Ok(next) => Ok(next),
            Err(t) => unwind::caught_at_once(st, t),
        }
    }
}

/// Ends the running frame, which a protected call has called, with the `n` values from `first` on, and that call with
/// them, if it was made by a Lua frame; else does nothing. No hook is to see it.
///
/// # Safety
/// As [`return_values`].
#[inline]
pub(super) unsafe fn end_protected(th: *mut Thread, first: *const Value, n: usize) -> bool {
    // SAFETY: this function's promise; the frame of the protected call stands below, and has slots for its own
    // function's arguments, of which there was one.
    unsafe {
        let f = (*th).frame.add(1);
        if !matches!((*f).cont, cont::NORMAL | cont::COMPILED) {
            return false;
        }
        (*th).protected = (*f).aux;
        let func = (*f).func;
        move_values(first, func.add(1), n);
        *func = Value::TRUE;
        deliver(th, &*f, func, n + 1);
        (*th).frame = f.add(1);
        true
    }
}

/// Ends the running frame with the `n` values from `first` on.
///
/// # Safety
/// The values are live slots of the running coroutine.
#[inline(never)]
pub(crate) unsafe fn return_values(st: &mut State, first: *mut Value, n: usize) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise.
    unsafe {
        let f = (*th).frame;
        if (*f).cont == cont::COMPILED && (*th).hook_mask == 0 {
            deliver(th, &*f, first, n);
            (*th).frame = f.add(1);
            return Ok(Next::Back);
        }
        if (*f).cont != cont::ENTRY || (*th).hook_mask != 0 || n > 1 {
            return continue_with(st, first, n);
        }
        let func = (*f).func;
        if n == 1 {
            *func = *first;
        }
        (*th).frame = f.add(1);
        (*th).top = func.add(n);
        Ok(Next::Exit)
    }
}

/// Ends the running frame, and those that end with it, as their continuations say.
///
/// # Safety
/// As [`return_values`].
unsafe fn continue_with(st: &mut State, first: *mut Value, n: usize) -> Result<Next, Throw> {
    let mut first = first;
    let mut n = n;
    loop {
        let th = st.thread.ptr();
        // SAFETY: this function's promise; frame records above the bottom one are valid, and each
        // continuation stands above the frame that it belongs to.
        unsafe {
            if (*th).hook_mask != 0 {
                first = st.hook_return(first, n)?;
            }
            let f = &*(*th).frame;
            (*th).frame = (*th).frame.add(1);
            match f.cont {
                cont::NORMAL | cont::COMPILED => {
                    deliver(th, f, first, n);
                    return Ok(Next::Back);
                }
                cont::STORE => {
                    let v = if n > 0 { *first } else { Value::NIL };
                    let caller = &*(*th).frame;
                    let i = *caller.pc.sub(1);
                    *caller.base.add(i.a() as usize) = v;
                    return Ok(Next::Back);
                }
                cont::CONDITION => {
                    let truth = n > 0 && (*first).truthy();
                    let caller = &mut *(*th).frame;
                    let i = *caller.pc.sub(1);
                    if truth == (i.c() != 0) {
                        caller.pc = caller.pc.offset(i.d() as isize);
                    }
                    return Ok(Next::Back);
                }
                cont::CONCAT => {
                    let v = if n > 0 { *first } else { Value::NIL };
                    return continue_concat(st, v);
                }
                cont::RETURN_CLOSE | cont::CLOSE => return Ok(Next::Lua),
                cont::ENTRY => {
                    move_values(first, f.func, n);
                    (*th).top = f.func.add(n);
                    return Ok(Next::Exit);
                }
                cont::PCALL => {
                    (*th).protected = (*(*th).frame).aux;
                    move_values(first, f.func.add(1), n);
                    *f.func = Value::TRUE;
                    first = f.func;
                    n += 1;
                    (*th).top = first.add(n);
                }
                cont::PCALL_CLOSE => return Ok(Next::Unwind),
                cont::TAIL => {}
                cont::PAIRS => {
                    move_values(first, f.func, n.min(4));
                    for i in n..4 {
                        *f.func.add(i) = Value::NIL;
                    }
                    first = f.func;
                    n = 4;
                    (*th).top = first.add(n);
                }
                cont::COROUTINE => {
                    (*th).frame = (*th).frame.sub(1);
                    return super::coroutine::finished(st, first, n);
                }
                _ => unreachable!("unknown continuation code"),
            }
        }
    }
}

/// Gives `n` results to the caller of `f`, as many as it wants.
#[inline(always)]
pub(super) unsafe fn deliver(th: *mut Thread, f: &Frame, first: *const Value, n: usize) {
    // SAFETY: `return_values`' promise; the function slot and what the caller wants above it lie in
    // its registers, or there is room up to the callee's frame.
    unsafe {
        if f.nresults < 0 {
            move_values(first, f.func, n);
            (*th).top = f.func.add(n);
            return;
        }
        deliver_exactly(f.func, f.nresults as usize, first, n);
    }
}

/// Makes the first `want` of `n` values, and nil for those that are missing, stand at `to`.
#[inline(always)]
pub(super) unsafe fn deliver_exactly(to: *mut Value, want: usize, first: *const Value, n: usize) {
    // SAFETY: as in `deliver`.
    unsafe {
        move_values(first, to, n.min(want));
        for i in n..want {
            *to.add(i) = Value::NIL;
        }
    }
}

/// A `__concat` has answered `v`: goes on with the CONCAT of the running Lua frame.
unsafe fn continue_concat(st: &mut State, v: Value) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: the running frame stands after its CONCAT; `aux` is the number of operands left.
    unsafe {
        let f = &mut *(*th).frame;
        let i = *f.pc.sub(1);
        let n = f.aux as usize;
        *f.base.add(i.a() as usize + n - 1) = v;
        concat(st, i.a() as usize, n)
    }
}

/// Concatenates `n` registers from `a` on into register `a`.
///
/// # Safety
/// The running frame is a Lua frame with those registers, its pc is saved.
pub(crate) unsafe fn concat(st: &mut State, a: usize, n: usize) -> Result<Next, Throw> {
    use crate::semantics::concat::{Concat, concat};
    let th = st.thread.ptr();
    // SAFETY: this function's promise. The operand slice is not used after anything that could move
    // the stack.
    unsafe {
        let base = (*(*th).frame).base;
        if n == 1 {
            return Ok(Next::Lua);
        }
        let operands = std::slice::from_raw_parts(base.add(a), n);
        match concat(st, operands)? {
            Concat::Done(v) => {
                *base.add(a) = v;
                Ok(Next::Lua)
            }
            Concat::Call { f, a: x, b: y, at } => {
                (*(*th).frame).aux = at as u32 + 1;
                call_meta(st, f, &[x, y], 1, cont::CONCAT)
            }
        }
    }
}

/// Calls a metamethod from a Lua frame.
///
/// # Safety
/// The running frame is a Lua frame whose pc is saved.
#[inline(never)]
pub(crate) unsafe fn call_meta(
    st: &mut State,
    f: Value,
    args: &[Value],
    nresults: i32,
    how: u8,
) -> Result<Next, Throw> {
    let th = st.thread.ptr();
    // SAFETY: this function's promise: the call is made above all registers in use (and the results of
    // an open RETURN), where `room` makes space; nothing collects in between.
    unsafe {
        let open = how == cont::RETURN_CLOSE;
        (*th).top = if open {
            (*th).live_end()
        } else {
            (*th).registers_end()
        };
        st.room(args.len() + 1)?;
        let func = (*th).top;
        *func = f;
        for (i, &v) in args.iter().enumerate() {
            *func.add(1 + i) = v;
        }
        (*th).top = func.add(1 + args.len());
        call_value(st, func, nresults, how)
    }
}

impl State {
    /// Makes room for `n` slots above the top.
    pub(crate) fn room(&mut self, n: usize) -> Result<(), Throw> {
        let th = self.th();
        if self.options.stress.move_stack && !self.in_stress {
            let size = th.size;
            let _ = th.relocate(&mut self.heap, size);
        }
        if th.fits(th.top.wrapping_add(n)) {
            return Ok(());
        }
        match th.grow(&mut self.heap, th.top, n, false) {
            Ok(()) => Ok(()),
            Err(true) => Err(self.stack_overflow()),
            Err(false) => Err(self.memory_error()),
        }
    }

    /// Raises "stack overflow", with some extra room for handlers.
    #[cold]
    fn stack_overflow(&mut self) -> Throw {
        if self.th().is_overflowing() {
            self.handled = true;
            let t = self.error_plain(text::ERROR_IN_HANDLER);
            self.handled = true;
            return t;
        }
        let th = self.th();
        let _ = th.grow(&mut self.heap, th.top, 1000, true);
        self.runtime_error(text::STACK_OVERFLOW)
    }
}
