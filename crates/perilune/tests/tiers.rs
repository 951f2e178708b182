//! Programs -> what an observer is told of the compiled tier, and what functions say of it.
#![cfg(all(unix, any(target_arch = "x86_64", target_arch = "aarch64")))]

use perilune::{
    Engine, Function, Invalidation, JitMode, JitOptions, Lua, Options, Reason, Result, Tier, TierEvent,
};
use std::sync::{Arc, Mutex};

fn options(jit: JitOptions) -> Options {
    Options {
        engine: Engine::Jit,
        deterministic: true,
        jit,
        ..Options::default()
    }
}

fn state(threshold: u32) -> Result<Lua> {
    Lua::with_options(options(JitOptions {
        threshold,
        ..JitOptions::default()
    }))
}

type Events = Arc<Mutex<Vec<TierEvent>>>;

/// An observer that keeps what it is told.
fn observe(lua: &mut Lua) -> Events {
    let events = Events::default();
    let kept = events.clone();
    lua.set_tier_observer(Some(Box::new(move |e| {
        kept.lock().expect("no panic").push(e.clone());
    })));
    events
}

/// The events of the function of that name.
fn of(events: &Events, name: &str) -> Vec<TierEvent> {
    let all = events.lock().expect("no panic");
    let own = all
        .iter()
        .filter(|e| e.function().0.name.as_deref() == Some(name));
    own.cloned().collect()
}

fn names(events: &[TierEvent]) -> Vec<&'static str> {
    events.iter().map(TierEvent::name).collect()
}

#[test]
fn the_way_of_a_function_is_told() -> Result<()> {
    let mut lua = state(50)?;
    let events = observe(&mut lua);
    let source = "local function add(a, b)\n return a + b\nend\nfor i = 1, 100 do add(i, 1) end";
    lua.load(source).set_name("@adds.lua").exec()?;
    let own = of(&events, "add");
    assert_eq!(names(&own), ["start", "finish", "install"]);
    let (function, version) = own[0].function();
    assert_eq!(
        (&function.chunk[..], function.line, version),
        (&b"adds.lua"[..], 1, 1)
    );
    assert_eq!(function.to_string(), "adds.lua:1 add");
    let [
        TierEvent::Started {
            instructions,
            cautious: false,
            ..
        },
        TierEvent::Finished {
            bytecode,
            code,
            compiling,
            ..
        },
        TierEvent::Installed {
            size,
            address,
            entries: 1,
            ..
        },
    ] = &own[..]
    else {
        panic!("{own:?}");
    };
    assert_eq!((*bytecode, *code), (8 * instructions, *size));
    assert!(compiling.as_nanos() > 0 && *address != 0);
    Ok(())
}

#[test]
fn exits_say_where_and_why() -> Result<()> {
    let mut lua = state(50)?;
    let source = "local function add(a, b)\n local c = a + b\n return c\nend
        for i = 1, 100 do add(i, 1) end return add";
    let add: Function = lua.load(source).set_name("=exits").eval()?;
    let events = observe(&mut lua);
    let again: Function = lua
        .load("return function(add) for i = 1, 200 do assert(add(i, 0.5) == i + 0.5) end end")
        .eval()?;
    again.call::<()>(&mut lua, add.clone())?;
    let own = of(&events, "add");
    let TierEvent::Deopt {
        function,
        version: 1,
        pc: 1,
        line: Some(3),
        reason: Some(Reason::Type),
    } = &own[0]
    else {
        panic!("{own:?}");
    };
    assert_eq!(function.chunk, b"exits");
    let invalidated = own.iter().position(|e| {
        matches!(
            e,
            TierEvent::Invalidated {
                why: Invalidation::Exits,
                version: 1,
                ..
            }
        )
    });
    let after = &own[invalidated.expect("left too often") + 1..];
    assert_eq!(names(&after[..4]), ["release", "start", "finish", "install"]);
    assert!(matches!(
        after[1],
        TierEvent::Started {
            cautious: true,
            version: 2,
            ..
        }
    ));
    let state = add.tier(&lua).expect("a Lua function");
    assert_eq!((state.tier, state.versions), (Tier::Baseline, 2));
    assert!(state.cautious);
    assert_eq!(state.discarded, Some(Invalidation::Exits));
    Ok(())
}

/// Why code of the function of that name was dropped, each time.
fn drops(events: &Events, name: &str) -> Vec<Invalidation> {
    let why = |e: &TierEvent| match e {
        TierEvent::Invalidated { why, .. } => Some(*why),
        _other => None,
    };
    of(events, name).iter().filter_map(why).collect()
}

