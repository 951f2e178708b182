//! What the command shows of the compiled tier: logs, the map for perf, listings, the prompt, `--stats`.
#![cfg(all(unix, any(target_arch = "x86_64", target_arch = "aarch64")))]

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = "local function add(a, b)
  return a + b
end
for i = 1, 2000 do add(i, 1) end
for i = 1, 2000 do add(i + 0.5, 1) end
load('local function odd(a) return a end for i = 1, 2000 do odd(i) end', '=\"odd\\n\\xff\\\\')()
collectgarbage() collectgarbage()
for i = 1, 2000 do add(i, 1) end
";

fn command(here: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_perilune"));
    c.args(args).current_dir(here);
    for name in [
        "PERILUNE_ENGINE",
        "PERILUNE_STRESS",
        "PERILUNE_JIT",
        "PERILUNE_JIT_MEMORY",
        "PERILUNE_JIT_THRESHOLD",
    ] {
        c.env_remove(name);
    }
    c
}

fn perilune(here: &Path, args: &[&str]) -> Output {
    command(here, args).output().expect("the command starts")
}

fn stdout(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn stderr(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

/// A folder of a test's own, with the program.
fn with_program(name: &str) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&here);
    std::fs::create_dir_all(&here).expect("a folder for the test");
    std::fs::write(here.join("p.lua"), PROGRAM).expect("written");
    here
}

#[test]
fn the_log_is_text_on_standard_error() {
    let here = with_program("tier-text");
    let o = perilune(&here, &["--jit-threshold=500", "--log=tier", "p.lua"]);
    assert!(o.status.success() && o.stdout.is_empty(), "{o:?}");
    let text = stderr(&o);
    let lines: Vec<&str> = text
        .lines()
        .map(|l| l.split_once("] ").expect("a time").1)
        .collect();
    assert!(lines[0].starts_with("processor "), "{text}");
    assert!(
        lines[0].contains(": features ") && lines[0].contains("; compiled code uses "),
        "{text}"
    );
    assert_eq!(
        lines[1],
        "engine jit: interpreter, baseline; threshold 500, code memory 67108864 bytes"
    );
    for part in [
        "start      p.lua:1 add, version 1: 3 instructions",
        "finish     p.lua:1 add, version 1: 24 bytes of bytecode, ",
        "install    p.lua:1 add, version 1: ",
        "deopt      p.lua:1 add, version 1: at instruction 1, line 2: type",
        "invalidate p.lua:1 add, version 1: too many exits",
        "release    p.lua:1 add, version 1: ",
        "start      p.lua:1 add, version 2: 3 instructions, cautiously",
        "invalidate \"odd\\n\u{fffd}\\:1 odd, version 1: the function was collected",
    ] {
        assert!(lines.iter().any(|l| l.starts_with(part)), "{part} in\n{text}");
    }
}

/// The keys that docs/tiers.md lists for an event.
fn documented(event: &str) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tiers.md");
    let text = std::fs::read_to_string(file).expect("the page");
    let row = |name: &str| -> BTreeSet<String> {
        let start = format!("| {name} |");
        let line = text.lines().find(|l| l.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("no row {name}"));
        line[start.len()..]
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let common = row("each line");
    let of_function = if event == "begin" {
        BTreeSet::new()
    } else {
        row("of a function")
    };
    let own = row(&format!("`{event}`"));
    common.into_iter().chain(of_function).chain(own).collect()
}

#[test]
fn the_log_in_a_file_has_the_keys_that_are_documented() {
    let here = with_program("tier-json");
    let o = perilune(&here, &["--jit-threshold=500", "--log=tier:log.jsonl", "p.lua"]);
    assert!(
        o.status.success() && o.stdout.is_empty() && o.stderr.is_empty(),
        "{o:?}"
    );
    let full = perilune(
        &here,
        &[
            "--jit-threshold=500",
            "--jit-memory=0",
            "--log=tier:full.jsonl",
            "p.lua",
        ],
    );
    assert!(full.status.success(), "{full:?}");
    let mut text = std::fs::read_to_string(here.join("log.jsonl")).expect("the log");
    text += &std::fs::read_to_string(here.join("full.jsonl")).expect("the log");
    let mut seen = BTreeSet::new();
    let mut odd = 0;
    for line in text.lines() {
        let object: Value = serde_json::from_str(line).expect("JSON");
        let event = object["event"].as_str().expect("a name").to_owned();
        let keys: BTreeSet<String> = object.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(keys, documented(&event), "{event}");
        odd += usize::from(object["chunk"] == "\"odd\n\u{fffd}\\");
        seen.insert(event);
    }
    let all = [
        "begin",
        "deopt",
        "fail",
        "finish",
        "install",
        "invalidate",
        "release",
        "start",
    ];
    assert_eq!(seen, all.map(str::to_owned).into());
    assert!(odd > 3, "{text}");
    let begin: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(begin["engine"], "jit");
    assert_eq!(begin["compiles"], true);
}

