//! Rule 7: which registers may be open upvalues or pending to-be-closed variables, by a forward
//! data-flow analysis over the code.
//!
//! Where nothing is open there is nothing to find out, so it begins at the instructions that open
//! something and ends where all is closed. Whether they can be reached does not matter.

use super::Check;
use super::code::{Notes, target};
use crate::ops::{Instr, OPS, Op, Operand};
use crate::proto::Proto;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A set of registers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Registers([u64; 4]);

impl Registers {
    fn insert(&mut self, reg: u8) {
        self.0[usize::from(reg) / 64] |= 1 << (reg % 64);
    }

    /// The registers from `reg` on.
    fn from(reg: u8) -> Registers {
        let mut set = [u64::MAX; 4];
        let word = usize::from(reg) / 64;
        set[..word].fill(0);
        set[word] <<= reg % 64;
        Registers(set)
    }

    fn union(self, other: Registers) -> Registers {
        Registers(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    fn without(self, other: Registers) -> Registers {
        Registers(std::array::from_fn(|n| self.0[n] & !other.0[n]))
    }

    fn meets(self, other: Registers) -> bool {
        (0..4).any(|n| self.0[n] & other.0[n] != 0)
    }
}

/// What may be open before an instruction.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct State {
    captured: Registers,
    to_close: Registers,
}

impl State {
    fn join(self, other: State) -> State {
        State {
            captured: self.captured.union(other.captured),
            to_close: self.to_close.union(other.to_close),
        }
    }

    /// The register behind the last one that may be open.
    fn end(&self) -> u32 {
        let open = self.captured.union(self.to_close);
        let last = (0..4).rev().find(|&n| open.0[n] != 0);
        last.map_or(0, |n| n as u32 * 64 + 64 - open.0[n].leading_zeros())
    }
}

/// What is known at an instruction that is jumped to or opens something.
#[derive(Clone, Copy, Default)]
struct Place {
    state: State,
    /// It is in [`Flow::work`].
    waits: bool,
}

impl Place {
    /// Adds that control may come with `state`; whether that is new.
    fn join(&mut self, state: State) -> bool {
        let joined = self.state.join(state);
        let grows = joined != self.state;
        self.state = joined;
        grows
    }
}

/// What one function after the other needs for its analysis.
#[derive(Default)]
pub(super) struct Flow {
    /// What is known at the instructions that have a number.
    places: Vec<Place>,
    /// The instructions that are to be looked at again, the first one first: code that flows downwards
    /// is then looked at once.
    work: BinaryHeap<Reverse<u32>>,
}

/// Checks that nothing stays open where the code says that nothing is. `notes` are those that the check of
/// the instructions has made.
pub(super) fn check(proto: &Proto, notes: &Notes, flow: &mut Flow) -> Check {
    if notes.openings.is_empty() {
        return Ok(());
    }
    flow.places.clear();
    flow.places.resize(notes.place_count as usize, Place::default());
    flow.work.clear();
    flow.work.extend(notes.openings.iter().map(|&pc| Reverse(pc)));
    let mut analysis = Analysis { proto, notes, flow };
    for &pc in &notes.openings {
        analysis.place(pc as usize).waits = true;
    }
    while let Some(Reverse(pc)) = analysis.flow.work.pop() {
        let pc = pc as usize;
        let place = analysis.place(pc);
        if std::mem::take(&mut place.waits) {
            let state = place.state;
            analysis.run(pc, state)?;
        }
    }
    Ok(())
}

/// Where control goes behind an instruction, and what the analysis has to do at it.
#[derive(Clone, Copy)]
struct Way {
    /// To the next instruction.
    falls: bool,
    /// To its target.
    jumps: bool,
    /// [`demands_closed`] has something to say.
    demands: bool,
    /// It opens or closes.
    changes: bool,
}

impl Way {
    const fn of(op: Op, operands: [Operand; 4]) -> Way {
        let returns = matches!(op, Op::RETURN | Op::RETURN0 | Op::RETURN1 | Op::TAILCALL);
        let loops = matches!(op, Op::FORPREP | Op::FORLOOP | Op::TFORPREP | Op::TFORCALL);
        Way {
            falls: !returns && !matches!(op, Op::JMP | Op::TFORPREP),
            jumps: matches!(operands[3], Operand::Jump),
            demands: returns || loops || matches!(op, Op::CALL),
            changes: matches!(op, Op::CLOSE | Op::CLOSURE | Op::TBC | Op::TFORPREP),
        }
    }
}

static WAYS: [Way; OPS.len()] = {
    let mut ways = [const { Way::of(OPS[0].op, OPS[0].operands) }; OPS.len()];
    let mut n = 0;
    while n < ways.len() {
        ways[n] = Way::of(OPS[n].op, OPS[n].operands);
        n += 1;
    }
    ways
};

struct Analysis<'a> {
    proto: &'a Proto,
    notes: &'a Notes,
    flow: &'a mut Flow,
}

