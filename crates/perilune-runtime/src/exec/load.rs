//! Source or binary chunk -> function.

use crate::error::{StopReason, Throw};
use crate::heap::{Gc, interrupt};
use crate::object::Closure;
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::proto::Proto;
use perilune_bytecode::{compile, file, verify};
use perilune_syntax::{ParseError, ParseOptions, chunk_id, parse_with};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl State {
    /// Compiles a text chunk, or reads a binary one, into a main function whose first upvalue is
    /// `env` (default: the globals). `mode` says which are allowed: "t", "b" or "bt".
    /// `Ok(Err(message))` is what is wrong with the chunk.
    ///
    /// # Errors
    /// Stops, no memory.
    pub fn load(
        &mut self,
        source: &[u8],
        chunk_name: &[u8],
        mode: &[u8],
        env: Option<Value>,
    ) -> Result<Result<Value, Value>, Throw> {
        self.tick(source.len() as u64 / 16 + 1)?;
        let binary = source.first() == Some(&0x1b);
        let (kind, flag) = if binary { ("binary", b'b') } else { ("text", b't') };
        let compiled = if mode.contains(&flag) {
            if binary {
                read_chunk(source, chunk_name)
            } else {
                self.compile_text(source, chunk_name)?
            }
        } else {
            Err([
                format!("attempt to load a {kind} chunk (mode is '").as_bytes(),
                mode,
                b"')",
            ]
            .concat())
        };
        let verified = compiled
            .and_then(|p| verify::verify(Arc::new(p)).map_err(|e| bad_chunk(chunk_name, &e.to_string())));
        match verified {
            Ok(p) => Ok(Ok(self.new_main(&p, env)?.into())),
            Err(msg) => Ok(Err(self.new_str(&msg)?.into())),
        }
    }

    fn compile_text(&mut self, source: &[u8], name: &[u8]) -> Result<Result<Proto, Vec<u8>>, Throw> {
        let word = self.interrupt.clone();
        let stopped = || word.load(Ordering::Relaxed) & (interrupt::STOP | interrupt::TIMEOUT) != 0;
        let options = ParseOptions {
            dialect: self.dialect(),
            interrupt: Some(&stopped),
        };
        let chunk = match parse_with(source, name, options) {
            Ok(c) => c,
            Err(ParseError::Syntax(e)) => return Ok(Err(e.message)),
            Err(ParseError::Interrupted) => {
                self.safepoint()?;
                return Err(self.raise_stop(StopReason::Interrupted));
            }
        };
        let source_name: Arc<[u8]> = name.into();
        Ok(compile::compile(&chunk, source, Some(source_name)).map_err(|e| {
            let mut s = chunk_id(name);
            s.extend_from_slice(format!(":{}: ", e.line).as_bytes());
            s.extend_from_slice(&e.message);
            s
        }))
    }

    /// Whether text is in error whatever may follow it: the error stands before its last byte.
    pub(crate) fn is_certainly_wrong(&self, source: &[u8]) -> bool {
        let options = ParseOptions {
            dialect: self.dialect(),
            interrupt: None,
        };
        match parse_with(source, b"=?", options) {
            Err(ParseError::Syntax(e)) => {
                source.first() != Some(&0x1b) && e.span.end as usize + 1 < source.len()
            }
            Err(ParseError::Interrupted) | Ok(_) => false,
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

fn read_chunk(source: &[u8], name: &[u8]) -> Result<Proto, Vec<u8>> {
    file::read(source).map_err(|e| bad_chunk(name, &e.to_string()))
}

/// What is reported of a binary chunk that is not well-formed.
fn bad_chunk(name: &[u8], reason: &str) -> Vec<u8> {
    let shown = match name.first() {
        Some(b'@' | b'=') => &name[1..],
        Some(0x1b) => b"binary string",
        Some(_) | None => name,
    };
    [shown, format!(": bad binary format ({reason})").as_bytes()].concat()
}
