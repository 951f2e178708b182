//! tests/corpus: Lua programs with their expectations in comments, run by any engine, under any
//! stress mode, or by PUC's interpreter. tests/corpus/README.md describes the comments.

use crate::args::Args;
use crate::diff::normal;
use crate::engines::Engine;
use crate::process::{self, End, Job, Output};
use crate::{Outcome, engines, paths};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longest run of a program without stress.
const LIMIT: Duration = Duration::from_secs(30);

/// The same under an emulator.
const EMULATED_LIMIT: Duration = Duration::from_secs(300);

/// What a program's comments say.
#[derive(Default)]
struct Expectation {
    args: Vec<String>,
    options: Vec<String>,
    stdin: Vec<u8>,
    exit: i32,
    errors: Vec<String>,
    stdout: Vec<u8>,
    only_ours: bool,
    /// What it is built with as an executable.
    build: Vec<String>,
    /// Not run as an executable.
    no_build: bool,
    /// Not run under an emulator.
    no_runner: bool,
    /// Not run under stress, or not under the modes named.
    no_stress: Option<Vec<String>>,
}

/// How the whole corpus is run.
struct Plan {
    title: String,
    command: Vec<String>,
    /// The engine; `None` is a peer.
    engine: Option<&'static Engine>,
    /// The stress mode, without its `:N`.
    stress: Option<String>,
    /// Any orderly end is good.
    lenient: bool,
    limit: Duration,
    /// The programs, by their path in tests/corpus, that are expected to differ.
    differing: Vec<String>,
    /// An emulator runs it.
    emulated: bool,
    /// Where a copy of the corpus is whose programs are compiled before they run.
    precompiled: Option<PathBuf>,
}

/// `cargo xtask corpus`.
pub fn run(mut args: Args) -> Outcome {
    let peer = args.option("--peer")?;
    let stress = args.option("--stress")?;
    let engine = args.option("--engine")?;
    let given = args.option("--bin")?;
    let jobs = args.number("--jobs", 2)?.max(1) as usize;
    let write = args.flag("--write");
    let precompiled = args.flag("--precompiled");
    let runner = args.option("--runner")?;
    let filters = args.plain()?;
    let files = programs(&filters);
    if let Some(peer) = peer {
        let program = paths::resolve(&peer).ok_or_else(|| format!("no such program: {peer}"))?;
        let plan = plain(format!("peer {peer}"), vec![program], None);
        return if write {
            rewrite(&plan, &files)
        } else {
            run_plan(&plan, &files, jobs)
        };
    }
    let ours = Ours {
        runner: runner
            .iter()
            .flat_map(|r| r.split_whitespace())
            .map(str::to_string)
            .collect(),
        binary: paths::binary(given)?,
    };
    if precompiled {
        return run_precompiled(&ours, &files, jobs);
    }
    let differences = Differences::read()?;
    let mut good = true;
    for engine in engines::chosen(engine.as_deref())? {
        for mut plan in plans(&ours, engine, stress.as_deref())? {
            plan.differing = differences.of(engine);
            good &= run_plan(&plan, &files, jobs)?;
        }
    }
    Ok(good)
}

/// Runs programs from their bytecode, under the name of their source. They run on the VM, whatever the engine.
fn run_precompiled(ours: &Ours, files: &[PathBuf], jobs: usize) -> Outcome {
    let scratch = paths::target()
        .join("xtask")
        .join(format!("precompiled-{}", std::process::id()));
    let fail = |e: std::io::Error| format!("{}: {e}", scratch.display());
    paths::copy_tree(&paths::root().join("tests/corpus"), &scratch).map_err(fail)?;
    let plan = Plan {
        precompiled: Some(scratch.clone()),
        ..ours.plan("precompiled".to_string(), &[], None)
    };
    let good = run_plan(&plan, files, jobs);
    let _busy = std::fs::remove_dir_all(&scratch);
    good
}

