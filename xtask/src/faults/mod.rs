//! Seeded faults -> whether, and how soon, the differential fuzzer finds each of them.
//!
//! Every fault is an edit of a copy of the workspace below the target folder. The copy is built, and
//! `fuzz diff` compares that build with the peer until the first difference.

mod list;
pub mod table;

use crate::args::Args;
use crate::{Outcome, paths};
use list::Fault;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The first seed of every search.
const SEED: u64 = 1;
/// Programs that the copy without a fault must pass in each stress mode.
const CONTROL: u64 = 300;
/// Quick builds instead of a quick binary: most of a search is starting processes.
const BUILD: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"),
];
/// What the copy needs of the workspace.
const COPIED: &[&str] = &["Cargo.toml", "Cargo.lock", "crates", "xtask"];

/// What the command line asks for.
struct Options {
    only: Option<String>,
    minutes: f64,
    jobs: u64,
    peer: Option<String>,
    write: bool,
}

impl Options {
    /// `--only` names faults and parts, with commas between them.
    fn wants(&self, fault: &Fault) -> bool {
        let named = |only: &String| only.split(',').any(|o| o == fault.name || o == fault.part);
        self.only.as_ref().is_none_or(named)
    }
}

/// How a search ended.
enum Found {
    /// By the program of this number, after this time, by this difference.
    Yes(u64, Duration, String),
    No(Duration),
    /// The fault does not compile.
    NotBuilt,
}

/// `cargo xtask faults`.
pub fn run(args: Args) -> Outcome {
    let options = parse(args)?;
    let faults = list::read()?;
    let chosen: Vec<&Fault> = faults.iter().filter(|f| options.wants(f)).collect();
    if chosen.is_empty() {
        return Err("no such fault".to_string());
    }
    for fault in &chosen {
        fault.applied(&paths::root())?;
    }
    let start = Instant::now();
    let place = Place::new()?;
    place.control(&chosen, &options)?;
    let mut fresh = Vec::new();
    let mut missed = 0;
    for (number, fault) in chosen.iter().enumerate() {
        println!(
            "[{}/{}] {}: {}",
            number + 1,
            chosen.len(),
            fault.name,
            fault.about
        );
        let found = place.search(fault, &options)?;
        missed += usize::from(!matches!(found, Found::Yes(..)));
        fresh.push((fault.name.clone(), shown(&found)));
        if options.write {
            table::write(&faults, &fresh)?;
        }
    }
    println!(
        "{} faults, {} found, {missed} missed, {:.0} s in all",
        chosen.len(),
        chosen.len() - missed,
        start.elapsed().as_secs_f64()
    );
    Ok(missed == 0)
}

fn parse(mut args: Args) -> Result<Options, String> {
    let minutes = args.option("--minutes")?.unwrap_or_else(|| "3".to_string());
    let options = Options {
        only: args.option("--only")?,
        minutes: minutes
            .parse()
            .map_err(|_| format!("--minutes: '{minutes}' is not a number"))?,
        jobs: args.number("--jobs", 2)?,
        peer: args.option("--peer")?,
        write: args.flag("--write"),
    };
    match args.plain()?.first() {
        Some(word) => Err(format!("unknown word {word}")),
        None => Ok(options),
    }
}

/// The result's cell in the table.
fn shown(found: &Found) -> String {
    match found {
        Found::Yes(programs, time, _) => format!("{programs}, {:.0} s", time.as_secs_f64().ceil()),
        Found::No(_) => "**missed**".to_string(),
        Found::NotBuilt => "**does not compile**".to_string(),
    }
}

/// How the fuzzer runs programs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Mode<'f> {
    engine: &'f str,
    stress: Option<&'f str>,
}

impl Mode<'_> {
    /// The way in which a fault is looked for.
    fn of(fault: &Fault) -> Mode<'_> {
        Mode {
            engine: &fault.engine,
            stress: fault.stress.as_deref(),
        }
    }
}

/// The copy of the workspace, and where it is built.
struct Place {
    copy: PathBuf,
    build: PathBuf,
    /// The command without a fault.
    sound: PathBuf,
    scratch: PathBuf,
}

impl Place {
    fn new() -> Result<Place, String> {
        let base = std::path::absolute(paths::target().join("faults")).map_err(|e| e.to_string())?;
        let place = Place {
            copy: base.join("copy"),
            build: base.join("build"),
            sound: base.join(format!("perilune-sound{}", std::env::consts::EXE_SUFFIX)),
            scratch: base.join("scratch"),
        };
        std::fs::create_dir_all(&place.copy).map_err(|e| format!("{}: {e}", place.copy.display()))?;
        for name in COPIED {
            refresh(&paths::root().join(name), &place.copy.join(name)).map_err(|e| format!("{name}: {e}"))?;
        }
        Ok(place)
    }

