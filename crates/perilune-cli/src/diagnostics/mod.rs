//! Errors and findings -> what a person at a terminal reads: excerpts of the source, names that were
//! probably meant.

pub mod excerpt;

use std::io::IsTerminal;

/// Whether colours are welcome: the variables `NO_COLOR` and `TERM` say.
pub fn color_is_welcome() -> bool {
    let refuses = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    !refuses("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Whether standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}
