//! Blocks, labels and jumps between them.

use super::Compiler;
use super::func::{BlockState, NO_JUMP};
use crate::ops::Op;
use perilune_syntax::ast::{Block, LabelId, StmtKind};

impl<'a> Compiler<'a, '_> {
    /// Opens a scope.
    pub(super) fn enter_block(&mut self, is_loop: bool) {
        debug_assert_eq!(self.fs.free, self.fs.var_level());
        let level = self.fs.active.len();
        self.fs.blocks.push(BlockState {
            level,
            upval: false,
            is_loop,
            breaks: NO_JUMP,
        });
    }

    /// Ends the innermost scope; true when it had variables to close.
    pub(super) fn leave_block(&mut self) -> bool {
        let Some(block) = self.fs.blocks.pop() else {
            return false;
        };
        if block.upval && !self.fs.blocks.is_empty() {
            self.emit(Op::CLOSE, block.level as u8, 0, 0, 0);
        }
        self.fs.free = block.level as u8;
        self.deactivate(block.level);
        if block.breaks != NO_JUMP {
            self.fs.patch_here(block.breaks);
        }
        block.upval
    }

    /// Notes where the labels of a block that was just entered stand. `ends_scope` says that the
    /// block's end ends its scope too (that of `repeat` does not).
    pub(super) fn find_labels(&mut self, block: &'a Block, ends_scope: bool) {
        if self.fs.labels.is_empty() {
            return;
        }
        let depth = self.fs.blocks.len() - 1;
        let mut last = ends_scope;
        for stmt in self.list(block.stmts).iter().rev() {
            let StmtKind::Label(id) = stmt.kind else {
                last = false;
                continue;
            };
            let label = &mut self.fs.labels[id.index()];
            label.block = depth;
            label.last = last;
        }
    }

    /// Emits a `CLOSE` when a jump that leaves all variables above `level` needs one.
    fn close_above(&mut self, level: usize) {
        if self.fs.active[level..].iter().any(|v| v.open) {
            self.emit(Op::CLOSE, level as u8, 0, 0, 0);
        }
    }

    /// `break`
    pub(super) fn break_stmt(&mut self) {
        let Some(at) = self.fs.blocks.iter().rposition(|b| b.is_loop) else {
            return;
        };
        self.close_above(self.fs.blocks[at].level);
        let jump = self.jump();
        let mut breaks = self.fs.blocks[at].breaks;
        self.fs.push_jump(&mut breaks, jump);
        self.fs.blocks[at].breaks = breaks;
    }

    /// `goto`
    pub(super) fn goto_stmt(&mut self, id: LabelId) {
        let label = self.fs.labels[id.index()];
        let level = match label.pc {
            Some(_) => label.level,
            None if label.last => self.fs.blocks[label.block].level,
            None => {
                let inner = self.fs.blocks.get(label.block + 1);
                inner.map_or(self.fs.active.len(), |b| b.level)
            }
        };
        self.close_above(level);
        let jump = self.jump();
        match label.pc {
            Some(pc) => self.fs.fix_jump(jump as usize, pc),
            None => {
                let mut pending = label.pending;
                self.fs.push_jump(&mut pending, jump);
                self.fs.labels[id.index()].pending = pending;
            }
        }
    }

    /// `::label::`
    pub(super) fn label_stmt(&mut self, id: LabelId) {
        let here = self.fs.label_here();
        let block = self.fs.labels[id.index()].block;
        let outer = self.fs.blocks[block].level;
        let inner = self.fs.active.len();
        let label = &mut self.fs.labels[id.index()];
        label.pc = Some(here);
        label.level = if label.last { outer } else { inner };
        let pending = std::mem::replace(&mut label.pending, NO_JUMP);
        self.fs.patch_to(pending, here);
    }
}
