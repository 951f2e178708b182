//! `perilune completions`: a shell's name -> its script that completes the command line.

use super::{finish, root};
use crate::Status;
use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Print the completions of the command line for a shell")
        .arg(
            Arg::new("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("The shell"),
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(script(matches))
}

fn script(matches: &ArgMatches) -> Result<String, String> {
    let shell = *matches.get_one::<Shell>("SHELL").ok_or("no shell")?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut root(), "perilune", &mut script);
    String::from_utf8(script).map_err(|e| e.to_string())
}
