//! Subcommands and help: command lines -> output and exit codes.

use std::path::PathBuf;
use std::process::{Command, Output};

fn perilune(folder: &PathBuf, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perilune"))
        .args(args)
        .current_dir(folder)
        .env_remove("PERILUNE_ENGINE")
        .env_remove("PERILUNE_STRESS")
        .env_remove("PERILUNE_JIT")
        .output()
        .expect("the command starts")
}

fn stdout(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn stderr(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder for the test");
    path
}

#[test]
fn a_file_of_a_subcommands_name_goes_first() {
    let here = folder("file-first");
    std::fs::write(here.join("x.lua"), "print(...)").expect("written");
    let listing = perilune(&here, &["dump", "x.lua"]);
    assert!(stdout(&listing).contains("GETTABUP"), "{listing:?}");
    assert_eq!(stdout(&perilune(&here, &["run", "x.lua", "a"])), "a\n");

    std::fs::create_dir(here.join("run")).expect("a folder is not a script");
    assert_eq!(stdout(&perilune(&here, &["run", "x.lua", "b"])), "b\n");

    std::fs::write(here.join("dump"), "print('the script', ...)").expect("written");
    assert_eq!(
        stdout(&perilune(&here, &["dump", "x.lua"])),
        "the script\tx.lua\n"
    );
    assert_eq!(stdout(&perilune(&here, &["run", "dump"])), "the script\n");
}

#[test]
fn help_names_options_and_subcommands() {
    let here = folder("help");
    for args in [&["--help"][..], &["help"], &["-i", "--help"]] {
        let shown = perilune(&here, args);
        assert!(shown.status.success(), "{shown:?}");
        for part in ["-e <stat>", "--engine=<NAME>", "dump", "help", "-l g=mod"] {
            assert!(
                stdout(&shown).contains(part),
                "{part} in {args:?}: {}",
                stdout(&shown)
            );
        }
    }
    let dump = perilune(&here, &["dump", "--help"]);
    assert!(stdout(&dump).contains("Usage: perilune dump"));
    assert_eq!(stdout(&dump), stdout(&perilune(&here, &["help", "dump"])));
    assert_eq!(stdout(&dump), stdout(&perilune(&here, &["dump", "-h"])));
    let refused = perilune(&here, &["-h"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("unrecognized option '-h'"),
        "as lua has it"
    );
    let unknown = perilune(&here, &["help", "dumb"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("a similar value exists: 'dump'"),
        "{unknown:?}"
    );
}

#[test]
fn settings_are_one_list_for_front_and_subcommands() {
    let here = folder("settings");
    std::fs::write(here.join("x.lua"), "for i = 1, 2 do i = 3 end").expect("written");
    let refused = perilune(&here, &["dump", "x.lua"]);
    assert!(stderr(&refused).contains("const"), "{refused:?}");
    for args in [&["--std=5.4"][..], &["--std", "5.4"]] {
        assert!(
            perilune(&here, &[&["dump"], args, &["x.lua"]].concat())
                .status
                .success()
        );
    }
    for (args, message) in [
        (&["--std=6", "x.lua"][..], "invalid value in '--std=6'"),
        (&["dump", "--std=6", "x.lua"], "invalid value in '--std=6'"),
        (
            &["--engine=steam", "x.lua"],
            "unknown engine 'steam' in --engine (known: vm, jit, tree)",
        ),
        (&["dump", "--engine=steam", "x.lua"], "unknown engine 'steam'"),
        (&["--stats=1"], "unrecognized option '--stats=1'"),
        (&["--max-time", "x.lua"], "invalid value in '--max-time'"),
    ] {
        let o = perilune(&here, args);
        assert_eq!(o.status.code(), Some(1), "{o:?}");
        assert!(stderr(&o).contains(message), "{args:?}: {}", stderr(&o));
    }
}

#[test]
fn completions_name_options_and_subcommands() {
    let here = folder("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&perilune(&here, &["completions", shell]));
        for part in ["max-memory", "dump", "completions", "stage", "deterministic"] {
            assert!(script.contains(part), "{part} for {shell}: {script}");
        }
    }
    let unknown = perilune(&here, &["completions", "cmd"]);
    assert!(stderr(&unknown).contains("possible values: bash, elvish, fish, powershell, zsh"));
}

#[cfg(unix)]
#[test]
fn bash_completes_with_the_script() {
    let here = folder("bash");
    let script = stdout(&perilune(&here, &["completions", "bash"]));
    std::fs::write(here.join("script"), script).expect("written");
    let complete = |words: &str, at: usize| {
        let ask = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD={at}; \
             _perilune perilune \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{}]}}\"; echo \"${{COMPREPLY[@]}}\"",
            at - 1
        );
        let o = Command::new("bash")
            .args(["-c", &ask])
            .current_dir(&here)
            .output();
        stdout(&o.expect("bash starts")).trim().to_owned()
    };
    assert_eq!(complete("perilune du", 1), "dump");
    assert_eq!(complete("perilune --max-m", 1), "--max-memory");
    assert_eq!(complete("perilune dump --li", 2), "--live");
    assert_eq!(complete("perilune dump --stage to", 3), "tokens");
    assert_eq!(complete("perilune help comple", 2), "completions");
}

