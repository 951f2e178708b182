//! The module `perilune`: what a program can learn of the runtime that runs it. `require "perilune"` makes it.

use super::util;
use crate::error::Throw;
use crate::exec::Invalidation;
use crate::heap::Gc;
use crate::native::Ret;
use crate::object::{NativeFn, Table};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::disassembly::{self, Style};

/// The name under which it is required.
pub const NAME: &[u8] = b"perilune";

/// The loader: a table with the functions.
pub fn open(st: &mut State) -> Result<Ret, Throw> {
    let functions = [
        ("dis", dis as NativeFn),
        ("engine", engine),
        ("stats", stats),
        ("tier", tier),
    ];
    let lib = util::library(st, &functions)?;
    st.push(lib.into());
    util::set_text(st, lib, "version", env!("CARGO_PKG_VERSION").as_bytes())?;
    Ok(Ret::Top(1))
}

/// `dis(f)`: the bytecode of a Lua function and of those nested in it, with what its instructions have learned.
fn dis(st: &mut State) -> Result<Ret, Throw> {
    let f = st.check_function(1)?;
    let Some(closure) = f.as_closure() else {
        return Err(st.arg_error(1, "Lua function expected"));
    };
    let functions = closure.proto(&st.heap).listing(&st.heap);
    util::ret_str(st, disassembly::text(&functions, &Style::PLAIN).as_bytes())
}

/// `engine()`: the name of the engine that runs functions loaded from source.
fn engine(st: &mut State) -> Result<Ret, Throw> {
    let name = st.options.engine.name();
    util::ret_str(st, name.as_bytes())
}

/// `stats()`: a table of what this state has done so far; bytes and seconds.
fn stats(st: &mut State) -> Result<Ret, Throw> {
    let gc = st.heap.stats();
    let count = |n: u64| Value::int(n as i64);
    let fields = [
        ("minor_collections", count(gc.minor)),
        ("full_collections", count(gc.full)),
        ("incremental_steps", count(gc.steps)),
        ("collector_time", Value::float(gc.total.as_secs_f64())),
        ("longest_pause", Value::float(gc.longest.as_secs_f64())),
        ("memory", count(st.heap.bytes() as u64)),
        ("peak_memory", count(gc.peak as u64)),
    ];
    let table = st.new_table(0, fields.len())?;
    st.push(table.into());
    for (name, value) in fields {
        st.set_field(table, name, value)?;
    }
    Ok(Ret::Top(1))
}

/// `tier(f)`: what runs a Lua function (`interpreted`, `baseline`, `tree`), and a table of what has become of its
/// machine code. Fields that do not apply are absent.
fn tier(st: &mut State) -> Result<Ret, Throw> {
    let f = st.check_function(1)?;
    let Some(closure) = f.as_closure() else {
        return Err(st.arg_error(1, "Lua function expected"));
    };
    let state = st.tier_of(closure);
    let tier = st.new_str(state.tier.name().as_bytes())?;
    st.push(tier.into());
    let table = st.new_table(0, 12)?;
    st.push(table.into());
    let count = |n: u32| Some(Value::int(i64::from(n)));
    let code = state.code.as_ref();
    let numbers = [
        ("versions", count(state.versions)),
        ("heat", state.heat.map(|n| Value::int(n as i64))),
        ("size", code.map(|c| Value::int(c.size as i64))),
        ("exits", code.and_then(|c| count(c.exits))),
        ("misses", code.and_then(|c| count(c.misses))),
        ("loop_entries", code.and_then(|c| count(c.loop_entries))),
        ("cautious", Some(Value::bool(state.cautious))),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            st.set_field(table, name, value)?;
        }
    }
    if let Some(code) = code {
        set_entries(st, table, &code.entries)?;
    }
    let discarded = state.discarded.map(Invalidation::name);
    for (name, text) in [("discarded", discarded), ("refused", state.refused.as_deref())] {
        if let Some(text) = text {
            util::set_text(st, table, name, text.as_bytes())?;
        }
    }
    Ok(Ret::Top(2))
}

/// The field `entries`: the numbers of the instructions at which the interpreter may enter the code.
fn set_entries(st: &mut State, table: Gc<Table>, entries: &[u32]) -> Result<(), Throw> {
    let list = st.new_table(entries.len(), 0)?;
    st.push(list.into());
    for (i, &pc) in entries.iter().enumerate() {
        util::set_int(st, list, i as i64 + 1, Value::int(i64::from(pc)))?;
    }
    st.set_field(table, "entries", list.into())?;
    st.pop();
    Ok(())
}
