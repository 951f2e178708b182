//! How programs are run, beside `lua`'s options: option or variable -> [`Settings`]. Each option is one
//! row of a table, from which the front, the usage text, the help and the completions are made.

use crate::cache::UserCache;
use crate::stats;
use crate::tierlog::{Log, Sinks};
use perilune::{Dialect, Engine, Error, JitMode, Lua, Options, Stress};
use std::time::{Duration, Instant};

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
    /// Where the log of the compiled tier goes.
    pub log: Option<Log>,
    /// The files of both, once they are open.
    sinks: Option<Sinks>,
    /// When the first state was made, if that matters.
    started: Option<Instant>,
}

/// An option that changes [`Settings`].
pub struct Setting {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// What stands for its value in texts; None if it takes none.
    pub value: Option<&'static str>,
    /// The environment variable that does the same, where there is no option.
    pub variable: Option<&'static str>,
    /// What it does.
    pub about: &'static str,
    /// Puts the value into effect, which was given as the last argument says.
    apply: fn(&mut Settings, &str, &str) -> Result<(), Refusal>,
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
        variable: Some("PERILUNE_ENGINE"),
        about: "run functions by this engine ('--version' lists them)",
        apply: |s, v, origin| {
            s.options.engine = engine(v, origin).map_err(Refusal::Because)?;
            Ok(())
        },
    },
    Setting {
        name: "std",
        value: Some("5.4"),
        variable: None,
        about: "accept what Lua 5.5 broke",
        apply: |s, v, _| invalid(dialect(v).map(|d| s.options.dialect = d)),
    },
    Setting {
        name: "max-memory",
        value: Some("N[kMG]"),
        variable: None,
        about: "stop when more memory is in use",
        apply: |s, v, _| invalid(size(v).map(|n| s.options.max_memory = Some(n as usize))),
    },
    Setting {
        name: "max-time",
        value: Some("SECONDS"),
        variable: None,
        about: "stop when the time is up",
        apply: |s, v, _| invalid(seconds(v).map(|t| s.max_time = Some(t))),
    },
    Setting {
        name: "max-instructions",
        value: Some("N"),
        variable: None,
        about: "stop after so many instructions",
        apply: |s, v, _| invalid(size(v).map(|n| s.options.max_instructions = Some(n))),
    },
    Setting {
        name: "deterministic",
        value: None,
        variable: None,
        about: "fixed seeds and orders",
        apply: |s, _, _| {
            s.options.deterministic = true;
            Ok(())
        },
    },
    Setting {
        name: "no-cache",
        value: None,
        variable: None,
        about: "compile files even if the cache has their bytecode",
        apply: |s, _, _| {
            s.no_cache = true;
            Ok(())
        },
    },
    Setting {
        name: "jit",
        value: Some("MODE"),
        variable: Some("PERILUNE_JIT"),
        about: "compilers of the engine jit: off, baseline, or full: all there are, the baseline alone so far",
        apply: |s, v, origin| {
            s.options.jit.mode = jit_mode(v, origin).map_err(Refusal::Because)?;
            Ok(())
        },
    },
    Setting {
        name: "jit-threshold",
        value: Some("N"),
        variable: Some("PERILUNE_JIT_THRESHOLD"),
        about: "compile functions after so many calls and rounds of loops",
        apply: |s, v, _| invalid(size(v).map(|n| s.options.jit.threshold = n.try_into().unwrap_or(u32::MAX))),
    },
    Setting {
        name: "jit-sync",
        value: None,
        variable: None,
        about: "compile functions while the program waits, never in another thread",
        apply: |s, _, _| {
            s.options.jit.sync = true;
            Ok(())
        },
    },
    Setting {
        name: "jit-memory",
        value: Some("N[kMG]"),
        variable: Some("PERILUNE_JIT_MEMORY"),
        about: "the most bytes of machine code (64M)",
        apply: |s, v, _| invalid(size(v).map(|n| s.options.jit.memory = n.try_into().unwrap_or(usize::MAX))),
    },
    Setting {
        name: "log",
        value: Some("tier[:FILE]"),
        variable: None,
        about: "log what is compiled and left: as text on standard error, or as JSON lines to a file",
        apply: |s, v, _| {
            s.log = Some(Log::parse(v).map_err(Refusal::Because)?);
            Ok(())
        },
    },
    Setting {
        name: "perf-map",
        value: None,
        variable: None,
        about: "write /tmp/perf-PID.map, so that 'perf report' names compiled functions",
        apply: |s, _, _| {
            s.options.jit.profiled = true;
            Ok(())
        },
    },
    Setting {
        name: "stats",
        value: None,
        variable: None,
        about: "say at the end what the garbage collector and the compiler did",
        apply: |s, _, _| {
            s.stats = true;
            Ok(())
        },
    },
    Setting {
        name: "stress",
        value: Some("MODES"),
        variable: Some("PERILUNE_STRESS"),
        about: "provoke rare events: collect, minor, move, rewrite, hot, warm, ahead, background, deopt, border, nan, fail:N",
        apply: |s, v, _| invalid(stress(&mut s.options.stress, v)),
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
        for row in ALL {
            if let Some(name) = row.variable
                && let Some(value) = std::env::var_os(name)
            {
                let put = (row.apply)(&mut s, &value.to_string_lossy(), name);
                put.map_err(|refusal| match refusal {
                    Refusal::Invalid => format!("invalid value in {name}"),
                    Refusal::Because(text) => text,
                })?;
            }
        }
        Ok(s)
    }

    /// Opens the files that are written while programs run.
    ///
    /// # Errors
    /// Why one cannot be written.
    pub fn open(&mut self) -> Result<(), String> {
        self.sinks = Sinks::open(self.log.as_ref(), self.options.jit.profiled)?;
        self.started = self.stats.then(Instant::now);
        Ok(())
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
        if let Some(sinks) = &self.sinks {
            sinks.watch(&mut lua);
        }
        Ok(lua)
    }

    /// Says on standard error what the collector did and what ran functions, if that is wanted.
    pub fn show_stats(&self, lua: &mut Lua) {
        use std::io::Write;
        if self.stats {
            let _ = lua.flush_stdout();
            let _ = write!(std::io::stderr().lock(), "{}", lua.gc_stats());
            let run = self.started.map_or(Duration::ZERO, |t| t.elapsed());
            let _ = write!(std::io::stderr().lock(), "{}", stats::tiers(lua, run));
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
        let origin = format!("--{}", row.name);
        (row.apply)(self, value, &origin).map_err(|refusal| match refusal {
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
            None if part == "warm" => r.warm = true,
            None if part == "ahead" => r.ahead = true,
            None if part == "background" => r.background = true,
            None if part == "deopt" => r.deopt = true,
            None if part == "border" => r.border = true,
            None if part == "nan" => r.nan = true,
            Some(("fail", n)) => r.fail_allocation = n.parse().ok()?,
            None | Some(_) => return None,
        }
    }
    Some(())
}

/// The mode of that name, which was given as `origin`.
fn jit_mode(name: &str, origin: &str) -> Result<JitMode, String> {
    match name {
        "off" => Ok(JitMode::Off),
        "baseline" => Ok(JitMode::Baseline),
        "full" => Ok(JitMode::Full),
        _ => Err(format!(
            "unknown mode '{name}' in {origin} (known: off, baseline, full)"
        )),
    }
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
