//! `perilune dump`: a file -> the printed stages of its compilation.

use super::{file_arg, finish, live, read, setting_args, settings, verified};
use crate::Status;
use crate::settings::Settings;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use perilune_bytecode::dump;
use perilune_syntax as syntax;
use std::ffi::OsString;

/// What the subcommand takes.
pub fn describe(c: Command) -> Command {
    let stages = PossibleValuesParser::new(["tokens", "ast", "bytecode"]);
    c.about("Print a stage of the compilation of a file")
        .arg(
            Arg::new("stage")
                .long("stage")
                .value_name("STAGE")
                .value_parser(stages)
                .default_value("bytecode")
                .help("Which stage"),
        )
        .arg(
            Arg::new("live").long("live").action(ArgAction::SetTrue).help(
                "Run the file on the VM, and print its bytecode with what the instructions have learned",
            ),
        )
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
    let given = |name| matches.get_one::<String>(name).map_or("", String::as_str);
    let stage = given("stage");
    let file = matches.get_one::<OsString>("FILE").ok_or("no file")?;
    match matches.get_flag("live") {
        false => printed(stage, file, &settings),
        true if stage == "bytecode" => {
            let (source, name) = read(file)?;
            Ok(dump::text(&live(&source, &name, settings)?))
        }
        true => Err("'--live' shows bytecode only".to_owned()),
    }
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
