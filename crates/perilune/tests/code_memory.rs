//! The memory of compiled code: what is dropped is given back, and a small cap stops no program.

use perilune::{Engine, JitOptions, JitStats, Lua, Options, Result};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One test at a time, since they look at the memory of the process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A state that compiles functions when they are first called.
fn state(memory: usize) -> Result<Lua> {
    Lua::with_options(Options {
        engine: Engine::Jit,
        jit: JitOptions {
            threshold: 0,
            memory,
            ..JitOptions::default()
        },
        ..Options::default()
    })
}

/// Resident memory of this process in bytes, where the system says.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// What a state uses when everything that is not needed has been given back.
fn settled(lua: &mut Lua) -> Result<(JitStats, Option<u64>)> {
    // Code of dead functions is given back when a function is next compiled or entered.
    lua.load("collectgarbage() collectgarbage()").exec()?;
    lua.load("local function f() return 1 end f() f()").exec()?;
    Ok((lua.jit_stats(), resident()))
}

/// Runs `work(from, to)` for a warm-up and then for the rest, and compares the memory in use afterwards.
fn must_not_grow(lua: &mut Lua, work: &str, warm_up: i64, all: i64) -> Result<(JitStats, JitStats)> {
    lua.load(work).exec()?;
    lua.load(format!("work(1, {warm_up})")).exec()?;
    let (before, resident_before) = settled(lua)?;
    lua.load(format!("work({}, {all})", warm_up + 1)).exec()?;
    let (after, resident_after) = settled(lua)?;
    assert!(
        after.in_use <= before.in_use + (16 << 10),
        "code in use grew from {} to {} bytes: {work}",
        before.in_use,
        after.in_use
    );
    if let (Some(before), Some(after)) = (resident_before, resident_after) {
        assert!(
            after < before + (16 << 20),
            "resident memory grew from {before} to {after} bytes: {work}"
        );
    }
    Ok((before, after))
}

#[test]
fn functions_that_are_dropped_give_their_code_back() -> Result<()> {
    let _alone = alone();
    let mut lua = state(32 << 20)?;
    let work = "function work(from, to)
        for i = from, to do
            local f = assert(load('local a, b = ... local s = 0 for k = 1, 3 do s = s + a * ' .. i .. ' end return s + b'))
            assert(f(2, 1) == 6 * i + 1)
        end
    end";
    let (before, after) = must_not_grow(&mut lua, work, 10_000, 100_000)?;
    assert!(after.compiled >= before.compiled + 90_000, "{after:?}");
    assert_eq!(after.failed, 0, "{after:?}");
    assert!(
        after.bytes > 32 << 20,
        "the cap would have been reached: {after:?}"
    );
    Ok(())
}

#[test]
fn closures_of_one_function_share_its_code() -> Result<()> {
    let _alone = alone();
    let mut lua = state(64 << 20)?;
    let work = "function work(from, to)
        for i = from, to do
            local function f(x) return x + i end
            assert(f(1) == i + 1)
        end
    end";
    let (before, after) = must_not_grow(&mut lua, work, 10_000, 100_000)?;
    assert!(after.compiled < before.compiled + 20, "{after:?}");
    Ok(())
}

#[test]
fn code_that_is_made_again_gives_the_old_one_back() -> Result<()> {
    let _alone = alone();
    let mut lua = state(64 << 20)?;
    let work = "function work(from, to)
        local values = {1, 1.5, '2', 2}
        for i = from, to do
            local f = assert(load('local a, o = ... local s = a + 1 s = s * a o.x = s return s + ' .. i))
            for k = 1, 300 do
                local v = values[k // 75 + 1] or 3
                f(v, k % 2 == 0 and {x = 1} or {y = 1, x = 2})
            end
        end
    end";
    let (before, after) = must_not_grow(&mut lua, work, 300, 3_000)?;
    assert!(
        after.compiled >= before.compiled + 2_700 * 3 / 2,
        "made again: {after:?}"
    );
    assert!(
        after.invalidated >= before.invalidated + 2_700 / 2 * 3,
        "{after:?}"
    );
    Ok(())
}

/// Makes functions `fs[1]`, ... whose code takes about 1 KB each, and calls them.
const MANY: &str = "
    fs = {}
    function make(n)
        for i = 1, n do
            fs[i] = load('return function(a, b) local s = ' .. i .. (' s = s + a * b s = s - b'):rep(20) .. ' return s end')()
        end
    end
    function call()
        for i = 1, #fs do
            assert(fs[i](2, 3) == i + 60, i)
        end
    end";

#[test]
fn what_does_not_fit_runs_in_the_interpreter() -> Result<()> {
    let _alone = alone();
    let mut lua = state(64 << 10)?;
    lua.load(MANY).exec()?;
    lua.load("make(300) call() call() call()").exec()?;
    let full = lua.jit_stats();
    assert!(full.failed > 100 && full.compiled > 5, "{full:?}");
    assert!(full.in_use > 32 << 10 && full.in_use <= 64 << 10, "{full:?}");

    // A function that could not be compiled is not tried again.
    lua.load("call() call()").exec()?;
    assert!(lua.jit_stats().failed <= full.failed + 2, "{:?}", lua.jit_stats());

    // Once there is room again, others are compiled.
    lua.load("fs = {}").exec()?;
    let (free, _) = settled(&mut lua)?;
    assert!(free.in_use < full.in_use / 2, "{free:?}");
    lua.load("make(10) call() call()").exec()?;
    let again = lua.jit_stats();
    assert!(again.compiled >= free.compiled + 10, "{again:?}");
    assert!(again.failed <= free.failed + 1, "{again:?}");
    Ok(())
}

#[test]
fn a_cap_of_nothing_stops_no_program() -> Result<()> {
    let _alone = alone();
    let mut lua = state(0)?;
    lua.load(MANY).exec()?;
    lua.load("make(20) call() call()").exec()?;
    let stats = lua.jit_stats();
    assert_eq!((stats.compiled, stats.in_use), (0, 0), "{stats:?}");
    assert!(stats.failed > 20, "{stats:?}");
    Ok(())
}
