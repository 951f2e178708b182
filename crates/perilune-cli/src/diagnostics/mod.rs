//! Errors and findings -> what a person at a terminal reads: excerpts of the source, names that were
//! probably meant.

mod complaint;
pub mod excerpt;
mod locate;
mod report;
mod syntax;
mod values;

pub use report::Watch;

use std::io::IsTerminal;

/// How much is said of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// PUC's text, to the letter.
    Plain,
    /// PUC's text with the source.
    Rich,
}

impl Mode {
    /// What the variable `PERILUNE_DIAGNOSTICS` asks for; where it does not, a terminal gets more.
    pub fn current() -> Mode {
        let asked = std::env::var_os("PERILUNE_DIAGNOSTICS");
        match asked.as_ref().and_then(|v| v.to_str()) {
            Some("plain") => Mode::Plain,
            Some("rich") => Mode::Rich,
            Some(_) | None if std::io::stderr().is_terminal() => Mode::Rich,
            Some(_) | None => Mode::Plain,
        }
    }
}

/// Whether colours are welcome: the variables `NO_COLOR` and `TERM` say.
fn color_is_welcome() -> bool {
    let refuses = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !refuses("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Whether errors are shown in colour.
fn stderr_has_color() -> bool {
    std::io::stderr().is_terminal() && color_is_welcome()
}

/// Whether findings are shown in colour.
pub fn stdout_has_color() -> bool {
    stdout_is_terminal() && color_is_welcome()
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}
