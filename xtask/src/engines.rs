//! The engines that can run a Lua program and the stress modes they know: the only list of either.

/// A way to run a Lua program.
pub struct Engine {
    /// Its name, as `--engine` takes it.
    pub name: &'static str,
    /// The words of the command line, after the binary's path, that select it.
    pub options: &'static [&'static str],
}

/// Every engine.
pub const ENGINES: &[Engine] = &[Engine {
    name: "tree",
    options: &["--engine=tree"],
}, Engine {
    name: "vm",
    options: &["--engine=vm"],
}];

/// A mode in which the runtime goes out of its way to make rare events common.
pub struct Stress {
    /// Its name, as `--stress` of the binary takes it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Most seconds a corpus program may take under it.
    pub seconds: u64,
}

/// Every stress mode that leaves a correct program's output alone.
pub const STRESS: &[Stress] = &[
    Stress {
        name: "collect",
        about: "a full collection at every safepoint",
        seconds: 120,
    },
    Stress {
        name: "minor",
        about: "a minor collection at every safepoint",
        seconds: 120,
    },
    Stress {
        name: "move",
        about: "the Lua stack moves at every check",
        seconds: 60,
    },
    Stress {
        name: "rewrite",
        about: "instructions become generic again at every safepoint",
        seconds: 60,
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

/// The command line that runs a program on an engine.
pub fn command(binary: &str, engine: &Engine) -> Vec<String> {
    let options = engine.options.iter().map(|o| o.to_string());
    std::iter::once(binary.to_string()).chain(options).collect()
}
