//! Links the command statically on Linux with glibc, where the linker driver has the archives: the loader
//! of shared libraries takes a fifth of the time of a short run, and a megabyte.
//!
//! Rust's own way, `-C target-feature=+crt-static`, holds for every binary of a build, procedural macros
//! too, and fails where an archive is missing. Here a folder of linker scripts that come before the system's
//! shared libraries names the archives instead (`docs/decisions/0007-static-linking.md`).

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The libraries of glibc that Rust's standard library asks for, and the unwinder under its shared name,
/// each with the archives that stand for it.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("c", &["c", "gcc_eh", "gcc"]),
    ("gcc_s", &["gcc_eh", "gcc", "c"]),
    ("m", &["m"]),
    ("pthread", &["pthread"]),
    ("dl", &["dl"]),
    ("rt", &["rt"]),
    ("util", &["util"]),
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_static = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if target("OS") != "linux" || target("ENV") != "gnu" || is_static {
        return Ok(());
    }
    let Some(scripts) = LIBRARIES
        .iter()
        .map(|(name, archives)| Some((name, script(archives)?)))
        .collect::<Option<Vec<_>>>()
    else {
        link_unwinder();
        return Ok(());
    };
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("archives");
    fs::create_dir_all(&folder)?;
    for (name, text) in scripts {
        fs::write(folder.join(format!("lib{name}.so")), text)?;
    }
    println!("cargo::rustc-link-arg-bin=perilune=-L{}", folder.display());
    println!("cargo::rustc-link-arg-bin=perilune=-static-pie");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("unwinder");
    fs::create_dir_all(&folder)?;
    if let Some(text) = script(&["gcc_eh", "gcc"]) {
        fs::write(folder.join("libgcc_s.so"), text)?;
    }
    println!("cargo::rustc-link-arg-bin=perilune-stub=-L{}", folder.display());
    Ok(())
}

/// Links the unwinder alone as an archive, if there is one.
fn link_unwinder() {
    if archive("gcc_eh").is_some() {
        println!("cargo::rustc-link-lib=gcc_eh");
    }
}

/// A linker script that names archives, if the linker driver has them all.
fn script(archives: &[&str]) -> Option<String> {
    let paths = archives
        .iter()
        .map(|name| archive(name))
        .collect::<Option<Vec<_>>>()?;
    Some(format!("GROUP ( {} )\n", paths.join(" ")))
}

/// Where the linker driver finds an archive.
fn archive(name: &str) -> Option<String> {
    let driver = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    // Of a file that it does not find, the driver prints the name alone.
    let answer = Command::new(driver)
        .arg(format!("-print-file-name=lib{name}.a"))
        .output()
        .ok()?;
    let path = String::from_utf8(answer.stdout).ok()?;
    let path = Path::new(path.trim_end());
    (path.is_absolute() && path.is_file()).then(|| path.display().to_string())
}
