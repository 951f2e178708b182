//! Prints the bytecode of each file named on the command line, after checking that it verifies and
//! survives being written and read. `-q` prints names of files that fail only.

use perilune_bytecode::{compile, dump, file, verify};
use perilune_syntax::ast::Dialect;
use std::sync::Arc;

fn main() {
    let mut quiet = false;
    let mut dialect = Dialect::Lua55;
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "-q" => quiet = true,
            "-4" => dialect = Dialect::Lua54,
            path => match listing(path, dialect) {
                Ok(text) if !quiet => print!("{text}"),
                Ok(_) => {}
                Err(e) => println!("{path}: {e}"),
            },
        }
    }
}

fn listing(path: &str, dialect: Dialect) -> Result<String, Box<dyn std::error::Error>> {
    let source = std::fs::read(path)?;
    let source = perilune_syntax::skip_shebang(&source);
    let name = format!("@{path}").into_bytes();
    let chunk = perilune_syntax::parse(source, &name, dialect)?;
    let proto = Arc::new(compile::compile(&chunk, source, Some(Arc::from(name)))?);
    verify::verify(proto.clone())?;
    for strip in [false, true] {
        let again = file::read(&file::write(&proto, strip))?;
        if !strip && again != *proto {
            return Err("changed by writing and reading".into());
        }
        verify::verify(Arc::new(again))?;
    }
    Ok(dump::dump(&proto))
}
