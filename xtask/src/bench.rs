//! bench/run.py with the release binary and whatever peers are given.

use crate::{Outcome, args::Args, engines, paths};
use std::process::Command;

/// `cargo xtask bench [--bin PATH] [run.py options] [NAME=CMD...]`: the engines of the release
/// binary come after the peers, so that the first peer is the reference.
pub fn run(mut args: Args) -> Outcome {
    let binary = paths::binary(args.option("--bin")?)?;
    let mut words = args.rest();
    for engine in engines::ENGINES {
        words.push(format!("{0}={binary} --engine={0}", engine.name));
    }
    let status = Command::new("python3")
        .arg(paths::root().join("bench/run.py"))
        .args(words)
        .status()
        .map_err(|e| format!("python3: {e}"))?;
    Ok(status.success())
}
