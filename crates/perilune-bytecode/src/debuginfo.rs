//! Function and instruction -> names for error messages and tracebacks.
//!
//! Where a value came from is found by running over the code up to the instruction in question and
//! remembering the last one that set the register. What lies between a jump and its target may or
//! may not have run, so it gives no name.

use crate::ops::{Op, Operand};
use crate::proto::{Const, LocalVar, Proto};

/// What is known of where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// "local", "global", "field", "upvalue", "constant", "method", "metamethod" or
    /// "for iterator".
    pub kind: &'static str,
    /// The name.
    pub name: &'a [u8],
}

/// The name of the environment variable.
const ENV: &[u8] = b"_ENV";
/// A name that is not known.
const UNKNOWN: &[u8] = b"?";

/// The `n`-th local variable, from 1, that is active at instruction `pc`.
pub fn local_name(proto: &Proto, n: usize, pc: usize) -> Option<&LocalVar> {
    active(proto, pc).nth(n.checked_sub(1)?)
}

fn active(proto: &Proto, pc: usize) -> impl Iterator<Item = &LocalVar> {
    let started = proto.locals.iter().take_while(move |v| v.start_pc as usize <= pc);
    started.filter(move |v| pc < v.end_pc as usize)
}

/// The name of an upvalue, `?` when it has none.
pub fn upvalue_name(proto: &Proto, index: u8) -> &[u8] {
    let up = proto.upvalues.get(usize::from(index));
    up.and_then(|u| proto.optional_text(u.name)).unwrap_or(UNKNOWN)
}

/// An upvalue as the origin of a value.
pub fn describe_upvalue(proto: &Proto, index: u8) -> Name<'_> {
    Name {
        kind: "upvalue",
        name: upvalue_name(proto, index),
    }
}

/// A constant as the origin of a value: strings only.
pub fn describe_constant(proto: &Proto, index: u32) -> Option<Name<'_>> {
    let name = string_constant(proto, index)?;
    Some(Name {
        kind: "constant",
        name,
    })
}

fn string_constant(proto: &Proto, index: u32) -> Option<&[u8]> {
    match proto.consts.get(index as usize)? {
        Const::Str(s) => Some(proto.text(*s)),
        Const::Nil | Const::False | Const::True | Const::Int(_) | Const::Float(_) => None,
    }
}

/// The line of an instruction; none when the function is stripped.
pub fn line_at(proto: &Proto, pc: usize) -> Option<u32> {
    proto.lines.get(pc)
}

/// The lines that have code, in order, each once. That of a vararg function's `VARARGPREP` does
/// not count.
pub fn active_lines(proto: &Proto) -> Vec<u32> {
    let mut lines: Vec<u32> = proto.lines.iter().skip(usize::from(proto.is_vararg)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Where the value in `reg` came from, at instruction `pc`.
pub fn describe_register(proto: &Proto, pc: usize, reg: u8) -> Option<Name<'_>> {
    let (pc, reg) = match basic_name(proto, pc, reg) {
        Origin::Named(name) => return Some(name),
        Origin::SetBy(pc, reg) => (pc, reg),
        Origin::Unknown => return None,
    };
    debug_assert_eq!(proto.code[pc].a(), reg);
    let i = proto.code[pc];
    let op = i.op();
    if op == Op::GETTABUP {
        let is_env = upvalue_name(proto, i.b()) == ENV;
        return Some(field(is_env, string_constant(proto, i.du()).unwrap_or(UNKNOWN)));
    }
    if op == Op::GETINDEX {
        let name = match basic_name(proto, pc, i.c()) {
            Origin::Named(Name {
                kind: "constant",
                name,
            }) => name,
            Origin::Named(_) | Origin::SetBy(..) | Origin::Unknown => UNKNOWN,
        };
        return Some(field(is_environment(proto, pc, i.b()), name));
    }
    if op == Op::GETINT {
        // PUC has small indices in the instruction, and does not name others.
        let small = (0..=255).contains(&i.d());
        return Some(field(false, if small { b"integer index" } else { UNKNOWN }));
    }
    let name = || string_constant(proto, i.du()).unwrap_or(UNKNOWN);
    if op == Op::GETFIELD {
        return Some(field(is_environment(proto, pc, i.b()), name()));
    }
    (op == Op::SELF).then(|| Name {
        kind: method_kind(i.du(), name()),
        name: name(),
    })
}

/// What a method is called. The reference implementation fetches one with a long name, or one that
/// is a late constant, as it does a field, and messages show it.
pub fn method_kind(index: u32, name: &[u8]) -> &'static str {
    const LAST_INDEX: u32 = 255;
    const LONGEST_NAME: usize = 40;
    if index > LAST_INDEX || name.len() > LONGEST_NAME {
        "field"
    } else {
        "method"
    }
}

fn field(is_env: bool, name: &[u8]) -> Name<'_> {
    Name {
        kind: if is_env { "global" } else { "field" },
        name,
    }
}

/// Whether the table in `reg` is the variable `_ENV`.
fn is_environment(proto: &Proto, pc: usize, reg: u8) -> bool {
    match basic_name(proto, pc, reg) {
        Origin::Named(Name {
            kind: "local" | "upvalue",
            name,
        }) => name == ENV,
        Origin::Named(_) | Origin::SetBy(..) | Origin::Unknown => false,
    }
}

/// Where a register's value came from.
enum Origin<'a> {
    /// A variable or a constant.
    Named(Name<'a>),
    /// This instruction set this register.
    SetBy(usize, u8),
    /// It cannot be known.
    Unknown,
}

