//! `perilune dis`: a file, source or bytecode -> its functions, instruction by instruction.

use super::{file_arg, finish, live, read, setting_args, settings, verified};
use crate::Status;
use crate::diagnostics::stdout_has_color;
use crate::disassembly;
use clap::{Arg, ArgAction, ArgMatches, Command};
use perilune_bytecode::listing;
use std::ffi::OsString;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    c.about("Show the bytecode of a file beside its source")
        .arg(flag("live").help(
            "Run the file on the VM first, and show how often instructions were executed, what they have become, \
             and what their inline caches hold",
        ))
        .arg(flag("docs").help("Say of each instruction what it does"))
        .arg(flag("json").help("Show it as JSON"))
        .arg(
            file_arg("FILE")
                .required(true)
                .help("The file, source or compiled; '-' is standard input"),
        )
        .args(setting_args())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(text(matches))
}

fn text(matches: &ArgMatches) -> Result<String, String> {
    let mut settings = settings(matches)?;
    let file = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    let (source, name) = read(file)?;
    let functions = if matches.get_flag("live") {
        settings.options.counts = true;
        live(&source, &name, settings, |f, lua| f.listing(lua))?
    } else {
        listing::chunk(verified(&source, &name, &settings)?.proto())
    };
    if matches.get_flag("json") {
        return Ok(disassembly::json(&functions));
    }
    let docs = matches.get_flag("docs");
    Ok(disassembly::text(&functions, &source, docs, stdout_has_color()))
}
