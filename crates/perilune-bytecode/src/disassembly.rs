//! Functions -> a text with labels, raw words, lines of the source, and what running has shown.

use crate::dump;
use crate::listing::{Function, Line};
use std::collections::HashMap;
use std::fmt::Write;

/// What a piece of the text is, so that it can be shown in a colour of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The line that introduces a function.
    Header,
    /// A line of the source.
    Source,
    /// Where jumps lead.
    Label,
    /// How often an instruction was executed.
    Count,
    /// Index and raw word of an instruction.
    Word,
    /// A mnemonic.
    Mnemonic,
    /// Operands.
    Operands,
    /// What operands stand for.
    Note,
    /// What an instruction has learned.
    Learned,
    /// The documentation of an opcode.
    Doc,
}

/// How the text is to be.
pub struct Style<'a> {
    /// The lines of the source, if it is there.
    pub source: &'a [String],
    /// Say below each instruction what its opcode does.
    pub docs: bool,
    /// Gives a piece its colour.
    pub paint: &'a dyn Fn(Part, &str) -> String,
}

impl Style<'_> {
    /// Without source, documentation and colours.
    pub const PLAIN: Style<'static> = Style {
        source: &[],
        docs: false,
        paint: &|_, text| text.to_owned(),
    };
}

/// The text of functions.
pub fn text(functions: &[Function], style: &Style<'_>) -> String {
    let mut out = String::new();
    for f in functions {
        if !out.is_empty() {
            out.push('\n');
        }
        Page::of(f, style).write(&mut out);
    }
    out
}

/// A function being written.
struct Page<'a> {
    f: &'a Function,
    style: &'a Style<'a>,
    /// The labels, by instruction.
    labels: HashMap<usize, String>,
    /// Width of the column of counts; 0 without one.
    counts: usize,
    /// Width of the column of mnemonics.
    mnemonics: usize,
}

impl<'a> Page<'a> {
    fn of(f: &'a Function, style: &'a Style<'a>) -> Page<'a> {
        let targets = f.code.iter().filter(|line| line.is_target).enumerate();
        let counts = f.code.iter().filter_map(|line| line.live.count);
        let names = f
            .code
            .iter()
            .map(|line| line.op.map_or(0, |op| op.info().name.len()));
        Page {
            f,
            style,
            labels: targets
                .map(|(n, line)| (line.pc, format!("L{}", n + 1)))
                .collect(),
            counts: counts.max().map_or(0, |most| most.to_string().len().max(5)),
            mnemonics: names.max().unwrap_or(0),
        }
    }

    fn paint(&self, part: Part, text: &str) -> String {
        (self.style.paint)(part, text)
    }

    fn write(&self, out: &mut String) {
        let name = self.f.name.as_ref().map_or(String::new(), |n| format!("{n}: "));
        let header = format!("{name}{}", dump::header(self.f));
        push_line(out, &self.paint(Part::Header, &header));
        let mut shown = None;
        for line in &self.f.code {
            if line.line.is_some() && line.line != shown {
                shown = line.line;
                self.source_line(out, shown.unwrap_or(0));
            }
            if let Some(label) = self.labels.get(&line.pc) {
                push_line(
                    out,
                    &format!("  {}", self.paint(Part::Label, &format!("{label}:"))),
                );
            }
            self.instruction(out, line);
        }
    }

    fn source_line(&self, out: &mut String, number: u32) {
        let text = self.style.source.get((number as usize).wrapping_sub(1));
        let text = text.map_or(String::new(), |text| format!(" {}", text.trim_end()));
        push_line(out, &self.paint(Part::Source, &format!("{number:5} |{text}")));
    }

    fn instruction(&self, out: &mut String, line: &Line) {
        let margin = self.margin(line);
        let word = self.paint(Part::Word, &format!("{:5}  {:016x}", line.pc, line.word));
        let Some(op) = line.op else {
            return push_line(out, &format!("{margin}{word}"));
        };
        let operands = dump::operands(line, |to| match self.labels.get(&to) {
            Some(label) => label.clone(),
            None => to.to_string(),
        });
        let mnemonic = self.paint(
            Part::Mnemonic,
            &format!("{:<width$}", op.info().name, width = self.mnemonics),
        );
        let mut text = format!("{margin}{word}  {mnemonic} ");
        let notes = line.notes.join(" ");
        if notes.is_empty() {
            text.push_str(&self.paint(Part::Operands, &operands));
        } else {
            text.push_str(&self.paint(Part::Operands, &format!("{operands:<14}")));
            text.push_str(&self.paint(Part::Note, &format!(" ; {notes}")));
        }
        push_line(out, text.trim_end());
        self.below(out, line, op.info().doc);
    }

    /// The column of counts.
    fn margin(&self, line: &Line) -> String {
        if self.counts == 0 {
            return String::new();
        }
        let count = line.live.count.unwrap_or(0);
        let text = format!("{count:>width$} ", width = self.counts);
        self.paint(Part::Count, &text)
    }

    /// What is said below an instruction.
    fn below(&self, out: &mut String, line: &Line, doc: &str) {
        let indent = " ".repeat(25 + if self.counts == 0 { 0 } else { self.counts + 1 });
        if self.style.docs {
            push_line(out, &format!("{indent}{}", self.paint(Part::Doc, doc.trim())));
        }
        if let Some(learned) = &line.live.learned {
            let text = format!("=> {learned}");
            push_line(out, &format!("{indent}{}", self.paint(Part::Learned, &text)));
        }
        for entry in &line.live.cache {
            let text = format!("   {entry}");
            push_line(out, &format!("{indent}{}", self.paint(Part::Learned, &text)));
        }
    }
}

fn push_line(out: &mut String, text: &str) {
    writeln!(out, "{text}").unwrap_or_default();
}
