//! `cargo xtask`: the project's own chores. `cargo xtask help` lists them.

mod args;
mod bench;
mod bless;
mod ci;
mod cliffs;
mod conformance;
mod corpus;
mod diff;
mod engines;
mod faults;
mod fuzz;
mod generate;
mod json;
mod paths;
mod process;
mod tidy;

use std::process::ExitCode;

/// What a task answers: `Ok(true)` passed, `Ok(false)` failed and has said why, `Err` could not run.
type Outcome = Result<bool, String>;

/// A task: its name, the arguments it takes, what it does, and the function.
type Task = (
    &'static str,
    &'static str,
    &'static str,
    fn(args::Args) -> Outcome,
);

/// Every task.
const TASKS: &[Task] = &[
    (
        "tidy",
        "",
        "check the habits of STYLE.md and the dependencies' licences",
        tidy::run,
    ),
    (
        "corpus",
        "[--engine NAME] [--stress MODE|all] [--precompiled] [--peer CMD] [--bin PATH] [--runner CMD] [--jobs N] [FILTER...]",
        "run tests/corpus on every engine and compare with its expectations",
        corpus::run,
    ),
    (
        "conformance",
        "[--bin PATH] [--testes DIR] [--only FILE] [--engine NAME] [--stress MODES]",
        "run the official Lua test suite on every engine",
        conformance::run,
    ),
    (
        "bench",
        "[run.py options] [NAME=CMD...]",
        "compare the release binary with peers on bench/",
        bench::run,
    ),
    (
        "cliffs",
        "[--most RATIO] [--ms N] [--every N] [--seconds N] [--bin PATH] [FILTER...] | --check [--stress MODE] [--peer CMD] [FILTER...] | --show NAME",
        "time programs whose types, shapes and callees change, interpreted and compiled; or compare their output",
        cliffs::run,
    ),
    (
        "bless",
        "",
        "write the golden files anew from what the printers say",
        bless::run,
    ),
    (
        "fuzz",
        "diff [--minutes N] [--seed S] [--jobs N] [--engine NAME] [--peer CMD] | gen --seed S | reach [--count N] [--write] | parser|program|bytecode [--minutes N] [--jobs N]",
        "differential fuzzing of the engines and PUC, or a cargo-fuzz target",
        fuzz::run,
    ),
    (
        "faults",
        "[--only NAME|PART,...] [--minutes M] [--jobs N] [--peer CMD] [--write]",
        "seed the faults of tests/faults one by one and let fuzz diff find them",
        faults::run,
    ),
    ("ci", "", "run .ci/run", ci::run),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_string());
    let Some(task) = TASKS.iter().find(|task| task.0 == name) else {
        help();
        return ExitCode::from(u8::from(name != "help"));
    };
    match (task.3)(args::Args::new(words.collect())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::from(2)
        }
    }
}

fn help() {
    println!("cargo xtask TASK [ARGUMENTS]\n");
    for (name, arguments, summary, _) in TASKS {
        println!("  {name} {arguments}\n      {summary}");
    }
}
