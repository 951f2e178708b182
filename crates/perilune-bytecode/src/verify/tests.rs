//! One hostile function per rule, and the message that refuses it.

use super::verify;
use crate::lines::Lines;
use crate::ops::{Instr, Op};
use crate::proto::{Const, LocalVar, Proto, UpvalueDesc};
use crate::text::{TextId, Texts};
use std::sync::Arc;

pub(super) fn i(op: Op, a: u8, b: u8, c: u8, d: i32) -> Instr {
    Instr::new(op, a, b, c, d)
}

pub(super) const RET: Instr = Instr::new(Op::RETURN0, 0, 0, 0, 0);

pub(super) fn text(index: usize) -> TextId {
    TextId::new(index).expect("a small index")
}

pub(super) fn upvalue(in_stack: bool, index: u8) -> UpvalueDesc {
    UpvalueDesc {
        name: None,
        in_stack,
        index,
        read_only: false,
    }
}

/// A function of four registers, a string, an integer and nil as constants, one upvalue, and one
/// nested function that captures register 1.
pub(super) fn base(code: &[Instr]) -> Proto {
    let inner = Proto {
        max_stack: 2,
        code: vec![RET],
        upvalues: vec![upvalue(true, 1)],
        ..Proto::default()
    };
    let mut texts = Texts::default();
    let text = texts.push(b"s");
    Proto {
        texts: Arc::new(texts),
        max_stack: 4,
        code: code.to_vec(),
        consts: vec![Const::Str(text), Const::Int(1), Const::Nil],
        protos: vec![Arc::new(inner)],
        upvalues: vec![upvalue(true, 0)],
        ..Proto::default()
    }
}

pub(super) fn vararg(code: &[Instr]) -> Proto {
    Proto {
        is_vararg: true,
        ..base(code)
    }
}

#[track_caller]
fn refused(proto: Proto, message: &str) {
    let error = match verify(Arc::new(proto)) {
        Ok(_) => panic!("accepted; expected: {message}"),
        Err(e) => e.to_string(),
    };
    assert!(error.contains(message), "{error:?} does not say {message:?}");
}

#[track_caller]
fn refused_code(code: &[Instr], message: &str) {
    refused(base(code), message);
}

#[track_caller]
fn accepted(proto: Proto) {
    if let Err(e) = verify(Arc::new(proto)) {
        panic!("{e}");
    }
}

pub(super) const VARARGPREP: Instr = Instr::new(Op::VARARGPREP, 0, 0, 0, 0);

#[test]
fn the_base_is_accepted() {
    accepted(base(&[RET]));
    accepted(vararg(&[
        VARARGPREP,
        i(Op::VARARG, 0, 0, 0, 0),
        i(Op::RETURN, 0, 0, 0, 0),
    ]));
    accepted(base(&[i(Op::CLOSURE, 0, 0, 0, 0), i(Op::CLOSE, 1, 0, 0, 0), RET]));
}

#[test]
fn headers() {
    refused_code(&[], "there is no code");
    refused(
        Proto {
            max_stack: 1,
            ..base(&[RET])
        },
        "stack size 1 is less than 2",
    );
    refused(
        Proto {
            num_params: 4,
            ..base(&[RET])
        },
        "too small for 4 parameters",
    );
    refused(
        Proto {
            vararg_table: true,
            ..base(&[RET])
        },
        "vararg table but no varargs",
    );
    refused(
        Proto {
            upvalues: vec![upvalue(true, 0); 256],
            ..base(&[RET])
        },
        "more than 255 upvalues",
    );
}

