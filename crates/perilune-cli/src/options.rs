//! The command line: what was typed -> what is meant. The options of `lua` are order-dependent, so
//! they are kept as a list of steps.

use crate::platform;
use perilune::{Dialect, Engine, Options, Stress};
use std::ffi::OsString;
use std::time::Duration;

/// One of `-e`, `-l`, `-W`, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Run source text.
    Execute(Vec<u8>),
    /// Require a module, and set a global to it.
    Require(Vec<u8>),
    /// Turn warnings on.
    Warnings,
}

/// What to do after the steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Run the script at this index of the arguments, or the steps only.
    Script(Option<usize>),
    /// Say which version this is, and which engines it has.
    Version,
    /// Print a stage of the compilation of a file.
    Dump {
        /// `tokens`, `ast` or `bytecode`.
        stage: String,
        /// Run the file first, and show the code as it is then.
        live: bool,
        /// Which file; `-` is standard input.
        file: OsString,
    },
}

/// Settings beside `lua`'s.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How the state is made.
    pub options: Options,
    /// The time limit.
    pub max_time: Option<Duration>,
    /// Say at the end what the collector did.
    pub stats: bool,
}

/// The command line, understood.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What to do.
    pub action: Action,
    /// What to do before.
    pub steps: Vec<Step>,
    /// `-i`
    pub interactive: bool,
    /// `-v`, or `-i`
    pub version: bool,
    /// Beside `lua`'s.
    pub settings: Settings,
}

/// The bytes of an argument.
pub fn bytes(s: &OsString) -> Vec<u8> {
    platform::to_bytes(s)
}

/// Understands the command line.
///
/// # Errors
/// What is wrong, for [`usage`].
pub fn parse(args: &[OsString]) -> Result<Parsed, Vec<u8>> {
    let mut p = Parsed {
        action: Action::Script(None),
        steps: Vec::new(),
        interactive: false,
        version: false,
        settings: Settings::default(),
    };
    environment(&mut p.settings)?;
    let mut i = 1;
    let first = args.get(1).map(bytes).unwrap_or_default();
    match first.as_slice() {
        b"run" if args.len() > 2 || !std::path::Path::new("run").exists() => i = 2,
        b"dump" if args.len() > 2 => return parse_dump(args, p),
        _ => {}
    }
    while let Some(arg) = args.get(i) {
        let a = bytes(arg);
        if a.first() != Some(&b'-') || a == b"-" {
            break;
        }
        if a == b"--" {
            i += 1;
            break;
        }
        if a == b"--version" {
            p.action = Action::Version;
            return Ok(p);
        }
        if a.starts_with(b"--") {
            long_option(&mut p.settings, &a)?;
            i += 1;
            continue;
        }
        i = short_option(&mut p, args, i, &a)?;
    }
    if i < args.len() {
        p.action = Action::Script(Some(i));
    }
    Ok(p)
}

fn short_option(p: &mut Parsed, args: &[OsString], i: usize, a: &[u8]) -> Result<usize, Vec<u8>> {
    match (a[1], a.len()) {
        (b'E', 2) => p.settings.options.env_vars_ignored = true,
        (b'W', 2) => p.steps.push(Step::Warnings),
        (b'i', 2) => {
            p.interactive = true;
            p.version = true;
        }
        (b'v', 2) => p.version = true,
        (kind @ (b'e' | b'l'), _) => {
            let (text, next) = if a.len() > 2 {
                (a[2..].to_vec(), i + 1)
            } else {
                match args.get(i + 1).map(bytes) {
                    Some(t) if t.first() != Some(&b'-') => (t, i + 2),
                    Some(_) | None => return Err([b"'", a, b"' needs argument"].concat()),
                }
            };
            p.steps.push(if kind == b'e' {
                Step::Execute(text)
            } else {
                Step::Require(text)
            });
            return Ok(next);
        }
        _ => return Err([b"unrecognized option '", a, b"'"].concat()),
    }
    Ok(i + 1)
}

fn parse_dump(args: &[OsString], mut p: Parsed) -> Result<Parsed, Vec<u8>> {
    let mut stage = "bytecode".to_owned();
    let mut file = None;
    let mut live = false;
    for arg in &args[2..] {
        let a = bytes(arg);
        if let Some(s) = a.strip_prefix(b"--stage=") {
            stage = String::from_utf8_lossy(s).into_owned();
        } else if a == b"--live" {
            live = true;
        } else if a.starts_with(b"--") {
            long_option(&mut p.settings, &a)?;
        } else {
            file = Some(platform::from_bytes(a));
        }
    }
    if !matches!(stage.as_str(), "tokens" | "ast" | "bytecode") {
        return Err(format!("unknown stage '{stage}' (tokens, ast, bytecode)").into_bytes());
    }
    if live && stage != "bytecode" {
        return Err(b"'--live' shows bytecode only".to_vec());
    }
    let file = file.ok_or_else(|| b"'dump' needs a file".to_vec())?;
    p.action = Action::Dump { stage, live, file };
    Ok(p)
}

