//! Rules 1 to 6: what each instruction says, and how instructions follow each other.

use super::Check;
use crate::ops::{Instr, OPS, Op, Operand};
use crate::proto::{Const, Proto};

/// What one function after the other needs for its check.
#[derive(Default)]
pub(super) struct Notes {
    /// For each instruction 0, or its number among those that are jumped to, from 1.
    pub(super) targets: Vec<u32>,
    /// How many instructions are jumped to.
    pub(super) target_count: u32,
    /// Instructions of which the kinds of their operands do not say all.
    shaped: Vec<u32>,
    /// Some instruction makes a to-be-closed variable.
    pub(super) marks: bool,
}

/// Checks the code of a function.
pub(super) fn check(proto: &Proto, notes: &mut Notes) -> Check {
    notes.targets.clear();
    notes.targets.resize(proto.code.len(), 0);
    notes.target_count = 0;
    notes.shaped.clear();
    notes.marks = false;
    operands(proto, notes)?;
    for &pc in &notes.shaped {
        let pc = pc as usize;
        let targets = &notes.targets;
        let checker = Checker { proto, pc, targets };
        notes.marks |= matches!(checker.instr().op(), Op::TBC | Op::TFORPREP);
        checker.shape()?;
    }
    let checker = |pc| Checker {
        proto,
        pc,
        targets: &notes.targets,
    };
    checker(proto.code.len() - 1).ends()?;
    checker(0).vararg_prologue()
}

/// The opcode of an instruction that passed rule 1.
pub(super) fn op_at(proto: &Proto, pc: usize) -> Option<Op> {
    proto.code.get(pc).and_then(|i| Op::from_u8(i.op_byte()))
}

/// Where the jump at `pc` goes.
pub(super) fn target(proto: &Proto, pc: usize) -> i64 {
    pc as i64 + 1 + i64::from(proto.code[pc].d())
}

/// What an operand is to be below of.
#[derive(Clone, Copy)]
enum Limit {
    /// It is unused.
    Unused,
    /// Anything goes.
    None,
    Flag,
    Count,
    Register,
    Constant,
    Upvalue,
    Function,
}

impl Limit {
    const fn of(kind: Operand) -> Limit {
        match kind {
            Operand::None => Limit::Unused,
            Operand::Read | Operand::Write | Operand::ReadWrite => Limit::Register,
            Operand::Window | Operand::Int | Operand::Jump => Limit::None,
            Operand::Const | Operand::StrConst | Operand::NumConst => Limit::Constant,
            Operand::Upvalue => Limit::Upvalue,
            Operand::Proto => Limit::Function,
            Operand::Count => Limit::Count,
            Operand::Flag => Limit::Flag,
        }
    }

    /// The limits in a function, by number.
    fn values(p: &Proto) -> [u64; 8] {
        let mut values = [0; 8];
        values[Limit::Unused as usize] = 1;
        values[Limit::None as usize] = u64::MAX;
        values[Limit::Flag as usize] = 2;
        values[Limit::Count as usize] = 1 << 31;
        values[Limit::Register as usize] = u64::from(p.max_stack);
        values[Limit::Constant as usize] = p.consts.len() as u64;
        values[Limit::Upvalue as usize] = p.upvalues.len() as u64;
        values[Limit::Function as usize] = p.protos.len() as u64;
        values
    }
}

/// What else operand d has to be.
#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    Text,
    Number,
    Jump,
}

impl Wanted {
    const fn of(kind: Operand) -> Wanted {
        match kind {
            Operand::StrConst => Wanted::Text,
            Operand::NumConst => Wanted::Number,
            Operand::Jump => Wanted::Jump,
            Operand::None
            | Operand::Read
            | Operand::Write
            | Operand::ReadWrite
            | Operand::Window
            | Operand::Const
            | Operand::Upvalue
            | Operand::Proto
            | Operand::Int
            | Operand::Count
            | Operand::Flag => Wanted::Nothing,
        }
    }
}

