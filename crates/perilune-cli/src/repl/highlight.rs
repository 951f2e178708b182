//! A line being typed -> the same line with colours.

use perilune_syntax::token::{Token, TokenKind};
use perilune_syntax::{Lexer, ParseError, Source};
use std::ops::Range;

/// What a stretch of text is, to be shown in a colour of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A reserved word.
    Keyword,
    /// A string literal, or a string value.
    Text,
    /// A numeral, or a number.
    Number,
    /// `nil`, `true`, `false`.
    Literal,
    /// A comment.
    Comment,
    /// A bracket whose mate is at the cursor.
    Bracket,
    /// A command of the prompt.
    Command,
    /// A value that has no notation.
    Opaque,
    /// Anything else.
    Plain,
}

impl Class {
    /// The escape sequence that begins it; empty for plain text.
    fn code(self) -> &'static str {
        match self {
            Class::Keyword => "\x1b[35m",
            Class::Text => "\x1b[32m",
            Class::Number => "\x1b[36m",
            Class::Literal => "\x1b[33m",
            Class::Comment | Class::Opaque => "\x1b[90m",
            Class::Bracket => "\x1b[1;4m",
            Class::Command => "\x1b[1m",
            Class::Plain => "",
        }
    }

    /// Appends text in its colour.
    pub fn paint(self, out: &mut String, text: &str) {
        match self.code() {
            "" => out.push_str(text),
            code => {
                out.push_str(code);
                out.push_str(text);
                out.push_str("\x1b[0m");
            }
        }
    }
}

/// The tokens of a source, and where it stops to be tokens, if it does: an unfinished string, comment or
/// numeral.
pub struct Tokens {
    /// The tokens, without the end.
    pub all: Vec<Token>,
    /// Where the broken one begins.
    pub broken: Option<usize>,
}

/// Splits a source that may be incomplete.
pub fn tokens(source: &str) -> Tokens {
    let mut lexer = Lexer::new(Source::whole(source.as_bytes()), Vec::new());
    let mut all = Vec::new();
    loop {
        match lexer.next_token() {
            Ok(t) if t.kind == TokenKind::Eof => return Tokens { all, broken: None },
            Ok(t) => all.push(t),
            Err(ParseError::Syntax(e)) => {
                let broken = Some(e.span.start as usize);
                return Tokens { all, broken };
            }
            Err(ParseError::Interrupted | ParseError::Unreadable) => return Tokens { all, broken: None },
        }
    }
}

/// What each stretch of a source is, in order and without gaps; `cursor` is where brackets are matched.
fn classes(source: &str, cursor: Option<usize>) -> Vec<(Range<usize>, Class)> {
    let Tokens { all, broken } = tokens(source);
    let pair = cursor.and_then(|at| brackets(&all, at));
    let mut out = Vec::new();
    let mut at = 0;
    for t in &all {
        let span = t.span.start as usize..t.span.end as usize;
        gap(&mut out, source, at..span.start);
        let matched = pair.is_some_and(|(a, b)| a == span.start || b == span.start);
        out.push((span.clone(), if matched { Class::Bracket } else { class(t.kind) }));
        at = span.end;
    }
    let end = broken.unwrap_or(source.len());
    gap(&mut out, source, at..end);
    let rest = &source[end..];
    out.push((
        end..source.len(),
        match rest.as_bytes().first() {
            Some(b'"' | b'\'' | b'[') => Class::Text,
            Some(b'-') => Class::Comment,
            Some(_) | None => Class::Plain,
        },
    ));
    out
}

/// What is between tokens: blanks and comments.
fn gap(out: &mut Vec<(Range<usize>, Class)>, source: &str, range: Range<usize>) {
    let start = source[range.clone()]
        .find("--")
        .map_or(range.end, |i| range.start + i);
    out.push((range.start..start, Class::Plain));
    out.push((start..range.end, Class::Comment));
}