#[test]
fn debug_information() {
    let name = text(0);
    let var = |start_pc, end_pc, reg| LocalVar {
        name,
        start_pc,
        end_pc,
        reg,
    };
    refused(
        Proto {
            lines: Lines::new(0, &[1, 2]),
            ..base(&[RET])
        },
        "2 lines for 1 instructions",
    );
    refused(
        Proto {
            locals: vec![var(0, 2, 0)],
            ..base(&[RET])
        },
        "not inside the code",
    );
    refused(
        Proto {
            locals: vec![var(1, 0, 0)],
            ..base(&[RET])
        },
        "not inside the code",
    );
    refused(
        Proto {
            locals: vec![var(0, 1, 4)],
            ..base(&[RET])
        },
        "is in register 4",
    );
    let swapped = vec![var(1, 1, 0), var(0, 1, 0)];
    refused(
        Proto {
            locals: swapped,
            ..base(&[RET])
        },
        "out of order",
    );
}

#[test]
fn operands() {
    refused_code(&[Instr(0xff), RET], "unknown opcode 255");
    refused_code(&[i(Op::MOVE, 0, 1, 1, 0), RET], "unused operand c is not 0");
    refused_code(&[i(Op::RETURN0, 0, 0, 0, 1)], "unused operand d is not 0");
    refused_code(&[i(Op::MOVE, 4, 0, 0, 0), RET], "register 4 does not exist");
    refused_code(&[i(Op::ADD, 0, 0, 200, 0), RET], "register 200 does not exist");
    refused_code(&[i(Op::LOADK, 0, 0, 0, 3), RET], "constant 3 does not exist");
    refused_code(&[i(Op::LOADK, 0, 0, 0, -1), RET], "constant -1 does not exist");
    refused_code(&[i(Op::GETFIELD, 0, 1, 0, 1), RET], "constant 1 is not a string");
    refused_code(&[i(Op::ADDK, 0, 1, 0, 0), RET], "constant 0 is not a number");
    refused_code(&[i(Op::GETUPVAL, 0, 1, 0, 0), RET], "upvalue 1 does not exist");
    refused_code(
        &[i(Op::CLOSURE, 0, 0, 0, 1), RET],
        "nested function 1 does not exist",
    );
    refused_code(&[i(Op::TEST, 0, 0, 2, 0), RET], "flag c is neither 0 nor 1");
    refused_code(&[i(Op::NEWTABLE, 0, 0, 0, -1), RET], "count -1 is negative");
}

#[test]
fn windows() {
    refused_code(
        &[i(Op::LOADNIL, 2, 2, 0, 0), RET],
        "LOADNIL: registers 2 to 4 do not all exist",
    );
    refused_code(&[i(Op::SELF, 3, 0, 0, 0), RET], "SELF: registers 3 to 4");
    refused_code(&[i(Op::CALL, 2, 3, 1, 0), RET], "CALL: registers 2 to 4");
    refused_code(&[i(Op::CALL, 2, 1, 4, 0), RET], "CALL: registers 2 to 4");
    refused_code(&[i(Op::TAILCALL, 3, 2, 0, 0)], "TAILCALL: registers 3 to 4");
    refused_code(&[i(Op::RETURN, 3, 3, 0, 0)], "RETURN: registers 3 to 4");
    refused_code(&[i(Op::CONCAT, 3, 2, 0, 0), RET], "CONCAT: registers 3 to 4");
    refused_code(&[i(Op::CONCAT, 0, 1, 0, 0), RET], "fewer than two operands");
    refused_code(&[i(Op::SETLIST, 1, 3, 0, 0), RET], "SETLIST: registers 1 to 4");
    refused_code(&[i(Op::SETLIST, 0, 1, 0, i32::MAX), RET], "index is too large");
    refused_code(&[i(Op::CLOSE, 4, 0, 0, 0), RET], "CLOSE: registers 4 to 4");
    refused_code(
        &[i(Op::NEWTABLE, 0, 0, 0, 1 << 30), RET],
        "size is more than the code can fill",
    );
    let results = [VARARGPREP, i(Op::VARARG, 2, 0, 4, 0), RET];
    refused(vararg(&results), "VARARG: registers 2 to 4");
}

#[test]
fn control_flow() {
    refused_code(&[i(Op::JMP, 0, 0, 0, 1), RET], "jump to 2, which is outside");
    refused_code(&[i(Op::JMP, 0, 0, 0, -2), RET], "jump to -1, which is outside");
    refused_code(&[i(Op::JMP, 0, 0, 0, i32::MIN), RET], "which is outside");
    refused_code(&[i(Op::LOADTRUE, 0, 0, 0, 0)], "run off the end");
    refused_code(&[i(Op::TEST, 0, 0, 0, -1)], "run off the end");
}

