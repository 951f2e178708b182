//! The licences of all dependencies, from `cargo metadata`.

use super::allowed::LICENCES;
use crate::json::{self, Json};
use crate::paths;
use std::process::Command;

/// Complaints about dependencies whose licence is not in the list.
pub fn check() -> Result<Vec<String>, String> {
    // Packages for other systems may not have been downloaded; then they cannot be judged here.
    let host = format!("--filter-platform={}", host()?);
    let text = metadata(&["--offline"])
        .or_else(|_| metadata(&[]))
        .or_else(|_| metadata(&["--offline", &host]))?;
    let metadata = json::parse(&text)?;
    let packages = metadata.get("packages").map_or(&[][..], Json::items);
    Ok(packages.iter().filter_map(complaint).collect())
}

fn metadata(options: &[&str]) -> Result<String, String> {
    output(
        env!("CARGO"),
        &[&["metadata", "--format-version", "1"], options].concat(),
    )
}

/// The target triple of this machine.
fn host() -> Result<String, String> {
    let text = output("rustc", &["-vV"])?;
    let line = text.lines().find_map(|l| l.strip_prefix("host: "));
    line.map(str::to_string)
        .ok_or_else(|| "rustc -vV names no host".to_string())
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(paths::root())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn complaint(package: &Json) -> Option<String> {
    let name = package.get("name")?.text()?;
    match package.get("license").and_then(Json::text) {
        None => Some(format!("dependency {name}: no licence is given")),
        Some(licence) if allowed(licence) => None,
        Some(licence) => Some(format!(
            "dependency {name}: the licence {licence} is not in the list"
        )),
    }
}

/// Whether an SPDX expression can be met with the licences of the list.
pub fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // `A OR B AND C` has no parentheses left: one good alternative is enough, all of its parts count.
    expression
        .split(" OR ")
        .any(|choice| choice.split(" AND ").all(|part| LICENCES.contains(&part.trim())))
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn judges_expressions() {
        assert!(
            allowed("MIT OR Apache-2.0")
                && allowed("MIT/Apache-2.0")
                && allowed("Apache-2.0 WITH LLVM-exception")
        );
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0") && allowed("GPL-3.0 OR MIT"));
        assert!(!allowed("GPL-3.0") && !allowed("MIT AND CDDL-1.0"));
    }
}
