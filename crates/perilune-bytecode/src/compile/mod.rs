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
    Chunk, Dialect, ExprId, FuncId, Function, LocalId, Symbol, UpvalueSource, Vararg,
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

type CResult<T = ()> = Result<T, CompileError>;

/// Compiles a chunk. `source` is the text it was parsed from, `name` the source name that all its
/// functions get.
///
/// # Errors
/// When a function needs more registers, variables, upvalues or results than an instruction can
/// name.
pub fn compile(chunk: &Chunk, source: &[u8], name: Option<Arc<[u8]>>) -> Result<Proto, CompileError> {
    let func = chunk.func(chunk.main);
    let mut texts: Texts = (0..chunk.symbols.len() as u32)
        .map(|s| chunk.text(Symbol(s)))
        .collect();
    let mut compiler = Compiler {
        chunk,
        map: SourceMap::new(source),
        pos: 0,
        name: name.map(|name| texts.push(&name)),
        hidden: Hidden {
            for_state: texts.push(b"(for state)"),
            vararg_table: texts.push(b"(vararg table)"),
        },
        texts: Arc::new(texts),
        spine: Vec::new(),
        fs: FuncState::new(func, Vec::new()),
    };
    compiler.fs.upvalues = compiler.upvalue_descs(func)?;
    compiler.function_body(func)?;
    let fs = std::mem::replace(&mut compiler.fs, FuncState::new(func, Vec::new()));
    Ok(fs.finish(compiler.texts, compiler.name, has_table(func)))
}

/// Names of hidden variables.
struct Hidden {
    for_state: TextId,
    vararg_table: TextId,
}

/// The state of a compilation.
struct Compiler<'a> {
    chunk: &'a Chunk,
    map: SourceMap<'a>,
    /// End of the last token consumed.
    pos: u32,
    name: Option<TextId>,
    /// The chunk's symbols, and what else has a name.
    texts: Arc<Texts>,
    hidden: Hidden,
    /// Expressions whose left operand is being compiled.
    spine: Vec<ExprId>,
    /// The function being compiled.
    fs: FuncState<'a>,
}

impl<'a> Compiler<'a> {
    /// A symbol's number among the texts.
    fn string(&self, s: Symbol) -> TextId {
        TextId::new(s.index()).expect("a symbol is among the texts")
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
    fn check_limit(&self, value: u32, limit: u32, what: &str) -> CResult {
        if value <= limit {
            return Ok(());
        }
        let (near, line) = self.map.near(self.pos);
        let place = match self.fs.func.line {
            0 => "main function".to_string(),
            n => format!("function at line {n}"),
        };
        let mut message = format!("too many {what} (limit is {limit}) in {place} near ").into_bytes();
        message.extend_from_slice(&near);
        Err(CompileError { line, message })
    }

    /// How the upvalues of `func` are found in the function being compiled.
    fn upvalue_descs(&mut self, func: &Function) -> CResult<Vec<UpvalueDesc>> {
        self.check_limit(func.upvalues.len() as u32, 255, "upvalues")?;
        let is_main = func.line == 0 && std::ptr::eq(func, self.chunk.func(self.chunk.main));
        let mut descs = Vec::with_capacity(func.upvalues.len());
        for up in &func.upvalues {
            let (in_stack, index) = match up.source {
                UpvalueSource::Local(_) if is_main => (true, 0),
                UpvalueSource::Local(id) => (true, self.fs.regs[id.index()]),
                UpvalueSource::Upvalue(n) => (false, n as u8),
            };
            let name = Some(self.string(up.name));
            descs.push(UpvalueDesc {
                name,
                in_stack,
                index,
                read_only: up.read_only,
            });
        }
        Ok(descs)
    }

    /// Compiles a nested function and returns its index.
    fn nested(&mut self, id: FuncId) -> CResult<usize> {
        let func = self.chunk.func(id);
        let upvalues = self.upvalue_descs(func)?;
        let parent = std::mem::replace(&mut self.fs, FuncState::new(func, upvalues));
        self.function_body(func)?;
        let fs = std::mem::replace(&mut self.fs, parent);
        let proto = fs.finish(self.texts.clone(), self.name, has_table(func));
        self.fs.protos.push(Arc::new(proto));
        Ok(self.fs.protos.len() - 1)
    }

    fn function_body(&mut self, func: &'a Function) -> CResult {
        let is_main = func.line == 0 && std::ptr::eq(func, self.chunk.func(self.chunk.main));
        self.enter_block(false);
        if !is_main {
            self.pos = func.span.start + 1;
        }
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
            Vararg::Anonymous if !is_main && self.chunk.dialect == Dialect::Lua55 => {
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
