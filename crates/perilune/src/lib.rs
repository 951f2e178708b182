//! The embedding API: Lua states for Rust programs, with mlua's names.
//!
//! ```
//! use perilune::{Lua, Result};
//!
//! fn main() -> Result<()> {
//!     let mut lua = Lua::new()?;
//!     let double = lua.create_function(|_, n: i64| Ok(n * 2))?;
//!     lua.globals().set(&mut lua, "double", double)?;
//!     let n: i64 = lua.load("return double(21)").eval()?;
//!     assert_eq!(n, 42);
//!     Ok(())
//! }
//! ```
//!
//! A [`Lua`] owns its state and can be moved to another thread. Handles ([`Table`], [`Function`], ...)
//! keep values alive; they are used with the state they came from: every operation takes it as
//! `&mut Context`, to which `&mut Lua` coerces, and which Rust functions receive when Lua calls them.
#![forbid(unsafe_code)]

mod convert;
mod error;
mod function;
mod inspect;
mod value;

pub use convert::{FromLua, FromLuaMulti, IntoLua, IntoLuaMulti, Variadic};
pub use error::{Error, Message, Result};
pub use function::Function;
pub use inspect::{ErrorSite, Frame, observing_handler};
pub use perilune_bytecode::listing;
pub use perilune_runtime::abi::Reason;
pub use perilune_runtime::exec::{
    CodeCache, CodeState, Image, Invalidation, JitMode, JitOptions, JitStats, Job, Snapshot, Tier, TierEvent,
    TierFunction, TierObserver, TierState, snapshots_of_chunk,
};
pub use perilune_runtime::heap::GcStats;
pub use perilune_runtime::state::Interrupter;
pub use perilune_runtime::{Engine, Options, State as Context, StopReason, state::Stress};
pub use perilune_syntax::ast::Dialect;
pub use value::{AnyUserData, LuaString, MultiValue, Table, Thread, Value};

use perilune_runtime::stdlib;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// A Lua state with the standard library.
pub struct Lua {
    state: Box<Context>,
}

impl Deref for Lua {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.state
    }
}
impl DerefMut for Lua {
    fn deref_mut(&mut self) -> &mut Context {
        &mut self.state
    }
}

impl Lua {
    /// A state with the standard library and no limits.
    ///
    /// # Errors
    /// [`Error::Memory`] when there is no memory for it.
    pub fn new() -> Result<Lua> {
        Lua::with_options(Options::default())
    }

    /// A state with the standard library.
    ///
    /// # Errors
    /// [`Error::Memory`] when there is no memory for it.
    pub fn with_options(options: Options) -> Result<Lua> {
        let mut state = Context::new(options).map_err(|_| Error::Memory)?;
        if state.options.engine == Engine::Jit
            && state.options.jit.mode != JitMode::Off
            && let Ok(compiler) = perilune_codegen::HostCompiler::new(&state.options.jit)
        {
            state.set_compiler(Box::new(compiler));
        }
        stdlib::open_libs(&mut state).map_err(|_| Error::from_state(&mut state))?;
        Ok(Lua { state })
    }

    /// A state with the standard library, for the program that this executable holds.
    ///
    /// # Errors
    /// [`Error::Memory`] when there is no memory for it.
    pub fn with_image(options: Options, image: Image) -> Result<Lua> {
        let mut state = Context::new(options).map_err(|_| Error::Memory)?;
        state.set_image(image);
        stdlib::open_libs(&mut state).map_err(|_| Error::from_state(&mut state))?;
        Ok(Lua { state })
    }

    /// The table of globals.
    pub fn globals(&mut self) -> Table {
        let t = self.state.globals();
        Table::root(&mut self.state, t)
    }

    /// A chunk of source (or a binary chunk) to be run.
    pub fn load<'a>(&'a mut self, source: impl AsRef<[u8]>) -> Chunk<'a> {
        Chunk {
            state: &mut self.state,
            source: source.as_ref().to_vec(),
            name: None,
            env: None,
        }
    }

    /// A function written in Rust.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn create_function<A, R, F>(&mut self, f: F) -> Result<Function>
    where
        A: FromLuaMulti,
        R: IntoLuaMulti,
        F: Fn(&mut Context, A) -> Result<R> + Send + Sync + 'static,
    {
        Function::wrap(&mut self.state, f)
    }

    /// An empty table.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn create_table(&mut self) -> Result<Table> {
        let t = self
            .state
            .new_table(0, 0)
            .map_err(|_| Error::from_state(&mut self.state))?;
        Ok(Table::root(&mut self.state, t))
    }

    /// A string.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub fn create_string(&mut self, bytes: impl AsRef<[u8]>) -> Result<LuaString> {
        let s = self
            .state
            .new_str(bytes.as_ref())
            .map_err(|_| Error::from_state(&mut self.state))?;
        Ok(LuaString::root(&mut self.state, s))
    }

    /// Stops what runs in this state when `limit` has passed, counted from now.
    pub fn set_time_limit(&mut self, limit: Duration) {
        let word = self.state.interrupter();
        std::thread::spawn(move || {
            std::thread::sleep(limit);
            word.timeout();
        });
    }

    /// What the garbage collector did so far.
    pub fn gc_stats(&self) -> GcStats {
        self.state.heap.stats()
    }

    /// Runs finalisers and pending `__close`, and ends the state.
    pub fn close(mut self) {
        self.state.close();
    }
}

