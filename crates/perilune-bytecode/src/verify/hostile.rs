//! Files that each break one rule -> the message that refuses them, a different one for each.

use super::tests::{RET, VARARGPREP, base, generic, i, text, upvalue, vararg};
use super::verify;
use crate::file;
use crate::lines::{Lines, Mark};
use crate::ops::{Instr, OPS, Op};
use crate::proto::{LocalVar, Proto};
use std::collections::HashSet;
use std::sync::Arc;

/// A rule's number in the list of `verify`, or `header` or `format`; what breaks it; what is said.
type Case<T> = (&'static str, fn() -> T, &'static str);

/// A `CALL` with an open number of results.
const OPEN_CALL: Instr = Instr::new(Op::CALL, 1, 1, 0, 0);
const CAPTURE: Instr = Instr::new(Op::CLOSURE, 0, 0, 0, 0);

fn local(start_pc: u32, end_pc: u32, reg: u8) -> LocalVar {
    LocalVar {
        name: text(0),
        start_pc,
        end_pc,
        reg,
    }
}

fn one(op: Op, a: u8, b: u8, c: u8, d: i32) -> Proto {
    base(&[i(op, a, b, c, d), RET])
}

/// The base with a nested function, from line 7 on, that was changed.
fn around(change: impl FnOnce(&mut Proto)) -> Proto {
    let mut inner = Proto {
        line_defined: 7,
        ..base(&[RET])
    };
    change(&mut inner);
    Proto {
        protos: vec![Arc::new(inner)],
        ..base(&[RET])
    }
}

