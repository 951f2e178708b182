//! The commands of the prompt that begin with a colon: a line -> what to show.

use super::{compile, compile_expression, complete, show, tiers};
use crate::disassembly;
use crate::run::Session;
use perilune::{Engine, Error, Function, Value};
use perilune_syntax::ast::{Chunk, ExprKind};
use perilune_syntax::dump;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// A command.
pub struct Command {
    /// Its name, without the colon.
    pub name: &'static str,
    /// What follows it.
    argument: &'static str,
    /// What it does.
    about: &'static str,
    /// Does it.
    run: fn(&mut Session, &str, show::Style) -> Result<Answer, Error>,
}

/// What comes of a command.
pub enum Answer {
    /// A text to be shown.
    Text(String),
    /// The end.
    Quit,
}

/// All commands, in the order in which they are shown.
pub const ALL: &[Command] = &[
    Command {
        name: "dis",
        argument: "EXPR",
        about: "list the bytecode of a function, or of the chunk itself",
        run: dis,
    },
    Command {
        name: "asm",
        argument: "EXPR",
        about: "list the machine code of a function, or what would be made",
        run: tiers::asm,
    },
    Command {
        name: "tier",
        argument: "EXPR",
        about: "say what runs a function: the interpreter or compiled code",
        run: tiers::tier,
    },
    Command {
        name: "ast",
        argument: "CHUNK",
        about: "show the syntax tree, with names resolved",
        run: ast,
    },
    Command {
        name: "time",
        argument: "CHUNK",
        about: "run it, and say how long that took",
        run: time,
    },
    Command {
        name: "engine",
        argument: "[NAME]",
        about: "show the engines, or start afresh with another one",
        run: engine,
    },
    Command {
        name: "help",
        argument: "",
        about: "show this",
        run: |_, _, _| Ok(Answer::Text(help())),
    },
    Command {
        name: "quit",
        argument: "",
        about: "leave, as Ctrl-D does",
        run: |_, _, _| Ok(Answer::Quit),
    },
];

