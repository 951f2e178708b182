//! Expressions.

use super::Parser;
use crate::ast::{BinOp, Constant, ExprId, ExprKind, List, LocalId, Span, Symbol, TableItem, UnOp, Vararg};
use crate::error::Step;
use crate::scope::{Found, GlobalRule, VarKind};
use crate::token::TokenKind;

/// The priority of the unary operators.
const UNARY_PRIORITY: u8 = 12;

/// A binary operator as it is parsed.
#[derive(Clone, Copy)]
enum Operator {
    Binary(BinOp),
    And,
    Or,
}

fn unary_operator(kind: TokenKind) -> Option<UnOp> {
    match kind {
        TokenKind::Not => Some(UnOp::Not),
        TokenKind::Char(b'-') => Some(UnOp::Neg),
        TokenKind::Char(b'~') => Some(UnOp::BNot),
        TokenKind::Char(b'#') => Some(UnOp::Len),
        _ => None,
    }
}

/// A binary operator with its left and right priority.
fn binary_operator(kind: TokenKind) -> Option<(Operator, u8, u8)> {
    use TokenKind::Char;
    let (op, left, right) = match kind {
        TokenKind::Or => return Some((Operator::Or, 1, 1)),
        TokenKind::And => return Some((Operator::And, 2, 2)),
        Char(b'<') => (BinOp::Lt, 3, 3),
        Char(b'>') => (BinOp::Gt, 3, 3),
        TokenKind::Le => (BinOp::Le, 3, 3),
        TokenKind::Ge => (BinOp::Ge, 3, 3),
        TokenKind::Eq => (BinOp::Eq, 3, 3),
        TokenKind::Ne => (BinOp::Ne, 3, 3),
        Char(b'|') => (BinOp::BOr, 4, 4),
        Char(b'~') => (BinOp::BXor, 5, 5),
        Char(b'&') => (BinOp::BAnd, 6, 6),
        TokenKind::Shl => (BinOp::Shl, 7, 7),
        TokenKind::Shr => (BinOp::Shr, 7, 7),
        TokenKind::Concat => (BinOp::Concat, 9, 8),
        Char(b'+') => (BinOp::Add, 10, 10),
        Char(b'-') => (BinOp::Sub, 10, 10),
        Char(b'*') => (BinOp::Mul, 11, 11),
        Char(b'/') => (BinOp::Div, 11, 11),
        Char(b'%') => (BinOp::Mod, 11, 11),
        TokenKind::IDiv => (BinOp::IDiv, 11, 11),
        Char(b'^') => (BinOp::Pow, 14, 13),
        _ => return None,
    };
    Some((Operator::Binary(op), left, right))
}

impl Parser<'_, '_> {
    pub(super) fn expr(&mut self) -> Step<ExprId> {
        self.sub_expr(0)
    }

    /// `expr {',' expr}`
    pub(super) fn expr_list(&mut self) -> Step<List<ExprId>> {
        let first = self.expr()?;
        if !self.at_char(b',') {
            return Ok(self.nodes.list_of(first));
        }
        let list = self.nodes.begin_list::<ExprId>();
        self.nodes.append(first);
        while self.eat_char(b',')? {
            let e = self.expr()?;
            self.nodes.append(e);
        }
        Ok(self.nodes.end_list(list))
    }

    /// An operand and the binary operators of a priority above `limit` that follow it.
    fn sub_expr(&mut self, limit: u8) -> Step<ExprId> {
        self.enter_level()?;
        let start = self.tok.span;
        let mut lhs = match unary_operator(self.tok.kind) {
            Some(op) => {
                let line = self.lex.line();
                self.advance()?;
                let operand = self.sub_expr(UNARY_PRIORITY)?;
                self.add_operator(ExprKind::Unary { op, operand, line }, self.span_from(start))
            }
            None => self.simple_expr()?,
        };
        while let Some((op, left, right)) = binary_operator(self.tok.kind)
            && left > limit
        {
            let line = self.lex.line();
            self.advance()?;
            let rhs = self.sub_expr(right)?;
            let kind = match op {
                Operator::Binary(op) => ExprKind::Binary { op, lhs, rhs, line },
                Operator::And => ExprKind::And { lhs, rhs },
                Operator::Or => ExprKind::Or { lhs, rhs },
            };
            lhs = self.add_operator(kind, self.span_from(start));
        }
        self.leave_level();
        Ok(lhs)
    }

