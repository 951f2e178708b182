//! Expressions that are no operators, calls or constructors.

use super::code::plain_constant;
use super::place::{Place, Role};
use super::{Walker, value};
use crate::exec::registers;
use crate::semantics::{self, Outcome};
use crate::value::{Tag, Value};
use perilune_syntax::ast::{Constant, ExprId, ExprKind, FuncId, Symbol, Vararg};

impl Walker<'_> {
    /// The value of an expression; `d` registers are in use.
    pub(super) fn eval(&mut self, e: ExprId, d: usize) -> Value {
        match self.kind(e) {
            ExprKind::Nil => Value::NIL,
            ExprKind::True => Value::TRUE,
            ExprKind::False => Value::FALSE,
            ExprKind::Int(i) => Value::int(*i),
            ExprKind::Float(f) => Value::float(*f),
            ExprKind::Str(s) => self.symbol(*s),
            ExprKind::Constant(c) => self.constant(*c),
            ExprKind::Local { slot, .. } => self.r(*slot as usize),
            ExprKind::Upvalue(i) => self.upvalue(*i),
            ExprKind::Global { env, name } => self.global(e, *env, *name, d),
            ExprKind::Index { obj, key } => self.index(e, *obj, *key, d),
            ExprKind::Call { .. } | ExprKind::Method { .. } => self.first_result(e, d),
            ExprKind::Binary { op, lhs, rhs, .. } => self.binary(e, *op, *lhs, *rhs, d),
            ExprKind::Unary { op, operand, .. } => self.unary(e, *op, *operand, d),
            ExprKind::And { lhs, rhs } => self.either(*lhs, *rhs, false, d),
            ExprKind::Or { lhs, rhs } => self.either(*lhs, *rhs, true, d),
            ExprKind::Paren(inner) => self.eval(*inner, d),
            ExprKind::Vararg { line } => self.vararg(e, *line, d),
            ExprKind::Function(f) => self.function(e, *f, d),
            ExprKind::Table(items) => self.constructor(e, self.items(*items), d),
        }
    }

    /// As [`Walker::eval`], of an operand, which is most often a variable or a constant: those need no jump
    /// that is hard to predict.
    #[inline(always)]
    pub(super) fn operand(&mut self, e: ExprId, d: usize) -> Value {
        match self.kind(e) {
            ExprKind::Local { slot, .. } => self.r(*slot as usize),
            ExprKind::Int(i) => Value::int(*i),
            ExprKind::Binary { op, lhs, rhs, .. } => self.binary(e, *op, *lhs, *rhs, d),
            _ => self.eval(e, d),
        }
    }

    /// `lhs and rhs`, `lhs or rhs`: the left one if it decides.
    #[inline(never)]
    fn either(&mut self, lhs: ExprId, rhs: ExprId, decisive: bool, d: usize) -> Value {
        if self.is_deep() {
            return Value::THROWN;
        }
        let v = value!(self.eval(lhs, d));
        if v.truthy() == decisive {
            return v;
        }
        self.eval(rhs, d)
    }

    /// Evaluates an expression into register `d`.
    #[inline(always)]
    pub(super) fn load(&mut self, e: ExprId, d: usize) -> bool {
        let v = self.operand(e, d);
        if v.tag == Tag::THROWN {
            return false;
        }
        self.put(d, v);
        !self.tracing || !self.is_simple(e) || self.trace_load(e, d + 1)
    }

    fn constant(&self, c: Constant) -> Value {
        match c {
            Constant::Str(s) => self.symbol(s),
            other => plain_constant(other).unwrap_or(Value::NIL),
        }
    }

    /// Upvalue `i` of the running function.
    #[inline(always)]
    pub(super) fn upvalue(&self, i: u32) -> Value {
        // SAFETY: the function has the upvalues that its tree names.
        unsafe { (*self.closure().upvals().add(i as usize)).get(&self.state().heap) }
    }

    /// Whether evaluating an expression only looks at variables and constants.
    #[inline(always)]
    pub(super) fn is_simple(&self, e: ExprId) -> bool {
        matches!(
            self.kind(e),
            ExprKind::Local { .. }
                | ExprKind::Upvalue(_)
                | ExprKind::Int(_)
                | ExprKind::Float(_)
                | ExprKind::Str(_)
                | ExprKind::Constant(_)
                | ExprKind::Nil
                | ExprKind::True
                | ExprKind::False
        )
    }

    /// Evaluates two operands. A variable on the left is read when both are needed, so that what the right
    /// one does to it counts.
    #[inline(always)]
    pub(super) fn operands(&mut self, lhs: ExprId, rhs: ExprId, d: usize) -> Option<(Value, Value)> {
        if let ExprKind::Local { slot, .. } = self.kind(lhs) {
            let b = self.operand(rhs, d);
            return (b.tag != Tag::THROWN).then(|| (self.r(*slot as usize), b));
        }
        let mut a = self.operand(lhs, d);
        if a.tag == Tag::THROWN {
            return None;
        }
        let b = if !self.is_simple(rhs) {
            self.put(d, a);
            let b = self.eval(rhs, d + 1);
            a = self.r(d);
            b
        } else {
            self.operand(rhs, d)
        };
        (b.tag != Tag::THROWN).then_some((a, b))
    }

    /// A field of `_ENV`.
    #[inline(never)]
    fn global(&mut self, e: ExprId, env: ExprId, name: Symbol, d: usize) -> Value {
        let env = value!(self.eval(env, d));
        if self.tracing && !self.trace_operation(e, env, Value::NIL, d) {
            return Value::THROWN;
        }
        self.get(e, env, self.symbol(name), d)
    }

    /// `obj[key]`
    #[inline(never)]
    fn index(&mut self, e: ExprId, obj: ExprId, key: ExprId, d: usize) -> Value {
        if self.is_deep() {
            return Value::THROWN;
        }
        let (obj, key) = match self.kind(obj) {
            ExprKind::Upvalue(i) => {
                let key = value!(self.eval(key, d));
                (self.upvalue(*i), key)
            }
            ExprKind::Local { slot, .. } if *slot as usize == self.varargs => {
                let key = value!(self.eval(key, d));
                // SAFETY: the varargs stand below the running frame.
                return unsafe { registers::one_vararg(&*self.frame(), key, self.state()) };
            }
            _ => match self.operands(obj, key, d) {
                Some(both) => both,
                None => return Value::THROWN,
            },
        };
        if self.tracing && !self.trace_operation(e, obj, key, d) {
            return Value::THROWN;
        }
        self.get(e, obj, key, d)
    }

    /// `obj[key]` of values; `e` is the expression that says so.
    #[inline(always)]
    pub(super) fn get(&mut self, e: ExprId, obj: Value, key: Value, d: usize) -> Value {
        match semantics::index::plain(&self.state().heap, obj, key) {
            Some(v) => v,
            None => self.get_slow(e, obj, key, d),
        }
    }
    #[inline(never)]
    fn get_slow(&mut self, e: ExprId, obj: Value, key: Value, d: usize) -> Value {
        let role = match self.kind(e) {
            ExprKind::Method { .. } => Role::Fetch,
            _ => Role::Eval,
        };
        self.at_expr(role, e, d);
        self.state().operands = [obj, key];
        let outcome = semantics::index::index(self.state(), obj, key);
        self.finish(outcome, d)
    }

    /// The value of an operation, its metamethod called if it has one.
    pub(super) fn finish(&mut self, outcome: Result<Outcome, crate::error::Throw>, d: usize) -> Value {
        match outcome {
            Ok(Outcome::Value(v)) => v,
            Ok(Outcome::Call { f, a, b }) => self.call_with(&[f, a, b], d),
            Err(t) => self.thrown(t),
        }
    }

    /// A function expression: a closure of the function's tree over the variables here.
    #[inline(never)]
    fn function(&mut self, e: ExprId, f: FuncId, d: usize) -> Value {
        let line = self.tree.code.chunk.func(f).end_line;
        if self.tracing {
            self.put(d, Value::NIL);
            if !self.trace(self.nodes.expr(e).span.end, line, d + 1) {
                return Value::THROWN;
            }
        }
        self.at(Place::expr(Role::Eval, e, line), d);
        let nth = self.tree.code.nth[f.index()] as usize;
        // SAFETY: the function is nested in the running one, whose registers and upvalues it names.
        let made = unsafe { registers::new_closure(self.state(), self.closure(), self.base, nth) };
        match made {
            Ok(c) => {
                self.put(d, c.into());
                if self.poll(d + 1) {
                    self.r(d)
                } else {
                    Value::THROWN
                }
            }
            Err(t) => self.thrown(t),
        }
    }

    /// `...` as one value.
    #[inline(never)]
    fn vararg(&mut self, e: ExprId, line: u32, d: usize) -> Value {
        if self.varargs((e, line), d, 1) {
            self.r(d)
        } else {
            Value::THROWN
        }
    }

    /// Copies varargs, for the expression and its line, to the registers from `d` on: `want` of them, or all
    /// (-1) and sets the top.
    pub(super) fn varargs(&mut self, (e, line): (ExprId, u32), d: usize, want: i32) -> bool {
        let table = match self.func.vararg {
            Vararg::Named {
                local,
                used_as_value: true,
            } => Some(self.func.locals[local.index()].slot as usize),
            Vararg::Named { .. } | Vararg::Anonymous | Vararg::None => None,
        };
        self.at(Place::expr(Role::Eval, e, line), d);
        // SAFETY: the running frame is this activation's, and has the registers.
        let r = unsafe { registers::get_varargs(self.state(), d, want, table) };
        self.reload();
        self.done(r)
    }
}
