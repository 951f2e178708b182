//! `perilune dump`: a file -> the printed stages of its compilation.

use super::{file_arg, finish, live, read, setting_args, settings, verified};
use crate::diagnostics::stdout_has_color;
use crate::settings::Settings;
use crate::{Status, disassembly};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use perilune::Job;
use perilune_bytecode::dump;
use perilune_codegen::disasm::Target;
use perilune_codegen::listing;
use perilune_syntax as syntax;
use std::ffi::OsString;

/// The stages, and one that is asked for though it is not there.
const STAGES: [&str; 4] = ["tokens", "ast", "bytecode", "asm"];
const CLIF: &str = "clif";

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let stages = STAGES.map(PossibleValue::new);
    let stages = stages.into_iter().chain([PossibleValue::new(CLIF).hide(true)]);
    let given = |name: &'static str, value| Arg::new(name).long(name).value_name(value);
    c.about("Print a stage of the compilation of a file")
        .arg(
            given("stage", "STAGE")
                .value_parser(PossibleValuesParser::new(stages))
                .default_value("bytecode")
                .help("Which stage"),
        )
        .arg(given("tier", "TIER").help("Whose machine code '--stage=asm' shows: baseline, the default"))
        .arg(
            given("target", "NAME").help(
                "The processor for which '--stage=asm' makes code, x86_64 or aarch64 [default: this one]",
            ),
        )
        .arg(
            Arg::new("aot")
                .long("aot")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["live", "tier"])
                .help("Print the machine code that 'perilune build' makes"),
        )
        .arg(Arg::new("live").long("live").action(ArgAction::SetTrue).help(
            "Run the file on the VM, and print its bytecode with what the instructions have learned, or the \
             machine code that is made of that",
        ))
        .arg(
            file_arg("FILE")
                .required(true)
                .help("The file; '-' is standard input"),
        )
        .args(setting_args())
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Status {
    finish(text(matches))
}

fn text(matches: &ArgMatches) -> Result<String, String> {
    let settings = settings(matches)?;
    let given = |name| matches.get_one::<String>(name).map(String::as_str);
    let stage = given("stage").unwrap_or_default();
    let file = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    let is_live = matches.get_flag("live");
    tier(stage, given("tier"))?;
    let made = match (is_live, matches.get_flag("aot")) {
        (true, _) => Made::Live,
        (false, true) => Made::Ahead,
        (false, false) => Made::Unlearned,
    };
    if stage == "asm" {
        return machine_code(target(given("target"))?, file, made, settings);
    }
    if made == Made::Ahead {
        return Err("'--aot' is for '--stage=asm'".to_owned());
    }
    if given("target").is_some() {
        return Err("'--target' is for '--stage=asm'".to_owned());
    }
    match is_live {
        false => printed(stage, file, &settings),
        true if stage == "bytecode" => {
            let (source, name) = read(file)?;
            let functions = live(&source, &name, settings, |f, lua| f.listing(lua))?;
            Ok(dump::text(&functions))
        }
        true => Err("'--live' shows bytecode and machine code only".to_owned()),
    }
}

/// Looks whether there is such a stage of such a tier.
fn tier(stage: &str, tier: Option<&str>) -> Result<(), String> {
    match tier {
        _ if stage == CLIF => Err(
            "the baseline tier has no CLIF stage: it is made of templates, and its \
                                   listing is that of the machine code ('--stage=asm')"
                .to_owned(),
        ),
        None => Ok(()),
        Some("baseline") if stage == "asm" => Ok(()),
        Some("baseline") => Err("'--tier' is for '--stage=asm'".to_owned()),
        Some(other) => Err(format!("there is no tier '{other}' (known: baseline)")),
    }
}

fn target(name: Option<&str>) -> Result<Target, String> {
    match name {
        Some(name) => name
            .parse()
            .map_err(|e: perilune_codegen::disasm::UnknownTarget| e.to_string()),
        None => {
            Target::host().ok_or_else(|| "there is no compiler for this processor; see '--target'".to_owned())
        }
    }
}

/// When code is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Before a run, as the JIT would.
    Unlearned,
    /// Before a run, for an executable.
    Ahead,
    /// After a run.
    Live,
}

/// The machine code that the baseline makes of all functions.
fn machine_code(target: Target, file: &OsString, made: Made, settings: Settings) -> Result<String, String> {
    let (source, name) = read(file)?;
    let before = |job| {
        let verified = verified(&source, &name, &settings)?;
        Ok::<_, String>(perilune::snapshots_of_chunk(
            verified.proto(),
            &settings.options,
            job,
        ))
    };
    let functions = match made {
        Made::Unlearned => before(Job::unlearned)?,
        Made::Ahead => before(Job::ahead)?,
        Made::Live => live(&source, &name, settings, |f, lua| f.snapshots(lua))?,
    };
    let color = stdout_has_color();
    Ok(disassembly::with_style(&source, false, color, |style| {
        listing::text(&functions, target, style)
    }))
}

fn printed(stage: &str, file: &OsString, settings: &Settings) -> Result<String, String> {
    let (source, name) = read(file)?;
    let text = syntax::skip_shebang(&source);
    if stage == "tokens" {
        return syntax::dump::tokens(text, &name).map_err(|e| format!("{e:?}"));
    }
    if stage == "ast" {
        let chunk = syntax::parse(text, &name, settings.options.dialect).map_err(|e| e.to_string())?;
        return Ok(syntax::dump::chunk(&chunk));
    }
    let verified = verified(&source, &name, settings)?;
    Ok(dump::dump(verified.proto()))
}
