//! The official Lua test suite, fetched, run file by file and as a whole.
//!
//! What is left out stands in tests/conformance/omitted.txt, with reasons. That list is checked as
//! well: an entry that no longer holds is a failure, and so is a guarded part that is not listed.

use crate::args::Args;
use crate::process::{self, End, Job, Output};
use crate::{Outcome, engines, paths};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The package whose source archive holds the suite.
const PACKAGE: &str = "lupa";
const VERSION: &str = "2.8";
/// Where in the archive the suite is.
const INSIDE: &str = "third-party/lua55/testes";
/// Longest run of one file, and of all.lua.
const FILE_LIMIT: Duration = Duration::from_secs(300);
const ALL_LIMIT: Duration = Duration::from_secs(600);

/// `cargo xtask conformance`.
pub fn run(mut args: Args) -> Outcome {
    let binary = paths::binary(args.option("--bin")?)?;
    let engine = args.option("--engine")?;
    let only = args.option("--only")?;
    let suite = match args.option("--testes")? {
        Some(dir) => PathBuf::from(dir),
        None => fetch()?,
    };
    args.plain()?;
    let command = match &engine {
        Some(name) => engines::command(&binary, engines::engine(name)?),
        None => vec![binary],
    };
    let omitted = read_omitted()?;
    let mut failures = check_list(&omitted, &suite)?;
    for file in lua_files(&suite) {
        if only.as_ref().is_none_or(|o| o == &file) && file != "all.lua" {
            failures += usize::from(!one_file(&command, &suite, &file, &omitted)?);
        }
    }
    if only.as_ref().is_none_or(|o| o == "all.lua") {
        failures += usize::from(!whole(&command, &suite)?);
    }
    if failures == 0 {
        println!("conformance: all passed, {} omissions listed", omitted.len());
    } else {
        println!("conformance: {failures} failures");
    }
    Ok(failures == 0)
}

/// What an entry of the list of omissions leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The file is not run at all.
    Never,
    /// The file is run and fails.
    Fails,
    /// The part of the file guarded by a text runs only under other circumstances.
    Part,
    /// The paragraph that holds the text is left out of the file; without that the file fails.
    Skip,
}

struct Omission {
    file: String,
    kind: Kind,
    guard: String,
}

/// Parses the list: `file | never | reason`, `file | fails | reason`, `file | part: guard | reason` or
/// `file | skip: text | reason`.
fn read_omitted() -> Result<Vec<Omission>, String> {
    let path = paths::root().join("tests/conformance/omitted.txt");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let lines = text
        .lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(parse_omission).collect()
}

fn parse_omission(line: &str) -> Result<Omission, String> {
    let parts: Vec<&str> = line.splitn(3, " | ").map(str::trim).collect();
    let [file, what, reason] = parts[..] else {
        return Err(format!("omitted.txt: '{line}' is not `file | what | reason`"));
    };
    if reason.is_empty() {
        return Err(format!("omitted.txt: '{line}' has no reason"));
    }
    let (kind, guard) = match what.split_once(':') {
        Some(("part", guard)) => (Kind::Part, guard.trim()),
        Some(("skip", text)) => (Kind::Skip, text.trim()),
        None if what == "never" => (Kind::Never, ""),
        None if what == "fails" => (Kind::Fails, ""),
        _ => {
            return Err(format!(
                "omitted.txt: '{what}' is not never, fails, part: GUARD or skip: TEXT"
            ));
        }
    };
    Ok(Omission {
        file: file.to_string(),
        kind,
        guard: guard.to_string(),
    })
}

/// Checks the list against the suite's text; the number of complaints.
fn check_list(omitted: &[Omission], suite: &Path) -> Result<usize, String> {
    let mut complaints = 0;
    let mut complain = |text: String| {
        println!("omitted.txt: {text}");
        complaints += 1;
    };
    for entry in omitted {
        let Ok(bytes) = std::fs::read(suite.join(&entry.file)) else {
            complain(format!("stale: the suite has no file {}", entry.file));
            continue;
        };
        if !String::from_utf8_lossy(&bytes).contains(&entry.guard) {
            complain(format!(
                "stale: {} does not contain '{}'",
                entry.file, entry.guard
            ));
        }
    }
    for file in lua_files(suite) {
        let bytes = std::fs::read(suite.join(&file)).map_err(|e| format!("{file}: {e}"))?;
        let guarded = String::from_utf8_lossy(&bytes)
            .lines()
            .any(needs_internal_library);
        let listed = omitted.iter().any(|o| o.file == file);
        if guarded && !listed {
            complain(format!("{file} has parts that need T, which are not listed"));
        }
    }
    Ok(complaints)
}

/// Whether a line opens a block that only PUC's internal test library `T` can enter.
fn needs_internal_library(line: &str) -> bool {
    let line = line.trim_start();
    [
        "if T then",
        "if T and",
        "if not T then",
        "if T==nil",
        "if T == nil",
    ]
    .iter()
    .any(|g| line.starts_with(g))
}

/// The names of the suite's programs.
fn lua_files(suite: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(suite)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".lua"))
        .collect();
    names.sort();
    names
}

