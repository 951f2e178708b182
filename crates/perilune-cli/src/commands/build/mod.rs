//! `perilune build`: a program -> one executable with all that it needs.

mod modules;
mod report;
mod requests;

use super::output::{output, output_arg, replace};
use super::{check, file_arg, list_arg, setting_args};
use crate::Status;
use crate::settings::{self, Settings};
use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use modules::{Modules, Search, embedded, is_pattern, of_a_run};
use perilune::Dialect;
use perilune_codegen::aot::{self, Compiled, Program, cpu::Cpu};
use report::Report;
pub use report::module_name;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

/// The prebuilt runtime, which is installed beside the command.
const STUB: &str = "perilune-stub";
/// The variable that names another one.
const STUB_VARIABLE: &str = "PERILUNE_STUB";

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    c.about("Compile a program into one executable")
        .arg(output_arg(
            "Where to write. Default: the file's name without its ending",
        ))
        .arg(list_arg(
            "include",
            "MODULE|PATTERN,...",
            "Modules that no 'require' names: '*' stands for a part of a name, '**' for several",
        ))
        .arg(
            Arg::new("path")
                .long("path")
                .value_name("TEMPLATES")
                .help("Where to look for modules first, as the program's own 'package.path' says"),
        )
        .arg(flag(
            "include-from-run",
            "Run the program, and include the modules that it has loaded then",
        ))
        .arg(list_arg(
            "without",
            "MODULE,...",
            "Modules that are to be looked for when the program runs",
        ))
        .arg(list_arg(
            "embed",
            "FILE,...",
            "Files, or folders of them, that the program can read where it does not find others of that name",
        ))
        .arg(flag(
            "closed",
            "Refuse whatever would compile source when the program runs",
        ))
        .arg(
            Arg::new("W")
                .short('W')
                .action(ArgAction::SetTrue)
                .help("Show its warnings"),
        )
        .arg(
            Arg::new("cpu")
                .long("cpu")
                .value_name("CPU")
                .value_parser(PossibleValuesParser::new(Cpu::NAMES))
                .default_value(Cpu::NAMES[0])
                .help("What it may ask of the processor, which it looks at when it starts"),
        )
        .arg(
            Arg::new("report")
                .long("report")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["brief", "text", "json"]))
                .default_value("brief")
                .help("How to tell what went in, why, and how large it is"),
        )
        .arg(file_arg("FILE").required(true).help("The program"))
        .args(setting_args())
        .after_help(
            "What 'perilune check' finds is shown; syntax errors and missing modules fail. The executable \
             needs nothing but the system it was built on.",
        )
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    match build(matches) {
        Ok(text) => {
            print!("{text}");
            0
        }
        Err(message) => {
            eprintln!("perilune: {message}");
            1
        }
    }
}

fn build(matches: &ArgMatches) -> Result<String, String> {
    let started = Instant::now();
    let settings = super::settings(matches)?;
    of_a_build(matches)?;
    let main = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    let out = output(matches, main, "")?;
    let stub = stub()?;
    let closed = matches.get_flag("closed");
    let modules = modules(matches, main, &settings)?;
    look_at(&modules, settings.options.dialect);
    complain(&modules, closed)?;
    let program = program(matches, modules, &settings)?;
    let compiled = aot::compile(&program.0)?;
    let executable = aot::executable(&stub, &compiled)?;
    replace(&out, &executable, true)?;
    let report = Report {
        out: &out,
        size: executable.len(),
        program: &program.0,
        compiled: &compiled,
        notes: &program.1,
        time: started.elapsed(),
    };
    let format = matches
        .get_one::<String>("report")
        .map_or("brief", String::as_str);
    Ok(report.shown(format))
}

/// Looks whether all options are about a build: those that say how a program runs are for the run that
/// `--include-from-run` makes.
fn of_a_build(matches: &ArgMatches) -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("executables are made on Linux only so far".to_owned());
    }
    let is_given =
        |row: &&settings::Setting| matches.value_source(row.name) == Some(ValueSource::CommandLine);
    let of_a_run = settings::ALL
        .iter()
        .filter(is_given)
        .find(|row| row.name != "std");
    match of_a_run {
        Some(row) if !matches.get_flag("include-from-run") => Err(format!(
            "'--{}' says how a program is run, and an executable has no such option",
            row.name
        )),
        Some(_) | None => Ok(()),
    }
}

