//! An uncaught error -> what is shown of it beside PUC's text: the source, and what was probably meant.
//!
//! A [`Watch`] looks at errors while the stack is still there, and keeps what it made of one until the
//! command reports it. Nothing is read or parsed before an error happens.

use super::complaint::{Complaint, Kind};
use super::excerpt::{Mark, Picture};
use super::locate::{Culprit, Parsed, Raiser};
use super::values::{self, Scene};
use super::{Mode, syntax};
use crate::platform;
use perilune::{Context, Dialect, ErrorSite, Frame, Function, Result};
use perilune_syntax::{Lines, ParseError, ParseOptions, chunk_id, parse_with, skip_shebang};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sources longer than this are not read again.
const LONGEST_SOURCE: u64 = 32 << 20;

/// Looks at errors.
#[derive(Default)]
pub struct Watch {
    dialect: Dialect,
    /// Sources that no file holds, by the names of their chunks.
    texts: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
    seen: Mutex<Option<Diagnosis>>,
}

/// What is known of an error.
#[derive(Debug)]
struct Diagnosis {
    /// PUC's message, without the traceback.
    message: Vec<u8>,
    path: String,
    text: Vec<u8>,
    marks: Vec<Mark>,
    help: Option<String>,
}

/// Where an error is.
struct Place<'a> {
    chunk: Vec<u8>,
    line: u32,
    /// Its index among the frames, if it is still active.
    frame: Option<usize>,
    /// The message from its position on, and behind it.
    positioned: &'a [u8],
    text: &'a [u8],
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// One for a state, and the message handler through which it looks.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn handler(lua: &mut Context) -> Result<(Arc<Watch>, Function)> {
        let watch = Arc::new(Watch {
            dialect: lua.options.dialect,
            ..Watch::default()
        });
        let observer = Arc::clone(&watch);
        let look = move |st: &mut Context, site: &ErrorSite| observer.observe(st, site);
        let handler = perilune::observing_handler(lua, look)?;
        Ok((watch, handler))
    }

    /// Keeps a source that no file holds; `chunk` is the name of its chunk.
    pub fn remember(&self, chunk: &[u8], text: &[u8]) {
        let mut texts = lock(&self.texts);
        texts.retain(|(name, _)| name != chunk);
        texts.push((chunk.to_vec(), text.to_vec()));
    }

    /// Looks at an error that nothing has caught.
    fn observe(&self, lua: &mut Context, site: &ErrorSite) {
        let mut seen = lock(&self.seen);
        if seen.is_none() && Mode::current() == Mode::Rich {
            *seen = self.diagnose(lua, site);
        }
    }

    /// Looks at a source that does not compile.
    pub fn observe_syntax(&self, chunk: &[u8], message: &[u8]) {
        let mut seen = lock(&self.seen);
        if Mode::current() == Mode::Rich {
            *seen = self.diagnose_syntax(chunk, message, message);
        }
    }

    /// Writes an error: `text` is all that PUC says of it.
    pub fn write(&self, out: &mut dyn Write, text: &[u8]) -> std::io::Result<()> {
        let seen = lock(&self.seen).take();
        let known = seen.and_then(|d| text.strip_prefix(&d.message[..]).map(|rest| (rest, d)));
        let Some((rest, d)) = known else {
            out.write_all(text)?;
            return out.write_all(b"\n");
        };
        out.write_all(&d.message)?;
        out.write_all(b"\n")?;
        let picture = Picture {
            title: None,
            path: &d.path,
            text: &d.text,
            lines: &Lines::of(&d.text),
            marks: &d.marks,
            help: d.help,
        };
        out.write_all(picture.draw(super::stderr_has_color()).as_bytes())?;
        if let Some(traceback) = rest.strip_prefix(b"\n") {
            out.write_all(traceback)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    // Sources.

    fn source(&self, chunk: &[u8]) -> Option<Vec<u8>> {
        match chunk {
            [b'@', file @ ..] => {
                let path = platform::from_bytes(file.to_vec());
                let info = std::fs::metadata(&path).ok()?;
                if !info.is_file() || info.len() > LONGEST_SOURCE {
                    return None;
                }
                let all = std::fs::read(path).ok()?;
                Some(skip_shebang(&all).to_vec())
            }
            [b'=', ..] => {
                let texts = lock(&self.texts);
                let found = texts.iter().find(|(name, _)| name == chunk);
                found.map(|(_, text)| text.clone())
            }
            text => Some(text.to_vec()),
        }
    }

    // Syntax errors.

    /// `message` is what is reported; its part `positioned` is what the parser says of the chunk.
    fn diagnose_syntax(&self, chunk: &[u8], message: &[u8], positioned: &[u8]) -> Option<Diagnosis> {
        let text = self.source(chunk)?;
        let options = ParseOptions::new(self.dialect);
        let Err(ParseError::Syntax(error)) = parse_with(&text, chunk, options) else {
            return None;
        };
        // The file may be another one by now.
        if error.message != positioned {
            return None;
        }
        let marks = syntax::marks(&text, &error);
        let help = syntax::suggestion(&text, &error);
        Some(Diagnosis {
            message: message.to_vec(),
            path: String::from_utf8_lossy(&chunk_id(chunk)).into_owned(),
            text,
            marks,
            help: help.map(did_you_mean),
        })
    }

    // Runtime errors.

    fn diagnose(&self, lua: &mut Context, site: &ErrorSite) -> Option<Diagnosis> {
        let message = site.message.as_bytes();
        let place = place(site)?;
        let broken = self.diagnose_syntax(&place.chunk, message, place.positioned);
        if broken.is_some() {
            return broken;
        }
        let Some(text) = self.source(&place.chunk) else {
            return without_source(lua, site, &place);
        };
        let lines = Lines::of(&text);
        lines.start(place.line)?;
        let (culprit, help) = self.culprit(lua, site, &place, &text, &lines);
        // Of an operation that begins on another line, the message's line is shown.
        let culprit = culprit.filter(|c| c.value.is_some() || c.span.line == place.line);
        let span = match culprit {
            Some(culprit) => culprit.span,
            None => syntax::code_on(&text, place.line)?,
        };
        Some(Diagnosis {
            message: message.to_vec(),
            path: String::from_utf8_lossy(&chunk_id(&place.chunk)).into_owned(),
            marks: vec![Mark::primary(span)],
            text,
            help,
        })
    }

    fn culprit(
        &self,
        lua: &mut Context,
        site: &ErrorSite,
        place: &Place<'_>,
        text: &[u8],
        lines: &Lines,
    ) -> (Option<Culprit>, Option<String>) {
        let options = ParseOptions::new(self.dialect);
        let Ok(chunk) = parse_with(text, &place.chunk, options) else {
            return (None, None);
        };
        let parsed = Parsed {
            text,
            lines,
            chunk: &chunk,
        };
        let said = String::from_utf8_lossy(place.text);
        let complaint = Complaint::of(&said);
        let raiser = raiser(site, place);
        let raised_by = match &raiser {
            Some(name) => Raiser::Call(name.as_deref()),
            None => Raiser::Line,
        };
        let line = place.line..=place.line;
        let around = parsed.statement(place.line).unwrap_or(line.clone());
        let uses_globals = |f: &&Frame| f.upvalue(lua, b"_ENV").is_some();
        let globals_of = site.frames.iter().find(uses_globals);
        let mut scene = Scene {
            parsed: &parsed,
            frame: place.frame.map(|n| &site.frames[n]),
            globals_of,
            lua,
        };
        let mut fits = |e, name: &str| scene.fits(e, name);
        let mut find = |lines| parsed.culprit(&complaint, lines, raised_by, &mut fits);
        // What an expression of several lines does, happens on one of them.
        let found = find(&line).or_else(|| find(&around));
        let is_nil = matches!(complaint, Complaint::Operand { type_name: "nil", .. });
        let value = found.and_then(|c| c.value).filter(|_| is_nil);
        (found, value.and_then(|e| scene.suggestion(e)).map(did_you_mean))
    }
}

/// What can be said where the source is not at hand, as at the prompt.
fn without_source(lua: &mut Context, site: &ErrorSite, place: &Place<'_>) -> Option<Diagnosis> {
    let said = String::from_utf8_lossy(place.text);
    let Complaint::Operand {
        type_name: "nil",
        name: Some((Kind::Global, name)),
        ..
    } = Complaint::of(&said)
    else {
        return None;
    };
    let frame = &site.frames[place.frame?];
    let help = values::near_global(lua, frame, name.as_bytes())?;
    Some(Diagnosis {
        message: site.message.as_bytes().to_vec(),
        path: String::new(),
        text: Vec::new(),
        marks: Vec::new(),
        help: Some(did_you_mean(help)),
    })
}

fn did_you_mean(name: String) -> String {
    format!("did you mean `{name}`?")
}

/// The name of the function that raised the error in place of the code of the line itself; the outer
/// `None` if it was that code.
fn raiser(site: &ErrorSite, place: &Place<'_>) -> Option<Option<String>> {
    match place.frame {
        Some(0) => None,
        Some(n) => {
            let name = site.frames[n - 1].name.as_ref();
            Some(name.map(ToString::to_string))
        }
        None => Some(None),
    }
}

/// Where an error is: where its message says, or else where it was raised.
fn place(site: &ErrorSite) -> Option<Place<'_>> {
    let message = site.message.as_bytes();
    let here = |(n, f): (usize, &Frame)| {
        let (chunk, line) = (f.chunk.as_ref()?, f.line?);
        let position = [&chunk_id(chunk)[..], format!(":{line}: ").as_bytes()].concat();
        let text = message.strip_prefix(&position[..])?;
        Some(Place {
            chunk: chunk.clone(),
            line,
            frame: Some(n),
            positioned: message,
            text,
        })
    };
    let in_frame = site.frames.iter().enumerate().find_map(here);
    // Errors that pass through `coroutine.wrap` have two positions.
    let inner = in_frame.as_ref().and_then(|p| elsewhere(site, p.text));
    inner
        .or(in_frame)
        .or_else(|| module(message))
        .or_else(|| elsewhere(site, message))
        .or_else(|| raised(site))
}

