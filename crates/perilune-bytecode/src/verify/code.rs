//! Rules 1 to 6: what each instruction says, and how instructions follow each other.

use super::operands::{Duty, ROWS, Registers};
use super::{Check, captures_registers};
use crate::ops::{Instr, Op, Operand};
use crate::proto::{Const, Proto};

/// What one function after the other needs for its check.
#[derive(Default)]
pub(super) struct Notes {
    /// For each instruction 0, or its number among those that are jumped to or open something, from 1.
    pub(super) places: Vec<u32>,
    /// How many have a number.
    pub(super) place_count: u32,
    /// Instructions that may make a register an open upvalue or a to-be-closed variable, in order.
    pub(super) openings: Vec<u32>,
    /// Instructions that take an open number of values.
    takers: Vec<u32>,
}

impl Notes {
    fn reset(&mut self, len: usize) {
        self.places.clear();
        self.places.resize(len, 0);
        self.place_count = 0;
        self.openings.clear();
        self.takers.clear();
    }

    /// Gives an instruction a number. False if there is no such instruction.
    #[inline]
    fn number(&mut self, pc: usize) -> bool {
        let Some(number) = self.places.get_mut(pc) else {
            return false;
        };
        if *number == 0 {
            self.place_count += 1;
            *number = self.place_count;
        }
        true
    }

    fn opens(&mut self, pc: usize) {
        self.openings.push(pc as u32);
        self.number(pc);
    }
}

/// Checks the code of a function.
pub(super) fn check(proto: &Proto, notes: &mut Notes) -> Check {
    notes.reset(proto.code.len());
    let mut checker = Checker { proto, notes, pc: 0 };
    let registers = Registers::new(proto.max_stack);
    for (pc, &i) in proto.code.iter().enumerate() {
        let row = &ROWS[usize::from(i.op_byte())];
        if !(row.met_by(i, registers) && checker.done(row.duty, i, pc)) {
            checker.operands(pc)?;
        }
        if row.shape.demands() && !row.shape.met_by(i, proto.max_stack) {
            checker.shape(row.op, pc)?;
        }
    }
    checker.takers()?;
    checker.pc = proto.code.len() - 1;
    checker.ends()?;
    checker.pc = 0;
    checker.vararg_prologue()
}

/// Where the jump at `pc` goes.
pub(super) fn target(proto: &Proto, pc: usize) -> i64 {
    target_of(proto.code[pc], pc)
}

fn target_of(i: Instr, pc: usize) -> i64 {
    pc as i64 + 1 + i64::from(i.d())
}

struct Checker<'a> {
    proto: &'a Proto,
    notes: &'a mut Notes,
    /// The instruction being checked.
    pc: usize,
}