    fn simple_expr(&mut self) -> Step<ExprId> {
        let (kind, known) = match self.tok.kind {
            TokenKind::Float(f) => (ExprKind::Float(f), Some(Constant::Float(f))),
            TokenKind::Int(i) => (ExprKind::Int(i), Some(Constant::Int(i))),
            TokenKind::Str(s) => (ExprKind::Str(s), Some(Constant::Str(s))),
            TokenKind::Nil => (ExprKind::Nil, Some(Constant::Nil)),
            TokenKind::True => (ExprKind::True, Some(Constant::Bool(true))),
            TokenKind::False => (ExprKind::False, Some(Constant::Bool(false))),
            TokenKind::Dots => {
                if self.scopes.current().vararg == Vararg::None {
                    let text = b"cannot use '...' outside a vararg function";
                    return Err(self.syntax_error(text));
                }
                (ExprKind::Vararg { line: self.last_line }, None)
            }
            TokenKind::Char(b'{') => return self.constructor(),
            TokenKind::Function => {
                let start = self.tok.span;
                self.advance()?;
                let line = self.lex.line();
                return self.function_body(start, false, line);
            }
            _ => return self.suffixed_expr(),
        };
        let id = self.push(kind, self.tok.span, known);
        self.advance()?;
        Ok(id)
    }

    /// `NAME | '(' expr ')'`
    fn primary_expr(&mut self) -> Step<ExprId> {
        match self.tok.kind {
            TokenKind::Name(_) => self.variable(),
            TokenKind::Char(b'(') => {
                let start = self.tok.span;
                let line = self.lex.line();
                self.advance()?;
                let inner = self.expr()?;
                self.expect_match(TokenKind::Char(b')'), TokenKind::Char(b'('), line)?;
                Ok(self.add_operator(ExprKind::Paren(inner), self.span_from(start)))
            }
            _ => Err(self.syntax_error(b"unexpected symbol")),
        }
    }

    /// A primary expression and the selectors, indices and calls that follow it.
    pub(super) fn suffixed_expr(&mut self) -> Step<ExprId> {
        let start = self.tok.span;
        let mut e = self.primary_expr()?;
        if !matches!(self.tok.kind, TokenKind::Char(b'.' | b'[')) {
            self.use_whole(e);
        }
        loop {
            e = match self.tok.kind {
                TokenKind::Char(b'.') => self.field(e, start)?,
                TokenKind::Char(b'[') => {
                    let key = self.bracketed()?;
                    self.add(ExprKind::Index { obj: e, key }, self.span_from(start))
                }
                TokenKind::Char(b':') => {
                    self.advance()?;
                    let (name, _) = self.expect_name()?;
                    let (args, line) = self.arguments()?;
                    let kind = ExprKind::Method {
                        obj: e,
                        name,
                        args,
                        line,
                    };
                    self.add(kind, self.span_from(start))
                }
                TokenKind::Char(b'(' | b'{') | TokenKind::Str(_) => {
                    let (args, line) = self.arguments()?;
                    self.add(
                        ExprKind::Call {
                            callee: e,
                            args,
                            line,
                        },
                        self.span_from(start),
                    )
                }
                _ => return Ok(e),
            };
        }
    }

    /// The named vararg parameter used otherwise than by indexing needs its table.
    fn use_whole(&mut self, e: ExprId) {
        if let ExprKind::Local { id: local, .. } = self.nodes.exprs[e.index()].kind
            && self.scopes.current().is_vararg_table(local)
        {
            self.scopes.current().needs_vararg_table();
        }
    }

    /// `obj '.' NAME` or `obj ':' NAME`, from the dot on.
    pub(super) fn field(&mut self, obj: ExprId, start: Span) -> Step<ExprId> {
        self.advance()?;
        let (name, span) = self.expect_name()?;
        let key = self.add_str(name, span);
        Ok(self.add(ExprKind::Index { obj, key }, self.span_from(start)))
    }