/// The name and the argument of a line that is a command. A label is none.
pub fn split(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start().strip_prefix(':')?;
    if rest.starts_with(':') {
        return None;
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    Some((&rest[..end], rest[end..].trim()))
}

/// The Lua code of an input: all of it, or the argument of a command that takes code.
pub fn code(text: &str) -> Option<&str> {
    match split(text) {
        None => Some(text),
        Some((name, argument)) => {
            let takes = |c: &&Command| c.name == name && matches!(c.argument, "EXPR" | "CHUNK");
            ALL.iter().find(takes).map(|_| argument)
        }
    }
}

/// Runs a command.
///
/// # Errors
/// What its chunk raises; an unknown command.
pub fn run(s: &mut Session, name: &str, argument: &str, style: show::Style) -> Result<Answer, Error> {
    match ALL.iter().find(|c| c.name == name) {
        Some(c) if c.argument.is_empty() && !argument.is_empty() => {
            Err(refusal(format!("':{name}' takes no argument")))
        }
        Some(c) if argument.is_empty() && !c.argument.is_empty() && !c.argument.starts_with('[') => {
            Err(refusal(format!("':{name}' needs an argument: {}", c.argument)))
        }
        Some(c) => (c.run)(s, argument, style),
        None => Err(refusal(unknown(name))),
    }
}

pub fn refusal(text: String) -> Error {
    Error::runtime(text)
}

fn unknown(name: &str) -> String {
    let near = ALL
        .iter()
        .map(|c| (strsim::jaro(name, c.name), c.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(nearness, _)| *nearness > 0.7)
        .map_or(String::new(), |(_, n)| format!("; did you mean ':{n}'?"));
    let all: Vec<String> = ALL.iter().map(|c| format!(":{}", c.name)).collect();
    format!("unknown command ':{name}'{near} (commands: {})", all.join(", "))
}

fn help() -> String {
    let mut out = String::from("A line is an expression, whose values are shown, or statements.\n");
    for c in ALL {
        let _ = writeln!(out, "  {:<14} {}", format!(":{} {}", c.name, c.argument), c.about);
    }
    out.push_str(
        "Tab completes. The up arrow brings back earlier lines, Ctrl-R searches them.\n\
         Ctrl-C clears the line or stops what runs. Ctrl-D leaves.\n",
    );
    out
}

fn dis(s: &mut Session, text: &str, style: show::Style) -> Result<Answer, Error> {
    let f = match function(s, text)? {
        Some(f) => f,
        None => compile(s, text.as_bytes())?,
    };
    match f.listing(&s.lua) {
        Some(listing) => Ok(Answer::Text(disassembly::text(
            &listing,
            b"",
            false,
            style.colours,
        ))),
        None => Err(refusal(format!(
            "'{text}' is a native function, which has no bytecode"
        ))),
    }
}

/// The function that a text means without a call.
pub fn function(s: &mut Session, text: &str) -> Result<Option<Function>, Error> {
    if let Some(Value::Function(f)) = complete::resolve(&mut s.lua, text) {
        return Ok(Some(f));
    }
    match value_without_calls(s, text)? {
        Some(Value::Function(f)) => Ok(Some(f)),
        Some(_) | None => Ok(None),
    }
}

/// The value of a text that is an expression without a call, or the notation of a function.
fn value_without_calls(s: &mut Session, text: &str) -> Result<Option<Value>, Error> {
    let Ok(f) = compile_expression(s, text.as_bytes()) else {
        return Ok(None);
    };
    let chunk = parse(s, text)?;
    let calls = |e: &ExprKind| matches!(e, ExprKind::Call { .. } | ExprKind::Method { .. });
    let last = chunk.nodes.exprs.last().map(|e| &e.kind);
    let is_function = text.starts_with("function") && matches!(last, Some(ExprKind::Function(_)));
    if !is_function && chunk.nodes.exprs.iter().any(|e| calls(&e.kind)) {
        return Ok(None);
    }
    Ok(s.call(&f, Vec::new())?.into_iter().next())
}

/// The tree of an expression, or else of statements.
fn parse(s: &Session, text: &str) -> Result<Chunk, Error> {
    let dialect = s.lua.dialect();
    let parse = |text: &str| perilune_syntax::parse(text.as_bytes(), b"=stdin", dialect);
    parse(&format!("return {text}"))
        .or_else(|_| parse(text))
        .map_err(|e| refusal(e.to_string()))
}

fn ast(s: &mut Session, text: &str, _: show::Style) -> Result<Answer, Error> {
    Ok(Answer::Text(dump::chunk(&parse(s, text)?)))
}

fn time(s: &mut Session, text: &str, style: show::Style) -> Result<Answer, Error> {
    let f = compile(s, text.as_bytes())?;
    let before = s.lua.instructions_left();
    let start = Instant::now();
    let values = s.call(&f, Vec::new())?;
    let taken = start.elapsed();
    let after = s.lua.instructions_left();
    let mut out = show::results(&mut s.lua, &values, style)?;
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&duration(taken));
    if let (Some(before), Some(after)) = (before, after) {
        let _ = write!(out, ", {} instructions", before.saturating_sub(after));
    }
    out.push('\n');
    Ok(Answer::Text(out))
}

fn duration(d: Duration) -> String {
    match d.as_nanos() {
        0..1_000_000 => format!("{:.3} µs", d.as_secs_f64() * 1e6),
        1_000_000..1_000_000_000 => format!("{:.3} ms", d.as_secs_f64() * 1e3),
        1_000_000_000.. => format!("{:.3} s", d.as_secs_f64()),
    }
}

fn engine(s: &mut Session, name: &str, _: show::Style) -> Result<Answer, Error> {
    let mut out = String::new();
    if name.is_empty() {
        for e in Engine::ALL {
            let mark = if *e == s.lua.options.engine { '*' } else { ' ' };
            let _ = writeln!(out, "{mark} {:<6} {}", e.name(), e.about());
        }
        return Ok(Answer::Text(out));
    }
    let Some(engine) = Engine::named(name) else {
        let known: Vec<&str> = Engine::ALL.iter().map(|e| e.name()).collect();
        return Err(refusal(format!(
            "unknown engine '{name}' (known: {})",
            known.join(", ")
        )));
    };
    s.restart(engine)?;
    let _ = writeln!(
        out,
        "a fresh state on the engine {name}: what was defined is gone"
    );
    Ok(Answer::Text(out))
}
