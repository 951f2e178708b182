//! Bytecode -> text for people.
//!
//! Each function has a header, then one line per instruction: `>` where a jump lands, the index,
//! the source line, the mnemonic, the operands, and what they stand for.

use crate::listing::{self, Function, Line, Shown, Varargs};
use crate::proto::Proto;
use std::fmt::Write;

/// The text of a function and of all functions nested in it.
pub fn dump(proto: &Proto) -> String {
    text(&listing::chunk(proto))
}

/// The text of functions.
pub fn text(functions: &[Function]) -> String {
    let mut out = String::new();
    for f in functions {
        if !out.is_empty() {
            out.push('\n');
        }
        function(&mut out, f);
    }
    out
}

/// The header of a function.
pub fn header(f: &Function) -> String {
    let mut out = String::from(if f.lines.0 == 0 { "main" } else { "function" });
    if let Some(number) = f.number {
        put(&mut out, format_args!(" {number}"));
    }
    if f.lines.0 != 0 {
        put(&mut out, format_args!(" at line {}-{}", f.lines.0, f.lines.1));
    }
    let dots = match f.varargs {
        Varargs::None => "",
        Varargs::Plain => "+",
        Varargs::Table => "+table",
    };
    put(
        &mut out,
        format_args!(": {}{dots} params, {} slots", f.params, f.slots),
    );
    if !f.upvalues.is_empty() {
        out.push_str(", upvalues");
    }
    for up in &f.upvalues {
        let from = if up.in_stack { 'R' } else { 'U' };
        put(&mut out, format_args!(" {}={from}{}", up.name, up.index));
    }
    out
}

/// The operands of an instruction; `jump` shows where one leads.
pub fn operands(line: &Line, jump: impl Fn(usize) -> String) -> String {
    let shown = line.operands.iter().map(|operand| match operand {
        Shown::Register(n) => format!("R{n}"),
        Shown::Constant(n) => format!("K{n}"),
        Shown::Upvalue(n) => format!("U{n}"),
        Shown::Function(n) => format!("P{n}"),
        Shown::Number(n) => n.to_string(),
        Shown::Jump(to) => format!("-> {}", jump(*to)),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn function(out: &mut String, f: &Function) {
    out.push_str(&header(f));
    out.push('\n');
    for line in &f.code {
        out.push_str(&self::line(line));
        out.push('\n');
    }
}

/// An instruction in one line.
pub fn line(line: &Line) -> String {
    let mark = if line.is_target { '>' } else { ' ' };
    let source_line = line.line.map_or("-".to_string(), |n| n.to_string());
    let mut out = format!("{mark}{:4} [{source_line}] ", line.pc);
    instruction(&mut out, line);
    out
}

fn instruction(out: &mut String, line: &Line) {
    let Some(op) = line.op else {
        return put(out, format_args!("{:#018x}", line.word));
    };
    let operands = operands(line, |to| to.to_string());
    put(out, format_args!("{:<10} {operands}", op.info().name));
    out.truncate(out.trim_end().len());
    if !line.notes.is_empty() {
        put(out, format_args!(" ; {}", line.notes.join(" ")));
    }
    if let Some(learned) = &line.live.learned {
        put(out, format_args!("  => {learned}"));
    }
}

/// Appends formatted text; a `String` takes anything.
fn put(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).unwrap_or_default();
}
