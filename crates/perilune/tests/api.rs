//! The embedding API as a host program uses it.

use perilune::{Context, Error, Function, Lua, Options, Result, StopReason, Table, Value, Variadic};
use std::time::{Duration, Instant};

#[test]
fn two_states_live_side_by_side() -> Result<()> {
    let mut a = Lua::new()?;
    let mut b = Lua::new()?;
    a.globals().set(&mut a, "x", 1)?;
    b.globals().set(&mut b, "x", 2)?;
    a.load("x = x + 10").exec()?;
    assert_eq!(a.load("x").eval::<i64>()?, 11);
    assert_eq!(b.load("x").eval::<i64>()?, 2);
    let t = a.create_table()?;
    assert!(matches!(t.get::<i64>(&mut b, 1), Err(Error::WrongState)));
    Ok(())
}

#[test]
fn a_state_moves_between_threads() -> Result<()> {
    let mut lua = Lua::new()?;
    lua.load("co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)")
        .exec()?;
    assert_eq!(lua.load("co()").eval::<i64>()?, 1);
    let handle = std::thread::spawn(move || {
        let n = lua.load("collectgarbage() return co()").eval::<i64>();
        (lua, n)
    });
    let Ok((mut lua, n)) = handle.join() else {
        panic!("the thread panicked")
    };
    assert_eq!(n?, 2);
    assert_eq!(lua.load("co()").eval::<i64>()?, 3);
    Ok(())
}

#[test]
fn rust_functions_take_and_give_values() -> Result<()> {
    let mut lua = Lua::new()?;
    let sum = lua.create_function(|_, v: Variadic<i64>| Ok(v.0.iter().sum::<i64>()))?;
    let greet = lua.create_function(|_, (name, n): (String, Option<i64>)| Ok((format!("hi {name}"), n)))?;
    lua.globals().set(&mut lua, "sum", sum)?;
    lua.globals().set(&mut lua, "greet", greet)?;
    assert_eq!(lua.load("sum(1, 2, 3)").eval::<i64>()?, 6);
    let (text, n): (String, Option<i64>) = lua.load("greet('Ann')").eval()?;
    assert_eq!((text.as_str(), n), ("hi Ann", None));
    let caught: String = lua.load("select(2, pcall(sum, {}))").eval()?;
    assert!(caught.contains("cannot convert table to i64"), "{caught}");
    Ok(())
}

#[test]
fn rust_calls_lua_calls_rust() -> Result<()> {
    let mut lua = Lua::new()?;
    let apply = lua.create_function(|lua, (f, n): (Function, i64)| f.call::<i64>(lua, n))?;
    lua.globals().set(&mut lua, "apply", apply)?;
    assert_eq!(
        lua.load("apply(function(n) return n * 2 end, 21)")
            .eval::<i64>()?,
        42
    );
    let caught: bool = lua.load("pcall(apply, function() error('no') end, 1)").eval()?;
    assert!(!caught);
    Ok(())
}

#[test]
fn a_panic_in_a_callback_is_an_error() -> Result<()> {
    let mut lua = Lua::new()?;
    let boom = lua.create_function(|_, ()| -> Result<()> { panic!("boom") })?;
    lua.globals().set(&mut lua, "boom", boom)?;
    let text: String = lua.load("select(2, pcall(boom))").eval()?;
    assert!(text.contains("internal error: boom"), "{text}");
    assert_eq!(lua.load("1 + 1").eval::<i64>()?, 2);
    Ok(())
}

#[test]
fn handles_keep_values_alive() -> Result<()> {
    let mut lua = Lua::new()?;
    let t: Table = lua.load("{ name = 'kept', inner = {1, 2, 3} }").eval()?;
    lua.load("collectgarbage() collectgarbage()").exec()?;
    assert_eq!(t.get::<String>(&mut lua, "name")?, "kept");
    let inner: Table = t.get(&mut lua, "inner")?;
    drop(t);
    lua.load("collectgarbage()").exec()?;
    assert_eq!(inner.raw_len(&lua)?, 3);
    assert_eq!(inner.pairs::<i64, i64>(&mut lua)?, vec![(1, 1), (2, 2), (3, 3)]);
    Ok(())
}

