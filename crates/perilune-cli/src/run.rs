//! Running scripts: the life of one invocation, in the order that `lua` has.

use crate::diagnostics::Watch;
use crate::options::{Action, Parsed, Step, bytes, program_name};
use crate::repl;
use perilune::{Context, Engine, Error, Function, Lua, Table, Value, Variadic};
use perilune_runtime::heap::Mode;
use perilune_runtime::stdlib::base::load_file;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// The version line, as `lua -v` prints it.
pub const VERSION: &str = concat!(
    "Lua 5.5.1  (Perilune ",
    env!("CARGO_PKG_VERSION"),
    "), the language of Lua.org, PUC-Rio"
);

/// A running command.
pub struct Session {
    /// The state.
    pub lua: Lua,
    /// The message handler: adds a traceback, and lets `watch` look.
    pub handler: Function,
    /// What looks at errors.
    pub watch: Arc<Watch>,
    /// What messages begin with.
    pub name: Vec<u8>,
}

impl Session {
    /// Shows an error on stderr.
    pub fn report(&mut self, e: &Error) {
        let _ = self.lua.flush_stdout();
        let mut err = std::io::stderr().lock();
        let _ = err.write_all(&self.name);
        let _ = err.write_all(b": ");
        let _ = self.watch.write(&mut err, &e.to_bytes());
    }

    /// Shows on stderr what the collector did.
    fn show_stats(&mut self) {
        let _ = self.lua.flush_stdout();
        let _ = write!(std::io::stderr().lock(), "{}", self.lua.gc_stats());
    }

    /// Calls a function with the message handler.
    pub fn call(&mut self, f: &Function, args: Vec<Value>) -> Result<Vec<Value>, Error> {
        let r: Variadic<Value> = f.call_with(&mut self.lua, Variadic(args), Some(&self.handler))?;
        Ok(r.0)
    }

    /// Runs source text.
    pub fn execute(&mut self, source: &[u8], name: &[u8]) -> Result<(), Error> {
        self.watch.remember(name, source);
        let loaded = self.lua.load(source).set_name(name).into_function();
        let f = loaded.inspect_err(|e| self.look_at_syntax(name, e))?;
        self.call(&f, Vec::new()).map(|_| ())
    }

    /// Looks at why a chunk does not compile.
    fn look_at_syntax(&self, name: &[u8], e: &Error) {
        if let Error::Syntax { message, .. } = e {
            self.watch.observe_syntax(name, message.as_bytes());
        }
    }
}

