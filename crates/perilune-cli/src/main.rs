//! The command: `perilune [options] [script [args]]`, as `lua` behaves, and subcommands beside it.
#![forbid(unsafe_code)]

mod dump;
mod options;
mod platform;
mod repl;
mod run;

use options::{Action, Parsed};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    match options::parse(&args) {
        Ok(Parsed {
            action: Action::Dump { live: true, file, .. },
            settings,
            ..
        }) => dump::dump_live(&file, settings),
        Ok(Parsed {
            action: Action::Dump { stage, file, .. },
            settings,
            ..
        }) => dump::dump(&stage, &file, &settings),
        Ok(Parsed {
            action: Action::Version,
            ..
        }) => run::show_version(),
        Ok(parsed) => run::run(&args, parsed),
        Err(message) => {
            options::usage(&args, &message);
            ExitCode::FAILURE
        }
    }
}