    /// `'[' expr ']'`
    fn bracketed(&mut self) -> Step<ExprId> {
        self.advance()?;
        let key = self.expr()?;
        self.expect_char(b']')?;
        Ok(key)
    }

    /// The arguments of a call, and the line of the call.
    fn arguments(&mut self) -> Step<(List<ExprId>, u32)> {
        let line = self.lex.line();
        let args = match self.tok.kind {
            TokenKind::Char(b'(') => {
                self.advance()?;
                let args = if self.at_char(b')') {
                    List::default()
                } else {
                    self.expr_list()?
                };
                self.expect_match(TokenKind::Char(b')'), TokenKind::Char(b'('), line)?;
                args
            }
            TokenKind::Char(b'{') => {
                let table = self.constructor()?;
                self.nodes.list_of(table)
            }
            TokenKind::Str(s) => {
                let id = self.add_str(s, self.tok.span);
                self.advance()?;
                self.nodes.list_of(id)
            }
            _ => return Err(self.syntax_error(b"function arguments expected")),
        };
        Ok((args, line))
    }

    fn constructor(&mut self) -> Step<ExprId> {
        let start = self.tok.span;
        let line = self.lex.line();
        self.expect_char(b'{')?;
        let items = self.nodes.begin_list::<TableItem>();
        while !self.at_char(b'}') {
            let item = self.table_item()?;
            self.nodes.append(item);
            if !self.eat_char(b',')? && !self.eat_char(b';')? {
                break;
            }
        }
        self.expect_match(TokenKind::Char(b'}'), TokenKind::Char(b'{'), line)?;
        let items = self.nodes.end_list(items);
        Ok(self.add(ExprKind::Table(items), self.span_from(start)))
    }

    fn table_item(&mut self) -> Step<TableItem> {
        let kind = self.tok.kind;
        let key = match kind {
            TokenKind::Name(name) if self.look_ahead()? == TokenKind::Char(b'=') => {
                let key = self.add_str(name, self.tok.span);
                self.advance()?;
                key
            }
            TokenKind::Char(b'[') => self.bracketed()?,
            _ => return Ok(TableItem::Positional(self.expr()?)),
        };
        self.expect_char(b'=')?;
        Ok(TableItem::Keyed(key, self.expr()?))
    }

    // Variables.

    /// Reads a name and resolves it.
    pub(super) fn variable(&mut self) -> Step<ExprId> {
        let (name, span) = self.expect_name()?;
        let found = self.scopes.find(name);
        match self.accept(found)? {
            Found::Global(GlobalRule::Undeclared) => {
                Err(self.semantic_about("variable '", name, "' not declared"))
            }
            Found::Global(rule) => {
                let id = self.global(name, span)?;
                let constant = rule == GlobalRule::Declared { constant: true };
                self.constant_global = constant.then_some(id);
                Ok(id)
            }
            found => Ok(self.found_expr(found, span)),
        }
    }

    fn found_expr(&mut self, found: Found, span: Span) -> ExprId {
        let kind = match found {
            Found::Local(id) | Found::VarargParam(id) => ExprKind::Local {
                id,
                slot: self.scopes.current().locals[id.index()].slot,
            },
            Found::Upvalue(index) => ExprKind::Upvalue(index),
            Found::Constant(value) => return self.push(ExprKind::Constant(value), span, Some(value)),
            Found::Global(_) => unreachable!("a global is a field of the environment"),
        };
        self.add(kind, span)
    }

    /// The field `name` of the `_ENV` in force.
    pub(super) fn global(&mut self, name: Symbol, span: Span) -> Step<ExprId> {
        let found = self.scopes.find(self.env_name);
        let found = self.accept(found)?;
        if matches!(found, Found::Global(_)) {
            return Err(self.semantic_about("_ENV is global when accessing variable '", name, "'"));
        }
        let env = self.found_expr(found, span);
        Ok(self.add(ExprKind::Global { env, name }, span))
    }

    pub(super) fn semantic_about(&self, before: &str, name: Symbol, after: &str) -> crate::ParseError {
        let text = [before.as_bytes(), self.lex.text(name), after.as_bytes()].concat();
        self.semantic_error(&text)
    }

