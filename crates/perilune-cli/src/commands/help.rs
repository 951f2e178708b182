//! `perilune help`: a subcommand's name -> what it takes.

use clap::{Arg, ArgMatches, Command};
use std::process::ExitCode;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Say what the command can do, or one of its subcommands")
        .arg(Arg::new("COMMAND").help("The subcommand to explain"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> ExitCode {
    super::show_help(matches.get_one::<String>("COMMAND").map(String::as_str))
}
