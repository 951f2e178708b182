//! Names of variables and functions for messages and the debug library, from the tree.

use super::TreeFn;
use super::place::{Place, Role};
use crate::value::Value;
use perilune_bytecode::debuginfo::Name;
use perilune_syntax::ast::{
    BinOp, Block, Constant, Dialect, ExprId, ExprKind, Local, LocalId, LocalKind, StmtKind, UnOp, Vararg,
};

/// The name of the environment variable.
const ENV: &[u8] = b"_ENV";
const FOR_STATE: &[u8] = b"(for state)";
const VARARG_TABLE: &[u8] = b"(vararg table)";
/// Largest key that PUC has in an instruction, and so names.
const SMALL_KEYS: std::ops::RangeInclusive<i64> = 0..=255;

impl TreeFn {
    pub(super) fn is_55(&self) -> bool {
        self.code.chunk.dialect == Dialect::Lua55
    }
    /// Whether an expression is a constant.
    pub(super) fn is_constant(&self, e: ExprId) -> bool {
        self.code.chunk.constant(e).is_some()
    }
    /// The line on which the function's last token stands.
    pub(super) fn last_line(&self) -> u32 {
        match (
            self.func().line,
            self.code.chunk.list(self.func().body.stmts).last(),
        ) {
            (0, Some(last)) => self.line(last.span.end.saturating_sub(1)),
            (0, None) => 1,
            _ => self.func().end_line,
        }
    }
    /// The line of an offset in the source.
    pub(in crate::exec) fn line(&self, offset: u32) -> u32 {
        self.code.chunk.lines.line(offset)
    }
    /// Where an activation is before it has executed anything.
    pub(in crate::exec) fn start(&self) -> Place {
        Place::offset(Role::Statement, self.func().span.start, self.func().line)
    }
    /// The offset in the source of a place.
    pub(in crate::exec) fn offset(&self, place: Place) -> u32 {
        match place.role() {
            Role::Statement | Role::Close => place.number(),
            Role::Eval | Role::Store | Role::Iterator | Role::Fetch => {
                self.code.chunk.expr(ExprId(place.number())).span.start
            }
        }
    }
    fn kind(&self, e: ExprId) -> &ExprKind {
        &self.code.chunk.expr(e).kind
    }
    /// What is in parentheses, if the expression is in any.
    fn peeled(&self, e: ExprId) -> ExprId {
        let mut e = e;
        while let ExprKind::Paren(inner) = self.kind(e) {
            e = *inner;
        }
        e
    }
    fn local(&self, id: LocalId) -> &Local {
        &self.func().locals[id.index()]
    }
    fn local_name(&self, id: LocalId) -> &[u8] {
        self.code.chunk.text(self.local(id).name)
    }
}

/// The line of the operation that an expression is.
pub(super) fn line_of(tree: &TreeFn, e: ExprId) -> u32 {
    let expr = tree.code.chunk.expr(e);
    if let Some(&line) = tree.code.late_lines.get(&e.0) {
        return line;
    }
    let end = || tree.line(expr.span.end.saturating_sub(1));
    match &expr.kind {
        // As in PUC: comparisons are made at the end of the right operand.
        ExprKind::Binary {
            op: BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge,
            ..
        } => end(),
        ExprKind::Binary { line, .. } | ExprKind::Unary { line, .. } => *line,
        ExprKind::Call { line, .. } => *line,
        ExprKind::Method { obj, .. } => tree.code.chunk.lines.line(tree.code.chunk.expr(*obj).span.end),
        ExprKind::Index { .. } => end(),
        _ => expr.span.line,
    }
}