/// The functions of which a header, a rule of operands or debug information is broken.
const FUNCTIONS: &[Case<Proto>] = &[
    ("header", || base(&[]), "main function: there is no code"),
    (
        "header",
        || Proto {
            max_stack: 1,
            ..base(&[RET])
        },
        "main function: stack size 1 is less than 2",
    ),
    (
        "header",
        || Proto {
            num_params: 4,
            ..base(&[RET])
        },
        "main function: stack size 4 is too small for 4 parameters",
    ),
    (
        "header",
        || Proto {
            vararg_table: true,
            ..base(&[RET])
        },
        "main function: there is a vararg table but no varargs",
    ),
    (
        "header",
        || around(|f| f.upvalues = vec![upvalue(true, 0); 256]),
        "function at line 7: more than 255 upvalues",
    ),
    (
        "9",
        || Proto {
            lines: Lines::new(0, &[1, 2]),
            ..base(&[RET])
        },
        "main function: 2 lines for 1 instructions",
    ),
    (
        "9",
        || {
            let mut lines = Lines::new(0, &[1]);
            lines.marks = vec![Mark { pc: 1, line: 9 }];
            Proto {
                lines,
                ..base(&[RET])
            }
        },
        "main function: line mark 0 is not behind the one before and inside the code",
    ),
    (
        "9",
        || {
            let mut lines = Lines::new(0, &[1, 1]);
            lines.marks = vec![Mark { pc: 1, line: 9 }; 2];
            Proto {
                lines,
                ..base(&[RET, RET])
            }
        },
        "main function: line mark 1 is not behind the one before and inside the code",
    ),
    (
        "9",
        || Proto {
            locals: vec![local(0, 2, 0)],
            ..base(&[RET])
        },
        "main function: range of local variable 0 is not inside the code",
    ),
    (
        "9",
        || Proto {
            locals: vec![local(1, 1, 0), local(0, 1, 0)],
            ..base(&[RET])
        },
        "main function: local variable 1 is out of order",
    ),
    (
        "9",
        || Proto {
            locals: vec![local(0, 1, 4)],
            ..base(&[RET])
        },
        "main function: local variable 0 is in register 4, which does not exist",
    ),
    (
        "8",
        || around(|f| f.upvalues = vec![upvalue(true, 4)]),
        "function at line 7: upvalue 0 is register 4 of a function that has 4",
    ),
    (
        "8",
        || around(|f| f.upvalues = vec![upvalue(false, 1)]),
        "function at line 7: upvalue 0 is upvalue 1 of a function that has 1",
    ),
    (
        "1",
        || base(&[Instr(0xff), RET]),
        "main function, instruction 0: ?: unknown opcode 255",
    ),
    (
        "1",
        || around(|f| f.code = vec![RET, Instr(OPS.len() as u64)]),
        "function at line 7, instruction 1: ?: unknown opcode 83",
    ),
    (
        "1",
        || one(Op::MOVE, 0, 1, 1, 0),
        "main function, instruction 0: MOVE: unused operand c is not 0",
    ),
    (
        "1",
        || base(&[i(Op::RETURN0, 0, 0, 0, 1)]),
        "main function, instruction 0: RETURN0: unused operand d is not 0",
    ),
    (
        "1",
        || one(Op::TEST, 0, 0, 2, 0),
        "main function, instruction 0: TEST: flag c is neither 0 nor 1",
    ),
    (
        "1",
        || one(Op::NEWTABLE, 0, 0, 0, -1),
        "main function, instruction 0: NEWTABLE: count -1 is negative",
    ),
    (
        "2",
        || one(Op::MOVE, 4, 0, 0, 0),
        "main function, instruction 0: MOVE: register 4 does not exist",
    ),
    (
        "2",
        || Proto {
            max_stack: 200,
            ..one(Op::ADD, 0, 199, 200, 0)
        },
        "main function, instruction 0: ADD: register 200 does not exist",
    ),
    (
        "2",
        || one(Op::LOADK, 0, 0, 0, 3),
        "main function, instruction 0: LOADK: constant 3 does not exist",
    ),
    (
        "2",
        || one(Op::LOADK, 0, 0, 0, -1),
        "main function, instruction 0: LOADK: constant -1 does not exist",
    ),
    (
        "2",
        || one(Op::SETINTK, 0, 0, 3, 0),
        "main function, instruction 0: SETINTK: constant 3 does not exist",
    ),
    (
        "2",
        || one(Op::EQK, 0, 3, 0, 0),
        "main function, instruction 0: EQK: constant 3 does not exist",
    ),
    (
        "2",
        || one(Op::GETFIELD, 0, 1, 0, 1),
        "main function, instruction 0: GETFIELD: constant 1 is not a string",
    ),
    (
        "2",
        || one(Op::ADDK, 0, 1, 0, 0),
        "main function, instruction 0: ADDK: constant 0 is not a number",
    ),
    (
        "2",
        || one(Op::GETUPVAL, 0, 1, 0, 0),
        "main function, instruction 0: GETUPVAL: upvalue 1 does not exist",
    ),
    (
        "2",
        || one(Op::SETTABUP, 0, 9, 0, 0),
        "main function, instruction 0: SETTABUP: upvalue 9 does not exist",
    ),
    (
        "2",
        || one(Op::CLOSURE, 0, 0, 0, 1),
        "main function, instruction 0: CLOSURE: nested function 1 does not exist",
    ),
    (
        "2",
        || one(Op::LOADNIL, 2, 2, 0, 0),
        "main function, instruction 0: LOADNIL: registers 2 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::SELF, 3, 0, 0, 0),
        "main function, instruction 0: SELF: registers 3 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::CALL, 2, 3, 1, 0),
        "main function, instruction 0: CALL: registers 2 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::CALL, 1, 1, 5, 0),
        "main function, instruction 0: CALL: registers 1 to 4 do not all exist",
    ),
    (
        "2",
        || base(&[i(Op::TAILCALL, 3, 2, 0, 0)]),
        "main function, instruction 0: TAILCALL: registers 3 to 4 do not all exist",
    ),
    (
        "2",
        || base(&[i(Op::RETURN, 3, 3, 0, 0)]),
        "main function, instruction 0: RETURN: registers 3 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::CONCAT, 3, 2, 0, 0),
        "main function, instruction 0: CONCAT: registers 3 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::CONCAT, 0, 1, 0, 0),
        "main function, instruction 0: CONCAT: fewer than two operands",
    ),
    (
        "2",
        || one(Op::SETLIST, 1, 3, 0, 0),
        "main function, instruction 0: SETLIST: registers 1 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::SETLIST, 0, 1, 0, i32::MAX),
        "main function, instruction 0: SETLIST: index is too large",
    ),
    (
        "2",
        || one(Op::CLOSE, 4, 0, 0, 0),
        "main function, instruction 0: CLOSE: registers 4 to 4 do not all exist",
    ),
    (
        "2",
        || one(Op::NEWTABLE, 0, 0, 0, 1 << 30),
        "main function, instruction 0: NEWTABLE: size is more than the code can fill",
    ),
];

