//! The printers' text for a small source. `BLESS=1 cargo test` writes it anew.

use std::path::Path;

use perilune_syntax::ast::Dialect;
use perilune_syntax::{dump, parse};

fn check(file: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).expect("golden file can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("golden file is there");
    assert!(
        expected == found,
        "{file} differs; run with BLESS=1 and look at the difference"
    );
}

const TOUR: &[u8] = include_bytes!("golden/tour.lua");

#[test]
fn tokens() {
    check("tour.tokens", &dump::tokens(TOUR, b"@tour.lua").expect("tokens"));
}

#[test]
fn tree() {
    let source = TOUR;
    let chunk = parse(source, b"@tour.lua", Dialect::Lua55).expect("tree");
    check("tour.ast", &dump::chunk(&chunk));
}