/// Where a value came from, by the expression that gave it.
fn describe(tree: &TreeFn, e: ExprId) -> Option<Name<'_>> {
    let named = |kind, name| Some(Name { kind, name });
    match tree.kind(e) {
        ExprKind::Local { id, .. } => named("local", tree.local_name(*id)),
        ExprKind::Upvalue(i) => {
            let name = tree.func().upvalues[*i as usize].name;
            named("upvalue", tree.code.chunk.text(name))
        }
        ExprKind::Str(s) | ExprKind::Constant(Constant::Str(s)) => {
            named("constant", tree.code.chunk.text(*s))
        }
        ExprKind::Global { name, .. } => named("global", tree.code.chunk.text(*name)),
        ExprKind::Index { obj, key } => {
            let name: &[u8] = match tree.kind(tree.peeled(*key)) {
                ExprKind::Str(s) | ExprKind::Constant(Constant::Str(s)) => tree.code.chunk.text(*s),
                ExprKind::Int(i) | ExprKind::Constant(Constant::Int(i)) if SMALL_KEYS.contains(i) => {
                    b"integer index"
                }
                _ => b"?",
            };
            let is_env = matches!(
                describe(tree, *obj),
                Some(Name {
                    kind: "local" | "upvalue",
                    name: ENV
                })
            );
            named(if is_env { "global" } else { "field" }, name)
        }
        ExprKind::Paren(inner) if !matches!(tree.kind(*inner), ExprKind::Call { .. }) => {
            describe(tree, *inner)
        }
        _ => None,
    }
}

/// How the function that is called at a place is called there.
pub(in crate::exec) fn call_name(tree: &TreeFn, place: Place) -> Option<Name<'_>> {
    let e = ExprId(place.number());
    let event = match place.role() {
        Role::Iterator => {
            return Some(Name {
                kind: "for iterator",
                name: b"for iterator",
            });
        }
        Role::Statement => return None,
        Role::Close => "close",
        Role::Store => "newindex",
        Role::Fetch => "index",
        Role::Eval => match tree.kind(e) {
            ExprKind::Call { callee, .. } => return describe(tree, *callee),
            ExprKind::Method { name, .. } => {
                let name = tree.code.chunk.text(*name);
                return Some(Name { kind: "method", name });
            }
            ExprKind::Index { .. } | ExprKind::Global { .. } => "index",
            ExprKind::Binary { op, .. } => binary_event(*op),
            ExprKind::Unary { op, .. } => match op {
                UnOp::Neg => "unm",
                UnOp::BNot => "bnot",
                UnOp::Len => "len",
                UnOp::Not => return None,
            },
            _ => return None,
        },
    };
    Some(Name {
        kind: "metamethod",
        name: event.as_bytes(),
    })
}

fn binary_event(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "add",
        BinOp::Sub => "sub",
        BinOp::Mul => "mul",
        BinOp::Mod => "mod",
        BinOp::Pow => "pow",
        BinOp::Div => "div",
        BinOp::IDiv => "idiv",
        BinOp::BAnd => "band",
        BinOp::BOr => "bor",
        BinOp::BXor => "bxor",
        BinOp::Shl => "shl",
        BinOp::Shr => "shr",
        BinOp::Concat => "concat",
        BinOp::Eq | BinOp::Ne => "eq",
        BinOp::Lt | BinOp::Gt => "lt",
        BinOp::Le | BinOp::Ge => "le",
    }
}

/// The name of the operand with value `v` of the operation at a place; `operands` are their values, and
/// `culprit` tells which operand of a concatenation is at fault.
pub(in crate::exec) fn operand_name(
    tree: &TreeFn,
    place: Place,
    v: Value,
    operands: [Value; 2],
    culprit: usize,
) -> Option<Name<'_>> {
    let [first, second] = operands.map(|o| o.same(v));
    let e = ExprId(place.number());
    if !matches!(place.role(), Role::Eval | Role::Store | Role::Fetch) {
        return None;
    }
    match tree.kind(e) {
        ExprKind::Binary {
            op: BinOp::Concat, ..
        } => {
            let mut at = e;
            for _ in 0..culprit {
                match tree.kind(at) {
                    ExprKind::Binary {
                        op: BinOp::Concat,
                        rhs,
                        ..
                    } => at = *rhs,
                    _ => return None,
                }
            }
            match tree.kind(at) {
                ExprKind::Binary {
                    op: BinOp::Concat,
                    lhs,
                    ..
                } => describe(tree, *lhs),
                _ => describe(tree, at),
            }
        }
        ExprKind::Binary { lhs, .. } if first => describe(tree, *lhs),
        ExprKind::Binary { rhs, .. } if second => describe(tree, *rhs),
        ExprKind::Unary { operand, .. } if first => describe(tree, *operand),
        ExprKind::Index { obj, .. } | ExprKind::Method { obj, .. } if first => describe(tree, *obj),
        ExprKind::Global { env, .. } if first => describe(tree, *env),
        _ => None,
    }
}

