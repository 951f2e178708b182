//! A command line -> its output and status, under a time limit.

use crate::engines::{Engine, VARIABLE};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Most bytes of each output stream that are kept.
const MOST_OUTPUT: u64 = 64 << 20;

/// Most resident memory of a process, in bytes.
const MOST_MEMORY: u64 = 6 << 30;
/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What became of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It ended with this exit code.
    Code(i32),
    /// It was ended by this signal.
    Signal(i32),
    /// It was still running at the time limit, and was killed.
    TimeOut,
    /// It used more memory than the machine can spare, and was killed.
    Memory,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Code(code) => write!(f, "exit {code}"),
            End::Signal(signal) => write!(f, "signal {signal}"),
            End::TimeOut => write!(f, "time limit"),
            End::Memory => write!(f, "memory limit of {} MiB", MOST_MEMORY >> 20),
        }
    }
}

/// What a process wrote, and its end.
#[derive(Clone, Debug)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: End,
}

/// A process to run.
pub struct Job<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// The engine that it and the commands it starts run on; `None` is a peer, or what it chooses.
    pub engine: Option<&'a Engine>,
    /// Working directory.
    pub dir: &'a Path,
    /// What standard input holds; the process gets a pipe in any case.
    pub stdin: &'a [u8],
    /// How long it may take.
    pub limit: Duration,
}

/// Environment variables that would change what a Lua program sees or how it is run.
const CLEARED: [&str; 9] = [
    VARIABLE,
    "PERILUNE_STRESS",
    "LUA_INIT",
    "LUA_INIT_5_5",
    "LUA_PATH",
    "LUA_PATH_5_5",
    "LUA_CPATH",
    "LUA_CPATH_5_5",
    "RUST_BACKTRACE",
];

/// Runs a job to its end.
pub fn run(job: &Job<'_>) -> Result<Output, String> {
    match job.engine {
        Some(engine) if engine.builds => run_built(job),
        Some(_) | None => launch(job, None),
    }
}

/// Options of the command that a program can be built with.
pub fn can_build_with(option: &str) -> bool {
    option == "-W" || ["--std=", "--without="].iter().any(|o| option.starts_with(o))
}

/// Builds the program of a command line that [`can_build_with`] its options, and runs the executable under the name of
/// its source; or yields what the build said.
fn run_built(job: &Job<'_>) -> Result<Output, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let (binary, words) = job.command.split_first().ok_or("empty command")?;
    let file = words
        .iter()
        .position(|w| !can_build_with(w))
        .ok_or("no program")?;
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("built-{}-{number}", std::process::id());
    let folder = crate::paths::target().join("xtask");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let executable = std::path::absolute(folder.join(name)).map_err(|e| e.to_string())?;
    let shown = executable.to_string_lossy().into_owned();
    let mut build = vec![
        binary.clone(),
        "build".to_string(),
        "-o".to_string(),
        shown.clone(),
    ];
    build.extend_from_slice(&words[..=file]);
    let of = |command| Job {
        command,
        engine: None,
        ..*job
    };
    let mut built = launch(&of(&build), None)?;
    if built.end != End::Code(0) {
        built.stderr = complaint_of_build(&built.stderr, binary);
        return Ok(built);
    }
    let command = [&[shown], &words[file + 1..]].concat();
    let output = launch(&of(&command), Some(&words[file]));
    std::fs::remove_file(&executable).map_err(|e| format!("{}: {e}", executable.display()))?;
    let mut output = output?;
    // Messages begin with the name of what runs.
    let name = format!("{}: ", words[file]);
    if let Some(rest) = output.stderr.strip_prefix(name.as_bytes()) {
        output.stderr = [binary.as_bytes(), b": ", rest].concat();
    }
    Ok(output)
}

/// Why a build has failed, as a run of the program says it: without what `check` has found.
fn complaint_of_build(stderr: &[u8], binary: &str) -> Vec<u8> {
    const NAME: &[u8] = b"perilune: ";
    let mut lines = stderr.split_inclusive(|b| *b == b'\n');
    let Some(first) = lines.find_map(|line| line.strip_prefix(NAME)) else {
        return stderr.to_vec();
    };
    let mut text = [binary.as_bytes(), b": ", first].concat();
    lines.for_each(|line| text.extend_from_slice(line));
    text
}

