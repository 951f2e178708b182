//! Assignments to locals -> values that nothing can read, by a walk against the order of execution.
//!
//! Each statement turns the set of variables whose value may be read after it into the set of those
//! that may be read before it. What is not simple counts as read: a variable that a closure takes, one
//! that is read anywhere in a loop at the loop's start, all of them at a jump backwards.

use super::facts::{Facts, Origin, Var};
use super::{Code, Finding, shown};
use crate::ast::{
    Block, Chunk, ExprId, ExprKind, FuncId, Function, List, Listed, LocalId, LocalKind, Stmt, StmtKind,
    TableItem,
};
use std::ops::Range;

pub(super) fn report(chunk: &Chunk, facts: &Facts, out: &mut Vec<Finding>) {
    for f in 0..chunk.funcs.len() as u32 {
        let func = FuncId(f);
        let function = chunk.func(func);
        let candidates = candidates(function, facts, func);
        if candidates.iter().all(Option::is_none) {
            continue;
        }
        let count = candidates.iter().flatten().count();
        let mut live = Live {
            chunk,
            function,
            candidates,
            all: Set::full(count),
            none: Set::empty(count),
            labels: vec![None; function.labels.len()],
            loops: Vec::new(),
            out,
        };
        let end = live.none.clone();
        live.block(&function.body, end);
    }
}

/// Which locals are looked at, numbered.
fn candidates(function: &Function, facts: &Facts, func: FuncId) -> Vec<Option<u32>> {
    let mut next = 0;
    let mut number = |(n, local): (usize, &crate::ast::Local)| {
        let var = Var {
            func,
            local: LocalId(n as u32),
        };
        let known = facts.of(var);
        let is_simple = local.kind == LocalKind::Regular && !local.captured;
        // Of one that is never read, the variable is reported.
        let is_used = known.reads > 0 && known.writes > 0;
        let has_values = match known.origin {
            Origin::Declared { .. } | Origin::Function(_) => true,
            Origin::Parameter | Origin::Counter | Origin::Iterated(_) => true,
            Origin::ImplicitSelf | Origin::Vararg => false,
        };
        (is_simple && is_used && has_values).then(|| {
            next += 1;
            next - 1
        })
    };
    function.locals.iter().enumerate().map(&mut number).collect()
}

/// A set of candidates.
#[derive(Clone, PartialEq)]
struct Set(Vec<u64>);

impl Set {
    fn empty(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }
    fn full(count: usize) -> Set {
        Set(vec![u64::MAX; count.div_ceil(64)])
    }
    fn add(&mut self, n: u32) {
        self.0[n as usize / 64] |= 1 << (n % 64);
    }
    fn remove(&mut self, n: u32) {
        self.0[n as usize / 64] &= !(1 << (n % 64));
    }
    fn has(&self, n: u32) -> bool {
        self.0[n as usize / 64] & (1 << (n % 64)) != 0
    }
    fn join(mut self, other: &Set) -> Set {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
        self
    }
}

struct Live<'c, 'o> {
    chunk: &'c Chunk,
    function: &'c Function,
    candidates: Vec<Option<u32>>,
    all: Set,
    none: Set,
    /// What is live at the labels that stand after the statement in hand.
    labels: Vec<Option<Set>>,
    /// What is live after the loops around.
    loops: Vec<Set>,
    out: &'o mut Vec<Finding>,
}

