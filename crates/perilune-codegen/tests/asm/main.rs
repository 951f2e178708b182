//! Programs of the corpus -> listings of the code that the baseline makes of them, for both targets. What is held
//! is their structure, not their bytes.

use perilune_bytecode::disassembly::Style;
use perilune_bytecode::dump;
use perilune_bytecode::proto::Proto;
use perilune_codegen::disasm::Target;
use perilune_codegen::{assemble, listing};
use perilune_runtime::Options;
use perilune_runtime::abi::{Helper, Shared};
use perilune_runtime::exec::{Job, Snapshot, snapshots_of_chunk};
use perilune_syntax::ast::Dialect;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TARGETS: [Target; 2] = [Target::X64, Target::A64];

/// All Lua files in a folder.
fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|e| e == "lua") {
            found.push(path);
        }
    }
}

/// A program's bytecode, if it compiles.
fn compiled(source: &[u8]) -> Option<Arc<Proto>> {
    let text = perilune_syntax::skip_shebang(source);
    let chunk = perilune_syntax::parse(text, b"=test", Dialect::Lua55).ok()?;
    Some(Arc::new(
        perilune_bytecode::compile::compile(&chunk, text, None).ok()?,
    ))
}

fn snapshots(source: &str) -> Vec<Snapshot> {
    let main = compiled(source.as_bytes()).expect("it compiles");
    snapshots_of_chunk(&main, &Options::default(), Job::unlearned)
}

/// What a listing of a function must have, whatever its code.
fn check(f: &Snapshot, target: Target, what: &str) {
    let Ok(artifact) = assemble(target, &f.job) else {
        assert!(f.job.code.len() > 2000, "{what}: short functions are compiled");
        return;
    };
    let text = listing::text(std::slice::from_ref(f), target, &Style::PLAIN);
    let mut lines = text.lines();
    for line in &f.function.code {
        let heading = dump::line(line);
        assert!(
            lines.any(|l| l == heading),
            "{what}: no heading {heading:?} in its place"
        );
    }
    let named = text.matches("  ; helper ").count();
    assert_eq!(named, artifact.helpers.len(), "{what}: helpers with names");
    for helper in &artifact.helpers {
        let note = format!("  ; helper {}", helper.name);
        assert!(text.contains(&note), "{what}: {note}");
    }
    for undecoded in ["  .byte ", "  .inst "] {
        assert!(!text.contains(undecoded), "{what}: {undecoded}: {text}");
    }
    check_places(&text, artifact.entries.len(), what);
}

/// Cold code and entries are marked, and each name stands once, at what jumps to it.
fn check_places(text: &str, entries: usize, what: &str) {
    assert_eq!(text.matches("\ncold:\n").count(), 1, "{what}");
    assert_eq!(
        text.matches(":  ; the interpreter enters here at ").count(),
        entries,
        "{what}"
    );
    assert!(text.contains("\n    call:  ; compiled code calls"), "{what}");
    let mut seen = HashSet::new();
    for line in text.lines() {
        let name = line.strip_prefix("    ").and_then(|l| l.split(':').next());
        if let Some(name) = name.filter(|n| !n.contains(' ')) {
            assert!(seen.insert(name), "{what}: {name} twice");
        }
    }
}

#[test]
fn programs_of_the_corpus_are_listed_whole() {
    let mut files = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus");
    programs(&folder, &mut files);
    let mut functions = 0;
    for file in &files {
        let source = std::fs::read(file).expect("a program");
        let Some(main) = compiled(&source) else { continue };
        let counting = Options {
            max_instructions: Some(1),
            ..Options::default()
        };
        let all = snapshots_of_chunk(&main, &Options::default(), Job::unlearned);
        for f in all
            .into_iter()
            .chain(snapshots_of_chunk(&main, &counting, Job::unlearned))
        {
            functions += 1;
            for target in TARGETS {
                check(&f, target, &format!("{} for {target}", file.display()));
            }
        }
    }
    assert!(
        files.len() > 100 && functions > 1000,
        "{} {functions}",
        files.len()
    );
}

