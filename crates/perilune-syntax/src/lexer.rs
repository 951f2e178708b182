//! Source bytes -> tokens.

use crate::ast::{Span, Symbol};
use crate::error::{ErrorKind, ParseError, Step, SyntaxError};
use crate::lines::Lines;
use crate::number::{Num, hex_digit, is_space, str_to_number};
use crate::source::Source;
use crate::symbols::Interner;
use crate::token::{Token, TokenKind, reserved};

/// Skips a byte order mark and a first line that starts with `#`, as loading a file does. The line
/// break stays, so lines keep their numbers.
pub fn skip_shebang(source: &[u8]) -> &[u8] {
    let source = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
    if source.first() != Some(&b'#') {
        return source;
    }
    let end = source.iter().position(|&b| b == b'\n').unwrap_or(source.len());
    &source[end..]
}

/// Whether a long bracket starts here, as `skip_separator` finds it.
enum Bracket {
    /// `[=*[`: its level plus 2, the length of the whole.
    Long(usize),
    /// One bracket alone.
    Single,
    /// `[=` without a second bracket.
    Broken,
}

/// The lexer: turns source bytes into tokens, one at a time. It has looked at one byte after what it
/// has read, never at more; in a chunk that comes in pieces this shows.
pub struct Lexer<'s> {
    pub(crate) source: Source<'s>,
    pos: usize,
    /// The line of `pos`.
    line: u32,
    /// The lines up to `pos`.
    pub(crate) lines: Lines,
    /// Start of the token being read.
    start: usize,
    start_line: u32,
    /// What an error message shows of the string being read or read last; empty when that is the
    /// token's source text.
    shown: Vec<u8>,
    chunk: Vec<u8>,
    pub(crate) symbols: Interner,
}

fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}

/// Whether each byte may be part of a name.
const NAME_PARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = (b as u8).is_ascii_alphanumeric() || b as u8 == b'_';
        b += 1;
    }
    table
};

impl<'s> Lexer<'s> {
    /// A lexer over `source`; `chunk` is how messages call it (see [`crate::chunk_id`]).
    pub fn new(source: Source<'s>, chunk: Vec<u8>) -> Self {
        Lexer {
            source,
            pos: 0,
            line: 1,
            lines: Lines::default(),
            start: 0,
            start_line: 1,
            shown: Vec::new(),
            chunk,
            symbols: Interner::default(),
        }
    }

    /// The bytes of a symbol of a token.
    pub fn text(&self, s: Symbol) -> &[u8] {
        self.symbols.symbols().text(s)
    }

    /// The line the lexer has come to: that of the end of the token read last.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Reads the next token; at the end of the source it is [`TokenKind::Eof`] again and again.
    ///
    /// # Errors
    /// A malformed token, or that the source cannot be read.
    pub fn next_token(&mut self) -> Result<Token, ParseError> {
        let mut token = Token {
            kind: TokenKind::Eof,
            span: self.span(),
        };
        self.read(&mut token)?;
        Ok(token)
    }

    /// Reads the next token into `token`.
    pub(crate) fn read(&mut self, token: &mut Token) -> Step<()> {
        if let Err(error) = self.scan(&mut token.kind) {
            return Err(self.look_past_token().err().unwrap_or(error));
        }
        token.span = self.span();
        if self.pos >= self.source.text.len() {
            self.look_past_token()?;
        }
        Ok(())
    }

    /// Looks at the byte after a token. A failure to read it comes before what else is wrong: until
    /// then, the source seemed to end.
    #[cold]
    #[inline(never)]
    fn look_past_token(&mut self) -> Step<()> {
        self.source.reach(self.pos + 1);
        if self.source.has_failed() {
            return Err(ParseError::Unreadable);
        }
        Ok(())
    }

    fn span(&self) -> Span {
        Span {
            start: self.start as u32,
            end: self.pos as u32,
            line: self.start_line,
        }
    }