#[test]
fn varargs() {
    refused_code(&[VARARGPREP, RET], "the function has no varargs");
    refused_code(&[i(Op::VARARG, 0, 0, 2, 0), RET], "the function has no varargs");
    refused_code(&[i(Op::GETVARG, 0, 0, 1, 0), RET], "the function has no varargs");
    refused(vararg(&[RET]), "must start with VARARGPREP");
    refused(
        vararg(&[VARARGPREP, VARARGPREP, RET]),
        "is not the first instruction",
    );
    refused(
        vararg(&[i(Op::VARARGPREP, 1, 0, 0, 0), RET]),
        "wrong number of parameters",
    );
    refused(vararg(&[i(Op::VARARGPREP, 0, 1, 0, 0), RET]), "wrong table flag");
    refused(
        vararg(&[VARARGPREP, i(Op::JMP, 0, 0, 0, -2)]),
        "a jump goes back to it",
    );
    refused(
        vararg(&[VARARGPREP, i(Op::VARARG, 0, 2, 2, 0), RET]),
        "from where they are",
    );
    let table = [i(Op::VARARGPREP, 0, 1, 0, 0), i(Op::GETVARG, 1, 0, 2, 0), RET];
    refused(
        Proto {
            vararg_table: true,
            ..vararg(&table)
        },
        "the varargs are in a table",
    );
}

#[test]
fn open_results() {
    let open_call = i(Op::CALL, 1, 1, 0, 0);
    refused_code(&[open_call, RET], "not used by the next instruction");
    refused_code(
        &[i(Op::CALL, 0, 0, 1, 0), RET],
        "do not come from the instruction before",
    );
    refused_code(
        &[i(Op::RETURN, 0, 0, 0, 0)],
        "do not come from the instruction before",
    );
    refused_code(
        &[open_call, i(Op::CALL, 1, 0, 1, 0), RET],
        "start below the window",
    );
    let jumped_to = [i(Op::TEST, 0, 0, 0, 1), open_call, i(Op::RETURN, 0, 0, 0, 0)];
    refused_code(&jumped_to, "a jump lands where open values are used");
    accepted(base(&[open_call, i(Op::CALL, 0, 0, 1, 0), RET]));
}

#[test]
fn numeric_loops() {
    let prep = |d| i(Op::FORPREP, 0, 0, 0, d);
    let end = |a, d| i(Op::FORLOOP, a, 0, 0, d);
    accepted(base(&[prep(1), end(0, -1), RET]));
    refused_code(
        &[prep(0), end(0, -1), RET],
        "FORPREP: does not go behind its FORLOOP",
    );
    refused_code(
        &[prep(1), end(1, -1), RET],
        "FORPREP: does not go behind its FORLOOP",
    );
    refused_code(&[prep(1), end(0, -2), RET], "does not go behind its FOR");
    refused_code(&[end(0, -1), RET], "FORLOOP: does not go behind its FORPREP");
    refused_code(
        &[i(Op::FORPREP, 2, 0, 0, 1), i(Op::FORLOOP, 2, 0, 0, -1), RET],
        "registers 2 to 4",
    );
}

pub(super) fn generic(code: &[Instr]) -> Proto {
    Proto {
        max_stack: 6,
        ..base(code)
    }
}