/// A program whose code calls every helper but those of instructions that have learned.
const HELPERS: &str = "
    local function f(a, ...) local b = {...} return f, a end
    local function g(x) while x do x = f(x) end return g(x) end
    local function h(x) local y <close> = x return x, x end
    return function(n) for i = 1, n do n = n + i .. n end print(n) end,
        function(t, k) t = {1} t[1] = t[2] t[k] = t[#t] == k or t[k] end,
        function(x) while x do local y = x x = function() return y end end end";
/// The helpers of instructions that have learned, and one that shared code alone calls.
const OTHERS: &[&str] = &[
    "call_native",
    "switch",
    "get_item",
    "set_item",
    "get_field",
    "get_slot",
    "set_slot",
    "set_site",
    "get_element",
    "get_cached",
    "get_cached_method",
    "set_cached",
    "iterate",
    "get_method",
    "next_entry",
    "next_item",
    "finish",
];

#[test]
fn every_helper_is_named() {
    for target in TARGETS {
        let text = listing::text(&snapshots(HELPERS), target, &Style::PLAIN);
        let names = Helper::ALL.map(Helper::name).into_iter();
        for name in names.chain(Shared::ALL.map(Shared::name)) {
            let note = format!("  ; helper {name}\n");
            assert_eq!(text.contains(&note), !OTHERS.contains(&name), "{target}: {note}");
        }
    }
}

/// The listing of a program as it is compiled ahead of time.
fn ahead(source: &str, target: Target) -> String {
    let main = compiled(source.as_bytes()).expect("it compiles");
    let all = snapshots_of_chunk(&main, &Options::default(), Job::ahead);
    listing::text(&all, target, &Style::PLAIN)
}

#[test]
fn what_is_certain_is_not_tested() {
    let closed = "local function f(x, y) local s = x for i = 1, y do s = s + i end return s end
        local a = f(1, 2) + f(3, 4) return a";
    for target in TARGETS {
        let text = ahead(closed, target);
        let call = match target {
            Target::X64 => "  call f.inner\n",
            Target::A64 => "  bl f.inner\n",
        };
        // Neither the function nor the sum of its results has a path for anything but integers.
        assert_eq!(text.matches(call).count(), 2, "{target}: {text}");
        assert!(text.contains("inner:"), "{target}: {text}");
        assert!(!text.contains("; helper operate\n"), "{target}: {text}");
        for open in [
            closed.replace("return a", "return a, f"),
            closed.replace("f(3, 4)", "f('3', 4)"),
            closed.replace("local a", "g = f local a"),
            closed.replace("return a", "local function h() f = nil end return a"),
        ] {
            assert!(
                ahead(&open, target).contains("; helper operate\n"),
                "{target}: {open}"
            );
        }
    }
}

#[test]
fn jumps_and_constants_have_names() {
    let source = "local t = ... local s = 'text' while t do t = t.x end return s";
    for target in TARGETS {
        let text = listing::text(&snapshots(source), target, &Style::PLAIN);
        let jump = match target {
            Target::X64 => "jmp ",
            Target::A64 => "b ",
        };
        let places: Vec<&str> = text
            .lines()
            .filter_map(|l| l.split_once(&format!("  {jump}")).map(|(_, to)| to.trim()))
            .collect();
        assert!(!places.is_empty(), "{target}: {text}");
        for place in places.iter().filter(|p| !p.contains('[')) {
            assert!(
                text.contains(&format!("\n    {place}:")),
                "{target}: {place}: {text}"
            );
        }
        assert!(text.contains(": \"text\"\n"), "{target}: {text}");
        assert!(text.contains("K0"), "{target}: {text}");
    }
}

#[test]
fn functions_beyond_the_reach_of_branches_are_refused_where_there_is_one() {
    let source = "local x = ... ".to_owned() + &"x = x + 1 ".repeat(2000);
    let f = snapshots(&source);
    let text = |target| listing::text(&f, target, &Style::PLAIN);
    assert!(text(Target::A64).contains("no code for aarch64: too long for the reach of branches"));
    assert!(text(Target::X64).contains("baseline code for x86-64: "));
}