    #[inline(always)]
    fn current(&mut self) -> Option<u8> {
        match self.source.text.get(self.pos) {
            Some(&b) => Some(b),
            None => self.pulled(),
        }
    }

    /// As [`Self::current`], where the bytes that are there end.
    #[cold]
    #[inline(never)]
    fn pulled(&mut self) -> Option<u8> {
        self.source.pull();
        self.source.text.get(self.pos).copied()
    }

    /// Moves to the next byte that `stop` accepts, or to the end of the source.
    #[inline(always)]
    fn skip_to(&mut self, stop: impl Fn(u8) -> bool) {
        loop {
            let rest = &self.source.text[self.pos..];
            if let Some(len) = rest.iter().position(|&b| stop(b)) {
                self.pos += len;
                return;
            }
            self.pos += rest.len();
            if !self.source.pull() {
                return;
            }
        }
    }

    fn begin(&mut self) {
        self.start = self.pos;
        self.start_line = self.line;
    }

    /// Takes the next byte if it is `c`.
    fn eat(&mut self, c: u8) -> bool {
        let found = self.current() == Some(c);
        self.pos += usize::from(found);
        found
    }

    /// Finds the next token. Its kind is written where it is wanted: what is copied as a whole just after
    /// it was written in parts is slow.
    #[inline(always)]
    fn scan(&mut self, kind: &mut TokenKind) -> Step<()> {
        loop {
            self.begin();
            let Some(c) = self.current() else {
                *kind = TokenKind::Eof;
                return Ok(());
            };
            match c {
                b'\n' | b'\r' => {
                    self.line_break();
                    continue;
                }
                b' ' | b'\t' | b'\x0B' | b'\x0C' => {
                    self.pos += 1;
                    continue;
                }
                b'-' => {
                    self.pos += 1;
                    if self.eat(b'-') {
                        self.comment()?;
                        continue;
                    }
                    *kind = TokenKind::Char(b'-');
                    return Ok(());
                }
                b'[' => match self.open_bracket()? {
                    Some(s) => *kind = TokenKind::Str(s),
                    None => *kind = TokenKind::Char(b'['),
                },
                b'"' | b'\'' => *kind = TokenKind::Str(self.string(c)?),
                b'.' => return self.dots(kind),
                b'0'..=b'9' => return self.numeral(kind),
                c if is_name_start(c) => self.name(kind),
                c => self.operator(c, kind),
            }
            return Ok(());
        }
    }

    /// Skips a line break: any of `\n`, `\r`, `\r\n`, `\n\r`.
    fn line_break(&mut self) {
        let first = self.source.text[self.pos];
        self.pos += 1;
        if let Some(second @ (b'\n' | b'\r')) = self.current()
            && second != first
        {
            self.pos += 1;
        }
        self.line += 1;
        self.lines.push(self.pos as u32);
    }

    /// Skips a comment whose `--` is already read.
    fn comment(&mut self) -> Step<()> {
        if self.current() == Some(b'[')
            && let Bracket::Long(sep) = self.skip_separator(b'[')
        {
            return self.long_bracket(sep, false);
        }
        self.skip_to(|b| matches!(b, b'\n' | b'\r'));
        Ok(())
    }

    /// Reads `[=*` or `]=*` and looks whether the same bracket follows.
    fn skip_separator(&mut self, bracket: u8) -> Bracket {
        self.pos += 1;
        let from = self.pos;
        while self.eat(b'=') {}
        let count = self.pos - from;
        if self.current() == Some(bracket) {
            Bracket::Long(count + 2)
        } else if count == 0 {
            Bracket::Single
        } else {
            Bracket::Broken
        }
    }

    /// A long string, or none where there is a bracket alone.
    fn open_bracket(&mut self) -> Step<Option<Symbol>> {
        match self.skip_separator(b'[') {
            Bracket::Single => Ok(None),
            Bracket::Broken => {
                self.shown.clear();
                self.fail_at_text("invalid long string delimiter")
            }
            Bracket::Long(sep) => {
                self.long_bracket(sep, true)?;
                let content = &self.shown[sep..self.shown.len() - sep];
                Ok(Some(self.symbols.intern(content)))
            }
        }
    }

