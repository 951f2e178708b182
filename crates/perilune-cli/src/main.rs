//! The command: `perilune [options] [script [args]]`, as `lua` behaves, and subcommands beside it.
#![deny(unsafe_code)]
#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

mod cache;
mod commands;
mod diagnostics;
mod disassembly;
mod options;
mod platform;
mod repl;
mod run;
mod settings;
#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
mod start;
mod stats;
mod tierlog;

use options::Action;
use std::ffi::OsString;

/// What the process ends with: 0 if all went well.
type Status = u8;

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() -> std::process::ExitCode {
    command().into()
}

/// One invocation.
fn command() -> Status {
    let args: Vec<OsString> = std::env::args_os().collect();
    let parsed = match options::parse(&args) {
        Ok(parsed) => parsed,
        Err(message) => {
            options::usage(&args, &message);
            return 1;
        }
    };
    match parsed.action {
        Action::Script(_) => run::run(&args, parsed),
        Action::Version => run::show_version(),
        Action::Help => commands::help(),
        Action::Subcommand => commands::run(&args),
    }
}
