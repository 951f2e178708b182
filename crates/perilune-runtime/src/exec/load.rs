//! Source or binary chunk -> function.

use super::TreeChunk;
use super::unwind::handle;
use crate::error::{StopReason, Throw, text};
use crate::heap::{Gc, interrupt};
use crate::object::{Closure, Str};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::compile::{self, ChunkCompiler, CompileError};
use perilune_bytecode::file::{self, FileError};
use perilune_bytecode::proto::Proto;
use perilune_bytecode::verify::{self, VerifiedProto};
use perilune_syntax::ast::Dialect;
use perilune_syntax::{
    ParseError, ParseOptions, Source, Unreadable, chunk_id, parse_functions, parse_source,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What of a state compiling depends on. It borrows nothing, so that a reader function may run
/// meanwhile.
struct Frontend {
    dialect: Dialect,
    interrupt: Arc<AtomicU32>,
    /// Whether the walker needs the tree.
    keeps_tree: bool,
    /// Levels of C calls.
    levels: u32,
    /// Whether source must not be compiled.
    closed: bool,
}

/// What a chunk becomes: bytecode, and its tree if the walker is to run it.
type Compiled = (VerifiedProto, Option<Arc<TreeChunk>>);

/// Why there is no function.
enum Refusal {
    /// What is wrong with the chunk.
    Message(Vec<u8>),
    /// Source and calls around it nest too deep, which message handlers see, unlike other refusals.
    TooDeep,
    /// The state is to stop.
    Interrupted,
    /// The reader function failed.
    Unreadable,
}

/// Where the bytecode of files is kept from one run to the next. What comes from it is verified as any
/// other binary chunk.
pub trait CodeCache: Send {
    /// Whether it would keep the bytecode of this source.
    fn wants(&self, source: &[u8]) -> bool;
    /// The binary chunk that was kept for exactly this source in this dialect.
    fn find(&mut self, source: &[u8], dialect: Dialect) -> Option<Vec<u8>>;
    /// Keeps the binary chunk of a source; `name` is the chunk's name, for people. It may fail quietly.
    fn keep(&mut self, source: &[u8], dialect: Dialect, name: &[u8], chunk: &[u8]);
}

impl State {
    /// Makes files load from a cache, or not. The walker needs source, and does without.
    pub fn set_code_cache(&mut self, cache: Option<Box<dyn CodeCache>>) {
        self.code_cache = cache;
    }

    /// As [`State::load`], by way of the cache, if there is one and it wants the source.
    ///
    /// # Errors
    /// As [`State::load`].
    pub fn load_cached(
        &mut self,
        source: Vec<u8>,
        chunk_name: &[u8],
        mode: &[u8],
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        let is_text = !source.starts_with(&file::SIGNATURE[..1]) && mode.contains(&b't');
        let may = is_text && !self.walks_trees();
        let Some(mut cache) = self.code_cache.take_if(|c| may && c.wants(&source)) else {
            return self.load(source, chunk_name, mode, env);
        };
        let loaded = self.load_through(&mut *cache, source, chunk_name, env);
        self.code_cache = Some(cache);
        loaded
    }

    fn load_through(
        &mut self,
        cache: &mut dyn CodeCache,
        source: Vec<u8>,
        name: &[u8],
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        let dialect = self.dialect();
        if let Some(p) = cache.find(&source, dialect).and_then(|chunk| kept(&chunk, name)) {
            self.tick(load_cost(&source))?;
            return Ok(Ok(self.new_main_with(&p, None, env)?.into()));
        }
        let loaded = self.load(source.clone(), name, b"t", env)?;
        if let Ok(f) = loaded
            && let Some(closure) = f.as_closure()
        {
            let chunk = self.dump_function(closure, false)?;
            cache.keep(&source, dialect, name, &chunk);
        }
        Ok(loaded)
    }

    /// Compiles a text chunk, or reads a binary one, into a main function whose first upvalue is
    /// `env` (default: the globals). `mode` says which are allowed: "t", "b" or "bt".
    /// `Ok(Err(message))` is what is wrong with the chunk.
    ///
    /// # Errors
    /// Stops, no memory.
    pub fn load(
        &mut self,
        source: Vec<u8>,
        chunk_name: &[u8],
        mode: &[u8],
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        self.tick(load_cost(&source))?;
        let frontend = self.frontend();
        let compiled = match is_binary(source.first().copied()) {
            true => frontend.read(chunk_name, mode, || file::read(&source)),
            false => frontend.compile(Source::whole(source), chunk_name, mode),
        };
        self.made(compiled, env)
    }

    /// As [`State::load`], of the chunk in a string.
    ///
    /// # Errors
    /// Stops, no memory.
    pub fn load_str(
        &mut self,
        chunk: Gc<Str>,
        chunk_name: &[u8],
        mode: &[u8],
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        let bytes = chunk.bytes(&self.heap);
        if !is_binary(bytes.first().copied()) {
            let source = bytes.to_vec();
            return self.load(source, chunk_name, mode, env);
        }
        self.tick(load_cost(bytes))?;
        let bytes = chunk.bytes(&self.heap);
        let compiled = self.frontend().read(chunk_name, mode, || file::read(bytes));
        self.made(compiled, env)
    }

    fn made(
        &mut self,
        compiled: Result<Compiled, Refusal>,
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        match compiled {
            Ok((p, tree)) => Ok(Ok(self.new_main_with(&p, tree, env)?.into())),
            Err(refusal) => Ok(Err(self.refused(&refusal)?)),
        }
    }

    /// As [`State::load`], of a chunk that `next` reads: it appends the next piece, or nothing at the
    /// end. It is called when the next byte is needed, and may run Lua. The value at `env` (an
    /// argument of the running native) is taken when the chunk is compiled.
    ///
    /// Errors of `next` are among those that come back as `Ok(Err(value))`.
    ///
    /// # Errors
    /// Stops.
    pub fn load_pieces(
        &mut self,
        next: fn(&mut State, &mut Vec<u8>) -> Result<(), Throw>,
        chunk_name: &[u8],
        mode: &[u8],
        env: Option<usize>,
    ) -> Result<Result<Value, Value>, Throw> {
        let loaded = self.catching(|st| {
            let frontend = st.frontend();
            let mut thrown = None;
            let mut more = |text: &mut Vec<u8>| {
                next(st, text).map_err(|throw| {
                    thrown = Some(st.shown(throw));
                    Unreadable
                })
            };
            let compiled = frontend.compile(Source::pieces(&mut more), chunk_name, mode);
            if let Some(throw) = thrown {
                return Err(throw);
            }
            match compiled {
                Ok((p, tree)) => {
                    let env = env.map(|i| st.arg(i));
                    Ok(Ok(st.new_main_with(&p, tree, env)?.into()))
                }
                Err(refusal) => Ok(Err(st.refused(&refusal)?)),
            }
        })?;
        Ok(loaded.flatten())
    }

    /// Shows an error to the message handler in force, unless it has seen it.
    fn shown(&mut self, throw: Throw) -> Throw {
        if throw == Throw::Error && !self.handled {
            handle(self)
        } else {
            throw
        }
    }

    fn frontend(&self) -> Frontend {
        Frontend {
            dialect: self.dialect(),
            interrupt: self.interrupt.clone(),
            keeps_tree: self.walks_trees(),
            levels: self.c_levels(),
            closed: self.is_closed(),
        }
    }

    /// The message of a refusal.
    fn refused(&mut self, refusal: &Refusal) -> Result<Value, Throw> {
        match refusal {
            Refusal::Message(text) => Ok(self.new_str(text)?.into()),
            Refusal::TooDeep => {
                let throw = self.runtime_error(text::C_STACK_OVERFLOW);
                match self.shown(throw) {
                    Throw::Error => Ok(self.take_error()),
                    Throw::Stop => Err(Throw::Stop),
                }
            }
            Refusal::Interrupted => {
                self.safepoint()?;
                Err(self.raise_stop(StopReason::Interrupted))
            }
            Refusal::Unreadable => unreachable!("the reader has said why"),
        }
    }

    /// A function as a binary chunk, without debug information if `strip`.
    ///
    /// # Errors
    /// None; the signature leaves room for limits.
    pub fn dump_function(&mut self, f: Gc<Closure>, strip: bool) -> Result<Vec<u8>, Throw> {
        Ok(file::write(f.proto(&self.heap).meta(&self.heap), strip))
    }
}

impl Frontend {
    fn compile(&self, mut source: Source<'_>, name: &[u8], mode: &[u8]) -> Result<Compiled, Refusal> {
        let first = source.first();
        if source.has_failed() {
            return Err(Refusal::Unreadable);
        }
        if is_binary(first) {
            return self.read(name, mode, || file::read_source(source));
        }
        allowed(mode, "text", b't')?;
        if self.closed {
            return Err(Refusal::Message(CLOSED.into()));
        }
        let (proto, tree) = self.compile_text(source, name)?;
        Ok((verified(proto, name)?, tree))
    }

    /// The function of a binary chunk.
    fn read(
        &self,
        name: &[u8],
        mode: &[u8],
        read: impl FnOnce() -> Result<Proto, FileError>,
    ) -> Result<Compiled, Refusal> {
        allowed(mode, "binary", b'b')?;
        let proto = read().map_err(|e| bad_chunk(name, e.reason()))?;
        Ok((verified(proto, name)?, None))
    }

    fn compile_text(
        &self,
        source: Source<'_>,
        name: &[u8],
    ) -> Result<(Proto, Option<Arc<TreeChunk>>), Refusal> {
        let stopped = || self.interrupt.load(Ordering::Relaxed) & (interrupt::STOP | interrupt::TIMEOUT) != 0;
        let options = ParseOptions {
            dialect: self.dialect,
            interrupt: Some(&stopped),
            levels: self.levels,
        };
        let beyond_limit = |e| Refusal::Message(limit_message(name, &e));
        if self.keeps_tree {
            let (chunk, text) = parse_source(source, name, options)?;
            let proto = compile::compile(&chunk, &text, Some(name.into())).map_err(beyond_limit)?;
            return Ok((proto, Some(Arc::new(TreeChunk::new(chunk, &text)))));
        }
        let mut compiler = ChunkCompiler::new(Some(name.into()));
        parse_functions(source, name, options, &mut |unit| compiler.function(unit))?;
        Ok((compiler.finish().map_err(beyond_limit)?, None))
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Refusal {
        match error {
            ParseError::Syntax(e) if e.message == text::C_STACK_OVERFLOW.as_bytes() => Refusal::TooDeep,
            ParseError::Syntax(e) => Refusal::Message(e.message),
            ParseError::Interrupted => Refusal::Interrupted,
            ParseError::Unreadable => Refusal::Unreadable,
        }
    }
}

/// Why a closed program compiles nothing.
const CLOSED: &[u8] = b"attempt to compile source in a program that was built with '--closed'";

/// What loading a chunk counts as, in instructions.
fn load_cost(source: &[u8]) -> u64 {
    source.len() as u64 / 16 + 1
}

/// What a cache kept, under the name that the chunk has in this run.
fn kept(chunk: &[u8], name: &[u8]) -> Option<VerifiedProto> {
    let mut proto = file::read(chunk).ok()?;
    proto.set_source(name);
    verify::verify(Arc::new(proto)).ok()
}

/// What is reported of a chunk that exceeds a limit of the bytecode.
fn limit_message(name: &[u8], error: &CompileError) -> Vec<u8> {
    let line = format!(":{}: ", error.line);
    [&chunk_id(name)[..], line.as_bytes(), &error.message].concat()
}

/// Whether a chunk that begins with this byte is a binary one.
fn is_binary(first: Option<u8>) -> bool {
    first == Some(file::SIGNATURE[0])
}

/// Refuses a chunk of a kind that the mode does not allow.
fn allowed(mode: &[u8], kind: &str, flag: u8) -> Result<(), Refusal> {
    if mode.contains(&flag) {
        return Ok(());
    }
    let what = format!("attempt to load a {kind} chunk (mode is '");
    Err(Refusal::Message([what.as_bytes(), mode, b"')"].concat()))
}

fn verified(proto: Proto, name: &[u8]) -> Result<VerifiedProto, Refusal> {
    verify::verify(Arc::new(proto)).map_err(|e| bad_chunk(name, &e.to_string()))
}

/// What is reported of a binary chunk that is not well-formed.
fn bad_chunk(name: &[u8], reason: &str) -> Refusal {
    let shown = match name.first() {
        Some(b'@' | b'=') => &name[1..],
        Some(0x1b) => b"binary string",
        Some(_) | None => name,
    };
    Refusal::Message([shown, format!(": bad binary format ({reason})").as_bytes()].concat())
}
