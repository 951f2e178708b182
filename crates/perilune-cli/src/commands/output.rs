//! What commands that write a file share: where it goes, how it gets there, and how large things are.

use clap::{Arg, ArgMatches, value_parser};
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The option that says where to write.
pub fn output_arg(help: &'static str) -> Arg {
    Arg::new("output")
        .short('o')
        .long("output")
        .value_name("OUT")
        .value_parser(value_parser!(OsString))
        .help(help)
}

/// Where to write what is made of `input`: what the option says, or the file's name with that ending.
///
/// # Errors
/// When there is no such place, or it is the file itself.
pub fn output(matches: &ArgMatches, input: &OsStr, ending: &str) -> Result<PathBuf, String> {
    let out = match matches.get_one::<OsString>("output") {
        Some(out) => PathBuf::from(out),
        None if input == "-" => return Err("'-o' is needed for what standard input holds".to_owned()),
        None => Path::new(input).with_extension(ending),
    };
    if out == Path::new(input) && input != "-" {
        return Err(format!("'{}' is the file itself", input.to_string_lossy()));
    }
    Ok(out)
}

/// Writes a file, one that can be run if `runs`, so that whoever reads it meanwhile finds the old one or the new one.
///
/// # Errors
/// When it cannot be written, with its name.
pub fn replace(path: &Path, bytes: &[u8], runs: bool) -> Result<(), String> {
    let mut name = path.file_name().map(OsStr::to_os_string).unwrap_or_default();
    name.push(format!(".{}.tmp", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = write(&fresh, bytes, runs).and_then(|()| std::fs::rename(&fresh, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&fresh);
        format!("cannot write {}: {e}", path.display())
    })
}

fn write(path: &Path, bytes: &[u8], runs: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if runs { 0o777 } else { 0o666 });
    #[cfg(not(unix))]
    let _ = runs;
    options.open(path)?.write_all(bytes)
}

/// A size for people: bytes, and from 10 KB on units of 1,024.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KB", bytes >> 10),
        _ => format!("{} MB", bytes >> 20),
    }
}