/// The variable or constant that is in `reg`, or was copied there; else the instruction that set
/// it.
fn basic_name(proto: &Proto, mut pc: usize, mut reg: u8) -> Origin<'_> {
    loop {
        if let Some(var) = active(proto, pc).find(|v| v.reg == reg) {
            return Origin::Named(Name {
                kind: "local",
                name: proto.text(var.name),
            });
        }
        let Some(setter) = find_setter(proto, pc, reg) else {
            return Origin::Unknown;
        };
        pc = setter;
        let i = proto.code[pc];
        let op = i.op();
        if op == Op::MOVE && i.b() < i.a() {
            reg = i.b();
            continue;
        }
        if op == Op::GETUPVAL {
            return Origin::Named(describe_upvalue(proto, i.b()));
        }
        if op == Op::LOADK {
            return describe_constant(proto, i.du()).map_or(Origin::Unknown, Origin::Named);
        }
        return if i.a() == reg {
            Origin::SetBy(pc, reg)
        } else {
            Origin::Unknown
        };
    }
}

/// The last instruction before `last` that set `reg`, if it is certain that it ran.
fn find_setter(proto: &Proto, last: usize, reg: u8) -> Option<usize> {
    let mut setter = None;
    // Code before this address may have been jumped over.
    let mut certain_from = 0;
    for (pc, i) in proto.code.iter().enumerate().take(last) {
        if sets(i.op(), i.a(), i.b(), reg) {
            setter = (pc >= certain_from).then_some(pc);
        }
        if let Some(to) = forward_jump(proto, pc).filter(|&to| to <= last) {
            certain_from = certain_from.max(to);
        }
    }
    setter
}

/// The target of a jump that is not a loop's.
fn forward_jump(proto: &Proto, pc: usize) -> Option<usize> {
    let i = proto.code[pc];
    let is_jump = i.op().info().operands[3] == Operand::Jump && !is_loop(i.op());
    if !is_jump {
        return None;
    }
    usize::try_from(pc as i64 + 1 + i64::from(i.d())).ok()
}

fn is_loop(op: Op) -> bool {
    matches!(op, Op::FORPREP | Op::FORLOOP | Op::TFORPREP | Op::TFORLOOP)
}

/// Whether an instruction with operands `a` and `b` sets `reg`.
fn sets(op: Op, a: u8, b: u8, reg: u8) -> bool {
    if op == Op::LOADNIL {
        return (a..=a.saturating_add(b)).contains(&reg);
    }
    if op == Op::TFORCALL {
        return u16::from(reg) >= u16::from(a) + 2;
    }
    if matches!(op, Op::CALL | Op::TAILCALL) {
        return reg >= a;
    }
    let window = matches!(
        op,
        Op::SELF | Op::CONCAT | Op::VARARG | Op::FORPREP | Op::FORLOOP | Op::TFORLOOP
    );
    (window || op.info().operands[0] == Operand::Write) && a == reg
}

/// How the function that instruction `pc` calls is called there, and by what kind of name.
pub fn call_name(proto: &Proto, pc: usize) -> Option<Name<'_>> {
    let i = proto.code.get(pc)?;
    let event = match i.op() {
        Op::CALL | Op::TAILCALL => return describe_register(proto, pc, i.a()),
        Op::TFORCALL => {
            return Some(Name {
                kind: "for iterator",
                name: b"for iterator",
            });
        }
        Op::SELF | Op::GETTABUP | Op::GETINDEX | Op::GETINT | Op::GETFIELD => "index",
        Op::SETTABUP
        | Op::SETFIELD
        | Op::SETFIELDK
        | Op::SETINDEX
        | Op::SETINDEXK
        | Op::SETINT
        | Op::SETINTK => "newindex",
        Op::ADD | Op::ADDI | Op::ADDK => "add",
        Op::SUB | Op::SUBI | Op::SUBK => "sub",
        Op::MUL | Op::MULK => "mul",
        Op::MOD | Op::MODK => "mod",
        Op::POW | Op::POWK => "pow",
        Op::DIV | Op::DIVK => "div",
        Op::IDIV | Op::IDIVK => "idiv",
        Op::BAND | Op::BANDK => "band",
        Op::BOR | Op::BORK => "bor",
        Op::BXOR | Op::BXORK => "bxor",
        Op::SHL | Op::SHLI => "shl",
        Op::SHR | Op::SHRI => "shr",
        Op::UNM => "unm",
        Op::BNOT => "bnot",
        Op::LEN => "len",
        Op::CONCAT => "concat",
        Op::EQ => "eq",
        Op::LT | Op::LTI | Op::GTI => "lt",
        Op::LE | Op::LEI | Op::GEI => "le",
        Op::CLOSE | Op::RETURN => "close",
        Op::MOVE
        | Op::LOADI
        | Op::LOADF
        | Op::LOADK
        | Op::LOADNIL
        | Op::LOADFALSE
        | Op::LOADTRUE
        | Op::GETUPVAL
        | Op::SETUPVAL
        | Op::NEWTABLE
        | Op::SETLIST
        | Op::NOT
        | Op::TBC
        | Op::JMP
        | Op::EQK
        | Op::EQI
        | Op::TEST
        | Op::TESTSET
        | Op::RETURN0
        | Op::RETURN1
        | Op::FORPREP
        | Op::FORLOOP
        | Op::TFORPREP
        | Op::TFORLOOP
        | Op::CLOSURE
        | Op::VARARG
        | Op::GETVARG
        | Op::VARARGPREP
        | Op::ERRNNIL => return None,
    };
    Some(Name {
        kind: "metamethod",
        name: event.as_bytes(),
    })
}