/// The functions in which instructions do not fit each other.
const NEIGHBOURS: &[Case<Proto>] = &[
    (
        "3",
        || one(Op::JMP, 0, 0, 0, 1),
        "main function, instruction 0: JMP: jump to 2, which is outside of the code",
    ),
    (
        "3",
        || one(Op::EQK, 0, 0, 0, -2),
        "main function, instruction 0: EQK: jump to -1, which is outside of the code",
    ),
    (
        "3",
        || base(&[i(Op::LOADTRUE, 0, 0, 0, 0)]),
        "main function, instruction 0: LOADTRUE: control can run off the end of the code",
    ),
    (
        "4",
        || base(&[VARARGPREP, RET]),
        "main function, instruction 0: VARARGPREP: the function has no varargs",
    ),
    (
        "4",
        || one(Op::VARARG, 0, 0, 2, 0),
        "main function, instruction 0: VARARG: the function has no varargs",
    ),
    (
        "4",
        || one(Op::GETVARG, 0, 0, 1, 0),
        "main function, instruction 0: GETVARG: the function has no varargs",
    ),
    (
        "4",
        || vararg(&[RET]),
        "main function, instruction 0: RETURN0: a vararg function must start with VARARGPREP",
    ),
    (
        "4",
        || vararg(&[VARARGPREP, VARARGPREP, RET]),
        "main function, instruction 1: VARARGPREP: is not the first instruction",
    ),
    (
        "4",
        || vararg(&[i(Op::VARARGPREP, 1, 0, 0, 0), RET]),
        "main function, instruction 0: VARARGPREP: wrong number of parameters",
    ),
    (
        "4",
        || vararg(&[i(Op::VARARGPREP, 0, 1, 0, 0), RET]),
        "main function, instruction 0: VARARGPREP: wrong table flag",
    ),
    (
        "4",
        || vararg(&[VARARGPREP, i(Op::JMP, 0, 0, 0, -2)]),
        "main function, instruction 0: VARARGPREP: a jump goes back to it",
    ),
    (
        "4",
        || vararg(&[VARARGPREP, i(Op::VARARG, 0, 2, 2, 0), RET]),
        "main function, instruction 1: VARARG: does not read the varargs from where they are",
    ),
    (
        "4",
        || Proto {
            vararg_table: true,
            ..vararg(&[i(Op::VARARGPREP, 0, 1, 0, 0), i(Op::GETVARG, 1, 0, 2, 0), RET])
        },
        "main function, instruction 1: GETVARG: the varargs are in a table",
    ),
    (
        "5",
        || base(&[OPEN_CALL, RET]),
        "main function, instruction 0: CALL: open results are not used by the next instruction",
    ),
    (
        "5",
        || one(Op::CALL, 0, 0, 1, 0),
        "main function, instruction 0: CALL: open values do not come from the instruction before",
    ),
    (
        "5",
        || base(&[OPEN_CALL, i(Op::CALL, 1, 0, 1, 0), RET]),
        "main function, instruction 1: CALL: open values start below the window",
    ),
    (
        "5",
        || base(&[i(Op::TEST, 0, 0, 0, 1), OPEN_CALL, i(Op::RETURN, 0, 0, 0, 0)]),
        "main function, instruction 2: RETURN: a jump lands where open values are used",
    ),
    (
        "6",
        || base(&[i(Op::FORPREP, 0, 0, 0, 0), i(Op::FORLOOP, 0, 0, 0, -1), RET]),
        "main function, instruction 0: FORPREP: does not go behind its FORLOOP",
    ),
    (
        "6",
        || one(Op::FORLOOP, 0, 0, 0, -1),
        "main function, instruction 0: FORLOOP: does not go behind its FORPREP",
    ),
    (
        "6",
        || generic(&[i(Op::TFORPREP, 0, 0, 0, 0), RET]),
        "main function, instruction 0: TFORPREP: does not go to its TFORCALL",
    ),
    (
        "6",
        || generic(&[i(Op::TFORCALL, 0, 0, 0, 0), RET]),
        "main function, instruction 0: TFORCALL: no variables",
    ),
    (
        "6",
        || generic(&[i(Op::TFORCALL, 0, 0, 1, 0), RET]),
        "main function, instruction 0: TFORCALL: is not followed by its TFORLOOP",
    ),
    (
        "6",
        || generic(&[i(Op::TFORLOOP, 0, 0, 0, -1), RET]),
        "main function, instruction 0: TFORLOOP: does not follow its TFORCALL",
    ),
    (
        "6",
        || generic(&[i(Op::TFORCALL, 0, 0, 1, 0), i(Op::TFORLOOP, 0, 0, 0, -2), RET]),
        "main function, instruction 1: TFORLOOP: does not go behind its TFORPREP",
    ),
    (
        "7",
        || base(&[CAPTURE, RET]),
        "main function, instruction 1: RETURN0: variables that may be open are not closed",
    ),
    (
        "7",
        || base(&[CAPTURE, i(Op::CALL, 1, 1, 1, 0), RET]),
        "main function, instruction 1: CALL: variables that may be open are not closed",
    ),
    (
        "7",
        || {
            let looped = [i(Op::FORPREP, 0, 0, 0, 1), i(Op::FORLOOP, 0, 0, 0, -1), RET];
            base(&[&[CAPTURE][..], &looped].concat())
        },
        "main function, instruction 1: FORPREP: variables that may be open are not closed",
    ),
    (
        "7",
        || base(&[i(Op::TBC, 1, 0, 0, 0), i(Op::JMP, 0, 0, 0, -2)]),
        "main function, instruction 0: TBC: to-be-closed variables are not in stack order",
    ),
];

