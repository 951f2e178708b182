//! Source text -> tokens -> resolved syntax tree, with spans and diagnostics.
//!
//! [`parse`] does it all in one pass, in source order, so that the first error is the one the
//! reference implementation reports, in its words.
#![forbid(unsafe_code)]

pub mod ast;
pub mod check;
pub mod dump;
pub mod error;
pub mod fold;
pub mod lexer;
mod lines;
mod nodes;
pub mod number;
mod parser;
mod scope;
mod source;
mod symbols;
pub mod token;

pub use error::{ErrorKind, ParseError, SyntaxError, chunk_id, push_chunk_id};
pub use lexer::{Lexer, skip_shebang};
pub use lines::Lines;
pub use parser::{ParseOptions, Receiver, parse, parse_functions, parse_source, parse_with};
pub use source::{More, Source, Unreadable};
pub use symbols::Symbols;
