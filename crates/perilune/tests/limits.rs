//! Limits and interruptions, on every engine and in code that is compiled at once: they arrive soon, and no Lua
//! code catches them.

use perilune::{Engine, Error, Lua, Options, Result, StopReason, Stress};
use std::time::{Duration, Instant};

/// When an interruption comes.
const WHILE: Duration = Duration::from_millis(30);
/// The longest time from an interruption to the stop.
const SOON: Duration = Duration::from_secs(5);

/// Programs that do not end, by what they are doing when they are stopped.
const ENDLESS: &[(&str, &str)] = &[
    ("numeric for", "for i = 1, math.maxinteger do end"),
    ("float for", "for i = 1.0, math.huge do end"),
    ("for downwards", "for i = 0, math.mininteger, -1 do end"),
    ("while", "while true do end"),
    ("repeat", "repeat local x = 1 until not x"),
    ("goto", "::again:: goto again"),
    (
        "nested loops",
        "while true do for i = 1, 3 do for k = 1, 2 do end end end",
    ),
    (
        "arithmetic",
        "local x = 0 while true do x = x + 1 if x > 1000 then x = 0 end end",
    ),
    (
        "recursion",
        "local function f(n) if n > 0 then f(n - 1) f(n - 1) end end f(60)",
    ),
    ("tail calls", "local function f(n) return f(n + 1) end f(1)"),
    (
        "tail calls of two",
        "local f local function g(n) return f(n) end function f(n) return g(n) end f(1)",
    ),
    (
        "tail calls with varargs",
        "local function f(...) return f(...) end f(1, 2, 3)",
    ),
    ("natives", "local abs = math.abs while true do abs(1) end"),
    (
        "tail calls of natives",
        "local function f() return math.abs(1) end while true do f() end",
    ),
    (
        "callable tables",
        "local t = setmetatable({}, {__call = function() end}) while true do t() end",
    ),
    (
        "concatenation",
        "local s while true do s = 'a' .. (s and #s or 1) end",
    ),
    ("tables", "while true do local t = {1, x = 2} end"),
    (
        "closures",
        "while true do local x = 1 local f = function() return x end end",
    ),
    ("string.rep", "while true do local s = ('x'):rep(1000) end"),
    ("a long native", "(('x'):rep(1e5)):find(('.-'):rep(60) .. 'y')"),
    ("coroutine", "coroutine.wrap(function() while true do end end)()"),
    (
        "switches",
        "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    ),
    (
        "coroutines",
        "while true do coroutine.wrap(function() coroutine.yield() end)() end",
    ),
    ("pcall", "pcall(function() while true do end end)"),
    ("calls of pcall", "while true do pcall(error, 'x') end"),
    (
        "errors",
        "local function f() error('x') end while true do pcall(f) end",
    ),
    (
        "xpcall",
        "xpcall(function() while true do end end, function() end)",
    ),
    (
        "message handler",
        "xpcall(error, function() while true do end end)",
    ),
    (
        "__index",
        "local x = setmetatable({}, {__index = function() while true do end end}).x",
    ),
    (
        "__index in a loop",
        "local t = setmetatable({}, {__index = function() return 1 end}) while true do local x = t.x end",
    ),
    (
        "__add in a loop",
        "local t = setmetatable({}, {__add = function() end}) while true do local x = t + 1 end",
    ),
    (
        "__lt in a loop",
        "local t = setmetatable({}, {__lt = function() return true end}) while t < t do end",
    ),
    (
        "__close",
        "local c <close> = setmetatable({}, {__close = function() while true do end end})",
    ),
    (
        "__close in a loop",
        "local c = setmetatable({}, {__close = function() end}) while true do local x <close> = c end",
    ),
    (
        "__gc",
        "setmetatable({}, {__gc = function() while true do end end}) collectgarbage()",
    ),
    ("sort", "table.sort({3, 1, 2}, function() while true do end end)"),
    (
        "sort in a loop",
        "local t = {3, 1, 2} while true do table.sort(t, function(a, b) return a < b end) end",
    ),
    ("gsub", "('x'):gsub('.', function() while true do end end)"),
    ("iterator", "for x in function() return 1 end do end"),
    (
        "pairs",
        "local t = {1, 2, a = 3} while true do for k in pairs(t) do end end",
    ),
    (
        "ipairs",
        "for i in ipairs(setmetatable({}, {__index = function() return 1 end})) do end",
    ),
    ("load", "while true do load('local x = ... return x')() end"),
    ("load's reader", "load(function() while true do end end)"),
    (
        "types that change",
        "local x = 1 while true do x = x == 1 and 1.5 or 1 local y = x + x end",
    ),
];

/// Programs that need more and more memory.
const GROWING: &[(&str, &str)] = &[
    ("table", "local t = {} while true do t[#t + 1] = 'x' end"),
    (
        "table of floats",
        "local t = {} for i = 1, math.maxinteger do t[i] = 0.5 end",
    ),
    (
        "dictionary",
        "local t = {} for i = 1, math.maxinteger do t['k' .. i] = i end",
    ),
    ("fields", "local t = nil while true do t = {next = t} end"),
    (
        "table.insert",
        "local t = {} while true do table.insert(t, 1) end",
    ),
    ("string", "local s = 'x' while true do s = s .. s end"),
    (
        "string.rep",
        "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
    ),
    ("one string.rep", "local s = ('x'):rep(1 << 28)"),
    (
        "table.concat",
        "local t = {'x'} while true do t[1] = table.concat({t[1], t[1]}) end",
    ),
    (
        "closures",
        "local f while true do local g = f f = function() return g end end",
    ),
    (
        "coroutines",
        "local t = {} while true do local co = coroutine.create(function() coroutine.yield() end) \
         coroutine.resume(co) t[#t + 1] = co end",
    ),
    (
        "functions",
        "local t = {} while true do t[#t + 1] = load('return ' .. #t) end",
    ),
    (
        "in a coroutine",
        "coroutine.wrap(function() local t = {} while true do t[#t + 1] = {} end end)()",
    ),
    (
        "in a metamethod",
        "local t = {} local o = setmetatable({}, {__index = function() t[#t + 1] = {} end}) \
         while true do local x = o.x end",
    ),
    (
        "in a sort",
        "local t = {} table.sort({1, 2, 3}, function() while true do t[#t + 1] = {} end end)",
    ),
];

/// The ways in which programs are run.
fn modes() -> Vec<(&'static str, Options)> {
    let of = |engine| Options {
        engine,
        ..Options::default()
    };
    let stress = |stress| Options {
        stress,
        ..of(Engine::Jit)
    };
    let hot = Stress {
        hot: true,
        ..Stress::default()
    };
    vec![
        ("tree", of(Engine::Tree)),
        ("vm", of(Engine::Vm)),
        ("jit", of(Engine::Jit)),
        ("jit, hot", stress(hot)),
        (
            "jit, hot, move",
            stress(Stress {
                move_stack: true,
                ..hot
            }),
        ),
    ]
}

/// Wraps statements in everything that catches errors.
fn guarded(body: &str) -> String {
    format!(
        "local function body() {body} end
        local guard = setmetatable({{}}, {{__close = function() closed = (closed or 0) + 1 end}})
        local function inner()
            local c <close> = guard
            pcall(body)
            caught = 'pcall'
        end
        local function outer()
            xpcall(inner, function() caught = 'handler' end)
            caught = 'xpcall'
        end
        coroutine.resume(coroutine.create(outer))
        caught = 'resume'
        coroutine.wrap(outer)()
        caught = 'wrap'"
    )
}

/// Runs a program that must be stopped for that reason, and looks at what it has left behind.
fn must_stop(lua: &mut Lua, what: &str, body: &str, reason: StopReason) -> Result<()> {
    let r = lua.load(guarded(body)).exec();
    assert_eq!(r, Err(Error::Stopped(reason)), "{what}");
    lua.clear_stop();
    let globals = lua.globals();
    let caught: Option<String> = globals.get(lua, "caught")?;
    let closed: Option<i64> = globals.get(lua, "closed")?;
    assert_eq!((caught, closed), (None, Some(1)), "{what}");
    Ok(())
}

/// Whether the engine that compiles has done so: else a test of it would say nothing.
fn has_compiled(lua: &Lua) -> bool {
    lua.options.engine != Engine::Jit || lua.jit_stats().compiled > 0
}

#[test]
fn interruptions_arrive_soon_and_are_not_caught() -> Result<()> {
    for (mode, options) in modes() {
        let mut compiled = 0;
        for (what, body) in ENDLESS {
            let what = format!("{what}, {mode}");
            let mut lua = Lua::with_options(options.clone())?;
            let word = lua.interrupter();
            let waiting = std::thread::spawn(move || {
                std::thread::sleep(WHILE);
                word.interrupt();
                Instant::now()
            });
            must_stop(&mut lua, &what, body, StopReason::Interrupted)?;
            let Ok(interrupted) = waiting.join() else {
                panic!("{what}: the thread panicked")
            };
            assert!(interrupted.elapsed() < SOON, "{what}");
            compiled += usize::from(has_compiled(&lua));
        }
        // Code that is entered in loops that never were left is not there for all of them.
        assert!(compiled * 2 > ENDLESS.len(), "{mode}: {compiled}");
    }
    Ok(())
}

#[test]
fn time_limits_arrive_soon_and_are_not_caught() -> Result<()> {
    for (mode, options) in modes() {
        for (what, body) in ENDLESS {
            let what = format!("{what}, {mode}");
            let mut lua = Lua::with_options(options.clone())?;
            let start = Instant::now();
            lua.set_time_limit(WHILE);
            must_stop(&mut lua, &what, body, StopReason::Timeout)?;
            assert!(start.elapsed() < WHILE + SOON, "{what}");
        }
    }
    Ok(())
}

#[test]
fn memory_limits_are_not_caught() -> Result<()> {
    for (mode, options) in modes() {
        for (what, body) in GROWING {
            let options = Options {
                max_memory: Some(8 << 20),
                ..options.clone()
            };
            let what = format!("{what}, {mode}");
            let mut lua = Lua::with_options(options)?;
            must_stop(&mut lua, &what, body, StopReason::Memory)?;
        }
    }
    Ok(())
}

#[test]
fn instruction_limits_are_not_caught() -> Result<()> {
    for (mode, options) in modes() {
        for (what, body) in ENDLESS.iter().filter(|(what, _)| *what != "a long native") {
            let options = Options {
                max_instructions: Some(200_000),
                ..options.clone()
            };
            let what = format!("{what}, {mode}");
            let mut lua = Lua::with_options(options)?;
            must_stop(&mut lua, &what, body, StopReason::Instructions)?;
        }
    }
    Ok(())
}

/// Programs that end, for counting.
const ENDING: &[&str] = &[
    "for i = 1, 5000 do end",
    "local n = 0 while n < 5000 do n = n + 1 end",
    "local t = {} for i = 1, 3000 do t[i] = i end for k, v in ipairs(t) do t[k] = v * 0.5 end",
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end fib(18)",
    "local function down(n) if n == 0 then return 0 end return down(n - 1) end down(5000)",
    "local function f(...) return select('#', ...) end for i = 1, 2000 do f(i, i) end",
    "for i = 1, 1000 do pcall(error, i) end",
    "for i = 1, 1000 do pcall(function() local x = i + 1 local y = x.z.w end) end",
    "local co = coroutine.wrap(function() for i = 1, 2000 do coroutine.yield(i) end end)
     for i = 1, 2000 do co() end",
    "local t = setmetatable({}, {__index = function(_, k) return k end}) local s = 0
     for i = 1, 2000 do s = s + t[i] end",
    "local s = 0 for i = 1, 3000 do local x = i % 3 == 0 and 1.5 or 1 s = s + x end",
    "local t = {} for i = 1, 500 do t[i] = i * 7 % 101 end table.sort(t, function(a, b) return a < b end)",
    "for i = 1, 1000 do local c <close> = setmetatable({}, {__close = function() end}) end",
    "local function f(o) return o.x end
     for i = 1, 2000 do f(i % 2 == 0 and {x = 1} or {y = 1, x = 2}) end",
];

/// How many instructions a program takes.
fn count(source: &str, options: &Options) -> Result<u64> {
    let most = 1 << 40;
    let mut lua = Lua::with_options(Options {
        max_instructions: Some(most),
        ..options.clone()
    })?;
    lua.load(source).exec()?;
    Ok(most - lua.instructions_left().unwrap_or(0))
}

#[test]
fn compiled_code_counts_as_the_interpreter_does() -> Result<()> {
    let all = modes();
    let (_, vm) = &all[1];
    for source in ENDING {
        let expected = count(source, vm)?;
        for (mode, options) in &all[2..] {
            assert_eq!(count(source, options)?, expected, "{mode}: {source}");
        }
    }
    Ok(())
}

#[test]
fn the_instruction_limit_strikes_at_the_same_place() -> Result<()> {
    let all = modes();
    for source in [
        "rounds = 0 while true do rounds = rounds + 1 end",
        "rounds = 0 local function f() rounds = rounds + 1 return f() end f()",
        "rounds = 0 local function f() rounds = rounds + 1 end for i = 1, math.maxinteger do f() end",
        "rounds = 0 local co = coroutine.wrap(function() while true do rounds = rounds + 1 coroutine.yield() end end)
         while true do co() end",
    ] {
        let rounds = |options: &Options, limit: u64| -> Result<i64> {
            let mut lua = Lua::with_options(Options {
                max_instructions: Some(limit),
                ..options.clone()
            })?;
            let stopped = lua.load(source).exec();
            assert_eq!(stopped, Err(Error::Stopped(StopReason::Instructions)), "{source}");
            lua.globals().get(&mut lua, "rounds")
        };
        for limit in 20_000..20_020 {
            let expected = rounds(&all[1].1, limit)?;
            for (mode, options) in &all[2..] {
                assert_eq!(rounds(options, limit)?, expected, "{mode}, {limit}: {source}");
            }
        }
    }
    Ok(())
}
