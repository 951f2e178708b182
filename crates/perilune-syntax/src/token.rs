//! The words of the language.

use crate::ast::{Span, Symbol};

macro_rules! fixed_tokens {
    ($($name:ident = $text:literal,)*) => {
        /// What a token is.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum TokenKind {
            $(#[doc = concat!("`", $text, "`")] $name,)*
            /// The end of the source.
            Eof,
            /// An integer numeral.
            Int(i64),
            /// A float numeral.
            Float(f64),
            /// A name.
            Name(Symbol),
            /// A string literal.
            Str(Symbol),
            /// Any other single byte: an operator, a bracket, or a byte that no rule expects.
            Char(u8),
        }

        impl TokenKind {
            /// The texts of all tokens that are always written the same way: reserved words first.
            pub const FIXED: &[&str] = &[$($text),*];

            /// The text of a token that is always written the same way.
            pub fn fixed_text(self) -> Option<&'static str> {
                match self {
                    $(TokenKind::$name => Some($text),)*
                    TokenKind::Eof
                    | TokenKind::Int(_)
                    | TokenKind::Float(_)
                    | TokenKind::Name(_)
                    | TokenKind::Str(_)
                    | TokenKind::Char(_) => None,
                }
            }
        }
    };
}

fixed_tokens! {
    And = "and", Break = "break", Do = "do", Else = "else", ElseIf = "elseif", End = "end",
    False = "false", For = "for", Function = "function", Goto = "goto", If = "if", In = "in",
    Local = "local", Nil = "nil", Not = "not", Or = "or", Repeat = "repeat", Return = "return",
    Then = "then", True = "true", Until = "until", While = "while",
    IDiv = "//", Concat = "..", Dots = "...", Eq = "==", Ge = ">=", Le = "<=", Ne = "~=",
    Shl = "<<", Shr = ">>", DoubleColon = "::",
}

/// The reserved word with this text. `global` is none: it is a name that begins a statement where the
/// next token says so.
#[inline(always)]
pub(crate) fn reserved(text: &[u8]) -> Option<TokenKind> {
    use TokenKind::*;
    Some(match text {
        b"and" => And,
        b"break" => Break,
        b"do" => Do,
        b"else" => Else,
        b"elseif" => ElseIf,
        b"end" => End,
        b"false" => False,
        b"for" => For,
        b"function" => Function,
        b"goto" => Goto,
        b"if" => If,
        b"in" => In,
        b"local" => Local,
        b"nil" => Nil,
        b"not" => Not,
        b"or" => Or,
        b"repeat" => Repeat,
        b"return" => Return,
        b"then" => Then,
        b"true" => True,
        b"until" => Until,
        b"while" => While,
        _ => return None,
    })
}

/// The words that may not be names, and `global`, which mostly stands for itself too.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    let words = TokenKind::FIXED.iter().copied();
    words
        .filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()))
        .chain(["global"])
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands; `line` is the line of its first byte.
    pub span: Span,
}

impl TokenKind {
    /// How a message names a token it expects: `'end'`, `<name>`, `'='`.
    pub(crate) fn describe(self) -> Vec<u8> {
        if let Some(text) = self.fixed_text() {
            return format!("'{text}'").into_bytes();
        }
        match self {
            TokenKind::Char(c @ b' '..=b'~') => vec![b'\'', c, b'\''],
            TokenKind::Char(c) => format!("'<\\{c}>'").into_bytes(),
            TokenKind::Int(_) => b"<integer>".to_vec(),
            TokenKind::Float(_) => b"<number>".to_vec(),
            TokenKind::Name(_) => b"<name>".to_vec(),
            TokenKind::Str(_) => b"<string>".to_vec(),
            _ => b"<eof>".to_vec(),
        }
    }
}
