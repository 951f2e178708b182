//! The bytecode of a small corpus, as text. `BLESS=1 cargo test` rewrites the expected files.

use perilune_bytecode::proto::Proto;
use perilune_bytecode::{compile, dump, file, verify};
use perilune_syntax::ast::Dialect;
use std::path::Path;
use std::sync::Arc;

fn compiled(source: &[u8], dialect: Dialect) -> Arc<Proto> {
    let chunk = match perilune_syntax::parse(source, b"=test", dialect) {
        Ok(chunk) => chunk,
        Err(e) => panic!("{e}"),
    };
    match compile::compile(&chunk, source, Some(Arc::from(&b"=test"[..]))) {
        Ok(proto) => Arc::new(proto),
        Err(e) => panic!("{e}"),
    }
}

/// Whatever the compiler makes is accepted by the verifier, also after writing and reading.
fn check(proto: &Arc<Proto>) {
    for again in [Ok((**proto).clone()), file::read(&file::write(proto, false))] {
        let again = again.map(Arc::new);
        assert_eq!(again.as_ref(), Ok(proto));
        if let Err(e) = again.map(verify::verify).map(|v| v.map_err(|e| e.to_string())) {
            panic!("{e}");
        }
    }
    if let Err(e) = verify::verify(proto.clone()) {
        panic!("{e}");
    }
    match file::read(&file::write(proto, true)) {
        Ok(stripped) => assert!(verify::verify(Arc::new(stripped)).is_ok()),
        Err(e) => panic!("{e}"),
    }
}

fn golden(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let source = std::fs::read(folder.join(name).with_extension("lua")).unwrap_or_default();
    let proto = compiled(&source, Dialect::Lua55);
    check(&proto);
    let text = dump::dump(&proto);
    let path = folder.join(name).with_extension("txt");
    if std::env::var_os("BLESS").is_some() {
        assert!(std::fs::write(&path, &text).is_ok());
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}: run with BLESS=1 if this is right");
}

#[test]
fn assign() {
    golden("assign");
}

#[test]
fn logic() {
    golden("logic");
}

#[test]
fn loops() {
    golden("loops");
}

#[test]
fn globals() {
    golden("globals");
}

/// Sources that are hard on the compiler, small enough to write down.
const HARD: &[&str] = &[
    "",
    "return",
    "goto a; ::a::",
    "do local x <close> = nil; do return x end end",
    "while true do local x; local f = function() x = f end; if x then break else goto l end ::l:: end",
    "repeat local x; local f = function() return x end; if f then break end until x",
    "return ((f())), ...",
    "local t = {f(), ..., (...)}",
    "for i = 1, 2 do for k in next, {} do return k end end",
    "local a <const>, b <close> = 1; return function() return b end",
    "return a and (b or c) and not d or e < f",
    "a.b.c, a[1], a[i], a['x y'] = ...",
    "local a; a.x, a = 1, 2; a[a], a = 3, 4",
    "return function(...) return select('#', ...) end",
    "return -x ^ -2 .. y .. z, 1 .. 2",
    "if nil then x() elseif false then y() end while false do z() end",
];

#[test]
fn hard_sources_verify() {
    for source in HARD {
        check(&compiled(source.as_bytes(), Dialect::Lua55));
        if !source.contains("<close>") {
            check(&compiled(source.as_bytes(), Dialect::Lua54));
        }
    }
}

#[test]
fn assigned_loop_variables_are_copies() {
    let source = b"for i = 1, 3 do i = i + 1 end for k, v in f do k = v end";
    let proto = compiled(source, Dialect::Lua54);
    check(&proto);
    let text = dump::dump(&proto);
    assert!(
        text.contains("MOVE       R3 R2 ; (for state) i") || text.contains("MOVE       R3 R2 ; i"),
        "{text}"
    );
    assert!(text.contains("MOVE       R5 R3"), "{text}");
}

#[test]
fn long_chains_do_not_recurse() {
    let sum = format!("return {}1", "x + ".repeat(200_000));
    check(&compiled(sum.as_bytes(), Dialect::Lua55));
    let calls = format!("f{}", "()".repeat(200_000));
    check(&compiled(calls.as_bytes(), Dialect::Lua55));
    let fields = format!("return f{}", ".x".repeat(200_000));
    check(&compiled(fields.as_bytes(), Dialect::Lua55));
    let either = format!("return f{}", " or x".repeat(200_000));
    check(&compiled(either.as_bytes(), Dialect::Lua55));
}

#[test]
fn large_constructors_store_in_groups() {
    let source = format!("return {{{}}}", "1, x, ".repeat(5_000));
    let proto = compiled(source.as_bytes(), Dialect::Lua55);
    check(&proto);
    assert!(proto.max_stack < 60);
}

#[test]
fn limits_are_reported_as_the_reference_does() {
    let names: Vec<String> = (1..=260).map(|n| format!("x{n}")).collect();
    let source = format!("local a = f({})", names.join(","));
    let chunk = perilune_syntax::parse(source.as_bytes(), b"=test", Dialect::Lua55);
    let error = chunk.map(|c| compile::compile(&c, source.as_bytes(), None));
    match error {
        Ok(Err(e)) => assert_eq!(
            e.to_string(),
            "1: too many registers (limit is 255) in main function near 'x256'"
        ),
        other => panic!("{:?}", other.map(|r| r.map(|_| ()))),
    }
}
