//! A state in which a program can do no harm: no files, no processes, little memory, few instructions.

use perilune::{Error, Lua, Options, Value};

/// Globals through which a program could reach the outside.
const OUTSIDE: [&str; 6] = ["io", "os", "package", "require", "dofile", "loadfile"];

/// Runs source or a binary chunk to its end or its limits.
pub fn run(source: &[u8]) {
    let options = Options {
        deterministic: true,
        env_vars_ignored: true,
        max_memory: Some(32 << 20),
        max_instructions: Some(200_000),
        ..Options::default()
    };
    let mut lua = Lua::with_options(options).expect("a state fits into its memory limit");
    let globals = lua.globals();
    for name in OUTSIDE {
        globals.set(&mut lua, name, Value::Nil).expect("a global can be cleared");
    }
    // `debug.debug` would wait for input; the registry leads back to the modules.
    let tamed = "debug.debug = nil; debug.getregistry = nil";
    lua.load(tamed).exec().expect("the libraries are there");
    let outcome = lua.load(source).set_name("=fuzz").into_function().and_then(|f| f.call::<()>(&mut lua, ()));
    if let Err(Error::Panic(report)) = outcome {
        panic!("{report}");
    }
    lua.close();
}
