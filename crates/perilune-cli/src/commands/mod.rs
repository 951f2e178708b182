//! The subcommands: a first argument -> what it does. A run of a script comes by here only to learn that
//! its name is not in the list.

mod build;
mod cache;
mod check;
mod compile;
mod completions;
mod dis;
mod dump;
mod help;
mod inspect;
mod man;
mod output;

use crate::Status;
use crate::options::{LUA_OPTIONS, bytes};
use crate::settings::{self, Settings};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint, value_parser};
use perilune::{Engine, Function as LuaFunction, Lua};
use perilune_bytecode::verify::{self, VerifiedProto};
use perilune_bytecode::{compile as bytecode, file};
use perilune_syntax as syntax;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

/// A subcommand.
struct Subcommand {
    /// Its name.
    name: &'static str,
    /// Describes what it takes.
    describe: fn(Command) -> Command,
    /// Does it.
    run: fn(&ArgMatches) -> Status,
}

/// All subcommands but `run`, in the order in which they are shown.
const ALL: &[Subcommand] = &[
    Subcommand {
        name: "check",
        describe: check::describe,
        run: check::run,
    },
    Subcommand {
        name: "compile",
        describe: compile::describe,
        run: compile::run,
    },
    Subcommand {
        name: "build",
        describe: build::describe,
        run: build::run,
    },
    Subcommand {
        name: "inspect",
        describe: inspect::describe,
        run: inspect::run,
    },
    Subcommand {
        name: "cache",
        describe: cache::describe,
        run: cache::run,
    },
    Subcommand {
        name: "dis",
        describe: dis::describe,
        run: dis::run,
    },
    Subcommand {
        name: "dump",
        describe: dump::describe,
        run: dump::run,
    },
    Subcommand {
        name: "completions",
        describe: completions::describe,
        run: completions::run,
    },
    Subcommand {
        name: "man",
        describe: man::describe,
        run: man::run,
    },
    Subcommand {
        name: "help",
        describe: help::describe,
        run: help::run,
    },
];

/// The subcommand that the front understands, since `lua`'s options follow it.
pub const RUN: &str = "run";

/// The names of all subcommands.
pub fn names() -> Vec<&'static str> {
    let others = ALL.iter().map(|c| c.name);
    std::iter::once(RUN).chain(others).collect()
}

/// Whether a first argument is a subcommand: it has the name of one, and no file has this name.
pub fn is_subcommand(first: &str) -> bool {
    (first == RUN || find(first).is_some()) && !Path::new(first).is_file()
}

fn find(name: &str) -> Option<&'static Subcommand> {
    ALL.iter().find(|c| c.name == name)
}

/// Runs the subcommand that the first argument names.
pub fn run(args: &[OsString]) -> Status {
    let Some(subcommand) = args.get(1).and_then(|a| find(a.to_str()?)) else {
        return 1;
    };
    match command(subcommand).try_get_matches_from(&args[1..]) {
        Ok(matches) => (subcommand.run)(&matches),
        Err(e) => {
            let _ = e.print();
            e.exit_code() as Status
        }
    }
}

fn command(c: &Subcommand) -> Command {
    let shown = format!("perilune {}", c.name);
    let named = Command::new(c.name).bin_name(&shown).display_name(&shown);
    (c.describe)(named)
}

/// Says what the command can do.
pub fn help() -> Status {
    help::show(None)
}

/// The argument that names a subcommand.
fn command_arg() -> Arg {
    Arg::new("COMMAND").value_parser(PossibleValuesParser::new(names()))
}

/// The description of a subcommand, or of the whole command.
fn named(name: Option<&String>) -> Command {
    match name.map(String::as_str) {
        None => root(),
        Some(RUN) => run_command(),
        Some(name) => find(name).map_or_else(root, command),
    }
}

/// The whole command, for texts only: the front does not go by it.
fn root() -> Command {
    front(Command::new("perilune"))
        .about("Runs Lua 5.5 programs")
        .override_usage("perilune [options] [script [args]]\n       perilune COMMAND [options] ...")
        .subcommand_help_heading("Subcommands")
        .subcommand(run_command())
        .subcommands(ALL.iter().map(command))
        .disable_help_subcommand(true)
        .after_help(
            "Without a script or '-e' it reads commands from the terminal, or a program from standard \
             input.\n'perilune help COMMAND' says what a subcommand takes. A file of a subcommand's name \
             goes first.",
        )
}

fn run_command() -> Command {
    let named = Command::new(RUN)
        .bin_name("perilune run")
        .display_name("perilune run");
    front(named)
        .about("Run a script: the same as without 'run'")
        .override_usage("perilune run [options] [script [args]]")
}

