//! `perilune help`: a subcommand's name -> what it takes.

use super::{command_arg, named};
use crate::Status;
use clap::{ArgMatches, Command};

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Say what the command can do, or one of its subcommands")
        .arg(command_arg().help("The subcommand to explain"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    show(matches.get_one::<String>("COMMAND"))
}

/// Explains a subcommand, or all.
pub fn show(name: Option<&String>) -> Status {
    let _ = named(name).print_help();
    0
}