impl Checker<'_> {
    fn instr(&self) -> Instr {
        self.proto.code[self.pc]
    }

    #[cold]
    fn broken<T>(&self, message: impl Into<String>) -> Check<T> {
        let op = Op::from_u8(self.instr().op_byte()).map_or("?", |op| op.info().name);
        Err((Some(self.pc), format!("{op}: {}", message.into())))
    }

    #[inline]
    fn require(&self, holds: bool, message: impl FnOnce() -> String) -> Check {
        if holds { Ok(()) } else { self.broken(message()) }
    }

    /// A quick look at the operands that are more than registers. False if they are to be looked at one by
    /// one.
    #[inline(always)]
    fn done(&mut self, duty: Duty, i: Instr, pc: usize) -> bool {
        let p = self.proto;
        let is_text = || matches!(p.consts.get(i.du() as usize), Some(Const::Str(_)));
        let has_upvalue = || usize::from(i.b()) < p.upvalues.len();
        match duty {
            Duty::Nothing => true,
            Duty::Text => is_text(),
            Duty::Number => {
                let k = p.consts.get(i.du() as usize);
                matches!(k, Some(Const::Int(_) | Const::Float(_)))
            }
            Duty::Const => (i.du() as usize) < p.consts.len(),
            Duty::Function => (i.du() as usize) < p.protos.len(),
            Duty::Upvalue => has_upvalue(),
            Duty::UpvalueText => has_upvalue() && is_text(),
            Duty::Jump => self.jumps(i, pc),
            Duty::ConstJump => usize::from(i.b()) < p.consts.len() && self.jumps(i, pc),
            Duty::ConstC => usize::from(i.c()) < p.consts.len(),
            Duty::ConstText => usize::from(i.c()) < p.consts.len() && is_text(),
            Duty::Others | Duty::Unknown => false,
        }
    }

    /// Notes where a jump goes. False if that is outside.
    #[inline]
    fn jumps(&mut self, i: Instr, pc: usize) -> bool {
        usize::try_from(target_of(i, pc)).is_ok_and(|to| self.notes.number(to))
    }

    /// Rules 1, 2 and 3, operand by operand.
    #[inline(never)]
    fn operands(&mut self, pc: usize) -> Check {
        self.pc = pc;
        let i = self.instr();
        let Some(op) = Op::from_u8(i.op_byte()) else {
            return self.broken(format!("unknown opcode {}", i.op_byte()));
        };
        let kinds = op.info().operands;
        let values = [
            i64::from(i.a()),
            i64::from(i.b()),
            i64::from(i.c()),
            i64::from(i.d()),
        ];
        for ((kind, value), name) in kinds.into_iter().zip(values).zip(["a", "b", "c", "d"]) {
            self.operand(kind, value, name)?;
        }
        Ok(())
    }

    fn operand(&mut self, kind: Operand, value: i64, name: &str) -> Check {
        let p = self.proto;
        match kind {
            Operand::None => self.require(value == 0, || format!("unused operand {name} is not 0")),
            Operand::Read | Operand::Write | Operand::ReadWrite => {
                let exists = value < i64::from(p.max_stack);
                self.require(exists, || format!("register {value} does not exist"))
            }
            Operand::Window | Operand::Int => Ok(()),
            Operand::Const => self.constant(value, "constant", |_| true),
            Operand::StrConst => self.constant(value, "string", |k| matches!(k, Const::Str(_))),
            Operand::NumConst => {
                self.constant(value, "number", |k| matches!(k, Const::Int(_) | Const::Float(_)))
            }
            Operand::Upvalue => {
                let exists = value < p.upvalues.len() as i64;
                self.require(exists, || format!("upvalue {value} does not exist"))
            }
            Operand::Proto => {
                let exists = (0..p.protos.len() as i64).contains(&value);
                self.require(exists, || format!("nested function {value} does not exist"))
            }
            Operand::Count => self.require(value >= 0, || format!("count {value} is negative")),
            Operand::Flag => self.require(value <= 1, || format!("flag {name} is neither 0 nor 1")),
            Operand::Jump => {
                let inside = self.jumps(self.instr(), self.pc);
                self.require(inside, || {
                    let to = target(p, self.pc);
                    format!("jump to {to}, which is outside of the code")
                })
            }
        }
    }

    fn constant(&self, index: i64, what: &str, fits: fn(&Const) -> bool) -> Check {
        let Some(k) = usize::try_from(index).ok().and_then(|n| self.proto.consts.get(n)) else {
            return self.broken(format!("constant {index} does not exist"));
        };
        self.require(fits(k), || format!("constant {index} is not a {what}"))
    }

    /// Rule 5: nothing jumps to an instruction that takes open values.
    fn takers(&mut self) -> Check {
        for n in 0..self.notes.takers.len() {
            self.pc = self.notes.takers[n] as usize;
            self.require(self.notes.places[self.pc] == 0, || {
                "a jump lands where open values are used".into()
            })?;
        }
        Ok(())
    }

    /// `count` registers from `first` on must exist.
    #[inline]
    fn window(&self, first: u8, count: u32) -> Check {
        let end = u32::from(first) + count;
        let max = u32::from(self.proto.max_stack);
        self.require(end <= max, || {
            format!("registers {first} to {} do not all exist", end.max(1) - 1)
        })
    }

    /// What the table of opcodes says in words: windows and neighbours. It is asked of the opcodes of which
    /// [`ROWS`] says so.
    #[inline(never)]
    fn shape(&mut self, op: Op, pc: usize) -> Check {
        self.pc = pc;
        let i = self.instr();
        let (a, b, c) = (i.a(), u32::from(i.b()), u32::from(i.c()));
        match op {
            Op::LOADNIL => self.window(a, b + 1),
            Op::SELF => self.window(a, 2),
            Op::NEWTABLE => {
                let most = self.proto.code.len() as u64 * 255;
                self.require(u64::from(i.du()) <= most, || {
                    "size is more than the code can fill".into()
                })
            }
            Op::SETLIST => {
                self.window(a, b + 1)?;
                self.require(i.d() < i32::MAX - 255, || "index is too large".into())?;
                self.consumer(b == 0, u32::from(a) + 1)
            }
            Op::CONCAT => {
                self.require(b >= 2, || "fewer than two operands".into())?;
                self.window(a, b)
            }
            Op::CLOSE => self.window(a, 1),
            Op::CALL => {
                self.window(a, b.max(1))?;
                self.window(a, c.max(2) - 1)?;
                self.consumer(b == 0, u32::from(a) + 1)?;
                self.producer(c == 0)
            }
            Op::TAILCALL => {
                self.window(a, b.max(1))?;
                self.consumer(b == 0, u32::from(a) + 1)
            }
            Op::RETURN => {
                self.window(a, b.max(1) - 1)?;
                self.consumer(b == 0, u32::from(a))
            }
            Op::FORPREP => self.forprep(),
            Op::FORLOOP => self.forloop(),
            Op::TFORPREP => {
                self.notes.opens(self.pc);
                self.tforprep()
            }
            Op::TFORCALL => {
                self.require(c >= 1, || "no variables".into())?;
                self.window(a, (c + 3).max(6))?;
                self.require(self.is_pair(self.pc as i64 + 1, Op::TFORLOOP), || {
                    "is not followed by its TFORLOOP".into()
                })
            }
            Op::TFORLOOP => self.tforloop(),
            Op::VARARG => {
                self.window(a, c.max(2) - 1)?;
                self.vararg_source(b)?;
                self.producer(c == 0)
            }
            Op::GETVARG => {
                let p = self.proto;
                self.require(p.is_vararg, || "the function has no varargs".into())?;
                self.require(!p.vararg_table, || "the varargs are in a table".into())
            }
            Op::TBC => {
                self.notes.opens(self.pc);
                Ok(())
            }
            Op::CLOSURE => {
                let function = self.proto.protos.get(i.du() as usize);
                if function.is_some_and(|f| captures_registers(f)) {
                    self.notes.opens(self.pc);
                }
                Ok(())
            }
            Op::VARARGPREP => self.require(self.pc == 0, || "is not the first instruction".into()),
            Op::MOVE
            | Op::LOADI
            | Op::LOADF
            | Op::LOADK
            | Op::LOADFALSE
            | Op::LOADTRUE
            | Op::GETUPVAL
            | Op::SETUPVAL
            | Op::GETTABUP
            | Op::SETTABUP
            | Op::GETFIELD
            | Op::GETINDEX
            | Op::GETINT
            | Op::SETFIELD
            | Op::SETFIELDK
            | Op::SETINDEX
            | Op::SETINDEXK
            | Op::SETINT
            | Op::SETINTK
            | Op::ADD
            | Op::SUB
            | Op::MUL
            | Op::MOD
            | Op::POW
            | Op::DIV
            | Op::IDIV
            | Op::BAND
            | Op::BOR
            | Op::BXOR
            | Op::SHL
            | Op::SHR
            | Op::ADDI
            | Op::SUBI
            | Op::ADDK
            | Op::SUBK
            | Op::MULK
            | Op::MODK
            | Op::POWK
            | Op::DIVK
            | Op::IDIVK
            | Op::BANDK
            | Op::BORK
            | Op::BXORK
            | Op::SHLI
            | Op::SHRI
            | Op::UNM
            | Op::BNOT
            | Op::NOT
            | Op::LEN
            | Op::JMP
            | Op::EQ
            | Op::LT
            | Op::LE
            | Op::EQK
            | Op::EQI
            | Op::LTI
            | Op::LEI
            | Op::GTI
            | Op::GEI
            | Op::TEST
            | Op::TESTSET
            | Op::RETURN0
            | Op::RETURN1
            | Op::ERRNNIL => Ok(()),
        }
    }

    /// Rule 5, for an instruction that gives an open number of results.
    #[inline]
    fn producer(&self, open: bool) -> Check {
        if !open {
            return Ok(());
        }
        let next = self.proto.code.get(self.pc + 1);
        let takes = next.is_some_and(|n| takes_open(*n));
        self.require(takes, || {
            "open results are not used by the next instruction".into()
        })
    }

    /// Rule 5, for an instruction that takes an open number of values, the first of which is in
    /// register `first`.
    #[inline]
    fn consumer(&mut self, open: bool, first: u32) -> Check {
        if open { self.takes(first) } else { Ok(()) }
    }

    fn takes(&mut self, first: u32) -> Check {
        let before = self
            .pc
            .checked_sub(1)
            .map(|pc| self.proto.code[pc])
            .filter(|i| gives_open(*i));
        let Some(before) = before else {
            return self.broken("open values do not come from the instruction before");
        };
        let below = u32::from(before.a()) >= first;
        self.notes.takers.push(self.pc as u32);
        self.require(below, || "open values start below the window".into())
    }

    /// Whether the instruction at `at` is an `op` for the same registers as this one.
    fn is_pair(&self, at: i64, op: Op) -> bool {
        let Some(at) = usize::try_from(at).ok() else {
            return false;
        };
        let other = self.proto.code.get(at);
        other.is_some_and(|i| is(*i, op) && i.a() == self.instr().a())
    }

    /// Whether the jump at `at` goes to `to`.
    fn goes_to(&self, at: i64, to: i64) -> bool {
        let Some(at) = usize::try_from(at).ok() else {
            return false;
        };
        let jump = self.proto.code.get(at);
        jump.is_some_and(|i| target_of(*i, at) == to)
    }

    fn forprep(&self) -> Check {
        self.window(self.instr().a(), 3)?;
        let end = target(self.proto, self.pc) - 1;
        let paired = self.is_pair(end, Op::FORLOOP) && self.goes_to(end, self.pc as i64 + 1);
        self.require(paired, || "does not go behind its FORLOOP".into())
    }

    fn forloop(&self) -> Check {
        self.window(self.instr().a(), 3)?;
        let prep = target(self.proto, self.pc) - 1;
        let paired = self.is_pair(prep, Op::FORPREP) && self.goes_to(prep, self.pc as i64 + 1);
        self.require(paired, || "does not go behind its FORPREP".into())
    }

    fn tforprep(&self) -> Check {
        self.window(self.instr().a(), 4)?;
        let call = target(self.proto, self.pc);
        let paired = self.is_pair(call, Op::TFORCALL) && self.goes_to(call + 1, self.pc as i64 + 1);
        self.require(paired, || "does not go to its TFORCALL".into())
    }

    fn tforloop(&self) -> Check {
        self.window(self.instr().a(), 4)?;
        let call = self.pc as i64 - 1;
        self.require(self.is_pair(call, Op::TFORCALL), || {
            "does not follow its TFORCALL".into()
        })?;
        let prep = target(self.proto, self.pc) - 1;
        let paired = self.is_pair(prep, Op::TFORPREP) && self.goes_to(prep, call);
        self.require(paired, || "does not go behind its TFORPREP".into())
    }

    /// Rule 4, for `VARARG`.
    fn vararg_source(&self, table: u32) -> Check {
        let p = self.proto;
        self.require(p.is_vararg, || "the function has no varargs".into())?;
        let expected = if p.vararg_table {
            u32::from(p.num_params) + 1
        } else {
            0
        };
        self.require(table == expected, || {
            "does not read the varargs from where they are".into()
        })
    }

    /// Rule 4.
    fn vararg_prologue(&self) -> Check {
        let p = self.proto;
        let i = self.instr();
        if !p.is_vararg {
            return self.require(i.op() != Op::VARARGPREP, || "the function has no varargs".into());
        }
        self.require(i.op() == Op::VARARGPREP, || {
            "a vararg function must start with VARARGPREP".into()
        })?;
        self.require(i.a() == p.num_params, || "wrong number of parameters".into())?;
        self.require(i.b() == u8::from(p.vararg_table), || "wrong table flag".into())?;
        self.require(self.notes.places[0] == 0, || "a jump goes back to it".into())
    }

    /// Rule 3, for the last instruction.
    fn ends(&self) -> Check {
        const ENDS: [Op; 5] = [Op::RETURN, Op::RETURN0, Op::RETURN1, Op::TAILCALL, Op::JMP];
        let ends = ENDS.contains(&self.instr().op());
        self.require(ends, || "control can run off the end of the code".into())
    }
}

/// Whether it is an instruction with this opcode.
fn is(i: Instr, op: Op) -> bool {
    i.op_byte() == op as u8
}

/// Whether the instruction gives an open number of results.
fn gives_open(i: Instr) -> bool {
    i.c() == 0 && [Op::CALL, Op::VARARG].into_iter().any(|op| is(i, op))
}

/// Whether the instruction takes an open number of values.
fn takes_open(i: Instr) -> bool {
    const TAKERS: [Op; 4] = [Op::CALL, Op::TAILCALL, Op::RETURN, Op::SETLIST];
    i.b() == 0 && TAKERS.into_iter().any(|op| is(i, op))
}
