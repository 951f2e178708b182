//! Bytecode -> what a printer needs of it: functions, instructions, operands with what they stand for.
//!
//! Texts, colours and JSON are made from this model by others; what an operand means is decided here only.

use crate::debuginfo;
use crate::ops::{Instr, Op, Operand};
use crate::proto::{Const, Proto};

/// Longest string constant that is shown whole.
const MAX_STRING: usize = 40;

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its number in a state, if it comes from there.
    pub number: Option<u32>,
    /// What the code around it calls it.
    pub name: Option<String>,
    /// First and last line, 0 for a main function.
    pub lines: (u32, u32),
    /// Fixed parameters.
    pub params: u8,
    /// What follows them.
    pub varargs: Varargs,
    /// Registers that it needs.
    pub slots: u8,
    /// Its upvalues.
    pub upvalues: Vec<Upvalue>,
    /// Its constants, as texts.
    pub constants: Vec<String>,
    /// Its instructions.
    pub code: Vec<Line>,
}

/// Whether a function takes more arguments than it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varargs {
    /// No.
    None,
    /// Yes.
    Plain,
    /// Yes, and a table holds them.
    Table,
}

/// An upvalue of a function.
#[derive(Clone, Debug)]
pub struct Upvalue {
    /// Its name.
    pub name: String,
    /// Where the closure finds it: a register of the function around it, or an upvalue of that.
    pub in_stack: bool,
    /// Which.
    pub index: u8,
}

/// An instruction.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its index.
    pub pc: usize,
    /// Its line in the source.
    pub line: Option<u32>,
    /// The word.
    pub word: u64,
    /// Its operation; None in code that was not verified.
    pub op: Option<Op>,
    /// Its operands.
    pub operands: Vec<Shown>,
    /// What operands stand for.
    pub notes: Vec<String>,
    /// Whether a jump leads here.
    pub is_target: bool,
    /// What is known from running it.
    pub live: Live,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A register.
    Register(u8),
    /// A constant.
    Constant(u32),
    /// An upvalue.
    Upvalue(u8),
    /// A nested function.
    Function(u32),
    /// A number.
    Number(i64),
    /// The instruction that a jump leads to.
    Jump(usize),
}

/// What a state knows of an instruction.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// How often it was executed, if that was counted.
    pub count: Option<u64>,
    /// What it has rewritten itself into, with what it has learned.
    pub learned: Option<String>,
    /// What its inline cache holds, an entry each.
    pub cache: Vec<String>,
}

/// All functions of a chunk: each is followed by those nested in it.
pub fn chunk(main: &Proto) -> Vec<Function> {
    let mut all = Vec::new();
    let mut work = vec![(main, None)];
    while let Some((p, name)) = work.pop() {
        let mut f = function(p);
        f.name = name;
        all.push(f);
        work.extend((0..p.protos.len()).rev().map(|n| (&*p.protos[n], name_of(p, n))));
    }
    all
}

/// One function, without those nested in it.
pub fn function(p: &Proto) -> Function {
    let mut is_target = vec![false; p.code.len()];
    for pc in 0..p.code.len() {
        if let Some(target) = jump_target(p, pc).and_then(|to| is_target.get_mut(to)) {
            *target = true;
        }
    }
    let code = (0..p.code.len()).map(|pc| line(p, pc, is_target[pc]));
    Function {
        number: None,
        name: None,
        lines: (p.line_defined, p.last_line_defined),
        params: p.num_params,
        varargs: match (p.is_vararg, p.vararg_table) {
            (false, _) => Varargs::None,
            (true, false) => Varargs::Plain,
            (true, true) => Varargs::Table,
        },
        slots: p.max_stack,
        upvalues: upvalues(p),
        constants: p.consts.iter().map(|k| constant(p, k)).collect(),
        code: code.collect(),
    }
}

/// One instruction.
pub fn line(p: &Proto, pc: usize, is_target: bool) -> Line {
    let i = p.code[pc];
    let mut shown = Line {
        pc,
        line: debuginfo::line_at(p, pc),
        word: i.0,
        op: Op::from_u8(i.op_byte()),
        operands: Vec::new(),
        notes: Vec::new(),
        is_target,
        live: Live::default(),
    };
    let kinds = shown.op.map_or([Operand::None; 4], |op| op.info().operands);
    for (slot, kind) in kinds.into_iter().enumerate() {
        operand(&mut shown, p, kind, value(i, slot));
    }
    shown
}

