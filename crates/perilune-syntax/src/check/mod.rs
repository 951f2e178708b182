//! Resolved AST -> findings: what is probably wrong with a program, without running it.
//!
//! [`collect`] tells which globals a chunk defines; with those of all chunks of a program in
//! [`Known`], [`check`] looks at each. What is found is meant to be a mistake, not a matter of taste:
//! where the analysis cannot be sure, it says nothing.

mod arguments;
mod comments;
mod facts;
mod flow;
mod globals;
mod live;
mod names;
mod suggest;
mod variables;
mod walk;

pub use globals::{Known, collect};
pub use names::{fields as library_fields, globals as library_globals};
pub use suggest::nearest;

use crate::ast::{Chunk, Dialect, Span};
use crate::error::SyntaxError;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal $option:expr;)*) => {
        /// The kinds of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The name that users see. It is stable.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)*
                }
            }

            /// What it means, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Code::$name => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// The option that it is looked for with; none if it always is.
            pub fn option(self) -> Option<&'static str> {
                match self {
                    $(Code::$name => $option,)*
                }
            }
        }
    };
}

codes! {
    /// The source is not Lua.
    Syntax = "syntax" None;
    /// A global is read that nothing defines.
    UndefinedGlobal = "undefined-global" None;
    /// A field of a standard library is read that nothing defines.
    UndefinedField = "undefined-field" None;
    /// A function assigns a global that no file declares or assigns outside of functions.
    GlobalInFunction = "global-in-function" None;
    /// A local variable or function is never used.
    UnusedLocal = "unused-local" None;
    /// A variable of a loop is never used, and could be left out.
    UnusedLoopVariable = "unused-loop-variable" None;
    /// A parameter is never used.
    UnusedParameter = "unused-parameter" Some("unused-parameters");
    /// No `goto` leads to a label.
    UnusedLabel = "unused-label" None;
    /// A local variable is assigned, but never read.
    NeverRead = "never-read" None;
    /// A value is assigned that nothing can read.
    UnusedValue = "unused-value" None;
    /// A local variable hides another one of the same name.
    ShadowedLocal = "shadowed-local" Some("shadowing");
    /// Code that no run can reach.
    UnreachableCode = "unreachable-code" None;
    /// A local function is called with more arguments than it has parameters.
    ArgumentCount = "argument-count" None;
    /// A branch of an `if`, or a `do` block, without code or comment.
    EmptyBlock = "empty-block" None;
}

impl Code {
    /// The code of that name.
    pub fn named(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|c| c.name() == name)
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub code: Code,
    /// Where it is.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
    /// A name that was probably meant.
    pub suggestion: Option<String>,
}

impl Finding {
    fn new(code: Code, span: Span, message: String) -> Finding {
        Finding {
            code,
            span,
            message,
            suggestion: None,
        }
    }
}

/// What to look for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The language.
    pub dialect: Dialect,
    /// Report parameters that are not used.
    pub unused_parameters: bool,
    /// Report locals that hide others.
    pub shadowing: bool,
}

impl Options {
    fn wants(self, code: Code) -> bool {
        match code.option() {
            None => true,
            Some("unused-parameters") => self.unused_parameters,
            Some(_) => self.shadowing,
        }
    }
}

/// The finding that a syntax error is.
pub fn syntax_finding(error: &SyntaxError) -> Finding {
    let text = String::from_utf8_lossy(&error.message).into_owned();
    // The message begins with "chunk:line: ", the chunk's name being `=` and nothing.
    let place = format!(":{}: ", error.line);
    let message = text.strip_prefix(&place).map(str::to_owned).unwrap_or(text);
    let span = Span {
        line: error.line,
        ..error.span
    };
    Finding::new(Code::Syntax, span, message)
}

/// What is wrong with a chunk, in the order of the source. `text` is what it was parsed from.
pub fn check(text: &[u8], chunk: &Chunk, known: &Known, options: Options) -> Vec<Finding> {
    let facts = walk::walk(text, chunk, known);
    let mut found = Vec::new();
    globals::report(chunk, &facts, known, &mut found);
    variables::report(chunk, &facts, &mut found);
    arguments::report(chunk, &facts, &mut found);
    flow::report(text, chunk, &facts, &mut found);
    live::report(chunk, &facts, &mut found);
    let silenced = comments::Silenced::of(text);
    found.retain(|f| options.wants(f.code) && !silenced.has(f.span.line, f.code));
    found.sort_by(|a, b| (a.span.start, a.code, &a.message).cmp(&(b.span.start, b.code, &b.message)));
    found.dedup();
    found
}

/// Bytes as a text for messages.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
