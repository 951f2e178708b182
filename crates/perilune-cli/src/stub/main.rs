//! The runtime of executables: runs the program that `perilune build` has put behind it.
//!
//! It has the front end, for `load`, the interpreter and the heap, and no compiler of machine code.
#![deny(unsafe_code)]
#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
#[path = "../start.rs"]
mod start;

use perilune::{Dialect, Error, Function, Image, Lua, Options, Value, Variadic, message_handler};
use perilune_runtime::heap::Mode;
use std::ffi::OsString;
use std::io::Write;

/// What the process ends with: 0 if all went well.
type Status = u8;

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() -> std::process::ExitCode {
    command().into()
}

/// One invocation.
fn command() -> Status {
    let args: Vec<OsString> = std::env::args_os().collect();
    let name = args.first().map(bytes).unwrap_or_default();
    let image = match Image::of_this_program() {
        Ok(Some(image)) => image,
        Ok(None) => {
            complain(
                &name,
                b"it holds no program: it is what 'perilune build' makes executables of",
            );
            return 1;
        }
        Err(why) => {
            complain(&name, format!("cannot run: {why}").as_bytes());
            return 1;
        }
    };
    let options = Options {
        dialect: match image.contents().lua54 {
            true => Dialect::Lua54,
            false => Dialect::Lua55,
        },
        ..Options::default()
    };
    let mut lua = match Lua::with_image(options, image) {
        Ok(lua) => lua,
        Err(e) => {
            complain(&name, format!("cannot create state: {e}").as_bytes());
            return 1;
        }
    };
    let code = match run(&mut lua, &args) {
        Ok(()) => 0,
        Err(Error::Exit { code, close }) => {
            if close {
                lua.close();
            } else {
                let _ = lua.flush_stdout();
            }
            std::process::exit(code);
        }
        Err(e) => {
            let _ = lua.flush_stdout();
            complain(&name, &e.to_bytes());
            1
        }
    };
    lua.close_quickly();
    std::process::exit(code)
}

/// Runs the program as `lua` runs a script: with the arguments in `arg` and `...`, and a traceback for errors.
fn run(lua: &mut Lua, args: &[OsString]) -> Result<(), Error> {
    lua.heap.set_mode(Mode::Generational);
    let _ = perilune_runtime::exec::interrupt_on_ctrl_c(lua.interrupter());
    let handler = message_handler(lua)?;
    let arg = lua.create_table()?;
    let mut given = Vec::new();
    for (i, a) in args.iter().enumerate() {
        let text = lua.create_string(bytes(a))?;
        arg.set(lua, i as i64, text.clone())?;
        given.push(Value::String(text));
    }
    lua.globals().set(lua, "arg", arg)?;
    if lua.image().is_some_and(|image| image.contents().warns) {
        lua.warnings_on();
    }
    let program: Function = perilune::program(lua)?;
    let arguments = Variadic(given.into_iter().skip(1).collect());
    let _: Variadic<Value> = program.call_with(lua, arguments, Some(&handler))?;
    Ok(())
}

fn complain(name: &[u8], message: &[u8]) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(&[name, b": ", message, b"\n"].concat());
}

/// The bytes of an argument.
fn bytes(text: &OsString) -> Vec<u8> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStrExt::as_bytes(text.as_os_str()).to_vec();
    #[cfg(not(unix))]
    return text.to_string_lossy().into_owned().into_bytes();
}