    /// Reads a long string or comment from its second bracket on. A string is left in `shown`, with
    /// its brackets.
    fn long_bracket(&mut self, sep: usize, is_string: bool) -> Step<()> {
        let line = self.line;
        self.pos += 1;
        self.shown.clear();
        if is_string {
            self.shown
                .extend_from_slice(&self.source.text[self.pos - sep..self.pos]);
        }
        if matches!(self.current(), Some(b'\n' | b'\r')) {
            self.line_break();
        }
        loop {
            let from = self.pos;
            self.skip_to(|b| matches!(b, b']' | b'\n' | b'\r'));
            match self.current() {
                None => return self.unfinished_long(line, is_string),
                Some(b']') => {
                    if matches!(self.skip_separator(b']'), Bracket::Long(s) if s == sep) {
                        self.pos += 1;
                        if is_string {
                            self.shown.extend_from_slice(&self.source.text[from..self.pos]);
                        }
                        return Ok(());
                    }
                    if is_string {
                        self.shown.extend_from_slice(&self.source.text[from..self.pos]);
                    }
                }
                Some(_) => {
                    if is_string {
                        self.shown.extend_from_slice(&self.source.text[from..self.pos]);
                        self.shown.push(b'\n');
                    }
                    self.line_break();
                }
            }
        }
    }

    fn unfinished_long<T>(&mut self, line: u32, is_string: bool) -> Step<T> {
        let what = if is_string { "string" } else { "comment" };
        let text = format!("unfinished long {what} (starting at line {line})");
        Err(self.error(text.as_bytes(), Some(TokenKind::Eof)))
    }

    fn dots(&mut self, kind: &mut TokenKind) -> Step<()> {
        self.pos += 1;
        if self.eat(b'.') {
            *kind = TokenKind::Concat;
            if self.eat(b'.') {
                *kind = TokenKind::Dots;
            }
        } else if matches!(self.current(), Some(b'0'..=b'9')) {
            return self.numeral(kind);
        } else {
            *kind = TokenKind::Char(b'.');
        }
        Ok(())
    }

    /// Reads a numeral (an initial dot may be behind `pos` already). It takes all that could belong
    /// to one; the conversion decides whether it does.
    fn numeral(&mut self, kind: &mut TokenKind) -> Step<()> {
        let mut exponent = [b'e', b'E'];
        let first = self.source.text[self.pos];
        self.pos += 1;
        if first == b'0' && (self.eat(b'x') || self.eat(b'X')) {
            exponent = [b'p', b'P'];
        }
        while let Some(c) = self.current() {
            if exponent.contains(&c) {
                self.pos += 1;
                let _ = self.eat(b'-') || self.eat(b'+');
            } else if c.is_ascii_hexdigit() || c == b'.' {
                self.pos += 1;
            } else {
                // A numeral that touches a letter is malformed: take one to say so.
                self.pos += usize::from(is_name_start(c));
                break;
            }
        }
        match str_to_number(&self.source.text[self.start..self.pos]) {
            Some(Num::Int(i)) => *kind = TokenKind::Int(i),
            Some(Num::Float(f)) => *kind = TokenKind::Float(f),
            None => return Err(self.error(b"malformed number", Some(TokenKind::Float(0.0)))),
        }
        Ok(())
    }

    #[inline(always)]
    fn name(&mut self, kind: &mut TokenKind) {
        self.skip_to(|b| !NAME_PARTS[usize::from(b)]);
        let text = &self.source.text[self.start..self.pos];
        match reserved(text) {
            Some(word) => *kind = word,
            None => *kind = TokenKind::Name(self.symbols.intern(text)),
        }
    }

