//! A complaint about a line, and the tree of the chunk -> the expression that is meant.
//!
//! Bytecode knows lines only. So all expressions of the line are looked at that fit the complaint; if
//! just one does, it is the one. If several do, what the variables hold may decide; if not, none is
//! named.

use super::complaint::{Action, Complaint, Kind, LoopPart};
use perilune_syntax::Lines;
use perilune_syntax::ast::{BinOp, Chunk, Expr, ExprId, ExprKind, Span, StmtKind, UnOp};
use std::ops::RangeInclusive;

/// Lines, the first and the last.
pub type Range = RangeInclusive<u32>;

/// A parsed source.
pub struct Parsed<'a> {
    /// What it was parsed from.
    pub text: &'a [u8],
    /// Its lines.
    pub lines: &'a Lines,
    /// The tree.
    pub chunk: &'a Chunk,
}

/// What raised an error.
#[derive(Clone, Copy, Debug)]
pub enum Raiser<'a> {
    /// The code of the line itself.
    Line,
    /// A function that the line calls, by this name if it is known.
    Call(Option<&'a str>),
}

/// What is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// The place to underline.
    pub span: Span,
    /// The expression whose value is at fault, if it is one.
    pub value: Option<ExprId>,
}

impl Parsed<'_> {
    /// The expression on `lines` that `complaint` is about. `fits` says of an expression whether its value
    /// can be of the type given.
    pub fn culprit(
        &self,
        complaint: &Complaint<'_>,
        lines: &Range,
        raised_by: Raiser<'_>,
        fits: &mut dyn FnMut(ExprId, &str) -> bool,
    ) -> Option<Culprit> {
        match complaint {
            Complaint::Operand {
                action,
                type_name,
                name,
            } => {
                let mut found = self.operands(*action, *name, lines);
                if found.len() > 1 {
                    found.retain(|c| c.value.is_none_or(|e| fits(e, type_name)));
                }
                only(found)
            }
            Complaint::Compare => {
                let ops = [BinOp::Lt, BinOp::Le, BinOp::Gt, BinOp::Ge];
                only(self.binaries(&ops, lines))
            }
            Complaint::Operator(op) => only(self.binaries(&[*op], lines)),
            Complaint::Loop(part) => self.loop_part(*part, lines),
            Complaint::DefinedGlobal(name) => self.defined_global(name, lines),
            Complaint::Argument { number, function } => self.argument(*number, function, lines),
            Complaint::BadSelf(function) => self.object(function, lines),
            Complaint::NoInteger => {
                let ops = [BinOp::BAnd, BinOp::BOr, BinOp::BXor, BinOp::Shl, BinOp::Shr];
                only(self.binaries(&ops, lines))
            }
            Complaint::Overflow => only(self.calls(None, lines)),
            Complaint::Other => match raised_by {
                Raiser::Line => None,
                Raiser::Call(name) => only(self.calls(name, lines)),
            },
        }
    }

    fn expr(&self, e: ExprId) -> &Expr {
        self.chunk.expr(e)
    }

    fn source(&self, span: Span) -> &[u8] {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    fn all(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        let all = self.chunk.nodes.exprs.iter().enumerate();
        all.map(|(n, e)| (ExprId(n as u32), e))
    }

    fn place(&self, e: ExprId) -> Culprit {
        let expr = self.expr(e);
        let mut span = expr.span;
        // Of `a.b` on two lines, the field is what the message names.
        if let ExprKind::Index { key, .. } = expr.kind
            && self.lines.line(span.end.saturating_sub(1)) != span.line
        {
            span = self.expr(key).span;
        }
        Culprit { span, value: Some(e) }
    }

    // Operators.

    fn operands(&self, action: Action, name: Option<(Kind, &str)>, lines: &Range) -> Vec<Culprit> {
        if let Some((Kind::Iterator, _)) = name {
            return self.iterators(lines);
        }
        let mut found = Vec::new();
        for (id, e) in self.all() {
            let operands = self.operands_of(action, e, lines);
            match name {
                // Which operand it is, the message does not say.
                None => found.extend(operands.first().map(|first| match action {
                    Action::Index | Action::Call => self.place(*first),
                    Action::Arithmetic | Action::Bitwise | Action::Concatenate | Action::Length => Culprit {
                        span: e.span,
                        value: None,
                    },
                })),
                Some((Kind::Method, method)) => found.extend(self.method_name(id, method, lines)),
                Some((kind, name)) => {
                    let named = operands.iter().filter(|o| self.is_named(**o, kind, name));
                    found.extend(named.map(|o| self.place(*o)));
                }
            }
        }
        found
    }

    /// The operands of an expression that does `action` on `line`.
    fn operands_of(&self, action: Action, e: &Expr, lines: &Range) -> Vec<ExprId> {
        match (&e.kind, action) {
            (ExprKind::Index { obj, .. }, Action::Index) => {
                let from = self.lines.line(self.expr(*obj).span.end.saturating_sub(1));
                let to = self.lines.line(e.span.end.saturating_sub(1));
                if from <= *lines.end() && to >= *lines.start() {
                    vec![*obj]
                } else {
                    Vec::new()
                }
            }
            (ExprKind::Method { obj, line: l, .. }, Action::Index) if lines.contains(l) => vec![*obj],
            (ExprKind::Call { callee, line: l, .. }, Action::Call) if lines.contains(l) => vec![*callee],
            (
                ExprKind::Binary {
                    op,
                    lhs,
                    rhs,
                    line: l,
                },
                _,
            ) if lines.contains(l) && does(*op, action) => {
                vec![*lhs, *rhs]
            }
            (ExprKind::Unary { op, operand, line: l }, _) if lines.contains(l) => match (op, action) {
                (UnOp::Neg, Action::Arithmetic)
                | (UnOp::BNot, Action::Bitwise)
                | (UnOp::Len, Action::Length) => vec![*operand],
                (UnOp::Neg | UnOp::BNot | UnOp::Not | UnOp::Len, _) => Vec::new(),
            },
            (
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
                | ExprKind::Index { .. }
                | ExprKind::Call { .. }
                | ExprKind::Method { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Unary { .. }
                | ExprKind::And { .. }
                | ExprKind::Or { .. }
                | ExprKind::Paren(_)
                | ExprKind::Table(_),
                _,
            ) => Vec::new(),
        }
    }

    /// Whether a message would call an expression so.
    fn is_named(&self, e: ExprId, kind: Kind, name: &str) -> bool {
        let expr = self.expr(e);
        let is_text = || self.source(expr.span) == name.as_bytes();
        match &expr.kind {
            ExprKind::Paren(inner) => self.is_named(*inner, kind, name),
            ExprKind::Local { .. } => kind == Kind::Local && is_text(),
            ExprKind::Upvalue(_) => kind == Kind::Upvalue && is_text(),
            ExprKind::Global { name: n, .. } => {
                kind == Kind::Global && self.chunk.text(*n) == name.as_bytes()
            }
            ExprKind::Str(s) => kind == Kind::Constant && self.chunk.text(*s) == name.as_bytes(),
            ExprKind::Index { key, .. } => {
                let is_kind = kind == Kind::Field || kind == Kind::Global;
                is_kind && self.is_key(*key, name)
            }
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Function(_)
            | ExprKind::Constant(_)
            | ExprKind::Call { .. }
            | ExprKind::Method { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Table(_) => false,
        }
    }

    /// Whether a message would call a field with this key so: what is no constant is `?`.
    fn is_key(&self, key: ExprId, name: &str) -> bool {
        let kind = &self.expr(key).kind;
        if let ExprKind::Str(s) = kind {
            return self.chunk.text(*s) == name.as_bytes();
        }
        name == "?" || (name == "integer index" && matches!(kind, ExprKind::Int(_)))
    }

    /// The name in `obj:name()`.
    fn method_name(&self, id: ExprId, method: &str, lines: &Range) -> Option<Culprit> {
        let ExprKind::Method {
            obj, name, line: l, ..
        } = &self.expr(id).kind
        else {
            return None;
        };
        if !lines.contains(l) || self.chunk.text(*name) != method.as_bytes() {
            return None;
        }
        let from = self.expr(*obj).span.end as usize;
        let rest = &self.text[from..self.expr(id).span.end as usize];
        let colon = rest.iter().position(|b| *b == b':')?;
        let blanks = rest[colon + 1..].iter().take_while(|b| b.is_ascii_whitespace());
        let start = from + colon + 1 + blanks.count();
        let end = start + method.len();
        if self.text.get(start..end)? != method.as_bytes() {
            return None;
        }
        let span = Span {
            start: start as u32,
            end: end as u32,
            line: self.lines.line(start as u32),
        };
        Some(Culprit {
            span,
            value: Some(id),
        })
    }

    fn binaries(&self, ops: &[BinOp], lines: &Range) -> Vec<Culprit> {
        let fits = |e: &&Expr| matches!(&e.kind, ExprKind::Binary { op, line: l, .. } if lines.contains(l) && ops.contains(op));
        let all = self.chunk.nodes.exprs.iter().filter(fits);
        all.map(|e| Culprit {
            span: e.span,
            value: None,
        })
        .collect()
    }

    // Calls.

    /// The calls on a line, of the function of that name if one is given.
    fn calls(&self, name: Option<&str>, lines: &Range) -> Vec<Culprit> {
        let fits = |(_, e): &(ExprId, &Expr)| {
            self.call_on(e, lines)
                .is_some_and(|n| name.is_none_or(|name| n == Some(name.as_bytes())))
        };
        let all = self.all().filter(fits);
        all.map(|(_, e)| Culprit {
            span: e.span,
            value: None,
        })
        .collect()
    }

    /// If an expression is a call on `line`, the last name of what is called.
    fn call_on(&self, e: &Expr, lines: &Range) -> Option<Option<&[u8]>> {
        if let ExprKind::Method { name, line: l, .. } = &e.kind {
            return lines.contains(l).then(|| Some(self.chunk.text(*name)));
        }
        let ExprKind::Call { callee, line: l, .. } = &e.kind else {
            return None;
        };
        lines.contains(l).then(|| self.last_name(*callee))
    }

    fn last_name(&self, e: ExprId) -> Option<&[u8]> {
        let expr = self.expr(e);
        if let ExprKind::Paren(inner) = &expr.kind {
            return self.last_name(*inner);
        }
        if let ExprKind::Index { key, .. } = &expr.kind {
            let ExprKind::Str(s) = self.expr(*key).kind else {
                return None;
            };
            return Some(self.chunk.text(s));
        }
        let is_name = matches!(
            expr.kind,
            ExprKind::Global { .. } | ExprKind::Local { .. } | ExprKind::Upvalue(_)
        );
        is_name.then(|| self.source(expr.span))
    }

    /// The only call of the function on a line.
    fn call(&self, function: &str, lines: &Range) -> Option<&Expr> {
        // Natives that no variable holds are called by the name of their library.
        let name = function.rsplit('.').next()?.as_bytes();
        let mut all = self.chunk.nodes.exprs.iter();
        let call = all.find(|e| self.call_on(e, lines) == Some(Some(name)))?;
        let is_only = all.all(|e| self.call_on(e, lines) != Some(Some(name)));
        is_only.then_some(call)
    }

    fn argument(&self, number: usize, function: &str, lines: &Range) -> Option<Culprit> {
        let call = self.call(function, lines)?;
        let (ExprKind::Call { args, .. } | ExprKind::Method { args, .. }) = &call.kind else {
            return None;
        };
        let args = self.chunk.list(*args);
        // The last one may stand for several.
        let is_open = |e: &ExprId| {
            let kind = &self.expr(*e).kind;
            matches!(
                kind,
                ExprKind::Call { .. } | ExprKind::Method { .. } | ExprKind::Vararg { .. }
            )
        };
        match args.get(number - 1) {
            Some(arg) => Some(self.place(*arg)),
            None if args.last().is_some_and(is_open) => args.last().map(|e| self.place(*e)),
            None => Some(Culprit {
                span: call.span,
                value: None,
            }),
        }
    }

    fn object(&self, function: &str, lines: &Range) -> Option<Culprit> {
        let ExprKind::Method { obj, .. } = &self.call(function, lines)?.kind else {
            return None;
        };
        Some(self.place(*obj))
    }

    // Statements.

    fn loop_part(&self, part: LoopPart, lines: &Range) -> Option<Culprit> {
        let mut found = Vec::new();
        self.chunk.each_stmt(&mut |stmt| {
            if let StmtKind::NumericFor {
                start, limit, step, ..
            } = &stmt.kind
                && lines.contains(&stmt.span.line)
            {
                let part = match part {
                    LoopPart::Start => Some(*start),
                    LoopPart::Limit => Some(*limit),
                    LoopPart::Step => *step,
                };
                found.extend(part.map(|e| self.place(e)));
            }
        });
        only(found)
    }

    fn iterators(&self, lines: &Range) -> Vec<Culprit> {
        let mut found = Vec::new();
        self.chunk.each_stmt(&mut |stmt| {
            if let StmtKind::GenericFor { exprs, .. } = &stmt.kind
                && lines.contains(&stmt.span.line)
                && let exprs = self.chunk.list(*exprs)
                && let (Some(first), Some(last)) = (exprs.first(), exprs.last())
            {
                let span = Span {
                    end: self.expr(*last).span.end,
                    ..self.expr(*first).span
                };
                let value = (exprs.len() == 1).then_some(*first);
                found.push(Culprit { span, value });
            }
        });
        found
    }

    fn defined_global(&self, name: &str, lines: &Range) -> Option<Culprit> {
        let mut found = Vec::new();
        self.chunk.each_stmt(&mut |stmt| {
            if let StmtKind::Global { names, .. } = &stmt.kind {
                let here = self.chunk.list(*names).iter().filter(|(n, span)| {
                    self.chunk.text(*n) == name.as_bytes()
                        && (lines.contains(&span.line) || lines.contains(&stmt.span.line))
                });
                found.extend(here.map(|(_, span)| *span));
            } else if let StmtKind::GlobalFunction { target, .. } = &stmt.kind {
                let span = self.expr(*target).span;
                let is_it = lines.contains(&span.line) && self.source(span) == name.as_bytes();
                found.extend(is_it.then_some(span));
            }
        });
        let found = found.into_iter().map(|span| Culprit { span, value: None });
        only(found.collect())
    }

    /// The lines of the innermost statement around a line, if it has no parts that run at other times.
    pub fn statement(&self, line: u32) -> Option<Range> {
        let mut best: Option<Span> = None;
        self.chunk.each_stmt(&mut |stmt| {
            let last = self.lines.line(stmt.span.end.saturating_sub(1));
            let is_around = (stmt.span.line..=last).contains(&line);
            let size = |s: Span| s.end - s.start;
            if is_around && best.is_none_or(|b| size(stmt.span) <= size(b)) {
                best = Some(stmt.span);
            }
        });
        let span = best?;
        let is_inside = |s: Span| span.start <= s.start && s.end <= span.end;
        let has_function = self.chunk.funcs.iter().any(|f| f.line > 0 && is_inside(f.span));
        let mut has_block = false;
        self.chunk
            .each_stmt(&mut |stmt| has_block |= stmt.span != span && is_inside(stmt.span));
        let last = self.lines.line(span.end.saturating_sub(1));
        (!has_function && !has_block).then_some(span.line..=last)
    }

    /// The name of a local of any function, where an expression names it.
    pub fn variable_name(&self, e: ExprId) -> &[u8] {
        self.source(self.expr(e).span)
    }
}

fn does(op: BinOp, action: Action) -> bool {
    let does = match op {
        BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Mod | BinOp::Pow | BinOp::Div | BinOp::IDiv => {
            Some(Action::Arithmetic)
        }
        BinOp::BAnd | BinOp::BOr | BinOp::BXor | BinOp::Shl | BinOp::Shr => Some(Action::Bitwise),
        BinOp::Concat => Some(Action::Concatenate),
        BinOp::Eq | BinOp::Lt | BinOp::Le | BinOp::Ne | BinOp::Gt | BinOp::Ge => None,
    };
    does == Some(action)
}

/// The only one of them.
fn only(found: Vec<Culprit>) -> Option<Culprit> {
    match found[..] {
        [one] => Some(one),
        _ => None,
    }
}
