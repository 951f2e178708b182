//! `perilune man`: the command, or one of its subcommands -> its manual page.

use super::{command_arg, finish, named};
use crate::Status;
use clap::{ArgMatches, Command};
use clap_mangen::Man;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Print the manual page of the command, or of one of its subcommands")
        .arg(command_arg().help("The subcommand"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(page(matches))
}

fn page(matches: &ArgMatches) -> Result<String, String> {
    let command = named(matches.get_one::<String>("COMMAND"));
    let title = command.get_display_name().unwrap_or("perilune").replace(' ', "-");
    let mut page = Vec::new();
    Man::new(command.display_name(&title))
        .title(&title)
        .source(concat!("Perilune ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|e| e.to_string())?;
    String::from_utf8(page).map_err(|e| e.to_string())
}