    #[inline(always)]
    fn operator(&mut self, c: u8, kind: &mut TokenKind) {
        self.pos += 1;
        *kind = match (c, self.current()) {
            (b'=', Some(b'=')) => TokenKind::Eq,
            (b'<', Some(b'=')) => TokenKind::Le,
            (b'<', Some(b'<')) => TokenKind::Shl,
            (b'>', Some(b'=')) => TokenKind::Ge,
            (b'>', Some(b'>')) => TokenKind::Shr,
            (b'/', Some(b'/')) => TokenKind::IDiv,
            (b'~', Some(b'=')) => TokenKind::Ne,
            (b':', Some(b':')) => TokenKind::DoubleColon,
            _ => {
                *kind = TokenKind::Char(c);
                return;
            }
        };
        self.pos += 1;
    }

    /// Reads a quoted string.
    fn string(&mut self, quote: u8) -> Step<Symbol> {
        self.shown.clear();
        let rest = &self.source.text[self.pos + 1..];
        let stop = |b: &u8| *b == quote || matches!(b, b'\\' | b'\n' | b'\r');
        if let Some(len) = rest.iter().position(stop)
            && rest[len] == quote
        {
            self.pos += len + 2;
            return Ok(self.symbols.intern(&rest[..len]));
        }
        self.string_with_escapes(quote)
    }

    /// As [`Self::string`], for any string. `shown` collects the quotes and the contents; while an
    /// escape sequence is read, also its source text, for error messages.
    fn string_with_escapes(&mut self, quote: u8) -> Step<Symbol> {
        self.keep();
        loop {
            match self.current() {
                None => return Err(self.error(b"unfinished string", Some(TokenKind::Eof))),
                Some(b'\n' | b'\r') => return self.fail_at_text("unfinished string"),
                Some(b'\\') => self.escape()?,
                Some(c) => {
                    self.keep();
                    if c == quote {
                        break;
                    }
                }
            }
        }
        let content = &self.shown[1..self.shown.len() - 1];
        Ok(self.symbols.intern(content))
    }

    /// Takes the current byte into `shown`.
    fn keep(&mut self) {
        if let Some(c) = self.current() {
            self.shown.push(c);
            self.pos += 1;
        }
    }

    fn escape(&mut self) -> Step<()> {
        let mark = self.shown.len();
        self.keep();
        let Some(c) = self.current() else {
            return Ok(());
        };
        let value = match c {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'"' | b'\'' => c,
            b'x' => self.hex_escape()?,
            b'0'..=b'9' => {
                let value = self.decimal_escape()?;
                self.replace_shown(mark, value);
                return Ok(());
            }
            b'\n' | b'\r' => {
                self.line_break();
                self.replace_shown(mark, b'\n');
                return Ok(());
            }
            b'u' => return self.utf8_escape(mark),
            b'z' => {
                self.shown.truncate(mark);
                self.pos += 1;
                self.skip_spaces();
                return Ok(());
            }
            _ => return self.fail_escape("invalid escape sequence"),
        };
        self.pos += 1;
        self.replace_shown(mark, value);
        Ok(())
    }

    fn replace_shown(&mut self, mark: usize, value: u8) {
        self.shown.truncate(mark);
        self.shown.push(value);
    }

    fn skip_spaces(&mut self) {
        while let Some(c) = self.current() {
            if matches!(c, b'\n' | b'\r') {
                self.line_break();
            } else if is_space(c) {
                self.pos += 1;
            } else {
                break;
            }
        }
    }

    /// Takes one byte and looks at the hexadecimal digit that must follow, without taking it.
    fn hex_digit_next(&mut self) -> Step<u8> {
        self.keep();
        match self.current().and_then(hex_digit) {
            Some(d) => Ok(d),
            None => self.fail_escape("hexadecimal digit expected"),
        }
    }

    /// `\xXX`, up to its last digit.
    fn hex_escape(&mut self) -> Step<u8> {
        let high = self.hex_digit_next()?;
        let low = self.hex_digit_next()?;
        Ok(high << 4 | low)
    }

