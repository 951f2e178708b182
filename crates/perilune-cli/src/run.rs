//! Running scripts: the life of one invocation, in the order that `lua` has.

use crate::Status;
use crate::diagnostics::Watch;
use crate::options::{self, Action, Parsed, Step, bytes, program_name};
use crate::repl;
use crate::settings::Settings;
use perilune::{Context, Engine, Error, Function, Lua, Table, Value, Variadic};
use perilune_runtime::heap::Mode;
use perilune_runtime::stdlib::base::load_file;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

/// The version line, as `lua -v` prints it.
pub const VERSION: &str = concat!(
    "Lua 5.5.1  (Perilune ",
    env!("CARGO_PKG_VERSION"),
    "), the language of Lua.org, PUC-Rio"
);

/// A running command.
pub struct Session<'a> {
    /// The state.
    pub lua: Lua,
    /// The message handler: adds a traceback, and lets `watch` look.
    pub handler: Function,
    /// What looks at errors.
    pub watch: Arc<Watch>,
    /// What messages begin with; empty at the prompt, where `lua` names no program.
    pub name: Vec<u8>,
    args: &'a [OsString],
    parsed: &'a Parsed,
}

impl<'a> Session<'a> {
    /// A state as the command line asks for it.
    fn start(args: &'a [OsString], parsed: &'a Parsed, settings: &Settings) -> Result<Session<'a>, Error> {
        let mut lua = settings.state()?;
        // As `lua` does.
        lua.heap.set_mode(Mode::Generational);
        // The prompt shows the code of functions.
        lua.options.jit.keep = parsed.interactive;
        let _ = perilune_runtime::exec::interrupt_on_ctrl_c(lua.interrupter());
        let (watch, handler) = Watch::handler(&mut lua)?;
        let name = program_name(args);
        Ok(Session {
            lua,
            handler,
            watch,
            name,
            args,
            parsed,
        })
    }

    /// Replaces the state by a fresh one with another engine, made ready as at the start: `arg`, and what
    /// `LUA_INIT`, `-l` and `-W` say. The old state's finalisers run first.
    pub fn restart(&mut self, engine: Engine) -> Result<(), Error> {
        let mut settings = self.parsed.settings.clone();
        settings.options = self.lua.options.clone();
        settings.options.engine = engine;
        let mut fresh = Session::start(self.args, self.parsed, &settings)?;
        fresh.name.clone_from(&self.name);
        std::mem::replace(self, fresh).lua.close();
        prepare(self)?;
        for step in &self.parsed.steps {
            match step {
                Step::Execute(_) => {}
                Step::Require(module) => require(self, module)?,
                Step::Warnings => self.lua.warnings_on(),
            }
        }
        Ok(())
    }

    /// Shows an error on stderr.
    pub fn report(&mut self, e: &Error) {
        let _ = self.lua.flush_stdout();
        let mut err = std::io::stderr().lock();
        if !self.name.is_empty() {
            let _ = err.write_all(&self.name);
            let _ = err.write_all(b": ");
        }
        let _ = self.watch.write(&mut err, &e.to_bytes());
    }

    /// Where the script's name is in the arguments.
    fn script(&self) -> Option<usize> {
        match self.parsed.action {
            Action::Script(i) => i,
            Action::Version | Action::Help | Action::Subcommand => None,
        }
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
pub fn show_version() -> Status {
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
    0
}

/// Runs what the command line asks for.
pub fn run(args: &[OsString], mut parsed: Parsed) -> Status {
    if let Err(message) = parsed.settings.open() {
        options::usage(args, message.as_bytes());
        return 1;
    }
    let mut s = match Session::start(args, &parsed, &parsed.settings) {
        Ok(s) => s,
        Err(e) => {
            let name = program_name(args);
            eprintln!("{}: cannot create state: {e}", String::from_utf8_lossy(&name));
            return 1;
        }
    };
    let r = steps(&mut s);
    parsed.settings.show_stats(&mut s.lua);
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

fn steps(s: &mut Session) -> Result<(), Error> {
    let p = s.parsed;
    if p.version {
        println!("{VERSION}");
    }
    prepare(s)?;
    for step in &p.steps {
        match step {
            Step::Execute(text) => s.execute(text, b"=(command line)")?,
            Step::Require(module) => require(s, module)?,
            Step::Warnings => s.lua.warnings_on(),
        }
    }
    let script = s.script();
    if let Some(i) = script {
        run_script(s, i)?;
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

/// What comes before the first step.
fn prepare(s: &mut Session) -> Result<(), Error> {
    set_arg(s)?;
    if s.lua.options.env_vars_ignored {
        return Ok(());
    }
    init(s)
}

/// The global `arg`: the script at 0, what follows it from 1 on, what comes before it below 0.
fn set_arg(s: &mut Session) -> Result<(), Error> {
    let t = s.lua.create_table()?;
    let zero = s.script().unwrap_or(0) as i64;
    for (i, a) in s.args.iter().enumerate() {
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

fn run_script(s: &mut Session, i: usize) -> Result<(), Error> {
    let file = bytes(&s.args[i]);
    let arg: Value = s.lua.globals().get(&mut s.lua, "arg")?;
    let Value::Table(arg) = arg else {
        return Err(Error::runtime("'arg' is not a table"));
    };
    let rest = script_args(&mut s.lua, &arg)?;
    let from_stdin = file == b"-" && s.args.get(i - 1).map(bytes).as_deref() != Some(b"--");
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
