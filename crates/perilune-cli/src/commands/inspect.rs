//! `perilune inspect`: an executable that `perilune build` wrote -> what is in it.

use super::build::module_name;
use super::output::size;
use super::{file_arg, finish};
use crate::Status;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use perilune_codegen::aot::{Image, image};
use std::ffi::OsString;
use std::fmt::Write;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    c.about("Show what an executable of 'perilune build' holds")
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .default_value("text")
                .help("How to show it"),
        )
        .arg(file_arg("FILE").required(true).help("The executable"))
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(shown(matches))
}

fn shown(matches: &ArgMatches) -> Result<String, String> {
    let path = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    let path = path.to_string_lossy();
    let bytes = std::fs::read(&*path).map_err(|e| format!("cannot read {path}: {e}"))?;
    let image = image(&bytes).map_err(|e| format!("{path}: {e}"))?;
    match matches.get_one::<String>("format").map(String::as_str) {
        Some("json") => json(&image),
        Some(_) | None => text(&image),
    }
    .map_err(|e| format!("{path}: {e}"))
}

/// Functions of a module, those of them that have code, and its bytes.
fn counts(image: &Image<'_>, n: usize) -> Result<(usize, usize, usize), String> {
    let module = &image.contents.modules[n];
    let all = module
        .functions
        .read(image.code.len())
        .map_err(|e| e.to_string())?;
    let compiled = all.iter().filter(|f| f.size > 0);
    Ok((
        all.len(),
        compiled.clone().count(),
        compiled.map(|f| f.size as usize).sum(),
    ))
}

fn text(image: &Image<'_>) -> Result<String, String> {
    let contents = &image.contents;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "Lua {}{}, for {}",
        if contents.lua54 { "5.4" } else { "5.5" },
        if contents.closed { ", closed" } else { "" },
        match contents.features {
            "" => "any processor of this architecture".to_owned(),
            features => format!("processors with {features}"),
        }
    );
    let _ = writeln!(
        out,
        "runtime {}, machine code {}, bytecode and files {}",
        size(image.runtime_size as u64),
        size(image.code.len() as u64),
        size(image.metadata_size as u64),
    );
    let _ = writeln!(out, "\n  functions  compiled  bytecode      code  module");
    for (n, module) in contents.modules.iter().enumerate() {
        let (functions, compiled, code) = counts(image, n)?;
        let _ = writeln!(
            out,
            "  {functions:>9}  {compiled:>8}  {:>8}  {code:>8}  {} ({})",
            module.chunk.len(),
            module_name(module.name),
            String::from_utf8_lossy(module.file),
        );
    }
    for file in &contents.files {
        let name = String::from_utf8_lossy(file.name);
        let _ = writeln!(out, "  file {name}: {}", size(file.content.len() as u64));
    }
    Ok(out)
}

fn json(image: &Image<'_>) -> Result<String, String> {
    let contents = &image.contents;
    let mut modules = Vec::new();
    for (n, module) in contents.modules.iter().enumerate() {
        let (functions, compiled, code) = counts(image, n)?;
        modules.push(serde_json::json!({
            "module": String::from_utf8_lossy(module.name),
            "file": String::from_utf8_lossy(module.file),
            "functions": functions,
            "compiled": compiled,
            "bytecode": module.chunk.len(),
            "code": code,
        }));
    }
    let files: Vec<_> = contents
        .files
        .iter()
        .map(|f| serde_json::json!({ "name": String::from_utf8_lossy(f.name), "size": f.content.len() }))
        .collect();
    let all = serde_json::json!({
        "lua": if contents.lua54 { "5.4" } else { "5.5" },
        "closed": contents.closed,
        "features": contents.features,
        "runtime": image.runtime_size,
        "code": image.code.len(),
        "metadata": image.metadata_size,
        "modules": modules,
        "files": files,
    });
    Ok(serde_json::to_string_pretty(&all).unwrap_or_default() + "\n")
}