#[test]
fn instruction_limits_cannot_be_caught() -> Result<()> {
    let options = Options {
        max_instructions: Some(100_000),
        ..Options::default()
    };
    let mut lua = Lua::with_options(options)?;
    let r = lua
        .load("while true do pcall(function() while true do end end) end")
        .exec();
    assert_eq!(r, Err(Error::Stopped(StopReason::Instructions)));
    Ok(())
}

#[test]
fn memory_limits_cannot_be_caught() -> Result<()> {
    let options = Options {
        max_memory: Some(8 << 20),
        ..Options::default()
    };
    let mut lua = Lua::with_options(options)?;
    let r = lua
        .load("local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1000) .. #t end) end")
        .exec();
    assert_eq!(r, Err(Error::Stopped(StopReason::Memory)));
    Ok(())
}

#[test]
fn time_limits_hold_in_natives() -> Result<()> {
    let mut lua = Lua::new()?;
    lua.set_time_limit(Duration::from_millis(100));
    let start = Instant::now();
    let r = lua.load("string.find(('a'):rep(200000), '.*b')").exec();
    assert_eq!(r, Err(Error::Stopped(StopReason::Timeout)));
    assert!(start.elapsed() < Duration::from_secs(5));
    lua.clear_stop();
    assert_eq!(lua.load("1").eval::<i64>()?, 1);
    Ok(())
}

#[test]
fn a_state_can_be_interrupted() -> Result<()> {
    let mut lua = Lua::new()?;
    let word = lua.interrupter();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        word.interrupt();
    });
    let r = lua.load("while true do end").exec();
    assert_eq!(r, Err(Error::Stopped(StopReason::Interrupted)));
    Ok(())
}

#[test]
fn pending_variables_are_closed_after_a_stop() -> Result<()> {
    let options = Options {
        max_instructions: Some(10_000),
        ..Options::default()
    };
    let mut lua = Lua::with_options(options)?;
    let r = lua
        .load(
            "local x <close> = setmetatable({}, {__close = function() closed = true end}) while true do end",
        )
        .exec();
    assert!(r.is_err());
    let closed: Value = lua.globals().get(&mut lua, "closed")?;
    assert!(matches!(closed, Value::Boolean(true)));
    Ok(())
}

#[test]
fn a_stop_closes_variables_of_coroutines_too() -> Result<()> {
    let options = Options {
        max_instructions: Some(10_000),
        ..Options::default()
    };
    let mut lua = Lua::with_options(options)?;
    let source = "
        log = ''
        local function closing(name)
            return setmetatable({}, {__close = function() log = log .. name end})
        end
        local a <close> = closing('a')
        coroutine.wrap(function()
            local b <close> = closing('b')
            coroutine.wrap(function() local c <close> = closing('c') while true do end end)()
        end)()";
    assert!(lua.load(source).exec().is_err());
    let log: String = lua.globals().get(&mut lua, "log")?;
    assert_eq!(log, "cba");
    Ok(())
}

#[test]
fn syntax_errors_say_whether_more_input_would_help() -> Result<()> {
    let mut lua = Lua::new()?;
    let Err(Error::Syntax { incomplete, message }) = lua.load("for i = 1, 2 do").set_name("=t").exec() else {
        panic!("a syntax error is expected");
    };
    assert!(incomplete);
    assert_eq!(message, "t:1: 'end' expected near <eof>");
    Ok(())
}

#[test]
fn lua_5_4_programs_load() -> Result<()> {
    let options = Options {
        dialect: perilune::Dialect::Lua54,
        ..Options::default()
    };
    let mut lua = Lua::with_options(options)?;
    let n: i64 = lua
        .load("local global = 0 for i = 1, 3 do i = i * 2 global = global + i end return global")
        .eval()?;
    assert_eq!(n, 12);
    assert_eq!(lua.load("tostring(0.1 + 0.2)").eval::<String>()?, "0.3");
    Ok(())
}

#[test]
fn messages_keep_their_bytes() -> Result<()> {
    let mut lua = Lua::new()?;
    let Err(e) = lua.load(r#"error("\255\254", 0)"#).exec() else {
        panic!("an error is expected");
    };
    assert_eq!(e.to_bytes(), b"\xff\xfe");
    assert_eq!(e.to_string(), "\u{fffd}\u{fffd}");
    Ok(())
}

