//! tests/corpus: Lua programs with their expectations in comments, run by any engine, under any
//! stress mode, or by PUC's interpreter. tests/corpus/README.md describes the comments.

use crate::args::Args;
use crate::diff::normal;
use crate::process::{self, End, Job, Output};
use crate::{Outcome, engines, paths};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Longest run of a program without stress.
const LIMIT: Duration = Duration::from_secs(30);

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
    /// Not run under stress, or not under the modes named.
    no_stress: Option<Vec<String>>,
}

/// How the whole corpus is run.
struct Plan {
    title: String,
    command: Vec<String>,
    peer: bool,
    /// The stress mode, without its `:N`.
    stress: Option<String>,
    /// Any orderly end is good.
    lenient: bool,
    limit: Duration,
}

/// `cargo xtask corpus`.
pub fn run(mut args: Args) -> Outcome {
    let peer = args.option("--peer")?;
    let stress = args.option("--stress")?;
    let engine = args.option("--engine")?;
    let given = args.option("--bin")?;
    let jobs = args.number("--jobs", 2)?.max(1) as usize;
    let write = args.flag("--write");
    let filters = args.plain()?;
    let files = programs(&filters);
    if let Some(peer) = peer {
        let program = paths::resolve(&peer).ok_or_else(|| format!("no such program: {peer}"))?;
        let plan = plain(format!("peer {peer}"), vec![program], true);
        return if write {
            rewrite(&plan, &files)
        } else {
            run_plan(&plan, &files, jobs)
        };
    }
    let binary = paths::binary(given)?;
    let engines: Vec<_> = match engine {
        Some(name) => vec![engines::engine(&name)?],
        None => engines::ENGINES.iter().collect(),
    };
    let mut good = true;
    for engine in engines {
        for plan in plans(&binary, engine, stress.as_deref())? {
            good &= run_plan(&plan, &files, jobs)?;
        }
    }
    Ok(good)
}

fn plain(title: String, command: Vec<String>, peer: bool) -> Plan {
    Plan {
        title,
        command,
        peer,
        stress: None,
        lenient: false,
        limit: LIMIT,
    }
}

/// The runs that `--stress` asks for.
fn plans(binary: &str, engine: &engines::Engine, stress: Option<&str>) -> Result<Vec<Plan>, String> {
    let base = plain(engine.name.to_string(), engines::command(binary, engine), false);
    let Some(wanted) = stress else {
        return Ok(vec![base]);
    };
    let mut plans = Vec::new();
    for mode in engines::STRESS
        .iter()
        .filter(|m| wanted == "all" || wanted == m.name)
    {
        plans.push(stressed(
            engine,
            &base.command,
            mode.name,
            mode.about,
            mode.seconds,
        ));
    }
    let numbers: Vec<u64> = match wanted.strip_prefix("fail:") {
        Some(n) => vec![
            n.parse()
                .map_err(|_| format!("--stress fail:{n}: not a number"))?,
        ],
        None if wanted == "all" || wanted == "fail" => engines::FAILING_ALLOCATIONS.to_vec(),
        None => Vec::new(),
    };
    for n in numbers {
        let mut plan = stressed(
            engine,
            &base.command,
            &format!("fail:{n}"),
            "that allocation fails",
            60,
        );
        plan.stress = Some("fail".to_string());
        plan.lenient = true;
        plans.push(plan);
    }
    if plans.is_empty() {
        Err(format!("unknown stress mode '{wanted}'"))
    } else {
        Ok(plans)
    }
}

fn stressed(engine: &engines::Engine, command: &[String], mode: &str, about: &str, seconds: u64) -> Plan {
    let mut command = command.to_vec();
    command.push(format!("--stress={mode}"));
    Plan {
        title: format!("{} under stress {mode} ({about})", engine.name),
        command,
        peer: false,
        stress: Some(mode.to_string()),
        lenient: false,
        limit: Duration::from_secs(seconds),
    }
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
    if plan.peer {
        return expected.only_ours;
    }
    match (&plan.stress, &expected.no_stress) {
        (Some(mode), Some(modes)) => modes.is_empty() || modes.contains(mode),
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
    if plan.lenient {
        let orderly = matches!(output.end, End::Code(code) if code != 101);
        return Ok((!orderly).then(|| format!("{}: {}", output.end, tail(&output.stderr))));
    }
    Ok(complaint(&expected, &output))
}

fn launch(plan: &Plan, file: &Path, expected: &Expectation) -> Result<Output, String> {
    let name = file
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut command = plan.command.clone();
    command.extend(expected.options.iter().cloned());
    command.push(name);
    command.extend(expected.args.iter().cloned());
    let dir = file.parent().unwrap_or(Path::new("."));
    process::run(&Job {
        command: &command,
        dir,
        stdin: &expected.stdin,
        limit: plan.limit,
    })
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
