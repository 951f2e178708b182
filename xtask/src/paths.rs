//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's folder.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The folder for what builds and runs leave behind.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The command that is tested: `given` if there is one, else the release build, made when
/// necessary (`--profile` of the build does not matter to the tests, its speed does).
pub fn binary(given: Option<String>) -> Result<String, String> {
    if let Some(path) = given {
        return resolve(&path).ok_or_else(|| format!("no such program: {path}"));
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", "perilune-cli"])
        .current_dir(root())
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if !built.success() {
        return Err("the command does not build".to_string());
    }
    let path = target()
        .join("release")
        .join(format!("perilune{}", std::env::consts::EXE_SUFFIX));
    Ok(path.to_string_lossy().into_owned())
}

/// The absolute path of a program given by path or by name.
pub fn resolve(program: &str) -> Option<String> {
    let direct = Path::new(program);
    if direct.components().count() > 1 {
        let path = std::path::absolute(direct).ok()?;
        return path.is_file().then(|| path.to_string_lossy().into_owned());
    }
    let list = std::env::var_os("PATH")?;
    std::env::split_paths(&list)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
        .map(|path| path.to_string_lossy().into_owned())
}

/// All files under `dir` whose name ends in `suffix`, sorted by path.
pub fn files(dir: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    todo.push(path);
                }
            } else if name.ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path as text relative to the workspace, with forward slashes.
pub fn shown(path: &Path) -> String {
    let root = root();
    path.strip_prefix(&root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// Copies a folder with everything in it.
pub fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
