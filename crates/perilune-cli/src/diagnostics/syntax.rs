//! A syntax error -> the places in the source that it is about.

use super::excerpt::Mark;
use perilune_syntax::ast::Span;
use perilune_syntax::check::nearest;
use perilune_syntax::token::{Token, TokenKind};
use perilune_syntax::{Lexer, Source, SyntaxError};

/// The tokens of a text, up to the first that is malformed.
pub fn tokens(text: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer::new(Source::whole(text), Vec::new());
    let mut all = Vec::new();
    while let Ok(token) = lexer.next_token() {
        if token.kind == TokenKind::Eof {
            break;
        }
        all.push(token);
    }
    all
}

/// The places that a refusal of `text` is about.
pub fn marks(text: &[u8], error: &SyntaxError) -> Vec<Mark> {
    let message = String::from_utf8_lossy(&error.message).into_owned();
    let all = tokens(text);
    let words = |t: &Token| &text[t.span.start as usize..t.span.end as usize];
    if let Some((label, line)) = jump(&message) {
        let is_jump = |w: &&[Token]| {
            w[0].kind == TokenKind::Goto && w[0].span.line == line && words(&w[1]) == label.as_bytes()
        };
        let jumps: Vec<&[Token]> = all.windows(2).filter(is_jump).collect();
        if let [w] = jumps[..] {
            let end = w[1].span.end;
            return vec![Mark::primary(Span { end, ..w[0].span })];
        }
    }
    let mut marks = vec![Mark::primary(noticed(text, error.span, &all))];
    if let Some((opening, line)) = opened(&message) {
        let is_it = |t: &&Token| t.span.line == line && words(t) == opening.as_bytes();
        let found: Vec<&Token> = all.iter().filter(is_it).collect();
        if let [one] = found[..] {
            marks.push(Mark::context(one.span, format!("'{opening}' is not closed")));
        }
    }
    marks
}

/// Where an error was noticed: errors about a meaning stand behind the last token used.
fn noticed(text: &[u8], span: Span, all: &[Token]) -> Span {
    if span.end > span.start || span.start as usize >= text.len() {
        return span;
    }
    let last = all.iter().rfind(|t| t.span.end == span.start);
    last.map_or(span, |t| t.span)
}

/// For a name that is not declared, the name that was probably meant: one that the text before it uses.
pub fn suggestion(text: &[u8], error: &SyntaxError) -> Option<String> {
    let short = error.short.strip_prefix(b"variable '")?;
    let wanted = short.strip_suffix(b"' not declared")?;
    let all = tokens(text);
    let before = all.iter().take_while(|t| t.span.end < error.span.start);
    let names = before.filter(|t| matches!(t.kind, TokenKind::Name(_)));
    let names = names.map(|t| &text[t.span.start as usize..t.span.end as usize]);
    let found = nearest(wanted, names)?;
    Some(String::from_utf8_lossy(found).into_owned())
}

/// `no visible label 'x' for <goto> at line N`, `<goto x> at line N jumps into ...`
fn jump(message: &str) -> Option<(&str, u32)> {
    if let Some((_, rest)) = message.split_once("no visible label '") {
        let (label, line) = rest.split_once("' for <goto> at line ")?;
        return Some((label, line.parse().ok()?));
    }
    let (_, rest) = message.split_once("<goto ")?;
    let (label, rest) = rest.split_once("> at line ")?;
    let (line, _) = rest.split_once(' ')?;
    Some((label, line.parse().ok()?))
}

/// `'end' expected (to close 'if' at line N) near ...`
fn opened(message: &str) -> Option<(&str, u32)> {
    let (_, rest) = message.split_once("expected (to close '")?;
    let (opening, rest) = rest.split_once("' at line ")?;
    let (line, _) = rest.split_once(')')?;
    Some((opening, line.parse().ok()?))
}

/// The code on a line, from its first token to its last.
pub fn code_on(text: &[u8], line: u32) -> Option<Span> {
    let all = tokens(text);
    let mut on_line = all.iter().filter(|t| t.span.line == line);
    let first = on_line.next()?.span;
    let end = on_line.next_back().map_or(first.end, |t| t.span.end);
    Some(Span { end, ..first })
}
