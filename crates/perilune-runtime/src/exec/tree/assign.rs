//! Declarations and assignments.

use super::place::{Place, Role};
use super::{Flow, Walker, done_or_throw, value_or_throw};
use crate::semantics::index::{self, Store};
use crate::value::{Tag, Value};
use perilune_syntax::ast::{ExprId, ExprKind, LocalKind, Stmt};

/// Where a target's object or key is until the values are known.
#[derive(Clone, Copy)]
enum Operand {
    /// In a register: a variable's own, or one of the assignment's.
    Register(usize),
    /// An upvalue, read when the value is stored.
    Upvalue(u32),
    /// A string or other constant of the tree.
    Constant(ExprId),
}

impl Walker<'_> {
    /// `local a, b = ...`
    pub(super) fn local(
        &mut self,
        stmt: &Stmt,
        vars: std::ops::Range<u32>,
        exprs: &[ExprId],
        d: &mut usize,
    ) -> Flow {
        let locals = &self.func.locals[vars.start as usize..vars.end as usize];
        if let ([_], [e]) = (locals, exprs)
            && let LocalKind::Regular | LocalKind::Const = locals[0].kind
        {
            done_or_throw!(self.load(*e, *d));
            *d += 1;
            return Flow::Next;
        }
        let is_constant = |k: &LocalKind| matches!(k, LocalKind::CompileTime(_));
        let registers = locals.iter().filter(|l| !is_constant(&l.kind)).count();
        let known = registers < locals.len();
        if let (true, Some((&last, exprs))) = (known, exprs.split_last()) {
            // As many expressions as variables: each gives one value.
            for (i, &e) in exprs.iter().enumerate() {
                done_or_throw!(self.load(e, *d + i));
            }
            if self.tree.code.chunk.constant(last).is_none() {
                value_or_throw!(self.operand(last, *d + exprs.len()));
            }
        } else {
            done_or_throw!(self.adjusted_list(exprs, registers, *d));
            if self.tracing && exprs.len() < registers {
                self.end = stmt.span.end;
                done_or_throw!(self.trace_end_of_statement(*d + registers));
            }
        }
        let first = *d;
        *d += registers;
        for (i, local) in locals.iter().enumerate() {
            if local.kind == LocalKind::Close {
                self.at_offset(Role::Statement, stmt.span.end, *d);
                // SAFETY: a register of the running frame.
                let marked = self.state().mark_tbc(unsafe { self.base.add(first + i) });
                done_or_throw!(self.done(marked));
            }
        }
        Flow::Next
    }

    /// `global a, b = ...`: the names are checked to be undefined, then assigned.
    pub(super) fn define_globals(&mut self, targets: &[ExprId], exprs: &[ExprId], d: usize) -> Flow {
        if exprs.is_empty() {
            return Flow::Next;
        }
        done_or_throw!(self.adjusted_list(exprs, targets.len(), d));
        let inner = d + targets.len();
        for (i, &target) in targets.iter().enumerate().rev() {
            let old = value_or_throw!(self.operand(target, inner));
            let ExprKind::Global { env, name } = self.kind(target) else {
                unreachable!("a declared name is a global");
            };
            if old.tag != Tag::NIL {
                let line = self.tree.line(self.end.saturating_sub(1));
                self.at(Place::expr(Role::Store, target, line), inner);
                let t = index::already_defined(self.state(), self.symbol(*name));
                return self.flow(t);
            }
            let env = value_or_throw!(self.operand(*env, inner));
            done_or_throw!(self.set(target, env, self.symbol(*name), self.r(d + i), inner));
        }
        Flow::Next
    }

    /// `targets = exprs`
    pub(super) fn assign(&mut self, targets: &[ExprId], exprs: &[ExprId], d: usize) -> Flow {
        match (targets, exprs) {
            ([target], [e]) => self.assign_one(*target, *e, d),
            _ => self.assign_all(targets, exprs, d),
        }
    }

    /// `target = e`
    pub(super) fn assign_one(&mut self, target: ExprId, e: ExprId, d: usize) -> Flow {
        match self.kind(target) {
            ExprKind::Local { slot, .. } => {
                if self.tracing {
                    done_or_throw!(self.load(e, d));
                    self.put(*slot as usize, self.r(d));
                } else {
                    let v = value_or_throw!(self.operand(e, d));
                    self.put(*slot as usize, v);
                }
            }
            ExprKind::Upvalue(i) => {
                let mut v = value_or_throw!(self.operand(e, d));
                if self.tracing {
                    self.put(d, v);
                    done_or_throw!(self.trace_end_of_statement(d + 1));
                    v = self.r(d);
                }
                self.set_upvalue(*i, v);
            }
            _ => {
                let mut inner = d;
                let Some((obj, key)) = self.target(target, &[], &mut inner) else {
                    return Flow::Throw;
                };
                let mut v = value_or_throw!(self.operand(e, inner));
                if self.tracing {
                    self.put(inner, v);
                    done_or_throw!(self.trace_end_of_statement(inner + 1));
                    v = self.r(inner);
                }
                let (obj, key) = (self.read(obj), self.read(key));
                done_or_throw!(self.set(target, obj, key, v, inner));
            }
        }
        Flow::Next
    }

    /// Several targets: objects and keys are evaluated first, then the values; they are stored from the last
    /// target to the first.
    #[inline(never)]
    fn assign_all(&mut self, targets: &[ExprId], exprs: &[ExprId], d: usize) -> Flow {
        // Operands take two registers each at most; which, can be told again without a list (rule 5).
        let mut inner = d;
        for &target in targets {
            if !self.is_variable(target) && self.target(target, targets, &mut inner).is_none() {
                return Flow::Throw;
            }
        }
        done_or_throw!(self.adjusted_list(exprs, targets.len(), inner));
        let end = inner + targets.len();
        for (i, &target) in targets.iter().enumerate().rev() {
            let v = self.r(inner + i);
            done_or_throw!(!self.tracing || self.trace_end_of_statement(end));
            match self.kind(target) {
                ExprKind::Local { slot, .. } => self.put(*slot as usize, v),
                ExprKind::Upvalue(u) => self.set_upvalue(*u, v),
                _ => {
                    let (obj, key) = self.target_again(target, targets, d);
                    let (obj, key) = (self.read(obj), self.read(key));
                    done_or_throw!(self.set(target, obj, key, v, end));
                }
            }
        }
        Flow::Next
    }

    fn is_variable(&self, target: ExprId) -> bool {
        matches!(self.kind(target), ExprKind::Local { .. } | ExprKind::Upvalue(_))
    }

    /// Object and key of a target that is a field.
    fn parts(&self, target: ExprId) -> (ExprId, Option<ExprId>) {
        match self.kind(target) {
            ExprKind::Index { obj, key } => (*obj, Some(*key)),
            ExprKind::Global { env, .. } => (*env, None),
            _ => unreachable!("not a field"),
        }
    }

    /// Evaluates object and key of a field. Variables that are not themselves among `targets` stay where they
    /// are: what the values do to them counts.
    fn target(&mut self, target: ExprId, targets: &[ExprId], d: &mut usize) -> Option<(Operand, Operand)> {
        let (obj, key) = self.parts(target);
        let obj_at = self.place_operand(obj, targets, key.is_none_or(|k| self.is_name(k)), *d);
        self.fill(obj, obj_at, d)?;
        let key_at = match key {
            Some(k) => self.place_operand(k, targets, false, *d),
            None => Operand::Constant(target),
        };
        if let Some(k) = key {
            self.fill(k, key_at, d)?;
        }
        Some((obj_at, key_at))
    }

    /// Where [`Walker::target`] has put the parts of `target`, when the first of `targets` began at `d`.
    fn target_again(&self, target: ExprId, targets: &[ExprId], d: usize) -> (Operand, Operand) {
        let mut at = d;
        for &t in targets {
            if self.is_variable(t) {
                continue;
            }
            let (obj, key) = self.parts(t);
            let obj_at = self.place_operand(obj, targets, key.is_none_or(|k| self.is_name(k)), at);
            at += usize::from(matches!(obj_at, Operand::Register(r) if r == at));
            let key_at = match key {
                Some(k) => self.place_operand(k, targets, false, at),
                None => Operand::Constant(t),
            };
            at += usize::from(matches!(key_at, Operand::Register(r) if r == at));
            if t == target {
                return (obj_at, key_at);
            }
        }
        unreachable!("one of the targets")
    }

    /// Where an operand is to be: register `d` if it has to be evaluated. `by_name`: it is the object of a
    /// field with a name.
    fn place_operand(&self, e: ExprId, targets: &[ExprId], by_name: bool, d: usize) -> Operand {
        let is_target = |e: ExprId| targets.iter().any(|&t| self.same_variable(t, e));
        match self.kind(e) {
            ExprKind::Local { slot, .. } if !is_target(e) => Operand::Register(*slot as usize),
            ExprKind::Upvalue(i) if by_name && !is_target(e) => Operand::Upvalue(*i),
            ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Constant(_) => Operand::Constant(e),
            _ => Operand::Register(d),
        }
    }

    fn same_variable(&self, a: ExprId, b: ExprId) -> bool {
        match (self.kind(a), self.kind(b)) {
            (ExprKind::Local { id: x, .. }, ExprKind::Local { id: y, .. }) => x == y,
            (ExprKind::Upvalue(x), ExprKind::Upvalue(y)) => x == y,
            _ => false,
        }
    }

    fn is_name(&self, e: ExprId) -> bool {
        matches!(self.kind(e), ExprKind::Str(_))
    }

    /// Evaluates an operand into its register, if it has one of its own, the next.
    fn fill(&mut self, e: ExprId, at: Operand, d: &mut usize) -> Option<()> {
        if let Operand::Register(r) = at
            && r == *d
        {
            let v = self.eval(e, r);
            if v.tag == Tag::THROWN {
                return None;
            }
            self.put(r, v);
            *d += 1;
        }
        Some(())
    }

    fn read(&mut self, at: Operand) -> Value {
        match at {
            Operand::Register(r) => self.r(r),
            Operand::Upvalue(i) => self.upvalue(i),
            Operand::Constant(e) => match self.kind(e) {
                ExprKind::Global { name, .. } => self.symbol(*name),
                _ => self.eval(e, 0),
            },
        }
    }

    fn set_upvalue(&mut self, i: u32, v: Value) {
        // SAFETY: the function has the upvalues that its tree names.
        unsafe { (*self.closure().upvals().add(i as usize)).set(&mut self.state().heap, v) };
    }

    /// `obj[key] = v` of values; `e` is the target that says so.
    #[inline(always)]
    pub(super) fn set(&mut self, e: ExprId, obj: Value, key: Value, v: Value, d: usize) -> bool {
        index::set_plain(self.state(), obj, key, v) || self.set_slow(e, obj, key, v, d)
    }
    #[inline(never)]
    fn set_slow(&mut self, e: ExprId, obj: Value, key: Value, v: Value, d: usize) -> bool {
        let line = self.tree.line(self.end.saturating_sub(1));
        self.at(Place::expr(Role::Store, e, line), d);
        self.state().operands = [obj, key];
        match index::set_index(self.state(), obj, key, v) {
            Ok(Store::Done) => true,
            Ok(Store::Call { f, obj }) => self.call_with(&[f, obj, key, v], d).tag != Tag::THROWN,
            Err(t) => self.done(Err(t)),
        }
    }
}
