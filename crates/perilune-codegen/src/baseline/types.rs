//! Bytecode -> the tags that registers certainly have, before each instruction, without a run.
//!
//! A forward data flow over blocks (G. A. Kildall, "A unified approach to global program optimization", 1973): a register
//! has a tag at the beginning of a block if it has that tag at the end of all blocks before it. It begins with the tags of
//! literals, constructors and closures; arithmetic of numbers makes numbers, and loops over integers count in integers.
//! What is read from tables has no tag here, and neither has a register that a closure shares. `debug.setlocal` may change
//! any register: the frame goes on in the interpreter then, and where it enters compiled code again the tags are tested.
//!
//! Beside tags, it follows the functions of the program that local variables hold ([`Links`]), and so finds which calls
//! are of which function. That is no more than a guess, since the debug library changes variables: whoever uses it tests.

use super::jump_target;
use perilune_bytecode::ops::{Instr, Op, Operand};
use perilune_bytecode::proto::Proto;
use perilune_runtime::abi::tag;
use std::ops::Range;

/// What is known of a value: a tag, [`UNKNOWN`], or from [`FUNCTION`] on a function's number.
pub type Fact = u32;
/// Nothing.
pub const UNKNOWN: Fact = Fact::MAX;
/// The number of a function begins here.
pub const FUNCTION: Fact = 0x100;
const INT: Fact = tag::INT as Fact;
const FLOAT: Fact = tag::FLOAT as Fact;
const STRING: Fact = tag::STRING as Fact;

/// The tag that a fact is.
pub fn tag_of(fact: Fact) -> Option<u8> {
    u8::try_from(fact).ok()
}
/// The number of the function that a fact is.
pub fn function_of(fact: Fact) -> Option<u32> {
    (fact != UNKNOWN).then(|| fact.checked_sub(FUNCTION)).flatten()
}
/// What is known of a value that is one of two.
pub fn either(a: Fact, b: Fact) -> Fact {
    if a == b { a } else { UNKNOWN }
}

/// The facts about all registers at a place.
type Facts = Box<[Fact]>;

/// How a function is connected with others of the program, by their numbers.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// The functions in it; without them, its closures are not told apart.
    pub protos: Vec<u32>,
    /// What its upvalues hold.
    pub upvalues: Vec<Option<u32>>,
    /// Local variables that hold a function.
    pub variables: Vec<Variable>,
}

/// A local variable that holds a function of the program, and nothing else.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its register.
    pub register: u8,
    /// Where it holds it.
    pub range: Range<u32>,
    /// Which.
    pub function: u32,
}

/// A function to be analysed.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The function.
    pub proto: &'a Proto,
    /// Its constants' tags.
    pub consts: &'a [(u64, u8)],
    /// Which instructions begin a block.
    pub leaders: &'a [bool],
    /// Which registers closures share.
    pub captured: &'a [bool],
    /// Its connections.
    pub links: &'a Links,
    /// What functions return, by number, as their only value; None for those that are not known to return.
    pub results: &'a [Option<Fact>],
}

/// What is certain in one function.
#[derive(Default)]
pub struct Types {
    /// By block, that is by its first instruction, once something has been found to lead there.
    blocks: Vec<Option<Facts>>,
    /// At the instruction that the walk has come to.
    now: Option<Facts>,
}

impl Types {
    /// Analyses a function whose first registers have these facts when it begins.
    pub fn of(subject: Subject<'_>, first: &[Fact]) -> Types {
        let code = &subject.proto.code;
        let mut types = Types {
            blocks: vec![None; code.len() + 1],
            now: None,
        };
        let mut begin = vec![UNKNOWN; registers(subject.proto)];
        begin[..first.len()].copy_from_slice(first);
        subject.forget_captured(&mut begin);
        types.blocks[0] = Some(begin.into());
        let mut todo = vec![false; code.len() + 1];
        todo[0] = true;
        while todo.contains(&true) {
            let mut at = 0;
            while at < code.len() {
                let leaders = &subject.leaders[..code.len()];
                let end = (at + 1..code.len()).find(|&k| leaders[k]).unwrap_or(code.len());
                if std::mem::take(&mut todo[at]) {
                    types.pass(subject, at..end, &mut todo);
                }
                at = end;
            }
        }
        types
    }