    /// Checks that an assignment to `target` is allowed, and notes it.
    pub(super) fn check_assignable(&mut self, target: ExprId) -> Step<()> {
        let read_only = match &self.nodes.exprs[target.index()].kind {
            ExprKind::Constant(_) => {
                let span = self.nodes.exprs[target.index()].span;
                let name = &self.lex.source.text[span.start as usize..span.end as usize];
                return Err(self.constant_assigned(name));
            }
            &ExprKind::Local { id, .. } => self.scopes.assign_local(id),
            &ExprKind::Upvalue(index) => self.scopes.assign_upvalue(index),
            &ExprKind::Global { env, name } => {
                self.use_whole(env);
                (self.constant_global == Some(target)).then_some(name)
            }
            &ExprKind::Index { obj, .. } => {
                self.use_whole(obj);
                None
            }
            ExprKind::Nil
            | ExprKind::True
            | ExprKind::False
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Vararg { .. }
            | ExprKind::Function(_)
            | ExprKind::Call { .. }
            | ExprKind::Method { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::And { .. }
            | ExprKind::Or { .. }
            | ExprKind::Paren(_)
            | ExprKind::Table(_) => return Err(self.syntax_error(b"syntax error")),
        };
        match read_only {
            Some(name) => Err(self.constant_assigned(self.lex.text(name))),
            None => Ok(()),
        }
    }

    fn constant_assigned(&self, name: &[u8]) -> crate::ParseError {
        self.semantic_error(&[b"attempt to assign to const variable '", name, b"'"].concat())
    }

    // Functions.

    /// A function from its parameters to its `end`; `line` is the line of its definition.
    pub(super) fn function_body(&mut self, start: Span, is_method: bool, line: u32) -> Step<ExprId> {
        let id = self.open_function(line);
        let around = self.nodes.mark();
        self.expect_char(b'(')?;
        let mut params = 0;
        if is_method {
            let name = self.lex.symbols.intern(b"self");
            self.declare((name, self.tok.span), VarKind::Regular)?;
            self.activate(1)?;
            params = 1;
        }
        params += self.parameters()?;
        self.expect_char(b')')?;
        let body_start = self.tok.span;
        let stmts = self.statement_list()?;
        let body = self.block_of(stmts, body_start);
        let end_line = self.lex.line();
        self.expect_match(TokenKind::End, TokenKind::Function, line)?;
        let span = self.span_from(start);
        self.close_function(id, body, span, params, end_line)?;
        self.forget(&around);
        Ok(self.add(ExprKind::Function(id), span))
    }

    /// `[{NAME ','} (NAME | '...' [NAME])]`; the number of fixed parameters.
    fn parameters(&mut self) -> Step<u32> {
        let mut count = 0;
        let mut vararg = None;
        if !self.at_char(b')') {
            loop {
                match self.tok.kind {
                    TokenKind::Name(_) => {
                        let name = self.expect_name()?;
                        self.declare(name, VarKind::Regular)?;
                        count += 1;
                    }
                    TokenKind::Dots => vararg = Some(self.vararg_parameter()?),
                    _ => return Err(self.syntax_error(b"<name> or '...' expected")),
                }
                if vararg.is_some() || !self.eat_char(b',')? {
                    break;
                }
            }
        }
        self.activate(count)?;
        if let Some(named) = vararg {
            self.scopes.current().vararg = match named {
                Some(local) => Vararg::Named {
                    local,
                    used_as_value: false,
                },
                None => Vararg::Anonymous,
            };
            self.activate(usize::from(self.is_55()))?;
        }
        Ok(count as u32)
    }

    /// `'...' [NAME]`
    fn vararg_parameter(&mut self) -> Step<Option<LocalId>> {
        self.advance()?;
        if !self.is_55() {
            return Ok(None);
        }
        if matches!(self.tok.kind, TokenKind::Name(_)) {
            let name = self.expect_name()?;
            return Ok(Some(self.declare(name, VarKind::VarargTable)?));
        }
        self.declare_hidden(1)?;
        Ok(None)
    }
}
