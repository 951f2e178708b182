//! Sampled programs -> what they reach: opcodes in their bytecode, metamethods that run, messages that
//! the peer prints.

use super::messages::{MESSAGES, occurs};
use crate::paths;
use crate::process::{self, Job, Output};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Lua code that makes `setmetatable` note which metamethods are set, and which of them run.
const TRACE: &str = include_str!("trace.lua");
/// Longest run of a sample.
const LIMIT: Duration = Duration::from_secs(5);
/// Columns of opcodes and messages.
const COLUMNS: usize = 5;

/// What the samples reach.
pub struct Reach {
    programs: usize,
    /// How often each opcode stands in their bytecode; empty if the command does not print it.
    opcodes: BTreeMap<String, u64>,
    /// In how many programs each event is set in a metatable, and in how many it runs.
    events: BTreeMap<String, (u64, u64)>,
    /// In the outputs of how many programs each message occurs.
    messages: BTreeMap<&'static str, u64>,
}

/// Prints what the samples reach.
pub fn print(binary: &str, peer: &[String], samples: &[String]) {
    match measure(binary, peer, samples) {
        Ok(reach) => print!("{}", reach.text()),
        Err(e) => println!("(what the programs reach is not known: {e})"),
    }
}

/// Looks at the samples' bytecode and lets the peer run them, as they are and traced.
pub fn measure(binary: &str, peer: &[String], samples: &[String]) -> Result<Reach, String> {
    let mut reach = Reach {
        programs: samples.len(),
        opcodes: BTreeMap::new(),
        events: known_events().into_iter().map(|e| (e, (0, 0))).collect(),
        messages: MESSAGES
            .iter()
            .flat_map(|(_, list)| *list)
            .map(|m| (*m, 0))
            .collect(),
    };
    let dir = paths::target().join("fuzz-diff");
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let path = dir.join("sample.lua");
    for sample in samples {
        let plain = run(peer, &path, sample)?;
        let text = [plain.stdout, plain.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        for (message, count) in &mut reach.messages {
            *count += u64::from(text.iter().any(|t| occurs(message, t)));
        }
        count_opcodes(binary, &path, &mut reach.opcodes);
        let traced = run(peer, &path, &format!("{TRACE}{sample}"))?;
        for line in String::from_utf8_lossy(&traced.stderr).lines() {
            reach.note(line);
        }
    }
    Ok(reach)
}

fn run(peer: &[String], path: &PathBuf, text: &str) -> Result<Output, String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut command = peer.to_vec();
    command.push("sample.lua".to_string());
    process::run(&Job {
        command: &command,
        dir: path.parent().unwrap_or(path),
        stdin: b"",
        limit: LIMIT,
        engine: None,
    })
}

fn count_opcodes(binary: &str, path: &PathBuf, counts: &mut BTreeMap<String, u64>) {
    let output = Command::new(binary)
        .args(["dump", "--stage=bytecode"])
        .arg(path)
        .output();
    let Ok(output) = output else { return };
    for name in String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(mnemonic)
    {
        *counts.entry(name).or_insert(0) += 1;
    }
}

impl Reach {
    /// Counts a line of the trace: `@set __add` or `@ran __add`.
    fn note(&mut self, line: &str) {
        let Some((what, event)) = line.strip_prefix('@').and_then(|l| l.split_once(' ')) else {
            return;
        };
        if let Some(counts) = self.events.get_mut(event) {
            match what {
                "set" => counts.0 += 1,
                "ran" => counts.1 += 1,
                _ => {}
            }
        }
    }

    /// The tables, as plain text that is Markdown too.
    pub fn text(&self) -> String {
        let mut out = format!("What {} generated programs reach.\n", self.programs);
        out.push_str("\nOpcodes, by how often they stand in the bytecode:\n\n");
        let mut rows: Vec<(&String, &u64)> = self.opcodes.iter().collect();
        rows.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let cells: Vec<String> = rows.iter().map(|(name, n)| format!("{name} {n}")).collect();
        out.push_str(&table(&cells));
        let missing = known_opcodes()
            .into_iter()
            .filter(|op| !self.opcodes.contains_key(op));
        out.push_str(&not_reached(missing.collect()));
        out.push_str(
            "\nMetamethods, by programs in whose metatables they are and programs in which they run\n",
        );
        out.push_str("(`__name`, `__mode` and `__metatable` are no functions):\n\n");
        let cells: Vec<String> = self
            .events
            .iter()
            .map(|(e, (set, ran))| format!("`{e}` {set}, {ran}"))
            .collect();
        out.push_str(&table(&cells));
        let functions = self.events.iter().filter(|(e, _)| !VALUES.contains(&e.as_str()));
        let missing = functions
            .filter(|(_, (_, ran))| *ran == 0)
            .map(|(e, _)| format!("`{e}`"));
        out.push_str(&not_reached(missing.collect()));
        for (part, list) in MESSAGES {
            out.push_str(&format!("\nMessages of {part}, by programs that show them:\n\n"));
            let count = |message: &&str| self.messages.get(*message).copied().unwrap_or(0);
            for message in list.iter().filter(|m| count(m) > 0) {
                out.push_str(&format!("- {}: `{message}`\n", count(message)));
            }
            let missing = list.iter().filter(|m| count(m) == 0).map(|m| format!("`{m}`"));
            out.push_str(&not_reached(missing.collect()));
        }
        out
    }
}

/// Events whose values are not called.
const VALUES: &[&str] = &["__name", "__mode", "__metatable"];

/// A Markdown table without a head.
fn table(cells: &[String]) -> String {
    let mut out = format!("|{}\n|{}\n", " |".repeat(COLUMNS), "---|".repeat(COLUMNS));
    for row in cells.chunks(COLUMNS) {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out
}

fn not_reached(missing: Vec<String>) -> String {
    match missing.is_empty() {
        true => "\nNot reached: none.\n".to_string(),
        false => format!("\nNot reached: {}.\n", missing.join(", ")),
    }
}

/// The metamethods' names, from the runtime's list of them.
fn known_events() -> Vec<String> {
    let path = paths::root().join("crates/perilune-runtime/src/heap/mod.rs");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let list = text
        .split_once("events! {\n")
        .and_then(|(_, rest)| rest.split_once("\n}"));
    let quoted = |list: &str| list.split('"').skip(1).step_by(2).map(str::to_string).collect();
    list.map(|(list, _)| quoted(list)).unwrap_or_default()
}

/// The mnemonic of a line such as `>  12 [3] GETFIELD   R1 ...`.
fn mnemonic(line: &str) -> Option<String> {
    let (_, after) = line.split_once("] ")?;
    line.trim_start_matches('>')
        .trim_start()
        .chars()
        .next()
        .filter(char::is_ascii_digit)?;
    let name = after.split_whitespace().next()?;
    name.chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        .then(|| name.to_string())
}

/// All mnemonics, from the rows of the opcode table: `NAME method (operands) [effects],`.
fn known_opcodes() -> Vec<String> {
    let path = paths::root().join("crates/perilune-bytecode/src/ops.rs");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let (name, method) = (words.next()?, words.next()?);
        let upper = name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let lower = method
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
        (upper && lower && line.contains('(')).then(|| name.to_string())
    };
    text.lines().filter_map(row).collect()
}