#[test]
fn code_is_dropped_for_different_reasons() -> Result<()> {
    let mut lua = state(50)?;
    let events = observe(&mut lua);
    lua.load(
        "local function get(t) return t.field_of_this_test end
         local function short_lived()
           local t = {}
           for i = 1, 200 do t[i] = {field_of_this_test = i} end
           for i = 1, 200 do get(t[i]) end
         end
         short_lived()
         load('local function gone(a) return a + 1 end for i = 1, 200 do gone(i) end')()
         -- A shape that nothing has is kept for some collections.
         for _ = 1, 20 do collectgarbage() end
         for i = 1, 2000 do get({more = 1, field_of_this_test = i}) end
         for i = 1, 2000 do get({other = 1, more = 2, field_of_this_test = i}) end",
    )
    .exec()?;
    assert_eq!(drops(&events, "gone"), [Invalidation::Collected]);
    let own = drops(&events, "get");
    assert_eq!(own[0], Invalidation::Shape);
    assert!(own[1..].contains(&Invalidation::Changed), "{own:?}");
    assert_eq!(names(&of(&events, "gone")).last(), Some(&"release"));
    Ok(())
}

#[test]
fn code_is_made_again_for_what_it_had_not_seen() -> Result<()> {
    let mut lua = state(50)?;
    let events = observe(&mut lua);
    let source = "local C = {} C.__index = C
        function C.get(o) return o.x end
        local o = setmetatable({x = 1}, C)
        local function f(late) if late then local x = o:get() return x end return 0 end
        for i = 1, 100 do f(false) end
        for i = 1, 2000 do f(true) end";
    lua.load(source).exec()?;
    assert_eq!(drops(&events, "f"), [Invalidation::Changed]);
    Ok(())
}

#[test]
fn failures_say_why() -> Result<()> {
    let mut lua = Lua::with_options(options(JitOptions {
        threshold: 0,
        memory: 0,
        ..JitOptions::default()
    }))?;
    let events = observe(&mut lua);
    let source = "local function f() end f() f() return f";
    let f: Function = lua.load(source).eval()?;
    let own = of(&events, "f");
    assert_eq!(names(&own), ["start", "fail"]);
    let TierEvent::Failed { why, .. } = &own[1] else {
        panic!("{own:?}");
    };
    assert!(why.starts_with("code memory is full"), "{why}");
    let state = f.tier(&lua).expect("a Lua function");
    assert_eq!(state.tier, Tier::Interpreted);
    assert_eq!((state.refused.as_ref(), state.heat), (Some(why), None));
    Ok(())
}

#[test]
fn an_observer_that_comes_late_knows_what_is_installed() -> Result<()> {
    let mut lua = state(50)?;
    lua.load("function kept(a) return a + 1 end for i = 1, 200 do kept(i) end")
        .exec()?;
    let events = observe(&mut lua);
    lua.load("kept = nil collectgarbage() collectgarbage() for i = 1, 200 do end")
        .exec()?;
    assert_eq!(names(&of(&events, "kept")), ["invalidate", "release"]);
    let told = events.lock().expect("no panic").len();
    lua.set_tier_observer(None);
    lua.load("local function f(a) return a end for i = 1, 200 do f(i) end")
        .exec()?;
    assert_eq!(events.lock().expect("no panic").len(), told);
    Ok(())
}

#[test]
fn an_observer_that_panics_is_let_go() -> Result<()> {
    let mut lua = state(0)?;
    let calls = Arc::new(Mutex::new(0));
    let counted = calls.clone();
    lua.set_tier_observer(Some(Box::new(move |_| {
        *counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
        panic!("this panic belongs to the test");
    })));
    let n: i64 = lua
        .load("local function f(n) if n == 0 then return 1 end return n * f(n - 1) end return f(10)")
        .eval()?;
    assert_eq!(n, 3_628_800);
    assert_eq!(
        *calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        1
    );
    Ok(())
}

#[test]
fn states_without_a_compiler_interpret() -> Result<()> {
    for (engine, mode, tier) in [
        (Engine::Jit, JitMode::Off, Tier::Interpreted),
        (Engine::Vm, JitMode::Full, Tier::Interpreted),
        (Engine::Tree, JitMode::Full, Tier::Walked),
        (Engine::Jit, JitMode::Baseline, Tier::Baseline),
        (Engine::Jit, JitMode::Full, Tier::Baseline),
    ] {
        let jit = JitOptions {
            threshold: 10,
            mode,
            ..JitOptions::default()
        };
        let mut lua = Lua::with_options(Options {
            engine,
            ..options(jit)
        })?;
        let events = observe(&mut lua);
        let source = "local function f(a) return a end for i = 1, 100 do f(i) end return f";
        let f: Function = lua.load(source).eval()?;
        let state = f.tier(&lua).expect("a Lua function");
        let compiles = tier == Tier::Baseline;
        assert_eq!(state.tier, tier, "{engine:?} {mode:?}");
        assert_eq!(state.heat.is_some(), compiles, "{engine:?} {mode:?}");
        assert_eq!(lua.can_compile(), compiles);
        assert_eq!(events.lock().expect("no panic").is_empty(), !compiles);
        assert_eq!(lua.tier_counts().1 > 0, compiles);
    }
    Ok(())
}