    /// Follows one block, and tells those that it leads to.
    fn pass(&mut self, subject: Subject<'_>, block: Range<usize>, todo: &mut [bool]) {
        let Some(mut facts) = self.blocks[block.start].clone() else {
            return;
        };
        for pc in block.clone() {
            let i = subject.proto.code[pc];
            if let Some(target) = jump_target(pc as u32, i) {
                let mut there = facts.clone();
                taken(&mut there, i);
                subject.settle(&mut there, target);
                self.meet(target as usize, &there, todo);
            }
            if !subject.step(&mut facts, pc as u32) {
                return;
            }
        }
        self.meet(block.end, &facts, todo);
    }

    /// Something leads to the block at `target` with these facts.
    fn meet(&mut self, target: usize, facts: &Facts, todo: &mut [bool]) {
        let Some(known) = &mut self.blocks[target] else {
            self.blocks[target] = Some(facts.clone());
            todo[target] = true;
            return;
        };
        for (old, &new) in known.iter_mut().zip(facts) {
            if *old != either(*old, new) {
                *old = UNKNOWN;
                todo[target] = true;
            }
        }
    }

    /// What is certain at the beginning of the block at `pc`.
    pub fn at_block(&self, pc: u32) -> impl Iterator<Item = (u8, u8)> {
        tags(self.blocks.get(pc as usize).and_then(Option::as_deref))
    }
    /// The walk comes to the block at `pc`.
    pub fn begin_block(&mut self, pc: u32) {
        self.now = self.blocks.get(pc as usize).cloned().flatten();
    }
    /// The walk goes on behind the instruction `pc`.
    pub fn step(&mut self, subject: Subject<'_>, pc: u32) {
        if self.now.as_mut().is_some_and(|facts| !subject.step(facts, pc)) {
            self.now = None;
        }
    }
    /// What is certain where the walk is.
    pub fn here(&self) -> impl Iterator<Item = (u8, u8)> {
        tags(self.now.as_deref())
    }
    /// What the register `r` holds where the walk is.
    pub fn fact(&self, r: u8) -> Fact {
        self.now.as_ref().map_or(UNKNOWN, |facts| facts[usize::from(r)])
    }
    /// Calls `see` with each instruction that something leads to, and the facts before it.
    pub fn each(&mut self, subject: Subject<'_>, see: &mut dyn FnMut(u32, Instr, &[Fact])) {
        for pc in 0..subject.proto.code.len() as u32 {
            if subject.leaders[pc as usize] {
                self.begin_block(pc);
            }
            if let Some(facts) = &self.now {
                see(pc, subject.proto.code[pc as usize], facts);
            }
            self.step(subject, pc);
        }
        self.now = None;
    }
}

fn registers(proto: &Proto) -> usize {
    usize::from(proto.max_stack).max(2) + 2
}

fn tags(facts: Option<&[Fact]>) -> impl Iterator<Item = (u8, u8)> {
    let certain = |(r, &fact): (usize, &Fact)| Some((r as u8, tag_of(fact)?));
    facts.unwrap_or_default().iter().enumerate().filter_map(certain)
}

fn forget_from(facts: &mut [Fact], r: usize) {
    let r = r.min(facts.len());
    facts[r..].fill(UNKNOWN);
}

/// Whether the instruction behind may follow.
fn goes_on(op: Op) -> bool {
    !matches!(
        op,
        Op::JMP | Op::TFORPREP | Op::TAILCALL | Op::RETURN | Op::RETURN0 | Op::RETURN1
    )
}

/// The instruction `i` has jumped.
fn taken(facts: &mut [Fact], i: Instr) {
    let a = usize::from(i.a());
    match i.op() {
        Op::TESTSET => facts[a] = facts[usize::from(i.b())],
        Op::FORPREP => forget_from(facts, a),
        // The registers above are not in use at the safepoint.
        Op::FORLOOP => forget_from(facts, a + 3),
        Op::TFORPREP => forget_from(facts, a + 2),
        _ => {}
    }
}