#[test]
fn manual_pages_name_options_and_subcommands() {
    let here = folder("man");
    let page = stdout(&perilune(&here, &["man"]));
    assert!(page.contains(".TH perilune 1"), "{page}");
    for part in [
        "\\-\\-max\\-memory",
        "\\fB\\-e\\fR",
        "perilune\\-dump(1)",
        "SYNOPSIS",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = stdout(&perilune(&here, &["man", "dump"]));
    assert!(
        page.contains(".TH perilune-dump 1") && page.contains("\\-\\-stage"),
        "{page}"
    );
}

#[test]
fn compiled_files_run_without_their_source() {
    let here = folder("compile");
    std::fs::write(
        here.join("main.lua"),
        "#!/usr/bin/perilune\nlocal m = require 'part'\nprint(m.name, ...)\nm.fail()\n",
    )
    .expect("written");
    std::fs::write(
        here.join("part.lua"),
        "return {name = 'part', fail = function()\n  local t = nil\n  return t.x\nend}\n",
    )
    .expect("written");
    for args in [&["compile", "main.lua"][..], &["compile", "--strip", "part.lua"]] {
        let made = perilune(&here, args);
        assert!(
            made.status.success() && made.stdout.is_empty() && made.stderr.is_empty(),
            "{made:?}"
        );
    }
    for source in ["main.lua", "part.lua"] {
        std::fs::remove_file(here.join(source)).expect("removed");
    }
    for engine in ["--engine=vm", "--engine=tree"] {
        let ran = perilune(&here, &[engine, "main.plc", "a"]);
        assert_eq!(stdout(&ran), "part\ta\n");
        assert_eq!(ran.status.code(), Some(1));
        let told = stderr(&ran);
        let expected = "perilune: ?:?: attempt to index a nil value\nstack traceback:\n\t?: in field 'fail'\n\t\
                        main.lua:4: in main chunk\n\t[C]: in ?\n";
        assert!(told.ends_with(expected), "{told}");
    }
    let left: Vec<_> = std::fs::read_dir(&here).expect("the folder").collect();
    assert_eq!(left.len(), 2, "nothing but the compiled files: {left:?}");
}

#[test]
fn compile_says_what_is_wrong() {
    let here = folder("compile-wrong");
    std::fs::write(here.join("bad.lua"), "return return").expect("written");
    std::fs::write(here.join("good.lua"), "return 1").expect("written");
    let refused = |args: &[&str], reason: &str| {
        let o = perilune(&here, args);
        assert_eq!(o.status.code(), Some(1), "{o:?}");
        assert_eq!(stderr(&o), format!("perilune: {reason}\n"));
    };
    refused(
        &["compile", "bad.lua"],
        "bad.lua:1: unexpected symbol near 'return'",
    );
    refused(&["compile", "-"], "'-o' is needed for what standard input holds");
    refused(
        &["compile", "-o", "good.lua", "good.lua"],
        "'good.lua' is the file itself",
    );
    let o = perilune(&here, &["compile", "-o", "no/such/folder.plc", "good.lua"]);
    assert!(
        stderr(&o).starts_with("perilune: cannot write no/such/folder.plc: "),
        "{o:?}"
    );
    assert!(!here.join("bad.plc").exists());
    let shown = perilune(&here, &["compile", "-o", "-", "good.lua"]);
    assert!(shown.stdout.starts_with(b"\x1bLua\x55"), "{shown:?}");
}