/// What an opcode demands, made from its row of the opcode table.
struct Row {
    op: Op,
    limits: [Limit; 4],
    wanted: Wanted,
    /// [`Checker::shape`] has more to say.
    shaped: bool,
}

impl Row {
    const fn of(op: Op, [a, b, c, d]: [Operand; 4]) -> Row {
        // Kinds of constants and jumps are looked for in operand d only.
        assert!(matches!(Wanted::of(a), Wanted::Nothing));
        assert!(matches!(Wanted::of(b), Wanted::Nothing));
        assert!(matches!(Wanted::of(c), Wanted::Nothing));
        let others = matches!(op, Op::NEWTABLE | Op::TBC | Op::GETVARG | Op::VARARGPREP);
        Row {
            op,
            limits: [Limit::of(a), Limit::of(b), Limit::of(c), Limit::of(d)],
            wanted: Wanted::of(d),
            shaped: matches!(a, Operand::Window) || others,
        }
    }
}

static ROWS: [Row; OPS.len()] = {
    let mut rows = [const { Row::of(OPS[0].op, OPS[0].operands) }; OPS.len()];
    let mut n = 0;
    while n < rows.len() {
        rows[n] = Row::of(OPS[n].op, OPS[n].operands);
        n += 1;
    }
    rows
};

/// Rules 1, 2 and 3, as far as the kinds of operands tell.
fn operands(proto: &Proto, notes: &mut Notes) -> Check {
    let values = Limit::values(proto);
    let below = |limit: Limit, value: u64| value < values[limit as usize];
    for (pc, &i) in proto.code.iter().enumerate() {
        let Some(row) = ROWS.get(usize::from(i.op_byte())) else {
            return Err((Some(pc), format!("?: unknown opcode {}", i.op_byte())));
        };
        let fits = below(row.limits[0], u64::from(i.a()))
            & below(row.limits[1], u64::from(i.b()))
            & below(row.limits[2], u64::from(i.c()))
            & below(row.limits[3], u64::from(i.du()));
        if !fits {
            return Err((Some(pc), above_limit(row, i, &values)));
        }
        match row.wanted {
            Wanted::Nothing => {}
            Wanted::Text if matches!(proto.consts[i.du() as usize], Const::Str(_)) => {}
            Wanted::Text => return Err((Some(pc), wrong_constant(row, i, "string"))),
            Wanted::Number if matches!(proto.consts[i.du() as usize], Const::Int(_) | Const::Float(_)) => {}
            Wanted::Number => return Err((Some(pc), wrong_constant(row, i, "number"))),
            Wanted::Jump => notes.jump(proto, pc)?,
        }
        if row.shaped {
            notes.shaped.push(pc as u32);
        }
    }
    Ok(())
}

impl Notes {
    /// Rule 3.
    #[inline]
    fn jump(&mut self, proto: &Proto, pc: usize) -> Check {
        let to = target(proto, pc);
        match usize::try_from(to).ok().and_then(|to| self.targets.get_mut(to)) {
            Some(number) if *number == 0 => {
                self.target_count += 1;
                *number = self.target_count;
                Ok(())
            }
            Some(_) => Ok(()),
            None => {
                let name = proto.code[pc].op().info().name;
                let message = format!("{name}: jump to {to}, which is outside of the code");
                Err((Some(pc), message))
            }
        }
    }
}

#[cold]
fn wrong_constant(row: &Row, i: Instr, what: &str) -> String {
    format!("{}: constant {} is not a {what}", row.op.info().name, i.d())
}

