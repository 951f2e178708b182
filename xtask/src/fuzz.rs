//! `cargo xtask fuzz`: the differential fuzzer, and the cargo-fuzz targets of fuzz/.

use crate::{Outcome, args::Args, diff, generate, paths};
use std::process::Command;

/// `cargo xtask fuzz KIND ...`.
pub fn run(mut args: Args) -> Outcome {
    match args.word().as_deref() {
        Some("diff") => diff::run(args),
        Some("gen") => show(args),
        Some(target @ ("parser" | "program")) => target_run(target, args),
        _ => Err("say what: diff, gen, parser or program".to_string()),
    }
}

/// Prints the program of a seed.
fn show(mut args: Args) -> Outcome {
    let seed = args.number("--seed", 1)?;
    args.plain()?;
    print!("{}", generate::text(&generate::program(seed)));
    Ok(true)
}

/// Runs a cargo-fuzz target. Sanitizer coverage needs an unstable flag of rustc, hence the variable.
fn target_run(target: &str, mut args: Args) -> Outcome {
    let minutes = args.number("--minutes", 15)?;
    let mut command = Command::new(env!("CARGO"));
    command.args(["fuzz", "run", "--sanitizer", "none", target]);
    command.args(args.rest());
    command.arg("--").arg(format!("-max_total_time={}", minutes * 60));
    command.args(["-timeout=20", "-rss_limit_mb=4096", "-max_len=4096"]);
    let dictionary = paths::root().join("fuzz/lua.dict");
    command.arg(format!("-dict={}", dictionary.display()));
    let status = command
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(paths::root())
        .status()
        .map_err(|e| format!("cargo fuzz: {e}"))?;
    Ok(status.success())
}
