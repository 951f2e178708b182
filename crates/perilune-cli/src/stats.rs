//! A state at its end -> the line of `--stats` that says what ran its functions.

use crate::tierlog;
use perilune::{Engine, Lua};
use std::time::Duration;

/// The line; `run` is how long the state has been there.
pub fn tiers(lua: &Lua, run: Duration) -> String {
    let engine = lua.options.engine;
    let model = match (engine, tierlog::runs(&lua.options)) {
        (Engine::Tree, _) => "walker".to_owned(),
        (Engine::Vm, _) => "interpreter".to_owned(),
        (Engine::Jit, Ok(())) => return compiled(lua, run),
        (Engine::Jit, Err(why)) => format!("interpreter: {why}"),
    };
    format!("engine {} ({model})\n", engine.name())
}

/// The line of a state that compiles functions.
fn compiled(lua: &Lua, run: Duration) -> String {
    let stats = lua.jit_stats();
    let (functions, native) = lua.tier_counts();
    let tiers = if stats.compiled == 0 {
        "interpreter"
    } else {
        "interpreter, baseline"
    };
    let compiling = Duration::from_nanos(stats.nanoseconds);
    format!(
        "engine jit ({tiers}): {native} of {functions} functions ({} %) have compiled code; compiled {} times ({} by \
         another thread), {} bytes of code, {:.1} ms ({:.1} % of {:.0} ms); {} failed, {} discarded, {} exits\n",
        percent(native as f64, functions as f64).round(),
        stats.compiled,
        stats.elsewhere,
        stats.bytes,
        compiling.as_secs_f64() * 1e3,
        percent(compiling.as_secs_f64(), run.as_secs_f64()),
        run.as_secs_f64() * 1e3,
        stats.failed,
        stats.invalidated,
        stats.exits,
    )
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}
