//! Checks of habits that no compiler or linter knows.

mod allowed;
mod functions;
mod licences;
mod text;

use crate::{Outcome, args::Args, paths};

/// `cargo xtask tidy`.
pub fn run(args: Args) -> Outcome {
    args.plain()?;
    let mut complaints = Vec::new();
    let mut allowances = allowed::Allowances::default();
    let files = paths::files(&paths::root(), ".rs");
    for path in &files {
        let name = paths::shown(path);
        let source = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
        text::check(&name, &source, &mut complaints);
        sizes(&name, &source, &mut allowances, &mut complaints);
    }
    for suffix in [".toml", ".md", ".lua", ".py", ".txt"] {
        for path in paths::files(&paths::root(), suffix) {
            if let Ok(source) = std::fs::read_to_string(&path) {
                text::check_plain(&paths::shown(&path), &source, &mut complaints);
            }
        }
    }
    complaints.extend(allowances.stale());
    complaints.extend(licences::check()?);
    complaints.sort();
    for complaint in &complaints {
        println!("{complaint}");
    }
    println!(
        "tidy: {} Rust files, {} complaints",
        files.len(),
        complaints.len()
    );
    Ok(complaints.is_empty())
}

/// Long files and long functions that nobody has given a reason for.
fn sizes(name: &str, source: &str, allowances: &mut allowed::Allowances, complaints: &mut Vec<String>) {
    let lines = source.lines().count();
    if lines > allowed::FILE_LINES && !allowances.file(name) {
        complaints.push(format!(
            "{name}: {lines} lines (more than {})",
            allowed::FILE_LINES
        ));
    }
    for function in functions::functions(source) {
        if function.lines > allowed::FUNCTION_LINES && !allowances.function(name, &function.name) {
            complaints.push(format!(
                "{name}:{}: function {} has {} lines (more than {})",
                function.start,
                function.name,
                function.lines,
                allowed::FUNCTION_LINES
            ));
        }
    }
}
