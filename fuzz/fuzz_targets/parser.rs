//! Any bytes -> tokens -> AST -> findings, bytecode -> verifier -> printer and file, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perilune_bytecode::{compile, dump, file, verify};
use perilune_syntax::ast::{Chunk, Dialect};
use perilune_syntax::check::{self, Known, Options};
use perilune_syntax::{dump as printer, parse};
use std::sync::Arc;

fuzz_target!(|source: &[u8]| {
    for dialect in [Dialect::Lua55, Dialect::Lua54] {
        compiled(source, dialect);
    }
});

/// What compiles must verify, print, and survive a round trip through a file.
fn compiled(source: &[u8], dialect: Dialect) {
    let Ok(chunk) = parse(source, b"=fuzz", dialect) else {
        return;
    };
    let _text = printer::chunk(&chunk);
    findings(source, &chunk, dialect);
    let Ok(proto) = compile::compile(&chunk, source, Some(Arc::from(&b"=fuzz"[..]))) else {
        return;
    };
    let _listing = dump::dump(&proto);
    let bytes = file::write(&proto, false);
    let proto = verify::verify(Arc::new(proto)).expect("what we compile is valid");
    let again = file::read(&bytes).expect("what we write can be read");
    assert_eq!(file::write(&again, false), bytes, "a file is written as it was read");
    verify::verify(Arc::new(again)).expect("what we read back is valid");
    drop(proto);
}

/// Findings stand in the source.
fn findings(source: &[u8], chunk: &Chunk, dialect: Dialect) {
    let mut known = Known::standard(dialect);
    check::collect(source, chunk, &mut known);
    let options = Options {
        dialect,
        unused_parameters: true,
        shadowing: true,
    };
    for f in check::check(source, chunk, &known, options) {
        assert!(f.span.start <= f.span.end && f.span.end as usize <= source.len(), "{f:?}");
    }
}