fn long_option(s: &mut Settings, a: &[u8]) -> Result<(), Vec<u8>> {
    let text = String::from_utf8_lossy(a).into_owned();
    let (name, value) = text
        .split_once('=')
        .map_or((text.as_str(), None), |(n, v)| (n, Some(v)));
    let bad = || format!("invalid value in '{text}'").into_bytes();
    let number = || value.and_then(size).ok_or_else(bad);
    match name {
        "--std" => {
            s.options.dialect = match value {
                Some("5.4") => Dialect::Lua54,
                Some("5.5") => Dialect::Lua55,
                _ => return Err(bad()),
            }
        }
        "--max-memory" => s.options.max_memory = Some(number()? as usize),
        "--max-instructions" => s.options.max_instructions = Some(number()?),
        "--max-time" => {
            let seconds = value.and_then(|v| v.parse::<f64>().ok()).ok_or_else(bad)?;
            s.max_time = Some(Duration::try_from_secs_f64(seconds).map_err(|_| bad())?);
        }
        "--deterministic" if value.is_none() => s.options.deterministic = true,
        "--stats" if value.is_none() => s.stats = true,
        "--engine" => s.options.engine = engine(value.unwrap_or_default(), "--engine")?,
        "--stress" => stress(&mut s.options.stress, value.ok_or_else(bad)?).ok_or_else(bad)?,
        _ => return Err(format!("unrecognized option '{text}'").into_bytes()),
    }
    Ok(())
}

/// A number with an optional suffix k, M or G (powers of 1024).
fn size(s: &str) -> Option<u64> {
    let (digits, unit) = match s.as_bytes().last()? {
        b'k' | b'K' => (&s[..s.len() - 1], 1 << 10),
        b'm' | b'M' => (&s[..s.len() - 1], 1 << 20),
        b'g' | b'G' => (&s[..s.len() - 1], 1 << 30),
        _ => (s, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn stress(r: &mut Stress, s: &str) -> Option<()> {
    for part in s.split(',') {
        match part.split_once(':') {
            None if part == "collect" => r.collect = true,
            None if part == "minor" => r.minor = true,
            None if part == "move" => r.move_stack = true,
            None if part == "rewrite" => r.rewrite = true,
            None if part == "border" => r.border = true,
            Some(("fail", n)) => r.fail_allocation = n.parse().ok()?,
            None | Some(_) => return None,
        }
    }
    Some(())
}

/// The engine of that name, which was given as `origin`.
fn engine(name: &str, origin: &str) -> Result<Engine, Vec<u8>> {
    Engine::named(name).ok_or_else(|| {
        let known: Vec<&str> = Engine::ALL.iter().map(|e| e.name()).collect();
        format!(
            "unknown engine '{name}' in {origin} (known: {})",
            known.join(", ")
        )
        .into_bytes()
    })
}

/// Reads the variables that say how programs are run. `-E` is about those that change what a program
/// does, so it does not matter here.
fn environment(s: &mut Settings) -> Result<(), Vec<u8>> {
    if let Ok(v) = std::env::var("PERILUNE_STRESS") {
        stress(&mut s.options.stress, &v).ok_or_else(|| b"invalid value in PERILUNE_STRESS".to_vec())?;
    }
    if let Some(v) = std::env::var_os("PERILUNE_ENGINE") {
        s.options.engine = engine(&v.to_string_lossy(), "PERILUNE_ENGINE")?;
    }
    Ok(())
}

/// The name under which the command was called.
pub fn program_name(args: &[OsString]) -> Vec<u8> {
    args.first()
        .map(bytes)
        .filter(|s| !s.is_empty())
        .unwrap_or_else(|| b"perilune".to_vec())
}

/// Says how the command is used.
pub fn usage(args: &[OsString], message: &[u8]) {
    let name = String::from_utf8_lossy(&program_name(args)).into_owned();
    eprintln!("{name}: {}", String::from_utf8_lossy(message));
    eprintln!(
        "usage: {name} [options] [script [args]]\n\
         Available options are:\n  \
         -e stat   execute string 'stat'\n  \
         -i        enter interactive mode after executing 'script'\n  \
         -l mod    require library 'mod' into global 'mod'\n  \
         -l g=mod  require library 'mod' into global 'g'\n  \
         -v        show version information\n  \
         -E        ignore environment variables\n  \
         -W        turn warnings on\n  \
         --        stop handling options\n  \
         -         stop handling options and execute stdin\n  \
         --engine=NAME        run functions by this engine ('--version' lists them)\n  \
         --version            show the version and the engines\n  \
         --std=5.4            accept what Lua 5.5 broke\n  \
         --max-memory=N[kMG]  stop when more memory is in use\n  \
         --max-time=SECONDS   stop when the time is up\n  \
         --max-instructions=N stop after so many instructions\n  \
         --deterministic      fixed seeds and orders\n  \
         --stats              say at the end what the garbage collector did\n\
         Subcommands: run, dump --stage=tokens|ast|bytecode [--live] FILE"
    );
}