/// The programs that differ under one engine, by choice or for now: `tests/corpus/differences.txt`.
struct Differences(Vec<(&'static Engine, String)>);

impl Differences {
    /// Reads the list: `ENGINE: FILE | reason`.
    fn read() -> Result<Differences, String> {
        let folder = paths::root().join("tests/corpus");
        let path = folder.join("differences.txt");
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let lines = text
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
        let entry = |line: &str| match (engines::concerned(line), line.split_once(" | ")) {
            ((Some(engine), rest), Some((_, reason))) if !reason.trim().is_empty() => {
                let file = rest.split(" | ").next().unwrap_or_default().trim();
                if folder.join(file).is_file() {
                    Ok((engine, file.to_string()))
                } else {
                    Err(format!("differences.txt: stale: there is no {file}"))
                }
            }
            _ => Err(format!(
                "differences.txt: '{line}' is not `ENGINE: FILE | reason`"
            )),
        };
        lines.map(entry).collect::<Result<Vec<_>, _>>().map(Differences)
    }

    /// The programs that differ under an engine.
    fn of(&self, engine: &Engine) -> Vec<String> {
        let own = self.0.iter().filter(|(e, _)| *e == engine);
        own.map(|(_, file)| file.clone()).collect()
    }
}

/// The command that is tested, with what runs it where it is another machine's.
struct Ours {
    runner: Vec<String>,
    binary: String,
}

impl Ours {
    fn plan(&self, title: String, options: &[String], engine: Option<&'static Engine>) -> Plan {
        let binary = [self.binary.clone()];
        let command = [&self.runner[..], &binary, options].concat();
        let emulated = !self.runner.is_empty();
        Plan {
            emulated,
            limit: if emulated { EMULATED_LIMIT } else { LIMIT },
            ..plain(title, command, engine)
        }
    }
}

fn plain(title: String, command: Vec<String>, engine: Option<&'static Engine>) -> Plan {
    Plan {
        title,
        command,
        engine,
        stress: None,
        lenient: false,
        limit: LIMIT,
        differing: Vec::new(),
        emulated: false,
        precompiled: None,
    }
}

/// The runs that `--stress` asks for.
fn plans(ours: &Ours, engine: &'static Engine, stress: Option<&str>) -> Result<Vec<Plan>, String> {
    let base = |mode: &[String]| ours.plan(engine.name.to_string(), mode, Some(engine));
    let Some(wanted) = stress else {
        return Ok(vec![base(&[])]);
    };
    if engine.builds {
        return Ok(Vec::new());
    }
    let stressed = |mode: &str, about: &str, seconds: u64| Plan {
        title: format!("{} under stress {mode} ({about})", engine.name),
        stress: mode.split(':').next().map(str::to_string),
        limit: Duration::from_secs(seconds),
        ..base(&[format!("--stress={mode}")])
    };
    let modes: Vec<&engines::Stress> = engines::STRESS
        .iter()
        .filter(|m| wanted == "all" || wanted == m.name)
        .collect();
    let numbers: Vec<u64> = match wanted.strip_prefix("fail:") {
        Some(n) => vec![
            n.parse()
                .map_err(|_| format!("--stress fail:{n}: not a number"))?,
        ],
        None if wanted == "all" || wanted == "fail" => engines::FAILING_ALLOCATIONS.to_vec(),
        None => Vec::new(),
    };
    if modes.is_empty() && numbers.is_empty() {
        return Err(format!("unknown stress mode '{wanted}'"));
    }
    let failing = numbers.iter().map(|n| Plan {
        lenient: true,
        ..stressed(&format!("fail:{n}"), "that allocation fails", 60)
    });
    let concerning = modes.iter().filter(|m| m.concerns(engine));
    let plans = concerning.map(|m| stressed(m.name, m.about, m.seconds));
    Ok(plans.chain(failing).collect())
}

/// The corpus programs whose path holds one of the filters.
fn programs(filters: &[String]) -> Vec<PathBuf> {
    let all = paths::files(&paths::root().join("tests/corpus"), ".lua");
    let chosen = all.into_iter().filter(|path| {
        let text = paths::shown(path);
        !text.contains("/modules/")
            && (filters.is_empty() || filters.iter().any(|f| text.contains(f.as_str())))
    });
    chosen.collect()
}

fn run_plan(plan: &Plan, files: &[PathBuf], jobs: usize) -> Outcome {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let skipped = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = one(plan, file);
                    match outcome {
                        Ok(Some(complaint)) | Err(complaint) => {
                            failures
                                .lock()
                                .unwrap_or_else(|p| p.into_inner())
                                .push(format!("{}: {complaint}", paths::shown(file)));
                        }
                        Ok(None) if skips(plan, file) => {
                            skipped.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(None) => {}
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap_or_else(|p| p.into_inner());
    failures.sort();
    for failure in &failures {
        println!("{failure}");
    }
    let left_out = skipped.into_inner();
    let passed = files.len() - failures.len() - left_out;
    println!(
        "corpus, {}: {passed} passed, {} failed, {left_out} not for it",
        plan.title,
        failures.len()
    );
    Ok(failures.is_empty())
}

fn skips(plan: &Plan, file: &Path) -> bool {
    expectation(file).is_ok_and(|e| left_out(plan, &e))
}

/// Whether a program is not meant for this way to run it.
fn left_out(plan: &Plan, expected: &Expectation) -> bool {
    if plan.engine.is_none() && plan.precompiled.is_none() {
        return expected.only_ours;
    }
    if plan.emulated && expected.no_runner {
        return true;
    }
    if plan.engine.is_some_and(|e| e.builds) {
        return expected.no_build || !expected.options.iter().all(|o| process::can_build_with(o));
    }
    match (&plan.stress, &expected.no_stress) {
        (Some(mode), Some(modes)) => {
            let listed = |part: &str| modes.iter().any(|m| m == part);
            modes.is_empty() || mode.split(',').any(listed)
        }
        _ => false,
    }
}

/// Runs one program; what is wrong with it, if anything.
fn one(plan: &Plan, file: &Path) -> Result<Option<String>, String> {
    let expected = expectation(file)?;
    if left_out(plan, &expected) {
        return Ok(None);
    }
    let output = launch(plan, file, &expected)?;
    let differs = plan.differing.iter().any(|f| file.ends_with(f));
    if plan.lenient || (differs && plan.stress.is_some()) {
        let orderly = matches!(output.end, End::Code(code) if code != 101);
        return Ok((!orderly).then(|| format!("{}: {}", output.end, tail(&output.stderr))));
    }
    let found = complaint(&expected, &output);
    if differs && found.is_none() {
        return Ok(Some("stale: listed as differing, but it does not".to_string()));
    }
    Ok(found.filter(|_| !differs))
}

fn launch(plan: &Plan, file: &Path, expected: &Expectation) -> Result<Output, String> {
    let name = file
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut command = plan.command.clone();
    command.extend(expected.options.iter().cloned());
    if plan.engine.is_some_and(|e| e.builds) {
        command.extend(expected.build.iter().cloned());
    }
    command.push(name.clone());
    command.extend(expected.args.iter().cloned());
    let dir = file.parent().unwrap_or(Path::new("."));
    let run = |command: &[String], dir: &Path| {
        process::run(&Job {
            command,
            engine: plan.engine,
            dir,
            stdin: &expected.stdin,
            limit: plan.limit,
        })
    };
    let Some(scratch) = &plan.precompiled else {
        return run(&command, dir);
    };
    let corpus = paths::root().join("tests/corpus");
    let copy = scratch.join(dir.strip_prefix(corpus).map_err(|e| e.to_string())?);
    let compiled = run(&compiling(plan, expected, &name), &copy)?;
    if compiled.end != End::Code(0) {
        return Ok(compiled);
    }
    std::fs::rename(copy.join(format!("{name}.plc")), copy.join(&name)).map_err(|e| e.to_string())?;
    run(&command, &copy)
}

/// The command that compiles a program.
fn compiling(plan: &Plan, expected: &Expectation, name: &str) -> Vec<String> {
    let dialect = expected.options.iter().filter(|o| o.starts_with("--std"));
    let mut command = plan.command.clone();
    command.push("compile".to_string());
    command.extend(dialect.cloned());
    command.extend(["-o".to_string(), format!("{name}.plc"), name.to_string()]);
    command
}

fn complaint(expected: &Expectation, output: &Output) -> Option<String> {
    let actual = with_newline(normal(&output.stdout));
    if actual != with_newline(normal(&expected.stdout)) {
        let stderr = tail(&output.stderr);
        return Some(format!("{}{stderr}", first_difference(&expected.stdout, &actual)));
    }
    if output.end != End::Code(expected.exit) {
        return Some(format!(
            "expected exit {}, got {}: {}",
            expected.exit,
            output.end,
            tail(&output.stderr)
        ));
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let missing = expected
        .errors
        .iter()
        .find(|text| !stderr.contains(text.as_str()));
    missing.map(|text| format!("stderr lacks '{text}': {stderr}"))
}

fn with_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes
}

fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let (a, b) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(actual));
    let (mut left, mut right) = (a.lines(), b.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (Some(x), Some(y)) if x == y => {}
            (None, None) => break,
            (x, y) => {
                return format!(
                    "line {number} of the output: expected {:?}, got {:?} ",
                    x.unwrap_or("(end)"),
                    y.unwrap_or("(end)")
                );
            }
        }
    }
    "the output differs".to_string()
}

fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().take(3).collect();
    lines.join(" / ")
}

