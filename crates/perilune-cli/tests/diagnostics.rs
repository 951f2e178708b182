//! What the command says of errors, and what `check` finds, for small programs. `BLESS=1 cargo test`
//! writes the expected texts anew.
//!
//! Beside each `NAME.lua` stands `NAME.txt`. A first line `-- args: ...` gives arguments before the
//! file's name.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const COMMAND: &str = env!("CARGO_BIN_EXE_perilune");

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The programs in a folder, by name.
fn programs(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("folder is there");
    let names = entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|n| n.ends_with(".lua")).collect();
    names.sort();
    assert!(names.len() > 10, "programs in {}", folder.display());
    names
}

fn arguments(folder: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read(folder.join(name)).expect("program can be read");
    let text = String::from_utf8_lossy(&text).into_owned();
    let first = text.lines().next().unwrap_or_default();
    let args = first.strip_prefix("-- args: ").unwrap_or_default();
    args.split_whitespace().map(str::to_owned).collect()
}

fn command(folder: &Path) -> Command {
    let mut c = Command::new(COMMAND);
    c.current_dir(folder);
    for name in [
        "LUA_INIT",
        "LUA_INIT_5_5",
        "LUA_PATH",
        "LUA_PATH_5_5",
        "PERILUNE_ENGINE",
        "PERILUNE_STRESS",
    ] {
        c.env_remove(name);
    }
    c
}

/// What a run says on standard error.
fn complaint(folder: &Path, name: &str, mode: &str, engine: &str) -> String {
    let mut c = command(folder);
    c.env("PERILUNE_DIAGNOSTICS", mode)
        .arg(format!("--engine={engine}"));
    let out = c
        .args(arguments(folder, name))
        .arg(name)
        .output()
        .expect("command runs");
    assert_eq!(out.status.code(), Some(1), "{name} ends with an error");
    let said = String::from_utf8_lossy(&out.stderr).replace(COMMAND, "perilune");
    said.lines().map(|l| level_free(l) + "\n").collect()
}

/// How deep a stack can be differs between engines.
fn level_free(line: &str) -> String {
    match line.split_once("(skipping ") {
        Some((before, _)) => format!("{before}(skipping N levels)"),
        None => line.to_owned(),
    }
}

/// Compares with the expected text; what differs is added to `wrong`.
fn compare(path: &Path, found: &str, wrong: &mut Vec<String>) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).expect("expected text can be written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected != found {
        let name = path.display();
        wrong.push(format!("{name}: expected\n{expected}found\n{found}"));
    }
}

fn fail_if(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "run with BLESS=1 and look at the differences\n{}",
        wrong.join("\n")
    );
}

#[test]
fn errors() {
    let folder = folder("diagnostics");
    let mut wrong = Vec::new();
    for name in programs(&folder) {
        let plain = complaint(&folder, &name, "plain", "vm");
        let rich = complaint(&folder, &name, "rich", "vm");
        let text = format!("== plain\n{plain}== rich\n{rich}");
        compare(&folder.join(&name).with_extension("txt"), &text, &mut wrong);
    }
    fail_if(&wrong);
}

#[test]
fn engines_agree() {
    let folder = folder("diagnostics");
    for name in programs(&folder) {
        let vm = complaint(&folder, &name, "rich", "vm");
        assert_eq!(complaint(&folder, &name, "rich", "tree"), vm, "{name}");
    }
}

#[test]
fn rich_text_begins_and_ends_as_plain_text() {
    let folder = folder("diagnostics");
    for name in programs(&folder) {
        let plain = complaint(&folder, &name, "plain", "vm");
        let rich = complaint(&folder, &name, "rich", "vm");
        let (message, traceback) = plain.split_at(plain.find("stack traceback:").unwrap_or(plain.len()));
        assert!(rich.starts_with(message), "{name}");
        assert!(rich.ends_with(traceback), "{name}");
    }
}

/// Standard error is no terminal here, so what is piped is PUC's text.
#[test]
fn automatic_text_is_plain_when_piped() {
    let folder = folder("diagnostics");
    for asked in ["auto", "", "nonsense"] {
        let said = complaint(&folder, "call_global.lua", asked, "vm");
        assert_eq!(said, complaint(&folder, "call_global.lua", "plain", "vm"));
    }
}

