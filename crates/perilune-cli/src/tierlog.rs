//! What becomes of functions in the compiled tier -> lines of a log, and a map for `perf`.
//!
//! The log is text on standard error, or a file with a JSON object per line; docs/tiers.md lists the keys. Files
//! are opened when the state is made, and every line is written at once, so that what is there survives any end.

use perilune::{JitMode, Options, TierEvent, TierFunction};
use perilune_codegen::disasm::Target;
use perilune_codegen::link::features::{self, Features};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where the log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// Text to standard error.
    Text,
    /// JSON lines to a file, which is emptied first.
    Json(PathBuf),
}

impl Log {
    /// The log that `--log=` asks for: `tier` or `tier:FILE`.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Log, String> {
        match text.split_once(':') {
            None if text == "tier" => Ok(Log::Text),
            Some(("tier", "")) => Err(format!("'--log={text}' names no file")),
            Some(("tier", file)) => Ok(Log::Json(file.into())),
            None | Some(_) => Err(format!("there is no log '{text}' (known: tier, tier:FILE)")),
        }
    }
}

/// What is open.
#[derive(Clone, Debug)]
pub struct Sinks(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    started: Instant,
    text: bool,
    json: Option<Output>,
    perf: Option<Output>,
}

/// A file that is written line by line, until that fails.
#[derive(Debug)]
struct Output {
    file: File,
    path: PathBuf,
}

/// Where `perf` looks for the names of this process's functions.
fn perf_map() -> PathBuf {
    PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()))
}

impl Output {
    fn log(path: &Path) -> Result<Output, String> {
        Output::of(path, File::create(path))
    }

    /// A file that is ours alone: in a folder that all users share, a link could lead elsewhere.
    fn perf(path: &Path) -> Result<Output, String> {
        let _ = std::fs::remove_file(path);
        let new = OpenOptions::new().write(true).create_new(true).open(path);
        Output::of(path, new)
    }

    fn of(path: &Path, file: io::Result<File>) -> Result<Output, String> {
        let path = path.to_owned();
        match file {
            Ok(file) => Ok(Output { file, path }),
            Err(e) => Err(format!("cannot write {}: {e}", path.display())),
        }
    }
}

/// Writes a line, if there is a file. When that fails, says so and does not try again.
fn write_line(output: &mut Option<Output>, line: &str) {
    let Some(o) = output else { return };
    if let Err(e) = o.file.write_all(format!("{line}\n").as_bytes()) {
        let line = format!("perilune: cannot write {}: {e}\n", o.path.display());
        let _ = io::stderr().lock().write_all(line.as_bytes());
        *output = None;
    }
}

impl Sinks {
    /// Opens what is asked for; None if nothing is.
    ///
    /// # Errors
    /// Why a file cannot be written.
    pub fn open(log: Option<&Log>, perf: bool) -> Result<Option<Sinks>, String> {
        if log.is_none() && !perf {
            return Ok(None);
        }
        let json = match log {
            Some(Log::Json(path)) => Some(Output::log(path)?),
            Some(Log::Text) | None => None,
        };
        let perf = if perf {
            Some(Output::perf(&perf_map())?)
        } else {
            None
        };
        let open = Open {
            started: Instant::now(),
            text: log == Some(&Log::Text),
            json,
            perf,
        };
        Ok(Some(Sinks(Arc::new(Mutex::new(open)))))
    }

    /// Has the events of a state, which was just made so, written.
    pub fn watch(&self, lua: &mut perilune::Context) {
        let runs = runs(&lua.options);
        self.with(|open| open.begin(&lua.options, runs));
        let sinks = self.clone();
        let observer = move |event: &TierEvent| sinks.with(|open| open.event(event));
        lua.set_tier_observer(Some(Box::new(observer)));
    }