/// What is wrong with an instruction of which an operand reaches its limit.
#[cold]
fn above_limit(row: &Row, i: Instr, values: &[u64; 8]) -> String {
    let operands = [
        ("a", u32::from(i.a())),
        ("b", u32::from(i.b())),
        ("c", u32::from(i.c())),
        ("d", i.du()),
    ];
    let limits = row.limits.into_iter().zip(operands);
    let mut above = limits.filter(|&(limit, (_, value))| u64::from(value) >= values[limit as usize]);
    let message = above.next().map_or_else(String::new, |(limit, (name, value))| {
        let signed = value as i32;
        match limit {
            Limit::Unused => format!("unused operand {name} is not 0"),
            Limit::None => format!("operand {name} is too large"),
            Limit::Flag => format!("flag {name} is neither 0 nor 1"),
            Limit::Count => format!("count {signed} is negative"),
            Limit::Register => format!("register {value} does not exist"),
            Limit::Constant => format!("constant {signed} does not exist"),
            Limit::Upvalue => format!("upvalue {value} does not exist"),
            Limit::Function => format!("nested function {signed} does not exist"),
        }
    });
    format!("{}: {message}", row.op.info().name)
}

struct Checker<'a> {
    proto: &'a Proto,
    /// The instruction being checked.
    pc: usize,
    /// Which instructions are jumped to.
    targets: &'a [u32],
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

    /// `count` registers from `first` on must exist.
    fn window(&self, first: u8, count: u32) -> Check {
        let end = u32::from(first) + count;
        let max = u32::from(self.proto.max_stack);
        self.require(end <= max, || {
            format!("registers {first} to {} do not all exist", end.max(1) - 1)
        })
    }

    /// What the table of opcodes says in words: windows and neighbours. It is asked of
    /// opcodes whose [`Row`] says so.
    fn shape(&self) -> Check {
        let i = self.instr();
        let (a, b, c) = (i.a(), u32::from(i.b()), u32::from(i.c()));
        match i.op() {
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
            Op::TFORPREP => self.tforprep(),
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
            | Op::TBC
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
            | Op::CLOSURE
            | Op::ERRNNIL => Ok(()),
        }
    }

    /// Rule 5, for an instruction that gives an open number of results.
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
    fn consumer(&self, open: bool, first: u32) -> Check {
        if !open {
            return Ok(());
        }
        let before = self
            .pc
            .checked_sub(1)
            .map(|pc| self.proto.code[pc])
            .filter(|i| gives_open(*i));
        let Some(before) = before else {
            return self.broken("open values do not come from the instruction before");
        };
        let below = u32::from(before.a()) >= first;
        self.require(below, || "open values start below the window".into())?;
        self.require(self.targets[self.pc] == 0, || {
            "a jump lands where open values are used".into()
        })
    }

    /// Whether the instruction at `at` is an `op` for the same registers as this one.
    fn is_pair(&self, at: i64, op: Op) -> bool {
        let Some(at) = usize::try_from(at).ok() else {
            return false;
        };
        op_at(self.proto, at) == Some(op) && self.proto.code[at].a() == self.instr().a()
    }

    /// Whether the jump at `at` goes to `to`.
    fn goes_to(&self, at: i64, to: i64) -> bool {
        usize::try_from(at).is_ok_and(|at| target(self.proto, at) == to)
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
        self.require(self.targets[0] == 0, || "a jump goes back to it".into())
    }

    /// Rule 3, for the last instruction.
    fn ends(&self) -> Check {
        const ENDS: [Op; 5] = [Op::RETURN, Op::RETURN0, Op::RETURN1, Op::TAILCALL, Op::JMP];
        let ends = ENDS.contains(&self.instr().op());
        self.require(ends, || "control can run off the end of the code".into())
    }
}

/// Whether the instruction gives an open number of results.
fn gives_open(i: Instr) -> bool {
    matches!(Op::from_u8(i.op_byte()), Some(Op::CALL | Op::VARARG)) && i.c() == 0
}

/// Whether the instruction takes an open number of values.
fn takes_open(i: Instr) -> bool {
    let takes = matches!(
        Op::from_u8(i.op_byte()),
        Some(Op::CALL | Op::TAILCALL | Op::RETURN | Op::SETLIST)
    );
    takes && i.b() == 0
}
