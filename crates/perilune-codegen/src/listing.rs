//! Functions with what their code is made from -> listings of that machine code.
//!
//! The code is made for the listing: nothing is run, so any host lists the code of any target. Each template stands
//! under its bytecode instruction, and places that jumps lead to have names: `i7` is the template of instruction 7,
//! `slow_7` where a helper executes it, `L1` a place within a template. What stands outside of the code has names too:
//! constants `K0`, and `f.inner` where code that is made ahead calls the function `f` directly.

use crate::aot::closed;
use crate::assemble_knowing;
use crate::baseline::{Artifact, Certain, Mark};
use crate::disasm::{Names, Row, Target, disassemble};
use crate::lead;
use perilune_bytecode::disassembly::{Part, Style};
use perilune_bytecode::{dump, proto};
use perilune_runtime::exec::{Job, Snapshot};
use perilune_runtime::image::function_number;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// Bytes of a constant in the pool; as far apart are the places behind it that stand for functions.
const UNIT: u32 = 8;

/// The text of functions, for a target.
pub fn text(functions: &[Snapshot], target: Target, style: &Style<'_>) -> String {
    let mut out = String::new();
    let callees: Vec<String> = functions.iter().enumerate().map(callee).collect();
    for (f, certain) in functions.iter().zip(certain(functions)) {
        if !out.is_empty() {
            out.push('\n');
        }
        let name = f.function.name.as_ref();
        let name = name.map_or(String::new(), |n| format!("{n}: "));
        let header = format!("{name}{}", dump::header(&f.function));
        push_line(&mut out, &(style.paint)(Part::Header, &header));
        match assemble_knowing(target, &f.job, certain) {
            Ok(artifact) => Page::of(f, &artifact, &callees, target, style).write(&mut out),
            Err(why) => push_line(&mut out, &format!("no code for {target}: {why}")),
        }
    }
    out
}

/// What calls of the nth function of a source lead to.
fn callee((nth, f): (usize, &Snapshot)) -> String {
    match &f.function.name {
        Some(name) => format!("{name}.inner"),
        None => format!("function_{}.inner", nth + 1),
    }
}

/// What is certain of functions that are compiled ahead of time: of all those of a chunk, or of one alone.
fn certain(functions: &[Snapshot]) -> Vec<Certain> {
    let jobs: Vec<&Job> = functions.iter().map(|f| &*f.job).collect();
    let is_chunk = jobs.first().is_some_and(|main| {
        let functions = proto::functions(&main.proto).map(Arc::as_ptr);
        functions.eq(jobs.iter().map(|job| Arc::as_ptr(&job.proto)))
    });
    if is_chunk && jobs.iter().all(|job| job.ahead) {
        let first = function_number(0, 0).unwrap_or(0);
        let all = closed::analyse(&jobs).into_iter();
        return all.map(|certain| Certain { first, ..certain }).collect();
    }
    let alone = |job: &&Job| match job.ahead {
        true => Certain::alone(job),
        false => Certain::default(),
    };
    jobs.iter().map(alone).collect()
}

/// The code of a function being written.
struct Page<'a> {
    f: &'a Snapshot,
    artifact: &'a Artifact,
    target: Target,
    style: &'a Style<'a>,
    rows: Vec<Row>,
    /// Names of places, by offset.
    names: BTreeMap<u32, String>,
    /// Instructions whose templates begin at an offset.
    templates: HashMap<u32, Vec<u32>>,
    /// The helpers that rows call, by offset of the row.
    helpers: HashMap<u32, &'static str>,
}

/// Code as it is shown: what it refers to outside of itself stands behind it.
struct Shown<'a> {
    artifact: &'a Artifact,
    /// The code, its calls of functions leading to a place behind the pool for each of them.
    bytes: Vec<u8>,
    callees: &'a [String],
    target: Target,
}

