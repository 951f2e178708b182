//! Functions that transfer control: `pcall`, `xpcall`, `pairs`, `dofile` and the library `coroutine`.

use crate::error::Throw;
use crate::heap::{Event, Gc};
use crate::native::Ret;
use crate::object::{Status, Table, Thread, Transfer};
use crate::state::State;
use crate::value::Value;

fn pcall(st: &mut State) -> Result<Ret, Throw> {
    st.check_any(1)?;
    Ok(Ret::Pcall)
}

fn xpcall(st: &mut State) -> Result<Ret, Throw> {
    let handler = st.check_function(2)?;
    let f = st.arg(1);
    st.set_arg(1, handler);
    st.set_arg(2, f);
    Ok(Ret::Xpcall)
}

fn pairs(st: &mut State) -> Result<Ret, Throw> {
    let v = st.check_any(1)?;
    let mm = st.metamethod(v, Event::Pairs);
    if mm.is_nil() {
        let next = st.upvalue(1);
        st.push(next);
        st.push(v);
        st.push(Value::NIL);
        st.push(Value::NIL);
        return Ok(Ret::Top(4));
    }
    st.set_top(1);
    st.push(mm);
    st.push(v);
    Ok(Ret::Pairs { at: 1 })
}

fn dofile(st: &mut State) -> Result<Ret, Throw> {
    let name = st.opt_str(1)?.map(|s| s.bytes(&st.heap).to_vec());
    st.set_top(1);
    match super::base::load_file(st, name.as_deref(), b"bt", None)? {
        Ok(f) => {
            st.push(f);
            Ok(Ret::Tail { at: 1 })
        }
        Err(e) => Err(st.error_value(e)),
    }
}

fn check_thread(st: &mut State, i: usize) -> Result<Gc<Thread>, Throw> {
    match st.arg(i).as_thread() {
        Some(t) => Ok(t),
        None => Err(st.type_error(i, "thread")),
    }
}

fn create(st: &mut State) -> Result<Ret, Throw> {
    let f = st.check_function(1)?;
    Ok(Ret::One(st.new_coroutine(f)?.into()))
}

fn resume(st: &mut State) -> Result<Ret, Throw> {
    let co = check_thread(st, 1)?;
    Ok(Ret::Resume(co))
}

fn resume_wrapped(st: &mut State) -> Result<Ret, Throw> {
    match st.upvalue(1).as_thread() {
        Some(co) => Ok(Ret::ResumeWrapped(co)),
        None => Err(st.error("cannot resume dead coroutine")),
    }
}

fn wrap(st: &mut State) -> Result<Ret, Throw> {
    let f = st.check_function(1)?;
    let co = st.new_coroutine(f)?;
    let f = st.new_native("wrap", resume_wrapped, &[co.into()])?;
    f.set_transfer(Transfer::Wrapped);
    Ok(Ret::One(f.into()))
}

fn r#yield(_: &mut State) -> Result<Ret, Throw> {
    Ok(Ret::Yield)
}

fn status(st: &mut State) -> Result<Ret, Throw> {
    let co = check_thread(st, 1)?;
    let s = match co.status(&st.heap) {
        Status::Suspended => "suspended",
        Status::Running => "running",
        Status::Normal => "normal",
        Status::Dead | Status::Failed => "dead",
    };
    Ok(Ret::One(st.new_str(s.as_bytes())?.into()))
}

fn optional_thread(st: &mut State) -> Result<Gc<Thread>, Throw> {
    if st.arg_is_none(1) {
        Ok(st.current_thread())
    } else {
        check_thread(st, 1)
    }
}

fn is_yieldable(st: &mut State) -> Result<Ret, Throw> {
    let co = optional_thread(st)?;
    Ok(Ret::One(Value::bool(st.is_yieldable(co))))
}

fn running(st: &mut State) -> Result<Ret, Throw> {
    let co = st.current_thread();
    let main = st.is_main(co);
    st.push(co.into());
    st.push(Value::bool(main));
    Ok(Ret::Top(2))
}

fn close(st: &mut State) -> Result<Ret, Throw> {
    let co = optional_thread(st)?;
    match co.status(&st.heap) {
        Status::Suspended | Status::Dead | Status::Failed => match st.close_coroutine(co)? {
            None => Ok(Ret::One(Value::TRUE)),
            Some(e) => {
                st.push(Value::FALSE);
                st.push(e);
                Ok(Ret::Top(2))
            }
        },
        Status::Normal => Err(st.error("cannot close a normal coroutine")),
        Status::Running if st.is_main(co) => Err(st.error("cannot close main thread")),
        Status::Running => Ok(Ret::CloseSelf),
    }
}

fn set_transfer(st: &mut State, t: Gc<Table>, name: &str, transfer: Transfer) -> Result<(), Throw> {
    if let Some(f) = st.get_field(t, name)?.as_native() {
        f.set_transfer(transfer);
    }
    Ok(())
}

/// Registers them.
///
/// # Errors
/// No memory.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let globals = st.globals();
    st.register(
        globals,
        &[("pcall", pcall), ("xpcall", xpcall), ("dofile", dofile)],
    )?;
    set_transfer(st, globals, "pcall", Transfer::Pcall)?;
    let next = st.get_field(globals, "next")?;
    let pairs = st.new_native("pairs", pairs, &[next])?;
    st.set_field(globals, "pairs", pairs.into())?;
    let lib = st.new_table(0, 8)?;
    st.register(
        lib,
        &[
            ("close", close),
            ("create", create),
            ("isyieldable", is_yieldable),
            ("resume", resume),
            ("running", running),
            ("status", status),
            ("wrap", wrap),
            ("yield", r#yield),
        ],
    )?;
    set_transfer(st, lib, "resume", Transfer::Resume)?;
    set_transfer(st, lib, "yield", Transfer::Yield)?;
    super::add_module(st, "coroutine", lib)
}
