//! Places in the code of a function -> what stands there, for listings.

use super::{Artifact, Baseline, Cold, ColdKind};
use crate::masm::Masm;
use perilune_runtime::abi::{Helper, Reason, Shared};

/// What begins at an offset beside the templates; instructions are meant by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// Where compiled code calls the function.
    Call,
    /// Where calls of this very function begin.
    Inner,
    /// Where the interpreter enters at an instruction.
    Entry(u32),
    /// Code that cold paths share; its name.
    Shared(&'static str),
    /// The helper executes the instruction.
    Slow(u32, Shared),
    /// The interrupt word is served behind the instruction.
    Poll(u32),
    /// The frame goes on at the instruction in the interpreter.
    Exit(u32, Reason),
    /// The call that the instruction makes has not just returned one value.
    Returned(u32),
    /// The call that the instruction makes is not of the function that was foreseen.
    Called(u32),
    /// Parameters without an argument become nil.
    Fill,
}

/// A call of a helper, or of shared code that stands before one: from the first instruction that belongs to it to the end of the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HelperCall {
    /// Where it begins.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What listings call the helper.
    pub name: &'static str,
}

impl Artifact {
    /// What begins at an offset beside the templates.
    pub fn marks_at(&self, offset: u32) -> impl Iterator<Item = Mark> {
        let marks = self.marks.iter();
        marks.filter(move |m| m.0 == offset).map(|m| m.1)
    }
}

impl<M: Masm> Baseline<'_, M> {
    /// Something begins here.
    pub(super) fn note(&mut self, mark: Mark) {
        self.marks.push((self.m.offset(), mark));
    }

    /// A piece of cold code begins here.
    pub(super) fn mark_cold(&mut self, cold: &Cold) {
        let pc = cold.pc;
        self.note(match cold.kind {
            ColdKind::Step { helper, .. } => Mark::Slow(pc, helper),
            ColdKind::Poll { .. } => Mark::Poll(pc),
            ColdKind::Exit { reason, .. } => Mark::Exit(pc, reason),
            ColdKind::Returned { .. } => Mark::Returned(pc),
            ColdKind::Called { .. } => Mark::Called(pc),
            ColdKind::Fill { .. } => Mark::Fill,
        });
    }

    /// Calls a helper, whose arguments are in place.
    pub(super) fn call_helper(&mut self, helper: Helper) {
        let start = self.m.offset();
        self.m.call_helper(helper.offset());
        self.called_helper(start, helper.name());
    }
    /// Calls shared code.
    pub(super) fn call_shared(&mut self, piece: Shared) {
        let start = self.m.offset();
        self.m.call(M::STATE, piece.offset());
        self.called_helper(start, piece.name());
    }
    /// Goes to shared code, which returns to this code's caller.
    pub(super) fn go_to(&mut self, piece: Shared) {
        let start = self.m.offset();
        self.m.tail_call(M::STATE, piece.offset());
        self.called_helper(start, piece.name());
    }
    /// What was emitted since `start` calls a helper of that name.
    fn called_helper(&mut self, start: u32, name: &'static str) {
        let end = self.m.offset();
        self.helpers.push(HelperCall { start, end, name });
    }
}
