//! bench/run.py with the release binary and whatever peers are given.

use crate::{Outcome, args::Args, engines, paths};
use std::process::Command;

/// `cargo xtask bench [--bin PATH] [run.py options] [NAME=CMD...]`: the engines of the release
/// binary come after the peers, so that the first peer is the reference.
pub fn run(mut args: Args) -> Outcome {
    let binary = paths::binary(args.option("--bin")?)?;
    let mut words = args.rest();
    let folder = std::path::absolute(paths::target().join("xtask/bench")).map_err(|e| e.to_string())?;
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let folder = folder.display();
    for engine in engines::ENGINES {
        let name = engine.name;
        if engine.builds {
            let build = format!("{name}={binary} build -o {folder}/{{name}} {{script}}");
            // The engines stand together.
            words.splice(0..0, ["--prepare".to_string(), build]);
            words.push(format!("{name}={folder}/{{name}}"));
        } else {
            words.push(format!("{name}={binary} --engine={name}"));
        }
    }
    let status = Command::new("python3")
        .arg(paths::root().join("bench/run.py"))
        .args(words)
        .status()
        .map_err(|e| format!("python3: {e}"))?;
    Ok(status.success())
}
