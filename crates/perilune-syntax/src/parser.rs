//! Tokens -> resolved syntax tree. One pass by recursive descent, names resolved on the way, so that
//! errors come in source order.

mod expr;
mod stmt;

use crate::ast::{
    Block, Chunk, Constant, Dialect, Expr, ExprId, ExprKind, FuncId, Function, LabelId, List, LocalId, MAIN,
    Nodes, Span, Stmt, StmtKind, Symbol, Unit, Upvalue, UpvalueSource, Vararg,
};
use crate::error::{ErrorKind, ParseError, Step, SyntaxError};
use crate::fold;
use crate::lexer::Lexer;
use crate::nodes::Mark;
use crate::scope::{Refusal, Scopes, VarKind};
use crate::source::Source;
use crate::token::{Token, TokenKind};
use std::collections::BTreeMap;
use std::mem::take;

/// How deep statements and expressions may nest, calls of C functions around the parser included.
const MAX_LEVELS: u32 = 200;
/// Where a message handler that loads a chunk beyond [`MAX_LEVELS`] ends.
const LAST_LEVEL: u32 = MAX_LEVELS / 10 * 11;
/// How many tokens are read between two looks at [`ParseOptions::interrupt`].
const TOKENS_PER_LOOK: u32 = 4096;

/// How to parse.
#[derive(Clone, Copy)]
pub struct ParseOptions<'a> {
    /// The language.
    pub dialect: Dialect,
    /// Asked every few thousand tokens; when it says true, parsing ends with
    /// [`ParseError::Interrupted`].
    pub interrupt: Option<&'a dyn Fn() -> bool>,
    /// How many calls of C functions the reference implementation would count around the parser: they
    /// and what nests in the source have a common limit.
    pub levels: u32,
}

impl ParseOptions<'_> {
    /// Parsing that nothing stops, as for a chunk that is loaded from outside of all functions.
    pub fn new(dialect: Dialect) -> Self {
        ParseOptions {
            dialect,
            interrupt: None,
            levels: 2,
        }
    }
}

/// Parses a chunk. `chunk_name` is its name as `load` takes it (`=stdin`, `@file.lua`, or the source
/// text).
///
/// # Errors
/// The first thing wrong with the source.
pub fn parse(source: &[u8], chunk_name: &[u8], dialect: Dialect) -> Result<Chunk, SyntaxError> {
    parse_with(source, chunk_name, ParseOptions::new(dialect)).map_err(|e| match e {
        ParseError::Syntax(e) => *e,
        ParseError::Interrupted | ParseError::Unreadable => {
            unreachable!("nothing asks this parser to stop, and the source is there")
        }
    })
}

/// As [`parse`], and can be stopped.
///
/// # Errors
/// The first thing wrong with the source, or [`ParseError::Interrupted`].
pub fn parse_with(source: &[u8], chunk_name: &[u8], options: ParseOptions<'_>) -> Result<Chunk, ParseError> {
    let (chunk, _) = parse_source(Source::whole(source), chunk_name, options)?;
    Ok(chunk)
}

/// As [`parse_with`], from any source. Yields the text of the chunk beside it.
///
/// # Errors
/// The first thing wrong with the source, [`ParseError::Interrupted`], or [`ParseError::Unreadable`].
pub fn parse_source(
    source: Source<'_>,
    chunk_name: &[u8],
    options: ParseOptions<'_>,
) -> Result<(Chunk, Vec<u8>), ParseError> {
    let mut parser = Parser::new(source, chunk_name, options);
    parser.main()?;
    Ok(parser.finish())
}

/// Takes the functions of a chunk one by one, as they end: inner ones before those around them.
pub type Receiver<'a> = dyn FnMut(Unit<'_>) + 'a;

/// As [`parse_source`], but hands each function over when it ends, and forgets it then: no more of the
/// tree is kept than the functions that have not ended.
///
/// # Errors
/// As those of [`parse_source`]; the functions that end before them have been handed over.
pub fn parse_functions<'a>(
    source: Source<'_>,
    chunk_name: &[u8],
    options: ParseOptions<'a>,
    receiver: &'a mut Receiver<'a>,
) -> Result<(), ParseError> {
    let mut parser = Parser::new(source, chunk_name, options);
    parser.receiver = Some(receiver);
    parser.main()
}

