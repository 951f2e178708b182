//! `perilune compile`: a file -> the bytecode file that does the same.

use super::output::{output, output_arg, replace};
use super::{file_arg, read, setting_args, settings, verified};
use crate::Status;
use clap::{Arg, ArgAction, ArgMatches, Command};
use perilune_bytecode::file;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Compile a file into bytecode")
        .arg(output_arg(
            "Where to write; '-' is standard output. Default: the file's name with the ending '.plc'",
        ))
        .arg(
            Arg::new("strip")
                .short('s')
                .long("strip")
                .action(ArgAction::SetTrue)
                .help("Leave out names and lines"),
        )
        .arg(
            file_arg("FILE")
                .required(true)
                .help("The file; '-' is standard input"),
        )
        .args(setting_args())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    match compiled(matches) {
        Ok(()) => 0,
        Err(message) => {
            eprintln!("perilune: {message}");
            1
        }
    }
}

fn compiled(matches: &ArgMatches) -> Result<(), String> {
    let settings = settings(matches)?;
    let input = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    let out = output(matches, input, "plc")?;
    let (source, name) = read(input)?;
    let verified = verified(&source, &name, &settings)?;
    let bytes = file::write(verified.proto(), matches.get_flag("strip"));
    if out != Path::new("-") {
        return replace(&out, &bytes, false);
    }
    let written = std::io::stdout().lock().write_all(&bytes);
    written.map_err(|e| e.to_string())
}
