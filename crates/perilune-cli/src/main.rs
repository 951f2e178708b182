//! The command: `perilune [options] [script [args]]`, as `lua` behaves, and subcommands beside it.
#![forbid(unsafe_code)]

mod commands;
mod diagnostics;
mod options;
mod platform;
mod repl;
mod run;
mod settings;

use options::Action;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let parsed = match options::parse(&args) {
        Ok(parsed) => parsed,
        Err(message) => {
            options::usage(&args, &message);
            return ExitCode::FAILURE;
        }
    };
    match parsed.action {
        Action::Script(_) => run::run(&args, parsed),
        Action::Version => run::show_version(),
        Action::Help => commands::help(),
        Action::Subcommand => commands::run(&args),
    }
}
