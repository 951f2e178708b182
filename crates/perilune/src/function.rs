//! Functions: calling Lua from Rust and Rust from Lua.

use crate::convert::{FromLuaMulti, IntoLuaMulti};
use crate::value::{MultiValue, Value};
use crate::{Context, Error, Result, Snapshot, TierState, listing};
use perilune_runtime::heap::Rooted;
use perilune_runtime::native::Ret;
use perilune_runtime::{Throw, Value as Raw};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A function.
#[derive(Clone, Debug)]
pub struct Function(pub(crate) Arc<Rooted>);

type Callback = Arc<dyn Fn(&mut Context, MultiValue) -> Result<MultiValue> + Send + Sync>;

impl Function {
    /// The bytecode of a Lua function as it runs now, and of those nested in it, with what its instructions
    /// have learned; None for a native function.
    pub fn listing(&self, lua: &Context) -> Option<Vec<listing::Function>> {
        let f = lua.heap.rooted_value(&self.0)?.as_closure()?;
        Some(f.proto(&lua.heap).listing(&lua.heap))
    }
    /// What runs a Lua function, and what has become of its machine code; None for a native function.
    pub fn tier(&self, lua: &Context) -> Option<TierState> {
        let f = lua.heap.rooted_value(&self.0)?.as_closure()?;
        Some(lua.tier_of(f))
    }
    /// What the machine code of a Lua function and of those nested in it is made from; None for a native function.
    pub fn snapshots(&self, lua: &Context) -> Option<Vec<Snapshot>> {
        let f = lua.heap.rooted_value(&self.0)?.as_closure()?;
        Some(lua.snapshots(f))
    }
    pub(crate) fn root(st: &mut Context, v: Raw) -> Function {
        Function(Arc::new(st.heap.rooted(v)))
    }

    /// A native of the runtime's own kind.
    pub(crate) fn native(
        st: &mut Context,
        name: &'static str,
        f: fn(&mut Context) -> std::result::Result<Ret, Throw>,
    ) -> Result<Function> {
        match st.new_native(name, f, &[]) {
            Ok(n) => Ok(Function::root(st, n.into())),
            Err(_) => Err(Error::from_state(st)),
        }
    }

    pub(crate) fn wrap<A, R, F>(st: &mut Context, f: F) -> Result<Function>
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        F: Fn(&mut Context, A) -> Result<R> + Send + Sync + 'static,
    {
        let callback: Callback = Arc::new(move |st, args| {
            let args = A::from_lua_multi(args, st)?;
            f(st, args)?.into_lua_multi(st)
        });
        let make = |st: &mut Context| {
            let u = st.new_userdata(Box::new(callback), 0, 64)?;
            st.new_native("callback", call_rust, &[u.into()])
        };
        match make(st) {
            Ok(n) => Ok(Function::root(st, n.into())),
            Err(_) => Err(Error::from_state(st)),
        }
    }

    /// Calls it.
    ///
    /// # Errors
    /// What it raises, stops, and conversions.
    pub fn call<R: FromLuaMulti>(&self, lua: &mut Context, args: impl IntoLuaMulti) -> Result<R> {
        self.call_with(lua, args, None)
    }

    /// Calls it with a message handler: a function from the error value to what is reported instead,
    /// run where the error happened.
    ///
    /// # Errors
    /// As [`Function::call`].
    pub fn call_with<R: FromLuaMulti>(
        &self,
        lua: &mut Context,
        args: impl IntoLuaMulti,
        handler: Option<&Function>,
    ) -> Result<R> {
        let args = args.into_lua_multi(lua)?;
        let f = lua.heap.rooted_value(&self.0).ok_or(Error::WrongState)?;
        let raw: Vec<Raw> = args.iter().map(|v| v.to_raw(lua)).collect::<Result<_>>()?;
        let handler = match handler {
            Some(h) => Some(lua.heap.rooted_value(&h.0).ok_or(Error::WrongState)?),
            None => None,
        };
        let r = catch_unwind(AssertUnwindSafe(|| lua.host_call(f, &raw, handler)));
        match r {
            Ok(Ok(Ok(n))) => {
                let results = pop(lua, n);
                R::from_lua_multi(results, lua)
            }
            Ok(Ok(Err(e))) => Err(Error::from_value(lua, e)),
            Ok(Err(reason)) => Err(Error::from_stop(lua, reason)),
            Err(panic) => Err(Error::Panic(panic_text(&*panic))),
        }
    }
}

/// Takes the last `n` values.
fn pop(st: &mut Context, n: usize) -> MultiValue {
    let first = st.top() - n;
    let all = (first..first + n).map(|i| st.slot(i)).collect::<Vec<_>>();
    let values = all.into_iter().map(|v| Value::from_raw(st, v)).collect();
    st.set_top(first);
    values
}

fn panic_text(p: &(dyn std::any::Any + Send)) -> String {
    match (p.downcast_ref::<&str>(), p.downcast_ref::<String>()) {
        (Some(s), _) => (*s).to_owned(),
        (None, Some(s)) => s.clone(),
        (None, None) => "panic".to_owned(),
    }
}

/// The native behind every function made by `create_function`.
fn call_rust(st: &mut Context) -> std::result::Result<Ret, Throw> {
    let callback = st
        .upvalue(1)
        .as_userdata()
        .and_then(|u| u.data::<Callback>(&st.heap).cloned());
    let Some(callback) = callback else {
        return Err(st.error("callback is gone"));
    };
    let n = st.nargs();
    let args = (0..n).map(|i| st.slot(i)).collect::<Vec<_>>();
    let args = args.into_iter().map(|v| Value::from_raw(st, v)).collect();
    match catch_unwind(AssertUnwindSafe(|| callback(st, args))) {
        Ok(Ok(values)) => {
            st.check_stack(values.len(), "too many results")?;
            for v in &values {
                match v.to_raw(st) {
                    Ok(v) => st.push(v),
                    Err(e) => return Err(st.error(e.to_string())),
                }
            }
            Ok(Ret::Top(values.len()))
        }
        Ok(Err(Error::Stopped(_) | Error::Exit { .. })) => Err(Throw::Stop),
        Ok(Err(e)) => Err(st.error(e.to_string())),
        Err(p) => Err(st.error(format!("internal error: {}", panic_text(&*p)))),
    }
}
