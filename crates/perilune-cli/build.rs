//! Links the unwinder into the command, where the linker has it as an archive: loading it as a shared
//! library takes a tenth of the time of a short run.

use std::env;
use std::path::Path;
use std::process::Command;

/// The archive's name without `lib` and `.a`.
const UNWINDER: &str = "gcc_eh";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let is_static = target("FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static && has_archive() {
        println!("cargo::rustc-link-lib={UNWINDER}");
    }
}

/// Whether the linker driver knows where the archive is.
fn has_archive() -> bool {
    let driver = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let question = format!("-print-file-name=lib{UNWINDER}.a");
    // Of a file that it does not find, the driver prints the name alone.
    Command::new(driver).arg(question).output().is_ok_and(|answer| {
        let path = String::from_utf8_lossy(&answer.stdout);
        let path = Path::new(path.trim_end());
        path.is_absolute() && path.is_file()
    })
}
