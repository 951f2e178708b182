//! A plain read-eval-print loop, as `lua -i` has.

use crate::run::Session;
use perilune::{Error, Function, Value};
use std::io::{BufRead, Write};

/// Reads lines until the end of input; runs them and prints their results.
pub fn repl(s: &mut Session) -> Result<(), Error> {
    refuse_readline(s);
    loop {
        let prompt = prompt(s, "_PROMPT", "> ");
        let Some(mut text) = read_line(s, &prompt) else {
            break;
        };
        warn_of_local(&text);
        let f = loop {
            match compile(s, &text) {
                Ok(f) => break Ok(f),
                Err(Error::Syntax {
                    incomplete: true,
                    message,
                }) => {
                    let prompt = self::prompt(s, "_PROMPT2", ">> ");
                    let Some(more) = read_line(s, &prompt) else {
                        break Err(Error::Syntax {
                            message,
                            incomplete: true,
                        });
                    };
                    text.push(b'\n');
                    text.extend_from_slice(&more);
                }
                Err(e) => break Err(e),
            }
        };
        let r = f.and_then(|f| s.call(&f, Vec::new())).and_then(|v| print(s, v));
        match r {
            Ok(()) => {}
            Err(e @ Error::Exit { .. }) => return Err(e),
            Err(e) => {
                s.report(&e);
                s.lua.clear_stop();
            }
        }
    }
    println!();
    Ok(())
}

fn prompt(s: &mut Session, name: &str, default: &str) -> String {
    let text = format!("local p = {name}; if p ~= nil then return tostring(p) end");
    let v: Result<Option<String>, Error> = s.lua.load(text).set_name("=prompt").eval();
    v.ok().flatten().unwrap_or_else(|| default.to_owned())
}

fn read_line(s: &mut Session, prompt: &str) -> Option<Vec<u8>> {
    let _ = s.lua.write_stdout(prompt.as_bytes());
    let _ = s.lua.flush_stdout();
    let _ = std::io::stdout().flush();
    let mut line = Vec::new();
    match std::io::stdin().lock().read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            Some(line)
        }
    }
}

fn compile(s: &mut Session, text: &[u8]) -> Result<Function, Error> {
    let expression = [b"return ", text].concat();
    if let Ok(f) = s.lua.load(expression).set_name("=stdin").into_function() {
        return Ok(f);
    }
    s.lua.load(text).set_name("=stdin").into_function()
}

fn print(s: &mut Session, values: Vec<Value>) -> Result<(), Error> {
    if values.is_empty() {
        return Ok(());
    }
    let print: Value = s.lua.globals().get(&mut s.lua, "print")?;
    let Value::Function(print) = print else {
        return Err(Error::runtime(
            "error calling 'print' (attempt to call a nil value)",
        ));
    };
    s.call(&print, values).map(|_| ())
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
