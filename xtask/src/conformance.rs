//! The official Lua test suite, fetched, run file by file and as a whole, on every engine.
//!
//! What is left out stands in tests/conformance/omitted.txt, with reasons. That list is checked as
//! well: an entry that no longer holds is a failure, and so is a guarded part that is not listed.

use crate::args::Args;
use crate::engines::Engine;
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
    let stress = args.option("--stress")?;
    let suite = match args.option("--testes")? {
        Some(dir) => PathBuf::from(dir),
        None => fetch()?,
    };
    args.plain()?;
    let omitted = read_omitted()?;
    let mut failures = check_list(&omitted, &suite)?;
    for engine in engines::chosen(engine.as_deref())? {
        match &stress {
            Some(modes) => println!("engine {}, stress {modes}", engine.name),
            None => println!("engine {}", engine.name),
        }
        let suite = Suite {
            stress: stress.as_deref(),
            dir: &suite,
            binary: &binary,
            engine,
            omitted: omitted.iter().filter(|o| o.concerns(engine)).collect(),
        };
        failures += suite.run(only.as_deref())?;
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
    /// The file is built with these options of `perilune build`.
    Build,
    /// The part of the file guarded by a text runs only under other circumstances.
    Part,
    /// The paragraph that holds the text is left out of the file; without that the file fails.
    Skip,
    /// As `Skip`, of the lines alone that hold the text.
    Lines,
    /// As `Skip`, but whether the file fails otherwise is a matter of chance.
    Race,
}

struct Omission {
    /// The only engine that it concerns; `None` for all.
    engine: Option<&'static Engine>,
    file: String,
    kind: Kind,
    guard: String,
}

impl Omission {
    fn concerns(&self, engine: &Engine) -> bool {
        self.engine.is_none_or(|e| e == engine)
    }
}

/// Parses the list, whose head describes its lines.
fn read_omitted() -> Result<Vec<Omission>, String> {
    let path = paths::root().join("tests/conformance/omitted.txt");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let lines = text
        .lines()
        .filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(parse_omission).collect()
}

