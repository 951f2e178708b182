//! The read-eval-print loop: on a terminal with an editor, elsewhere as `lua -i` has it.

mod command;
mod complete;
mod editor;
mod highlight;
mod history;
mod plain;
mod show;
mod tiers;

use crate::run::Session;
use perilune::{Error, Function};
use std::io::IsTerminal;

/// Reads lines until the end of input; runs them and prints their results.
pub fn repl(s: &mut Session) -> Result<(), Error> {
    refuse_readline(s);
    s.lua.options.jit.keep = true;
    let name = std::mem::take(&mut s.name);
    let r = if can_edit() { editor::run(s) } else { plain::run(s) };
    s.name = name;
    r
}

/// Terminals that do not understand what an editor writes.
const PLAIN: &[&str] = &["", "dumb", "cons25", "emacs"];

/// Whether there is a terminal that understands it.
fn can_edit() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    let known = !cfg!(unix) || !PLAIN.contains(&term.as_str());
    known && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// The text of a prompt: that of a global variable, if it is set.
fn prompt(s: &mut Session, name: &str, default: &str) -> String {
    let text = format!("local p = {name}; if p ~= nil then return tostring(p) end");
    let v: Result<Option<String>, Error> = s.lua.load(text).set_name("=prompt").eval();
    if v.is_err() {
        s.lua.clear_stop();
    }
    v.ok().flatten().unwrap_or_else(|| default.to_owned())
}

/// Compiles an expression, so that its values are returned, or else statements.
fn compile(s: &mut Session, text: &[u8]) -> Result<Function, Error> {
    if let Ok(f) = compile_expression(s, text) {
        return Ok(f);
    }
    s.lua.load(text).set_name("=stdin").into_function()
}

fn compile_expression(s: &mut Session, text: &[u8]) -> Result<Function, Error> {
    let expression = [b"return ", text].concat();
    s.lua.load(expression).set_name("=stdin").into_function()
}

fn warn_of_local(line: &[u8]) {
    let code = line.trim_ascii_start();
    if code
        .strip_prefix(b"local")
        .is_some_and(|rest| rest.first().is_none_or(|c| b" \t".contains(c)))
    {
        eprintln!("warning: locals do not survive across lines in interactive mode");
    }
}

/// `LUA_READLINELIB` names a C library, which cannot be loaded.
fn refuse_readline(s: &mut Session) {
    if s.lua.options.env_vars_ignored {
        return;
    }
    if let Some(name) = std::env::var_os("LUA_READLINELIB") {
        let text = format!("unable to load readline library '{}'", name.to_string_lossy());
        let _ = s.lua.warn(text.as_bytes(), false);
    }
}
