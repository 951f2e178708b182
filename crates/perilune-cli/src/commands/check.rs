//! `perilune check`: files -> what is probably wrong in them, found without running them.

use super::{file_arg, list_arg};
use crate::Status;
use crate::diagnostics::excerpt::{Mark, Picture};
use crate::diagnostics::{stdout_has_color, stdout_is_terminal};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use perilune_syntax::ast::{Chunk, Dialect, Span};
use perilune_syntax::check::{self, Code, Finding, Known, Options};
use perilune_syntax::{Lines, SyntaxError, parse, skip_shebang};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use walkdir::WalkDir;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    c.about("Find mistakes in files without running them")
        .arg(
            file_arg("FILE")
                .required(true)
                .num_args(1..)
                .help("Files, or folders, of which all '*.lua'; '-' is standard input"),
        )
        .arg(list_arg("globals", "NAME,...", "Globals that the host defines"))
        .arg(list_arg(
            "ignore",
            "CODE,...",
            "Findings that are not to be reported",
        ))
        .arg(
            Arg::new("std")
                .long("std")
                .value_name("VERSION")
                .value_parser(PossibleValuesParser::new(["5.4", "5.5"]))
                .default_value("5.5")
                .help("The version of the language"),
        )
        .arg(flag("unused-parameters", "Report parameters that are not used"))
        .arg(flag("shadowing", "Report locals that hide others"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["auto", "full", "short", "json"]))
                .default_value("auto")
                .help("Excerpts, one line each, or JSON; 'auto' is 'full' on a terminal, else 'short'"),
        )
        .after_help(codes())
}

fn codes() -> String {
    let mut text = "What it finds:\n".to_owned();
    for code in Code::ALL {
        let option = match code.option() {
            Some(option) => format!(" (--{option})"),
            None => String::new(),
        };
        text.push_str(&format!("  {:<22} {}{option}\n", code.name(), code.about()));
    }
    text + "\nThe comment '-- check: ignore CODE', on the line or alone on the line above, silences a \
            finding.\nExit code: 0 if nothing is found, 1 if something is, 2 if a file cannot be read."
}

/// A file that is looked at.
struct File {
    path: String,
    /// Without the line of the shell.
    text: Vec<u8>,
    parsed: Result<Chunk, SyntaxError>,
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    let list = |name| matches.get_many::<String>(name).into_iter().flatten();
    let mut ignored = Vec::new();
    for name in list("ignore") {
        match Code::named(name) {
            Some(code) => ignored.push(code),
            None => {
                eprintln!("perilune: no such finding '{name}' ('perilune help check' lists them)");
                return 2;
            }
        }
    }
    let options = Options {
        dialect: dialect(matches),
        unused_parameters: matches.get_flag("unused-parameters"),
        shadowing: matches.get_flag("shadowing"),
    };
    let mut known = Known::standard(options.dialect);
    list("globals").for_each(|name| known.add(name.as_bytes()));
    let paths = matches.get_many::<OsString>("FILE").into_iter().flatten();
    let (files, is_complete) = read_all(paths, options);
    for file in &files {
        if let Ok(chunk) = &file.parsed {
            check::collect(&file.text, chunk, &mut known);
        }
    }
    let mut in_specs = known.clone();
    in_specs.add_busted();
    let found = files.iter().map(|f| {
        let is_spec = f.path.ends_with("_spec.lua");
        let mut found = findings(f, if is_spec { &in_specs } else { &known }, options);
        found.retain(|f| !ignored.contains(&f.code));
        (f, found)
    });
    let found: Vec<(&File, Vec<Finding>)> = found.collect();
    let format = matches.get_one::<String>("format").map_or("", String::as_str);
    let text = shown(&found, format);
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    match (
        is_complete && written.is_ok(),
        found.iter().all(|(_, f)| f.is_empty()),
    ) {
        (false, _) => 2,
        (true, true) => 0,
        (true, false) => 1,
    }
}

/// What is found in files that make up one program, as one line each or with excerpts.
pub fn found_in<'a>(files: impl Iterator<Item = (String, &'a [u8])>, dialect: Dialect) -> String {
    let options = Options {
        dialect,
        ..Options::default()
    };
    let files: Vec<File> = files.map(|(path, text)| parsed(path, text, options)).collect();
    let mut known = Known::standard(dialect);
    for file in &files {
        if let Ok(chunk) = &file.parsed {
            check::collect(&file.text, chunk, &mut known);
        }
    }
    let found: Vec<_> = files.iter().map(|f| (f, findings(f, &known, options))).collect();
    shown(&found, "auto")
}

fn dialect(matches: &ArgMatches) -> Dialect {
    match matches.get_one::<String>("std").map(String::as_str) {
        Some("5.4") => Dialect::Lua54,
        Some(_) | None => Dialect::Lua55,
    }
}