impl Subject<'_> {
    fn forget_captured(self, facts: &mut [Fact]) {
        for (fact, _) in facts.iter_mut().zip(self.captured).filter(|(_, c)| **c) {
            *fact = UNKNOWN;
        }
    }

    /// The instruction `pc` comes next: what is shared is forgotten, but for functions that variables hold for good.
    fn settle(self, facts: &mut [Fact], pc: u32) {
        self.forget_captured(facts);
        for v in self.links.variables.iter().filter(|v| v.range.contains(&pc)) {
            facts[usize::from(v.register)] = FUNCTION + v.function;
        }
    }

    /// The instruction `pc` has been executed without a jump; false if that cannot be.
    fn step(self, facts: &mut [Fact], pc: u32) -> bool {
        let i = self.proto.code[pc as usize];
        let on = goes_on(i.op()) && self.fall_through(facts, i);
        self.settle(facts, pc + 1);
        on
    }

    /// As [`Subject::step`], for `i`.
    fn fall_through(self, facts: &mut [Fact], i: Instr) -> bool {
        let a = usize::from(i.a());
        let of = |r: u8| facts[usize::from(r)];
        match i.op() {
            Op::LOADNIL => facts[a..=a + usize::from(i.b())].fill(tag::NIL as Fact),
            Op::SELF => {
                let object = of(i.b());
                facts[a] = UNKNOWN;
                facts[a + 1] = object;
            }
            Op::FORPREP => {
                let counted = [of(i.a()), of(i.a() + 2)];
                forget_from(facts, a);
                if counted.iter().all(|&t| is_number(t)) {
                    facts[a..a + 3].fill(sum(counted));
                }
            }
            Op::CALL => {
                let callee = function_of(of(i.a()));
                forget_from(facts, a);
                if let Some(f) = callee.filter(|_| i.c() == 2) {
                    let Some(result) = self.results[f as usize] else {
                        return false;
                    };
                    facts[a] = result;
                }
            }
            // It takes effect where it jumps only.
            Op::TESTSET => {}
            Op::VARARGPREP => forget_from(facts, a),
            Op::TFORCALL => forget_from(facts, a + 3),
            // The registers above are not in use at the safepoint.
            Op::NEWTABLE | Op::CLOSURE | Op::SETLIST => {
                let made = match i.op() {
                    Op::CLOSURE => match self.links.protos.get(i.du() as usize) {
                        Some(f) => FUNCTION + f,
                        None => tag::CLOSURE as Fact,
                    },
                    Op::SETLIST => of(i.a()),
                    _ => tag::TABLE as Fact,
                };
                forget_from(facts, a);
                facts[a] = made;
            }
            Op::CONCAT => {
                let parts = &facts[a..a + usize::from(i.b())];
                let text = parts.iter().all(|t| matches!(*t, STRING | INT | FLOAT));
                forget_from(facts, a);
                facts[a] = if text { STRING } else { UNKNOWN };
            }
            op => match op.info().operands[0] {
                Operand::Write | Operand::ReadWrite => {
                    facts[a] = self.result(facts, i).unwrap_or(UNKNOWN);
                }
                Operand::Window => forget_from(facts, a),
                _ => {}
            },
        }
        true
    }

    /// What an instruction writes into R[a], if it neither jumps nor raises an error.
    fn result(self, facts: &[Fact], i: Instr) -> Option<Fact> {
        let of = |r: u8| facts[usize::from(r)];
        let constant = || Fact::from(self.consts[i.du() as usize].1);
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
            Op::GETUPVAL => {
                let held = self.links.upvalues.get(usize::from(i.b())).copied();
                held.flatten().map(|f| FUNCTION + f)
            }
            Op::LOADI => Some(INT),
            Op::LOADF => Some(FLOAT),
            Op::LOADK => Some(constant()),
            Op::LOADFALSE => Some(tag::FALSE as Fact),
            Op::LOADTRUE => Some(tag::TRUE as Fact),
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
}

fn is_number(fact: Fact) -> bool {
    matches!(fact, INT | FLOAT)
}

/// The kind of number that an operation makes which integers and floats have.
fn sum(operands: [Fact; 2]) -> Fact {
    if operands == [INT, INT] { INT } else { FLOAT }
}