/// `error loading module 'm' from file 'f':` and, on the next line, what is wrong with the file.
fn module(message: &[u8]) -> Option<Place<'_>> {
    let text = std::str::from_utf8(message).ok()?;
    let rest = text.split_once("error loading module '")?.1;
    let (file, positioned) = rest.split_once("' from file '")?.1.split_once("':\n\t")?;
    let chunk = format!("@{file}").into_bytes();
    let id = String::from_utf8_lossy(&chunk_id(&chunk)).into_owned();
    let (line, text) = positioned
        .strip_prefix(&id)?
        .strip_prefix(':')?
        .split_once(": ")?;
    Some(Place {
        chunk,
        line: line.parse().ok()?,
        frame: None,
        positioned: positioned.as_bytes(),
        text: text.as_bytes(),
    })
}

/// A message that names a file of Lua and a line: `file:line: text`.
fn elsewhere<'a>(site: &ErrorSite, message: &'a [u8]) -> Option<Place<'a>> {
    let first = message.split(|b| *b == b'\n').next()?;
    let text = std::str::from_utf8(first).ok()?;
    let (position, _) = text.split_once(": ")?;
    let (file, line) = position.rsplit_once(':')?;
    let chunk = format!("@{file}").into_bytes();
    let runs = site.frames.iter().any(|f| f.chunk.as_ref() == Some(&chunk));
    let is_file = std::path::Path::new(file).is_file();
    if file.starts_with("...") || !is_file || !(runs || file.ends_with(".lua")) {
        return None;
    }
    let line = line.parse().ok()?;
    Some(Place {
        chunk,
        line,
        frame: None,
        positioned: message,
        text: &message[position.len() + 2..],
    })
}

/// Where the innermost Lua function is.
fn raised(site: &ErrorSite) -> Option<Place<'_>> {
    let n = site.frames.iter().position(|f| !f.is_native)?;
    let f = &site.frames[n];
    Some(Place {
        chunk: f.chunk.clone()?,
        line: f.line?,
        frame: Some(n),
        positioned: b"",
        text: b"",
    })
}
