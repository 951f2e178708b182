//! Bytecode -> the tags that registers certainly have, before each instruction, without a run.
//!
//! A forward data flow over blocks (G. A. Kildall, "A unified approach to global program optimization", 1973): a register
//! has a tag at the beginning of a block if it has that tag at the end of all blocks before it. It begins with the tags of
//! literals, constructors and closures; arithmetic of numbers makes numbers, and loops over integers count in integers.
//! What is read from tables, upvalues and results of calls has no tag here, and neither has a register that a closure
//! shares. `debug.setlocal` may change any register: the frame goes on in the interpreter then, and where it enters
//! compiled code again the tags are tested.

use super::jump_target;
use perilune_bytecode::ops::{Instr, Op, Operand};
use perilune_runtime::abi::tag;
use perilune_runtime::exec::Job;

const UNKNOWN: u8 = 0xff;
const INT: u8 = tag::INT as u8;
const FLOAT: u8 = tag::FLOAT as u8;
const STRING: u8 = tag::STRING as u8;

/// The tags of all registers at a place, [`UNKNOWN`] for those that have none for certain.
type Tags = Box<[u8]>;

/// What is certain in one function.
#[derive(Default)]
pub(super) struct Types {
    /// By block, that is by its first instruction, once something has been found to lead there.
    blocks: Vec<Option<Tags>>,
    /// At the instruction that the walk has come to.
    now: Option<Tags>,
}

impl Types {
    /// Nothing is known.
    pub fn none() -> Types {
        Types::default()
    }

    /// Analyses a function, whose blocks begin at `leaders`, and of whose registers closures share those that are
    /// `captured`.
    pub fn of(job: &Job, leaders: &[bool], captured: &[bool]) -> Types {
        let registers = usize::from(job.proto.max_stack).max(2) + 2;
        let code = &job.proto.code;
        let mut types = Types {
            blocks: vec![None; code.len() + 1],
            now: None,
        };
        types.blocks[0] = Some(vec![UNKNOWN; registers].into());
        let mut todo = vec![false; code.len() + 1];
        todo[0] = true;
        while todo.contains(&true) {
            let mut at = 0;
            while at < code.len() {
                let end = (at + 1..code.len()).find(|&k| leaders[k]).unwrap_or(code.len());
                if std::mem::take(&mut todo[at]) {
                    types.pass(job, captured, at..end, &mut todo);
                }
                at = end;
            }
        }
        types
    }

    /// Follows one block, and tells those that it leads to.
    fn pass(&mut self, job: &Job, captured: &[bool], block: std::ops::Range<usize>, todo: &mut [bool]) {
        let Some(mut tags) = self.blocks[block.start].clone() else {
            return;
        };
        for pc in block.clone() {
            let i = job.proto.code[pc];
            if let Some(target) = jump_target(pc as u32, i) {
                let mut there = tags.clone();
                taken(&mut there, i);
                forget_captured(&mut there, captured);
                self.meet(target as usize, &there, todo);
            }
            if !goes_on(i.op()) {
                return;
            }
            fall_through(&mut tags, job, i);
            forget_captured(&mut tags, captured);
        }
        self.meet(block.end, &tags, todo);
    }

    /// Something leads to the block at `target` with these tags.
    fn meet(&mut self, target: usize, tags: &Tags, todo: &mut [bool]) {
        let Some(known) = &mut self.blocks[target] else {
            self.blocks[target] = Some(tags.clone());
            todo[target] = true;
            return;
        };
        for (old, &new) in known.iter_mut().zip(tags) {
            if *old != new && *old != UNKNOWN {
                *old = UNKNOWN;
                todo[target] = true;
            }
        }
    }

    /// What is certain at the beginning of the block at `pc`.
    pub fn at_block(&self, pc: u32) -> impl Iterator<Item = (u8, u8)> {
        known(self.blocks.get(pc as usize).and_then(Option::as_deref))
    }

    /// The walk comes to the block at `pc`.
    pub fn begin_block(&mut self, pc: u32) {
        self.now = self.blocks.get(pc as usize).cloned().flatten();
    }
    /// The walk goes on behind the instruction `pc`.
    pub fn step(&mut self, job: &Job, captured: &[bool], pc: u32) {
        let i = job.proto.code[pc as usize];
        if !goes_on(i.op()) {
            self.now = None;
        }
        if let Some(tags) = &mut self.now {
            fall_through(tags, job, i);
            forget_captured(tags, captured);
        }
    }
    /// What is certain where the walk is.
    pub fn here(&self) -> impl Iterator<Item = (u8, u8)> {
        known(self.now.as_deref())
    }
}

fn known(tags: Option<&[u8]>) -> impl Iterator<Item = (u8, u8)> {
    let certain = |(r, &t): (usize, &u8)| (t != UNKNOWN).then_some((r as u8, t));
    tags.unwrap_or_default().iter().enumerate().filter_map(certain)
}