/// Reads a program's comments.
fn expectation(file: &Path) -> Result<Expectation, String> {
    let source = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut found = Expectation::default();
    for line in source.split(|b| *b == b'\n') {
        if let Some(rest) = line.strip_prefix(b"-->") {
            found
                .stdout
                .extend_from_slice(rest.strip_prefix(b" ").unwrap_or(rest));
            found.stdout.push(b'\n');
        } else if let Some(rest) = line.strip_prefix(b"--! ") {
            directive(&mut found, &String::from_utf8_lossy(rest))?;
        }
    }
    if let Ok(sibling) = std::fs::read(file.with_extension("out")) {
        found.stdout = sibling;
    }
    Ok(found)
}

fn directive(found: &mut Expectation, text: &str) -> Result<(), String> {
    let (key, value) = text
        .split_once(':')
        .ok_or_else(|| format!("'--! {text}' has no colon"))?;
    let value = value.trim();
    let words = || value.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    match key {
        "args" => found.args = words(),
        "options" => {
            found.options = words();
            found.only_ours = true;
        }
        "stdin" => {
            found
                .stdin
                .extend_from_slice(value.replace("\\n", "\n").as_bytes());
            found.stdin.push(b'\n');
        }
        "exit" => {
            found.exit = value
                .parse()
                .map_err(|_| format!("exit: '{value}' is not a number"))?
        }
        "error" => {
            found.errors.push(value.to_string());
            found.exit = found.exit.max(1);
        }
        "stderr" => found.errors.push(value.to_string()),
        "only" if value == "perilune" => found.only_ours = true,
        "build" => found.build = words(),
        "no-build" if !value.is_empty() => found.no_build = true,
        "no-runner" if !value.is_empty() => found.no_runner = true,
        "no-stress" => {
            let (modes, reason) = value.split_once(" - ").ok_or("no-stress: say `MODES - reason`")?;
            if reason.trim().is_empty() {
                return Err("no-stress needs a reason".to_string());
            }
            let all = modes == "all";
            found.no_stress = Some(if all {
                Vec::new()
            } else {
                modes.split_whitespace().map(str::to_string).collect()
            });
        }
        _ => return Err(format!("unknown directive '--! {key}'")),
    }
    Ok(())
}