    fn with(&self, f: impl FnOnce(&mut Open)) {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Whether a state that is made so compiles functions; if not, why.
pub fn runs(options: &Options) -> Result<(), &'static str> {
    if options.engine != perilune::Engine::Jit {
        return Err("the engine has no compiler");
    }
    if options.jit.mode == JitMode::Off {
        return Err("--jit=off");
    }
    features::supported()
}

impl Open {
    fn begin(&mut self, options: &Options, runs: Result<(), &'static str>) {
        let seconds = self.started.elapsed();
        if self.text {
            for line in begin_text(options, runs) {
                say(seconds, &line);
            }
        }
        if self.json.is_some() {
            write_line(&mut self.json, &begin_json(seconds, options, runs).to_string());
        }
    }

    fn event(&mut self, event: &TierEvent) {
        let seconds = self.started.elapsed();
        if self.text {
            say(seconds, &text(event));
        }
        if self.json.is_some() {
            write_line(&mut self.json, &json(seconds, event).to_string());
        }
        if let TierEvent::Installed {
            function,
            address,
            size,
            ..
        } = event
        {
            write_line(&mut self.perf, &format!("{address:x} {size:x} {function}"));
        }
    }
}

/// Writes a line of the log to standard error, which may be closed.
fn say(at: Duration, line: &str) {
    let line = format!("[{:.6}] {line}\n", at.as_secs_f64());
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// The architecture that this program runs on.
fn architecture() -> String {
    Target::host().map_or(std::env::consts::ARCH.to_owned(), |t| t.to_string())
}

/// What is said before the first event: the processor, and what runs functions.
fn begin_text(options: &Options, runs: Result<(), &'static str>) -> [String; 2] {
    let list = |f: Features| match f.to_string() {
        names if names.is_empty() => "none".to_owned(),
        names => names,
    };
    let host = format!(
        "processor {}: features {}; compiled code uses {}",
        architecture(),
        list(Features::of_host()),
        list(features::of_baseline())
    );
    let engine = options.engine.name();
    let how = match runs {
        Ok(()) => format!(
            "engine {engine}: interpreter, baseline; threshold {}, code memory {} bytes",
            options.jit_threshold(),
            options.jit.memory
        ),
        Err(why) => format!("engine {engine}: no compiled code: {why}"),
    };
    [host, how]
}

fn mode_name(mode: JitMode) -> &'static str {
    match mode {
        JitMode::Off => "off",
        JitMode::Baseline => "baseline",
        JitMode::Full => "full",
    }
}

fn begin_json(at: Duration, options: &Options, runs: Result<(), &'static str>) -> Value {
    json!({
        "seconds": at.as_secs_f64(),
        "event": "begin",
        "version": env!("CARGO_PKG_VERSION"),
        "processor": architecture(),
        "features": Features::of_host().names(),
        "used_features": features::of_baseline().names(),
        "engine": options.engine.name(),
        "jit": mode_name(options.jit.mode),
        "threshold": options.jit_threshold(),
        "memory": options.jit.memory,
        "compiles": runs.is_ok(),
        "why": runs.err(),
    })
}

/// A piece of text in one line.
fn plain(text: &str) -> String {
    let escaped = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

fn micros(d: Duration) -> f64 {
    d.as_secs_f64() * 1e6
}

/// An event as text.
fn text(event: &TierEvent) -> String {
    let (function, version) = event.function();
    let what = match event {
        TierEvent::Started {
            instructions,
            cautious,
            ..
        } => format!("{instructions} instructions{}", cautiously(*cautious)),
        TierEvent::Finished {
            queued,
            compiling,
            bytecode,
            code,
            ..
        } => format!(
            "{bytecode} bytes of bytecode, {code} of code, {:.1} us (and {:.1} us queued)",
            micros(*compiling),
            micros(*queued)
        ),
        TierEvent::Installed {
            address,
            size,
            entries,
            ..
        } => format!("{size} bytes at {address:#x}, {entries} entries"),
        TierEvent::Failed { why, .. } => plain(why),
        TierEvent::Deopt { pc, line, reason, .. } => {
            let line = line.map_or(String::new(), |n| format!(", line {n}"));
            let reason = reason.map_or("?", |r| r.name());
            format!("at instruction {pc}{line}: {reason}")
        }
        TierEvent::Invalidated { why, .. } => why.about().to_owned(),
        TierEvent::Released { address, size, .. } => format!("{size} bytes at {address:#x}"),
        other => format!("{other:?}"),
    };
    format!("{:<10} {function}, version {version}: {what}", event.name())
}

fn cautiously(cautious: bool) -> &'static str {
    if cautious { ", cautiously" } else { "" }
}

/// An event as an object.
fn json(at: Duration, event: &TierEvent) -> Value {
    let (function, version) = event.function();
    let mut object = common(at, event.name(), function, version);
    let own = match event {
        TierEvent::Started {
            instructions,
            cautious,
            ..
        } => json!({"instructions": instructions, "cautious": cautious}),
        TierEvent::Finished {
            cautious,
            queued,
            compiling,
            bytecode,
            code,
            ..
        } => json!({
            "cautious": cautious,
            "queued_us": micros(*queued),
            "compiling_us": micros(*compiling),
            "bytecode_bytes": bytecode,
            "code_bytes": code,
        }),
        TierEvent::Installed {
            address,
            size,
            entries,
            ..
        } => json!({"address": format!("{address:#x}"), "bytes": size, "entries": entries}),
        TierEvent::Failed { why, .. } => json!({"why": why}),
        TierEvent::Deopt { pc, line, reason, .. } => json!({
            "pc": pc,
            "at_line": line,
            "code": reason.map(|r| r as u8),
            "reason": reason.map(|r| r.name()),
        }),
        TierEvent::Invalidated { why, .. } => json!({"code": *why as u8, "reason": why.name()}),
        TierEvent::Released { address, size, .. } => {
            json!({"address": format!("{address:#x}"), "bytes": size})
        }
        other => json!({"text": format!("{other:?}")}),
    };
    if let (Value::Object(all), Value::Object(own)) = (&mut object, own) {
        all.extend(own);
    }
    object
}

/// What objects of all events have.
fn common(at: Duration, event: &str, function: &TierFunction, version: u32) -> Value {
    json!({
        "seconds": at.as_secs_f64(),
        "event": event,
        "function": function.number,
        "chunk": String::from_utf8_lossy(&function.chunk),
        "line": function.line,
        "name": function.name,
        "version": version,
    })
}

#[cfg(test)]
mod tests {
    use super::{Log, begin_text, json, text};
    use perilune::{Engine, Invalidation, Options, TierEvent, TierFunction};
    use std::sync::Arc;
    use std::time::Duration;