/// The options of the front, and the script with its arguments.
fn front(mut c: Command) -> Command {
    for o in LUA_OPTIONS {
        if c.get_arguments().any(|a| a.get_id() == o.letter) {
            let more = format!("; -{} {}: {}", o.letter, o.value.unwrap_or_default(), o.about);
            c = c.mut_arg(o.letter, |a| {
                let text = a.get_help().map(ToString::to_string).unwrap_or_default();
                a.help(text + &more)
            });
            continue;
        }
        let arg = Arg::new(o.letter).short(o.letter.chars().next()).help(o.about);
        c = c.arg(with_value(arg, o.value));
    }
    let version = Arg::new("version").long("version");
    let joined = setting_args().map(|a| {
        let takes_value = a.get_action().takes_values();
        a.require_equals(takes_value)
    });
    let help = Arg::new("help").long("help").action(ArgAction::Help);
    // `lua` refuses '-h', and so does the front.
    c.disable_help_flag(true)
        .args(joined)
        .arg(help.help("show this"))
        .arg(
            version
                .action(ArgAction::SetTrue)
                .help("show the version and the engines"),
        )
        .arg(file_arg("script").help("The program; '-' is standard input"))
        .arg(
            Arg::new("args")
                .num_args(0..)
                .trailing_var_arg(true)
                .help("What the program gets as '...' and in the table 'arg'"),
        )
}

/// An option that takes several values.
fn list_arg(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .value_delimiter(',')
        .action(ArgAction::Append)
        .help(help)
}

/// An argument that names a file.
fn file_arg(name: &'static str) -> Arg {
    Arg::new(name)
        .value_parser(value_parser!(OsString))
        .value_hint(ValueHint::FilePath)
}

fn with_value(arg: Arg, value: Option<&'static str>) -> Arg {
    match value {
        Some(name) => arg.value_name(name).action(ArgAction::Set),
        None => arg.action(ArgAction::SetTrue),
    }
}

/// The options that say how programs are run, for subcommands that run some or compile them.
fn setting_args() -> impl Iterator<Item = Arg> {
    settings::ALL.iter().map(|s| {
        let arg = Arg::new(s.name).long(s.name).help(s.about);
        with_value(arg, s.value).help_heading("How programs are run")
    })
}

/// The settings that the environment and the options given ask for.
fn settings(matches: &ArgMatches) -> Result<Settings, String> {
    let mut settings = Settings::from_environment()?;
    for row in settings::ALL {
        match row.value {
            Some(_) => {
                if let Some(value) = matches.get_one::<String>(row.name) {
                    settings.apply(row, value)?;
                }
            }
            None if matches.get_flag(row.name) => settings.apply(row, "")?,
            None => {}
        }
    }
    Ok(settings)
}

/// The verified bytecode of a program with that chunk name, which may be compiled already.
fn verified(source: &[u8], name: &[u8], settings: &Settings) -> Result<VerifiedProto, String> {
    if source.starts_with(file::SIGNATURE) {
        let proto = file::read(source).map_err(|e| e.to_string())?;
        return verify::verify(Arc::new(proto)).map_err(|e| e.to_string());
    }
    let text = syntax::skip_shebang(source);
    let chunk = syntax::parse(text, name, settings.options.dialect).map_err(|e| e.to_string())?;
    let proto = bytecode::compile(&chunk, text, Some(Arc::from(name))).map_err(|e| {
        let place = String::from_utf8_lossy(&syntax::chunk_id(name)).into_owned();
        format!("{place}:{}: {}", e.line, String::from_utf8_lossy(&e.message))
    })?;
    verify::verify(Arc::new(proto)).map_err(|e| e.to_string())
}

/// Runs a program on the VM: its functions as they are then, as `show` has them.
fn live<T>(
    source: &[u8],
    name: &[u8],
    mut settings: Settings,
    show: impl FnOnce(&LuaFunction, &Lua) -> Option<Vec<T>>,
) -> Result<Vec<T>, String> {
    settings.options.engine = Engine::Vm;
    settings.open()?;
    let mut lua = settings.state().map_err(|e| e.to_string())?;
    let f = lua
        .load(syntax::skip_shebang(source))
        .set_name(name)
        .into_function()
        .map_err(|e| e.to_string())?;
    let ran = f.call::<()>(&mut lua, ());
    let _ = lua.flush_stdout();
    if let Err(e) = ran {
        eprintln!("perilune: {e}");
    }
    settings.show_stats(&mut lua);
    Ok(show(&f, &lua).unwrap_or_default())
}

/// The text of a program, '-' for standard input, and its chunk name.
fn read(file: &OsString) -> Result<(Vec<u8>, Vec<u8>), String> {
    if file == "-" {
        use std::io::Read;
        let mut all = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut all)
            .map_err(|e| e.to_string())?;
        return Ok((all, b"=stdin".to_vec()));
    }
    let all = std::fs::read(file).map_err(|e| format!("cannot open {}: {e}", file.to_string_lossy()))?;
    Ok((all, [b"@".to_vec(), bytes(file)].concat()))
}

/// Shows a subcommand's text on standard output, or its complaint.
fn finish(text: Result<String, String>) -> Status {
    use std::io::Write;
    match text {
        Ok(text) => {
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            0
        }
        Err(message) => {
            eprintln!("perilune: {message}");
            1
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn descriptions_are_consistent() {
        super::root().debug_assert();
    }
}