/// Files that are no functions, or name what is not there.
const FILES: &[Case<Vec<u8>>] = &[
    ("format", || changed(1, b"X"), "not a binary chunk"),
    ("format", || changed(4, &[0x54]), "version mismatch"),
    ("format", || changed(40, &[0; 4]), "format mismatch"),
    ("format", || changed(8, b"\n"), "corrupted chunk"),
    (
        "format",
        || {
            let mut bytes = whole();
            bytes.pop();
            bytes
        },
        "truncated chunk",
    ),
    (
        "format",
        || replaced(&[5, 1, 3, 2, 0, 1], &[5, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        "integer overflow",
    ),
    (
        "format",
        || replaced(&[5, 1, 3, 2, 0], &[9, 1, 3, 2, 0]),
        "invalid constant",
    ),
    (
        "format",
        || file::write(&nested(), false),
        "functions nested too deeply",
    ),
    (
        "2",
        || replaced(&[5, 1, 3, 2, 0], &[5, 2, 3, 2, 0]),
        "main function: the text that is constant 0 does not exist",
    ),
    (
        "2",
        || replaced(&[1, 1, 0, 0, 1, 1, 0, 1, 3], &[2]),
        "main function: the text that is its source name does not exist",
    ),
    (
        "2",
        || replaced(&[2, 0, 1, 1, 0, 1, 1], &[2, 0, 1, 1, 0, 3]),
        "main function: the text that is the name of upvalue 0 does not exist",
    ),
    (
        "2",
        || replaced(&[1, 0, 1, 3], &[4, 0, 1, 3]),
        "main function: the text that is the name of local variable 0 does not exist",
    ),
];

/// A function with all that a file may hold, in which all texts are the one that there is.
fn whole() -> Vec<u8> {
    let mut up = upvalue(true, 0);
    up.name = Some(text(0));
    let proto = Proto {
        source: Some(text(0)),
        upvalues: vec![up],
        lines: Lines::new(0, &[0]),
        locals: vec![local(0, 1, 3)],
        ..base(&[RET])
    };
    let bytes = file::write(&proto, false);
    assert!(verify(Arc::new(file::read(&bytes).expect("readable"))).is_ok());
    bytes
}

fn changed(at: usize, to: &[u8]) -> Vec<u8> {
    let mut bytes = whole();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// The file with the bytes `to` where `from`, which stands there once, begins.
fn replaced(from: &[u8], to: &[u8]) -> Vec<u8> {
    let bytes = whole();
    let mut places = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(from));
    let place = places.next().expect("the bytes are there");
    assert_eq!(places.next(), None, "{from:?} stands there twice");
    changed(place, to)
}

fn nested() -> Proto {
    (0..200).fold(base(&[RET]), |inner, _| Proto {
        protos: vec![Arc::new(inner)],
        ..base(&[RET])
    })
}

/// Why a file is refused; none if it is not.
fn refusal(bytes: &[u8]) -> Option<String> {
    let proto = match file::read(bytes) {
        Ok(proto) => proto,
        Err(e) => return Some(e.to_string()),
    };
    verify(Arc::new(proto)).err().map(|e| e.to_string())
}

#[test]
fn each_hostile_file_is_refused_in_its_own_words() {
    let functions = FUNCTIONS.iter().chain(NEIGHBOURS);
    let written = functions.map(|(rule, proto, says)| (*rule, file::write(&proto(), false), *says));
    let damaged = FILES.iter().map(|(rule, bytes, says)| (*rule, bytes(), *says));
    let mut rules = HashSet::new();
    let mut messages = HashSet::new();
    for (rule, bytes, says) in written.chain(damaged) {
        assert_eq!(refusal(&bytes).as_deref(), Some(says), "rule {rule}");
        assert!(messages.insert(says), "{says:?} is said twice");
        rules.insert(rule);
    }
    let mut rules: Vec<&str> = rules.into_iter().collect();
    rules.sort_unstable();
    assert_eq!(
        rules,
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "format", "header"]
    );
    assert!(messages.len() >= 80, "{} cases", messages.len());
}