    /// A function whose chunk has a name that is no text.
    fn odd() -> TierEvent {
        let function = TierFunction {
            number: 7,
            chunk: b"a\"\n\xff\\".to_vec(),
            line: 3,
            name: Some("f".to_owned()),
        };
        TierEvent::Invalidated {
            function: Arc::new(function),
            version: 2,
            why: Invalidation::Shape,
        }
    }

    #[test]
    fn lines_stay_lines_whatever_chunks_are_called() {
        let line = text(&odd());
        assert_eq!(
            line,
            "invalidate a\"\\n\u{fffd}\\:3 f, version 2: a shape that it knew was dropped"
        );
        let line = json(Duration::from_millis(5), &odd()).to_string();
        assert!(!line.contains('\n'), "{line}");
        let back: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(back["chunk"], "a\"\n\u{fffd}\\");
        assert_eq!(back["reason"], "shape");
        assert_eq!(back["code"], 1);
        assert_eq!(back["seconds"], 0.005);
    }

    #[test]
    fn hosts_without_compiled_code_say_so() {
        let options = Options {
            engine: Engine::Jit,
            ..Options::default()
        };
        let [_, how] = begin_text(&options, Err("the processor lacks SSE4.1"));
        assert_eq!(how, "engine jit: no compiled code: the processor lacks SSE4.1");
        let [_, how] = begin_text(&options, Ok(()));
        assert_eq!(
            how,
            "engine jit: interpreter, baseline; threshold 2000, code memory 67108864 bytes"
        );
    }

    #[test]
    fn logs_have_names() {
        assert_eq!(Log::parse("tier"), Ok(Log::Text));
        assert_eq!(Log::parse("tier:a:b"), Ok(Log::Json("a:b".into())));
        assert!(Log::parse("tier:").is_err());
        assert!(Log::parse("gc").is_err());
        assert!(Log::parse("").is_err());
    }
}
