//! Bytecode -> text for people.
//!
//! Each function has a header, then one line per instruction: `>` where a jump lands, the index,
//! the source line, the mnemonic, the operands, and what they stand for.

use crate::debuginfo;
use crate::ops::{Instr, Op, Operand};
use crate::proto::{Const, Proto};
use std::fmt::Write;

/// Longest string constant that is shown whole.
const MAX_STRING: usize = 40;

/// The text of a function and of all functions nested in it.
pub fn dump(proto: &Proto) -> String {
    let mut out = String::new();
    let mut work = vec![proto];
    while let Some(p) = work.pop() {
        if !out.is_empty() {
            out.push('\n');
        }
        function(&mut out, p, None, &|_| None);
        work.extend(p.protos.iter().rev().map(|child| &**child));
    }
    out
}

/// The text of one function, without those nested in it: its number in the state, if it has one, and `note`
/// is what to add to an instruction.
pub fn function_with_notes(
    proto: &Proto,
    number: Option<u32>,
    note: &dyn Fn(usize) -> Option<String>,
) -> String {
    let mut out = String::new();
    function(&mut out, proto, number, note);
    out
}

/// The text of one instruction, without index and line.
pub fn instruction(proto: &Proto, pc: usize) -> String {
    let mut out = String::new();
    if proto.code.get(pc).is_some() {
        line(&mut out, proto, pc);
    }
    out
}

fn function(out: &mut String, p: &Proto, number: Option<u32>, note: &dyn Fn(usize) -> Option<String>) {
    header(out, p, number);
    let mut targets = vec![false; p.code.len()];
    for pc in 0..p.code.len() {
        if let Some(target) = jump_target(p, pc).and_then(|to| targets.get_mut(to)) {
            *target = true;
        }
    }
    for (pc, &target) in targets.iter().enumerate() {
        let mark = if target { '>' } else { ' ' };
        let source_line = p.lines.get(pc).map_or("-".to_string(), |l| l.to_string());
        put(out, format_args!("{mark}{pc:4} [{source_line}] "));
        line(out, p, pc);
        if let Some(text) = note(pc) {
            put(out, format_args!("  => {text}"));
        }
        out.push('\n');
    }
}

/// Appends formatted text; a `String` takes anything.
fn put(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).unwrap_or_default();
}

fn header(out: &mut String, p: &Proto, number: Option<u32>) {
    out.push_str(if p.line_defined == 0 { "main" } else { "function" });
    if let Some(number) = number {
        put(out, format_args!(" {number}"));
    }
    if p.line_defined != 0 {
        put(
            out,
            format_args!(" at line {}-{}", p.line_defined, p.last_line_defined),
        );
    }
    let dots = match (p.is_vararg, p.vararg_table) {
        (false, _) => "",
        (true, false) => "+",
        (true, true) => "+table",
    };
    put(
        out,
        format_args!(": {}{dots} params, {} slots", p.num_params, p.max_stack),
    );
    if !p.upvalues.is_empty() {
        out.push_str(", upvalues");
    }
    for (n, up) in p.upvalues.iter().enumerate() {
        let name = text(debuginfo::upvalue_name(p, n as u8));
        let from = if up.in_stack { 'R' } else { 'U' };
        put(out, format_args!(" {name}={from}{}", up.index));
    }
    out.push('\n');
}

fn jump_target(p: &Proto, pc: usize) -> Option<usize> {
    let i = p.code[pc];
    let info = Op::from_u8(i.op_byte())?.info();
    if info.operands[3] != Operand::Jump {
        return None;
    }
    usize::try_from(pc as i64 + 1 + i64::from(i.d())).ok()
}

fn line(out: &mut String, p: &Proto, pc: usize) {
    let i = p.code[pc];
    let Some(op) = Op::from_u8(i.op_byte()) else {
        put(out, format_args!("{i:?}"));
        return;
    };
    let info = op.info();
    put(out, format_args!("{:<10}", info.name));
    let mut notes = Vec::new();
    for (slot, &kind) in info.operands.iter().enumerate() {
        operand(out, &mut notes, (p, pc), kind, value(i, slot));
    }
    while out.ends_with(' ') {
        out.pop();
    }
    if !notes.is_empty() {
        put(out, format_args!(" ; {}", notes.join(" ")));
    }
}

/// Operand number `slot` as a number.
fn value(i: Instr, slot: usize) -> i64 {
    match slot {
        0 => i64::from(i.a()),
        1 => i64::from(i.b()),
        2 => i64::from(i.c()),
        _ => i64::from(i.d()),
    }
}

fn operand(out: &mut String, notes: &mut Vec<String>, (p, pc): (&Proto, usize), kind: Operand, v: i64) {
    match kind {
        Operand::None => {}
        Operand::Read | Operand::Write | Operand::ReadWrite | Operand::Window => {
            put(out, format_args!(" R{v}"));
            notes.extend(register_name(p, pc, kind, v));
        }
        Operand::Const | Operand::StrConst | Operand::NumConst => {
            put(out, format_args!(" K{v}"));
            notes.push(
                p.consts
                    .get(v as usize)
                    .map_or("?".to_string(), |k| constant(p, k)),
            );
        }
        Operand::Upvalue => {
            put(out, format_args!(" U{v}"));
            notes.push(text(debuginfo::upvalue_name(p, v as u8)));
        }
        Operand::Proto => {
            put(out, format_args!(" P{v}"));
            let line = p.protos.get(v as usize).map_or(0, |f| f.line_defined);
            notes.push(format!("line {line}"));
        }
        Operand::Int if p.code[pc].op().info().operands[1] == Operand::Int => {
            put(out, format_args!(" {}", v as u8 as i8));
        }
        Operand::Int | Operand::Count | Operand::Flag => put(out, format_args!(" {v}")),
        Operand::Jump => put(out, format_args!(" -> {}", pc as i64 + 1 + v)),
    }
}

/// The local variable in a register: for a register that is written, the one that begins there.
fn register_name(p: &Proto, pc: usize, kind: Operand, reg: i64) -> Option<String> {
    let begins = kind == Operand::Write || kind == Operand::Window;
    let alive = |at: usize| {
        p.locals
            .iter()
            .find(|v| i64::from(v.reg) == reg && v.start_pc as usize <= at && at < v.end_pc as usize)
    };
    let var = alive(pc).or_else(|| begins.then(|| alive(pc + 1)).flatten())?;
    Some(text(p.text(var.name)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn constant(p: &Proto, k: &Const) -> String {
    match k {
        Const::Nil => "nil".to_string(),
        Const::False => "false".to_string(),
        Const::True => "true".to_string(),
        Const::Int(i) => i.to_string(),
        Const::Float(n) => format!("{n:?}"),
        Const::Str(s) => {
            let s = p.text(*s);
            match s.get(..MAX_STRING) {
                Some(start) if s.len() > MAX_STRING => format!("\"{}...\"", start.escape_ascii()),
                Some(_) | None => format!("\"{}\"", s.escape_ascii()),
            }
        }
    }
}
