//! `perilune build`: programs -> executables, and what these do.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn perilune(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perilune"))
        .args(args)
        .current_dir(folder)
        // It takes no other program to build one.
        .env_clear()
        .env("PERILUNE_STUB", env!("CARGO_BIN_EXE_perilune-stub"))
        .env("PERILUNE_CACHE", "")
        .output()
        .expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder for the test");
    path
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, content).expect("written");
    }
}

/// Builds `main.lua` of a folder; the executable is moved to a folder without anything else, and the sources go.
fn built(name: &str, files: &[(&str, &str)], options: &[&str]) -> PathBuf {
    let here = folder(name);
    write(&here, files);
    let made = perilune(&here, &[&["build", "main.lua", "-o", "app"], options].concat());
    assert!(made.status.success(), "{}", text(&made.stderr));
    let alone = folder(&format!("{name}-alone"));
    std::fs::rename(here.join("app"), alone.join("app")).expect("moved");
    std::fs::remove_dir_all(&here).expect("removed");
    alone.join("app")
}

fn run(app: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(app);
    command.args(args).env_clear().current_dir("/");
    command.output().expect("the executable starts")
}

#[test]
fn a_program_with_modules_runs_alone() {
    let app = built(
        "build-modules",
        &[
            (
                "main.lua",
                "local a = require 'a'\nlocal ok, b = pcall(require, 'not.there')\nprint(a.name, ok, #arg, ...)\n\
                 print(load('return 6 * 7')(), (require 'sub.b').name)\n\nerror('at the end')\n",
            ),
            (
                "a.lua",
                "local b = require('sub.b')\nreturn {name = b.name .. '!'}\n",
            ),
            ("sub/b.lua", "return {name = ...}\n"),
        ],
        &[],
    );
    let output = run(&app, &["x", "y"]);
    assert_eq!(text(&output.stdout), "sub.b!\tfalse\t2\tx\ty\n42\tsub.b\n");
    let said = text(&output.stderr);
    assert!(
        said.contains("app: main.lua:6: at the end\nstack traceback:\n"),
        "{said}"
    );
    assert!(said.contains("main.lua:6: in main chunk"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn it_runs_where_nothing_can_be_written() {
    use std::os::unix::fs::PermissionsExt;
    let app = built(
        "build-read-only",
        &[("main.lua", "print(1 + 1) os.exit(7, true)")],
        &[],
    );
    let alone = app.parent().expect("a folder");
    std::fs::set_permissions(&app, std::fs::Permissions::from_mode(0o555)).expect("set");
    std::fs::set_permissions(alone, std::fs::Permissions::from_mode(0o555)).expect("set");
    let output = run(&app, &[]);
    std::fs::set_permissions(alone, std::fs::Permissions::from_mode(0o755)).expect("set");
    assert_eq!(
        (text(&output.stdout).as_str(), output.status.code()),
        ("2\n", Some(7))
    );
}

#[test]
fn what_is_missing_fails_with_its_place() {
    let here = folder("build-missing");
    write(
        &here,
        &[
            ("main.lua", "require 'a'"),
            ("a.lua", "local x = 1\nrequire 'gone'\nrequire(x)"),
            ("plugins/p.lua", "return 'p'"),
        ],
    );
    let made = perilune(&here, &["build", "main.lua"]);
    assert_eq!(made.status.code(), Some(1));
    let said = text(&made.stderr);
    assert!(said.contains("./a.lua:2: module 'gone' not found:"), "{said}");
    assert!(!here.join("main").exists());

    let made = perilune(
        &here,
        &[
            "build",
            "main.lua",
            "--without=gone",
            "--include=plugins.*",
            "--report=text",
        ],
    );
    assert!(made.status.success(), "{}", text(&made.stderr));
    let said = text(&made.stdout);
    assert!(
        said.contains("plugins.p (./plugins/p.lua): --include=plugins.*"),
        "{said}"
    );
    assert!(
        said.contains("./a.lua:3: the module's name is known only then"),
        "{said}"
    );

    let made = perilune(&here, &["build", "main.lua", "--without=gone", "--max-memory=1M"]);
    let said = text(&made.stderr);
    assert!(
        said.contains("'--max-memory' says how a program is run"),
        "{said}"
    );

    write(&here, &[("main.lua", "local x = = 1")]);
    let made = perilune(&here, &["build", "main.lua"]);
    assert!(
        text(&made.stderr).contains("main.lua:1: unexpected symbol near '='"),
        "{made:?}"
    );
}

#[test]
fn modules_of_a_run_are_included() {
    let files = [
        (
            "main.lua",
            "for _, n in ipairs {'one', 'two'} do print(require('mods.' .. n)) end",
        ),
        ("mods/one.lua", "return 1"),
        ("mods/two.lua", "return 2"),
    ];
    let app = built("build-from-run", &files, &["--include-from-run"]);
    assert_eq!(
        text(&run(&app, &[]).stdout),
        "1\t./mods/one.lua\n2\t./mods/two.lua\n"
    );
}

#[test]
fn embedded_files_are_read_where_there_are_no_others() {
    let main = "local f <close> = assert(io.open('data/a.txt')) print(f:read('l', 'n', 'a'))\n\
                print(f:seek('set', 2), f:read(3)) for l in io.lines('./data/a.txt') do print(l) end\n\
                print(io.open('data/a.txt', 'r+')) print(dofile('data/b.lua')) print(io.open('data/none'))";
    let files = [
        ("main.lua", main),
        ("data/a.txt", "first\n12\nrest"),
        ("data/b.lua", "return 'b'"),
    ];
    let app = built("build-embed", &files, &["--embed=data"]);
    assert_eq!(
        text(&run(&app, &[]).stdout),
        "first\t12\t\nrest\n2\trst\nfirst\n12\nrest\n\
         nil\tdata/a.txt: No such file or directory\t2\nb\nnil\tdata/none: No such file or directory\t2\n"
    );
}

#[test]
fn a_closed_program_compiles_nothing() {
    let here = folder("build-closed");
    write(&here, &[("main.lua", "print(load('return 1'))")]);
    let made = perilune(&here, &["build", "main.lua", "--closed"]);
    let said = text(&made.stderr);
    assert!(
        said.contains("main.lua:1: 'load' compiles source when the program runs"),
        "{said}"
    );

    let files = [(
        "main.lua",
        "local l = _ENV['lo' .. 'ad'] print(l('return 1')) print(l(string.dump(function() end)))",
    )];
    let app = built("build-closed-run", &files, &["--closed"]);
    let said = text(&run(&app, &[]).stdout);
    assert!(
        said.starts_with(
            "nil\tattempt to compile source in a program that was built with '--closed'\nfunction"
        ),
        "{said}"
    );
}

#[test]
fn code_for_this_processor_does_the_same() {
    let source = "local function mix(n)\n\
         local x, k = 0.5, 3\n\
         for i = 1, n do x = (x + i) * 1.5 / (x - i) - x; k = (k << (i & 7)) ~ (k >> (i % 5)) end\n\
         return x, k end\n\
         local a, b = 2.5, -0.0\n\
         print(mix(20), a - b, b - a, b * a, 0 / 0 ~= 0 / 0, 1 << 62 >> 3)";
    let plain = built("build-cpu-any", &[("main.lua", source)], &["--cpu=x86-64"]);
    let expected = run(&plain, &[]);
    assert!(expected.status.success(), "{}", text(&expected.stderr));
    let native = built("build-cpu-native", &[("main.lua", source)], &["--cpu=native"]);
    assert_eq!(run(&native, &[]).stdout, expected.stdout);
    let same = std::fs::read(&plain).expect("read") == std::fs::read(&native).expect("read");
    #[cfg(target_arch = "x86_64")]
    let differs = std::is_x86_feature_detected!("bmi2");
    #[cfg(not(target_arch = "x86_64"))]
    let differs = false;
    assert_eq!(same, !differs);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let here = folder("build-twice");
    write(
        &here,
        &[(
            "main.lua",
            "local t = {} for i = 1, 10 do t[i] = {x = i} end print(#t)",
        )],
    );
    for out in ["one", "two"] {
        assert!(
            perilune(&here, &["build", "main.lua", "-o", out])
                .status
                .success()
        );
    }
    let read = |name| std::fs::read(here.join(name)).expect("read");
    assert_eq!(read("one"), read("two"));
}

/// Where bytes are in others.
fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut windows = bytes.windows(wanted.len());
    windows.position(|w| w == wanted).expect("found")
}

#[test]
fn a_damaged_executable_is_refused() {
    let app = built("build-damaged", &[("main.lua", "print 'ran'")], &[]);
    let good = std::fs::read(&app).expect("read");
    // The runtime knows the word, too.
    let metadata = good.windows(8).rposition(|w| w == b"PERILIMG").expect("metadata");
    // The slot holds the metadata's size, which the metadata has, too.
    let size = [&good[metadata + 16..metadata + 20], &[0; 4]].concat();
    let is_slot = |at: &usize| good[*at..].starts_with(b"PERISLOT") && good[at + 24..at + 32] == size;
    let slot = (0..metadata).step_by(8).find(is_slot).expect("a slot");
    let shown = |bytes: &[u8], what: &str| {
        let damaged = app.with_file_name(what.replace(' ', "-"));
        std::fs::copy(&app, &damaged).expect("copied");
        std::fs::write(&damaged, bytes).expect("written");
        let started = Command::new(&damaged).env_clear().output();
        let Ok(output) = started else { return };
        assert!(output.stdout.is_empty(), "{what}: it ran");
        assert_eq!(output.status.code(), Some(1), "{what}: {output:?}");
        assert!(
            text(&output.stderr).contains(": cannot run: it "),
            "{what}: {output:?}"
        );
    };
    // The code, less than a page of it, begins a page before the metadata, which says how much it is.
    let code_size = u16::from_le_bytes([good[metadata + 24], good[metadata + 25]]) as usize;
    let code = metadata - 4096..metadata - 4096 + code_size;
    assert!((500..4096).contains(&code_size), "{code_size}");
    let of_slot = [8, 16, 24, 40, 48].map(|n| slot + n);
    let of_metadata = (metadata..metadata + 250).step_by(13);
    let places = of_slot.into_iter().chain(of_metadata).chain(code.step_by(101));
    for at in places {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        shown(&bytes, &format!("byte {at}"));
    }
    for len in [metadata - 1, metadata + 40, good.len() - 1] {
        let cut = app.with_file_name(format!("cut-{len}"));
        std::fs::copy(&app, &cut).expect("copied");
        std::fs::write(&cut, &good[..len]).expect("written");
        assert!(
            Command::new(&cut).output().is_err(),
            "the system starts {len} bytes"
        );
    }
    let bare = Command::new(env!("CARGO_BIN_EXE_perilune-stub"))
        .output()
        .expect("starts");
    assert!(text(&bare.stderr).contains("it holds no program"), "{bare:?}");
}

#[test]
fn it_can_be_looked_into() {
    let here = folder("build-inspect");
    write(
        &here,
        &[("main.lua", "local function f() end\nf()"), ("x.txt", "12345")],
    );
    let made = perilune(
        &here,
        &[
            "build",
            "main.lua",
            "-o",
            "app",
            "--embed=x.txt",
            "--cpu=x86-64-v3",
            "--report=json",
        ],
    );
    let report: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(report["modules"][0]["functions"], 2, "{report}");
    assert_eq!(report["files"][0]["size"], 5, "{report}");
    let seen = perilune(&here, &["inspect", "app", "--format=json"]);
    let seen: serde_json::Value = serde_json::from_slice(&seen.stdout).expect("JSON");
    assert_eq!(seen["modules"][0]["compiled"], 2, "{seen}");
    assert_eq!(seen["code"], report["code"]);
    assert!(
        seen["features"].as_str().is_some_and(|f| f.contains("bmi2")),
        "{seen}"
    );
    let said = text(&perilune(&here, &["inspect", "app"]).stdout);
    assert!(
        said.contains("the program (main.lua)") && said.contains("file x.txt: 5 B"),
        "{said}"
    );
    let refused = perilune(&here, &["inspect", "x.txt"]);
    assert!(
        text(&refused.stderr).contains("x.txt: not an executable of Perilune"),
        "{refused:?}"
    );
    // Debuggers find functions by these names.
    let bytes = std::fs::read(here.join("app")).expect("read");
    find(&bytes, b"\0lua:main.lua:1#1\0");
}

#[test]
fn listings_show_its_code() {
    let here = folder("build-dump");
    write(
        &here,
        &[("main.lua", "local function f(t) return t.x end print(f(arg))")],
    );
    let listing = perilune(&here, &["dump", "--stage=asm", "--aot", "main.lua"]);
    assert!(
        text(&listing.stdout).contains("helper get_cached\n"),
        "{listing:?}"
    );
}