/// Runs a job to its end; the process may be told another name of its program.
fn launch(job: &Job<'_>, name: Option<&str>) -> Result<Output, String> {
    let (program, arguments) = job.command.split_first().ok_or("empty command")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(job.dir);
    #[cfg(unix)]
    if let Some(name) = name {
        std::os::unix::process::CommandExt::arg0(&mut command, name);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in CLEARED {
        command.env_remove(name);
    }
    // Every run compiles what it runs.
    command.env("PERILUNE_CACHE", "");
    if let Some(engine) = job.engine {
        command.env(VARIABLE, engine.name);
    }
    own_group(&mut command);
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    feed(&mut child, job.stdin);
    let guard = Guard {
        deadline: Instant::now() + job.limit,
        pid: child.id(),
    };
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let end = match guard.wait(&stdout).or_else(|| guard.wait(&stderr)) {
        Some(end) => stop(&mut child, end)?,
        None => guard.finish(&mut child)?,
    };
    Ok(Output {
        stdout: stdout.take(),
        stderr: stderr.take(),
        end,
    })
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Writes standard input; large input goes through a thread so that a process that does not read
/// it cannot hold us up.
fn feed(child: &mut Child, input: &[u8]) {
    let Some(mut pipe) = child.stdin.take() else {
        return;
    };
    if input.len() <= 4096 {
        let _closed_early = pipe.write_all(input);
        return;
    }
    let input = input.to_vec();
    std::thread::spawn(move || {
        let _closed_early = pipe.write_all(&input);
    });
}

/// A stream that a thread reads, and what has come so far.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Stream {
    /// Takes what has come so far.
    fn take(self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(|p| p.into_inner()))
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> Stream {
    let (sender, ended) = channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&bytes);
    std::thread::spawn(move || {
        if let Some(pipe) = pipe {
            copy(&mut pipe.take(MOST_OUTPUT), &shared);
        }
        let _receiver_gone = sender.send(());
    });
    Stream { bytes, ended }
}

fn copy(pipe: &mut impl Read, to: &Mutex<Vec<u8>>) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(count @ 1..) = pipe.read(&mut piece) {
        to.lock()
            .unwrap_or_else(|p| p.into_inner())
            .extend_from_slice(&piece[..count]);
    }
}

/// What a process may not exceed.
struct Guard {
    deadline: Instant,
    pid: u32,
}

impl Guard {
    /// Which limit has been reached.
    fn reached(&self) -> Option<End> {
        if Instant::now() >= self.deadline {
            return Some(End::TimeOut);
        }
        (resident(self.pid) > MOST_MEMORY).then_some(End::Memory)
    }

    /// Waits for a stream's end; the limit that was reached before, if any.
    fn wait(&self, stream: &Stream) -> Option<End> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if stream.ended.recv_timeout(left.min(LOOK)).is_ok() {
                return None;
            }
            if let Some(end) = self.reached() {
                return Some(end);
            }
        }
    }

    /// Waits for the end of a process that has closed its streams.
    fn finish(&self, child: &mut Child) -> Result<End, String> {
        loop {
            if let Some(status) = child.try_wait().map_err(wait_failed)? {
                return Ok(end_of(status));
            }
            if let Some(end) = self.reached() {
                return stop(child, end);
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

fn wait_failed(e: std::io::Error) -> String {
    format!("wait: {e}")
}

fn stop(child: &mut Child, end: End) -> Result<End, String> {
    kill(child);
    child.wait().map_err(wait_failed)?;
    Ok(end)
}

/// Resident memory in bytes; 0 where the system does not say.
fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|p| p.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// Kills the process and, where there are process groups, the ones it has started.
fn kill(child: &mut Child) {
    if cfg!(unix) {
        let group = format!("-{}", child.id());
        let _gone = Command::new("kill")
            .args(["-KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
    }
    let _gone = child.kill();
}

#[cfg(unix)]
fn end_of(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Code(code),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

#[cfg(not(unix))]
fn end_of(status: ExitStatus) -> End {
    End::Code(status.code().unwrap_or(-1))
}
