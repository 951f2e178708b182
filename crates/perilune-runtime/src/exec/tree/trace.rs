//! What hooks and the instruction limit see of a walk: the operations that bytecode would have, by line.

use super::place::{Place, Role};
use super::{Walker, names};
use crate::value::Value;
use perilune_syntax::ast::{Block, ExprId};

/// `Frame::hook_pc` after a jump back: whatever comes next comes before it.
const BACK: u32 = u32::MAX - 1;

impl Walker<'_> {
    /// An operation on a line is executed; `offset` is where it ends in the source.
    #[cold]
    #[inline(never)]
    pub(super) fn trace(&mut self, offset: u32, line: u32, d: usize) -> bool {
        // Inside the statement: what it declares is not in scope yet.
        self.at(Place::offset(Role::Statement, offset.saturating_sub(1), line), d);
        let r = self.state().trace_line(offset, line);
        self.reload();
        self.done(r)
    }

    /// The operation that an expression is has its operands `a` and `b`, and is executed.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_operation(&mut self, e: ExprId, a: Value, b: Value, d: usize) -> bool {
        self.put(d, a);
        self.put(d + 1, b);
        let line = names::line_of(self.tree, e);
        self.trace(self.nodes.expr(e).span.end, line, d + 2)
    }

    /// A constant or variable is copied to register `d - 1`.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_load(&mut self, e: ExprId, d: usize) -> bool {
        let end = self.nodes.expr(e).span.end;
        self.trace(end, self.tree.line(end.saturating_sub(1)), d)
    }

    /// The condition `e` has value `v` and is tested.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_test(&mut self, e: ExprId, v: Value, d: usize) -> bool {
        if v.truthy() && self.tree.is_constant(e) {
            return true;
        }
        self.put(d, v);
        self.trace_load(e, d + 1)
    }

    /// A statement stores, or defines, at its end; `d` registers are in use.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_end_of_statement(&mut self, d: usize) -> bool {
        let line = self.tree.line(self.end.saturating_sub(1));
        self.trace(self.end, line, d)
    }

    /// The jump back at the end of a loop that starts on `line`.
    #[cold]
    #[inline(never)]
    pub(super) fn trace_end(&mut self, body: &Block, line: u32, d: usize) -> bool {
        let line = self
            .items(body.stmts)
            .last()
            .map_or(line, |s| self.tree.line(s.span.end.saturating_sub(1)));
        self.trace(body.span.end, line, d)
    }

    /// Notes that execution has gone back: its line is reached again.
    #[inline(always)]
    pub(super) fn went_back(&mut self) {
        if self.tracing {
            // SAFETY: the running frame is this activation's.
            unsafe { (*self.frame()).hook_pc = BACK };
        }
    }
}
