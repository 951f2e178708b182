//! Statements: blocks, loops, jumps.

use super::place::Role;
use super::{Flow, Walker, done_or_throw, value_or_throw};
use crate::exec::registers::{self, prepare_for};
use crate::heap::Event;
use crate::value::{Tag, Value};
use perilune_syntax::ast::{Block, ExprId, LocalId, LocalKind, Stmt, StmtKind};

impl Walker<'_> {
    /// Executes a block; `d` registers are in use before it.
    pub(super) fn block(&mut self, block: &Block, d: usize) -> Flow {
        let (flow, inner) = self.statements(block, d);
        self.leave(flow, inner, d, block)
    }

    /// Executes the statements of a block. Also answers how many registers are in use after them.
    fn statements(&mut self, block: &Block, d: usize) -> (Flow, usize) {
        let stmts = self.items(block.stmts);
        let mut at = 0;
        let mut inner = d;
        while let Some(stmt) = stmts.get(at) {
            at += 1;
            match self.stmt(stmt, &mut inner) {
                Flow::Next => {}
                Flow::Goto => {
                    let to = stmts.iter().position(|s| self.is_target(s));
                    let Some(label) = to else {
                        return (Flow::Goto, inner);
                    };
                    let depth = self.depth_at(&stmts[..label], d);
                    let back = label < at;
                    if depth < inner && !self.close(depth, inner, self.end) || back && !self.poll(depth) {
                        return (Flow::Throw, inner);
                    }
                    self.went_back();
                    (at, inner) = (label, depth);
                }
                other => return (other, inner),
            }
        }
        (Flow::Next, inner)
    }

    /// Whether a statement is the label that the walker goes to.
    fn is_target(&self, stmt: &Stmt) -> bool {
        matches!(stmt.kind, StmtKind::Label(id) if id == self.label)
    }

    /// How many registers are in use behind the statements of a block that starts at `d`.
    fn depth_at(&self, before: &[Stmt], d: usize) -> usize {
        let declared = before.iter().rev().find_map(|s| match &s.kind {
            StmtKind::Local { vars, .. } => self.last_slot(vars.clone()),
            StmtKind::LocalFunction { var, .. } => Some(self.slot(*var)),
            _ => None,
        });
        declared.map_or(d, |slot| slot + 1)
    }

    /// The register of the last of some locals that has one.
    fn last_slot(&self, vars: std::ops::Range<u32>) -> Option<usize> {
        let locals = &self.func.locals[vars.start as usize..vars.end as usize];
        let last = locals
            .iter()
            .rev()
            .find(|l| !matches!(l.kind, LocalKind::CompileTime(_)))?;
        Some(last.slot as usize)
    }

    pub(super) fn slot(&self, var: LocalId) -> usize {
        self.func.locals[var.index()].slot as usize
    }

    /// Leaves a block in which `inner` registers are in use, and before which `d` are.
    #[inline(always)]
    fn leave(&mut self, flow: Flow, inner: usize, d: usize, block: &Block) -> Flow {
        if inner == d || !matches!(flow, Flow::Next | Flow::Break | Flow::Goto) {
            return flow;
        }
        if self.close(d, inner, block.span.end) {
            flow
        } else {
            Flow::Throw
        }
    }

    /// Closes the variables in the registers from `d` on: upvalues become independent, `__close` is called.
    /// `inner` registers are in use.
    #[inline(always)]
    pub(super) fn close(&mut self, d: usize, inner: usize, offset: u32) -> bool {
        // SAFETY: a live coroutine.
        unsafe {
            let th = self.thread();
            if ((*th).open as usize == 0 || (*(*th).open).at < self.base.add(d)) && (*th).tbc_len == 0 {
                return true;
            }
        }
        self.close_slow(d, inner, offset)
    }
    #[inline(never)]
    fn close_slow(&mut self, d: usize, inner: usize, offset: u32) -> bool {
        let th = self.thread();
        // SAFETY: a live coroutine; pending variables are live slots.
        unsafe {
            while let Some(var) = (*th).last_tbc(self.base.add(d)) {
                (*th).close_upvals(&mut self.state().heap, var);
                (*th).tbc_len -= 1;
                let v = *var;
                let f = self.state().heap.metamethod(v, Event::Close);
                self.at_offset(Role::Close, offset, inner);
                if self.call_with(&[f, v], inner).tag == Tag::THROWN {
                    return false;
                }
            }
            (*th).close_upvals(&mut self.state().heap, self.base.add(d));
        }
        true
    }

    /// Executes a statement; `d` registers are in use, and more after a declaration.
    fn stmt(&mut self, stmt: &Stmt, d: &mut usize) -> Flow {
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => return self.local(stmt, vars.clone(), self.items(*exprs), d),
            StmtKind::LocalFunction { var, expr, .. } => {
                let slot = self.slot(*var);
                self.put(slot, Value::NIL);
                *d = slot + 1;
                let f = value_or_throw!(self.eval(*expr, slot + 1));
                self.put(slot, f);
            }
            StmtKind::Global { targets, exprs, .. } => {
                self.end = stmt.span.end;
                return self.define_globals(self.items(*targets), self.items(*exprs), *d);
            }
            StmtKind::GlobalFunction { target, expr } => {
                self.end = stmt.span.end;
                return self.define_globals(&[*target], &[*expr], *d);
            }
            StmtKind::Assign { targets, exprs } => {
                self.end = stmt.span.end;
                return self.assign(self.items(*targets), self.items(*exprs), *d);
            }
            StmtKind::Function { target, expr } => {
                // As in PUC, the definition happens on the first line.
                self.end = stmt.span.start + 1;
                return self.assign_one(*target, *expr, *d);
            }
            StmtKind::Call(e) => done_or_throw!(self.call(*e, *d)),
            StmtKind::Do(body) => return self.block(body, *d),
            StmtKind::While { cond, body } => return self.while_(stmt, *cond, body, *d),
            StmtKind::Repeat { body, cond } => return self.repeat(body, *cond, *d),
            StmtKind::If { arms, otherwise } => return self.if_(self.items(*arms), otherwise.as_ref(), *d),
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => {
                let list = [*start, *limit, step.unwrap_or(*start)];
                let given = if step.is_some() { 3 } else { 2 };
                return self.numeric_for(stmt, *var, &list[..given], body, *d);
            }
            StmtKind::GenericFor { vars, exprs, body } => {
                return self.generic_for(stmt, vars.clone(), self.items(*exprs), body, *d);
            }
            StmtKind::Return(list) => return self.return_(stmt, self.items(*list), *d),
            StmtKind::TailCall(call) => return self.tail_call(*call, *d),
            StmtKind::Break => {
                done_or_throw!(!self.tracing || self.trace(stmt.span.end, stmt.span.line, *d));
                return Flow::Break;
            }
            StmtKind::Goto(label) => {
                done_or_throw!(!self.tracing || self.trace(stmt.span.end, stmt.span.line, *d));
                (self.label, self.end) = (*label, stmt.span.end);
                return Flow::Goto;
            }
            StmtKind::Label(_) => {}
        }
        Flow::Next
    }

    fn if_(&mut self, arms: &[(ExprId, Block)], otherwise: Option<&Block>, d: usize) -> Flow {
        for (cond, block) in arms {
            let v = value_or_throw!(self.eval(*cond, d));
            done_or_throw!(!self.tracing || self.trace_test(*cond, v, d));
            if v.truthy() {
                return self.block(block, d);
            }
        }
        match otherwise {
            Some(block) => self.block(block, d),
            None => Flow::Next,
        }
    }

    fn while_(&mut self, stmt: &Stmt, cond: ExprId, body: &Block, d: usize) -> Flow {
        loop {
            let v = value_or_throw!(self.eval(cond, d));
            done_or_throw!(!self.tracing || self.trace_test(cond, v, d));
            if !v.truthy() {
                return Flow::Next;
            }
            match self.block(body, d) {
                Flow::Next => {}
                Flow::Break => return Flow::Next,
                other => return other,
            }
            let line = stmt.span.line;
            done_or_throw!(self.poll(d) && (!self.tracing || self.trace_end(body, line, d)));
            self.went_back();
        }
    }

    fn repeat(&mut self, body: &Block, cond: ExprId, d: usize) -> Flow {
        loop {
            let (mut flow, inner) = self.statements(body, d);
            let mut last = flow != Flow::Next;
            if !last {
                let v = value_or_throw!(self.eval(cond, inner));
                done_or_throw!(!self.tracing || self.trace_test(cond, v, inner));
                last = v.truthy();
            }
            flow = self.leave(flow, inner, d, body);
            match flow {
                Flow::Next if last => return Flow::Next,
                Flow::Next => {}
                Flow::Break => return Flow::Next,
                other => return other,
            }
            done_or_throw!(self.poll(d));
            self.went_back();
        }
    }

    /// `for var = start, limit, step do`; the loop's state is in the registers from `d` on.
    fn numeric_for(&mut self, stmt: &Stmt, var: LocalId, list: &[ExprId], body: &Block, d: usize) -> Flow {
        for (i, &e) in list.iter().enumerate() {
            done_or_throw!(self.load(e, d + i));
        }
        if list.len() < 3 {
            self.put(d + 2, Value::int(1));
        }
        self.at_offset(Role::Statement, stmt.span.start, d + 3);
        // SAFETY: three registers of the running frame.
        let runs = unsafe { prepare_for(self.state(), self.base.add(d)) };
        match runs {
            Ok(true) => {}
            Ok(false) => return Flow::Next,
            Err(t) => return self.flow(t),
        }
        let slot = self.slot(var);
        loop {
            self.put(slot, self.r(d + 2));
            match self.block_of_loop(body, slot, slot + 1) {
                Flow::Next => {}
                Flow::Break => return Flow::Next,
                other => return other,
            }
            let at = (body.span.end, stmt.span.line);
            done_or_throw!(self.poll(d + 3) && (!self.tracing || self.trace(at.0, at.1, d + 3)));
            // SAFETY: the registers that were prepared.
            if !unsafe { registers::step_for(self.base.add(d)) } {
                return Flow::Next;
            }
            self.went_back();
        }
    }

    /// The body of a loop whose variables stand in the registers from `first` on.
    #[inline(always)]
    fn block_of_loop(&mut self, body: &Block, first: usize, d: usize) -> Flow {
        let (flow, inner) = self.statements(body, d);
        self.leave(flow, inner, first, body)
    }

    /// `for a, b in list do`: iterator, state, closing value and control variable are in the registers from
    /// `d` on.
    fn generic_for(
        &mut self,
        stmt: &Stmt,
        vars: std::ops::Range<u32>,
        list: &[ExprId],
        body: &Block,
        d: usize,
    ) -> Flow {
        const STATE: usize = 4;
        done_or_throw!(self.adjusted_list(list, STATE, d));
        let (control, closing) = (self.r(d + 2), self.r(d + 3));
        self.put(d + 2, closing);
        self.put(d + 3, control);
        if closing.truthy() {
            self.at(
                super::Place::offset(Role::Statement, body.span.start, stmt.span.line),
                d + STATE,
            );
            // SAFETY: a register of the running frame.
            let marked = self.state().mark_tbc(unsafe { self.base.add(d + 2) });
            done_or_throw!(self.done(marked));
        }
        let flow = self.iterate(vars, list[0], body, d);
        self.leave(flow, d + STATE, d, body)
    }

    fn iterate(&mut self, vars: std::ops::Range<u32>, list: ExprId, body: &Block, d: usize) -> Flow {
        // As in PUC, the line on which the list begins.
        let line = self.nodes.expr(list).span.line;
        let n = vars.len();
        let first = self.slot(LocalId(vars.start));
        loop {
            for (i, from) in [d, d + 1, d + 3].into_iter().enumerate() {
                self.put(first + 1 + i, self.r(from));
            }
            done_or_throw!(!self.tracing || self.trace(body.span.end, line, first + 4));
            self.at(super::Place::expr(Role::Iterator, list, line), first + 4);
            done_or_throw!(self.invoke(first + 1));
            let given = self.count_from(first + 1);
            for i in 0..n {
                let v = if i < given {
                    self.r(first + 1 + i)
                } else {
                    Value::NIL
                };
                self.put(first + i, v);
            }
            let control = self.r(first);
            if control.tag == Tag::NIL {
                return Flow::Next;
            }
            self.put(d + 3, control);
            match self.block_of_loop(body, first, first + n) {
                Flow::Next => {}
                Flow::Break => return Flow::Next,
                other => return other,
            }
            done_or_throw!(self.poll(d + 4));
            self.went_back();
        }
    }
}
