//! The engines that can run a Lua program and the stress modes they know: the only list of either.

/// A way to run a Lua program.
#[derive(PartialEq, Eq)]
pub struct Engine {
    /// Its name, as `--engine` and [`VARIABLE`] take it.
    pub name: &'static str,
    /// Programs are built first, and run as executables of their own: the command knows no engine of that name.
    pub builds: bool,
}

impl Engine {
    const fn of_command(name: &'static str) -> Engine {
        Engine { name, builds: false }
    }
}

/// Every engine.
pub const ENGINES: &[Engine] = &[
    Engine::of_command("vm"),
    Engine::of_command("jit"),
    Engine::of_command("tree"),
    Engine {
        name: "aot",
        builds: true,
    },
];

/// The environment variable that chooses the engine, also of a command that a program starts.
pub const VARIABLE: &str = "PERILUNE_ENGINE";

/// A mode in which the runtime goes out of its way to make rare events common.
pub struct Stress {
    /// Its name, as `--stress` of the binary takes it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Most seconds a corpus program may take under it.
    pub seconds: u64,
    /// The names of the engines to which it means something; `None` for all.
    pub engines: Option<&'static [&'static str]>,
}

impl Stress {
    /// Whether it means something to the engine.
    pub fn concerns(&self, engine: &Engine) -> bool {
        !engine.builds && self.engines.is_none_or(|names| names.contains(&engine.name))
    }
}

/// Every stress mode that leaves a correct program's output alone.
pub const STRESS: &[Stress] = &[
    Stress {
        name: "collect",
        about: "a full collection at every safepoint",
        seconds: 120,
        engines: None,
    },
    Stress {
        name: "minor",
        about: "a minor collection at every safepoint",
        seconds: 120,
        engines: None,
    },
    Stress {
        name: "move",
        about: "the Lua stack moves at every check",
        seconds: 60,
        engines: None,
    },
    Stress {
        name: "rewrite",
        about: "instructions become generic again at every safepoint",
        seconds: 60,
        engines: Some(&["vm", "jit"]),
    },
    Stress {
        name: "hot",
        about: "functions are compiled when they are called first",
        seconds: 60,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "ahead",
        about: "functions are compiled when they are called first, for operands of all kinds",
        seconds: 60,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "warm",
        about: "functions are compiled after two calls and rounds of loops",
        seconds: 60,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "warm,rewrite",
        about: "the same, and instructions become generic again at every safepoint",
        seconds: 60,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "hot,collect",
        about: "functions are compiled when they are called first, and a full collection at every safepoint",
        seconds: 120,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "hot,deopt",
        about: "functions are compiled when they are called first, and their code leaves at random",
        seconds: 60,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "hot,deopt,minor",
        about: "the same, and minor collections",
        seconds: 120,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "background,collect",
        about: "functions are compiled by another thread, and a full collection at every safepoint",
        seconds: 120,
        engines: Some(&["jit"]),
    },
    Stress {
        name: "hot,move",
        about: "functions are compiled when they are called first, and the Lua stack moves at every check",
        seconds: 60,
        engines: Some(&["jit"]),
    },
];

/// The allocations that fail in turn, one per run, in the stress mode `fail:N`. A program that
/// allocates less passes as usual; one that does not must end with "not enough memory" or pass,
/// and must not crash.
pub const FAILING_ALLOCATIONS: &[u64] = &[1, 300, 400, 500, 600, 800, 1000, 1300, 1700, 2500, 5000, 20000];

/// The engine of that name.
pub fn engine(name: &str) -> Result<&'static Engine, String> {
    ENGINES.iter().find(|e| e.name == name).ok_or_else(|| {
        let known: Vec<_> = ENGINES.iter().map(|e| e.name).collect();
        format!("unknown engine '{name}' (known: {})", known.join(", "))
    })
}

/// The engine of that name, or all when none is named.
pub fn chosen(name: Option<&str>) -> Result<Vec<&'static Engine>, String> {
    match name {
        Some(name) => Ok(vec![engine(name)?]),
        None => Ok(ENGINES.iter().collect()),
    }
}

/// Splits off the engine from a line `ENGINE: text` of a list; a line that begins otherwise concerns
/// all engines.
pub fn concerned(line: &str) -> (Option<&'static Engine>, &str) {
    let named = line
        .split_once(": ")
        .and_then(|(name, rest)| Some((ENGINES.iter().find(|e| e.name == name)?, rest)));
    match named {
        Some((engine, rest)) => (Some(engine), rest.trim_start()),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::{ENGINES, STRESS};

    /// The rows `Variant "name" "description";` of the runtime's own list.
    fn names() -> Vec<String> {
        let path = crate::paths::root().join("crates/perilune-runtime/src/engine.rs");
        let text = std::fs::read_to_string(path).expect("the list of engines");
        let row = |line: &str| match line.split('"').collect::<Vec<_>>()[..] {
            [_, name, _, _, ";"] => Some(name.to_string()),
            _ => None,
        };
        text.lines().filter_map(row).collect()
    }

    #[test]
    fn every_engine_is_tested() {
        let of_command = ENGINES.iter().filter(|e| !e.builds).map(|e| e.name);
        assert_eq!(of_command.collect::<Vec<_>>(), names());
    }

    #[test]
    fn stress_modes_name_engines() {
        for name in STRESS.iter().flat_map(|s| s.engines.unwrap_or_default()) {
            assert!(ENGINES.iter().any(|e| e.name == *name), "{name}");
        }
    }
}
