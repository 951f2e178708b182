//! `perilune cache`: the folder of kept bytecode -> what is in it, or nothing in it.

use super::finish;
use super::output::size;
use crate::Status;
use crate::cache::{Cache, Entry, Listed, age};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::fmt::Write;
use std::fs;
use std::time::Duration;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    c.about("Show or clear the cache of compiled files")
        .arg(
            flag("list")
                .conflicts_with("clear")
                .help("List the entries, the last used first"),
        )
        .arg(flag("clear").help("Remove all entries"))
        .after_help(
            "The cache is in the folder that the variable PERILUNE_CACHE names, or in the user's cache \
             folder. When the variable is empty, or with '--no-cache', there is none.",
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(text(matches))
}

fn text(matches: &ArgMatches) -> Result<String, String> {
    let Some(cache) = Cache::of_user() else {
        return Ok("There is no cache: PERILUNE_CACHE is empty.\n".to_owned());
    };
    let folder = cache.folder().display().to_string();
    let failed = |e: std::io::Error| format!("{folder}: {e}");
    if matches.get_flag("clear") {
        let (count, bytes) = cache.clear().map_err(failed)?;
        return Ok(format!("{folder}: removed {}\n", amount(count, bytes)));
    }
    let entries = cache.entries().map_err(failed)?;
    let mut text = String::new();
    if matches.get_flag("list") {
        for entry in &entries {
            line(&mut text, entry);
        }
    }
    let total = entries.iter().map(|e| e.size).sum();
    let _ = writeln!(text, "{folder}: {}", amount(entries.len(), total));
    Ok(text)
}

/// An entry: its size, when it was used, the dialect, the chunk's name, its own name.
fn line(text: &mut String, listed: &Listed) {
    let entry = fs::read(&listed.path).ok().and_then(Entry::parse);
    let (dialect, name) = match &entry {
        Some(entry) => (
            format!("5.{}", entry.dialect),
            String::from_utf8_lossy(&entry.name).into_owned(),
        ),
        None => ("-".to_owned(), "damaged".to_owned()),
    };
    let file = listed.path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_prefix('@').unwrap_or(&name);
    let _ = writeln!(
        text,
        "{:>8}  {:>9}  {dialect:>3}  {file}  {name}",
        size(listed.size),
        ago(age(listed.used)),
    );
}

fn amount(count: usize, bytes: u64) -> String {
    let noun = if count == 1 { "entry" } else { "entries" };
    format!("{count} {noun}, {}", size(bytes))
}

/// A time that has passed, in its largest unit.
fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}