struct Parser<'s, 'a> {
    lex: Lexer<'s>,
    /// The current token.
    tok: Token,
    ahead: Option<Token>,
    /// Line of the token used last, and where it ends.
    last_line: u32,
    last_end: u32,
    scopes: Scopes,
    nodes: Nodes,
    /// What expressions end in whose value is not in `constants`.
    settled: BTreeMap<u32, fold::Settled>,
    /// How many functions there are so far.
    count: u32,
    /// The functions that have ended, unless `receiver` gets them.
    funcs: Vec<Option<Function>>,
    receiver: Option<&'a mut Receiver<'a>>,
    level: u32,
    /// The global variable read last, if it is constant.
    constant_global: Option<ExprId>,
    env_name: Symbol,
    global_word: Symbol,
    tokens_left: u32,
    options: ParseOptions<'a>,
}

impl<'s, 'a> Parser<'s, 'a> {
    fn new(source: Source<'s>, chunk_name: &[u8], options: ParseOptions<'a>) -> Self {
        let mut lex = Lexer::new(source, crate::chunk_id(chunk_name));
        let env_name = lex.symbols.intern(b"_ENV");
        let global_word = lex.symbols.intern(b"global");
        Parser {
            lex,
            tok: Token {
                kind: TokenKind::Eof,
                span: Span {
                    start: 0,
                    end: 0,
                    line: 1,
                },
            },
            ahead: None,
            last_line: 1,
            last_end: 0,
            scopes: Scopes::new(options.dialect, env_name),
            nodes: Nodes::default(),
            settled: BTreeMap::new(),
            count: 0,
            funcs: Vec::new(),
            receiver: None,
            level: options.levels,
            constant_global: None,
            env_name,
            global_word,
            tokens_left: TOKENS_PER_LOOK,
            options,
        }
    }

    fn finish(self) -> (Chunk, Vec<u8>) {
        let chunk = Chunk {
            nodes: self.nodes,
            funcs: self.funcs.into_iter().flatten().collect(),
            main: MAIN,
            symbols: self.lex.symbols.into_symbols(),
            dialect: self.options.dialect,
            lines: self.lex.lines,
        };
        (chunk, self.lex.source.text)
    }

    fn main(&mut self) -> Step<()> {
        if u32::try_from(self.lex.source.text.len()).is_err() {
            return Err(self.limit("chunk is too large"));
        }
        let id = self.open_function(0);
        let function = self.scopes.current();
        function.vararg = Vararg::Anonymous;
        function.upvalues.push(Upvalue {
            name: self.env_name,
            source: UpvalueSource::Local(LocalId(0)),
            read_only: false,
        });
        self.advance()?;
        let start = self.tok.span;
        let stmts = self.statement_list()?;
        self.check(TokenKind::Eof)?;
        let body = self.block_of(stmts, start);
        let span = Span {
            start: 0,
            end: self.lex.source.text.len() as u32,
            line: 1,
        };
        self.close_function(id, body, span, 0, 0)
    }

    /// Enters a function that is defined on `line`.
    fn open_function(&mut self, line: u32) -> FuncId {
        self.scopes.open_function(line);
        self.count += 1;
        FuncId(self.count - 1)
    }

    /// Leaves the current function and stores it, or hands it over.
    fn close_function(
        &mut self,
        id: FuncId,
        body: Block,
        span: Span,
        params: u32,
        end_line: u32,
    ) -> Step<()> {
        self.leave_block()?;
        let Some(mut state) = self.scopes.close_function() else {
            return Ok(());
        };
        if !state.goto_targets.is_empty() {
            aim_gotos(&mut self.nodes, body, &state.goto_targets);
        }
        let function = Function {
            span,
            line: state.line,
            end_line,
            params,
            vararg: state.vararg,
            locals: take(&mut state.locals),
            upvalues: take(&mut state.upvalues),
            labels: take(&mut state.labels),
            body,
        };
        if self.receiver.is_none() {
            self.keep(id, function);
            return Ok(());
        }
        self.hand_over(id, &function);
        (state.locals, state.upvalues, state.labels) = (function.locals, function.upvalues, function.labels);
        self.scopes.reuse(state);
        Ok(())
    }

    fn keep(&mut self, id: FuncId, function: Function) {
        let count = self.funcs.len().max(id.index() + 1);
        self.funcs.resize_with(count, || None);
        self.funcs[id.index()] = Some(function);
    }

    fn hand_over(&mut self, id: FuncId, function: &Function) {
        let Some(receive) = &mut self.receiver else { return };
        receive(Unit {
            id,
            function,
            nodes: &self.nodes,
            symbols: self.lex.symbols.symbols(),
            text: &self.lex.source.text,
            lines: &self.lex.lines,
            dialect: self.options.dialect,
        });
    }

