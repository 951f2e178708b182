//! What a source text can be refused for.

use crate::ast::Span;

/// What kind of refusal a [`SyntaxError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The source breaks a rule of the language.
    Syntax,
    /// The source is too deep or too large; the message has no position.
    Limit,
}

/// The source is not a valid chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The whole message, as `load` gives it: `chunk:line: text near 'token'`.
    pub message: Vec<u8>,
    /// The text alone, without position and without `near`.
    pub short: Vec<u8>,
    /// The line it is reported on.
    pub line: u32,
    /// Where in the source it was noticed.
    pub span: Span,
    /// What kind of refusal it is.
    pub kind: ErrorKind,
}

impl SyntaxError {
    /// Whether the source only ends too early, so that a prompt may ask for another line.
    pub fn is_incomplete(&self) -> bool {
        self.message.ends_with(b"<eof>")
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message))
    }
}

impl std::error::Error for SyntaxError {}

/// Why parsing ended without a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// The source is not valid.
    Syntax(Box<SyntaxError>),
    /// [`crate::ParseOptions::interrupt`] asked to stop.
    Interrupted,
    /// The callback of the source failed.
    Unreadable,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParseError::Syntax(e) => e.fmt(f),
            ParseError::Interrupted => f.write_str("interrupted"),
            ParseError::Unreadable => f.write_str("the source cannot be read"),
        }
    }
}

impl std::error::Error for ParseError {}

/// The result of a step of lexer or parser.
pub(crate) type Step<T> = Result<T, ParseError>;

/// The room for a chunk's name in messages, a final zero of C included.
const ID_SIZE: usize = 60;

/// How a chunk is called in messages: `=name` is taken as it is, `@file` is cut at the front, anything
/// else is source text, of which the first line is shown as `[string "..."]`.
pub fn chunk_id(source_name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ID_SIZE);
    push_chunk_id(&mut out, source_name);
    out
}

/// Appends what [`chunk_id`] gives.
pub fn push_chunk_id(out: &mut Vec<u8>, source_name: &[u8]) {
    match source_name {
        [b'=', name @ ..] => out.extend_from_slice(&name[..name.len().min(ID_SIZE - 1)]),
        [b'@', file @ ..] if file.len() < ID_SIZE => out.extend_from_slice(file),
        [b'@', file @ ..] => {
            out.extend_from_slice(b"...");
            out.extend_from_slice(&file[file.len() - (ID_SIZE - 4)..]);
        }
        text => push_string_id(out, text),
    }
}

fn push_string_id(out: &mut Vec<u8>, text: &[u8]) {
    // What `[string "..."]` and a final zero leave.
    let room = ID_SIZE - 15;
    let first_line = text.iter().position(|&b| b == b'\n');
    let (shown, end): (&[u8], &[u8]) = match first_line {
        None if text.len() < room => (text, b"\"]"),
        None => (text, b"...\"]"),
        Some(end) => (&text[..end], b"...\"]"),
    };
    out.extend_from_slice(b"[string \"");
    out.extend_from_slice(&shown[..shown.len().min(room)]);
    out.extend_from_slice(end);
}
