//! What compiled code does between instructions for limits and stress modes: the budget of instructions, and
//! leaving at random.
//!
//! With an instruction limit, code takes from the budget at the beginning of each segment: instructions that run
//! one after the other unless something leaves compiled code. Where the budget is smaller, the frame goes on in the
//! interpreter, which counts one by one. Before the runtime executes an instruction it gets back what follows in
//! the segment, and takes it again afterwards, so whoever looks at the budget finds it exact.

use super::Baseline;
use crate::masm::{Alu, Cond, Masm, Width};
use perilune_runtime::abi::{Reason, layout};

impl<M: Masm> Baseline<'_, M> {
    /// For each instruction, how many there are from it to the end of its segment; nothing without a limit.
    pub(super) fn measure_segments(&mut self) {
        if !self.job.metered {
            return;
        }
        let n = self.job.code.len();
        self.rest = vec![1; n];
        for pc in (0..n - 1).rev() {
            let ends = self.generic(pc as u32).op().info().effects.branches;
            if !ends && !self.leaders[pc + 1] {
                self.rest[pc] += self.rest[pc + 1];
            }
        }
    }
    /// How many instructions of its segment follow the instruction `pc`.
    pub(super) fn following(&self, pc: u32) -> i32 {
        self.rest.get(pc as usize).map_or(0, |&n| n - 1)
    }
    fn begins_segment(&self, pc: u32) -> bool {
        pc == 0 || self.leaders[pc as usize] || self.following(pc - 1) == 0
    }

    /// What goes before the instruction `pc`.
    pub(super) fn before_instruction(&mut self, pc: u32) {
        let begins = self.begins_segment(pc);
        if self.job.shaky {
            let given_back = if begins { 0 } else { self.following(pc) + 1 };
            let exit = self.exit(pc, Reason::Stress, given_back);
            let countdown = layout::STATE_COUNTDOWN;
            self.m
                .branch_load_imm(Cond::Eq, Width::W32, M::STATE, countdown, 0, exit);
            self.m.alu_store_imm(Alu::Sub, Width::W32, 1, M::STATE, countdown);
        }
        if self.job.metered && begins {
            self.take_budget(self.following(pc) + 1, pc);
        }
    }
    /// Takes `n` instructions from the budget, before the instruction `pc`.
    fn take_budget(&mut self, n: i32, pc: u32) {
        let exit = self.exit(pc, Reason::Limit, 0);
        self.m
            .branch_load_imm(Cond::Below, Width::W64, M::STATE, layout::STATE_FUEL, n, exit);
        self.m
            .alu_store_imm(Alu::Sub, Width::W64, n, M::STATE, layout::STATE_FUEL);
    }
    /// Gives `n` instructions back to the budget.
    pub(super) fn give_budget(&mut self, n: i32) {
        if n > 0 {
            self.m
                .alu_store_imm(Alu::Add, Width::W64, n, M::STATE, layout::STATE_FUEL);
        }
    }
    /// Before the runtime executes the instruction `pc` of a segment.
    pub(super) fn give_following(&mut self, pc: u32) {
        self.give_budget(self.following(pc));
    }
    /// Compiled code goes on behind the instruction `pc`, which the runtime has executed.
    pub(super) fn take_following(&mut self, pc: u32) {
        let n = self.following(pc);
        if n > 0 {
            self.take_budget(n, pc + 1);
        }
    }
}