/// What the code of `p` calls its nested function number `n`: the local variable, field or global that it is
/// stored in at once.
pub fn name_of(p: &Proto, n: usize) -> Option<String> {
    let makes = |i: &Instr| i.op_byte() == Op::CLOSURE as u8 && i.du() as usize == n;
    let pc = p.code.iter().position(makes)?;
    let register = p.code[pc].a();
    if let Some(next) = p.code.get(pc + 1)
        && let Some(name) = stored_under(p, *next, register)
    {
        return Some(name);
    }
    register_name(p, pc, Operand::Write, register)
}

/// The name under which an instruction stores a register.
fn stored_under(p: &Proto, i: Instr, register: u8) -> Option<String> {
    let op = i.op_byte();
    if op == Op::SETUPVAL as u8 && i.a() == register {
        return Some(text(debuginfo::upvalue_name(p, i.b())));
    }
    let stores =
        op == Op::SETFIELD as u8 && i.c() == register || op == Op::SETTABUP as u8 && i.a() == register;
    match p.consts.get(i.du() as usize) {
        Some(Const::Str(name)) if stores => Some(text(p.text(*name))),
        Some(_) | None => None,
    }
}

fn upvalues(p: &Proto) -> Vec<Upvalue> {
    let shown = p.upvalues.iter().enumerate().map(|(n, up)| Upvalue {
        name: text(debuginfo::upvalue_name(p, n as u8)),
        in_stack: up.in_stack,
        index: up.index,
    });
    shown.collect()
}

fn jump_target(p: &Proto, pc: usize) -> Option<usize> {
    let i = p.code[pc];
    let info = Op::from_u8(i.op_byte())?.info();
    (info.operands[3] == Operand::Jump).then(|| landing(pc, i64::from(i.d())))
}

/// Where a jump over `distance` instructions lands.
fn landing(pc: usize, distance: i64) -> usize {
    usize::try_from(pc as i64 + 1 + distance).unwrap_or(usize::MAX)
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

fn operand(shown: &mut Line, p: &Proto, kind: Operand, v: i64) {
    let operand = match kind {
        Operand::None => return,
        Operand::Read | Operand::Write | Operand::ReadWrite | Operand::Window => {
            shown.notes.extend(register_name(p, shown.pc, kind, v as u8));
            Shown::Register(v as u8)
        }
        Operand::Const | Operand::StrConst | Operand::NumConst => {
            let known = p.consts.get(v as usize);
            shown
                .notes
                .push(known.map_or("?".to_string(), |k| constant(p, k)));
            Shown::Constant(v as u32)
        }
        Operand::Upvalue => {
            shown.notes.push(text(debuginfo::upvalue_name(p, v as u8)));
            Shown::Upvalue(v as u8)
        }
        Operand::Proto => {
            let line = p.protos.get(v as usize).map_or(0, |f| f.line_defined);
            shown.notes.push(format!("line {line}"));
            Shown::Function(v as u32)
        }
        Operand::Int if is_comparison(p.code[shown.pc]) => Shown::Number(i64::from(v as u8 as i8)),
        Operand::Int | Operand::Count | Operand::Flag => Shown::Number(v),
        Operand::Jump => Shown::Jump(landing(shown.pc, v)),
    };
    shown.operands.push(operand);
}

/// Whether operand b is a signed number.
fn is_comparison(i: Instr) -> bool {
    i.op().info().operands[1] == Operand::Int
}

/// The local variable in a register: for a register that is written, the one that begins there.
fn register_name(p: &Proto, pc: usize, kind: Operand, reg: u8) -> Option<String> {
    let begins = kind == Operand::Write || kind == Operand::Window;
    let alive = |at: usize| {
        p.locals
            .iter()
            .find(|v| v.reg == reg && v.start_pc as usize <= at && at < v.end_pc as usize)
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
        Const::Str(s) => quoted(p.text(*s)),
    }
}

fn quoted(s: &[u8]) -> String {
    match s.get(..MAX_STRING) {
        Some(start) if s.len() > MAX_STRING => format!("\"{}...\"", start.escape_ascii()),
        Some(_) | None => format!("\"{}\"", s.escape_ascii()),
    }
}
