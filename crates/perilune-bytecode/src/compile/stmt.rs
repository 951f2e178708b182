//! Statements of the tree.

use super::exp::{Exp, Kind};
use super::func::Returned;
use super::{CResult, Compiler};
use crate::ops::{Instr, Op};
use perilune_syntax::ast::{
    Block, Dialect, ExprId, ExprKind, FuncId, LocalId, LocalKind, Span, Stmt, StmtKind,
};
use std::ops::Range;

/// Hidden variables of a numeric loop.
const NUMERIC_STATE: usize = 2;
/// Hidden variables of a generic loop.
const GENERIC_STATE: usize = 3;

impl<'a> Compiler<'a, '_> {
    /// The statements of a block whose scope is open.
    pub(super) fn statements(&mut self, block: &'a Block) -> CResult {
        for stmt in self.list(block.stmts) {
            self.statement(stmt)?;
            debug_assert!(self.fs.free >= self.fs.var_level());
            self.fs.free = self.fs.var_level();
            self.pos = stmt.span.end;
        }
        Ok(())
    }

    fn block(&mut self, block: &'a Block) -> CResult {
        self.enter_block(false);
        self.find_labels(block, true);
        self.statements(block)?;
        self.leave_block();
        Ok(())
    }

    fn statement(&mut self, stmt: &'a Stmt) -> CResult {
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => self.local_stmt(vars.clone(), self.list(*exprs), stmt.span),
            StmtKind::LocalFunction { var, func, expr } => self.local_function(*var, *func, *expr),
            StmtKind::Global { targets, exprs, .. } => {
                self.global_stmt(self.list(*targets), self.list(*exprs))
            }
            StmtKind::GlobalFunction { target, expr } => self.global_function(*target, *expr, stmt.span),
            StmtKind::Assign { targets, exprs } => self.assign(self.list(*targets), self.list(*exprs)),
            StmtKind::Function { target, expr } => self.function_stmt(*target, *expr, stmt.span),
            StmtKind::Call(call) => self.call_stmt(*call),
            StmtKind::Do(block) => {
                self.pos = stmt.span.start + 1;
                self.block(block)
            }
            StmtKind::While { cond, body } => self.while_loop(*cond, body, stmt.span),
            StmtKind::Repeat { body, cond } => self.repeat_loop(body, *cond),
            StmtKind::If { arms, otherwise } => self.if_stmt(self.list(*arms), otherwise.as_ref()),
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => self.numeric_for(*var, [Some(*start), Some(*limit), *step], body, stmt.span),
            StmtKind::GenericFor { vars, exprs, body } => {
                self.generic_for(vars.clone(), self.list(*exprs), body, stmt.span)
            }
            StmtKind::Return(exprs) => self.return_stmt(self.list(*exprs), stmt.span),
            StmtKind::TailCall(call) => self.tail_call(*call, stmt.span),
            StmtKind::Break => {
                self.pos = stmt.span.end;
                self.break_stmt();
                Ok(())
            }
            StmtKind::Goto(label) => {
                self.pos = stmt.span.end;
                self.goto_stmt(*label);
                Ok(())
            }
            StmtKind::Label(label) => {
                self.label_stmt(*label);
                Ok(())
            }
        }
    }

    fn local_stmt(&mut self, vars: Range<u32>, exprs: &[ExprId], span: Span) -> CResult {
        if exprs.is_empty() {
            self.pos = span.end;
        }
        let func = self.unit.function;
        let locals = &func.locals;
        let last = vars.clone().last().map(|v| &locals[v as usize].kind);
        if matches!(last, Some(LocalKind::CompileTime(_))) {
            let in_registers = exprs.len() - 1;
            let mut e = self.expr_list(&exprs[..in_registers])?;
            if e.kind != Kind::Void {
                self.put_next(&mut e)?;
            }
            if let Some(&last) = exprs.last()
                && self.unit.nodes.constant(last).is_none()
            {
                let free = self.fs.free;
                let mut e = self.expr(last)?;
                self.put_next(&mut e)?;
                self.fs.free = free;
            }
        } else {
            let e = self.expr_list(exprs)?;
            self.adjust(vars.len(), exprs.len(), e)?;
        }
        let mut to_close = None;
        for v in vars {
            match locals[v as usize].kind {
                LocalKind::CompileTime(_) => continue,
                LocalKind::Close => to_close = Some(self.fs.var_level()),
                LocalKind::Regular | LocalKind::Const => {}
            }
            self.activate_local(LocalId(v))?;
        }
        if let Some(reg) = to_close {
            self.mark_open(reg as usize);
            self.emit(Op::TBC, reg, 0, 0, 0);
        }
        Ok(())
    }

    fn local_function(&mut self, var: LocalId, func: FuncId, expr: ExprId) -> CResult {
        self.activate_local(var)?;
        self.closure(func, self.expr_of(expr).span.end)?;
        let pc = self.fs.pc() as u32;
        if let Some(debug) = self.fs.locals.last_mut() {
            debug.start_pc = pc;
        }
        Ok(())
    }

    fn global_stmt(&mut self, targets: &[ExprId], exprs: &[ExprId]) -> CResult {
        let Some(&first) = exprs.first() else {
            return Ok(());
        };
        let line = self.expr_of(first).span.line;
        let mut places = Vec::with_capacity(targets.len());
        for &target in targets {
            places.push(self.expr(target)?);
        }
        let e = self.expr_list(exprs)?;
        self.adjust(targets.len(), exprs.len(), e)?;
        for (&target, place) in targets.iter().zip(&places).rev() {
            self.check_undefined(target, line)?;
            self.store_top(place)?;
        }
        Ok(())
    }

    /// Emits the check that a global variable is nil.
    fn check_undefined(&mut self, target: ExprId, line: u32) -> CResult {
        let end = self.pos;
        let mut e = self.expr(target)?;
        self.pos = end;
        let ExprKind::Global { name, .. } = self.expr_of(target).kind else {
            return Ok(());
        };
        let reg = self.put_any(&mut e)?;
        self.fs.fix_line(line);
        let k = self.str_constant(name);
        self.emit(Op::ERRNNIL, reg, 0, 0, k as i32);
        self.fs.fix_line(line);
        self.release_exp(&e);
        Ok(())
    }

    /// Assigns the value in the last register taken.
    fn store_top(&mut self, place: &Exp) -> CResult {
        let mut e = Exp::from(Kind::Fixed(self.fs.free - 1));
        self.store(place, &mut e)
    }

    fn global_function(&mut self, target: ExprId, expr: ExprId, span: Span) -> CResult {
        let place = self.expr(target)?;
        let mut e = self.expr(expr)?;
        self.check_undefined(target, span.line)?;
        self.store(&place, &mut e)?;
        self.fs.fix_line(span.line);
        Ok(())
    }

    fn function_stmt(&mut self, target: ExprId, expr: ExprId, span: Span) -> CResult {
        let place = self.expr(target)?;
        let mut e = self.expr(expr)?;
        self.store(&place, &mut e)?;
        self.fs.fix_line(span.line);
        Ok(())
    }

    fn assign(&mut self, targets: &[ExprId], exprs: &[ExprId]) -> CResult {
        if let ([target], [e]) = (targets, exprs) {
            let place = self.expr(*target)?;
            let mut e = self.expr(*e)?;
            self.set_one_result(&mut e);
            return self.store(&place, &mut e);
        }
        self.assign_all(targets, exprs)
    }

    /// As [`Self::assign`], for any number of targets.
    fn assign_all(&mut self, targets: &[ExprId], exprs: &[ExprId]) -> CResult {
        let mut places: Vec<Exp> = Vec::with_capacity(targets.len());
        for &target in targets {
            let place = self.expr(target)?;
            if !place.is_indexed() {
                self.protect_operands(&mut places, &place)?;
            }
            places.push(place);
        }
        let mut e = self.expr_list(exprs)?;
        if targets.len() == exprs.len() {
            self.set_one_result(&mut e);
            if let Some(place) = places.pop() {
                self.store(&place, &mut e)?;
            }
        } else {
            self.adjust(targets.len(), exprs.len(), e)?;
        }
        while let Some(place) = places.pop() {
            self.store_top(&place)?;
        }
        Ok(())
    }

    /// Where the variable `var` that is about to be assigned is the table or the key of an earlier
    /// target, makes that target use a copy.
    fn protect_operands(&mut self, places: &mut [Exp], var: &Exp) -> CResult {
        let copy = self.fs.free;
        let mut conflict = false;
        for place in places {
            match (&mut place.kind, var.kind) {
                (&mut Kind::UpvalueField { table, key }, Kind::Upvalue(up)) if table == up => {
                    place.kind = Kind::Field { table: copy, key };
                    conflict = true;
                }
                (Kind::Field { table, .. } | Kind::IntIndex { table, .. }, Kind::Local(reg))
                    if *table == reg =>
                {
                    *table = copy;
                    conflict = true;
                }
                (Kind::Index { table, key }, Kind::Local(reg)) => {
                    for operand in [table, key] {
                        if *operand == reg {
                            *operand = copy;
                            conflict = true;
                        }
                    }
                }
                _ => {}
            }
        }
        if conflict {
            match var.kind {
                Kind::Upvalue(up) => self.emit(Op::GETUPVAL, copy, up, 0, 0),
                Kind::Local(reg) => self.emit(Op::MOVE, copy, reg, 0, 0),
                _ => return Ok(()),
            };
            self.reserve(1)?;
        }
        Ok(())
    }

    fn call_stmt(&mut self, call: ExprId) -> CResult {
        let e = self.expr(call)?;
        if let Kind::Call(pc) = e.kind {
            self.fs.set_c(pc, 1);
        }
        Ok(())
    }

    /// A condition; the result is the list of jumps taken when it is false.
    fn cond(&mut self, id: ExprId) -> CResult<i32> {
        let e = self.expr(id)?;
        self.condition(e)
    }

    fn while_loop(&mut self, cond: ExprId, body: &'a Block, span: Span) -> CResult {
        self.pos = span.start + 1;
        let start = self.fs.label_here();
        let exit = self.cond(cond)?;
        self.next_token();
        self.enter_block(true);
        self.block(body)?;
        self.jump_to(start);
        self.pos = span.end;
        self.leave_block();
        self.fs.patch_here(exit);
        Ok(())
    }

    fn repeat_loop(&mut self, body: &'a Block, cond: ExprId) -> CResult {
        let start = self.fs.label_here();
        self.enter_block(true);
        self.enter_block(false);
        self.find_labels(body, false);
        self.statements(body)?;
        let mut exit = self.cond(cond)?;
        let level = self.fs.blocks.last().map_or(0, |b| b.level) as u8;
        if self.leave_block() {
            let done = self.jump();
            self.fs.patch_here(exit);
            self.emit(Op::CLOSE, level, 0, 0, 0);
            exit = self.jump();
            self.fs.patch_here(done);
        }
        self.fs.patch_to(exit, start);
        self.leave_block();
        Ok(())
    }

    fn if_stmt(&mut self, arms: &'a [(ExprId, Block)], otherwise: Option<&'a Block>) -> CResult {
        let mut done = super::func::NO_JUMP;
        for (i, (cond, body)) in arms.iter().enumerate() {
            let skip = self.cond(*cond)?;
            self.next_token();
            self.block(body)?;
            if i + 1 < arms.len() || otherwise.is_some() {
                let jump = self.jump();
                self.fs.push_jump(&mut done, jump);
            }
            self.fs.patch_here(skip);
        }
        if let Some(body) = otherwise {
            self.next_token();
            self.block(body)?;
        }
        self.fs.patch_here(done);
        Ok(())
    }

    /// Whether a loop needs its control variable apart from the variable that the body sees.
    fn needs_copy(&self, var: LocalId) -> bool {
        self.unit.dialect == Dialect::Lua54 && self.unit.function.locals[var.index()].assigned
    }

    fn activate_hidden(&mut self, count: usize) -> CResult {
        for _ in 0..count {
            self.activate(self.hidden.for_state, None, false)?;
        }
        Ok(())
    }

    fn numeric_for(
        &mut self,
        var: LocalId,
        range: [Option<ExprId>; 3],
        body: &'a Block,
        span: Span,
    ) -> CResult {
        self.enter_block(true);
        let base = self.fs.free;
        for (i, bound) in range.into_iter().enumerate() {
            let Some(id) = bound else { continue };
            if i > 0 {
                self.next_token();
            }
            let mut e = self.expr(id)?;
            self.put_next(&mut e)?;
        }
        if range[2].is_none() {
            self.load_int(self.fs.free, 1);
            self.reserve(1)?;
        }
        self.activate_hidden(NUMERIC_STATE)?;
        self.next_token();
        let prep = self.emit(Op::FORPREP, base, 0, 0, 0);
        self.fs.free -= 1;
        self.enter_block(false);
        if self.needs_copy(var) {
            self.activate_hidden(1)?;
            self.reserve(2)?;
            self.emit(Op::MOVE, base + 3, base + 2, 0, 0);
            self.activate_local(var)?;
        } else {
            self.activate_local(var)?;
            self.reserve(1)?;
        }
        self.block(body)?;
        self.leave_block();
        self.fs.label_here();
        let end = self.emit(Op::FORLOOP, base, 0, 0, 0);
        self.fs.fix_line(span.line);
        self.fs.fix_jump(end, prep + 1);
        let behind = self.fs.label_here();
        self.fs.fix_jump(prep, behind);
        self.pos = span.end;
        self.leave_block();
        Ok(())
    }

    fn generic_for(&mut self, vars: Range<u32>, exprs: &[ExprId], body: &'a Block, span: Span) -> CResult {
        self.enter_block(true);
        let base = self.fs.free;
        let line = exprs.first().map_or(span.line, |&e| self.expr_of(e).span.line);
        let e = self.expr_list(exprs)?;
        self.adjust(GENERIC_STATE + 1, exprs.len(), e)?;
        self.activate_hidden(GENERIC_STATE)?;
        self.mark_open(base as usize + GENERIC_STATE - 1);
        self.check_stack(2)?;
        self.next_token();
        let prep = self.emit(Op::TFORPREP, base, 0, 0, 0);
        self.fs.free -= 1;
        self.enter_block(false);
        self.generic_variables(vars.clone(), base)?;
        self.block(body)?;
        self.leave_block();
        let call = self.fs.label_here();
        self.fs.fix_jump(prep, call);
        self.emit(Op::TFORCALL, base, 0, vars.len() as u8, 0);
        self.fs.fix_line(line);
        let end = self.emit(Op::TFORLOOP, base, 0, 0, 0);
        self.fs.fix_line(line);
        self.fs.fix_jump(end, prep + 1);
        self.fs.label_here();
        self.pos = span.end;
        self.leave_block();
        Ok(())
    }

    /// Brings the declared variables of a generic loop into scope. Where the first of them is
    /// assigned it is a copy, behind the others.
    fn generic_variables(&mut self, vars: Range<u32>, base: u8) -> CResult {
        let first = LocalId(vars.start);
        let count = vars.len() as u32;
        if !self.needs_copy(first) {
            for v in vars {
                self.activate_local(LocalId(v))?;
            }
            return self.reserve(count);
        }
        self.activate_hidden(1)?;
        for v in vars.skip(1) {
            self.activate_local(LocalId(v))?;
        }
        self.reserve(count + 1)?;
        let copy = self.fs.free - 1;
        self.emit(Op::MOVE, copy, base + 3, 0, 0);
        self.activate_local(first)
    }

    fn return_stmt(&mut self, exprs: &[ExprId], span: Span) -> CResult {
        self.pos = span.start + 1;
        let mut first = self.fs.var_level();
        let mut e = self.expr_list(exprs)?;
        self.check_limit(exprs.len() as u32 + 1, 255, "returns")?;
        let mut count = Returned::Count(exprs.len() as u8);
        if e.is_multi() {
            self.set_open(&e)?;
            count = Returned::Open;
        } else if exprs.len() == 1 {
            first = self.put_any(&mut e)?;
        } else if !exprs.is_empty() {
            self.put_next(&mut e)?;
        }
        self.ret(first, count);
        Ok(())
    }

    fn tail_call(&mut self, call: ExprId, span: Span) -> CResult {
        self.pos = span.start + 1;
        let e = self.expr(call)?;
        self.set_open(&e)?;
        if let Kind::Call(pc) = e.kind {
            let open = u8::from(self.fs.open > 0);
            let i = self.fs.code[pc];
            self.fs.code[pc] = Instr::new(Op::TAILCALL, i.a(), i.b(), open, 0);
        }
        Ok(())
    }
}
