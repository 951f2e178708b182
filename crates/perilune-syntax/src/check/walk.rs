//! Resolved AST -> facts about its variables.

use super::facts::{CallUse, Facts, GlobalUse, LocalFacts, Origin, Use, Var};
use super::globals::Known;
use crate::ast::{
    BinOp, Block, Chunk, ExprId, ExprKind, FuncId, Function, LocalId, LocalKind, Span, Stmt, StmtKind,
    Symbol, TableItem, UpvalueSource, Vararg,
};
use std::ops::Range;

/// Walks over a chunk; `text` is what it was parsed from.
pub(super) fn walk(text: &[u8], chunk: &Chunk, known: &Known) -> Facts {
    let mut walk = Walk {
        chunk,
        text,
        known,
        facts: Facts::default(),
        path: Vec::new(),
        named: Vec::new(),
        visible: Vec::new(),
    };
    for function in &chunk.funcs {
        let unknown = LocalFacts {
            origin: Origin::Declared { has_value: false },
            reads: 0,
            own_reads: 0,
            writes: 0,
            hides: None,
        };
        walk.facts.locals.push(vec![unknown; function.locals.len()]);
        walk.facts.labels.push(vec![false; function.labels.len()]);
    }
    walk.function(chunk.main, None);
    walk.facts
}

/// What the walk is in the middle of.
struct Walk<'c> {
    chunk: &'c Chunk,
    text: &'c [u8],
    known: &'c Known,
    facts: Facts,
    /// The functions around, the main function first.
    path: Vec<FuncId>,
    /// For each of them the local that it is the value of.
    named: Vec<Option<Var>>,
    /// The locals in scope.
    visible: Vec<(Symbol, Var)>,
}

impl<'c> Walk<'c> {
    fn func(&self) -> FuncId {
        self.path.last().copied().unwrap_or(self.chunk.main)
    }