/// Source to be run: see [`Lua::load`].
pub struct Chunk<'a> {
    state: &'a mut Context,
    source: Vec<u8>,
    name: Option<Vec<u8>>,
    env: Option<Table>,
}

impl Chunk<'_> {
    /// Names the chunk in messages: `@file`, `=text`, or its source.
    #[must_use]
    pub fn set_name(mut self, name: impl AsRef<[u8]>) -> Self {
        self.name = Some(name.as_ref().to_vec());
        self
    }
    /// Sets the chunk's environment instead of the globals.
    #[must_use]
    pub fn set_environment(mut self, env: Table) -> Self {
        self.env = Some(env);
        self
    }
    /// Compiles it.
    ///
    /// # Errors
    /// [`Error::Syntax`].
    pub fn into_function(self) -> Result<Function> {
        let name = self.name.clone().unwrap_or_else(|| self.source.clone());
        let env = match &self.env {
            Some(t) => Some(t.raw(self.state)?.into()),
            None => None,
        };
        match self.state.load(self.source, &name, b"bt", env) {
            Ok(Ok(f)) => Ok(Function::root(self.state, f)),
            Ok(Err(msg)) => Err(Error::syntax(self.state, msg)),
            Err(_) => Err(Error::from_state(self.state)),
        }
    }
    /// Runs it for its effects.
    ///
    /// # Errors
    /// Syntax errors, and what it raises.
    pub fn exec(self) -> Result<()> {
        self.eval()
    }
    /// Runs it for its results. Source that is an expression needs no `return`.
    ///
    /// # Errors
    /// Syntax errors, and what it raises.
    pub fn eval<R: FromLuaMulti>(self) -> Result<R> {
        let Chunk {
            state,
            source,
            name,
            env,
        } = self;
        let name = name.unwrap_or_else(|| source.clone());
        let with_return = [b"return ", source.as_slice()].concat();
        let as_expression = Chunk {
            state,
            source: with_return,
            name: Some(name.clone()),
            env: env.clone(),
        };
        if let Ok(f) = as_expression.into_function() {
            return f.call(state, ());
        }
        let f = Chunk {
            state,
            source,
            name: Some(name),
            env,
        }
        .into_function()?;
        f.call(state, ())
    }
}

impl Lua {
    /// Turns the warning system on, as `warn("@on")` does.
    pub fn warnings_on(&mut self) {
        let _ = self.state.warn(b"@on", false);
    }

    /// Runs finalisers and pending `__close` and writes buffered output, and leaves the memory to the
    /// operating system: for a process that ends now.
    pub fn close_quickly(mut self) {
        self.state.close();
        let _ = self.state.flush_stdout();
        std::mem::forget(self);
    }
}

/// A message handler that adds a traceback, as the `lua` command has: strings and values with
/// `__tostring` become text.
///
/// # Errors
/// [`Error::Memory`].
pub fn message_handler(lua: &mut Context) -> Result<Function> {
    Function::native(lua, "traceback", |st| add_traceback(st, |_, _| {}))
}

/// The result of a message handler; `look` is called with the message before the traceback is made.
fn add_traceback(
    st: &mut Context,
    look: impl FnOnce(&mut Context, &[u8]),
) -> std::result::Result<perilune_runtime::native::Ret, perilune_runtime::Throw> {
    use perilune_runtime::heap::Event;
    use perilune_runtime::native::Ret;
    let v = st.arg(1);
    let msg = if v.as_str().is_none() && !v.is_number() {
        if st.has_metamethod(v, Event::ToString) {
            let f = st.heap.metamethod(v, Event::ToString);
            let text = st.call1(f, &[v])?;
            if let Some(s) = text.as_str() {
                let shown = s.bytes(&st.heap).to_vec();
                look(st, &shown);
                return Ok(Ret::One(text));
            }
        }
        format!("(error object is a {} value)", v.type_name()).into_bytes()
    } else {
        let s = st.tostring(v)?;
        s.bytes(&st.heap).to_vec()
    };
    look(st, &msg);
    let co = st.current_thread();
    let text = st.traceback(co, Some(&msg), 1);
    Ok(Ret::One(st.new_str(&text)?.into()))
}

/// The main function of the program that this executable holds.
///
/// # Errors
/// When it is damaged, or there is none.
pub fn program(lua: &mut Context) -> Result<Function> {
    match lua.load_module(b"") {
        Ok(Some((main, _))) => Ok(Function::root(lua, main)),
        Ok(None) => Err(Error::runtime("there is no program")),
        Err(_) => Err(Error::from_state(lua)),
    }
}

/// Turns a loader's answer into a function.
///
/// # Errors
/// [`Error::Syntax`] with the loader's message, or what it raised.
pub fn load_file(
    lua: &mut Context,
    loader: impl FnOnce(
        &mut Context,
    ) -> std::result::Result<
        std::result::Result<perilune_runtime::Value, perilune_runtime::Value>,
        perilune_runtime::Throw,
    >,
) -> Result<Function> {
    match loader(lua) {
        Ok(Ok(f)) => Ok(Function::root(lua, f)),
        Ok(Err(msg)) => Err(Error::syntax(lua, msg)),
        Err(_) => Err(Error::from_state(lua)),
    }
}
