//! bench/cliffs -> programs that compiled code makes slower instead of faster, and whether all engines agree on
//! what they print.

mod family;
mod measure;

use crate::args::Args;
use crate::process::{self, End, Job};
use crate::{Outcome, engines, paths};
use family::{Case, Program};
use measure::{Measured, Meter};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Rounds of each program where only its output matters.
const CHECKED_ROUNDS: u32 = 3000;
/// Longest run of one process.
const LIMIT: Duration = Duration::from_secs(60);
/// The slowest that compiled code may be, as a multiple of the interpreter's time.
const MOST: &str = "1.1";

/// `cargo xtask cliffs`.
pub fn run(mut args: Args) -> Outcome {
    if args.flag("--show") {
        return show(&args.plain()?);
    }
    let binary = paths::binary(args.option("--bin")?)?;
    let scratch = paths::target()
        .join("xtask")
        .join(format!("cliffs-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let outcome = if args.flag("--check") {
        check(&binary, args, &scratch)
    } else {
        time(&binary, args, &scratch)
    };
    let _busy = std::fs::remove_dir_all(&scratch);
    outcome
}

/// Prints programs.
fn show(names: &[String]) -> Outcome {
    for case in &family::read()? {
        for program in family::programs(case) {
            if names.contains(&program.name()) {
                print!("{}", program.timed());
            }
        }
    }
    Ok(true)
}

/// Puts a program where it can be run.
fn write(scratch: &Path, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = scratch.join(format!("{}.lua", name.replace('/', "-")));
    std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    std::path::absolute(&path).map_err(|e| e.to_string())
}

/// Runs a command; its output if it ends well.
fn output(command: &[String], scratch: &Path) -> Result<process::Output, String> {
    let output = process::run(&Job {
        command,
        engine: None,
        dir: scratch,
        stdin: b"",
        limit: LIMIT,
    })?;
    match output.end {
        End::Code(0) => Ok(output),
        ref end => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            Err(format!("{}: {end}: {stderr}", command.join(" ")))
        }
    }
}

/// Compares what all engines, the compiling one also under stress, and PUC where it is installed, print.
fn check(binary: &str, mut args: Args, scratch: &Path) -> Outcome {
    let peer = args.option("--peer")?.unwrap_or_else(|| "lua5.5".to_string());
    let stress = args.option("--stress")?.unwrap_or_else(|| "hot".to_string());
    let rounds = args.number("--rounds", CHECKED_ROUNDS.into())? as u32;
    let filters = args.plain()?;
    let ours = |options: &[String]| [&[binary.to_string()], options].concat();
    let mut commands: Vec<Vec<String>> = paths::resolve(&peer).map(|p| vec![p]).into_iter().collect();
    commands.extend(
        engines::ENGINES
            .iter()
            .filter(|e| !e.builds)
            .map(|e| ours(&[format!("--engine={}", e.name)])),
    );
    commands.push(ours(&["--engine=jit".to_string(), format!("--stress={stress}")]));
    let cases = family::read()?;
    let chosen: Vec<&Case> = cases.iter().filter(|c| wants(&filters, &c.name)).collect();
    let mut failures = 0;
    for case in &chosen {
        let path = write(scratch, &case.name, &family::together(case, rounds))?;
        if let Err(complaint) = agree(&commands, &path, scratch) {
            println!("{}: {complaint}", case.name);
            failures += 1;
        }
    }
    println!(
        "cliffs: {} cases, {} commands, {failures} failed",
        chosen.len(),
        commands.len()
    );
    Ok(failures == 0)
}

/// Whether all commands print the same.
fn agree(commands: &[Vec<String>], path: &Path, scratch: &Path) -> Result<(), String> {
    let mut reference: Option<Vec<u8>> = None;
    for command in commands {
        let command = [&command[..], &[path.to_string_lossy().into_owned()]].concat();
        let printed = output(&command, scratch)?.stdout;
        match &reference {
            Some(expected) if *expected != printed => {
                let (a, b) = (
                    String::from_utf8_lossy(expected),
                    String::from_utf8_lossy(&printed),
                );
                let differing = a.lines().zip(b.lines()).find(|(x, y)| x != y);
                return Err(format!("{}: {differing:?}", command.join(" ")));
            }
            Some(_) => {}
            None => reference = Some(printed),
        }
    }
    Ok(())
}

/// Whether a name holds one of the filters, if there are any.
fn wants(filters: &[String], name: &str) -> bool {
    filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()))
}

/// What is to be timed.
struct Plan {
    most: f64,
    /// Every how many programs one is timed.
    every: usize,
    /// No program is begun after that.
    until: Option<Instant>,
}

/// Times programs under both engines.
fn time(binary: &str, mut args: Args, scratch: &Path) -> Outcome {
    let most = args.option("--most")?.unwrap_or_else(|| MOST.to_string());
    let seconds = args.number("--seconds", 0)?;
    let plan = Plan {
        most: most
            .parse()
            .map_err(|_| format!("--most: '{most}' is not a number"))?,
        every: args.number("--every", 1)?.max(1) as usize,
        until: (seconds > 0).then(|| Instant::now() + Duration::from_secs(seconds)),
    };
    let meter = Meter::new(binary, scratch, args.number("--ms", 40)?);
    let filters = args.plain()?;
    let cases = family::read()?;
    let mut programs: Vec<Program<'_>> = cases.iter().flat_map(family::programs).collect();
    programs.retain(|p| wants(&filters, &p.name()));
    let chosen: Vec<&Program<'_>> = programs.iter().step_by(plan.every).collect();
    let mut all = Vec::new();
    let mut cliffs = Vec::new();
    for program in chosen
        .iter()
        .take_while(|_| plan.until.is_none_or(|t| Instant::now() < t))
    {
        let measured = meter.measure(program, plan.most)?;
        if measured.ratio() > plan.most {
            println!("{measured}  {}", meter.statistics(program, &measured)?);
            cliffs.push(measured.clone());
        }
        all.push(measured);
    }
    report(&mut all, &cliffs, chosen.len());
    Ok(cliffs.is_empty())
}

/// Prints the worst and the table of ratios.
fn report(all: &mut [Measured], cliffs: &[Measured], wanted: usize) {
    all.sort_by(|a, b| b.ratio().total_cmp(&a.ratio()));
    println!("\nthe slowest, as multiples of the interpreter's time:");
    for measured in all.iter().take(20) {
        println!("{measured}");
    }
    let mean = all.iter().map(|m| m.ratio().ln()).sum::<f64>() / all.len().max(1) as f64;
    println!(
        "cliffs: {} of {wanted} programs timed, {} too slow, geometric mean {:.3}",
        all.len(),
        cliffs.len(),
        mean.exp()
    );
}