    fn body(&self) -> &'c Function {
        self.chunk.func(self.func())
    }

    /// Walks over a function; `name` is the local that it is the value of.
    fn function(&mut self, id: FuncId, name: Option<Var>) {
        let depth = self.visible.len();
        let f = self.chunk.func(id);
        self.path.push(id);
        self.named.push(name);
        for n in 0..f.params {
            let local = &f.locals[n as usize];
            // The name of a parameter that was written stands where its span says.
            let is_written = self.source(local.span) == self.chunk.text(local.name);
            let origin = if is_written {
                Origin::Parameter
            } else {
                Origin::ImplicitSelf
            };
            self.declare(LocalId(n), origin);
        }
        match f.vararg {
            Vararg::Named { local, .. } => self.declare(local, Origin::Vararg),
            Vararg::None | Vararg::Anonymous => {}
        }
        self.stmts(self.chunk.list(f.body.stmts));
        self.visible.truncate(depth);
        self.named.pop();
        self.path.pop();
    }

    fn source(&self, span: Span) -> &'c [u8] {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Brings a local of the current function into scope.
    fn declare(&mut self, id: LocalId, origin: Origin) {
        let var = Var {
            func: self.func(),
            local: id,
        };
        let name = self.body().locals[id.index()].name;
        let hidden = self.visible.iter().rev().find(|(n, _)| *n == name);
        let hides = hidden.map(|(_, v)| *v);
        let facts = self.facts.of_mut(var);
        facts.origin = origin;
        facts.hides = hides;
        self.visible.push((name, var));
    }

    // Statements.

    fn block(&mut self, block: &'c Block) {
        let depth = self.visible.len();
        self.stmts(self.chunk.list(block.stmts));
        self.visible.truncate(depth);
    }

    fn stmts(&mut self, stmts: &'c [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'c Stmt) {
        match &stmt.kind {
            StmtKind::Local { vars, exprs } => self.local(vars.clone(), self.chunk.list(*exprs)),
            StmtKind::LocalFunction { var, func, .. } => self.local_function(*var, *func),
            StmtKind::Global {
                names,
                targets,
                exprs,
            } => {
                self.facts
                    .declared
                    .extend(self.chunk.list(*names).iter().map(|(name, _)| *name));
                self.exprs(self.chunk.list(*exprs));
                self.targets(self.chunk.list(*targets));
            }
            StmtKind::GlobalFunction { target, expr } => {
                if let ExprKind::Global { name, .. } = self.chunk.expr(*target).kind {
                    self.facts.declared.push(name);
                }
                self.targets(&[*target]);
                self.exprs(&[*expr]);
            }
            StmtKind::Function { target, expr } => {
                self.targets(&[*target]);
                self.exprs(&[*expr]);
            }
            StmtKind::Assign { targets, exprs } => {
                self.exprs(self.chunk.list(*exprs));
                self.targets(self.chunk.list(*targets));
            }
            StmtKind::Call(e) | StmtKind::TailCall(e) => self.exprs(&[*e]),
            StmtKind::Return(exprs) => self.exprs(self.chunk.list(*exprs)),
            StmtKind::Goto(label) => {
                let func = self.func();
                self.facts.labels[func.index()][label.index()] = true;
            }
            StmtKind::Break | StmtKind::Label(_) => {}
            StmtKind::Do(body) => self.block(body),
            StmtKind::While { cond, body } => {
                self.condition(*cond);
                self.block(body);
            }
            StmtKind::Repeat { body, cond } => {
                let depth = self.visible.len();
                self.stmts(self.chunk.list(body.stmts));
                self.condition(*cond);
                self.visible.truncate(depth);
            }
            StmtKind::If { arms, otherwise } => {
                for (cond, body) in self.chunk.list(*arms) {
                    self.condition(*cond);
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StmtKind::NumericFor {
                var,
                start,
                limit,
                step,
                body,
            } => {
                self.exprs(&[*start, *limit]);
                self.exprs(step.as_slice());
                self.counted(*var, body);
            }
            StmtKind::GenericFor { vars, exprs, body } => {
                self.exprs(self.chunk.list(*exprs));
                self.iterated(vars.clone(), body);
            }
        }
    }

    fn local_function(&mut self, local: LocalId, id: FuncId) {
        self.declare(local, Origin::Function(id));
        let func = self.func();
        self.function(id, Some(Var { func, local }));
    }

    fn counted(&mut self, var: LocalId, body: &'c Block) {
        let depth = self.visible.len();
        self.declare(var, Origin::Counter);
        self.block(body);
        self.visible.truncate(depth);
    }

    fn iterated(&mut self, vars: Range<u32>, body: &'c Block) {
        let depth = self.visible.len();
        for (n, id) in vars.enumerate() {
            self.declare(LocalId(id), Origin::Iterated(n as u32));
        }
        self.block(body);
        self.visible.truncate(depth);
    }

    fn local(&mut self, vars: Range<u32>, exprs: &'c [ExprId]) {
        let func = self.func();
        for (n, e) in exprs.iter().enumerate() {
            // `local f = function` names the function, though not inside it.
            if let ExprKind::Function(id) = self.chunk.expr(*e).kind
                && n < vars.len()
            {
                let local = LocalId(vars.start + n as u32);
                self.function(id, Some(Var { func, local }));
            } else {
                self.kept(*e);
            }
        }
        for (n, id) in vars.enumerate() {
            let origin = match exprs.get(n).map(|e| &self.chunk.expr(*e).kind) {
                Some(ExprKind::Function(f)) => Origin::Function(*f),
                Some(_) => Origin::Declared { has_value: true },
                None => Origin::Declared {
                    has_value: !exprs.is_empty(),
                },
            };
            self.declare(LocalId(id), origin);
        }
    }

    // Expressions.

    fn exprs(&mut self, list: &[ExprId]) {
        for e in list {
            self.expr(*e, false);
        }
    }

    /// An expression of which it only matters whether it is true.
    fn condition(&mut self, e: ExprId) {
        self.expr(e, true);
    }

    /// The value of a new local: `local unpack = unpack` does no harm where there is none.
    fn kept(&mut self, e: ExprId) {
        self.expr(e, true);
    }

    /// Walks over an expression. A chain of a million operators must not recurse, so what is to be
    /// visited stands in a list; `tested` says that a global there may be missing.
    fn expr(&mut self, root: ExprId, tested: bool) {
        let mut todo = vec![(root, tested)];
        while let Some((e, tested)) = todo.pop() {
            let first = todo.len();
            self.node(e, tested, &mut todo);
            todo[first..].reverse();
        }
    }

    fn node(&mut self, e: ExprId, tested: bool, todo: &mut Vec<(ExprId, bool)>) {
        let expr = self.chunk.expr(e);
        match &expr.kind {
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg { .. } => {}
            ExprKind::Function(id) => self.function(*id, None),
            ExprKind::Local { .. } | ExprKind::Upvalue(_) => self.read(e),
            ExprKind::Constant(_) => self.read_constant(self.source(expr.span)),
            ExprKind::Global { env, name } => self.global(*env, *name, None, expr.span, used(tested)),
            ExprKind::Index { obj, key } => self.index(*obj, *key, used(tested), todo),
            ExprKind::Call { callee, args, .. } => {
                if let Some(var) = self.variable(*callee) {
                    self.facts.calls.push(CallUse { callee: var, call: e });
                }
                let asks = self.allows_nil(*callee);
                todo.push((*callee, false));
                todo.extend(self.chunk.list(*args).iter().map(|a| (*a, asks)));
            }
            ExprKind::Method { obj, args, .. } => {
                todo.push((*obj, false));
                todo.extend(self.chunk.list(*args).iter().map(|a| (*a, false)));
            }
            ExprKind::Binary { op, lhs, rhs, .. } => {
                let compares = matches!(op, BinOp::Eq | BinOp::Ne);
                let is_nil = |e: &ExprId| matches!(self.chunk.expr(*e).kind, ExprKind::Nil);
                let tests = compares && (is_nil(lhs) || is_nil(rhs));
                todo.extend([(*lhs, tests), (*rhs, tests)]);
            }
            ExprKind::Unary { operand, .. } => {
                todo.push((
                    *operand,
                    matches!(
                        expr.kind,
                        ExprKind::Unary {
                            op: crate::ast::UnOp::Not,
                            ..
                        }
                    ),
                ));
            }
            ExprKind::And { lhs, rhs } | ExprKind::Or { lhs, rhs } => {
                todo.extend([(*lhs, true), (*rhs, true)])
            }
            ExprKind::Paren(inner) => todo.push((*inner, tested)),
            ExprKind::Table(items) => {
                for item in self.chunk.list(*items) {
                    match item {
                        TableItem::Positional(e) => todo.push((*e, false)),
                        TableItem::Keyed(k, v) => todo.extend([(*k, false), (*v, false)]),
                    }
                }
            }
        }
    }

    /// Whether a call of this does no harm if an argument is missing: `type`, `pcall`.
    fn allows_nil(&self, callee: ExprId) -> bool {
        let name = self.source(self.chunk.expr(callee).span);
        name == b"type" || name == b"pcall"
    }

    fn index(&mut self, obj: ExprId, key: ExprId, what: Use, todo: &mut Vec<(ExprId, bool)>) {
        let (object, field) = (&self.chunk.expr(obj).kind, &self.chunk.expr(key).kind);
        if let (&ExprKind::Global { env, name }, &ExprKind::Str(field)) = (object, field) {
            let span = self.chunk.expr(key).span;
            self.global(env, name, Some(field), span, what);
        }
        todo.extend([(obj, false), (key, false)]);
    }

    /// The local that an expression names.
    fn variable(&self, e: ExprId) -> Option<Var> {
        if let ExprKind::Upvalue(index) = self.chunk.expr(e).kind {
            return self.captured(index);
        }
        let ExprKind::Local { id, .. } = self.chunk.expr(e).kind else {
            return None;
        };
        Some(Var {
            func: self.func(),
            local: id,
        })
    }

    /// The local behind an upvalue of the current function; none for the main function's `_ENV`.
    fn captured(&self, index: u32) -> Option<Var> {
        let mut level = self.path.len() - 1;
        let mut index = index;
        while level > 0 {
            let upvalue = &self.chunk.func(self.path[level]).upvalues[index as usize];
            level -= 1;
            match upvalue.source {
                UpvalueSource::Local(local) => {
                    return Some(Var {
                        func: self.path[level],
                        local,
                    });
                }
                UpvalueSource::Upvalue(outer) => index = outer,
            }
        }
        None
    }

    fn read(&mut self, e: ExprId) {
        if let Some(var) = self.variable(e) {
            self.count_read(var);
        }
    }

    fn count_read(&mut self, var: Var) {
        let is_own = self.named.contains(&Some(var));
        let facts = self.facts.of_mut(var);
        if is_own {
            facts.own_reads += 1;
        } else {
            facts.reads += 1;
        }
    }

    /// A use of a compile-time constant: the innermost one of that name.
    fn read_constant(&mut self, name: &[u8]) {
        let is_it = |(n, v): &&(Symbol, Var)| {
            let local = &self.chunk.func(v.func).locals[v.local.index()];
            self.chunk.text(*n) == name && matches!(local.kind, LocalKind::CompileTime(_))
        };
        if let Some(&(_, var)) = self.visible.iter().rev().find(is_it) {
            self.count_read(var);
        }
    }

    fn targets(&mut self, targets: &[ExprId]) {
        for t in targets {
            self.target(*t);
        }
    }

    fn target(&mut self, t: ExprId) {
        let expr = self.chunk.expr(t);
        if let ExprKind::Global { env, name } = expr.kind {
            self.global(env, name, None, expr.span, Use::Write);
        } else if let ExprKind::Index { obj, key } = expr.kind {
            let mut todo = Vec::new();
            self.index(obj, key, Use::Write, &mut todo);
            for (e, tested) in todo {
                self.expr(e, tested);
            }
        } else if let Some(var) = self.variable(t) {
            self.facts.of_mut(var).writes += 1;
        } else {
            // The main function's `_ENV`.
            self.facts.has_own_globals = true;
        }
    }

    fn global(&mut self, env: ExprId, name: Symbol, field: Option<Symbol>, span: Span, what: Use) {
        if field.is_none() {
            if matches!(self.chunk.expr(env).kind, ExprKind::Constant(_)) {
                self.read_constant(b"_ENV");
            } else {
                self.read(env);
            }
        }
        let is_upvalue = matches!(self.chunk.expr(env).kind, ExprKind::Upvalue(_));
        if !is_upvalue || self.variable(env).is_some() {
            return;
        }
        let is_known = what != Use::Read || self.known.has(self.chunk.text(name));
        let visible = self.visible.iter().filter(|_| !is_known);
        let visible = visible.map(|(n, _)| *n).collect();
        self.facts.globals.push(GlobalUse {
            name,
            field,
            span,
            what,
            outside: self.path.len() == 1,
            visible,
        });
    }
}

fn used(tested: bool) -> Use {
    if tested { Use::Tested } else { Use::Read }
}
