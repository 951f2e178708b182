//! `perilune dump`: the printers of the compilation's stages.

use crate::options::{Settings, bytes};
use perilune::{Engine, Lua};
use perilune_bytecode::{compile, dump, verify};
use perilune_syntax as syntax;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// Prints one stage of a file's compilation.
pub fn dump(stage: &str, file: &OsString, settings: &Settings) -> ExitCode {
    print(printed(stage, file, settings))
}

/// Runs a file on the VM, whatever the settings say, and prints its bytecode with what the
/// instructions have learned.
pub fn dump_live(file: &OsString, settings: Settings) -> ExitCode {
    print(live(file, settings))
}

fn print(text: Result<String, String>) -> ExitCode {
    match text {
        Ok(text) => {
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("perilune: {message}");
            ExitCode::FAILURE
        }
    }
}

fn live(file: &OsString, mut settings: Settings) -> Result<String, String> {
    settings.options.engine = Engine::Vm;
    let (source, name) = read(file)?;
    let text = syntax::skip_shebang(&source);
    let mut lua = Lua::with_options(settings.options).map_err(|e| e.to_string())?;
    let f = lua
        .load(text)
        .set_name(&name)
        .into_function()
        .map_err(|e| e.to_string())?;
    let ran = f.call::<()>(&mut lua, ());
    let _ = lua.flush_stdout();
    if let Err(e) = ran {
        eprintln!("perilune: {e}");
    }
    Ok(f.live_bytecode(&lua).unwrap_or_default())
}

fn printed(stage: &str, file: &OsString, settings: &Settings) -> Result<String, String> {
    let (source, name) = read(file)?;
    let text = syntax::skip_shebang(&source);
    if stage == "tokens" {
        return syntax::dump::tokens(text, &name).map_err(|e| format!("{e:?}"));
    }
    let chunk = syntax::parse(text, &name, settings.options.dialect).map_err(|e| e.to_string())?;
    if stage == "ast" {
        return Ok(syntax::dump::chunk(&chunk));
    }
    let proto = compile::compile(&chunk, text, Some(Arc::from(name.as_slice())))
        .map_err(|e| format!("line {}: {}", e.line, String::from_utf8_lossy(&e.message)))?;
    let verified = verify::verify(Arc::new(proto)).map_err(|e| e.to_string())?;
    Ok(dump::dump(verified.proto()))
}

fn read(file: &OsString) -> Result<(Vec<u8>, Vec<u8>), String> {
    if file == "-" {
        let mut all = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut all)
            .map_err(|e| e.to_string())?;
        return Ok((all, b"=stdin".to_vec()));
    }
    let all = std::fs::read(file).map_err(|e| format!("cannot open {}: {e}", file.to_string_lossy()))?;
    Ok((all, [b"@".to_vec(), bytes(file)].concat()))
}