    /// `\ddd`, whole.
    fn decimal_escape(&mut self) -> Step<u8> {
        let mut value = 0u32;
        for _ in 0..3 {
            let Some(d @ b'0'..=b'9') = self.current() else {
                break;
            };
            value = value * 10 + u32::from(d - b'0');
            self.keep();
        }
        match u8::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) => self.fail_escape("decimal escape too large"),
        }
    }

    /// `\u{XXX}`, whole; its bytes replace `shown` from `mark` on.
    fn utf8_escape(&mut self, mark: usize) -> Step<()> {
        self.keep();
        if self.current() != Some(b'{') {
            return self.fail_escape("missing '{'");
        }
        let mut value = u32::from(self.hex_digit_next()?);
        loop {
            self.keep();
            let Some(digit) = self.current().and_then(hex_digit) else {
                break;
            };
            if value > 0x7FFF_FFFF >> 4 {
                return self.fail_escape("UTF-8 value too large");
            }
            value = value << 4 | u32::from(digit);
        }
        if self.current() != Some(b'}') {
            return self.fail_escape("missing '}'");
        }
        self.pos += 1;
        self.shown.truncate(mark);
        encode_utf8(&mut self.shown, value);
        Ok(())
    }

    /// An error inside an escape sequence: the message shows it with the byte it fails at.
    fn fail_escape<T>(&mut self, text: &str) -> Step<T> {
        self.keep();
        self.fail_at_text(text)
    }

    /// An error that shows what has been read of a string.
    fn fail_at_text<T>(&mut self, text: &str) -> Step<T> {
        Err(self.error(text.as_bytes(), Some(TokenKind::Str(Symbol(0)))))
    }

    /// An error on the current line; `near` is the token the message shows. For tokens whose text
    /// varies that is the token read last.
    pub(crate) fn error(&self, text: &[u8], near: Option<TokenKind>) -> ParseError {
        self.error_on(text, near, self.line, self.span())
    }

    /// As [`Self::error`], on another line and for another stretch of the source.
    pub(crate) fn error_on(&self, text: &[u8], near: Option<TokenKind>, line: u32, span: Span) -> ParseError {
        let mut message = self.chunk.clone();
        message.extend_from_slice(format!(":{line}: ").as_bytes());
        message.extend_from_slice(text);
        if let Some(near) = near.and_then(|token| self.near_text(token)) {
            message.extend_from_slice(b" near ");
            message.extend_from_slice(&near);
        }
        let short = text.to_vec();
        let kind = ErrorKind::Syntax;
        ParseError::Syntax(Box::new(SyntaxError {
            message,
            short,
            line,
            span,
            kind,
        }))
    }

    /// How a message shows a token. Text ends at a zero byte, and a zero byte as a token is not shown.
    fn near_text(&self, token: TokenKind) -> Option<Vec<u8>> {
        let text = match token {
            TokenKind::Char(0) => return None,
            TokenKind::Str(_) if !self.shown.is_empty() => &self.shown[..],
            TokenKind::Name(_) | TokenKind::Str(_) | TokenKind::Int(_) | TokenKind::Float(_) => {
                &self.source.text[self.start..self.pos]
            }
            other => return Some(other.describe()),
        };
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        Some([b"'", &text[..end], b"'"].concat())
    }
}

/// Appends the UTF-8 sequence of `value`, in its original form of up to six bytes.
pub fn encode_utf8(out: &mut Vec<u8>, value: u32) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    // `n` continuation bytes carry 6 bits each, the first byte the remaining 6 - n.
    let mut n = 1;
    while value >> (6 * n) >= 1 << (6 - n) {
        n += 1;
    }
    let lead = !0u32 << (7 - n);
    out.push((lead | value >> (6 * n)) as u8);
    for i in (0..n).rev() {
        out.push((0x80 | (value >> (6 * i) & 0x3F)) as u8);
    }
}