/// Says which version this is, and which engines it has.
pub fn show_version() -> ExitCode {
    let mut text = format!("{VERSION}\nEngines (--engine=NAME, or the variable PERILUNE_ENGINE):\n");
    for engine in Engine::ALL {
        let default = if *engine == Engine::default() {
            " (default)"
        } else {
            ""
        };
        text.push_str(&format!("  {:<6} {}{default}\n", engine.name(), engine.about()));
    }
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// Runs what the command line asks for.
pub fn run(args: &[OsString], parsed: Parsed) -> ExitCode {
    let name = program_name(args);
    let mut lua = match Lua::with_options(parsed.settings.options.clone()) {
        Ok(lua) => lua,
        Err(e) => {
            eprintln!("{}: cannot create state: {e}", String::from_utf8_lossy(&name));
            return ExitCode::FAILURE;
        }
    };
    // As `lua` does.
    lua.heap.set_mode(Mode::Generational);
    let word = lua.interrupter();
    let _ = perilune_runtime::exec::interrupt_on_ctrl_c(word);
    if let Some(limit) = parsed.settings.max_time {
        lua.set_time_limit(limit);
    }
    let (watch, handler) = match Watch::handler(&mut lua) {
        Ok(both) => both,
        Err(_) => return ExitCode::FAILURE,
    };
    let mut s = Session {
        lua,
        handler,
        watch,
        name,
    };
    let r = steps(&mut s, args, &parsed);
    if parsed.settings.stats {
        s.show_stats();
    }
    let code = match r {
        Ok(()) => 0,
        Err(Error::Exit { code, close }) => {
            if close {
                s.lua.close();
            } else {
                let _ = s.lua.flush_stdout();
            }
            std::process::exit(code);
        }
        Err(e) => {
            s.report(&e);
            1
        }
    };
    s.lua.close_quickly();
    std::process::exit(code)
}

fn steps(s: &mut Session, args: &[OsString], p: &Parsed) -> Result<(), Error> {
    if p.version {
        println!("{VERSION}");
    }
    let script = match p.action {
        Action::Script(i) => i,
        Action::Version | Action::Help | Action::Subcommand => None,
    };
    set_arg(s, args, script)?;
    if !p.settings.options.env_vars_ignored {
        init(s)?;
    }
    for step in &p.steps {
        match step {
            Step::Execute(text) => s.execute(text, b"=(command line)")?,
            Step::Require(module) => require(s, module)?,
            Step::Warnings => s.lua.warnings_on(),
        }
    }
    if let Some(i) = script {
        run_script(s, args, i)?;
    }
    if p.interactive {
        return repl::repl(s);
    }
    if script.is_none() && p.steps.iter().all(|s| *s == Step::Warnings) && !p.version {
        if std::io::stdin().is_terminal() {
            println!("{VERSION}");
            return repl::repl(s);
        }
        return run_file(s, None, Vec::new());
    }
    Ok(())
}

/// The global `arg`: the script at 0, what follows it from 1 on, what comes before it below 0.
fn set_arg(s: &mut Session, args: &[OsString], script: Option<usize>) -> Result<(), Error> {
    let t = s.lua.create_table()?;
    let zero = script.unwrap_or(0) as i64;
    for (i, a) in args.iter().enumerate() {
        t.set(&mut s.lua, i as i64 - zero, bytes(a).as_slice())?;
    }
    s.lua.globals().set(&mut s.lua, "arg", t)
}

/// `LUA_INIT_5_5`, or else `LUA_INIT`: `@file` or source.
fn init(s: &mut Session) -> Result<(), Error> {
    for name in ["LUA_INIT_5_5", "LUA_INIT"] {
        let Some(v) = std::env::var_os(name) else { continue };
        let v = bytes(&v);
        if let Some(file) = v.strip_prefix(b"@") {
            return run_file(s, Some(file), Vec::new());
        }
        return s.execute(&v, format!("={name}").as_bytes());
    }
    Ok(())
}

fn require(s: &mut Session, spec: &[u8]) -> Result<(), Error> {
    let text = String::from_utf8_lossy(spec).into_owned();
    let (global, module) = match text.split_once('=') {
        Some((g, m)) => (g.to_owned(), m.to_owned()),
        None => (text.split('-').next().unwrap_or("").to_owned(), text.clone()),
    };
    let require: Function = s.lua.globals().get(&mut s.lua, "require")?;
    let name = Value::String(s.lua.create_string(&module)?);
    let r = s.call(&require, vec![name])?;
    let v = r.into_iter().next().unwrap_or(Value::Nil);
    s.lua.globals().set(&mut s.lua, global.as_str(), v)
}

fn run_script(s: &mut Session, args: &[OsString], i: usize) -> Result<(), Error> {
    let file = bytes(&args[i]);
    let arg: Value = s.lua.globals().get(&mut s.lua, "arg")?;
    let Value::Table(arg) = arg else {
        return Err(Error::runtime("'arg' is not a table"));
    };
    let rest = script_args(&mut s.lua, &arg)?;
    let from_stdin = file == b"-" && args.get(i - 1).map(bytes).as_deref() != Some(b"--");
    run_file(s, if from_stdin { None } else { Some(&file) }, rest)
}

fn script_args(lua: &mut Context, arg: &Table) -> Result<Vec<Value>, Error> {
    let n = arg.raw_len(lua)?;
    (1..=n).map(|i| arg.get(lua, i)).collect()
}

fn run_file(s: &mut Session, file: Option<&[u8]>, args: Vec<Value>) -> Result<(), Error> {
    let loaded = perilune::load_file(&mut s.lua, |st| load_file(st, file, b"bt", None));
    let f = loaded.inspect_err(|e| {
        let chunk = file.map(|f| [b"@", f].concat());
        s.look_at_syntax(chunk.as_deref().unwrap_or(b"=stdin"), e);
    })?;
    s.call(&f, args).map(|_| ())
}