fn parse_omission(line: &str) -> Result<Omission, String> {
    let (engine, entry) = engines::concerned(line);
    let parts: Vec<&str> = entry.splitn(3, " | ").map(str::trim).collect();
    let [file, what, reason] = parts[..] else {
        return Err(format!("omitted.txt: '{line}' is not `file | what | reason`"));
    };
    if reason.is_empty() {
        return Err(format!("omitted.txt: '{line}' has no reason"));
    }
    let (kind, guard) = match what.split_once(':') {
        Some(("part", guard)) if engine.is_none() => (Kind::Part, guard.trim()),
        Some(("build", options)) if engine.is_some_and(|e| e.builds) => (Kind::Build, options.trim()),
        Some(("skip", text)) => (Kind::Skip, text.trim()),
        Some(("lines", text)) => (Kind::Lines, text.trim()),
        Some(("race", text)) => (Kind::Race, text.trim()),
        None if what == "never" => (Kind::Never, ""),
        None if what == "fails" => (Kind::Fails, ""),
        _ => {
            return Err(format!(
                "omitted.txt: '{what}' is not never, fails, skip: TEXT, lines: TEXT, race: TEXT, (for all engines) part: GUARD or (for aot) build: OPTIONS"
            ));
        }
    };
    Ok(Omission {
        engine,
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
        if entry.kind != Kind::Build && !String::from_utf8_lossy(&bytes).contains(&entry.guard) {
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
        let listed = omitted.iter().any(|o| o.engine.is_none() && o.file == file);
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

/// The suite, as one engine runs it.
struct Suite<'a> {
    dir: &'a Path,
    binary: &'a str,
    engine: &'static Engine,
    /// Stress modes that the command gets.
    stress: Option<&'a str>,
    /// What is left out for this engine.
    omitted: Vec<&'a Omission>,
}

/// What a run says, for people, and whether that is as it should be.
struct Verdict {
    good: bool,
    text: String,
    attempt: Attempt,
}

impl Suite<'_> {
    /// Runs all files, or one; the number of failures.
    fn run(&self, only: Option<&str>) -> Result<usize, String> {
        let mut failures = 0;
        let wanted = |file: &str| only.is_none_or(|o| o == file);
        for file in lua_files(self.dir) {
            if wanted(&file) && file != "all.lua" && !(self.engine.builds && file == "big.lua") {
                failures += usize::from(!self.file(&file)?);
            }
        }
        // An executable has no option `-e`.
        if wanted("all.lua") && !self.engine.builds {
            failures += usize::from(!self.whole()?);
        }
        Ok(failures)
    }

    fn listed<'a>(&'a self, file: &'a str, kind: Kind) -> impl Iterator<Item = &'a Omission> {
        let all = self.omitted.iter().copied();
        all.filter(move |o| o.file == file && o.kind == kind)
    }

    /// Runs one file; true when it did what the list says.
    fn file(&self, file: &str) -> Outcome {
        if self.listed(file, Kind::Never).next().is_some() {
            println!("{file:<18} not run (listed)");
            return Ok(true);
        }
        let skips: Vec<&Omission> = self
            .listed(file, Kind::Skip)
            .chain(self.listed(file, Kind::Lines))
            .chain(self.listed(file, Kind::Race))
            .collect();
        let mut words: Vec<String> = self
            .listed(file, Kind::Build)
            .flat_map(|o| o.guard.split_whitespace().map(str::to_string))
            .collect();
        words.extend(arguments(file));
        let attempt = self.launch(&words, &skips, FILE_LIMIT)?;
        let passed = attempt.output.end == End::Code(0);
        let mut verdict = self.judge(file, passed, attempt);
        if verdict.good && !skips.is_empty() {
            verdict.text.push_str(" without what is listed");
            if let Some(stale) = self.stale(file, &skips)? {
                verdict.good = false;
                verdict.text = format!("STALE: passes with '{}' as well", stale.guard);
            }
        }
        Ok(show(file, &verdict))
    }

    /// Whether passing, or failing, is what the list says.
    fn judge(&self, file: &str, passed: bool, attempt: Attempt) -> Verdict {
        let excused = self.listed(file, Kind::Fails).next().is_some();
        let text = match (passed, excused) {
            (true, false) => "ok",
            (false, true) => "fails as listed",
            (false, false) => "FAILED",
            (true, true) => "STALE: listed as failing, but passes",
        };
        Verdict {
            good: passed != excused,
            text: text.to_string(),
            attempt,
        }
    }

    /// The first paragraph that need not be left out.
    fn stale<'o>(&self, file: &str, skips: &[&'o Omission]) -> Result<Option<&'o Omission>, String> {
        for (number, skip) in skips.iter().enumerate().filter(|(_, s)| s.kind == Kind::Skip) {
            let mut others = skips.to_vec();
            others.remove(number);
            let attempt = self.launch(&arguments(file), &others, FILE_LIMIT)?;
            if attempt.output.end == End::Code(0) {
                return Ok(Some(skip));
            }
        }
        Ok(None)
    }

    /// Runs all.lua, which leaves out of itself what not every system can do. What is listed for this
    /// engine alone is left out of it, too.
    fn whole(&self) -> Outcome {
        let arguments = ["-e_U=true".to_string(), "all.lua".to_string()];
        let own = |o: &&Omission| o.engine.is_some() && matches!(o.kind, Kind::Skip | Kind::Race);
        let skips: Vec<&Omission> = self.omitted.iter().copied().filter(own).collect();
        let attempt = self.launch(&arguments, &skips, ALL_LIMIT)?;
        let reached = String::from_utf8_lossy(&attempt.output.stdout).contains("final OK !!!");
        let passed = reached && attempt.output.end == End::Code(0);
        Ok(show("all.lua (_U)", &self.judge("all.lua", passed, attempt)))
    }

    /// Runs the command with `-W` and the arguments in a fresh copy of the suite, out of which some
    /// paragraphs are left.
    fn launch(&self, arguments: &[String], skips: &[&Omission], limit: Duration) -> Result<Attempt, String> {
        let scratch = paths::target()
            .join("conformance")
            .join(format!("run-{}", std::process::id()));
        let fail = |e: std::io::Error| format!("{}: {e}", scratch.display());
        let _absent = std::fs::remove_dir_all(&scratch);
        paths::copy_tree(self.dir, &scratch).map_err(fail)?;
        for skip in skips {
            let path = scratch.join(&skip.file);
            let source = std::fs::read(&path).map_err(fail)?;
            let left = match skip.kind {
                Kind::Lines => without_lines(&source, &skip.guard),
                _ => without_paragraph(&source, &skip.guard),
            };
            std::fs::write(&path, left).map_err(fail)?;
        }
        let stress = self.stress.map(|modes| format!("--stress={modes}"));
        let own = [self.binary.to_string()].into_iter().chain(stress);
        let words: Vec<String> = own.chain(["-W".to_string()]).chain(arguments.to_vec()).collect();
        let start = Instant::now();
        let output = process::run(&Job {
            command: &words,
            engine: Some(self.engine),
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
}

/// Prints a verdict, and how a run that it does not expect to fail ended; whether it is good.
fn show(name: &str, verdict: &Verdict) -> bool {
    let Verdict { good, text, attempt } = verdict;
    let (end, seconds) = (&attempt.output.end, attempt.seconds);
    println!("{name:<18} {text} ({end}, {seconds:.2} s)");
    if !good && !text.starts_with("STALE") {
        print_tail(&attempt.output);
    }
    *good
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

/// A run and how long it took.
struct Attempt {
    output: Output,
    seconds: f64,
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

/// A file without the lines that hold a text; they stay as empty ones.
fn without_lines(source: &[u8], text: &str) -> Vec<u8> {
    let lines = source.split_inclusive(|b| *b == b'\n');
    let holds = |line: &[u8]| line.windows(text.len()).any(|w| w == text.as_bytes());
    lines
        .flat_map(|line| if holds(line) { b"\n" } else { line }.iter().copied())
        .collect()
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
