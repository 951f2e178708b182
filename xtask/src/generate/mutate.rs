//! Programs with one thing wrong, for the texts of syntax errors.

use super::tree::{Node, line, render};
use super::{Frame, Gen};

/// Tokens that may be put anywhere.
const TOKENS: &[&str] = &[
    "end",
    "do",
    "then",
    "=",
    "==",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "local",
    "function",
    "return",
    "break",
    "goto x",
    "::x::",
    "and",
    "not",
    "..",
    "...",
    "'",
    "\"",
    "[[",
    "]]",
    "--[[",
    "0x",
    "1e",
    "3a",
    "~",
    "<const>",
    "<close>",
    "<foo>",
    "global",
    "global *",
    "nil",
    "repeat",
    "until",
    "for",
    "in",
    "elseif",
    "else",
    "if",
    "while",
    ",",
    ";",
    ":",
    "::",
    ".",
    "#",
    "$",
    "@",
    "\\",
    "!",
    "\u{1}",
    "\u{e9}",
    "'\\q'",
    "'\\300'",
    "'\\x4'",
    "'\\u{110000000}'",
    "0x1p",
    "1..2",
    "\"\n\"",
    "[=",
    "[==",
    "x",
    "x.y",
    "x:y",
    "local x <const> = 1; x = 2",
    "break",
    "goto nowhere",
    "\0",
];

impl Gen {
    /// A program that loads many damaged sources and prints what load says.
    pub(super) fn syntax_errors(&mut self) -> Vec<Node> {
        self.budget = 30;
        self.frames = vec![Frame {
            vararg: true,
            loops: 0,
        }];
        let mut source = String::new();
        while source.len() < 200 {
            self.budget = 6;
            let body = self.scoped(Gen::statements);
            source.push_str(&render(&body));
        }
        let mut nodes = Vec::new();
        for _ in 0..self.rng.range(15, 40) {
            let damaged = self.damage(&source);
            nodes.push(line(format!("T(load({}, '=s'))", quote(&damaged))));
        }
        nodes.push(line("DONE()"));
        nodes
    }

    fn damage(&mut self, source: &str) -> String {
        let pieces = split(source);
        // A window, so that not every error is found at the first place.
        let start = self.rng.below(pieces.len());
        let mut window: Vec<String> = pieces[start..].iter().take(60).map(|p| p.to_string()).collect();
        for _ in 0..self.rng.range(1, 2) {
            let at = self.rng.below(window.len());
            let other = self.rng.below(window.len());
            match self.rng.below(5) {
                0 => window[at].clear(),
                1 => window.swap(at, other),
                2 => window[at] = format!("{0} {0}", window[at]),
                3 => window[at] = format!(" {} ", self.rng.pick(TOKENS)),
                _ => window.insert(at, format!(" {} ", self.rng.pick(TOKENS))),
            }
        }
        window.concat()
    }
}

/// Cuts a source into words, runs of blanks and single other characters.
fn split(source: &str) -> Vec<&str> {
    let class = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c.is_whitespace() {
            2
        } else {
            0
        }
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in source.char_indices() {
        let kind = class(c);
        if last.is_some_and(|l| l != kind || kind == 0) {
            pieces.push(&source[start..at]);
            start = at;
        }
        last = Some(kind);
    }
    pieces.push(&source[start..]);
    pieces
}

/// A Lua string literal of a text.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte as char]),
            b'\n' => out.push_str("\\n"),
            32..=126 => out.push(byte as char),
            _ => out.push_str(&format!("\\{byte:03}")),
        }
    }
    out.push('"');
    out
}
