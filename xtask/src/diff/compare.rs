//! A program's text -> whether the engines and the peer agree on it.

use crate::engines::{ENGINES, Engine};
use crate::process::{self, End, Job, Output};
use std::path::Path;
use std::time::Duration;

/// The program's file name, part of many messages.
const FILE: &str = "prog.lua";
/// Longest run of the reference; a program that takes longer says nothing.
const REFERENCE_LIMIT: Duration = Duration::from_secs(5);
/// A module that generated programs ask for, and that is nowhere.
const MISSING: &str = "no.such.module.x";
/// Longest run of an engine that is compared with it.
const LIMIT: Duration = Duration::from_secs(30);

/// What the stress mode `border` fails with when the usual border is none.
const NO_BORDER: &str = "is no border";

/// Engines, what they are compared with, and the folder they run in.
pub struct Contest<'a> {
    /// Our command line.
    pub ours: &'a [String],
    /// The engines that run it.
    pub engines: &'a [&'static Engine],
    /// The peer's command line; without a peer the first engine is the reference.
    pub peer: Option<&'a [String]>,
    /// Working directory; nobody else uses it.
    pub dir: &'a Path,
}

/// What a comparison says.
pub enum Verdict {
    /// All did the same.
    Same,
    /// Nothing can be said: the reference did not come to an end, or what the language leaves open
    /// decides.
    Undefined,
    /// Some engines differ from the reference; those that differ in the same way stand together.
    Differs(Vec<Difference>),
}

/// A difference between the reference and some engines.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The engines.
    pub engines: Vec<&'static str>,
    /// What it is, for people.
    pub text: String,
    /// What it has in common with others of the same cause: the engines, the stream and the words that
    /// differ.
    pub sign: String,
}

impl Contest<'_> {
    /// Runs a program under all.
    pub fn check(&self, text: &str) -> Result<Verdict, String> {
        let reference = self.expected(text)?;
        let ended = match reference.end {
            End::Code(_) => true,
            End::Signal(_) => self.peer.is_none(),
            End::TimeOut | End::Memory => false,
        };
        if !ended {
            return Ok(Verdict::Undefined);
        }
        let mut runs = Vec::with_capacity(self.engines.len());
        for &engine in self.engines {
            let output = if runs.is_empty() && self.peer.is_none() {
                reference.clone()
            } else {
                self.launch(self.ours, Some(engine), FILE, LIMIT)?
            };
            runs.push((engine, output));
        }
        let found = differences(&runs, &reference);
        if found.is_empty() {
            return Ok(Verdict::Same);
        }
        let excusable = !runs.iter().any(|(_, output)| crashed(output));
        for (engine, output) in runs.iter().filter(|_| excusable) {
            if self.relies_on_luck(engine, output)? {
                return Ok(Verdict::Undefined);
            }
        }
        Ok(Verdict::Differs(found))
    }

    /// Whether the program, which ends thus under the engine, relies on which of several borders `#` finds, or
    /// on the sign of a NaN.
    fn relies_on_luck(&self, engine: &Engine, output: &Output) -> Result<bool, String> {
        let command = [self.ours, &["--stress=border,nan".to_string()]].concat();
        // An executable knows no stress modes.
        let of_command = engine.builds.then_some(&ENGINES[0]);
        let usual = of_command.map(|e| self.launch(self.ours, Some(e), FILE, LIMIT));
        let usual = usual.transpose()?;
        let (engine, output) = (of_command.unwrap_or(engine), usual.as_ref().unwrap_or(output));
        let other = self.launch(&command, Some(engine), FILE, LIMIT)?;
        // Where `#` answers what is no border at all, the command says so in that mode.
        if String::from_utf8_lossy(&other.stderr).contains(NO_BORDER) {
            return Ok(false);
        }
        Ok(other.end != output.end || other.stdout != output.stdout || other.stderr != output.stderr)
    }

    /// What the reference does with a program.
    pub fn expected(&self, text: &str) -> Result<Output, String> {
        self.expected_of_file(text, FILE)
    }

    /// What the reference does with a program whose file has that name.
    pub fn expected_of_file(&self, text: &str, name: &str) -> Result<Output, String> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        let (command, engine) = match self.peer {
            Some(peer) => (peer, None),
            None => (self.ours, self.engines.first().copied()),
        };
        self.launch(command, engine, name, REFERENCE_LIMIT)
    }

    fn launch(
        &self,
        command: &[String],
        engine: Option<&Engine>,
        name: &str,
        limit: Duration,
    ) -> Result<Output, String> {
        let mut words = command.to_vec();
        if engine.is_some_and(|e| e.builds) {
            words.push(format!("--without={MISSING}"));
        }
        words.push(name.to_string());
        let mut output = process::run(&Job {
            command: &words,
            engine,
            dir: self.dir,
            stdin: b"",
            limit,
        })?;
        output.stdout = normal(&output.stdout);
        output.stderr = normal(&same_name(&output.stderr, &command[0]));
        Ok(output)
    }
}