#[test]
fn snapshots_are_kept_where_that_is_asked_for() -> Result<()> {
    for keep in [false, true] {
        let mut lua = Lua::with_options(options(JitOptions {
            threshold: 10,
            keep,
            ..JitOptions::default()
        }))?;
        let source = "local function f(a) local function inner() return a end return a + 1, inner end
            for i = 1, 100 do f(i) end return f";
        let f: Function = lua.load(source).eval()?;
        let all = f.snapshots(&lua).expect("a Lua function");
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].is_installed, all[1].is_installed),
            (keep, false),
            "inner never ran"
        );
        assert_eq!(all[1].function.name.as_deref(), Some("inner"));
        let print: Function = lua.load("return print").eval()?;
        assert!(print.snapshots(&lua).is_none() && print.tier(&lua).is_none());
    }
    Ok(())
}

/// A function of more than a thousand instructions with a loop that runs until `enough` says so.
fn long_function() -> String {
    let body = "a = (a + b * 3) & 0xffff b = b ~ (a >> 1) ".repeat(300);
    format!(
        "local function f(enough) local a, b = 1, 2 repeat {body} until enough() return a, b end return f"
    )
}

#[test]
fn long_functions_are_compiled_while_they_run() -> Result<()> {
    let alone = std::thread::available_parallelism().map_or(1, usize::from) == 1;
    for sync in [false, true] {
        let mut lua = Lua::with_options(Options {
            jit: JitOptions {
                threshold: 10,
                sync,
                ..JitOptions::default()
            },
            ..Options::default()
        })?;
        let events = observe(&mut lua);
        let f: Function = lua.load(long_function()).eval()?;
        // A minute is enough for another thread on a busy machine.
        let installed = events.clone();
        let began = std::time::Instant::now();
        let enough =
            lua.create_function(move |_, ()| Ok(is_installed(&installed) || began.elapsed().as_secs() > 60))?;
        let (a, b): (i64, i64) = f.call(&mut lua, enough)?;
        assert!(a <= 0xffff && b != 0);
        let stats = lua.jit_stats();
        assert_eq!(stats.failed, 0);
        assert!(stats.compiled >= 1, "{stats}");
        assert_eq!(stats.elsewhere > 0, !sync && !alone, "{stats}");
    }
    Ok(())
}

/// Whether code has been installed.
fn is_installed(events: &Events) -> bool {
    let all = events.lock().expect("no panic");
    all.iter().any(|e| matches!(e, TierEvent::Installed { .. }))
}

#[test]
fn a_state_may_end_while_its_functions_are_compiled() -> Result<()> {
    for _ in 0..20 {
        let mut lua = Lua::with_options(Options {
            jit: JitOptions {
                threshold: 1,
                ..JitOptions::default()
            },
            ..Options::default()
        })?;
        let f: Function = lua.load(long_function()).eval()?;
        lua.globals().set(&mut lua, "f", f)?;
        lua.load("local n = 3 f(function() n = n - 1 return n < 0 end)")
            .exec()?;
        let n: i64 = lua.load("return 7").eval()?;
        assert_eq!(n, 7);
    }
    Ok(())
}

/// Functions that only Rust calls, and functions with varargs, get hot by their calls too.
#[test]
fn calls_from_rust_and_of_varargs_are_counted() -> Result<()> {
    let mut lua = state(50)?;
    let events = observe(&mut lua);
    let called: Function = lua
        .load("local function called(a) return a + 1 end return called")
        .eval()?;
    for i in 0..1000_i64 {
        assert_eq!(called.call::<i64>(&mut lua, i)?, i + 1);
    }
    assert_eq!(called.tier(&lua).map(|t| t.tier), Some(Tier::Baseline));
    lua.load(
        "local function smaller(a, b) return a < b end
         local function replaced(c) return c end
         local function many(...) local a = ... return a end
         local list = {}
         for i = 1, 200 do list[i] = i * 37 % 200 many(i) end
         table.sort(list, smaller)
         string.gsub(string.rep('x', 200), '.', replaced)",
    )
    .exec()?;
    for name in ["called", "smaller", "replaced", "many"] {
        assert_eq!(
            names(&of(&events, name)),
            ["start", "finish", "install"],
            "{name}"
        );
    }
    Ok(())
}
