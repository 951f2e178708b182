//! Statements.

use super::Parser;
use crate::ast::{Arm, Block, ExprId, ExprKind, LabelId, List, Name, Span, Stmt, StmtKind, Symbol};
use crate::error::Step;
use crate::scope::VarKind;
use crate::token::TokenKind;

/// The attribute behind or before a name.
#[derive(Clone, Copy, PartialEq)]
enum Attribute {
    None,
    Const,
    Close,
}

impl Attribute {
    fn local_kind(self) -> VarKind {
        match self {
            Attribute::None => VarKind::Regular,
            Attribute::Const => VarKind::Const,
            Attribute::Close => VarKind::Close,
        }
    }
}

impl Parser<'_, '_> {
    /// Whether the current token ends a block.
    fn at_block_end(&self, with_until: bool) -> bool {
        match self.tok.kind {
            TokenKind::Else | TokenKind::ElseIf | TokenKind::End | TokenKind::Eof => true,
            TokenKind::Until => with_until,
            _ => false,
        }
    }

    pub(super) fn statement_list(&mut self) -> Step<List<Stmt>> {
        let stmts = self.nodes.begin_list::<Stmt>();
        while !self.at_block_end(true) {
            let returns = self.at(TokenKind::Return);
            self.statement()?;
            if returns {
                break;
            }
        }
        Ok(self.nodes.end_list(stmts))
    }

    fn block(&mut self) -> Step<Block> {
        self.scopes.enter_block(false);
        let start = self.tok.span;
        let stmts = self.statement_list()?;
        self.leave_block()?;
        Ok(self.block_of(stmts, start))
    }

    /// Parses one statement into the list that began last.
    fn statement(&mut self) -> Step<()> {
        let start = self.tok.span;
        let line = self.lex.line();
        self.enter_level()?;
        let token = self.tok.kind;
        let kind = match token {
            TokenKind::Char(b';') => {
                self.advance()?;
                None
            }
            TokenKind::If => Some(self.if_statement(line)?),
            TokenKind::While => Some(self.while_statement(line)?),
            TokenKind::Do => Some(self.do_statement(line)?),
            TokenKind::For => Some(self.for_statement(line)?),
            TokenKind::Repeat => Some(self.repeat_statement(line)?),
            TokenKind::Function => Some(self.function_statement(line)?),
            TokenKind::Local => Some(self.local_statement()?),
            TokenKind::DoubleColon => Some(self.label_statement(line)?),
            TokenKind::Return => Some(self.return_statement()?),
            TokenKind::Break => Some(self.break_statement()?),
            TokenKind::Goto => Some(self.goto_statement(line)?),
            TokenKind::Name(name) if self.starts_global(name)? => Some(self.global_statement(start)?),
            _ => Some(self.expr_statement()?),
        };
        if let Some(kind) = kind {
            let span = self.span_from(start);
            self.nodes.append(Stmt { kind, span });
        }
        self.leave_level();
        Ok(())
    }

    /// Whether the current name is the word `global` of a declaration: the next token decides.
    fn starts_global(&mut self, name: Symbol) -> Step<bool> {
        if name != self.global_word || !self.is_55() {
            return Ok(false);
        }
        Ok(matches!(
            self.look_ahead()?,
            TokenKind::Char(b'<' | b'*') | TokenKind::Name(_) | TokenKind::Function
        ))
    }

    fn condition(&mut self) -> Step<ExprId> {
        self.expr()
    }

    fn if_statement(&mut self, line: u32) -> Step<StmtKind> {
        let arms = self.nodes.begin_list::<Arm>();
        loop {
            self.advance()?;
            let cond = self.condition()?;
            self.expect(TokenKind::Then)?;
            let body = self.block()?;
            self.nodes.append((cond, body));
            if !self.at(TokenKind::ElseIf) {
                break;
            }
        }
        let otherwise = if self.eat(TokenKind::Else)? {
            Some(self.block()?)
        } else {
            None
        };
        self.expect_match(TokenKind::End, TokenKind::If, line)?;
        let arms = self.nodes.end_list(arms);
        Ok(StmtKind::If { arms, otherwise })
    }

