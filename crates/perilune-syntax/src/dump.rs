//! Tokens and trees -> text to read: the printers behind `perilune dump --stage=tokens` and
//! `--stage=ast`.

mod tree;

use crate::ast::Dialect;
use crate::error::ParseError;
use crate::lexer::Lexer;
use crate::number::float_to_text;
use crate::source::Source;
use crate::token::TokenKind;
use std::fmt::Write;

pub use tree::chunk;

/// One line per token: `line:start..end  kind  text`.
///
/// # Errors
/// A malformed token.
pub fn tokens(source: &[u8], chunk_name: &[u8]) -> Result<String, ParseError> {
    let mut lexer = Lexer::new(Source::whole(source), crate::chunk_id(chunk_name));
    let mut out = String::new();
    loop {
        let token = lexer.next_token()?;
        let span = token.span;
        let place = format!("{}:{}..{}", span.line, span.start, span.end);
        let (kind, text) = match token.kind {
            TokenKind::Eof => ("eof", String::new()),
            TokenKind::Int(i) => ("integer", i.to_string()),
            TokenKind::Float(f) => ("float", float(f)),
            TokenKind::Name(s) => ("name", plain(lexer.text(s))),
            TokenKind::Str(s) => ("string", quoted(lexer.text(s))),
            TokenKind::Char(c) => ("symbol", plain(&[c])),
            fixed => {
                let text = fixed.fixed_text().unwrap_or_default();
                let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
                (if word { "keyword" } else { "symbol" }, text.to_string())
            }
        };
        let _ = writeln!(out, "{}", format!("{place:<12} {kind:<8} {text}").trim_end());
        if token.kind == TokenKind::Eof {
            return Ok(out);
        }
    }
}

fn float(f: f64) -> String {
    String::from_utf8_lossy(&float_to_text(f, Dialect::Lua55)).into_owned()
}

fn plain(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A string literal in Lua's notation.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for part in bytes.utf8_chunks() {
        for c in part.valid().chars() {
            match c {
                '\'' => out.push(c),
                '\0'..' ' => out.push_str(&plain(&[c as u8])),
                _ => out.extend(c.escape_debug()),
            }
        }
        out.push_str(&plain(part.invalid()));
    }
    out.push('"');
    out
}