impl<'a> Shown<'a> {
    fn of(artifact: &'a Artifact, callees: &'a [String], target: Target) -> Shown<'a> {
        let mut shown = Shown {
            artifact,
            bytes: artifact.code.bytes.clone(),
            callees,
            target,
        };
        for &(at, function) in &artifact.code.far {
            let to = shown.first_callee() + UNIT * function;
            lead(target, &mut shown.bytes, at, to).expect("branches reach behind the code");
        }
        shown
    }

    fn size(&self) -> u32 {
        self.artifact.code.bytes.len() as u32
    }

    fn first_callee(&self) -> u32 {
        self.size() + UNIT * self.artifact.pool.len() as u32
    }

    /// What stands at an offset behind the code: a constant or a function.
    fn name_behind(&self, offset: u32) -> Option<String> {
        match offset.checked_sub(self.first_callee()) {
            Some(behind) => self.callees.get((behind / UNIT) as usize).cloned(),
            None => {
                let nth = offset.checked_sub(self.size())? / UNIT;
                self.artifact.pool.get(nth as usize).map(|k| format!("K{k}"))
            }
        }
    }

    /// The instructions, with their bytes as they were made.
    fn rows(&self, name: &Names) -> Vec<Row> {
        let mut rows = disassemble(self.target, &self.bytes, name);
        for row in &mut rows {
            let start = row.offset as usize;
            let end = start + row.bytes.len();
            row.bytes.copy_from_slice(&self.artifact.code.bytes[start..end]);
        }
        rows
    }

    /// Where in the code jumps and calls of it lead.
    fn targets(&self) -> BTreeSet<u32> {
        let found = RefCell::new(BTreeSet::new());
        let note = |offset: u32| {
            if offset < self.size() {
                found.borrow_mut().insert(offset);
            }
            None
        };
        self.rows(&note);
        found.into_inner()
    }
}

/// The name of a marked place.
fn mark_name(mark: Mark) -> String {
    match mark {
        Mark::Call => "call".to_owned(),
        Mark::Inner => "inner".to_owned(),
        Mark::Called(pc) => format!("called_{pc}"),
        Mark::Entry(pc) => format!("entry_{pc}"),
        Mark::Shared(name) => name.to_owned(),
        Mark::Slow(pc, _) => format!("slow_{pc}"),
        Mark::Poll(pc) => format!("poll_{pc}"),
        Mark::Exit(pc, _) => format!("exit_{pc}"),
        Mark::Returned(pc) => format!("returned_{pc}"),
        Mark::Fill => "fill".to_owned(),
    }
}

/// What a marked place is for.
fn mark_note(mark: Mark) -> String {
    match mark {
        Mark::Call => "compiled code calls the function here".to_owned(),
        Mark::Entry(pc) => format!("the interpreter enters here at {pc}"),
        Mark::Shared(_) => "shared".to_owned(),
        Mark::Slow(pc, helper) => format!("{} executes {pc}", helper.name()),
        Mark::Poll(pc) => format!("the interrupt word is served behind {pc}"),
        Mark::Exit(pc, reason) => format!("exit to the interpreter at {pc}: {}", reason.name()),
        Mark::Returned(pc) => format!("the call of {pc} has not returned one value"),
        Mark::Inner => "calls whose arguments are certain begin here".to_owned(),
        Mark::Called(pc) => format!("the call of {pc} is of another function"),
        Mark::Fill => "missing arguments become nil".to_owned(),
    }
}

/// Names of all places that have one: marks, templates that are jumped to, and what else is jumped to.
fn names(artifact: &Artifact, targets: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    let mut uses: HashMap<String, u32> = HashMap::new();
    for &(offset, mark) in &artifact.marks {
        let name = mark_name(mark);
        let nth = uses.entry(name.clone()).or_insert(0);
        *nth += 1;
        let name = if *nth == 1 { name } else { format!("{name}_{nth}") };
        names.entry(offset).or_insert(name);
    }
    for &(offset, pc) in artifact.templates.iter().filter(|t| targets.contains(&t.0)) {
        names.entry(offset).or_insert(format!("i{pc}"));
    }
    let others = targets.iter().filter(|&t| !names.contains_key(t));
    let others: Vec<u32> = others.copied().collect();
    for (n, &offset) in others.iter().enumerate() {
        names.insert(offset, format!("L{}", n + 1));
    }
    names
}

/// Whether an instruction is a call or jump by an address.
fn calls(row: &Row) -> bool {
    let by_address = |jump| row.text.starts_with(jump) && row.text.contains('[');
    row.text.starts_with("call")
        || row.text.starts_with("bl")
        || by_address("jmp")
        || row.text.starts_with("br ")
}

fn helpers(artifact: &Artifact, rows: &[Row]) -> HashMap<u32, &'static str> {
    let named = artifact.helpers.iter().filter_map(|h| {
        let own = |row: &&Row| (h.start..h.end).contains(&row.offset) && calls(row);
        Some((rows.iter().rfind(own)?.offset, h.name))
    });
    named.collect()
}

