//! A chunk's tree as the walker runs it: the parser's output, which closures share, with what cannot be
//! known before a state exists, the strings.

use super::late::late_lines;
use crate::error::Throw;
use crate::heap::Gc;
use crate::object::Table;
use crate::state::State;
use crate::value::Value;
use perilune_syntax::ast::{Chunk, FuncId, Function, Symbol};
use std::collections::HashMap;
use std::sync::Arc;

/// A chunk for any number of states.
pub(crate) struct TreeChunk {
    pub(super) chunk: Chunk,
    /// For each function those directly inside it, in source order.
    children: Vec<Vec<FuncId>>,
    /// For each function which child of its parent it is.
    pub(super) nth: Vec<u32>,
    /// The lines of fields that are fetched on another one than theirs.
    pub(super) late_lines: HashMap<u32, u32>,
}

impl TreeChunk {
    /// Wraps a chunk that was parsed from `text`.
    pub(crate) fn new(chunk: Chunk, text: &[u8]) -> TreeChunk {
        let n = chunk.funcs.len();
        let mut order: Vec<FuncId> = (0..n as u32).map(FuncId).filter(|&f| f != chunk.main).collect();
        order.sort_by_key(|&f| chunk.func(f).span.start);
        let mut children = vec![Vec::new(); n];
        let mut nth = vec![0; n];
        let mut open = vec![chunk.main];
        for f in order {
            let start = chunk.func(f).span.start;
            while open.len() > 1 && open.last().is_some_and(|&o| chunk.func(o).span.end <= start) {
                open.pop();
            }
            let siblings: &mut Vec<FuncId> = &mut children[open[open.len() - 1].index()];
            nth[f.index()] = siblings.len() as u32;
            siblings.push(f);
            open.push(f);
        }
        TreeChunk {
            late_lines: late_lines(&chunk, text),
            chunk,
            children,
            nth,
        }
    }

    /// Bytes that one function's share of it takes, roughly.
    fn share(&self) -> usize {
        let all = self.chunk.nodes.exprs.len() * 80 + self.chunk.symbols.len() * 24;
        all / self.chunk.funcs.len().max(1)
    }
}

/// A function of a chunk in one state.
pub(crate) struct TreeFn {
    pub(super) code: Arc<TreeChunk>,
    pub(super) id: FuncId,
    /// The chunk's strings as values, the items of a table.
    pub(crate) symbols: Gc<Table>,
}

impl TreeFn {
    /// The main function of a chunk.
    pub(crate) fn main(st: &mut State, code: Arc<TreeChunk>) -> Result<TreeFn, Throw> {
        let n = code.chunk.symbols.len();
        let symbols = st.new_table(n, 0)?;
        st.heap.roots.temps.push(symbols.into());
        for i in 0..n {
            let s = st.new_str(code.chunk.text(Symbol(i as u32)))?;
            symbols
                .set_int(&mut st.heap, i as i64 + 1, s.into())
                .map_err(|e| st.table_error(e))?;
        }
        Ok(TreeFn {
            id: code.chunk.main,
            code,
            symbols,
        })
    }

    /// The `n`-th function directly inside it.
    pub(crate) fn child(&self, n: usize) -> Option<TreeFn> {
        Some(TreeFn {
            code: self.code.clone(),
            id: *self.code.children[self.id.index()].get(n)?,
            symbols: self.symbols,
        })
    }

    pub(super) fn func(&self) -> &Function {
        self.code.chunk.func(self.id)
    }

    /// Bytes that it takes outside the heap.
    pub(crate) fn external_bytes(&self) -> usize {
        size_of::<TreeFn>() + self.code.share()
    }
}

impl State {
    /// Whether functions are run by the tree walker.
    #[inline(always)]
    pub(crate) fn walks_trees(&self) -> bool {
        self.options.engine == crate::engine::Engine::Tree
    }
}

/// What a constant of the tree is as a value; strings are looked up by the walker.
pub(super) fn plain_constant(c: perilune_syntax::ast::Constant) -> Option<Value> {
    use perilune_syntax::ast::Constant;
    match c {
        Constant::Nil => Some(Value::NIL),
        Constant::Bool(b) => Some(Value::bool(b)),
        Constant::Int(i) => Some(Value::int(i)),
        Constant::Float(f) => Some(Value::float(f)),
        Constant::Str(_) => None,
    }
}