impl Analysis<'_> {
    /// What is known at `pc`, which has a number.
    #[inline]
    fn place(&mut self, pc: usize) -> &mut Place {
        &mut self.flow.places[self.notes.places[pc] as usize - 1]
    }

    /// Follows the code from `pc` on, until it ends or comes to what is known already.
    fn run(&mut self, mut pc: usize, mut state: State) -> Check {
        let mut end = state.end();
        loop {
            let i = self.proto.code[pc];
            let way = WAYS[usize::from(i.op_byte())];
            if way.demands && demands_closed(i).is_some_and(|reg| end > u32::from(reg)) {
                return broken(pc, i, "variables that may be open are not closed");
            }
            if way.changes {
                change(self.proto, pc, &mut state)?;
                end = state.end();
                if end == 0 {
                    return Ok(());
                }
            }
            if way.jumps {
                self.branch(target(self.proto, pc) as usize, state);
            }
            if !way.falls {
                return Ok(());
            }
            pc += 1;
            if self.notes.places[pc] != 0 {
                let place = self.place(pc);
                if !place.join(state) && !place.waits {
                    return Ok(());
                }
                place.waits = false;
                state = place.state;
                end = state.end();
            }
        }
    }

    /// Control may come to `to` with `state`, by a jump.
    fn branch(&mut self, to: usize, state: State) {
        let place = self.place(to);
        if place.join(state) && !std::mem::replace(&mut place.waits, true) {
            self.flow.work.push(Reverse(to as u32));
        }
    }
}

#[cold]
fn broken<T>(pc: usize, i: Instr, message: &str) -> Check<T> {
    Err((Some(pc), format!("{}: {message}", i.op().info().name)))
}

/// What an instruction opens and closes.
fn change(proto: &Proto, pc: usize, state: &mut State) -> Check {
    let i = proto.code[pc];
    if let Some(reg) = marks(i) {
        if state.to_close.meets(Registers::from(reg)) {
            return broken(pc, i, "to-be-closed variables are not in stack order");
        }
        state.to_close.insert(reg);
    }
    if i.op() == Op::CLOSE {
        let closed = Registers::from(i.a());
        state.captured = state.captured.without(closed);
        state.to_close = state.to_close.without(closed);
    }
    if i.op() == Op::CLOSURE {
        for up in &proto.protos[i.du() as usize].upvalues {
            if up.in_stack {
                state.captured.insert(up.index);
            }
        }
    }
    Ok(())
}

/// The register that the instruction makes a to-be-closed variable.
fn marks(i: Instr) -> Option<u8> {
    if i.op() == Op::TBC {
        return Some(i.a());
    }
    (i.op() == Op::TFORPREP).then(|| i.a() + 2)
}

/// The register from which on nothing may be open when the instruction runs.
fn demands_closed(i: Instr) -> Option<u8> {
    let op = i.op();
    let returns = matches!(op, Op::RETURN0 | Op::RETURN1);
    if returns || (matches!(op, Op::RETURN | Op::TAILCALL) && i.c() == 0) {
        return Some(0);
    }
    if matches!(op, Op::CALL | Op::FORLOOP | Op::FORPREP | Op::TFORPREP) {
        return Some(i.a());
    }
    (op == Op::TFORCALL).then(|| i.a() + 3)
}