#[test]
fn reasons_are_documented() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tiers.md");
    let text = std::fs::read_to_string(file).expect("the page");
    for r in perilune::Reason::ALL {
        let row = format!("| {} | `{}` | {} |", *r as u8, r.name(), r.about());
        assert!(text.contains(&row), "{row}");
    }
    for why in perilune::Invalidation::ALL {
        let row = format!("| {} | `{}` |", why as u8, why.name());
        assert!(text.contains(&row), "{row}");
    }
}

#[test]
fn what_cannot_be_logged_is_an_error_of_the_option() {
    let here = with_program("tier-errors");
    for (args, message) in [
        (
            &["--log=tier:no/such/folder", "p.lua"][..],
            "cannot write no/such/folder: ",
        ),
        (
            &["--log=gc", "p.lua"],
            "there is no log 'gc' (known: tier, tier:FILE)",
        ),
        (&["--log=tier:", "p.lua"], "'--log=tier:' names no file"),
        (
            &["--jit=fast", "p.lua"],
            "unknown mode 'fast' in --jit (known: off, baseline, full)",
        ),
        (&["--jit-memory=x", "p.lua"], "invalid value in '--jit-memory=x'"),
        (
            &["dis", "--live", "--log", "tier:no/such/folder", "p.lua"],
            "cannot write no/such/folder: ",
        ),
    ] {
        let o = perilune(&here, args);
        assert_eq!(o.status.code(), Some(1), "{o:?}");
        assert!(stderr(&o).contains(message), "{args:?}: {}", stderr(&o));
        assert!(o.stdout.is_empty(), "nothing has run: {o:?}");
    }
    let variable = |name: &str, value: &str| {
        let mut c = command(&here, &["p.lua"]);
        stderr(&c.env(name, value).output().expect("the command starts"))
    };
    assert!(variable("PERILUNE_JIT", "fast").contains("unknown mode 'fast' in PERILUNE_JIT"));
    assert!(variable("PERILUNE_JIT_MEMORY", "x").contains("invalid value in PERILUNE_JIT_MEMORY"));
    assert!(variable("PERILUNE_JIT_THRESHOLD", "x").contains("invalid value in PERILUNE_JIT_THRESHOLD"));
}

#[test]
fn nothing_is_written_unless_it_is_asked_for() {
    let here = with_program("tier-quiet");
    let o = perilune(&here, &["--engine=jit", "p.lua"]);
    assert!(o.status.success() && o.stderr.is_empty(), "{o:?}");
    assert_eq!(std::fs::read_dir(&here).expect("the folder").count(), 1);
}

