//! `perilune compile`: a file -> the bytecode file that does the same.

use super::{file_arg, read, setting_args, settings, verified};
use crate::Status;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use perilune_bytecode::file;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Compile a file into bytecode")
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("OUT")
                .value_parser(value_parser!(OsString))
                .help(
                    "Where to write; '-' is standard output. Default: the file's name with the ending '.plc'",
                ),
        )
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
    let out = match matches.get_one::<OsString>("output") {
        Some(out) if out == "-" => None,
        Some(out) => Some(PathBuf::from(out)),
        None if input == "-" => return Err("'-o' is needed for what standard input holds".to_owned()),
        None => Some(Path::new(input).with_extension("plc")),
    };
    if out.as_deref().is_some_and(|out| out == Path::new(input)) {
        return Err(format!("'{}' is the file itself", input.to_string_lossy()));
    }
    let (source, name) = read(input)?;
    let verified = verified(&source, &name, &settings)?;
    let bytes = file::write(verified.proto(), matches.get_flag("strip"));
    match out {
        Some(out) => {
            replace(&out, &bytes).map_err(|e| format!("cannot write {}: {e}", out.to_string_lossy()))
        }
        None => std::io::stdout()
            .lock()
            .write_all(&bytes)
            .map_err(|e| e.to_string()),
    }
}

/// Writes a file so that whoever reads it meanwhile finds the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().map(OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{}.tmp", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = std::fs::write(&fresh, bytes).and_then(|()| std::fs::rename(&fresh, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    written
}