impl<'c> Live<'c, '_> {
    fn list<T: Listed>(&self, list: List<T>) -> &'c [T] {
        self.chunk.list(list)
    }

    fn block(&mut self, block: &Block, after: Set) -> Set {
        self.chunk
            .list(block.stmts)
            .iter()
            .rev()
            .fold(after, |live, s| self.stmt(s, live))
    }

    fn stmt(&mut self, stmt: &Stmt, live: Set) -> Set {
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => self.local(vars.clone(), self.list(*exprs), live),
            StmtKind::LocalFunction { var, .. } => {
                let mut live = live;
                self.forget(*var, &mut live);
                live
            }
            StmtKind::Global { exprs, .. } => self.read(self.list(*exprs), live),
            StmtKind::GlobalFunction { .. } => live,
            StmtKind::Break => self.loops.last().unwrap_or(&self.all).clone(),
            StmtKind::Assign { targets, exprs } => self.assign(self.list(*targets), self.list(*exprs), live),
            StmtKind::Function { target, .. } => self.assign(&[*target], &[], live),
            StmtKind::Call(e) => self.read(&[*e], live),
            StmtKind::Return(exprs) => {
                let nothing = self.none.clone();
                self.read(self.list(*exprs), nothing)
            }
            StmtKind::TailCall(call) => {
                let nothing = self.none.clone();
                self.read(&[*call], nothing)
            }
            StmtKind::Goto(label) => self.labels[label.index()].as_ref().unwrap_or(&self.all).clone(),
            StmtKind::Label(label) => {
                self.labels[label.index()] = Some(live.clone());
                live
            }
            StmtKind::Do(body) => self.block(body, live),
            StmtKind::While { cond, body } => {
                let head = self.read(&[*cond], live.clone());
                let begin = self.looped(body, &[*cond], head.clone(), live);
                begin.join(&head)
            }
            StmtKind::Repeat { body, cond } => {
                let test = self.read(&[*cond], live.clone());
                self.looped(body, &[*cond], test, live)
            }
            StmtKind::If { arms, otherwise } => {
                let mut before = match otherwise {
                    Some(body) => self.block(body, live.clone()),
                    None => live.clone(),
                };
                for (cond, body) in self.list(*arms).iter().rev() {
                    let arm = self.block(body, live.clone());
                    before = self.read(&[*cond], before.join(&arm));
                }
                before
            }
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => {
                let mut inside = self.looped(body, &[], live.clone(), live.clone());
                self.forget(*var, &mut inside);
                let before = self.read(step.as_slice(), inside.join(&live));
                self.read(&[*start, *limit], before)
            }
            StmtKind::GenericFor { vars, exprs, body } => {
                let mut inside = self.looped(body, &[], live.clone(), live.clone());
                for v in vars.clone() {
                    self.forget(LocalId(v), &mut inside);
                }
                self.read(self.list(*exprs), inside.join(&live))
            }
        }
    }

    /// The body of a loop: `test` is live at its end, beside what the next round may read; `after` is
    /// live after the loop.
    fn looped(&mut self, body: &Block, conds: &[ExprId], test: Set, after: Set) -> Set {
        let mut end = self.read(conds, test);
        self.add_reads(body, &mut end);
        self.loops.push(after);
        let begin = self.block(body, end);
        self.loops.pop();
        begin
    }

    fn candidate(&self, id: LocalId) -> Option<u32> {
        self.candidates[id.index()]
    }

    fn forget(&self, id: LocalId, live: &mut Set) {
        if let Some(n) = self.candidate(id) {
            live.remove(n);
        }
    }

    fn local(&mut self, vars: Range<u32>, exprs: &[ExprId], mut live: Set) -> Set {
        let dead = |s: &Self, id: u32| s.candidate(LocalId(id)).is_some_and(|n| !live.has(n));
        let all_dead = vars.clone().all(|id| dead(self, id));
        if let Some(value) = exprs.first()
            && all_dead
            && !self.is_plain(*value)
        {
            let local = &self.function.locals[vars.start as usize];
            self.report(local.name, local.span);
        }
        for id in vars {
            self.forget(LocalId(id), &mut live);
        }
        self.read(exprs, live)
    }

    /// Whether a value is one that variables begin with: a literal or an empty table.
    fn is_plain(&self, e: ExprId) -> bool {
        let is_empty = matches!(&self.chunk.expr(e).kind, ExprKind::Table(items) if items.is_empty());
        is_empty || self.chunk.constant(e).is_some()
    }

    fn report(&mut self, name: crate::ast::Symbol, span: crate::ast::Span) {
        let name = self.chunk.text(name);
        if !name.starts_with(b"_") {
            let message = format!("the value assigned to '{}' is never read", shown(name));
            self.out.push(Finding::new(Code::UnusedValue, span, message));
        }
    }

    fn assign(&mut self, targets: &[ExprId], exprs: &[ExprId], mut live: Set) -> Set {
        let local = |e: &ExprId| {
            let ExprKind::Local { id, .. } = self.chunk.expr(*e).kind else {
                return None;
            };
            Some(id)
        };
        let numbers: Vec<Option<u32>> = targets
            .iter()
            .map(|e| local(e).and_then(|id| self.candidate(id)))
            .collect();
        // Of `a, b = f()` one value may be meant to be dropped.
        let all_dead = numbers.iter().all(|n| n.is_some_and(|n| !live.has(n)));
        let drops = exprs.first().is_some_and(|e| self.is_nil(*e));
        if all_dead && !drops {
            for t in targets {
                if let Some(id) = local(t) {
                    self.report(self.function.locals[id.index()].name, self.chunk.expr(*t).span);
                }
            }
        }
        for n in numbers.into_iter().flatten() {
            live.remove(n);
        }
        let mut live = self.read(exprs, live);
        for t in targets {
            if local(t).is_none() {
                live = self.read(&[*t], live);
            }
        }
        live
    }

    /// `x = nil` lets go of an object.
    fn is_nil(&self, e: ExprId) -> bool {
        matches!(self.chunk.expr(e).kind, ExprKind::Nil)
    }

    fn read(&self, exprs: &[ExprId], mut live: Set) -> Set {
        self.add_expr_reads(exprs, &mut live);
        live
    }

    fn add_expr_reads(&self, exprs: &[ExprId], live: &mut Set) {
        let mut todo = exprs.to_vec();
        while let Some(e) = todo.pop() {
            match &self.chunk.expr(e).kind {
                ExprKind::Local { id, .. } => {
                    if let Some(n) = self.candidate(*id) {
                        live.add(n);
                    }
                }
                // A function's own variables are not these; those it takes are no candidates.
                ExprKind::Function(_)
                | ExprKind::Nil
                | ExprKind::True
                | ExprKind::False
                | ExprKind::Int(_)
                | ExprKind::Float(_)
                | ExprKind::Str(_)
                | ExprKind::Vararg { .. }
                | ExprKind::Upvalue(_)
                | ExprKind::Constant(_) => {}
                ExprKind::Global { env, .. } => todo.push(*env),
                ExprKind::Index { obj, key } => todo.extend([*obj, *key]),
                ExprKind::Call { callee, args, .. } => {
                    todo.push(*callee);
                    todo.extend(self.list(*args));
                }
                ExprKind::Method { obj, args, .. } => {
                    todo.push(*obj);
                    todo.extend(self.list(*args));
                }
                ExprKind::Binary { lhs, rhs, .. }
                | ExprKind::And { lhs, rhs }
                | ExprKind::Or { lhs, rhs } => todo.extend([*lhs, *rhs]),
                ExprKind::Unary { operand, .. } => todo.push(*operand),
                ExprKind::Paren(inner) => todo.push(*inner),
                ExprKind::Table(items) => {
                    for item in self.list(*items) {
                        match item {
                            TableItem::Positional(e) => todo.push(*e),
                            TableItem::Keyed(k, v) => todo.extend([*k, *v]),
                        }
                    }
                }
            }
        }
    }

    /// Adds what is read anywhere in a block.
    fn add_reads(&self, block: &Block, live: &mut Set) {
        for stmt in self.list(block.stmts) {
            self.add_stmt_reads(stmt, live);
        }
    }

    fn add_stmt_reads(&self, stmt: &Stmt, live: &mut Set) {
        match &stmt.kind {
            StmtKind::Local { exprs, .. } | StmtKind::Global { exprs, .. } | StmtKind::Return(exprs) => {
                self.add_expr_reads(self.list(*exprs), live);
            }
            StmtKind::Assign { targets, exprs } => {
                self.add_expr_reads(self.list(*exprs), live);
                for t in self.list(*targets) {
                    if !matches!(self.chunk.expr(*t).kind, ExprKind::Local { .. }) {
                        self.add_expr_reads(&[*t], live);
                    }
                }
            }
            StmtKind::Function { target, .. } => {
                if !matches!(self.chunk.expr(*target).kind, ExprKind::Local { .. }) {
                    self.add_expr_reads(&[*target], live);
                }
            }
            StmtKind::Call(e) | StmtKind::TailCall(e) => self.add_expr_reads(&[*e], live),
            StmtKind::Do(body) => self.add_reads(body, live),
            StmtKind::While { cond, body } | StmtKind::Repeat { body, cond } => {
                self.add_expr_reads(&[*cond], live);
                self.add_reads(body, live);
            }
            StmtKind::If { arms, otherwise } => {
                for (cond, body) in self.list(*arms) {
                    self.add_expr_reads(&[*cond], live);
                    self.add_reads(body, live);
                }
                if let Some(body) = otherwise {
                    self.add_reads(body, live);
                }
            }
            StmtKind::NumericFor {
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.add_expr_reads(&[*start, *limit], live);
                self.add_expr_reads(step.as_slice(), live);
                self.add_reads(body, live);
            }
            StmtKind::GenericFor { exprs, body, .. } => {
                self.add_expr_reads(self.list(*exprs), live);
                self.add_reads(body, live);
            }
            StmtKind::LocalFunction { .. }
            | StmtKind::GlobalFunction { .. }
            | StmtKind::Break
            | StmtKind::Goto(_)
            | StmtKind::Label(_) => {}
        }
    }
}