#[test]
fn sources_that_no_file_holds() {
    let run = |args: &[&str]| {
        let mut c = command(&folder("diagnostics"));
        let out = c.env("PERILUNE_DIAGNOSTICS", "rich").args(args).output();
        String::from_utf8_lossy(&out.expect("command runs").stderr).into_owned()
    };
    let error = run(&["-e", "local t = {}\nprint(t.x.y)"]);
    assert!(error.contains("2 | print(t.x.y)\n  |       ^^^\n"), "{error}");
    let refusal = run(&["-e", "x = = 1"]);
    assert!(refusal.contains("1 | x = = 1\n  |     ^\n"), "{refusal}");
    let known = run(&["-e", "load('pritn(1)', '=made')()"]);
    assert!(
        known.contains("(global 'pritn')\nhelp: did you mean `print`?\nstack"),
        "{known}"
    );
    let data = run(&["-e", "error('call_global.txt:1: a record')"]);
    assert!(
        data.contains("1 | error('call_global.txt:1: a record')\n"),
        "{data}"
    );
    let gone = run(&["-e", "error('no_such_file.lua:1: text', 0)"]);
    assert!(
        gone.contains("1 | error('no_such_file.lua:1: text', 0)\n"),
        "{gone}"
    );
}

// Findings.

fn check(args: &[String], file: &str, format: &str) -> Output {
    let mut c = command(&folder("check"));
    c.arg("check")
        .args(args)
        .arg(format!("--format={format}"))
        .arg(file);
    c.output().expect("command runs")
}

fn text(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn findings() {
    let folder = folder("check");
    let mut wrong = Vec::new();
    for name in programs(&folder) {
        let args = arguments(&folder, &name);
        let run = |format| check(&args, &name, format);
        let short = run("short");
        let expected = i32::from(!short.stdout.is_empty());
        assert_eq!(short.status.code(), Some(expected), "{name}");
        let found = format!(
            "== short\n{}== full\n{}== json\n{}",
            text(&short),
            text(&run("full")),
            text(&run("json"))
        );
        compare(&folder.join(&name).with_extension("txt"), &found, &mut wrong);
    }
    fail_if(&wrong);
}

/// Every kind of finding has a program that shows it.
#[test]
fn each_code_is_found() {
    let folder = folder("check");
    let mut all = String::new();
    for name in programs(&folder) {
        all.push_str(&text(&check(&arguments(&folder, &name), &name, "short")));
    }
    for code in perilune_syntax::check::Code::ALL {
        assert!(all.contains(&format!(": {}: ", code.name())), "{}", code.name());
    }
}

#[test]
fn piped_findings_are_short() {
    let none: [String; 0] = [];
    let auto = check(&none, "unused_local.lua", "auto");
    assert_eq!(auto.stdout, check(&none, "unused_local.lua", "short").stdout);
}

#[test]
fn exit_codes_of_check() {
    let none: [String; 0] = [];
    assert_eq!(check(&none, "clean.lua", "auto").status.code(), Some(0));
    assert_eq!(check(&none, "unused_local.lua", "auto").status.code(), Some(1));
    assert_eq!(check(&none, "no_such_file.lua", "auto").status.code(), Some(2));
    let unknown = ["--ignore=no-such-code".to_owned()];
    assert_eq!(check(&unknown, "clean.lua", "auto").status.code(), Some(2));
    let wrong = ["--no-such-option".to_owned()];
    assert_eq!(check(&wrong, "clean.lua", "auto").status.code(), Some(2));
}

/// What one file defines, another one may use; folders are walked in the order of names.
#[test]
fn files_of_one_program() {
    let none: [String; 0] = [];
    let alone = text(&check(&none, "program/main.lua", "short"));
    assert!(
        alone.contains("undefined-global: the global 'configure'"),
        "{alone}"
    );
    let whole = text(&check(&none, "program", "short"));
    assert_eq!(
        whole,
        "program/b/deep.lua:1:7: unused-local: the local 'unused' is never used\n\
         program/main.lua:3:1: undefined-global: the global 'start' is not defined\n"
    );
}

#[test]
fn standard_input_is_checked() {
    use std::io::Write;
    let mut c = command(&folder("check"));
    c.args(["check", "-"]).stdin(std::process::Stdio::piped());
    c.stdout(std::process::Stdio::piped());
    let mut child = c.spawn().expect("command runs");
    let input = child.stdin.take();
    input.expect("pipe").write_all(b"pritn(1)").expect("written");
    let out = child.wait_with_output().expect("command ends");
    let expected = "stdin:1:1: undefined-global: the global 'pritn' is not defined; did you mean 'print'?\n";
    assert_eq!(text(&out), expected);
}
