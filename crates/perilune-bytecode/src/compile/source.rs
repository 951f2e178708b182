//! The source text as the code generator needs it: offsets to lines, and the token at an offset.

use perilune_syntax::Lines;
use std::cell::Cell;

/// Lines and tokens of a source text.
pub(super) struct SourceMap<'a> {
    text: &'a [u8],
    lines: &'a Lines,
    /// The line found last.
    last: Cell<u32>,
}

impl<'a> SourceMap<'a> {
    /// The map of a text with these lines.
    pub(super) fn new(text: &'a [u8], lines: &'a Lines) -> Self {
        SourceMap {
            text,
            lines,
            last: Cell::new(1),
        }
    }

    /// The line, from 1, of the byte at `offset`.
    pub(super) fn line(&self, offset: u32) -> u32 {
        let last = self.last.get();
        if self.lines.is_on(last, offset) {
            return last;
        }
        // Code is mostly made in the order of the text.
        let next = last + 1;
        let line = if self.lines.start(next).is_some() && self.lines.is_on(next, offset) {
            next
        } else {
            self.lines.line(offset)
        };
        self.last.set(line);
        line
    }

    /// Offset just past the last byte before `offset` that is not white space.
    pub(super) fn end_before(&self, offset: u32) -> u32 {
        let mut i = (offset as usize).min(self.text.len());
        while i > 0 && is_space(self.text[i - 1]) {
            i -= 1;
        }
        i as u32
    }

    /// Offset of the first token at or behind `offset`.
    pub(super) fn token_start(&self, offset: u32) -> u32 {
        let mut i = offset as usize;
        loop {
            while self.text.get(i).copied().is_some_and(is_space) {
                i += 1;
            }
            let rest = self.text.get(i..).unwrap_or(&[]);
            if !rest.starts_with(b"--") {
                return i.min(self.text.len()) as u32;
            }
            i += 2 + match long_bracket(&rest[2..]) {
                Some(len) => len,
                None => rest[2..]
                    .iter()
                    .take_while(|&&c| c != b'\n' && c != b'\r')
                    .count(),
            };
        }
    }

    /// The token at or behind `offset` as an error message shows it, and the line it ends on.
    pub(super) fn near(&self, offset: u32) -> (Vec<u8>, u32) {
        let start = self.token_start(offset);
        let rest = &self.text[start as usize..];
        let len = token_length(rest);
        if len == 0 {
            return (b"<eof>".to_vec(), self.line(start));
        }
        let mut text = b"'".to_vec();
        text.extend_from_slice(&rest[..len]);
        text.push(b'\'');
        (text, self.line(start + len as u32 - 1))
    }
}

fn is_space(c: u8) -> bool {
    matches!(c, b' ' | b'\t'..=b'\r')
}

/// The length of the long bracket that `text` starts with, if it does.
fn long_bracket(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(b"[")?;
    let level = inner.iter().take_while(|&&c| c == b'=').count();
    if inner.get(level) != Some(&b'[') {
        return None;
    }
    let closes = |w: &[u8]| w[0] == b']' && w[level + 1] == b']' && w[1..=level].iter().all(|&c| c == b'=');
    let found = text[level + 2..].windows(level + 2).position(closes);
    Some(found.map_or(text.len(), |at| 2 * (level + 2) + at))
}

/// The length of the quoted string that `text` starts with.
fn quoted(text: &[u8]) -> usize {
    let mut i = 1;
    while i < text.len() && text[i] != text[0] {
        i += 1 + usize::from(text[i] == b'\\');
    }
    (i + 1).min(text.len())
}

/// The length of the token that `text` starts with; 0 at the end of the text.
fn token_length(text: &[u8]) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let is_word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    if is_word(first) {
        return text
            .iter()
            .take_while(|&&c| is_word(c) || (first.is_ascii_digit() && c == b'.'))
            .count();
    }
    if first == b'"' || first == b'\'' {
        return quoted(text);
    }
    if let Some(len) = long_bracket(text) {
        return len;
    }
    const OPERATORS: [&[u8]; 11] = [
        b"...", b"..", b"==", b"~=", b"<=", b">=", b"//", b"::", b"<<", b">>", b"->",
    ];
    OPERATORS
        .iter()
        .find(|op| text.starts_with(op))
        .map_or(1, |op| op.len())
}
