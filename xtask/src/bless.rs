//! Golden tests that write instead of compare.

use crate::{Outcome, args::Args, paths};
use std::process::Command;

/// `cargo xtask bless`: every golden test reads the variable `BLESS`.
pub fn run(args: Args) -> Outcome {
    let status = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--quiet"])
        .args(args.rest())
        .env("BLESS", "1")
        .current_dir(paths::root())
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if status.success() {
        println!("written; `git diff` shows what changed");
    }
    Ok(status.success())
}