#[test]
fn raw_access_runs_no_metamethod() -> Result<()> {
    let mut lua = Lua::new()?;
    let t: Table = lua
        .load("setmetatable({10, x = 'y'}, {__index = error, __pairs = error, __metatable = 'locked'})")
        .eval()?;
    assert_eq!(t.raw_get::<Option<String>>(&mut lua, "x")?.as_deref(), Some("y"));
    assert_eq!(t.raw_get::<Option<String>>(&mut lua, "z")?, None);
    let (mut key, mut seen) = (Value::Nil, Vec::new());
    while let Some((k, v)) = t.raw_next(&mut lua, &key)? {
        seen.push(format!("{}={}", k.to_string(&mut lua)?, v.to_string(&mut lua)?));
        key = k;
    }
    assert_eq!(seen, ["1=10", "x=y"]);
    assert!(t.raw_next(&mut lua, &Value::Integer(99)).is_err());
    let mt = t.metatable(&mut lua)?.expect("it has one");
    let v = Value::Table(t);
    let same = v.metatable(&mut lua)?.expect("it has one");
    assert_eq!(
        Value::Table(mt).to_pointer(&lua)?,
        Value::Table(same).to_pointer(&lua)?
    );
    let string_mt = Value::String(lua.create_string("")?).metatable(&mut lua)?;
    assert!(string_mt.is_some() && Value::Nil.metatable(&mut lua)?.is_none());
    Ok(())
}

#[test]
fn values_have_texts() -> Result<()> {
    let mut lua = Lua::new()?;
    let shown = |lua: &mut Lua, source: &str| lua.load(source).eval::<Value>()?.to_string(lua);
    assert_eq!(shown(&mut lua, "1.0")?, "1.0");
    assert_eq!(shown(&mut lua, "nil")?, "nil");
    assert_eq!(
        shown(
            &mut lua,
            "setmetatable({}, {__tostring = function() return 'me' end})"
        )?,
        "me"
    );
    let named = shown(&mut lua, "setmetatable({}, {__name = 'Point'})")?;
    assert!(named.starts_with("Point: 0x"), "{named}");
    let failed = shown(
        &mut lua,
        "setmetatable({}, {__tostring = function() error('no', 0) end})",
    );
    assert_eq!(failed, Err(Error::runtime("no")));
    assert!(Value::Integer(1).to_pointer(&lua)?.is_null());
    Ok(())
}

#[test]
fn an_interruption_can_be_withdrawn() -> Result<()> {
    let mut lua = Lua::new()?;
    lua.interrupter().interrupt();
    lua.interrupter().withdraw();
    lua.load("for i = 1, 1000 do end").exec()?;
    lua.interrupter().interrupt();
    let stopped = lua.load("for i = 1, 1000 do end").exec();
    assert_eq!(stopped, Err(Error::Stopped(StopReason::Interrupted)));
    assert_eq!(lua.instructions_left(), None);
    Ok(())
}

/// What an observing message handler sees of an error in `source`.
fn observed<T: Send + 'static>(
    source: &str,
    look: impl Fn(&mut Context, &perilune::ErrorSite) -> T + Send + Sync + 'static,
) -> (T, String) {
    let mut lua = Lua::new().expect("state");
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let out = seen.clone();
    let handler = perilune::observing_handler(&mut lua, move |st, site| {
        *out.lock().expect("lock") = Some(look(st, site));
    });
    let handler = handler.expect("handler");
    let f = lua.load(source).set_name("=c").into_function().expect("chunk");
    let ran = f.call_with::<()>(&mut lua, (), Some(&handler));
    let text = ran.expect_err("an error").to_string();
    let seen = seen.lock().expect("lock").take();
    (seen.expect("observed"), text)
}