/// The comments that expect this output.
pub fn expectations(output: &Output) -> Vec<u8> {
    let mut out = Vec::new();
    if let End::Code(code) = output.end
        && code != 0
    {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.lines().next().unwrap_or("").trim_start_matches("lua: ");
        out.extend_from_slice(format!("--! exit: {code}\n").as_bytes());
        if !message.is_empty() && code == 1 {
            out.extend_from_slice(format!("--! error: {message}\n").as_bytes());
        }
    }
    out.extend_from_slice(&output_lines(&output.stdout));
    out
}

fn output_lines(stdout: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let text = normal(stdout);
    let text = text.strip_suffix(b"\n").unwrap_or(&text);
    if text.is_empty() && stdout.is_empty() {
        return out;
    }
    for line in text.split(|b| *b == b'\n') {
        out.extend_from_slice(if line.is_empty() { b"-->" } else { b"--> " });
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

/// Writes the expected output of programs anew from what the peer prints.
fn rewrite(plan: &Plan, files: &[PathBuf]) -> Outcome {
    for file in files {
        let expected = expectation(file)?;
        if left_out(plan, &expected) || file.with_extension("out").exists() {
            continue;
        }
        let output = launch(plan, file, &expected)?;
        if output.end != End::Code(expected.exit) {
            println!("{}: {} {}", paths::shown(file), output.end, tail(&output.stderr));
        }
        let source = std::fs::read(file).map_err(|e| e.to_string())?;
        let kept = source
            .split_inclusive(|b| *b == b'\n')
            .filter(|line| !line.starts_with(b"-->"));
        let mut text: Vec<u8> = kept.flatten().copied().collect();
        text.extend_from_slice(&output_lines(&output.stdout));
        std::fs::write(file, text).map_err(|e| e.to_string())?;
    }
    Ok(true)
}
