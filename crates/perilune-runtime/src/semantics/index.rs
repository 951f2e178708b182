//! `t[k]` and `t[k] = v` with metamethods.

use super::Outcome;
use crate::error::{Throw, text};
use crate::heap::{Event, Gc, Heap};
use crate::object::Table;
use crate::state::State;
use crate::value::Value;

/// Longest chain of `__index` or `__newindex` tables.
const MAX_CHAIN: usize = 2000;

/// `obj[key]` where no metamethod is asked: of a table that has the key, or has no metatable.
#[inline(always)]
pub fn plain(heap: &Heap, obj: Value, key: Value) -> Option<Value> {
    let t = obj.as_table()?;
    let v = match key.as_int() {
        Some(n) => t.get_int(heap, n),
        None => match key.as_str() {
            Some(name) => t.get_str(heap, name),
            None => t.get(heap, key),
        },
    };
    (!v.is_nil() || t.metatable(heap).is_none()).then_some(v)
}

/// Where a read leads.
pub enum Found {
    /// To this value.
    Value(Value),
    /// To the function `f`, which is to be called with `at` and the key.
    Call {
        /// The metamethod.
        f: Value,
        /// Its first argument.
        at: Value,
    },
    /// To a value that has no fields.
    Nowhere(Value),
    /// Further than a chain may be long.
    TooFar,
}

/// Where `obj[key]` leads.
pub fn find(heap: &Heap, obj: Value, key: Value) -> Found {
    let mut at = obj;
    for _ in 0..MAX_CHAIN {
        let f = match at.as_table() {
            Some(t) => {
                let v = t.get(heap, key);
                if !v.is_nil() {
                    return Found::Value(v);
                }
                let f = t
                    .metatable(heap)
                    .map_or(Value::NIL, |mt| heap.event_of(mt, Event::Index));
                if f.is_nil() {
                    return Found::Value(Value::NIL);
                }
                f
            }
            None => {
                let f = heap.metamethod(at, Event::Index);
                if f.is_nil() {
                    return Found::Nowhere(at);
                }
                f
            }
        };
        if f.is_function() {
            return Found::Call { f, at };
        }
        at = f;
    }
    Found::TooFar
}

/// `obj[key]`
///
/// # Errors
/// "attempt to index", or a chain that is too long.
pub fn index(st: &mut State, obj: Value, key: Value) -> Result<Outcome, Throw> {
    match find(&st.heap, obj, key) {
        Found::Value(v) => Ok(Outcome::Value(v)),
        Found::Call { f, at } => Ok(Outcome::Call { f, a: at, b: key }),
        Found::Nowhere(at) => Err(st.index_error(at, key)),
        Found::TooFar => Err(st.runtime_error(text::INDEX_CHAIN)),
    }
}

/// The answer to a store.
#[derive(Clone, Copy)]
pub enum Store {
    /// It is done.
    Done,
    /// Call `f(obj, key, value)`.
    Call {
        /// The metamethod.
        f: Value,
        /// Its first argument.
        obj: Value,
    },
}

/// The `__newindex` that a store of `t[key]` goes to; nil if the store is a raw one.
#[inline]
pub fn newindex(st: &State, t: Gc<Table>, key: Value) -> Value {
    let Some(mt) = t.metatable(&st.heap) else {
        return Value::NIL;
    };
    let f = st.heap.event_of(mt, Event::NewIndex);
    if f.is_nil() || t.get(&st.heap, key).is_nil() {
        f
    } else {
        Value::NIL
    }
}

/// `obj[key] = value` where no metamethod is asked and nothing can fail: into a table without a metatable,
/// under a name or an integer. False: nothing was done.
#[inline(always)]
pub fn set_plain(st: &mut State, obj: Value, key: Value, value: Value) -> bool {
    let Some(t) = obj.as_table() else { return false };
    if t.metatable(&st.heap).is_some() {
        return false;
    }
    if let Some(n) = key.as_int() {
        return t.set_int(&mut st.heap, n, value).is_ok();
    }
    match key.as_str() {
        Some(name) => t.set_str(&mut st.heap, name, value).is_ok(),
        None => false,
    }
}

/// Raises "global 'x' already defined".
#[cold]
pub(crate) fn already_defined(st: &mut State, name: Value) -> Throw {
    let mut s = b"global '".to_vec();
    if let Some(name) = name.as_str() {
        s.extend_from_slice(name.bytes(&st.heap));
    }
    s.extend_from_slice(b"' already defined");
    st.error(s)
}

/// Where a store leads.
pub enum Target {
    /// Into this table, without a metamethod.
    Table(Gc<Table>),
    /// To the function `f`, which is to be called with `at`, the key and the value.
    Call {
        /// The metamethod.
        f: Value,
        /// Its first argument.
        at: Value,
    },
    /// To this value, which cannot be indexed.
    Nowhere(Value),
    /// Further than a chain may be long.
    TooFar,
}

/// Where a store into `obj[key]` leads.
pub fn find_target(st: &State, obj: Value, key: Value) -> Target {
    let mut at = obj;
    for _ in 0..MAX_CHAIN {
        let f = match at.as_table() {
            Some(t) => {
                let f = newindex(st, t, key);
                if f.is_nil() {
                    return Target::Table(t);
                }
                f
            }
            None => {
                let f = st.heap.metamethod(at, Event::NewIndex);
                if f.is_nil() {
                    return Target::Nowhere(at);
                }
                f
            }
        };
        if f.is_function() {
            return Target::Call { f, at };
        }
        at = f;
    }
    Target::TooFar
}

/// `obj[key] = value`
///
/// # Errors
/// "attempt to index", an invalid key, no memory, or a chain that is too long.
pub fn set_index(st: &mut State, obj: Value, key: Value, value: Value) -> Result<Store, Throw> {
    match find_target(st, obj, key) {
        Target::Table(t) => {
            st.raw_set(t, key, value)?;
            Ok(Store::Done)
        }
        Target::Call { f, at } => Ok(Store::Call { f, obj: at }),
        Target::Nowhere(at) => Err(st.index_error(at, key)),
        Target::TooFar => Err(st.runtime_error(text::NEWINDEX_CHAIN)),
    }
}