/// Whether a run ended as no program can make it end.
fn crashed(output: &Output) -> bool {
    matches!(output.end, End::Signal(_) | End::Code(101))
}

/// What the engines do otherwise than the reference.
fn differences(runs: &[(&'static Engine, Output)], reference: &Output) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for (engine, output) in runs {
        let Some(what) = difference(output, reference) else {
            continue;
        };
        match found.iter_mut().find(|other| other.sign == what.sign) {
            Some(other) => other.engines.push(engine.name),
            None => found.push(Difference {
                engines: vec![engine.name],
                ..what
            }),
        }
    }
    for what in &mut found {
        let engines = what.engines.join(" and ");
        what.text = format!("{engines}: {}", what.text);
        what.sign = format!("{engines}: {}", what.sign);
    }
    found
}

/// The first difference that matters, without the engine.
fn difference(ours: &Output, reference: &Output) -> Option<Difference> {
    let known = |text: String| {
        Some(Difference {
            engines: Vec::new(),
            sign: without_digits(&text),
            text,
        })
    };
    if !matches!(ours.end, End::Code(_)) || crashed(ours) {
        return known(format!("ended with {}: {}", ours.end, last_line(&ours.stderr)));
    }
    let streams = [
        ("stdout", &ours.stdout, &reference.stdout),
        ("stderr", &ours.stderr, &reference.stderr),
    ];
    for (name, a, b) in streams {
        if a != b {
            let (a, b) = first_difference(a, b);
            let sign = format!("{name}: {}", differing_words(&a, &b));
            return Some(Difference {
                engines: Vec::new(),
                text: format!("{name}: expected {b:?}, got {a:?}"),
                sign,
            });
        }
    }
    if ours.end == reference.end {
        None
    } else {
        known(format!("expected {}, got {}", reference.end, ours.end))
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The first words in which two lines differ, without digits.
fn differing_words(a: &str, b: &str) -> String {
    let words = |line: &str| -> Vec<String> {
        let separate = |c: char| !c.is_alphanumeric() && c != '_';
        without_digits(line)
            .split(separate)
            .filter(|w| !w.is_empty())
            .map(str::to_string)
            .collect()
    };
    let (left, right) = (words(a), words(b));
    let at = left.iter().zip(&right).take_while(|(x, y)| x == y).count();
    let word = |list: &[String]| list.get(at).cloned().unwrap_or_else(|| "(end)".to_string());
    format!("{} for {}", word(&left), word(&right))
}

fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .last()
        .unwrap_or("")
        .to_string()
}

fn first_difference(a: &[u8], b: &[u8]) -> (String, String) {
    let (a, b) = (String::from_utf8_lossy(a), String::from_utf8_lossy(b));
    let (mut left, mut right) = (a.split('\n'), b.split('\n'));
    loop {
        match (left.next(), right.next()) {
            (Some(x), Some(y)) if x == y => {}
            (x, y) => {
                return (x.unwrap_or("(end)").to_string(), y.unwrap_or("(end)").to_string());
            }
        }
    }
}

/// Replaces the program's own name where a message begins.
fn same_name(bytes: &[u8], program: &str) -> Vec<u8> {
    let prefix = format!("{program}: ").into_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        match line.strip_prefix(&prefix[..]) {
            Some(rest) => {
                out.extend_from_slice(b"lua: ");
                out.extend_from_slice(rest);
            }
            None => out.extend_from_slice(line),
        }
    }
    out
}

/// Takes out what implementations may choose: the sign of a NaN, addresses.
pub fn normal(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"-nan") {
            out.extend_from_slice(b"nan");
            rest = after;
        } else if let Some(after) = rest.strip_prefix(b": 0x") {
            out.extend_from_slice(b": ADDRESS");
            let digits = after.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            rest = &after[digits..];
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}
