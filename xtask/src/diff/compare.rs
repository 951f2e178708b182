//! A program's text -> whether two implementations agree on it.

use crate::process::{self, End, Job, Output};
use std::path::Path;
use std::time::Duration;

/// The program's file name, part of many messages.
const FILE: &str = "prog.lua";
/// Longest run of the peer; a program that takes longer says nothing.
const PEER_LIMIT: Duration = Duration::from_secs(5);
/// Longest run of ours.
const OUR_LIMIT: Duration = Duration::from_secs(30);

/// Two implementations and the folder they run in.
pub struct Pair<'a> {
    /// Our command line.
    pub ours: &'a [String],
    /// The peer's command line.
    pub peer: &'a [String],
    /// Working directory; nobody else uses it.
    pub dir: &'a Path,
}

/// What a comparison says.
pub enum Verdict {
    /// Both did the same.
    Same,
    /// Nothing can be said: the peer did not come to an end, or what the language leaves open decides.
    Undefined,
    /// They differ.
    Differs(Difference),
}

/// A difference between two runs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What it is, for people.
    pub text: String,
    /// What it has in common with others of the same cause: the stream and the words that differ.
    pub sign: String,
}

impl Pair<'_> {
    /// Runs a program under both.
    pub fn check(&self, text: &str) -> Result<Verdict, String> {
        let peer = self.peer_output(text)?;
        if !matches!(peer.end, End::Code(_)) {
            return Ok(Verdict::Undefined);
        }
        let ours = self.launch(self.ours, FILE, OUR_LIMIT)?;
        let Some(difference) = difference(&ours, &peer) else {
            return Ok(Verdict::Same);
        };
        if self.relies_on_border(&ours)? {
            return Ok(Verdict::Undefined);
        }
        Ok(Verdict::Differs(difference))
    }

    /// Whether the program, which ends thus, relies on which of several borders `#` finds.
    fn relies_on_border(&self, ours: &Output) -> Result<bool, String> {
        let command = [self.ours, &["--stress=border".to_string()]].concat();
        let other = self.launch(&command, FILE, OUR_LIMIT)?;
        // Where `#` answers what is no border at all, the command panics in that mode.
        if other.end == End::Code(101) {
            return Ok(false);
        }
        Ok(other.end != ours.end || other.stdout != ours.stdout || other.stderr != ours.stderr)
    }

    /// What the peer does.
    pub fn peer_output(&self, text: &str) -> Result<Output, String> {
        self.peer_output_named(text, FILE)
    }

    /// What the peer does when the program's file has another name.
    pub fn peer_output_named(&self, text: &str, name: &str) -> Result<Output, String> {
        let path = self.dir.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        self.launch(self.peer, name, PEER_LIMIT)
    }

    fn launch(&self, command: &[String], name: &str, limit: Duration) -> Result<Output, String> {
        let mut words = command.to_vec();
        words.push(name.to_string());
        let mut output = process::run(&Job {
            command: &words,
            dir: self.dir,
            stdin: b"",
            limit,
        })?;
        output.stdout = normal(&output.stdout);
        output.stderr = normal(&same_name(&output.stderr, &command[0]));
        Ok(output)
    }
}

/// The first difference that matters, for people.
fn difference(ours: &Output, peer: &Output) -> Option<Difference> {
    let known = |text: String| {
        Some(Difference {
            sign: without_digits(&text),
            text,
        })
    };
    if !matches!(ours.end, End::Code(_)) || ours.end == End::Code(101) {
        return known(format!("ended with {}: {}", ours.end, last_line(&ours.stderr)));
    }
    let streams = [
        ("stdout", &ours.stdout, &peer.stdout),
        ("stderr", &ours.stderr, &peer.stderr),
    ];
    for (name, a, b) in streams {
        if a != b {
            let (a, b) = first_difference(a, b);
            let sign = format!("{name}: {}", differing_words(&a, &b));
            return Some(Difference {
                text: format!("{name}: expected {b:?}, got {a:?}"),
                sign,
            });
        }
    }
    if ours.end == peer.end {
        None
    } else {
        known(format!("expected {}, got {}", peer.end, ours.end))
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
