//! The module `perilune`: what a program can learn of the runtime that runs it. `require "perilune"` makes it.

use super::util;
use crate::error::Throw;
use crate::native::Ret;
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::disassembly::{self, Style};

/// The name under which it is required.
pub const NAME: &[u8] = b"perilune";

/// The loader: a table with the functions.
pub fn open(st: &mut State) -> Result<Ret, Throw> {
    let lib = util::library(st, &[("dis", dis), ("engine", engine), ("stats", stats)])?;
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
