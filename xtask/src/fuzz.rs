//! `cargo xtask fuzz`: the differential fuzzer, and the cargo-fuzz targets of fuzz/.

use crate::faults::table;
use crate::{Outcome, args::Args, diff, generate, paths};
use std::path::Path;
use std::process::Command;

/// `cargo xtask fuzz KIND ...`.
pub fn run(mut args: Args) -> Outcome {
    match args.word().as_deref() {
        Some("diff") => diff::run(args),
        Some("gen") => show(args),
        Some("reach") => reach(args),
        Some(target @ ("parser" | "program" | "bytecode")) => target_run(target, args),
        _ => Err("say what: diff, gen, reach, parser, program or bytecode".to_string()),
    }
}

/// Prints the program of a seed.
fn show(mut args: Args) -> Outcome {
    let seed = args.number("--seed", 1)?;
    args.plain()?;
    print!("{}", generate::text(&generate::program(seed)));
    Ok(true)
}

/// Says what the programs of the first seeds reach; `--write` puts it into docs/fuzzing.md.
fn reach(mut args: Args) -> Outcome {
    let binary = paths::binary(args.option("--bin")?)?;
    let peer = args.option("--peer")?.unwrap_or_else(|| "lua5.5".to_string());
    let peer = paths::resolve(&peer).ok_or_else(|| format!("no such program: {peer}"))?;
    let count = args.number("--count", 2000)?;
    let write = args.flag("--write");
    args.plain()?;
    let samples: Vec<String> = (1..=count)
        .map(|seed| generate::text(&generate::program(seed)))
        .collect();
    let text = diff::measure(&binary, &[peer], &samples)?.text();
    print!("{text}");
    if write {
        table::put("reach", &text)?;
    }
    Ok(true)
}

/// Programs the generator adds to the seeds of a target.
const GENERATED: u64 = 100;

/// Runs a cargo-fuzz target. Coverage needs an unstable flag of rustc, hence the variable.
fn target_run(target: &str, mut args: Args) -> Outcome {
    let minutes = args.number("--minutes", 15)?;
    let jobs = args.number("--jobs", 2)?;
    seed(target, args.option("--bin")?)?;
    let mut command = Command::new(env!("CARGO"));
    command.args(["fuzz", "run", target]);
    command.args(args.rest());
    command.arg("--").arg(format!("-max_total_time={}", minutes * 60));
    command.args([
        "-timeout=20",
        "-rss_limit_mb=4096",
        "-max_len=4096",
        "-close_fd_mask=1",
    ]);
    command.arg(format!("-fork={jobs}"));
    let dictionary = paths::root().join("fuzz/lua.dict");
    command.arg(format!("-dict={}", dictionary.display()));
    let status = command
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(paths::root())
        .status()
        .map_err(|e| format!("cargo fuzz: {e}"))?;
    Ok(status.success())
}

/// Puts the test corpus and some generated programs where the target starts from.
fn seed(target: &str, binary: Option<String>) -> Result<(), String> {
    let dir = paths::root().join("fuzz/corpus").join(target);
    let fail = |e: std::io::Error| format!("{}: {e}", dir.display());
    std::fs::create_dir_all(&dir).map_err(fail)?;
    if target == "bytecode" {
        return seed_bytecode(&dir, binary);
    }
    for (number, file) in paths::files(&paths::root().join("tests"), ".lua")
        .iter()
        .enumerate()
    {
        std::fs::copy(file, dir.join(format!("test-{number}"))).map_err(fail)?;
    }
    for n in 0..GENERATED {
        let text = generate::tree::render(&generate::program(n));
        std::fs::write(dir.join(format!("gen-{n}")), text).map_err(fail)?;
    }
    Ok(())
}

/// Dumps the test corpus as binary chunks.
fn seed_bytecode(dir: &Path, binary: Option<String>) -> Result<(), String> {
    let binary = paths::binary(binary)?;
    let script = "for i = 2, #arg do local f = loadfile(arg[i]) if f then \
                  for _, strip in ipairs{true, false} do \
                  local out = io.open(arg[1] .. '/seed-' .. i .. tostring(strip), 'wb') \
                  out:write(string.dump(f, strip)) out:close() end end end";
    let path = dir.join("seed.lua");
    std::fs::write(&path, script).map_err(|e| e.to_string())?;
    let files = paths::files(&paths::root().join("tests"), ".lua");
    let status = Command::new(binary).arg(&path).arg(dir).args(files).status();
    std::fs::remove_file(&path).map_err(|e| e.to_string())?;
    match status {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("the seeds cannot be dumped: {other:?}")),
    }
}
