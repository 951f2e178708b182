//! Expressions of the tree.

use super::exp::{Exp, Kind};
use super::{CResult, Compiler};
use crate::ops::{Instr, Op};
use perilune_syntax::ast::{Constant, ExprId, ExprKind, FuncId, LocalId, Span, TableItem};

/// Largest value of a count operand.
const MAX_COUNT: u32 = 255;

/// The state of a table constructor.
struct Constructor {
    /// Register of the table.
    table: u8,
    /// A positional item that is not in a register yet.
    item: Option<Exp>,
    /// Positional items stored.
    stored: u32,
    /// Positional items in registers, `item` included.
    waiting: u32,
    /// How many may wait.
    most: u32,
    /// Keyed items.
    keyed: u32,
}

impl Compiler<'_, '_> {
    /// Compiles an expression. Chains of operators, calls and indexings that nest to the left are
    /// walked without recursion.
    pub(super) fn expr(&mut self, id: ExprId) -> CResult<Exp> {
        let bottom = self.fs.spine.len();
        let mut first = id;
        while let Some(left) = self.left_operand(first) {
            self.fs.spine.push(first);
            first = left;
        }
        let mut e = self.primary(first)?;
        while self.fs.spine.len() > bottom {
            if let Some(id) = self.fs.spine.pop() {
                self.extend(id, &mut e)?;
            }
        }
        Ok(e)
    }

