//! Rule 7: which registers may be open upvalues or pending to-be-closed variables, by a forward
//! data-flow analysis over the code.

use super::Check;
use super::code::target;
use crate::ops::{Instr, Op};
use crate::proto::Proto;

/// A set of registers.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Registers([u64; 4]);

impl Registers {
    fn insert(&mut self, reg: u8) {
        self.0[usize::from(reg) / 64] |= 1 << (reg % 64);
    }

    /// The registers from `reg` on.
    fn from(reg: u8) -> Registers {
        let mut set = [0; 4];
        for (n, word) in set.iter_mut().enumerate() {
            *word = match (n * 64).cmp(&(usize::from(reg) / 64 * 64)) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => u64::MAX << (reg % 64),
                std::cmp::Ordering::Greater => u64::MAX,
            };
        }
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

    fn open_from(&self, reg: u8) -> bool {
        self.captured.union(self.to_close).meets(Registers::from(reg))
    }
}

/// Checks that nothing stays open where the code says that nothing is.
pub(super) fn check(proto: &Proto) -> Check {
    if !opens_anything(proto) {
        return Ok(());
    }
    let mut states: Vec<Option<State>> = vec![None; proto.code.len()];
    states[0] = Some(State::default());
    let mut work = vec![0];
    while let Some(pc) = work.pop() {
        let Some(before) = states[pc] else { continue };
        let after = step(proto, pc, before)?;
        for next in successors(proto, pc).into_iter().flatten() {
            let joined = states[next].map_or(after, |old| old.join(after));
            if states[next] != Some(joined) {
                states[next] = Some(joined);
                work.push(next);
            }
        }
    }
    Ok(())
}

fn opens_anything(proto: &Proto) -> bool {
    let captures = proto.protos.iter().any(|p| p.upvalues.iter().any(|u| u.in_stack));
    captures
        || proto
            .code
            .iter()
            .any(|i| matches!(i.op(), Op::TBC | Op::TFORPREP))
}

/// The instructions that may come next.
fn successors(proto: &Proto, pc: usize) -> [Option<usize>; 2] {
    let op = proto.code[pc].op();
    let ends = matches!(op, Op::RETURN | Op::RETURN0 | Op::RETURN1 | Op::TAILCALL);
    let always = matches!(op, Op::JMP | Op::TFORPREP);
    let has_target = op.info().operands[3] == crate::ops::Operand::Jump;
    let next = (!ends && !always).then_some(pc + 1);
    [next, has_target.then(|| target(proto, pc) as usize)]
}

/// What an instruction does to the state, and what it demands of it.
fn step(proto: &Proto, pc: usize, mut state: State) -> Check<State> {
    let i = proto.code[pc];
    let broken = |message: &str| Err((Some(pc), format!("{}: {message}", i.op().info().name)));
    if demands_closed(i).is_some_and(|reg| state.open_from(reg)) {
        return broken("variables that may be open are not closed");
    }
    if let Some(reg) = marks(i) {
        if state.to_close.meets(Registers::from(reg)) {
            return broken("to-be-closed variables are not in stack order");
        }
        state.to_close.insert(reg);
    }
    if i.op() == Op::CLOSE {
        let closed = Registers::from(i.a());
        state.captured = state.captured.without(closed);
        state.to_close = state.to_close.without(closed);
    }
    if i.op() == Op::CLOSURE {
        for up in proto.protos[i.du() as usize]
            .upvalues
            .iter()
            .filter(|u| u.in_stack)
        {
            state.captured.insert(up.index);
        }
    }
    Ok(state)
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