/// A variable in scope: its name and register.
type Variable<'a> = (&'a [u8], usize);

/// The `n`-th variable, from 1, in scope at a place.
pub(in crate::exec) fn active_local(tree: &TreeFn, place: Place, n: usize) -> Option<Variable<'_>> {
    active(tree, place).get(n.checked_sub(1)?).copied()
}

/// The name of the variable in a register.
pub(in crate::exec) fn variable_at(tree: &TreeFn, place: Place, slot: usize) -> Option<&[u8]> {
    let all = active(tree, place);
    all.iter().rev().find(|v| v.1 == slot).map(|v| v.0)
}

/// All variables in scope at a place, by register.
fn active(tree: &TreeFn, place: Place) -> Vec<Variable<'_>> {
    let offset = tree.offset(place);
    let func = tree.func();
    let mut found: Vec<Variable<'_>> = (0..func.params)
        .map(|i| (tree.local_name(LocalId(i)), i as usize))
        .collect();
    match func.vararg {
        Vararg::Named { local, .. } => found.push((tree.local_name(local), found.len())),
        Vararg::Anonymous if func.line != 0 && tree.is_55() => found.push((VARARG_TABLE, found.len())),
        Vararg::Anonymous | Vararg::None => {}
    }
    let mut scopes = Scopes { tree, offset, found };
    scopes.block(&func.body);
    scopes.found
}

/// The search for what is in scope at an offset.
struct Scopes<'a> {
    tree: &'a TreeFn,
    offset: u32,
    found: Vec<Variable<'a>>,
}

impl<'a> Scopes<'a> {
    fn declare(&mut self, vars: std::ops::Range<u32>) {
        for id in vars.map(LocalId) {
            let local = self.tree.local(id);
            if !matches!(local.kind, LocalKind::CompileTime(_)) {
                self.found.push((self.tree.local_name(id), local.slot as usize));
            }
        }
    }

    /// The hidden variables of a loop and its own, inside its body.
    fn loop_body(&mut self, vars: std::ops::Range<u32>, body: &'a Block) {
        if self.offset < body.span.start {
            return;
        }
        let first = self.tree.local(LocalId(vars.start)).slot as usize;
        for slot in self.found.len()..first {
            self.found.push((FOR_STATE, slot));
        }
        self.declare(vars);
        self.block(body);
    }

    fn block(&mut self, block: &'a Block) {
        for stmt in self.tree.code.chunk.list(block.stmts) {
            if stmt.span.start > self.offset {
                return;
            }
            let inside = self.offset < stmt.span.end;
            match &stmt.kind {
                StmtKind::Local { vars, .. } if !inside => self.declare(vars.clone()),
                StmtKind::LocalFunction { var, .. } => self.declare(var.0..var.0 + 1),
                StmtKind::Do(body) | StmtKind::While { body, .. } | StmtKind::Repeat { body, .. }
                    if inside =>
                {
                    self.block(body);
                }
                StmtKind::If { arms, otherwise } if inside => {
                    let blocks = self
                        .tree
                        .code
                        .chunk
                        .list(*arms)
                        .iter()
                        .map(|(_, b)| b)
                        .chain(otherwise);
                    let here = blocks.rev().find(|b| b.span.start <= self.offset);
                    if let Some(block) = here {
                        self.block(block);
                    }
                }
                StmtKind::NumericFor { var, body, .. } if inside => self.loop_body(var.0..var.0 + 1, body),
                StmtKind::GenericFor { vars, body, .. } if inside => self.loop_body(vars.clone(), body),
                _ => {}
            }
        }
    }
}
