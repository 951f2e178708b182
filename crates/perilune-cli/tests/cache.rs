//! The cache of compiled files: runs of the command -> what is in its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An empty folder of this test's own, with a program that is long enough to be kept.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the test");
    fs::write(path.join("long.lua"), program("first")).expect("written");
    path
}

/// A program that says `word` and where it says so.
fn program(word: &str) -> String {
    let filler: String = (0..3000).map(|i| format!("t[{i}] = {i}\n")).collect();
    format!("local t = {{}}\n{filler}print('{word}', debug.getinfo(1, 'Sl').short_src, #t)\n")
}

fn command(here: &Path, cache: &str, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_perilune"));
    c.args(args)
        .current_dir(here)
        .env("PERILUNE_CACHE", cache)
        .env_remove("PERILUNE_ENGINE")
        .env_remove("PERILUNE_STRESS");
    c
}

/// Runs the command, which has nothing to complain of.
fn run(here: &Path, cache: &str, args: &[&str]) -> String {
    let out = command(here, cache, args).output().expect("the command starts");
    quiet(&out)
}

fn quiet(out: &Output) -> String {
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// The names of the files in the cache's folder.
fn files(cache: &Path) -> Vec<PathBuf> {
    match fs::read_dir(cache) {
        Ok(listing) => listing.map(|f| f.expect("a file").path()).collect(),
        Err(_) => Vec::new(),
    }
}

/// The only file in the cache's folder.
fn only(cache: &Path) -> PathBuf {
    let found = files(cache);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

const SAYS: &str = "first\tlong.lua\t2999\n";

#[test]
fn a_file_is_kept_and_found() {
    let here = folder("cache-kept");
    let cache = here.join("kept");
    assert_eq!(run(&here, "kept", &["long.lua"]), SAYS);
    let entry = only(&cache);
    let first = fs::read(&entry).expect("the entry");
    // An entry that is found is not written again.
    let written = |entry: &Path| fs::metadata(entry).and_then(|m| m.modified()).expect("its time");
    let before = written(&entry);
    assert_eq!(run(&here, "kept", &["long.lua"]), SAYS);
    assert_eq!(written(&only(&cache)), before);
    fs::remove_file(&entry).expect("removed");
    assert_eq!(run(&here, "kept", &["long.lua"]), SAYS);
    assert_ne!(written(&only(&cache)), before);
    assert!(fs::read(&entry).expect("the entry") == first);
    assert_eq!(run(&here, "kept", &["--no-cache", "long.lua"]), SAYS);
    assert_eq!(run(&here, "", &["long.lua"]), SAYS);
}

#[test]
fn a_copy_has_its_own_name() {
    let here = folder("cache-copy");
    run(&here, "kept", &["long.lua"]);
    fs::copy(here.join("long.lua"), here.join("copy.lua")).expect("copied");
    assert_eq!(
        run(&here, "kept", &["copy.lua"]),
        SAYS.replace("long.lua", "copy.lua")
    );
    assert_eq!(
        run(&here, "kept", &["-e", "require 'copy'"]),
        SAYS.replace("long.lua", "./copy.lua")
    );
    only(&here.join("kept"));
}

#[test]
fn source_and_dialect_tell_entries_apart() {
    let here = folder("cache-keys");
    let cache = here.join("kept");
    run(&here, "kept", &["long.lua"]);
    run(&here, "kept", &["--std=5.4", "long.lua"]);
    assert_eq!(files(&cache).len(), 2);
    fs::write(here.join("long.lua"), program("second")).expect("written");
    assert_eq!(run(&here, "kept", &["long.lua"]), SAYS.replace("first", "second"));
    assert_eq!(files(&cache).len(), 3);
}

#[test]
fn what_does_not_pay_is_not_kept() {
    let here = folder("cache-small");
    fs::write(here.join("short.lua"), "print 'short'").expect("written");
    run(&here, "kept", &["short.lua"]);
    run(&here, "kept", &["--no-cache", "long.lua"]);
    run(&here, "kept", &["--engine=tree", "long.lua"]);
    assert!(!here.join("kept").exists());
}

#[test]
fn damaged_entries_are_replaced() {
    let here = folder("cache-damaged");
    let cache = here.join("kept");
    run(&here, "kept", &["long.lua"]);
    let entry = only(&cache);
    let good = fs::read(&entry).expect("the entry");
    let mut cases = vec![Vec::new(), vec![0; good.len()], good[..good.len() - 1].to_vec()];
    for place in (0..good.len()).step_by(good.len() / 40).chain([good.len() - 1]) {
        let mut damaged = good.clone();
        damaged[place] ^= 0xff;
        cases.push(damaged);
    }
    for damaged in cases {
        fs::write(&entry, damaged).expect("written");
        assert_eq!(run(&here, "kept", &["long.lua"]), SAYS);
        assert!(fs::read(&entry).expect("the entry") == good, "written again");
    }
}

#[test]
fn processes_share_it() {
    let here = folder("cache-shared");
    let started: Vec<_> = (0..8)
        .map(|_| {
            command(&here, "kept", &["long.lua"])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts")
        })
        .collect();
    for child in started {
        assert_eq!(quiet(&child.wait_with_output().expect("it ends")), SAYS);
    }
    only(&here.join("kept"));
}

#[test]
fn a_folder_that_cannot_be_written_does_not_matter() {
    let here = folder("cache-unwritable");
    fs::write(here.join("file"), "").expect("written");
    for cache in ["file", "file/below"] {
        assert_eq!(run(&here, cache, &["long.lua"]), SAYS);
    }
    assert_eq!(fs::read(here.join("file")).expect("the file"), b"");
}

#[test]
fn entries_are_listed_and_removed() {
    let here = folder("cache-listed");
    let none = run(&here, "kept", &["cache"]);
    assert_eq!(none, "kept: 0 entries, 0 B\n");
    run(&here, "kept", &["long.lua"]);
    let list = run(&here, "kept", &["cache", "--list"]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(
        lines[0].contains("5.5") && lines[0].ends_with(".entry  long.lua"),
        "{list}"
    );
    assert!(lines[1].starts_with("kept: 1 entry, "), "{list}");
    let removed = run(&here, "kept", &["cache", "--clear"]);
    assert!(removed.starts_with("kept: removed 1 entry, "), "{removed}");
    assert!(files(&here.join("kept")).is_empty());
    let disabled = run(&here, "", &["cache"]);
    assert_eq!(disabled, "There is no cache: PERILUNE_CACHE is empty.\n");
}