fn findings(file: &File, known: &Known, options: Options) -> Vec<Finding> {
    match &file.parsed {
        Ok(chunk) => check::check(&file.text, chunk, known, options),
        Err(e) => vec![check::syntax_finding(e)],
    }
}

// Reading.

/// The files in the order given, those of a folder by name; and whether all could be read.
fn read_all<'a>(paths: impl Iterator<Item = &'a OsString>, options: Options) -> (Vec<File>, bool) {
    let mut files = Vec::new();
    let mut is_complete = true;
    for path in paths {
        for read in expand(path) {
            match read {
                Ok((path, bytes)) => files.push(parsed(path, &bytes, options)),
                Err(message) => {
                    eprintln!("perilune: {message}");
                    is_complete = false;
                }
            }
        }
    }
    (files, is_complete)
}

fn parsed(path: String, bytes: &[u8], options: Options) -> File {
    let text = skip_shebang(bytes).to_vec();
    let parsed = parse(&text, b"=", options.dialect);
    File { path, text, parsed }
}

/// The name and the bytes of a file.
type Named = (String, Vec<u8>);

fn expand(path: &OsString) -> Vec<Result<Named, String>> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        let named = read.map(|_| ("stdin".to_owned(), bytes));
        return vec![named.map_err(|e| format!("cannot read standard input: {e}"))];
    }
    let path = Path::new(path);
    if !path.is_dir() {
        return vec![read(path)];
    }
    let entries = WalkDir::new(path).sort_by_file_name().into_iter();
    let of_lua = entries.filter_map(|entry| match entry {
        Ok(e) if e.file_type().is_file() && e.path().extension().is_some_and(|x| x == "lua") => {
            Some(read(e.path()))
        }
        Ok(_) => None,
        Err(e) => Some(Err(e.to_string())),
    });
    of_lua.collect()
}

fn read(path: &Path) -> Result<Named, String> {
    let name = path.to_string_lossy().into_owned();
    match std::fs::read(path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(e) => Err(format!("cannot read {name}: {e}")),
    }
}

// Showing.

fn shown(found: &[(&File, Vec<Finding>)], format: &str) -> String {
    match format {
        "json" => json(found),
        "full" => full(found, stdout_has_color()),
        "auto" if stdout_is_terminal() => full(found, stdout_has_color()),
        _ => short(found),
    }
}

fn full(found: &[(&File, Vec<Finding>)], color: bool) -> String {
    let mut out = String::new();
    for (file, findings) in found {
        let lines = Lines::of(&file.text);
        for f in findings {
            let picture = Picture {
                title: Some((f.code.name(), &f.message)),
                path: &file.path,
                text: &file.text,
                lines: &lines,
                marks: &[Mark::primary(f.span)],
                help: f.suggestion.as_ref().map(|s| format!("did you mean `{s}`?")),
            };
            out.push_str(&picture.draw(color));
            out.push('\n');
        }
    }
    let count: usize = found.iter().map(|(_, f)| f.len()).sum();
    if count > 0 {
        let files = found.iter().filter(|(_, f)| !f.is_empty()).count();
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        let (s, t) = (plural(count), plural(files));
        out.push_str(&format!("{count} finding{s} in {files} file{t}\n"));
    }
    out
}

fn short(found: &[(&File, Vec<Finding>)]) -> String {
    let mut out = String::new();
    for (file, findings) in found {
        let lines = Lines::of(&file.text);
        for f in findings {
            let (line, column) = position(&file.text, &lines, f.span);
            let (path, code, message) = (&file.path, f.code.name(), &f.message);
            out.push_str(&format!("{path}:{line}:{column}: {code}: {message}"));
            if let Some(s) = &f.suggestion {
                out.push_str(&format!("; did you mean '{s}'?"));
            }
            out.push('\n');
        }
    }
    out
}

fn json(found: &[(&File, Vec<Finding>)]) -> String {
    let mut all = Vec::new();
    for (file, findings) in found {
        let lines = Lines::of(&file.text);
        for f in findings {
            let (line, column) = position(&file.text, &lines, f.span);
            let end = f.span.end.max(f.span.start);
            let end_line = lines.line(end);
            let end_column = column_of(&file.text, &lines, end_line, end);
            all.push(serde_json::json!({
                "file": file.path,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "code": f.code.name(),
                "message": f.message,
                "suggestion": f.suggestion,
            }));
        }
    }
    let text = serde_json::to_string_pretty(&all).unwrap_or_default();
    text + "\n"
}

/// Line and column of the start of a span, from 1; columns count characters.
fn position(text: &[u8], lines: &Lines, span: Span) -> (u32, usize) {
    let line = lines.line(span.start);
    (line, column_of(text, lines, line, span.start))
}

fn column_of(text: &[u8], lines: &Lines, line: u32, offset: u32) -> usize {
    let start = lines.start(line).unwrap_or(0) as usize;
    let end = (offset as usize).min(text.len());
    let before = text.get(start..end).unwrap_or_default();
    String::from_utf8_lossy(before).chars().count() + 1
}
