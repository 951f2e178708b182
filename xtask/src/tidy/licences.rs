//! The licences of all dependencies, from `cargo metadata`.

use super::allowed::LICENCES;
use crate::json::{self, Json};
use crate::paths;
use std::process::Command;

/// Complaints about dependencies whose licence is not in the list.
pub fn check() -> Result<Vec<String>, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(paths::root())
        .output()
        .map_err(|e| format!("cargo: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let metadata = json::parse(&String::from_utf8_lossy(&output.stdout))?;
    let packages = metadata.get("packages").map_or(&[][..], Json::items);
    Ok(packages.iter().filter_map(complaint).collect())
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
    expression.split(" OR ").any(|choice| {
        choice
            .split(" AND ")
            .all(|part| LICENCES.contains(&part.trim()))
    })
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