    fn left_operand(&self, id: ExprId) -> Option<ExprId> {
        match &self.expr_of(id).kind {
            ExprKind::Binary { lhs, .. } | ExprKind::And { lhs, .. } | ExprKind::Or { lhs, .. } => Some(*lhs),
            ExprKind::Index { obj, .. } | ExprKind::Method { obj, .. } => Some(*obj),
            ExprKind::Call { callee, .. } => Some(*callee),
            ExprKind::Paren(inner) => Some(*inner),
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Function(_)
            | ExprKind::Local { .. }
            | ExprKind::Upvalue(_)
            | ExprKind::Constant(_)
            | ExprKind::Global { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Table(_) => None,
        }
    }

    /// An expression without a left operand.
    fn primary(&mut self, id: ExprId) -> CResult<Exp> {
        let expr = self.expr_of(id);
        let kind = match &expr.kind {
            ExprKind::Nil => Kind::Nil,
            ExprKind::True => Kind::True,
            ExprKind::False => Kind::False,
            ExprKind::Int(i) => Kind::Int(*i),
            ExprKind::Float(n) => Kind::Float(*n),
            ExprKind::Str(s) => Kind::Str(*s),
            ExprKind::Local { id, .. } => self.local(*id),
            ExprKind::Upvalue(up) => Kind::Upvalue(*up as u8),
            ExprKind::Constant(value) => constant(*value),
            ExprKind::Vararg { .. } => self.varargs(expr.span),
            ExprKind::Function(func) => return self.closure(*func, expr.span.end),
            ExprKind::Table(items) => return self.table(self.list(*items), expr.span),
            ExprKind::Global { env, name } => {
                let mut table = self.primary(*env)?;
                self.pos = expr.span.end;
                self.make_indexable(&mut table)?;
                self.index(&mut table, &mut Exp::from(Kind::Str(*name)))?;
                return Ok(table);
            }
            ExprKind::Unary { op, operand, line } => {
                let mut e = self.expr(*operand)?;
                self.prefix(*op, &mut e, *line)?;
                return Ok(e);
            }
            ExprKind::Binary { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Index { .. }
            | ExprKind::Method { .. }
            | ExprKind::Call { .. }
            | ExprKind::Paren(_) => return self.expr(id),
        };
        self.pos = expr.span.end;
        Ok(Exp::from(kind))
    }

    /// What follows the left operand `e` of an expression; `e` becomes the whole.
    fn extend(&mut self, id: ExprId, e: &mut Exp) -> CResult {
        let expr = self.expr_of(id);
        match &expr.kind {
            ExprKind::Binary { op, rhs, line, .. } => {
                self.next_token();
                self.infix(*op, e)?;
                let right = self.expr(*rhs)?;
                *e = self.postfix(*op, *e, right, *line)?;
            }
            ExprKind::And { rhs, .. } => {
                self.next_token();
                self.go_if_true(e)?;
                let mut right = self.expr(*rhs)?;
                self.discharge_vars(&mut right);
                self.fs.join(&mut right.on_false, e.on_false);
                *e = right;
            }
            ExprKind::Or { rhs, .. } => {
                self.next_token();
                self.go_if_false(e)?;
                let mut right = self.expr(*rhs)?;
                self.discharge_vars(&mut right);
                self.fs.join(&mut right.on_true, e.on_true);
                *e = right;
            }
            ExprKind::Index { key, .. } => {
                self.make_indexable(e)?;
                let mut key = self.expr(*key)?;
                self.make_value(&mut key)?;
                self.pos = expr.span.end;
                self.index(e, &mut key)?;
            }
            ExprKind::Call { args, line, .. } => {
                let base = self.put_next(e)?;
                *e = self.call(base, self.list(*args), *line, expr.span)?;
            }
            ExprKind::Method { name, args, line, .. } => {
                self.next_token();
                self.next_token();
                let base = self.method(e, *name)?;
                *e = self.call(base, self.list(*args), *line, expr.span)?;
            }
            ExprKind::Paren(_) => {
                self.pos = expr.span.end;
                self.discharge_vars(e);
            }
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Function(_)
            | ExprKind::Local { .. }
            | ExprKind::Upvalue(_)
            | ExprKind::Constant(_)
            | ExprKind::Global { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Table(_) => {}
        }
        Ok(())
    }

    /// The variable, as something that can also be assigned.
    pub(super) fn local(&self, id: LocalId) -> Kind {
        let reg = self.fs.regs[id.index()];
        if self.fs.virtual_vararg == Some(id) {
            Kind::VarargParam(reg)
        } else {
            Kind::Local(reg)
        }
    }

    fn varargs(&mut self, span: Span) -> Kind {
        self.before(span.start);
        let has_table = super::has_table(self.unit.function);
        let table = if has_table {
            self.unit.function.params as u8 + 1
        } else {
            0
        };
        Kind::Varargs(self.emit(Op::VARARG, 0, table, 2, 0))
    }

    /// A function expression; its closure goes to the next register.
    pub(super) fn closure(&mut self, id: FuncId, end: u32) -> CResult<Exp> {
        let index = self.nested(id);
        self.pos = end;
        let mut e = Exp::from(Kind::Pending(self.emit(Op::CLOSURE, 0, 0, 0, index as i32)));
        self.put_next(&mut e)?;
        Ok(e)
    }

    /// Compiles a list of expressions, all but the last into consecutive registers. The last comes
    /// back as it is; `Void` when the list is empty.
    pub(super) fn expr_list(&mut self, list: &[ExprId]) -> CResult<Exp> {
        let mut last = Exp::from(Kind::Void);
        for (i, &id) in list.iter().enumerate() {
            if i > 0 {
                self.next_token();
                self.put_next(&mut last)?;
            }
            last = self.expr(id)?;
        }
        Ok(last)
    }

    /// Adjusts a list of `count` expressions, the last of which is `last`, to `wanted` values.
    pub(super) fn adjust(&mut self, wanted: usize, count: usize, mut last: Exp) -> CResult {
        let missing = wanted as i64 - count as i64;
        if missing > 0 {
            self.check_stack(missing as u32)?;
        }
        if last.is_multi() {
            self.set_results(&last, (missing + 1).max(0) as u32)?;
        } else {
            if last.kind != Kind::Void {
                self.put_next(&mut last)?;
            }
            if missing > 0 {
                let from = self.fs.free;
                self.load_nil(from, missing as u8);
            }
        }
        if missing > 0 {
            self.reserve(missing as u32)?;
        } else {
            self.fs.free = (i64::from(self.fs.free) + missing) as u8;
        }
        Ok(())
    }

    /// The call of what is in register `base`; `self` may already be behind it.
    fn call(&mut self, base: u8, args: &[ExprId], line: u32, span: Span) -> CResult<Exp> {
        let mut last = self.expr_list(args)?;
        if last.is_multi() {
            self.set_open(&last)?;
        }
        self.pos = span.end;
        let b = if last.is_multi() {
            0
        } else {
            if last.kind != Kind::Void {
                self.put_next(&mut last)?;
            }
            self.fs.free - base
        };
        let pc = self.emit(Op::CALL, base, b, 2, 0);
        self.fs.fix_line(line);
        self.fs.free = base + 1;
        Ok(Exp::from(Kind::Call(pc)))
    }

    fn table(&mut self, items: &[TableItem], span: Span) -> CResult<Exp> {
        self.before(span.start);
        let pc = self.emit(Op::NEWTABLE, 0, 0, 0, 0);
        let table = self.fs.free;
        self.reserve(1)?;
        self.pos = span.start + 1;
        let most = waiting_items(self.fs.free);
        let mut cons = Constructor {
            table,
            item: None,
            stored: 0,
            waiting: 0,
            most,
            keyed: 0,
        };
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.next_token();
            }
            self.close_item(&mut cons)?;
            match item {
                TableItem::Positional(e) => {
                    cons.item = Some(self.expr(*e)?);
                    cons.waiting += 1;
                }
                TableItem::Keyed(key, value) => self.keyed_item(&mut cons, *key, *value)?,
            }
        }
        self.last_item(&mut cons, span)?;
        let keyed = cons.keyed.min(MAX_COUNT) as u8;
        self.fs.code[pc] = Instr::new(Op::NEWTABLE, table, keyed, 0, cons.stored as i32);
        Ok(Exp::from(Kind::Fixed(table)))
    }

    fn keyed_item(&mut self, cons: &mut Constructor, key: ExprId, value: ExprId) -> CResult {
        let free = self.fs.free;
        let mut key = self.expr(key)?;
        self.make_value(&mut key)?;
        cons.keyed += 1;
        self.before(self.start_of(value));
        let mut place = Exp::from(Kind::Fixed(cons.table));
        self.index(&mut place, &mut key)?;
        let mut value = self.expr(value)?;
        self.store(&place, &mut value)?;
        self.fs.free = free;
        Ok(())
    }

    /// Offset of the first byte of an expression.
    fn start_of(&self, id: ExprId) -> u32 {
        self.expr_of(id).span.start
    }

    /// Puts the last positional item in its register, and stores all that wait when they are many.
    fn close_item(&mut self, cons: &mut Constructor) -> CResult {
        let Some(mut item) = cons.item.take() else {
            return Ok(());
        };
        self.put_next(&mut item)?;
        if cons.waiting >= cons.most {
            self.store_items(cons, cons.waiting as u8);
        }
        Ok(())
    }

    fn store_items(&mut self, cons: &mut Constructor, count: u8) {
        self.emit(Op::SETLIST, cons.table, count, 0, cons.stored as i32);
        self.fs.free = cons.table + 1;
        cons.stored += cons.waiting;
        cons.waiting = 0;
    }

    fn last_item(&mut self, cons: &mut Constructor, span: Span) -> CResult {
        self.pos = span.end;
        if cons.waiting == 0 {
            return Ok(());
        }
        match cons.item.take() {
            Some(item) if item.is_multi() => {
                self.set_open(&item)?;
                self.store_items(cons, 0);
                cons.stored -= 1;
            }
            item => {
                if let Some(mut item) = item {
                    self.put_next(&mut item)?;
                }
                self.store_items(cons, cons.waiting as u8);
            }
        }
        Ok(())
    }
}

/// A constant as the value of an expression.
pub(super) fn constant(value: Constant) -> Kind {
    match value {
        Constant::Nil => Kind::Nil,
        Constant::Bool(true) => Kind::True,
        Constant::Bool(false) => Kind::False,
        Constant::Int(i) => Kind::Int(i),
        Constant::Float(n) => Kind::Float(n),
        Constant::Str(s) => Kind::Str(s),
    }
}

/// How many items of a constructor may wait in registers, by how many registers are left.
fn waiting_items(free: u8) -> u32 {
    match MAX_COUNT - u32::from(free) {
        left @ 160.. => left / 5,
        80..160 => 10,
        0..80 => 1,
    }
}
