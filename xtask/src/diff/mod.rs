//! Generated programs -> run by every engine and PUC -> differences, shrunk and saved.

mod compare;
mod coverage;
mod messages;
mod shrink;

use crate::args::Args;
use crate::engines::{self, Engine};
use crate::generate::{self, tree::Node};
use crate::{Outcome, paths};
pub use compare::normal;
use compare::{Contest, Difference, Verdict};
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
    engines: Vec<&'static Engine>,
    peer: Option<Vec<String>>,
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
    println!("{}, first seed {}", intent(&options), options.seed);
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

/// What will be compared.
fn intent(options: &Options) -> String {
    let names: Vec<&str> = options.engines.iter().map(|e| e.name).collect();
    let (engines, ours) = (names.join(" and "), options.ours.join(" "));
    match &options.peer {
        Some(peer) => format!("comparing {engines} of {ours} with {}", peer.join(" ")),
        None => format!("no lua5.5 is installed; comparing {engines} of {ours} with each other"),
    }
}

/// The peer's command line, if it is named or installed.
fn peer(named: Option<String>) -> Result<Option<Vec<String>>, String> {
    let found = paths::resolve(named.as_deref().unwrap_or("lua5.5"));
    match (found, named) {
        (Some(path), _) => Ok(Some(vec![path])),
        (None, Some(name)) => Err(format!("no such program: {name}")),
        (None, None) => Ok(None),
    }
}

fn parse(mut args: Args) -> Result<Options, String> {
    let mut ours = vec![paths::binary(args.option("--bin")?)?];
    let mut engines = engines::chosen(args.option("--engine")?.as_deref())?;
    if let Some(modes) = args.option("--stress")? {
        let foreign = |e: &Engine| {
            let known = engines::STRESS.iter();
            let mut named = known.filter(|s| modes.split(',').any(|m| m == s.name));
            named.any(|s| !s.concerns(e))
        };
        engines.retain(|e| !foreign(e));
        ours.push(format!("--stress={modes}"));
    }
    let peer = peer(args.option("--peer")?)?;
    if engines.len() + usize::from(peer.is_some()) < 2 {
        return Err("nothing to compare: one engine, and no lua5.5".to_string());
    }
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(1, |d| d.as_secs());
    let minutes = args.option("--minutes")?.unwrap_or_else(|| "1".to_string());
    let minutes: f64 = minutes
        .parse()
        .map_err(|_| format!("--minutes: '{minutes}' is not a number"))?;
    let options = Options {
        ours,
        engines,
        peer,
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
    let contest = Contest {
        ours: &options.ours,
        engines: &options.engines,
        peer: options.peer.as_deref(),
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
        match contest.check(&generate::text(&program))? {
            Verdict::Same => {}
            Verdict::Undefined => {
                shared.skipped.fetch_add(1, Ordering::Relaxed);
            }
            Verdict::Differs(all) => {
                for what in &all {
                    found(seed, &program, what, &contest, options, shared)?;
                }
            }
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
    contest: &Contest<'_>,
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
    let small = shrink::shrink(program, &what.sign, contest)?;
    let text = generate::text(&small);
    let path = save(seed, &text, what, contest, &options.save_to)?;
    let again = match contest.check(&text)? {
        Verdict::Differs(all) => all.into_iter().find(|d| d.sign == what.sign),
        Verdict::Same | Verdict::Undefined => None,
    };
    let Some(what) = again else {
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

/// Writes a corpus file with what the reference prints as its expectation.
fn save(
    seed: u64,
    text: &str,
    what: &Difference,
    contest: &Contest<'_>,
    dir: &Path,
) -> Result<PathBuf, String> {
    let name = format!("diff_{seed}_{}.lua", what.engines.join("_"));
    let expected = contest.expected_of_file(text, &name)?;
    let mut out = text.as_bytes().to_vec();
    let comment = what.text.replace(['\n', '\r'], " ");
    out.extend_from_slice(format!("-- Found by differential fuzzing: {}\n", comment.trim_end()).as_bytes());
    if let (None, Some(engine)) = (contest.peer, contest.engines.first()) {
        let source = format!(
            "-- What is expected here is {}'s output, not PUC's.\n",
            engine.name
        );
        out.extend_from_slice(source.as_bytes());
    }
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
        let who = options.peer.as_deref().unwrap_or(&options.ours);
        coverage::print(&options.ours[0], who, &lock(&shared.samples));
    }
    println!("{}", summary(options, shared, start));
    for failure in lock(&shared.failures).iter() {
        println!("  {failure}");
    }
}
