//! Resolved syntax tree -> bytecode, in one pass over the tree.
//!
//! Expressions become descriptors ([`exp::Exp`]) whose code is put off as long as possible, so
//! that constants become operands, variables are used where they are and conditions jump instead
//! of making booleans. Registers are a stack: active variables at the bottom, temporaries above.
//!
//! `Compiler::pos` is always the end of the last token that a parser reading the same text would
//! have consumed; an instruction gets the line of that token unless a later `fix_line` says
//! otherwise. So the lines are those of a one-pass compiler.

mod exp;
mod expr;
mod func;
mod operator;
mod scope;
mod source;
mod stmt;

use crate::ops::Op;
use crate::proto::{Proto, UpvalueDesc};
use crate::text::{TextId, Texts};
use func::{FuncState, Returned};
use perilune_syntax::ast::{
    Chunk, Dialect, Expr, ExprId, FuncId, Function, List, Listed, LocalId, MAIN, Symbol, Unit, UpvalueSource,
    Vararg,
};
use source::SourceMap;
use std::fmt;
use std::sync::Arc;

/// Why a chunk cannot be compiled: a limit of the bytecode is exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// The line it is reported for.
    pub line: u32,
    /// What is wrong, and near which token; without the chunk's name and the line.
    pub message: Vec<u8>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, String::from_utf8_lossy(&self.message))
    }
}

impl std::error::Error for CompileError {}

/// The error is in a box, so that what mostly succeeds answers in registers.
type CResult<T = ()> = Result<T, Box<CompileError>>;

/// Compiles a chunk. `source` is the text it was parsed from, `name` the source name that all its
/// functions get.
///
/// # Errors
/// When a function needs more registers, variables, upvalues or results than an instruction can
/// name.
pub fn compile(chunk: &Chunk, source: &[u8], name: Option<Arc<[u8]>>) -> Result<Proto, CompileError> {
    let mut compiler = ChunkCompiler::new(name);
    // A function's number is below those of the functions inside it.
    for id in (0..chunk.funcs.len() as u32).rev() {
        compiler.function(chunk.unit(FuncId(id), source));
    }
    compiler.finish()
}

/// Compiles the functions of a chunk one by one, inner ones before those around them.
pub struct ChunkCompiler {
    /// What else than symbols has a name; the symbols follow when all are known.
    texts: Texts,
    name: Option<TextId>,
    hidden: Hidden,
    /// Where the symbols begin among the texts.
    first_symbol: usize,
    /// The functions that are compiled and that no other has taken in, by their numbers.
    finished: Vec<Option<Box<Finished>>>,
    /// Room for what is known of a function while it is compiled.
    state: FuncState,
    /// The first limit in the text that is exceeded, and its offset.
    error: Option<(u32, Box<CompileError>)>,
}

/// A compiled function that waits for the one around it.
#[derive(Default)]
struct Finished {
    /// It lacks the registers of `captured`.
    proto: Proto,
    /// The upvalues that are locals of the function around: which upvalue, which local.
    captured: Vec<(usize, LocalId)>,
}

impl ChunkCompiler {
    /// A compiler that gives all functions the source name `name`.
    pub fn new(name: Option<Arc<[u8]>>) -> Self {
        let mut texts = Texts::default();
        let hidden = Hidden {
            for_state: texts.push(b"(for state)"),
            vararg_table: texts.push(b"(vararg table)"),
        };
        let name = name.map(|name| texts.push(&name));
        ChunkCompiler {
            first_symbol: texts.len(),
            texts,
            name,
            hidden,
            finished: Vec::new(),
            state: FuncState::default(),
            error: None,
        }
    }

    /// Compiles a function.
    pub fn function(&mut self, unit: Unit<'_>) {
        self.state.begin(unit.function);
        let mut compiler = Compiler {
            unit,
            map: SourceMap::new(unit.text, unit.lines),
            pos: 0,
            first_symbol: self.first_symbol,
            hidden: &self.hidden,
            finished: &mut self.finished,
            fs: &mut self.state,
        };
        let compiled = compiler.function_body();
        let at = compiler.pos;
        let finished = match compiled {
            Ok(()) => self.finished_function(unit),
            Err(error) => {
                if self.error.as_ref().is_none_or(|(first, _)| at < *first) {
                    self.error = Some((at, error));
                }
                Finished::default()
            }
        };
        if unit.id == MAIN {
            for s in (0..unit.symbols.len() as u32).map(Symbol) {
                self.texts.push(unit.symbols.text(s));
            }
        }
        let id = unit.id.index();
        let count = self.finished.len().max(id + 1);
        self.finished.resize_with(count, || None);
        self.finished[id] = Some(Box::new(finished));
    }

    fn finished_function(&mut self, unit: Unit<'_>) -> Finished {
        let mut captured = Vec::new();
        let mut upvalues = Vec::with_capacity(unit.function.upvalues.len());
        for (i, up) in unit.function.upvalues.iter().enumerate() {
            let (in_stack, index) = match up.source {
                UpvalueSource::Local(local) => {
                    captured.push((i, local));
                    (true, 0)
                }
                UpvalueSource::Upvalue(n) => (false, n as u8),
            };
            upvalues.push(UpvalueDesc {
                name: Some(text_of(self.first_symbol, up.name)),
                in_stack,
                index,
                read_only: up.read_only,
            });
        }
        let mut proto = self.state.finish(unit.function);
        proto.source = self.name;
        proto.vararg_table = has_table(unit.function);
        proto.upvalues = upvalues;
        Finished { proto, captured }
    }