#[test]
fn a_line_of_the_statistics_says_what_ran() {
    let here = with_program("tier-stats");
    let last = |args: &[&str], variable: Option<(&str, &str)>| {
        let mut c = command(&here, &[args, &["--stats", "p.lua"]].concat());
        let o = c.envs(variable).output().expect("the command starts");
        stderr(&o).lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(last(&["--engine=vm"], None), "engine vm (interpreter)");
    assert_eq!(last(&["--engine=tree"], None), "engine tree (walker)");
    let off = "engine jit (interpreter: --jit=off)";
    assert_eq!(last(&["--engine=jit", "--jit=off"], None), off);
    assert_eq!(last(&["--engine=jit"], Some(("PERILUNE_JIT", "off"))), off);
    let cold = last(&["--engine=jit", "--jit-threshold=1000000000"], None);
    assert!(
        cold.starts_with("engine jit (interpreter): 0 of "),
        "nothing got hot: {cold}"
    );
    for mode in ["--jit=baseline", "--jit=full"] {
        let line = last(&["--engine=jit", mode], None);
        assert!(line.starts_with("engine jit (interpreter, baseline): "), "{line}");
        for part in [
            " functions (",
            " bytes of code, ",
            " ms (",
            " discarded, ",
            " exits",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
        assert!(!line.contains(", 0 exits"), "{line}");
    }
}

#[test]
fn perf_finds_the_names_of_functions() {
    let here = with_program("tier-perf");
    let child = command(&here, &["--jit-threshold=500", "--perf-map", "p.lua"])
        .stdout(Stdio::null())
        .spawn();
    let mut child = child.expect("the command starts");
    let path = format!("/tmp/perf-{}.map", child.id());
    assert!(child.wait().expect("it ends").success());
    let text = std::fs::read_to_string(&path).expect("the map");
    std::fs::remove_file(&path).expect("it was ours");
    for line in text.lines() {
        let mut words = line.splitn(3, ' ');
        let mut number = || {
            let word = words.next().expect("a number");
            usize::from_str_radix(word, 16).expect("a number")
        };
        assert!(number() > 4096 && number() > 0, "{line}");
        assert!(words.next().is_some_and(|name| name.contains(':')), "{line}");
    }
    assert!(text.contains(" p.lua:1 add\n"), "{text}");
    assert!(text.contains(" \"odd\\n\u{fffd}\\:1 odd\n"), "{text}");
}

/// The listing of a program's machine code.
fn asm(here: &Path, args: &[&str]) -> String {
    let o = perilune(here, &[&["dump", "--stage=asm"], args].concat());
    assert!(o.status.success() && o.stderr.is_empty(), "{o:?}");
    stdout(&o)
}

#[test]
fn machine_code_is_listed_for_both_targets() {
    let here = with_program("tier-asm");
    for (target, shown) in [("x86_64", "x86-64"), ("aarch64", "aarch64")] {
        let target = format!("--target={target}");
        let ahead = asm(&here, &["--tier=baseline", &target, "p.lua"]);
        let live = asm(&here, &["--live", &target, "p.lua"]);
        for text in [&ahead, &live] {
            assert_eq!(
                text.matches(&format!("\nbaseline code for {shown}: ")).count(),
                2,
                "{text}"
            );
            for part in [
                "\nadd: function",
                "    2 |   return a + b\n",
                "ADD ",
                "\n    call:  ;",
                "\ncold:\n",
                "\n    entry_0:  ;",
                "  ; helper step\n",
            ] {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
        assert!(!ahead.contains("=>"), "nothing has run: {ahead}");
        assert!(live.contains("=> ADD_"), "{live}");
    }
    let host = asm(&here, &["p.lua"]);
    let name = perilune_codegen::disasm::Target::host()
        .expect("the host is one")
        .to_string();
    assert!(host.contains(&format!("baseline code for {name}: ")), "{host}");
    let compiled = perilune(&here, &["compile", "-s", "p.lua", "-o", "p.plc"]);
    assert!(compiled.status.success(), "{compiled:?}");
    assert!(asm(&here, &["p.plc"]).contains("baseline code for "));
}

#[test]
fn stages_and_tiers_that_are_not_there_are_refused() {
    let here = with_program("tier-stages");
    for (args, message) in [
        (&["--stage=clif"][..], "the baseline tier has no CLIF stage"),
        (
            &["--stage=clif", "--tier=baseline"],
            "the baseline tier has no CLIF stage",
        ),
        (
            &["--stage=asm", "--tier=optimised"],
            "there is no tier 'optimised' (known: baseline)",
        ),
        (&["--tier=baseline"], "'--tier' is for '--stage=asm'"),
        (&["--target=x86_64"], "'--target' is for '--stage=asm'"),
        (
            &["--stage=asm", "--target=z80"],
            "unknown target 'z80' (there are x86-64, aarch64)",
        ),
        (
            &["--stage=ast", "--live"],
            "'--live' shows bytecode and machine code only",
        ),
    ] {
        let o = perilune(&here, &[&["dump"], args, &["p.lua"]].concat());
        assert_eq!(o.status.code(), Some(1), "{o:?}");
        assert!(stderr(&o).contains(message), "{args:?}: {}", stderr(&o));
    }
}

/// All Lua files in a folder, but those that need limits to end.
fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "limits") {
            programs(&path, found);
        } else if path.extension().is_some_and(|e| e == "lua") {
            found.push(path);
        }
    }
}

/// Whether a line of a listing is an instruction of the bytecode.
fn is_heading(line: &&str) -> bool {
    let number = line.strip_prefix(['>', ' ']).map(str::trim_start);
    number.is_some_and(|rest| {
        let word = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        word.len() < rest.len() && word.starts_with(" [")
    })
}

#[test]
fn programs_of_the_corpus_are_listed_whole_after_a_run() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    let mut files = Vec::new();
    programs(&corpus, &mut files);
    let (mut listed, mut headings) = (0, 0);
    for file in &files {
        let name = file.to_str().expect("a plain name");
        let show = |args: &[&str]| {
            let fixed = ["dump", "--live", "--deterministic", name];
            perilune(&corpus, &[&fixed, args].concat())
        };
        let bytecode = show(&[]);
        for target in ["--target=x86_64", "--target=aarch64"] {
            let o = show(&["--stage=asm", target]);
            assert_eq!(o.status, bytecode.status, "{name}: {o:?}");
            if !o.status.success() {
                continue;
            }
            listed += 1;
            let text = stdout(&o);
            let mut lines = text.lines();
            for heading in stdout(&bytecode).lines().filter(is_heading) {
                assert!(lines.any(|l| l == heading), "{name} {target}: {heading}");
                headings += 1;
            }
            for undecoded in ["  .byte 0x", "  .inst 0x"] {
                assert!(!text.contains(undecoded), "{name} {target}: {undecoded}");
            }
        }
    }
    assert!(
        files.len() > 80 && listed > 160 && headings > 20_000,
        "{} {listed} {headings}",
        files.len()
    );
}
