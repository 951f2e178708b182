//! The analysis over the project's Lua programs, and what it must not say.

use perilune_syntax::ast::Dialect;
use perilune_syntax::check::{self, Code, Finding, Known, Options};
use perilune_syntax::{Lines, parse, skip_shebang};
use std::path::{Path, PathBuf};

fn findings(source: &[u8], options: Options) -> Option<Vec<Finding>> {
    let chunk = parse(source, b"=t", options.dialect).ok()?;
    let mut known = Known::standard(options.dialect);
    check::collect(source, &chunk, &mut known);
    Some(check::check(source, &chunk, &known, options))
}

fn codes(source: &str) -> Vec<&'static str> {
    let found = findings(source.as_bytes(), Options::default()).expect("valid source");
    found.iter().map(|f| f.code.name()).collect()
}

/// All `*.lua` below a folder.
fn programs(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("folder is there") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            programs(&path, all);
        } else if path.extension().is_some_and(|x| x == "lua") {
            all.push(path);
        }
    }
}

/// Findings are in order, and each stands on the line that it names.
#[test]
fn findings_stand_in_the_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    for folder in ["bench", "examples", "tests/corpus", "crates"] {
        programs(&root.join(folder), &mut all);
    }
    assert!(all.len() > 100, "{} programs", all.len());
    let mut seen = 0;
    for path in all {
        let bytes = std::fs::read(&path).expect("program can be read");
        let text = skip_shebang(&bytes);
        let lines = Lines::of(text);
        for dialect in [Dialect::Lua55, Dialect::Lua54] {
            let options = Options {
                dialect,
                unused_parameters: true,
                shadowing: true,
            };
            let found = findings(text, options).unwrap_or_default();
            assert!(found.is_sorted_by_key(|f| f.span.start), "{}", path.display());
            for f in &found {
                let place = format!("{} {f:?}", path.display());
                assert!(f.span.start < f.span.end, "{place}");
                assert!(f.span.end as usize <= text.len(), "{place}");
                assert_eq!(f.span.line, lines.line(f.span.start), "{place}");
            }
            seen += found.len();
        }
    }
    assert!(seen > 100, "{seen} findings");
}

#[test]
fn the_examples_are_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut all = Vec::new();
    programs(&root, &mut all);
    for path in all {
        let bytes = std::fs::read(&path).expect("example can be read");
        let found = findings(skip_shebang(&bytes), Options::default());
        assert_eq!(found, Some(Vec::new()), "{}", path.display());
    }
}

/// A chain of operators is as deep as a tree can be.
#[test]
fn long_chains_do_not_recurse() {
    let source = format!("local x = 1\nreturn x{}", " + x".repeat(200_000));
    assert_eq!(codes(&source), Vec::<&str>::new());
}

#[test]
fn values_that_may_be_read_are_no_findings() {
    for source in [
        // The next round reads it.
        "local x = f; while x do x = g(x) end function f() end function g() end",
        // A jump backwards.
        "local n = tonumber('1')\n::again::\nif n > 3 then return n end\nn = n + 1\ngoto again",
        // A closure.
        "local n = tonumber('1')\nlocal function get() return n end\nn = tonumber('2')\nreturn get()",
        // After the loop, by break.
        "local x\nfor i = 1, 3 do x = i; if i > 1 then break end end\nreturn x",
        // The condition of repeat sees the body's locals.
        "repeat local done = tonumber('1'); done = done + 1 until done",
        // One of several values may be dropped.
        "local a, b = 1, 2\na, b = b, a\nreturn b",
        // What is closed is used.
        "local f <close> = io.open('x')",
    ] {
        assert_eq!(codes(source), Vec::<&str>::new(), "{source}");
    }
}

#[test]
fn code_that_may_run_is_no_finding() {
    for source in [
        "while true do if math.random() > 1 then break end end print(1)",
        "goto out\n::out::\nprint(1)",
        "for i = 1, 3 do if i == 2 then goto next end print(i) ::next:: end",
        "repeat if math.random() then break end until false\nprint(1)",
        "if math.random() then return elseif 1 then return end print(1)",
        "error('x') print(1)",
    ] {
        assert_eq!(codes(source), Vec::<&str>::new(), "{source}");
    }
}

#[test]
fn names_of_codes_are_names() {
    for code in Code::ALL {
        assert_eq!(Code::named(code.name()), Some(*code));
        assert!(code.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    }
}
