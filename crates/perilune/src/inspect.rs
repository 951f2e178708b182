//! An error that is being reported -> where it happened: frames, variables, and what tables hold, all
//! without running Lua code.

use crate::value::Value;
use crate::{Context, Error, Function, Message, Result, add_traceback};
use perilune_runtime::exec::debug::{DebugTarget, FrameRef};
use perilune_runtime::heap::{Event, Gc};
use perilune_runtime::native::Ret;
use perilune_runtime::object::Table as RawTable;
use perilune_runtime::{Throw, Value as Raw};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How many frames of the stack are shown to an observer.
const MOST_FRAMES: i64 = 16;
/// How many tables are followed through `__index`.
const MOST_TABLES: usize = 16;
/// How many variables of a frame are looked at.
const MOST_VARIABLES: i64 = 512;

/// An error, while the stack is still there.
#[derive(Debug)]
pub struct ErrorSite {
    /// What is reported, without the traceback.
    pub message: Message,
    /// The stack, from the function that raised the error outward; at most 16 frames.
    pub frames: Vec<Frame>,
}

/// An activation of a function.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The name of its chunk, as `load` takes it: `@file`, `=text`, or the source. None for native
    /// functions, and where it has been stripped.
    pub chunk: Option<Vec<u8>>,
    /// The line it is on, from 1.
    pub line: Option<u32>,
    /// How the function is called by its caller's code, if that tells.
    pub name: Option<Message>,
    /// Whether it runs native code.
    pub is_native: bool,
    level: i64,
}

impl Frame {
    fn find(&self, lua: &Context) -> Option<FrameRef> {
        lua.debug_frame(lua.current_thread(), self.level)
    }

    /// The local variables in scope, from the outermost inward.
    fn locals(&self, lua: &Context) -> Vec<(Vec<u8>, Raw)> {
        let Some(frame) = self.find(lua) else {
            return Vec::new();
        };
        let co = lua.current_thread();
        let all = (1..MOST_VARIABLES).map_while(|n| lua.local_get(co, frame, n));
        all.filter(|(name, _)| !name.starts_with(b"(")).collect()
    }

    fn upvalues(&self, lua: &mut Context) -> Vec<(Vec<u8>, Raw)> {
        let Some(frame) = self.find(lua) else {
            return Vec::new();
        };
        let co = lua.current_thread();
        let function = lua.debug_info(DebugTarget::Frame(co, frame)).func;
        (1..MOST_VARIABLES)
            .map_while(|n| lua.upvalue_get(function, n))
            .collect()
    }

    /// The value of the innermost local variable of that name in scope.
    pub fn local(&self, lua: &mut Context, name: &[u8]) -> Option<Value> {
        let all = self.locals(lua);
        let (_, v) = all.into_iter().rev().find(|(n, _)| n == name)?;
        Some(Value::from_raw(lua, v))
    }

    /// The value of the function's upvalue of that name.
    pub fn upvalue(&self, lua: &mut Context, name: &[u8]) -> Option<Value> {
        let all = self.upvalues(lua);
        let (_, v) = all.into_iter().find(|(n, _)| n == name)?;
        Some(Value::from_raw(lua, v))
    }

    /// The names of its local variables in scope, and of its upvalues.
    pub fn variables(&self, lua: &mut Context) -> Vec<Vec<u8>> {
        let locals = self.locals(lua);
        let all = locals.into_iter().chain(self.upvalues(lua));
        all.map(|(name, _)| name).collect()
    }
}

impl Value {
    /// The tables in which a field of this value is looked for: itself, and those that `__index` names.
    fn field_tables(&self, lua: &Context) -> Vec<Gc<RawTable>> {
        let mut tables = Vec::new();
        let Ok(mut v) = self.to_raw(lua) else {
            return tables;
        };
        for _ in 0..MOST_TABLES {
            tables.extend(v.as_table());
            let Some(meta) = lua.heap.metatable(v) else {
                break;
            };
            let next = lua.heap.event_of(meta, Event::Index);
            if next.as_table().is_none() {
                break;
            }
            v = next;
        }
        tables
    }

    /// The field `name` of a table or of another value, looked for in it and in the tables that
    /// `__index` names; functions are not called. Nil if it is not there.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn raw_field(&self, lua: &mut Context, name: &[u8]) -> Result<Value> {
        let key = lua.new_str(name).map_err(|_| Error::Memory)?;
        let tables = self.field_tables(lua);
        let values = tables.iter().map(|t| t.get_str(&lua.heap, key));
        let found = values.into_iter().find(|v| !v.is_nil()).unwrap_or(Raw::NIL);
        Ok(Value::from_raw(lua, found))
    }

    /// The names of the fields that [`Value::raw_field`] finds, in the order of traversal.
    pub fn raw_field_names(&self, lua: &Context) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        for t in self.field_tables(lua) {
            let mut key = Raw::NIL;
            while let Ok(Some((k, _))) = t.next(&lua.heap, key) {
                key = k;
                names.extend(k.as_str().map(|s| s.bytes(&lua.heap).to_vec()));
            }
        }
        names
    }
}

type Observer = Arc<dyn Fn(&mut Context, &ErrorSite) + Send + Sync>;

/// As [`crate::message_handler`]; before the stack is left, `observer` may look at it.
///
/// # Errors
/// [`Error::Memory`].
pub fn observing_handler(
    lua: &mut Context,
    observer: impl Fn(&mut Context, &ErrorSite) + Send + Sync + 'static,
) -> Result<Function> {
    let observer: Observer = Arc::new(observer);
    let make = |st: &mut Context| {
        let u = st.new_userdata(Box::new(observer), 0, 64)?;
        st.new_native("traceback", observe, &[u.into()])
    };
    match make(lua) {
        Ok(n) => Ok(Function::root(lua, n.into())),
        Err(_) => Err(Error::from_state(lua)),
    }
}

/// The native behind [`observing_handler`].
fn observe(st: &mut Context) -> std::result::Result<Ret, Throw> {
    let observer = st.upvalue(1).as_userdata();
    let observer = observer.and_then(|u| u.data::<Observer>(&st.heap).cloned());
    add_traceback(st, |st, message| {
        if let Some(observer) = observer {
            let message = Message::from(message);
            let frames = frames(st);
            let site = ErrorSite { message, frames };
            // What an observer does wrong must not hide the error.
            let _ = catch_unwind(AssertUnwindSafe(|| observer(st, &site)));
        }
    })
}

/// The frames around the handler that is running.
fn frames(st: &mut Context) -> Vec<Frame> {
    let co = st.current_thread();
    let mut frames = Vec::new();
    for level in 1..=MOST_FRAMES {
        let Some(frame) = st.debug_frame(co, level) else {
            break;
        };
        let info = st.debug_info(DebugTarget::Frame(co, frame));
        let is_stripped = info.source == b"=?" || info.source == b"=[C]";
        frames.push(Frame {
            chunk: (!is_stripped).then_some(info.source),
            line: u32::try_from(info.currentline).ok(),
            name: info.name.map(|n| Message::from(&n[..])),
            is_native: info.what == "C",
            level,
        });
    }
    frames
}