#[test]
fn observers_see_frames_and_variables() {
    let source = "local up = 'u'\nlocal function f(a)\n  local b = 2\n  do local b = 3; g(up) end\nend\nf(1)";
    let (found, text) = observed(source, |st, site| {
        let frame = &site.frames[0];
        let b = frame.local(st, b"b");
        let up = frame.upvalue(st, b"up");
        let names = frame.variables(st);
        let lines: Vec<Option<u32>> = site.frames.iter().map(|f| f.line).collect();
        (
            site.message.to_string(),
            format!("{b:?}"),
            up.map(|v| v.type_name()),
            names,
            lines,
        )
    });
    let (message, b, up, names, lines) = found;
    assert_eq!(message, "c:4: attempt to call a nil value (global 'g')");
    assert_eq!(b, "Some(Integer(3))");
    assert_eq!(up, Some("string"));
    let expected: Vec<Vec<u8>> = ["a", "b", "b", "_ENV", "up"]
        .iter()
        .map(|n| n.as_bytes().to_vec())
        .collect();
    let mut sorted = names;
    sorted.sort();
    let mut wanted = expected;
    wanted.sort();
    assert_eq!(sorted, wanted);
    assert_eq!(lines[..2], [Some(4), Some(6)]);
    assert!(text.starts_with("c:4: attempt to call a nil value (global 'g')\nstack traceback:"));
}

#[test]
fn observers_read_fields_without_running_code() {
    let source = "local base = {inherited = 1}\nlocal t = setmetatable({own = 2}, {__index = base})\n\
                  setmetatable(base, {__index = function() error('runs') end})\nerror('x')";
    let (found, _) = observed(source, |st, site| {
        let t = site.frames[1].local(st, b"t").expect("t");
        let value = |st: &mut Context, name: &[u8]| format!("{:?}", t.raw_field(st, name));
        let values = [b"own".as_slice(), b"inherited", b"missing"].map(|n| value(st, n));
        (values, t.raw_field_names(st), site.frames[0].is_native)
    });
    let (values, names, is_native) = found;
    assert_eq!(values, ["Ok(Integer(2))", "Ok(Integer(1))", "Ok(Nil)"]);
    assert_eq!(names, [b"own".to_vec(), b"inherited".to_vec()]);
    assert!(is_native);
}

#[test]
fn an_observer_that_panics_does_not_hide_the_error() {
    let mut lua = Lua::new().expect("state");
    let handler = perilune::observing_handler(&mut lua, |_, _| panic!("observer"));
    let handler = handler.expect("handler");
    let f = lua.load("error('mine', 0)").into_function().expect("chunk");
    let ran = f.call_with::<()>(&mut lua, (), Some(&handler));
    assert!(
        ran.expect_err("an error")
            .to_string()
            .starts_with("mine\nstack traceback:")
    );
}

/// The files of the bytecode crate's tests do what their source does.
#[test]
fn kept_bytecode_files_run() -> Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../perilune-bytecode/tests/chunks");
    let run = |name: &str, engine: perilune::Engine| -> Result<Vec<i64>> {
        let bytes = std::fs::read(folder.join(name)).expect("the file");
        let mut lua = Lua::with_options(perilune::Options {
            engine,
            ..perilune::Options::default()
        })?;
        lua.load("print = function() end").exec()?;
        let results: Variadic<i64> = lua.load(bytes).set_name("=tour").eval()?;
        Ok(results.0)
    };
    for engine in [perilune::Engine::Vm, perilune::Engine::Tree] {
        let expected = run("tour.lua", engine)?;
        assert_eq!(expected.len(), 7);
        for name in ["tour.plc", "tour.stripped.plc"] {
            assert_eq!(run(name, engine)?, expected, "{name}");
        }
    }
    Ok(())
}

#[test]
fn compiled_code_is_optional() -> Result<()> {
    for memory in [0, 64 << 10, 64 << 20] {
        let mut lua = Lua::with_options(Options {
            engine: perilune::Engine::Jit,
            jit: perilune::JitOptions {
                threshold: 0,
                memory,
                ..perilune::JitOptions::default()
            },
            ..Options::default()
        })?;
        let program =
            "local function f(n) if n < 2 then return n end return f(n - 1) + f(n - 2) end return f(20)";
        let n: i64 = lua.load(program).eval()?;
        assert_eq!(n, 6765);
        let stats = lua.jit_stats();
        assert_eq!(stats.compiled == 0, memory == 0, "{memory}: {stats}");
    }
    Ok(())
}
