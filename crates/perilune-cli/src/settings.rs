//! How programs are run, beside `lua`'s options: option or variable -> [`Settings`]. Each option is one
//! row of a table, from which the front, the usage text, the help and the completions are made.

use crate::cache::UserCache;
use perilune::{Dialect, Engine, Error, Lua, Options, Stress};
use std::time::Duration;

/// How programs are run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How the state is made.
    pub options: Options,
    /// The time limit.
    pub max_time: Option<Duration>,
    /// Say at the end what the collector did.
    pub stats: bool,
    /// Compile files even if the cache has their bytecode, and keep none.
    pub no_cache: bool,
}

/// An option that changes [`Settings`].
pub struct Setting {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// What stands for its value in texts; None if it takes none.
    pub value: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
    /// Puts the value into effect.
    apply: fn(&mut Settings, &str) -> Result<(), Refusal>,
}

/// Why a value is not taken.
enum Refusal {
    /// It is not of the form that the option has.
    Invalid,
    /// What to say instead of that.
    Because(String),
}

/// All of them, in the order in which they are shown.
pub const ALL: &[Setting] = &[
    Setting {
        name: "engine",
        value: Some("NAME"),
        about: "run functions by this engine ('--version' lists them)",
        apply: |s, v| {
            s.options.engine = engine(v, "--engine").map_err(Refusal::Because)?;
            Ok(())
        },
    },
    Setting {
        name: "std",
        value: Some("5.4"),
        about: "accept what Lua 5.5 broke",
        apply: |s, v| invalid(dialect(v).map(|d| s.options.dialect = d)),
    },
    Setting {
        name: "max-memory",
        value: Some("N[kMG]"),
        about: "stop when more memory is in use",
        apply: |s, v| invalid(size(v).map(|n| s.options.max_memory = Some(n as usize))),
    },
    Setting {
        name: "max-time",
        value: Some("SECONDS"),
        about: "stop when the time is up",
        apply: |s, v| invalid(seconds(v).map(|t| s.max_time = Some(t))),
    },
    Setting {
        name: "max-instructions",
        value: Some("N"),
        about: "stop after so many instructions",
        apply: |s, v| invalid(size(v).map(|n| s.options.max_instructions = Some(n))),
    },
    Setting {
        name: "deterministic",
        value: None,
        about: "fixed seeds and orders",
        apply: |s, _| {
            s.options.deterministic = true;
            Ok(())
        },
    },
    Setting {
        name: "no-cache",
        value: None,
        about: "compile files even if the cache has their bytecode",
        apply: |s, _| {
            s.no_cache = true;
            Ok(())
        },
    },
    Setting {
        name: "jit-threshold",
        value: Some("N"),
        about: "compile functions after so many calls and rounds of loops",
        apply: |s, v| invalid(size(v).map(|n| s.options.jit.threshold = n.try_into().unwrap_or(u32::MAX))),
    },
    Setting {
        name: "stats",
        value: None,
        about: "say at the end what the garbage collector and the compiler did",
        apply: |s, _| {
            s.stats = true;
            Ok(())
        },
    },
    Setting {
        name: "stress",
        value: Some("MODES"),
        about: "provoke rare events: collect, minor, move, rewrite, hot, deopt, border, nan, fail:N",
        apply: |s, v| invalid(stress(&mut s.options.stress, v)),
    },
];

fn invalid(r: Option<()>) -> Result<(), Refusal> {
    r.ok_or(Refusal::Invalid)
}

impl Settings {
    /// Those that the environment asks for. `-E` is about variables that change what a program does, so
    /// it does not matter here.
    ///
    /// # Errors
    /// What is wrong with a variable.
    pub fn from_environment() -> Result<Settings, String> {
        let mut s = Settings::default();
        if let Ok(v) = std::env::var("PERILUNE_STRESS") {
            stress(&mut s.options.stress, &v).ok_or("invalid value in PERILUNE_STRESS")?;
        }
        if let Some(v) = std::env::var_os("PERILUNE_ENGINE") {
            s.options.engine = engine(&v.to_string_lossy(), "PERILUNE_ENGINE")?;
        }
        Ok(s)
    }

    /// A state that runs programs so. Its time begins.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn state(&self) -> Result<Lua, Error> {
        let mut lua = Lua::with_options(self.options.clone())?;
        if let Some(limit) = self.max_time {
            lua.set_time_limit(limit);
        }
        if !self.no_cache {
            lua.set_code_cache(Some(Box::new(UserCache)));
        }
        Ok(lua)
    }

    /// Says on standard error what the collector did, if that is wanted.
    pub fn show_stats(&self, lua: &mut Lua) {
        use std::io::Write;
        if self.stats {
            let _ = lua.flush_stdout();
            let _ = write!(std::io::stderr().lock(), "{}", lua.gc_stats());
            if self.options.engine == Engine::Jit {
                let _ = write!(std::io::stderr().lock(), "{}", lua.jit_stats());
            }
        }
    }

    /// Takes an option as it was typed: `--name` or `--name=value`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
        let row = ALL
            .iter()
            .find(|s| name.strip_prefix("--") == Some(s.name) && (s.value.is_some() || value.is_none()));
        let Some(row) = row else {
            return Err(format!("unrecognized option '{text}'"));
        };
        self.apply(row, value.unwrap_or_default())
    }

    /// Takes an option with its value, which is empty if the option has none.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn apply(&mut self, row: &Setting, value: &str) -> Result<(), String> {
        (row.apply)(self, value).map_err(|refusal| match refusal {
            Refusal::Invalid if value.is_empty() => format!("invalid value in '--{}'", row.name),
            Refusal::Invalid => format!("invalid value in '--{}={value}'", row.name),
            Refusal::Because(text) => text,
        })
    }
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

fn seconds(s: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(s.parse().ok()?).ok()
}

fn dialect(s: &str) -> Option<Dialect> {
    match s {
        "5.4" => Some(Dialect::Lua54),
        "5.5" => Some(Dialect::Lua55),
        _ => None,
    }
}

fn stress(r: &mut Stress, s: &str) -> Option<()> {
    for part in s.split(',') {
        match part.split_once(':') {
            None if part == "collect" => r.collect = true,
            None if part == "minor" => r.minor = true,
            None if part == "move" => r.move_stack = true,
            None if part == "rewrite" => r.rewrite = true,
            None if part == "hot" => r.hot = true,
            None if part == "deopt" => r.deopt = true,
            None if part == "border" => r.border = true,
            None if part == "nan" => r.nan = true,
            Some(("fail", n)) => r.fail_allocation = n.parse().ok()?,
            None | Some(_) => return None,
        }
    }
    Some(())
}

/// The engine of that name, which was given as `origin`.
fn engine(name: &str, origin: &str) -> Result<Engine, String> {
    Engine::named(name).ok_or_else(|| {
        let known: Vec<&str> = Engine::ALL.iter().map(|e| e.name()).collect();
        format!(
            "unknown engine '{name}' in {origin} (known: {})",
            known.join(", ")
        )
    })
}
