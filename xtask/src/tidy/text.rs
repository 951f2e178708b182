//! Checks of the text itself.

use super::allowed::ISLANDS;

/// Words that stand for work not done, spelt in two halves so that this file passes.
const UNDONE: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("FIX", "ME"),
    ("XX", "X"),
];
/// Where paths of one machine begin.
const MACHINE: &[(&str, &str)] = &[
    ("/ho", "me/"),
    ("/ro", "ot/"),
    ("/Us", "ers/"),
    ("/work", "/"),
    ("C:", "\\Users"),
];

/// Checks a Rust file.
pub fn check(name: &str, source: &str, complaints: &mut Vec<String>) {
    if !source.starts_with("//!") && !source.starts_with("#![") {
        complaints.push(format!(
            "{name}:1: the first line is not a `//!` that says what the file is for"
        ));
    }
    check_plain(name, source, complaints);
    let island = ISLANDS.iter().any(|i| name.starts_with(i));
    let mut in_text = false;
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        if !island && !in_text && uses_unsafe(code) {
            complaints.push(format!("{name}:{}: unsafe outside the islands", number + 1));
        }
        // Raw strings are left alone; ordinary ones do not hold the word.
        in_text = (in_text || code.contains("r#\"")) && !line.contains("\"#");
    }
}

/// Checks any text file of ours.
pub fn check_plain(name: &str, source: &str, complaints: &mut Vec<String>) {
    for (number, line) in source.lines().enumerate() {
        let mut complain = |what: String| complaints.push(format!("{name}:{}: {what}", number + 1));
        if line.ends_with([' ', '\t', '\r']) && !line.starts_with("-->") {
            complain("blanks at the end of the line".to_string());
        }
        if name.ends_with(".rs") {
            for (a, b) in UNDONE.iter().filter(|(a, b)| has_mark(line, &format!("{a}{b}"))) {
                complain(format!("{a}{b}"));
            }
        }
        for (a, b) in MACHINE.iter().filter(|(a, b)| line.contains(&format!("{a}{b}"))) {
            complain(format!("a path of one machine: {a}{b}"));
        }
    }
    if !source.is_empty() && !source.ends_with('\n') {
        complaints.push(format!("{name}: the last line has no end"));
    }
}

/// Whether code has the keyword, as opposed to `unsafe_code` and the like, or a string of it.
fn uses_unsafe(code: &str) -> bool {
    // Every second piece between quotes is text.
    let outside: Vec<&str> = code.split('"').step_by(2).collect();
    let separate = |c: char| !c.is_alphanumeric() && c != '_';
    outside
        .iter()
        .any(|piece| piece.split(separate).any(|word| word == "unsafe"))
}

/// Whether a mark of undone work stands in a line as a word (`\u{...}` patterns are none).
fn has_mark(line: &str, mark: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '{';
    line.match_indices(mark).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + mark.len()..].chars().next();
        !before.is_some_and(part) && (mark.ends_with('(') || !after.is_some_and(|c| c.is_alphanumeric()))
    })
}
