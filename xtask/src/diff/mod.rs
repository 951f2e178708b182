//! Generated programs -> run by two implementations -> differences, shrunk and saved.

mod compare;
mod coverage;
mod messages;
mod shrink;

use crate::args::Args;
use crate::generate::{self, tree::Node};
use crate::{Outcome, engines, paths};
pub use compare::normal;
use compare::{Difference, Pair, Verdict};
pub use coverage::measure;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Every this many programs one is kept for the opcode table.
const SAMPLE_EVERY: u64 = 50;
/// Most programs kept for the opcode table.
const MOST_SAMPLES: usize = 400;

/// What the command line asks for.
struct Options {
    ours: Vec<String>,
    peer: Vec<String>,
    seed: u64,
    jobs: u64,
    deadline: Instant,
    most: u64,
    keep: usize,
    /// Differences are neither shrunk nor saved.
    first: bool,
    save_to: PathBuf,
}

/// What all workers share.
struct Shared {
    next: AtomicU64,
    done: AtomicU64,
    skipped: AtomicU64,
    /// Signs of the differences that have been looked into.
    signs: Mutex<BTreeSet<String>>,
    failures: Mutex<Vec<String>>,
    samples: Mutex<Vec<String>>,
}

/// `cargo xtask fuzz diff`.
pub fn run(args: Args) -> Outcome {
    let options = parse(args)?;
    let shared = Shared {
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        skipped: AtomicU64::new(0),
        signs: Mutex::new(BTreeSet::new()),
        failures: Mutex::new(Vec::new()),
        samples: Mutex::new(Vec::new()),
    };
    println!(
        "comparing {} with {}, first seed {}",
        options.ours.join(" "),
        options.peer.join(" "),
        options.seed
    );
    let start = Instant::now();
    let problems: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.jobs)
            .map(|n| {
                scope.spawn({
                    let (o, s) = (&options, &shared);
                    move || work(n, o, s)
                })
            })
            .collect();
        watch(&options, &shared, start, || {
            workers.iter().all(|w| w.is_finished())
        });
        workers
            .into_iter()
            .filter_map(|w| {
                w.join()
                    .unwrap_or_else(|_| Err("a worker panicked".to_string()))
                    .err()
            })
            .collect()
    });
    report(&options, &shared, start);
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    Ok(lock(&shared.failures).is_empty())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn parse(mut args: Args) -> Result<Options, String> {
    let binary = paths::binary(args.option("--bin")?)?;
    let mut ours = match args.option("--engine")? {
        Some(name) => engines::command(&binary, engines::engine(&name)?),
        None => vec![binary],
    };
    if let Some(mode) = args.option("--stress")? {
        ours.push(format!("--stress={mode}"));
    }
    let peer = args.option("--peer")?.unwrap_or_else(|| "lua5.5".to_string());
    let peer = paths::resolve(&peer).ok_or_else(|| format!("no such program: {peer}"))?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |d| d.as_secs());
    let minutes = args.option("--minutes")?.unwrap_or_else(|| "1".to_string());
    let minutes: f64 = minutes
        .parse()
        .map_err(|_| format!("--minutes: '{minutes}' is not a number"))?;
    let options = Options {
        ours,
        peer: vec![peer],
        seed: args.number("--seed", now << 24)?,
        jobs: args.number("--jobs", 2)?.max(1),
        deadline: Instant::now() + Duration::from_secs_f64(minutes * 60.0),
        most: args.number("--count", u64::MAX)?,
        keep: args.number("--keep", 20)? as usize,
        first: args.flag("--first"),
        save_to: args
            .option("--save")?
            .map_or_else(|| paths::root().join("tests/corpus/regressions"), PathBuf::from),
    };
    args.plain()?;
    Ok(options)
}

