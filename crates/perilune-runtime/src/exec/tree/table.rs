//! Table constructors.

use super::place::Role;
use super::{Walker, value};
use crate::value::{Tag, Value};
use perilune_syntax::ast::{ExprId, ExprKind, TableItem};

/// Largest number of fields that a table is made for.
const MAX_FIELDS: usize = 255;

impl Walker<'_> {
    /// `{...}`: the table stands in register `d`, items of its list wait above it.
    #[inline(never)]
    pub(super) fn constructor(&mut self, e: ExprId, items: &[TableItem], d: usize) -> Value {
        let keyed = items.iter().filter(|i| matches!(i, TableItem::Keyed(..))).count();
        let open = matches!(items.last(), Some(TableItem::Positional(e)) if self.is_multi(*e));
        let listed = items.len() - keyed - usize::from(open);
        self.at_expr(Role::Eval, e, d);
        match self.state().new_table(listed, keyed.min(MAX_FIELDS)) {
            Ok(t) => self.put(d, t.into()),
            Err(t) => return self.thrown(t),
        }
        if !self.poll(d + 1) {
            return Value::THROWN;
        }
        let most = waiting_items(d + 1);
        let (mut stored, mut waiting) = (0, 0);
        for (i, item) in items.iter().enumerate() {
            let free = d + 1 + waiting;
            match item {
                TableItem::Keyed(key, v) => {
                    value!(self.keyed_item(*key, *v, d, free));
                }
                TableItem::Positional(e) if open && i + 1 == items.len() => {
                    if !self.list(&[*e], free) {
                        return Value::THROWN;
                    }
                    waiting = self.count_from(d + 1);
                }
                TableItem::Positional(e) => {
                    if !self.load(*e, free) {
                        return Value::THROWN;
                    }
                    waiting += 1;
                    if waiting >= most && i + 1 < items.len() {
                        value!(self.store_items(e, d, stored, waiting));
                        stored += waiting;
                        waiting = 0;
                    }
                }
            }
        }
        if waiting > 0 {
            value!(self.store_items(&e, d, stored, waiting));
        }
        self.r(d)
    }

    fn is_multi(&self, e: ExprId) -> bool {
        matches!(
            self.kind(e),
            ExprKind::Call { .. } | ExprKind::Method { .. } | ExprKind::Vararg { .. }
        )
    }

    /// `key = v` of the table in register `d`; registers from `free` on are not in use.
    fn keyed_item(&mut self, key: ExprId, v: ExprId, d: usize, free: usize) -> Value {
        let k = value!(self.eval(key, free));
        self.put(free, k);
        let end_of_value = self.nodes.expr(v).span.end;
        let v = value!(self.eval(v, free + 1));
        // A variable as the key is read when both are needed.
        let k = match self.kind(key) {
            ExprKind::Local { slot, .. } => self.r(*slot as usize),
            _ => self.r(free),
        };
        let end_of_statement = std::mem::replace(&mut self.end, end_of_value);
        if !self.set(key, self.r(d), k, v, free + 1) {
            return Value::THROWN;
        }
        self.end = end_of_statement;
        v
    }

    /// Stores the `n` items that wait above the table in register `d` behind the first `stored`.
    fn store_items(&mut self, e: &ExprId, d: usize, stored: usize, n: usize) -> Value {
        let Some(t) = self.r(d).as_table() else {
            return Value::NIL;
        };
        // SAFETY: the items are registers; nothing moves them meanwhile.
        let items = unsafe { std::slice::from_raw_parts(self.base.add(d + 1), n) };
        match t.set_list(&mut self.state().heap, stored as u32 + 1, items) {
            Ok(()) => Value::NIL,
            Err(error) => {
                self.at_expr(Role::Eval, *e, d + 1 + n);
                let t = self.state().table_error(error);
                self.thrown(t)
            }
        }
    }
}

/// How many items of a list may wait in registers when `used` are in use.
fn waiting_items(used: usize) -> usize {
    match 255usize.saturating_sub(used) {
        left @ 160.. => left / 5,
        80..160 => 10,
        0..80 => 1,
    }
}

impl Value {
    /// What the walker's evaluations answer when something was thrown; no Lua value.
    pub(super) const THROWN: Value = Value {
        bits: 0,
        tag: Tag::THROWN,
    };
}