    /// Builds the copy as it is.
    fn binary(&self) -> Result<PathBuf, String> {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--package", "perilune-cli"])
            .env("CARGO_TARGET_DIR", &self.build)
            .env("RUSTFLAGS", "-Awarnings")
            .envs(BUILD.iter().copied())
            .current_dir(&self.copy)
            .status()
            .map_err(|e| format!("cargo: {e}"))?;
        if !status.success() {
            return Err("the copy does not build".to_string());
        }
        let name = format!("perilune{}", std::env::consts::EXE_SUFFIX);
        Ok(self.build.join("release").join(name))
    }

    /// Makes sure that without a fault there is nothing to find.
    fn control(&self, chosen: &[&Fault], options: &Options) -> Result<(), String> {
        let binary = self.binary()?;
        std::fs::copy(&binary, &self.sound).map_err(|e| format!("{}: {e}", self.sound.display()))?;
        let mut modes: Vec<Mode<'_>> = chosen.iter().map(|f| Mode::of(f)).collect();
        modes.sort();
        modes.dedup();
        modes
            .into_iter()
            .try_for_each(|mode| self.differs_only_with_fault(SEED, CONTROL, mode, options))
    }

    /// Fails if some of the programs shows a difference without a fault.
    fn differs_only_with_fault(
        &self,
        seed: u64,
        count: u64,
        mode: Mode<'_>,
        options: &Options,
    ) -> Result<(), String> {
        let count = format!("--count={count}");
        match self.fuzz(&self.sound, mode, seed, &[count], options)? {
            Found::Yes(_, _, what) => Err(format!("a difference without any fault: {what}")),
            Found::No(_) | Found::NotBuilt => Ok(()),
        }
    }

    fn search(&self, fault: &Fault, options: &Options) -> Result<Found, String> {
        let file = self.copy.join(&fault.file);
        let fail = |e: std::io::Error| format!("{}: {e}", fault.file);
        let sound = std::fs::read_to_string(&file).map_err(fail)?;
        std::fs::write(&file, fault.applied(&self.copy)?).map_err(fail)?;
        let start = Instant::now();
        let binary = self.binary();
        let built = start.elapsed().as_secs_f64();
        let found = match &binary {
            Ok(binary) => self.fuzz(binary, Mode::of(fault), SEED, &[], options),
            Err(_) => Ok(Found::NotBuilt),
        };
        std::fs::write(&file, sound).map_err(fail)?;
        let found = found?;
        if let Found::Yes(program, _, _) = found {
            self.differs_only_with_fault(SEED + program - 1, 1, Mode::of(fault), options)?;
        }
        match &found {
            Found::Yes(programs, time, what) => println!(
                "  found by program {programs} after {:.1} s (built in {built:.0} s): {what}",
                time.as_secs_f64()
            ),
            Found::No(time) => println!("  MISSED in {:.0} s", time.as_secs_f64()),
            Found::NotBuilt => println!("  DOES NOT COMPILE"),
        }
        Ok(found)
    }

    /// Runs the fuzzer up to the first difference.
    fn fuzz(
        &self,
        binary: &Path,
        mode: Mode<'_>,
        seed: u64,
        more: &[String],
        options: &Options,
    ) -> Result<Found, String> {
        let this = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut command = Command::new(this);
        command.args(["fuzz", "diff", "--first", "--keep=1"]);
        command.arg(format!("--engine={}", mode.engine));
        command.arg(format!("--bin={}", binary.display()));
        command.arg(format!("--seed={seed}"));
        command.arg(format!("--minutes={}", options.minutes));
        command.arg(format!("--jobs={}", options.jobs));
        command.arg(format!("--save={}", self.scratch.join("saved").display()));
        command.args(mode.stress.map(|stress| format!("--stress={stress}")));
        command.args(options.peer.as_ref().map(|peer| format!("--peer={peer}")));
        command.args(more);
        let start = Instant::now();
        let mut child = command
            .env("CARGO_TARGET_DIR", &self.scratch)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("the fuzzer: {e}"))?;
        let mut found = None;
        if let Some(pipe) = child.stdout.take() {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                if let (None, Some((program, what))) = (&found, difference(&line, seed)) {
                    found = Some(Found::Yes(program, start.elapsed(), what));
                }
            }
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        match (found, status.success()) {
            (Some(found), _) => Ok(found),
            (None, true) => Ok(Found::No(start.elapsed())),
            (None, false) => Err("the fuzzer failed".to_string()),
        }
    }
}

/// The program's number and the difference, from a line such as `seed 12: stdout: expected ...`.
fn difference(line: &str, first: u64) -> Option<(u64, String)> {
    let (seed, what) = line.strip_prefix("seed ")?.split_once(": ")?;
    let seed: u64 = seed.parse().ok()?;
    Some((seed.checked_sub(first)? + 1, what.chars().take(160).collect()))
}

/// Makes `to` equal to `from`; what is equal already keeps its time, so that it is not built again.
fn refresh(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        let bytes = std::fs::read(from)?;
        if std::fs::read(to).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        return std::fs::write(to, bytes);
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() && !entry.file_type()?.is_dir() {
            std::fs::remove_file(entry.path())?;
        }
    }
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        refresh(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}
