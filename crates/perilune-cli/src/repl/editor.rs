//! The prompt on a terminal: keys -> chunks -> effects. rustyline edits the line.

use super::highlight::{Class, paint};
use super::history::Store;
use super::show::{self, Style};
use super::{command, compile, complete, prompt, warn_of_local};
use crate::run::Session;
use perilune::Error;
use rustyline::completion::Completer;
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Editor, Helper};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// How many chunks the history keeps.
const HISTORY: usize = 10_000;

/// What the editor asks while a line is typed.
struct Typing<'s, 'a> {
    session: RefCell<&'s mut Session<'a>>,
    /// The lines of the chunk before this one, each with its line break.
    before: String,
    /// Whether the line is being shown for the last time, when nothing is at the cursor any more.
    last_time: Cell<bool>,
}

impl Completer for Typing<'_, '_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = &line[..pos];
        if typed.trim().is_empty() {
            return Ok((pos, vec!["  ".to_owned()]));
        }
        if self.before.is_empty() && command::split(typed).is_some() && !typed.trim_start().contains(' ') {
            let start = typed.find(':').map_or(pos, |i| i + 1);
            let names = command::ALL.iter().map(|c| c.name);
            let found = names.filter(|n| n.starts_with(&typed[start..]));
            return Ok((start, found.map(str::to_owned).collect()));
        }
        let code = self.code(typed);
        let (start, found) = complete::complete(&mut self.session.borrow_mut().lua, &code);
        // What is before this line, or is a command, is shown as blanks or lies before the start.
        Ok(((start + pos).saturating_sub(code.len()), found))
    }
}

impl Typing<'_, '_> {
    /// The source up to the end of `typed`, without the name of a command.
    fn code(&self, typed: &str) -> String {
        let skipped = self.command_length(typed);
        format!("{}{}", self.before, &typed[skipped..])
    }

    /// How much of a line is a command's name.
    fn command_length(&self, line: &str) -> usize {
        match command::split(line) {
            Some((name, _)) if self.before.is_empty() => line.find(':').unwrap_or(0) + 1 + name.len(),
            Some(_) | None => 0,
        }
    }
}

impl Highlighter for Typing<'_, '_> {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        let skipped = self.command_length(line);
        let mut out = String::new();
        if skipped > 0 {
            Class::Command.paint(&mut out, &line[..skipped]);
        }
        let source = self.code(line);
        let before = self.before.len();
        let cursor = (!self.last_time.get() && pos >= skipped).then(|| before + pos - skipped);
        out.push_str(&paint(&source, before, cursor));
        Cow::Owned(out)
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.last_time.set(kind == CmdKind::ForcedRefresh);
        true
    }
}

impl Hinter for Typing<'_, '_> {
    type Hint = String;
}
impl Validator for Typing<'_, '_> {}
impl Helper for Typing<'_, '_> {}

type Terminal<'s, 'a> = Editor<Typing<'s, 'a>, FileHistory>;

/// A prompt that is open.
struct Prompt<'s, 'a> {
    editor: Terminal<'s, 'a>,
    history: Store,
    colours: bool,
}

/// What the user has given.
enum Input {
    /// A line, without its line break.
    Line(String),
    /// Ctrl-C: forget what has been typed.
    Clear,
    /// Ctrl-D.
    End,
}

/// Reads chunks and commands until the end; runs them and shows their results.
///
/// # Errors
/// `os.exit`; the terminal fails.
pub fn run(s: &mut Session) -> Result<(), Error> {
    let colours = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let mut editor = open(colours).map_err(|e| Error::runtime(e.to_string()))?;
    let history = Store::open(&mut editor);
    editor.set_helper(Some(Typing {
        session: RefCell::new(s),
        before: String::new(),
        last_time: Cell::new(false),
    }));
    let mut p = Prompt {
        editor,
        history,
        colours,
    };
    println!("':help' lists the commands, Ctrl-D leaves.");
    while p.turn()? {}
    Ok(())
}

fn open<'s, 'a>(colours: bool) -> rustyline::Result<Terminal<'s, 'a>> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_dups(true)?
        .completion_type(CompletionType::List)
        .color_mode(if colours {
            ColorMode::Enabled
        } else {
            ColorMode::Disabled
        })
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_auto_add_history(false);
    Ok(editor)
}