/// One worker: takes seeds until time, number or patience is used up.
fn work(number: u64, options: &Options, shared: &Shared) -> Result<(), String> {
    let dir = paths::target().join("fuzz-diff").join(format!("job-{number}"));
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let pair = Pair {
        ours: &options.ours,
        peer: &options.peer,
        dir: &dir,
    };
    loop {
        let turn = shared.next.fetch_add(1, Ordering::Relaxed);
        let enough = lock(&shared.failures).len() >= options.keep;
        if turn >= options.most || enough || Instant::now() > options.deadline {
            return Ok(());
        }
        let seed = options.seed.wrapping_add(turn);
        let program = generate::program(seed);
        match pair.check(&generate::text(&program))? {
            Verdict::Same => {}
            Verdict::Undefined => {
                shared.skipped.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Differs(what) => found(seed, &program, &what, &pair, options, shared)?,
        }
        shared.done.fetch_add(1, Ordering::Relaxed);
        if turn.is_multiple_of(SAMPLE_EVERY) && lock(&shared.samples).len() < MOST_SAMPLES {
            lock(&shared.samples).push(generate::text(&program));
        }
    }
}

/// Shrinks a difference, and saves it unless one like it has been saved.
fn found(
    seed: u64,
    program: &[Node],
    what: &Difference,
    pair: &Pair<'_>,
    options: &Options,
    shared: &Shared,
) -> Result<(), String> {
    if !lock(&shared.signs).insert(what.sign.clone()) {
        return Ok(());
    }
    if options.first {
        println!("seed {seed}: {}", what.text);
        lock(&shared.failures).push(format!("seed {seed}: {}", what.text));
        return Ok(());
    }
    println!("seed {seed}: {}; shrinking", what.text);
    let small = shrink::shrink(program, &what.sign, pair)?;
    let text = generate::text(&small);
    let path = save(seed, &text, &what.text, pair, &options.save_to)?;
    let Verdict::Differs(what) = pair.check(&text)? else {
        lock(&shared.failures).push(format!("seed {seed}: {} (not every time)", what.text));
        return Ok(());
    };
    println!("seed {seed}: {}\n  saved as {}", what.text, paths::shown(&path));
    print!("{}", indent(&generate::tree::render(&small)));
    lock(&shared.failures).push(format!("seed {seed}: {}", what.text));
    Ok(())
}

fn indent(text: &str) -> String {
    text.lines().map(|l| format!("    {l}\n")).collect()
}

/// Writes a corpus file with what the peer prints as its expectation.
fn save(seed: u64, text: &str, what: &str, pair: &Pair<'_>, dir: &Path) -> Result<PathBuf, String> {
    let name = format!("diff_{seed}.lua");
    let expected = pair.peer_output_named(text, &name)?;
    let mut out = text.as_bytes().to_vec();
    let comment = what.replace(['\n', '\r'], " ");
    out.extend_from_slice(format!("-- Found by differential fuzzing: {comment}\n").as_bytes());
    out.extend_from_slice(&crate::corpus::expectations(&expected));
    let path = dir.join(name);
    std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    std::fs::write(&path, out).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

/// Says now and then how it goes, until the workers have ended.
fn watch(options: &Options, shared: &Shared, start: Instant, finished: impl Fn() -> bool) {
    let mut next = Duration::from_secs(30);
    while !finished() {
        std::thread::sleep(Duration::from_millis(100));
        if start.elapsed() > next {
            next += Duration::from_secs(30);
            println!("{}", summary(options, shared, start));
        }
    }
}

fn summary(options: &Options, shared: &Shared, start: Instant) -> String {
    let done = shared.done.load(Ordering::Relaxed);
    let seconds = start.elapsed().as_secs_f64();
    format!(
        "{done} programs in {seconds:.0} s ({:.0} a second with {} jobs), {} left out, {} differences",
        done as f64 / seconds.max(0.001),
        options.jobs,
        shared.skipped.load(Ordering::Relaxed),
        lock(&shared.failures).len()
    )
}

fn report(options: &Options, shared: &Shared, start: Instant) {
    if !options.first {
        coverage::print(&options.ours[0], &options.peer, &lock(&shared.samples));
    }
    println!("{}", summary(options, shared, start));
    for failure in lock(&shared.failures).iter() {
        println!("  {failure}");
    }
}