/// The prebuilt runtime.
fn stub() -> Result<Vec<u8>, String> {
    let path = match std::env::var_os(STUB_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => {
            let command = std::env::current_exe().map_err(|e| format!("cannot find this command: {e}"))?;
            command.with_file_name(STUB)
        }
    };
    std::fs::read(&path).map_err(|e| {
        format!(
            "cannot read the prebuilt runtime {}, which 'cargo build' and 'cargo install' make with this command: {e}",
            path.display()
        )
    })
}

/// What goes in beside the program's own chunks, and why.
struct Notes {
    /// Why each chunk is in.
    why: Vec<String>,
    /// Places that find their modules, or compile source, only when the program runs.
    at_run_time: Vec<String>,
}

fn modules(matches: &ArgMatches, main: &OsString, settings: &Settings) -> Result<Modules, String> {
    let list = |name| matches.get_many::<String>(name).into_iter().flatten();
    let path = matches.get_one::<String>("path").map(String::as_str);
    let mut search = Search::new(settings, path)?;
    let mut included = Vec::new();
    for text in list("include") {
        let why = format!("--include={text}");
        let names = match is_pattern(text) {
            true => search.matching(text),
            false => vec![text.clone().into_bytes()],
        };
        if names.is_empty() {
            return Err(format!("{why}: no module fits"));
        }
        included.extend(names.into_iter().map(|n| (n, why.clone())));
    }
    if matches.get_flag("include-from-run") {
        let names = of_a_run(main, settings, &mut search)?;
        included.extend(names.into_iter().map(|n| (n, "--include-from-run".to_owned())));
    }
    let without: Vec<String> = list("without").cloned().collect();
    Modules::follow(main, included, &without, settings, &mut search)
}

/// Shows what `check` finds.
fn look_at(modules: &Modules, dialect: Dialect) {
    let is_source = |text: &[u8]| !text.starts_with(perilune_bytecode::file::SIGNATURE);
    let sources = modules.found.iter().filter(|f| is_source(&f.text));
    let files = sources.map(|f| (String::from_utf8_lossy(&f.source.file).into_owned(), &f.text[..]));
    eprint!("{}", check::found_in(files, dialect));
}

/// What can be done about modules that are missing.
const MISSING: &str = "'--path' says where else to look, '--without' what the program finds or makes itself";

/// What keeps the program from being built.
fn complain(modules: &Modules, closed: bool) -> Result<(), String> {
    let mut complaints = modules.missing.clone();
    if closed {
        let needs = |place: &String| {
            format!("{place} compiles source when the program runs, which '--closed' refuses")
        };
        complaints.extend(modules.loaders.iter().map(needs));
        let unknown = |place: &String| {
            format!(
                "{place}: a module whose name is known only when the program runs, which '--closed' refuses"
            )
        };
        complaints.extend(modules.dynamic.iter().map(unknown));
    }
    match complaints.is_empty() {
        true => Ok(()),
        false => {
            complaints.extend((!modules.missing.is_empty()).then(|| MISSING.to_owned()));
            Err(complaints.join("\nperilune: "))
        }
    }
}

fn program(matches: &ArgMatches, modules: Modules, settings: &Settings) -> Result<(Program, Notes), String> {
    let mut files = Vec::new();
    for path in matches.get_many::<String>("embed").into_iter().flatten() {
        files.extend(embedded(path)?);
    }
    let mut at_run_time: Vec<String> = Vec::new();
    let noted = [
        (
            &modules.dynamic,
            "the module's name is known only then; see '--include'",
        ),
        (&modules.loaders, "what it compiles is interpreted"),
        (&modules.absent, "not found; 'pcall' asks for it"),
    ];
    for (places, what) in noted {
        at_run_time.extend(places.iter().map(|place| format!("{place}: {what}")));
    }
    let (why, sources) = modules.found.into_iter().map(|f| (f.why, f.source)).unzip();
    let cpu = matches.get_one::<String>("cpu").map_or("x86-64", String::as_str);
    let program = Program {
        sources,
        files,
        closed: matches.get_flag("closed"),
        warns: matches.get_flag("W"),
        lua54: settings.options.dialect == Dialect::Lua54,
        cpu: cpu.parse()?,
    };
    Ok((program, Notes { why, at_run_time }))
}

/// Functions that are left to the interpreter, for people.
fn failures(program: &Program, compiled: &Compiled) -> Vec<String> {
    let shown = |(n, line, why): &(usize, u32, String)| {
        let file = String::from_utf8_lossy(&program.sources[*n].file).into_owned();
        format!("{file}:{line}: interpreted: {why}")
    };
    compiled.failed.iter().map(shown).collect()
}