impl<'a> Prompt<'_, 'a> {
    /// One prompt, with what comes of it. Says whether there is to be another one.
    fn turn(&mut self) -> Result<bool, Error> {
        let line = match self.read("_PROMPT", "> ", "") {
            Input::Line(line) => line,
            Input::Clear => return Ok(true),
            Input::End => return Ok(false),
        };
        if line.trim().is_empty() {
            return Ok(true);
        }
        if command::split(&line).is_none() {
            warn_of_local(line.as_bytes());
        }
        let Some(text) = self.whole(line) else {
            return Ok(true);
        };
        self.history.add(&mut self.editor, &text);
        let done = match command::split(&text) {
            Some((name, argument)) => self.command(name, argument),
            None => self.chunk(&text).map(|()| true),
        };
        self.settle(done)
    }

    /// Reads on until the chunk that begins so, or that a command is given, is complete or cannot become
    /// that; None if the user drops it.
    fn whole(&mut self, first: String) -> Option<String> {
        let mut text = first;
        while let Some(code) = command::code(&text) {
            let incomplete = matches!(
                compile(self.session(), code.as_bytes()),
                Err(Error::Syntax { incomplete: true, .. })
            );
            if !incomplete {
                break;
            }
            let before = format!("{code}\n");
            match self.read("_PROMPT2", ">> ", &before) {
                Input::Line(more) => {
                    text.push('\n');
                    text.push_str(&more);
                }
                Input::Clear => return None,
                Input::End => break,
            }
        }
        Some(text)
    }

    /// Reports what went wrong, so that the prompt survives it.
    fn settle(&mut self, done: Result<bool, Error>) -> Result<bool, Error> {
        match done {
            Ok(goes_on) => Ok(goes_on),
            Err(e @ Error::Exit { .. }) => Err(e),
            Err(e) => {
                let s = self.session();
                s.report(&e);
                s.lua.clear_stop();
                Ok(true)
            }
        }
    }

    fn command(&mut self, name: &str, argument: &str) -> Result<bool, Error> {
        let style = self.style();
        let answer = self.running(|s| command::run(s, name, argument, style))?;
        match answer {
            command::Answer::Quit => Ok(false),
            command::Answer::Text(text) => {
                self.write(text.trim_end_matches('\n'));
                Ok(true)
            }
        }
    }

    /// Runs a chunk and shows its values.
    fn chunk(&mut self, text: &str) -> Result<(), Error> {
        let f = compile(self.session(), text.as_bytes())?;
        let style = self.style();
        let shown = self.running(|s| {
            let values = s.call(&f, Vec::new())?;
            show::results(&mut s.lua, &values, style)
        })?;
        self.write(&shown);
        Ok(())
    }

    /// Does something that Ctrl-C can stop. What came before it, when nothing ran, does not count.
    fn running<T>(&mut self, f: impl FnOnce(&mut Session<'a>) -> Result<T, Error>) -> Result<T, Error> {
        let s = self.session();
        s.lua.interrupter().withdraw();
        let r = f(s);
        let _ = s.lua.flush_stdout();
        r
    }

    fn session(&mut self) -> &mut Session<'a> {
        match self.editor.helper_mut() {
            Some(typing) => typing.session.get_mut(),
            None => unreachable!("the helper is set when the prompt opens"),
        }
    }

    /// Shows a text with a line break, after what the program has written.
    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            self.start_line();
            let s = self.session();
            let _ = s.lua.write_stdout(format!("{text}\n").as_bytes());
            let _ = s.lua.flush_stdout();
        }
    }

    fn read(&mut self, name: &str, default: &str, before: &str) -> Input {
        self.session().lua.interrupter().withdraw();
        let prompt = prompt(self.session(), name, default);
        self.start_line();
        if let Some(typing) = self.editor.helper_mut() {
            before.clone_into(&mut typing.before);
            typing.last_time.set(false);
        }
        match self.editor.readline(&prompt) {
            Ok(line) => Input::Line(line),
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Input::Clear,
            Err(_) => Input::End,
        }
    }

    /// Brings the cursor to the start of a line where a program has left it elsewhere: as many blanks as a
    /// line has fill the line, or go on to the next one.
    fn start_line(&mut self) {
        use std::io::Write;
        let width = self.style().width;
        let _ = self.session().lua.flush_stdout();
        let mut out = std::io::stdout().lock();
        let _ = write!(out, "{}\r\x1b[K", " ".repeat(width));
        let _ = out.flush();
    }

    fn style(&mut self) -> Style {
        let columns = self.editor.dimensions().map(|(columns, _)| usize::from(columns));
        Style {
            width: columns.filter(|c| *c > 0).unwrap_or(80),
            colours: self.colours,
        }
    }
}