/// Runs one file; true when it did what the list says.
fn one_file(command: &[String], suite: &Path, file: &str, omitted: &[Omission]) -> Outcome {
    let listed = |kind| omitted.iter().any(|o| o.file == file && o.kind == kind);
    if listed(Kind::Never) {
        println!("{file:<18} not run (listed)");
        return Ok(true);
    }
    let mut attempt = launch(command, &arguments(file), &Copy { suite, skips: &[] }, FILE_LIMIT)?;
    let excused = listed(Kind::Fails) || listed(Kind::Skip);
    let mut good = (attempt.output.end == End::Code(0)) != excused;
    let mut verdict = match (good, excused) {
        (true, false) => "ok",
        (true, true) => "fails as listed",
        (false, false) => "FAILED",
        (false, true) => "STALE: listed as failing, but passes",
    };
    if good && listed(Kind::Skip) {
        let skips: Vec<&Omission> = omitted
            .iter()
            .filter(|o| o.file == file && o.kind == Kind::Skip)
            .collect();
        attempt = launch(
            command,
            &arguments(file),
            &Copy { suite, skips: &skips },
            FILE_LIMIT,
        )?;
        good = attempt.output.end == End::Code(0);
        verdict = if good {
            "ok without the listed paragraph"
        } else {
            "FAILED"
        };
    }
    println!(
        "{file:<18} {verdict} ({}, {:.2} s)",
        attempt.output.end, attempt.seconds
    );
    if !good && !verdict.starts_with("STALE") {
        print_tail(&attempt.output);
    }
    Ok(good)
}

fn arguments(file: &str) -> Vec<String> {
    match file {
        "big.lua" => vec!["-e".to_string(), BIG.to_string()],
        _ => vec![file.to_string()],
    }
}

/// big.lua yields twice, as all.lua expects.
const BIG: &str =
    "local f = coroutine.wrap(assert(loadfile('big.lua'))); assert(f() == 'b'); assert(f() == 'a')";

fn whole(command: &[String], suite: &Path) -> Outcome {
    let arguments = ["-e_U=true".to_string(), "all.lua".to_string()];
    let Attempt { output, seconds } = launch(command, &arguments, &Copy { suite, skips: &[] }, ALL_LIMIT)?;
    let reached = String::from_utf8_lossy(&output.stdout).contains("final OK !!!");
    let good = reached && output.end == End::Code(0);
    let verdict = if good { "final OK" } else { "FAILED" };
    println!(
        "{:<18} {verdict} ({}, {seconds:.2} s)",
        "all.lua (_U)", output.end
    );
    if !good {
        print_tail(&output);
    }
    Ok(good)
}

/// The suite as it is run: a copy, with some paragraphs blanked.
struct Copy<'a> {
    suite: &'a Path,
    skips: &'a [&'a Omission],
}

/// A run and how long it took.
struct Attempt {
    output: Output,
    seconds: f64,
}

/// Runs the command with `-W` and the arguments in a fresh copy of the suite.
fn launch(
    command: &[String],
    arguments: &[String],
    copy: &Copy<'_>,
    limit: Duration,
) -> Result<Attempt, String> {
    let scratch = paths::target()
        .join("conformance")
        .join(format!("run-{}", std::process::id()));
    let fail = |e: std::io::Error| format!("{}: {e}", scratch.display());
    let _absent = std::fs::remove_dir_all(&scratch);
    paths::copy_tree(copy.suite, &scratch).map_err(fail)?;
    for skip in copy.skips {
        let path = scratch.join(&skip.file);
        let source = std::fs::read(&path).map_err(fail)?;
        std::fs::write(&path, without_paragraph(&source, &skip.guard)).map_err(fail)?;
    }
    let mut words = command.to_vec();
    words.push("-W".to_string());
    words.extend_from_slice(arguments);
    let start = Instant::now();
    let output = process::run(&Job {
        command: &words,
        dir: &scratch,
        stdin: b"",
        limit,
    })?;
    let _busy = std::fs::remove_dir_all(&scratch);
    Ok(Attempt {
        output,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// The source with the lines from the one that holds `text` to the next empty one blanked, so that
/// the numbers of the other lines stay.
fn without_paragraph(source: &[u8], text: &str) -> Vec<u8> {
    let mut inside = false;
    let mut out = Vec::with_capacity(source.len());
    for line in source.split_inclusive(|b| *b == b'\n') {
        let blank = line.trim_ascii().is_empty();
        inside = !blank && (inside || line.windows(text.len()).any(|w| w == text.as_bytes()));
        out.extend_from_slice(if inside { b"\n" } else { line });
    }
    out
}

fn print_tail(output: &Output) {
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(12)..] {
            println!("    {name}: {line}");
        }
    }
}

/// Downloads and unpacks the suite unless that has been done; its folder.
fn fetch() -> Result<PathBuf, String> {
    let home = paths::target().join("conformance");
    let suite = home.join(format!("{PACKAGE}-{VERSION}")).join(INSIDE);
    if suite.join("all.lua").is_file() {
        return Ok(suite);
    }
    std::fs::create_dir_all(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    let archive = format!("{PACKAGE}-{VERSION}.tar.gz");
    if !home.join(&archive).is_file() {
        let wanted = format!("{PACKAGE}=={VERSION}");
        step(
            &home,
            &[
                "python3",
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
                &wanted,
            ],
        )?;
    }
    step(
        &home,
        &["tar", "xzf", &archive, &format!("{PACKAGE}-{VERSION}/{INSIDE}")],
    )?;
    if suite.join("all.lua").is_file() {
        Ok(suite)
    } else {
        Err(format!("{archive} does not hold {INSIDE}/all.lua"))
    }
}

fn step(dir: &Path, words: &[&str]) -> Result<(), String> {
    println!("$ {}", words.join(" "));
    let status = Command::new(words[0]).args(&words[1..]).current_dir(dir).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: {status}", words[0])),
        Err(e) => Err(format!("{}: {e}", words[0])),
    }
}