    fn while_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.advance()?;
        let cond = self.condition()?;
        self.scopes.enter_block(true);
        self.expect(TokenKind::Do)?;
        let body = self.block()?;
        self.expect_match(TokenKind::End, TokenKind::While, line)?;
        self.leave_block()?;
        Ok(StmtKind::While { cond, body })
    }

    fn do_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.advance()?;
        let body = self.block()?;
        self.expect_match(TokenKind::End, TokenKind::Do, line)?;
        Ok(StmtKind::Do(body))
    }

    fn repeat_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.scopes.enter_block(true);
        self.scopes.enter_block(false);
        self.advance()?;
        let start = self.tok.span;
        let stmts = self.statement_list()?;
        let body = self.block_of(stmts, start);
        self.expect_match(TokenKind::Until, TokenKind::Repeat, line)?;
        let cond = self.condition()?;
        self.leave_block()?;
        self.leave_block()?;
        Ok(StmtKind::Repeat { body, cond })
    }

    fn for_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.scopes.enter_block(true);
        self.advance()?;
        let name = self.expect_name()?;
        let kind = match self.tok.kind {
            TokenKind::Char(b'=') => self.numeric_for(name)?,
            TokenKind::Char(b',') | TokenKind::In => self.generic_for(name)?,
            _ => return Err(self.syntax_error(b"'=' or 'in' expected")),
        };
        self.expect_match(TokenKind::End, TokenKind::For, line)?;
        self.leave_block()?;
        Ok(kind)
    }

    /// What kind of variable controls a loop.
    fn control_kind(&self) -> VarKind {
        if self.is_55() {
            VarKind::Const
        } else {
            VarKind::Regular
        }
    }

    fn numeric_for(&mut self, name: (Symbol, Span)) -> Step<StmtKind> {
        let hidden = if self.is_55() { 2 } else { 3 };
        self.declare_hidden(hidden)?;
        let var = self.declare(name, self.control_kind())?;
        self.expect_char(b'=')?;
        let start = self.expr()?;
        self.expect_char(b',')?;
        let limit = self.expr()?;
        let step = if self.eat_char(b',')? {
            Some(self.expr()?)
        } else {
            None
        };
        let body = self.for_body(hidden, 1, false)?;
        Ok(StmtKind::NumericFor {
            var,
            start,
            limit,
            step,
            body,
        })
    }

    fn generic_for(&mut self, name: (Symbol, Span)) -> Step<StmtKind> {
        let hidden = if self.is_55() { 3 } else { 4 };
        self.declare_hidden(hidden)?;
        let first = self.declare(name, self.control_kind())?.0;
        let mut end = first + 1;
        while self.eat_char(b',')? {
            let name = self.expect_name()?;
            end = self.declare(name, VarKind::Regular)?.0 + 1;
        }
        self.expect(TokenKind::In)?;
        let exprs = self.expr_list()?;
        let body = self.for_body(hidden, (end - first) as usize, true)?;
        Ok(StmtKind::GenericFor {
            vars: first..end,
            exprs,
            body,
        })
    }

    /// `do block`, with the loop's variables in scope; `closes` says that one of the hidden ones is to be closed.
    fn for_body(&mut self, hidden: usize, variables: usize, closes: bool) -> Step<Block> {
        self.activate(hidden)?;
        self.expect(TokenKind::Do)?;
        self.scopes.enter_block(false);
        if closes {
            self.scopes.set_closing();
        }
        self.activate(variables)?;
        let body = self.block()?;
        self.leave_block()?;
        Ok(body)
    }

    fn function_statement(&mut self, line: u32) -> Step<StmtKind> {
        let start = self.tok.span;
        self.advance()?;
        let name_start = self.tok.span;
        let mut target = self.variable()?;
        while self.at_char(b'.') {
            target = self.field(target, name_start)?;
        }
        let is_method = self.at_char(b':');
        if is_method {
            target = self.field(target, name_start)?;
        }
        self.check_assignable(target)?;
        let expr = self.function_body(start, is_method, line)?;
        Ok(StmtKind::Function { target, expr })
    }

    fn local_statement(&mut self) -> Step<StmtKind> {
        let start = self.tok.span;
        self.advance()?;
        if self.eat(TokenKind::Function)? {
            return self.local_function(start);
        }
        let default = if self.is_55() {
            self.attribute(Attribute::None)?
        } else {
            Attribute::None
        };
        let mut vars = 0..0;
        let mut has_close = false;
        let mut last;
        loop {
            let name = self.expect_name()?;
            last = self.attribute(default)?;
            let id = self.declare(name, last.local_kind())?.0;
            vars = if vars.is_empty() {
                id..id + 1
            } else {
                vars.start..id + 1
            };
            if last == Attribute::Close {
                if has_close {
                    let text = b"multiple to-be-closed variables in local list";
                    return Err(self.semantic_error(text));
                }
                has_close = true;
            }
            if !self.eat_char(b',')? {
                break;
            }
        }
        let exprs = if self.eat_char(b'=')? {
            self.expr_list()?
        } else {
            List::default()
        };
        let value = self.nodes.list(exprs).last().and_then(|e| {
            let settled = self.settled.get(&e.0).copied();
            self.nodes.constant(*e).or_else(|| settled?.constant())
        });
        match value {
            Some(value) if exprs.len() == vars.len() && last == Attribute::Const => {
                self.scopes.make_constant(value);
                self.activate(vars.len() - 1)?;
                self.scopes.activate_unregistered(1);
            }
            _ => self.activate(vars.len())?,
        }
        if has_close {
            self.scopes.set_closing();
        }
        Ok(StmtKind::Local { vars, exprs })
    }

    fn local_function(&mut self, start: Span) -> Step<StmtKind> {
        let name = self.expect_name()?;
        let var = self.declare(name, VarKind::Regular)?;
        self.activate(1)?;
        let line = self.lex.line();
        let expr = self.function_body(start, false, line)?;
        let ExprKind::Function(func) = self.nodes.exprs[expr.index()].kind else {
            unreachable!("function_body makes a function");
        };
        Ok(StmtKind::LocalFunction { var, func, expr })
    }

    /// `['<' NAME '>']`
    fn attribute(&mut self, default: Attribute) -> Step<Attribute> {
        if !self.eat_char(b'<')? {
            return Ok(default);
        }
        let (name, _) = self.expect_name()?;
        self.expect_char(b'>')?;
        match self.lex.text(name) {
            b"const" => Ok(Attribute::Const),
            b"close" => Ok(Attribute::Close),
            _ => Err(self.semantic_about("unknown attribute '", name, "'")),
        }
    }

    /// The attribute of a global: whether it is constant.
    fn global_attribute(&mut self, default: bool) -> Step<bool> {
        let default = if default {
            Attribute::Const
        } else {
            Attribute::None
        };
        match self.attribute(default)? {
            Attribute::None => Ok(false),
            Attribute::Const => Ok(true),
            Attribute::Close => Err(self.semantic_error(b"global variables cannot be to-be-closed")),
        }
    }

    fn global_statement(&mut self, start: Span) -> Step<StmtKind> {
        self.advance()?;
        if self.eat(TokenKind::Function)? {
            return self.global_function(start);
        }
        let default = self.global_attribute(false)?;
        if self.eat_char(b'*')? {
            self.declare_global(None, default)?;
            self.scopes.activate_unregistered(1);
            return Ok(StmtKind::Global {
                names: List::default(),
                targets: List::default(),
                exprs: List::default(),
            });
        }
        self.global_names(default)
    }

    fn declare_global(&mut self, name: Option<Symbol>, constant: bool) -> Step<()> {
        let declared = self.scopes.declare_global(name, constant);
        self.accept(declared)
    }

    fn global_names(&mut self, default: bool) -> Step<StmtKind> {
        let names = self.nodes.begin_list::<Name>();
        loop {
            let name = self.expect_name()?;
            let constant = self.global_attribute(default)?;
            self.declare_global(Some(name.0), constant)?;
            self.nodes.append(name);
            if !self.eat_char(b',')? {
                break;
            }
        }
        let names: List<Name> = self.nodes.end_list(names);
        let mut targets = List::default();
        let mut exprs = List::default();
        if self.eat_char(b'=')? {
            let list = self.nodes.begin_list::<ExprId>();
            for i in 0..names.len() {
                let (name, span) = self.nodes.list(names)[i];
                let target = self.defined_global(name, span)?;
                self.nodes.append(target);
                self.enter_level()?;
            }
            targets = self.nodes.end_list(list);
            exprs = self.expr_list()?;
            self.level -= names.len() as u32;
        }
        self.scopes.activate_unregistered(names.len());
        Ok(StmtKind::Global {
            names,
            targets,
            exprs,
        })
    }

    /// A global that its declaration gives a value.
    fn defined_global(&mut self, name: Symbol, span: Span) -> Step<ExprId> {
        let target = self.global(name, span)?;
        self.constant_global = None;
        self.check_assignable(target)?;
        Ok(target)
    }

    fn global_function(&mut self, start: Span) -> Step<StmtKind> {
        let (name, span) = self.expect_name()?;
        self.declare_global(Some(name), false)?;
        self.scopes.activate_unregistered(1);
        let target = self.defined_global(name, span)?;
        let line = self.lex.line();
        let expr = self.function_body(start, false, line)?;
        Ok(StmtKind::GlobalFunction { target, expr })
    }

    fn expr_statement(&mut self) -> Step<StmtKind> {
        let first = self.suffixed_expr()?;
        if self.at_char(b'=') || self.at_char(b',') {
            return self.assignment(first);
        }
        match self.nodes.exprs[first.index()].kind {
            ExprKind::Call { .. } | ExprKind::Method { .. } => Ok(StmtKind::Call(first)),
            _ => Err(self.syntax_error(b"syntax error")),
        }
    }

    fn assignment(&mut self, first: ExprId) -> Step<StmtKind> {
        self.check_assignable(first)?;
        let targets = self.nodes.begin_list::<ExprId>();
        self.nodes.append(first);
        while self.eat_char(b',')? {
            let target = self.suffixed_expr()?;
            self.enter_level()?;
            self.check_assignable(target)?;
            self.nodes.append(target);
        }
        let targets: List<ExprId> = self.nodes.end_list(targets);
        self.expect_char(b'=')?;
        let exprs = self.expr_list()?;
        self.level -= targets.len() as u32 - 1;
        Ok(StmtKind::Assign { targets, exprs })
    }

    fn return_statement(&mut self) -> Step<StmtKind> {
        self.advance()?;
        let empty = self.at_block_end(true) || self.at_char(b';');
        let values = if empty { List::default() } else { self.expr_list()? };
        self.eat_char(b';')?;
        if let &[only] = self.nodes.list(values)
            && let ExprKind::Call { .. } | ExprKind::Method { .. } = self.nodes.exprs[only.index()].kind
            && !self.scopes.is_closing()
        {
            return Ok(StmtKind::TailCall(only));
        }
        Ok(StmtKind::Return(values))
    }

    fn break_statement(&mut self) -> Step<StmtKind> {
        if !self.scopes.in_loop() {
            return Err(self.syntax_error(b"break outside loop"));
        }
        self.advance()?;
        Ok(StmtKind::Break)
    }

    fn goto_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.advance()?;
        let (name, _) = self.expect_name()?;
        let added = self.scopes.add_goto(name, line);
        let index = self.accept(added)?;
        Ok(StmtKind::Goto(LabelId(index as u32)))
    }

    /// `'::' NAME '::'`, and the empty statements and labels that follow: they go to the list first.
    fn label_statement(&mut self, line: u32) -> Step<StmtKind> {
        self.advance()?;
        let (name, _) = self.expect_name()?;
        self.expect(TokenKind::DoubleColon)?;
        while self.at_char(b';') || self.at(TokenKind::DoubleColon) {
            self.statement()?;
        }
        let checked = self.scopes.check_label(name, self.lex.text(name));
        self.accept(checked)?;
        let last = self.at_block_end(false);
        let added = self.scopes.add_label(name, line, last);
        Ok(StmtKind::Label(self.accept(added)?))
    }
}