#[test]
fn generic_loops() {
    let prep = |d| i(Op::TFORPREP, 0, 0, 0, d);
    let call = |c| i(Op::TFORCALL, 0, 0, c, 0);
    let end = |d| i(Op::TFORLOOP, 0, 0, 0, d);
    let close = i(Op::CLOSE, 0, 0, 0, 0);
    accepted(generic(&[prep(0), call(1), end(-2), close, RET]));
    refused(base(&[prep(0), call(1), end(-2), close, RET]), "registers 0 to 5");
    refused(generic(&[prep(0), call(0), end(-2), close, RET]), "no variables");
    refused(
        generic(&[prep(1), call(1), end(-2), close, RET]),
        "does not go to its TFORCALL",
    );
    refused(
        generic(&[prep(0), call(1), close, RET]),
        "does not go to its TFORCALL",
    );
    refused(generic(&[call(1), RET]), "is not followed by its TFORLOOP");
    refused(generic(&[end(-1), RET]), "does not follow its TFORCALL");
    refused(
        generic(&[call(1), end(-2), RET]),
        "does not go behind its TFORPREP",
    );
    refused(
        generic(&[prep(0), call(1), end(-2), RET]),
        "RETURN0: variables that may be open",
    );
}

#[test]
fn open_variables() {
    let capture = i(Op::CLOSURE, 0, 0, 0, 0);
    let tbc = |a| i(Op::TBC, a, 0, 0, 0);
    refused_code(
        &[capture, RET],
        "RETURN0: variables that may be open are not closed",
    );
    refused_code(
        &[capture, i(Op::RETURN1, 0, 0, 0, 0)],
        "RETURN1: variables that may be open",
    );
    refused_code(
        &[capture, i(Op::RETURN, 0, 1, 0, 0)],
        "RETURN: variables that may be open",
    );
    refused_code(
        &[capture, i(Op::TAILCALL, 2, 1, 0, 0)],
        "TAILCALL: variables that may be open",
    );
    refused_code(&[tbc(0), RET], "RETURN0: variables that may be open");
    refused_code(
        &[capture, i(Op::CLOSE, 2, 0, 0, 0), RET],
        "RETURN0: variables that may be open",
    );
    refused_code(
        &[capture, i(Op::CALL, 1, 1, 1, 0), RET],
        "CALL: variables that may be open",
    );
    let looped = [
        capture,
        i(Op::FORPREP, 0, 0, 0, 1),
        i(Op::FORLOOP, 0, 0, 0, -1),
        RET,
    ];
    refused_code(&looped, "FORPREP: variables that may be open");
    let close = i(Op::RETURN, 0, 1, 1, 0);
    refused_code(&[tbc(1), tbc(0), close], "not in stack order");
    refused_code(&[tbc(1), i(Op::JMP, 0, 0, 0, -2)], "not in stack order");
    // Along one path only.
    refused_code(
        &[i(Op::TEST, 0, 0, 0, 1), capture, RET],
        "RETURN0: variables that may be open",
    );
    accepted(base(&[capture, tbc(2), close]));
}

#[test]
fn nested_functions() {
    let nest = |up| Proto {
        upvalues: vec![up],
        ..base(&[RET])
    };
    let outer = |inner: Proto| Proto {
        protos: vec![Arc::new(inner)],
        ..base(&[RET])
    };
    refused(
        outer(nest(upvalue(true, 4))),
        "upvalue 0 is register 4 of a function that has 4",
    );
    refused(
        outer(nest(upvalue(false, 1))),
        "upvalue 0 is upvalue 1 of a function that has 1",
    );
    refused(outer(base(&[])), "there is no code");
    let mut deep = base(&[RET]);
    for _ in 0..200 {
        deep = outer(deep);
    }
    refused(deep, "nest deeper than 200");
}

#[test]
fn shared_functions_cost_no_more_than_they_are() {
    let mut proto = Proto {
        protos: Vec::new(),
        ..base(&[RET])
    };
    for _ in 0..150 {
        let inner = Arc::new(proto);
        proto = Proto {
            protos: vec![inner.clone(), inner],
            ..base(&[RET])
        };
    }
    accepted(proto);
}

#[test]
fn errors_say_where() {
    let error = verify(Arc::new(Proto {
        line_defined: 7,
        ..base(&[RET, Instr(0xff)])
    }));
    let text = error.map_err(|e| e.to_string()).err();
    assert_eq!(
        text.as_deref(),
        Some("function at line 7, instruction 1: ?: unknown opcode 255")
    );
}
