//! Any bytes -> tokens -> AST -> bytecode -> verifier -> printer and file, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perilune_bytecode::{compile, dump, file, verify};
use perilune_syntax::ast::Dialect;
use perilune_syntax::{dump as printer, parse};
use std::sync::Arc;

fuzz_target!(|source: &[u8]| {
    for dialect in [Dialect::Lua55, Dialect::Lua54] {
        check(source, dialect);
    }
});

/// What compiles must verify, print, and survive a round trip through a file.
fn check(source: &[u8], dialect: Dialect) {
    let Ok(chunk) = parse(source, b"=fuzz", dialect) else {
        return;
    };
    let _text = printer::chunk(&chunk);
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