fn class(kind: TokenKind) -> Class {
    match kind {
        TokenKind::Nil | TokenKind::True | TokenKind::False => Class::Literal,
        TokenKind::Int(_) | TokenKind::Float(_) => Class::Number,
        TokenKind::Str(_) => Class::Text,
        TokenKind::Name(_) | TokenKind::Char(_) | TokenKind::Eof => Class::Plain,
        fixed => {
            let text = fixed.fixed_text().unwrap_or_default();
            let word = text.starts_with(|c: char| c.is_ascii_alphabetic());
            if word { Class::Keyword } else { Class::Plain }
        }
    }
}

/// The bracket under the cursor, or else before it, and its mate.
fn brackets(tokens: &[Token], cursor: usize) -> Option<(usize, usize)> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for t in tokens {
        let TokenKind::Char(c) = t.kind else { continue };
        match c {
            b'(' | b'[' | b'{' => open.push((c, t.span.start as usize)),
            b')' | b']' | b'}' => {
                let mate = open.pop()?;
                if !matches!((mate.0, c), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                    return None;
                }
                pairs.push((mate.1, t.span.start as usize));
            }
            _ => {}
        }
    }
    let at = |place: usize| pairs.iter().copied().find(|p| p.0 == place || p.1 == place);
    at(cursor).or_else(|| at(cursor.checked_sub(1)?))
}

/// The line in colours: what is after the first `skipped` bytes of the source, which come from earlier
/// lines or are a command's name. The cursor is an offset in the source.
pub fn paint(source: &str, skipped: usize, cursor: Option<usize>) -> String {
    let mut out = String::new();
    for (range, class) in classes(source, cursor) {
        let range = range.start.max(skipped)..range.end.max(skipped);
        if !range.is_empty() {
            class.paint(&mut out, &source[range]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Class, classes, paint};

    fn shown(source: &str) -> Vec<(&str, Class)> {
        let all = classes(source, None).into_iter();
        all.filter(|(r, c)| !r.is_empty() && *c != Class::Plain)
            .map(|(r, c)| (&source[r], c))
            .collect()
    }

    #[test]
    fn classes_follow_the_lexer() {
        assert_eq!(
            shown("if x == 'a' then return 0x1F, nil end -- why"),
            [
                ("if", Class::Keyword),
                ("'a'", Class::Text),
                ("then", Class::Keyword),
                ("return", Class::Keyword),
                ("0x1F", Class::Number),
                ("nil", Class::Literal),
                ("end", Class::Keyword),
                ("-- why", Class::Comment),
            ]
        );
    }

    #[test]
    fn unfinished_words_have_the_class_of_their_beginning() {
        assert_eq!(shown("x = 'ab"), [("'ab", Class::Text)]);
        assert_eq!(shown("x = [==[ab]]"), [("[==[ab]]", Class::Text)]);
        assert_eq!(shown("x --[[ab"), [("--[[ab", Class::Comment)]);
        assert_eq!(shown("x = 3x"), []);
        assert_eq!(
            shown("'ünï' --[[é]] 'ö"),
            [
                ("'ünï'", Class::Text),
                ("--[[é]] ", Class::Comment),
                ("'ö", Class::Text),
            ]
        );
    }

    #[test]
    fn the_mate_of_the_bracket_at_the_cursor_is_marked() {
        let marked = |source: &str, cursor| -> Vec<usize> {
            let all = classes(source, Some(cursor)).into_iter();
            all.filter(|c| c.1 == Class::Bracket).map(|c| c.0.start).collect()
        };
        assert_eq!(marked("f(a[1])", 7), [1, 6]);
        assert_eq!(marked("f(a[1])", 3), [3, 5]);
        assert_eq!(marked("f(')')", 6), [1, 5]);
        assert_eq!(marked("f(]", 1), [0; 0]);
        assert_eq!(marked("(x", 0), [0; 0]);
    }

    #[test]
    fn what_was_typed_before_is_context_only() {
        let source = "s = [[one\ntwo]] + 1";
        assert_eq!(paint(source, 10, None), "\x1b[32mtwo]]\x1b[0m + \x1b[36m1\x1b[0m");
    }
}
