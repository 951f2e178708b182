//! The prompt without a terminal: lines -> effects, with `lua`'s texts to the letter.

use super::{compile, prompt, warn_of_local};
use crate::run::Session;
use perilune::{Error, Value};
use std::io::{BufRead, Write};

/// Reads lines until the end of input; runs them and prints their results.
pub fn run(s: &mut Session) -> Result<(), Error> {
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
                    let prompt = super::prompt(s, "_PROMPT2", ">> ");
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