    /// The main function, which has the others inside it.
    ///
    /// # Errors
    /// When a function needs more registers, variables, upvalues or results than an instruction can
    /// name.
    ///
    /// # Panics
    /// If the main function was not compiled.
    pub fn finish(mut self) -> Result<Proto, CompileError> {
        if let Some((_, error)) = self.error {
            return Err(*error);
        }
        let main = self.finished.get_mut(MAIN.index()).and_then(Option::take);
        let mut main = main.expect("the main function was compiled").proto;
        let texts = Arc::new(self.texts);
        main.each_own(&mut |p| p.texts = texts.clone());
        Ok(main)
    }
}

/// The text of a symbol.
fn text_of(first_symbol: usize, s: Symbol) -> TextId {
    TextId::new(first_symbol + s.index()).expect("fewer than 2^32 symbols")
}

/// Names of hidden variables.
struct Hidden {
    for_state: TextId,
    vararg_table: TextId,
}

/// The state of the compilation of a function.
struct Compiler<'a, 'c> {
    unit: Unit<'a>,
    map: SourceMap<'a>,
    /// End of the last token consumed.
    pos: u32,
    /// Where the symbols begin among the texts.
    first_symbol: usize,
    hidden: &'c Hidden,
    finished: &'c mut Vec<Option<Box<Finished>>>,
    fs: &'c mut FuncState,
}

impl<'a> Compiler<'a, '_> {
    /// The text of a symbol.
    fn string(&self, s: Symbol) -> TextId {
        text_of(self.first_symbol, s)
    }

    fn list<T: Listed>(&self, list: List<T>) -> &'a [T] {
        self.unit.nodes.list(list)
    }

    fn expr_of(&self, id: ExprId) -> &'a Expr {
        self.unit.nodes.expr(id)
    }

    /// Consumes the next token, a keyword or punctuation.
    fn next_token(&mut self) {
        self.pos = self.map.token_start(self.pos) + 1;
    }

    /// Consumes everything before the token that starts at `start`.
    fn before(&mut self, start: u32) {
        if self.map.token_start(self.pos) != start {
            self.pos = self.map.end_before(start);
        }
    }

    /// Raises the error that a limit of this function is exceeded, if it is.
    #[inline(always)]
    fn check_limit(&self, value: u32, limit: u32, what: &str) -> CResult {
        if value <= limit {
            return Ok(());
        }
        Err(self.beyond_limit(limit, what))
    }

    #[cold]
    fn beyond_limit(&self, limit: u32, what: &str) -> Box<CompileError> {
        let (near, line) = self.map.near(self.pos);
        let place = match self.unit.function.line {
            0 => "main function".to_string(),
            n => format!("function at line {n}"),
        };
        let mut message = format!("too many {what} (limit is {limit}) in {place} near ").into_bytes();
        message.extend_from_slice(&near);
        Box::new(CompileError { line, message })
    }

    /// Takes in a nested function and returns its index.
    fn nested(&mut self, id: FuncId) -> usize {
        let taken = self.finished.get_mut(id.index()).and_then(Option::take);
        let Finished { mut proto, captured } = *taken.expect("inner functions come first");
        for (upvalue, local) in captured {
            proto.upvalues[upvalue].index = self.fs.regs[local.index()];
        }
        self.fs.protos.push(Arc::new(proto));
        self.fs.protos.len() - 1
    }

    fn function_body(&mut self) -> CResult {
        let func = self.unit.function;
        let is_main = self.unit.id == MAIN;
        self.enter_block(false);
        if !is_main {
            self.pos = func.span.start + 1;
        }
        self.check_limit(func.upvalues.len() as u32, 255, "upvalues")?;
        self.parameters(func, is_main)?;
        self.find_labels(&func.body, true);
        self.statements(&func.body)?;
        if !is_main {
            self.pos = func.span.end;
        }
        let level = self.fs.var_level();
        self.ret(level, Returned::Count(0));
        self.leave_block();
        Ok(())
    }

    fn parameters(&mut self, func: &'a Function, is_main: bool) -> CResult {
        for i in 0..func.params {
            self.activate_local(LocalId(i))?;
        }
        if func.vararg != Vararg::None {
            let table = u8::from(has_table(func));
            self.emit(Op::VARARGPREP, func.params as u8, table, 0, 0);
        }
        match func.vararg {
            Vararg::Named { local, used_as_value } => {
                self.activate_local(local)?;
                self.fs.virtual_vararg = (!used_as_value).then_some(local);
            }
            Vararg::Anonymous if !is_main && self.unit.dialect == Dialect::Lua55 => {
                self.activate(self.hidden.vararg_table, None, false)?;
            }
            Vararg::Anonymous | Vararg::None => {}
        }
        self.reserve(self.fs.active.len() as u32)
    }
}

/// Whether the function's varargs are in a table.
fn has_table(func: &Function) -> bool {
    match func.vararg {
        Vararg::Named { used_as_value, .. } => used_as_value,
        Vararg::Anonymous | Vararg::None => false,
    }
}