    /// Forgets a function that has ended and was handed over.
    fn forget(&mut self, mark: &Mark) {
        if self.receiver.is_some() {
            self.nodes.forget(mark);
            drop(self.settled.split_off(&(self.nodes.exprs.len() as u32)));
        }
    }

    // Tokens.

    /// Goes to the next token.
    #[inline(never)]
    fn advance(&mut self) -> Step<()> {
        self.last_line = self.lex.line();
        self.last_end = self.tok.span.end;
        if let Some(token) = self.ahead.take() {
            self.tok = token;
            return Ok(());
        }
        self.count_token()?;
        self.lex.read(&mut self.tok)
    }

    fn look_ahead(&mut self) -> Step<TokenKind> {
        if self.ahead.is_none() {
            self.count_token()?;
            self.ahead = Some(self.lex.next_token()?);
        }
        Ok(self.ahead.map_or(TokenKind::Eof, |token| token.kind))
    }

    /// Another token is read: looks now and then whether to stop.
    #[inline(always)]
    fn count_token(&mut self) -> Step<()> {
        self.tokens_left -= 1;
        if self.tokens_left == 0 {
            self.tokens_left = TOKENS_PER_LOOK;
            if self.options.interrupt.is_some_and(|stop| stop()) {
                return Err(ParseError::Interrupted);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn at(&self, kind: TokenKind) -> bool {
        self.tok.kind == kind
    }

    #[inline(always)]
    fn at_char(&self, c: u8) -> bool {
        self.tok.kind == TokenKind::Char(c)
    }

    /// Takes the current token if it is `kind`.
    #[inline(always)]
    fn eat(&mut self, kind: TokenKind) -> Step<bool> {
        let found = self.at(kind);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    #[inline(always)]
    fn eat_char(&mut self, c: u8) -> Step<bool> {
        self.eat(TokenKind::Char(c))
    }

    #[inline(always)]
    fn check(&mut self, kind: TokenKind) -> Step<()> {
        if self.at(kind) {
            Ok(())
        } else {
            Err(self.expected(kind))
        }
    }

    #[inline(always)]
    fn expect(&mut self, kind: TokenKind) -> Step<()> {
        self.check(kind)?;
        self.advance()
    }

    fn expect_char(&mut self, c: u8) -> Step<()> {
        self.expect(TokenKind::Char(c))
    }

    /// Takes `what`, which closes the `who` on `line`.
    fn expect_match(&mut self, what: TokenKind, who: TokenKind, line: u32) -> Step<()> {
        if self.eat(what)? {
            return Ok(());
        }
        if line == self.lex.line() {
            return Err(self.expected(what));
        }
        let mut text = what.describe();
        text.extend_from_slice(b" expected (to close ");
        text.extend_from_slice(&who.describe());
        text.extend_from_slice(format!(" at line {line})").as_bytes());
        Err(self.syntax_error(&text))
    }

    fn expect_name(&mut self) -> Step<(Symbol, Span)> {
        let TokenKind::Name(name) = self.tok.kind else {
            return Err(self.syntax_error(b"<name> expected"));
        };
        let span = self.tok.span;
        self.advance()?;
        Ok((name, span))
    }

    // Errors.

    #[cold]
    fn expected(&self, kind: TokenKind) -> ParseError {
        self.syntax_error(&[&kind.describe()[..], b" expected"].concat())
    }

    /// An error at the current token.
    #[cold]
    fn syntax_error(&self, text: &[u8]) -> ParseError {
        self.lex
            .error_on(text, Some(self.tok.kind), self.lex.line(), self.tok.span)
    }

    /// An error on the line of the token used last.
    fn semantic_error(&self, text: &[u8]) -> ParseError {
        let span = Span {
            start: self.last_end,
            end: self.last_end,
            line: self.last_line,
        };
        self.lex.error_on(text, None, self.last_line, span)
    }

    /// An error without a position in its message.
    fn limit(&self, text: &str) -> ParseError {
        ParseError::Syntax(Box::new(SyntaxError {
            message: text.as_bytes().to_vec(),
            short: text.as_bytes().to_vec(),
            line: self.lex.line(),
            span: self.tok.span,
            kind: ErrorKind::Limit,
        }))
    }

    fn refuse(&self, refusal: Refusal) -> ParseError {
        match refusal {
            Refusal::Syntax(text) => self.syntax_error(text.as_bytes()),
            Refusal::Semantic(text) => self.semantic_error(&text),
            Refusal::Limit(text) => self.limit(text),
        }
    }

    fn accept<T>(&self, result: Result<T, Refusal>) -> Step<T> {
        result.map_err(|refusal| self.refuse(refusal))
    }

    fn enter_level(&mut self) -> Step<()> {
        self.level += 1;
        if self.level == MAX_LEVELS || self.level >= LAST_LEVEL {
            Err(self.limit("C stack overflow"))
        } else {
            Ok(())
        }
    }

    fn leave_level(&mut self) {
        self.level -= 1;
    }

    // Nodes and scopes.

    /// Adds an expression whose value is `known`, if it is.
    #[inline(always)]
    fn push(&mut self, kind: ExprKind, span: Span, known: Option<Constant>) -> ExprId {
        debug_assert_eq!(known, fold::of_node(&kind, &self.nodes.constants));
        let id = ExprId(self.nodes.exprs.len() as u32);
        self.nodes.constants.push(known);
        self.nodes.exprs.push(Expr { kind, span });
        id
    }

    /// Adds an expression whose value is not known.
    #[inline(always)]
    fn add(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.push(kind, span, None)
    }

    /// Adds an expression whose value may follow from those of its operands.
    fn add_operator(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let known = fold::of_node(&kind, &self.nodes.constants);
        if known.is_none()
            && let Some(s) = fold::settle(&kind, &self.nodes.constants, &self.settled)
        {
            self.settled.insert(self.nodes.exprs.len() as u32, s);
        }
        self.push(kind, span, known)
    }

    /// Adds a string.
    fn add_str(&mut self, s: Symbol, span: Span) -> ExprId {
        self.push(ExprKind::Str(s), span, Some(Constant::Str(s)))
    }

    /// From `start` to the end of the token used last.
    fn span_from(&self, start: Span) -> Span {
        Span {
            end: self.last_end.max(start.start),
            ..start
        }
    }

    /// A block that started at `start` and ends before the current token.
    fn block_of(&self, stmts: List<Stmt>, start: Span) -> Block {
        let span = Span {
            end: self.tok.span.start,
            ..start
        };
        Block {
            stmts,
            span,
            end_line: self.tok.span.line,
        }
    }

    fn leave_block(&mut self) -> Step<()> {
        let lex = &self.lex;
        let left = self.scopes.leave_block(&|s| lex.text(s).to_vec());
        self.accept(left)
    }

    fn declare(&mut self, (name, span): (Symbol, Span), kind: VarKind) -> Step<LocalId> {
        let declared = self.scopes.declare_local(name, kind, span);
        self.accept(declared)
    }

    fn declare_hidden(&mut self, count: usize) -> Step<()> {
        for _ in 0..count {
            let declared = self.scopes.declare_hidden();
            self.accept(declared)?;
        }
        Ok(())
    }

    fn activate(&mut self, count: usize) -> Step<()> {
        let activated = self.scopes.activate(count);
        self.accept(activated)
    }

    fn is_55(&self) -> bool {
        self.scopes.dialect() == Dialect::Lua55
    }
}

/// Replaces the index of each `goto`, which is what the parser writes first, by its label.
fn aim_gotos(nodes: &mut Nodes, block: Block, targets: &[LabelId]) {
    for i in 0..block.stmts.len() {
        let stmt = &mut nodes.list_mut(block.stmts)[i];
        match &mut stmt.kind {
            StmtKind::Goto(label) => *label = targets[label.index()],
            &mut StmtKind::Do(body)
            | &mut StmtKind::While { body, .. }
            | &mut StmtKind::Repeat { body, .. }
            | &mut StmtKind::NumericFor { body, .. }
            | &mut StmtKind::GenericFor { body, .. } => aim_gotos(nodes, body, targets),
            &mut StmtKind::If { arms, otherwise } => {
                for i in 0..arms.len() {
                    let (_, body) = nodes.list(arms)[i];
                    aim_gotos(nodes, body, targets);
                }
                if let Some(body) = otherwise {
                    aim_gotos(nodes, body, targets);
                }
            }
            StmtKind::Local { .. }
            | StmtKind::LocalFunction { .. }
            | StmtKind::Global { .. }
            | StmtKind::GlobalFunction { .. }
            | StmtKind::Assign { .. }
            | StmtKind::Function { .. }
            | StmtKind::Call(_)
            | StmtKind::Return(_)
            | StmtKind::TailCall(_)
            | StmtKind::Break
            | StmtKind::Label(_) => {}
        }
    }
}