impl<'a> Page<'a> {
    fn of(
        f: &'a Snapshot,
        artifact: &'a Artifact,
        callees: &[String],
        target: Target,
        style: &'a Style<'a>,
    ) -> Page<'a> {
        let code = Shown::of(artifact, callees, target);
        let names = names(artifact, &code.targets());
        let name = |offset: u32| match names.get(&offset) {
            Some(name) => Some(name.clone()),
            None => code.name_behind(offset),
        };
        let rows = code.rows(&name);
        let mut templates: HashMap<u32, Vec<u32>> = HashMap::new();
        for &(offset, pc) in &artifact.templates {
            templates.entry(offset).or_default().push(pc);
        }
        Page {
            helpers: helpers(artifact, &rows),
            f,
            artifact,
            target,
            style,
            rows,
            names,
            templates,
        }
    }

    fn paint(&self, part: Part, text: &str) -> String {
        (self.style.paint)(part, text)
    }

    fn write(&self, out: &mut String) {
        push_line(out, &self.paint(Part::Header, &self.summary()));
        let mut shown = None;
        for row in &self.rows {
            if row.offset == self.artifact.cold {
                push_line(out, &self.paint(Part::Header, "cold:"));
            }
            for &pc in self.templates.get(&row.offset).into_iter().flatten() {
                self.heading(out, pc, &mut shown);
            }
            self.label(out, row.offset);
            self.row(out, row);
        }
        self.pool(out);
    }

    /// What the code is, and how large.
    fn summary(&self) -> String {
        let a = self.artifact;
        let is_here = self.f.is_installed && Target::host() == Some(self.target);
        let size = a.code.bytes.len();
        format!(
            "baseline code for {}{}: {size} bytes, {} of them cold, {} of constants",
            self.target,
            if is_here { ", installed" } else { "" },
            size - a.cold as usize,
            UNIT as usize * a.pool.len(),
        )
    }

    /// The instruction whose template begins, below its line of the source if that is another one.
    fn heading(&self, out: &mut String, pc: u32, shown: &mut Option<u32>) {
        let Some(line) = self.f.function.code.get(pc as usize) else {
            return;
        };
        if let Some(number) = line.line
            && *shown != Some(number)
        {
            *shown = Some(number);
            let source = self.style.source.get((number as usize).wrapping_sub(1));
            let source = source.map_or(String::new(), |text| format!(" {}", text.trim_end()));
            let text = format!("{number:5} |{source}");
            push_line(out, &self.paint(Part::Source, &text));
        }
        push_line(out, &self.paint(Part::Mnemonic, &dump::line(line)));
    }

    fn label(&self, out: &mut String, offset: u32) {
        let Some(name) = self.names.get(&offset) else {
            return;
        };
        let notes: Vec<String> = self.artifact.marks_at(offset).map(mark_note).collect();
        let mut text = self.paint(Part::Label, &format!("{name}:"));
        if !notes.is_empty() {
            let note = format!("  ; {}", notes.join("; "));
            text.push_str(&self.paint(Part::Note, &note));
        }
        push_line(out, &format!("    {text}"));
    }

    fn row(&self, out: &mut String, row: &Row) {
        let bytes: String = row.bytes.iter().map(|b| format!("{b:02x}")).collect();
        let width = match self.target {
            Target::X64 => 22,
            Target::A64 => 8,
        };
        let word = self.paint(Part::Word, &format!("{:6x}  {bytes:<width$}", row.offset));
        let mut text = format!("{word}  {}", self.paint(Part::Operands, &row.text));
        if let Some(helper) = self.helpers.get(&row.offset) {
            text.push_str(&self.paint(Part::Note, &format!("  ; helper {helper}")));
        }
        push_line(out, &text);
    }

    /// What stands behind the code.
    fn pool(&self, out: &mut String) {
        for (n, &k) in self.artifact.pool.iter().enumerate() {
            let offset = self.artifact.code.bytes.len() + UNIT as usize * n;
            let constant = self.f.function.constants.get(k as usize);
            let what = constant.map_or("?", String::as_str);
            let word = self.paint(Part::Word, &format!("{offset:6x}"));
            let label = self.paint(Part::Label, &format!("K{k}:"));
            push_line(out, &format!("{word}  {label} {}", self.paint(Part::Note, what)));
        }
    }
}

fn push_line(out: &mut String, text: &str) {
    writeln!(out, "{text}").unwrap_or_default();
}