fn forget_captured(tags: &mut Tags, captured: &[bool]) {
    for (t, _) in tags.iter_mut().zip(captured).filter(|(_, c)| **c) {
        *t = UNKNOWN;
    }
}
fn forget_from(tags: &mut Tags, r: usize) {
    let r = r.min(tags.len());
    tags[r..].fill(UNKNOWN);
}

/// Whether the instruction behind may follow.
fn goes_on(op: Op) -> bool {
    !matches!(
        op,
        Op::JMP | Op::TFORPREP | Op::TAILCALL | Op::RETURN | Op::RETURN0 | Op::RETURN1
    )
}

/// The instruction `i` has jumped.
fn taken(tags: &mut Tags, i: Instr) {
    let a = usize::from(i.a());
    match i.op() {
        Op::TESTSET => tags[a] = tags[usize::from(i.b())],
        Op::FORPREP => forget_from(tags, a),
        // The registers above are not in use at the safepoint.
        Op::FORLOOP => forget_from(tags, a + 3),
        Op::TFORPREP => forget_from(tags, a + 2),
        _ => {}
    }
}

/// The instruction `i` has not jumped.
fn fall_through(tags: &mut Tags, job: &Job, i: Instr) {
    let a = usize::from(i.a());
    let of = |r: u8| tags[usize::from(r)];
    match i.op() {
        Op::LOADNIL => tags[a..=a + usize::from(i.b())].fill(tag::NIL as u8),
        Op::SELF => {
            let object = of(i.b());
            tags[a] = UNKNOWN;
            tags[a + 1] = object;
        }
        Op::FORPREP => {
            let counted = [of(i.a()), of(i.a() + 2)];
            forget_from(tags, a);
            if counted.iter().all(|&t| is_number(t)) {
                tags[a..a + 3].fill(sum(counted));
            }
        }
        Op::FORLOOP | Op::CALL | Op::VARARG | Op::VARARGPREP => forget_from(tags, a),
        Op::TFORCALL => forget_from(tags, a + 3),
        // The registers above are not in use at the safepoint.
        Op::NEWTABLE | Op::CLOSURE | Op::SETLIST => {
            let made = match i.op() {
                Op::CLOSURE => tag::CLOSURE as u8,
                _ => tag::TABLE as u8,
            };
            let made = if i.op() == Op::SETLIST { of(i.a()) } else { made };
            forget_from(tags, a);
            tags[a] = made;
        }
        Op::CONCAT => {
            let parts = &tags[a..a + usize::from(i.b())];
            let text = parts.iter().all(|t| matches!(*t, STRING | INT | FLOAT));
            forget_from(tags, a);
            tags[a] = if text { STRING } else { UNKNOWN };
        }
        op if op.info().operands[0] == Operand::Write && op != Op::TESTSET => {
            tags[a] = result(tags, job, i).unwrap_or(UNKNOWN);
        }
        _ => {}
    }
}

/// The tag of what an instruction writes into R[a], if it neither jumps nor raises an error.
fn result(tags: &Tags, job: &Job, i: Instr) -> Option<u8> {
    let of = |r: u8| tags[usize::from(r)];
    let constant = || job.consts[i.du() as usize].1;
    let operands = match i.op().info().operands {
        [_, Operand::Read, Operand::Read, _] => [of(i.b()), of(i.c())],
        [_, Operand::Read, _, Operand::Int] => [of(i.b()), INT],
        [_, Operand::Read, _, Operand::NumConst] => [of(i.b()), constant()],
        [_, Operand::Read, ..] => [of(i.b()); 2],
        _ => [UNKNOWN; 2],
    };
    let numbers = operands.iter().all(|&t| is_number(t));
    // A float that is no integer may have a metamethod.
    let integers = operands == [INT; 2];
    match i.op() {
        Op::MOVE => Some(of(i.b())),
        Op::LOADI => Some(INT),
        Op::LOADF => Some(FLOAT),
        Op::LOADK => Some(constant()),
        Op::LOADFALSE => Some(tag::FALSE as u8),
        Op::LOADTRUE => Some(tag::TRUE as u8),
        Op::ADD | Op::SUB | Op::MUL | Op::MOD | Op::IDIV if numbers => Some(sum(operands)),
        Op::ADDI | Op::SUBI | Op::ADDK | Op::SUBK | Op::MULK | Op::MODK | Op::IDIVK if numbers => {
            Some(sum(operands))
        }
        Op::UNM if numbers => Some(operands[0]),
        Op::DIV | Op::POW | Op::DIVK | Op::POWK if numbers => Some(FLOAT),
        Op::BAND | Op::BOR | Op::BXOR | Op::SHL | Op::SHR | Op::BNOT if integers => Some(INT),
        Op::BANDK | Op::BORK | Op::BXORK | Op::SHLI | Op::SHRI if integers => Some(INT),
        Op::LEN if operands[0] == STRING => Some(INT),
        _ => None,
    }
}

fn is_number(tag: u8) -> bool {
    matches!(tag, INT | FLOAT)
}

/// The kind of number that an operation makes which integers and floats have.
fn sum(operands: [u8; 2]) -> u8 {
    if operands == [INT, INT] { INT } else { FLOAT }
}
