//! Source text -> the findings that its comments silence.

use super::Code;
use crate::ast::Span;
use crate::lexer::Lexer;
use crate::source::Source;
use crate::token::TokenKind;
use std::collections::BTreeSet;

/// What a comment begins with that silences findings; their codes follow.
const MARK: &[u8] = b"check: ignore";

/// Which codes are silent on which lines.
#[derive(Default)]
pub(super) struct Silenced(BTreeSet<(u32, Code)>);

impl Silenced {
    /// Reads the comments of a text.
    pub(super) fn of(text: &[u8]) -> Silenced {
        let mut silenced = Silenced::default();
        if !text.windows(MARK.len()).any(|w| w == MARK) {
            return silenced;
        }
        let mut lexer = Lexer::new(Source::whole(text), Vec::new());
        let mut last = Span::default();
        let mut last_line = 0;
        while let Ok(token) = lexer.next_token() {
            let gap = &text[last.end as usize..token.span.start as usize];
            silenced.read_gap(gap, last_line, token.span.line);
            if token.kind == TokenKind::Eof {
                break;
            }
            last = token.span;
            last_line = lexer.line();
        }
        silenced
    }

    /// Reads what is between a token that ends on line `before` (0: none) and one on line `after`.
    fn read_gap(&mut self, gap: &[u8], before: u32, after: u32) {
        let first = before.max(1);
        for (n, line) in gap.split(|b| *b == b'\n').enumerate() {
            let Some(comment) = line.trim_ascii_start().strip_prefix(b"--") else {
                continue;
            };
            let Some(codes) = comment.trim_ascii_start().strip_prefix(MARK) else {
                continue;
            };
            let at = first + n as u32;
            // Alone on its line it is about the next code.
            let line = if at == before { at } else { after };
            for word in codes.split(|b| matches!(b, b',' | b' ' | b'\t' | b'\r')) {
                if let Some(code) = Code::named(&String::from_utf8_lossy(word)) {
                    self.0.insert((line, code));
                }
            }
        }
    }

    /// Whether a finding of this code on this line is silent.
    pub(super) fn has(&self, line: u32, code: Code) -> bool {
        self.0.contains(&(line, code))
    }
}
