//! The command line: what was typed -> what is meant. The options of `lua` are order-dependent, so
//! they are kept as a list of steps.

use crate::commands;
use crate::platform;
use crate::settings::{self, Settings};
use std::ffi::OsString;

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
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Run the script at this index of the arguments, or the steps only.
    Script(Option<usize>),
    /// Say which version this is, and which engines it has.
    Version,
    /// Say what the command can do.
    Help,
    /// Run the subcommand that the first argument names.
    Subcommand,
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

/// An option of `lua`, as texts show it.
pub struct LuaOption {
    /// The letter after the dash.
    pub letter: &'static str,
    /// What stands for its value.
    pub value: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
}

/// The options of `lua`, in the order in which it shows them.
pub const LUA_OPTIONS: &[LuaOption] = &[
    lua_option("e", Some("stat"), "execute string 'stat'"),
    lua_option("i", None, "enter interactive mode after executing 'script'"),
    lua_option("l", Some("mod"), "require library 'mod' into global 'mod'"),
    lua_option("l", Some("g=mod"), "require library 'mod' into global 'g'"),
    lua_option("v", None, "show version information"),
    lua_option("E", None, "ignore environment variables"),
    lua_option("W", None, "turn warnings on"),
];

const fn lua_option(letter: &'static str, value: Option<&'static str>, about: &'static str) -> LuaOption {
    LuaOption { letter, value, about }
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
        settings: Settings::from_environment()?,
    };
    let mut i = 1;
    if let Some(first) = args.get(1).and_then(|a| a.to_str())
        && commands::is_subcommand(first)
    {
        if first != commands::RUN {
            p.action = Action::Subcommand;
            return Ok(p);
        }
        i = 2;
    }
    while let Some(arg) = args.get(i) {
        let a = bytes(arg);
        if a.first() != Some(&b'-') || a == b"-" {
            break;
        }
        i = match a.as_slice() {
            b"--" => {
                i += 1;
                break;
            }
            b"--version" => return Ok(p.doing(Action::Version)),
            b"--help" => return Ok(p.doing(Action::Help)),
            long if long.starts_with(b"--") => {
                p.settings.take(&String::from_utf8_lossy(long))?;
                i + 1
            }
            short => short_option(&mut p, args, i, short)?,
        };
    }
    if i < args.len() {
        p.action = Action::Script(Some(i));
    }
    Ok(p)
}

impl Parsed {
    fn doing(mut self, action: Action) -> Parsed {
        self.action = action;
        self
    }
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
    let mut text = format!(
        "{name}: {}\nusage: {name} [options] [script [args]]\nAvailable options are:\n",
        String::from_utf8_lossy(message)
    );
    for o in LUA_OPTIONS {
        let option = format!("-{} {}", o.letter, o.value.unwrap_or_default());
        text.push_str(&format!("  {option:<9} {}\n", o.about));
    }
    text.push_str("  --        stop handling options\n");
    text.push_str("  -         stop handling options and execute stdin\n");
    for s in settings::ALL {
        let option = s.value.map_or(s.name.to_owned(), |v| format!("{}={v}", s.name));
        text.push_str(&format!("  --{option:<18} {}\n", s.about));
    }
    text.push_str("  --version            show the version and the engines\n");
    text.push_str("  --help               show this and the subcommands\n");
    text.push_str(&format!("Subcommands: {}\n", commands::names().join(", ")));
    eprint!("{text}");
}
