//! Sampled programs -> a table of the opcodes that their bytecode holds.

use crate::paths;
use std::collections::BTreeMap;
use std::process::Command;

/// Prints how often each opcode occurs, and those that do not occur.
pub fn print(binary: &str, samples: &[String]) {
    let Some(counts) = count(binary, samples) else {
        println!(
            "(no opcode table: {} dump --stage=bytecode does not answer)",
            paths::shown(binary.as_ref())
        );
        return;
    };
    let mut rows: Vec<(&String, &u64)> = counts.iter().collect();
    rows.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
    println!("opcodes in {} sampled programs:", samples.len());
    for chunk in rows.chunks(6) {
        let cells: Vec<String> = chunk
            .iter()
            .map(|(name, n)| format!("{name:<11}{n:>7}"))
            .collect();
        println!("  {}", cells.join("  "));
    }
    let missing: Vec<String> = known()
        .into_iter()
        .filter(|op| !counts.contains_key(op))
        .collect();
    println!(
        "not reached: {}",
        if missing.is_empty() {
            "none".to_string()
        } else {
            missing.join(" ")
        }
    );
}

fn count(binary: &str, samples: &[String]) -> Option<BTreeMap<String, u64>> {
    let path = paths::target().join("fuzz-diff").join("sample.lua");
    let mut counts = BTreeMap::new();
    for sample in samples {
        std::fs::write(&path, sample).ok()?;
        let output = Command::new(binary)
            .args(["dump", "--stage=bytecode"])
            .arg(&path)
            .output()
            .ok()?;
        if !output.status.success() {
            continue;
        }
        for name in String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(mnemonic)
        {
            *counts.entry(name).or_insert(0) += 1;
        }
    }
    (!counts.is_empty()).then_some(counts)
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
fn known() -> Vec<String> {
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
