//! Runs what CI runs.

use crate::{Outcome, args::Args, paths};
use std::process::Command;

/// `cargo xtask ci`.
pub fn run(args: Args) -> Outcome {
    let status = Command::new(paths::root().join(".ci/run"))
        .args(args.rest())
        .current_dir(paths::root())
        .status()
        .map_err(|e| format!(".ci/run: {e}"))?;
    Ok(status.success())
}
