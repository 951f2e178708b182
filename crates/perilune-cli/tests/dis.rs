//! `perilune dis`: options -> what is shown of `dis/points.lua`, held by golden texts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dis")
}

fn dis(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perilune"))
        .arg("dis")
        .args(args)
        .current_dir(folder())
        .env_remove("PERILUNE_ENGINE")
        .env_remove("PERILUNE_STRESS")
        .output()
        .expect("the command starts")
}

fn shown(args: &[&str]) -> String {
    let out = dis(args);
    assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Compares with a golden text, or writes it if the variable `BLESS` is set.
fn is_as_in(file: &str, found: &str) {
    let path = folder().join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).expect("written");
        return;
    }
    let expected = std::fs::read_to_string(path).expect("the golden text");
    assert!(found == expected, "{file} is different:\n{found}");
}

/// Numbers of shapes depend on the standard library.
fn without_shape_numbers(text: &str) -> String {
    let line = |line: &str| match line.find(" shape ") {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    };
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.contains("{assert, "))
        .map(line)
        .collect();
    lines.join("\n") + "\n"
}

#[test]
fn instructions_stand_beside_their_source() {
    is_as_in("points.txt", &shown(&["points.lua"]));
}

#[test]
fn a_run_shows_counts_and_caches() {
    let text = shown(&["--live", "--deterministic", "points.lua"]);
    is_as_in("points.live.txt", &without_shape_numbers(&text));
}

#[test]
fn opcodes_are_explained() {
    is_as_in("points.docs.txt", &shown(&["--docs", "points.lua"]));
}

#[test]
fn json_says_the_same() {
    let text = shown(&["--json", "points.lua"]);
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let main = &all[0];
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    assert_eq!(all[1]["name"], "norm");
    assert_eq!(main["upvalues"][0]["name"], "_ENV");
    let code = main["code"].as_array().expect("instructions");
    let forprep = code.iter().find(|i| i["op"] == "FORPREP").expect("a loop");
    let target = forprep["target"].as_u64().expect("a jump") as usize;
    assert_eq!(code[target]["is_target"], true);
    assert_eq!(forprep["line"], 10);
    assert!(
        main["constants"]
            .as_array()
            .expect("constants")
            .contains(&"\"norm\"".into())
    );
    let live: serde_json::Value = {
        let text = shown(&["--json", "--live", "points.lua"]);
        let start = text.find('[').expect("after what the program prints");
        serde_json::from_str(&text[start..]).expect("JSON")
    };
    assert!(live[1]["code"][0]["count"].as_u64() > Some(10));
    let cached = live[1]["code"].as_array().expect("instructions");
    assert!(
        cached
            .iter()
            .any(|i| i["cache"].as_array().is_some_and(|c| c.len() == 2))
    );
}

#[test]
fn compiled_files_are_shown_too() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("points.plc");
    let made = Command::new(env!("CARGO_BIN_EXE_perilune"))
        .args(["compile", "points.lua", "-s", "-o"])
        .arg(&out)
        .current_dir(folder())
        .status();
    assert!(made.expect("the command starts").success());
    let text = shown(&[&out.display().to_string()]);
    assert!(
        text.contains("FORLOOP") && text.contains("\"norm\"") && !text.contains('|'),
        "{text}"
    );
    let refused = dis(&["points.txt"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty() && !refused.stderr.is_empty());
}
