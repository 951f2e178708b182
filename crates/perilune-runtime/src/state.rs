//! A Lua state: the heap, the running coroutine, limits, and what the host lent it.

use crate::engine::Engine;
use crate::error::{StopReason, Throw, text};
use crate::exec::{CodeCache, Compiled, Fibers, JitOptions, TreeChunk, TreeFn};
use crate::heap::{Event, Gc, Heap, Mode, OutOfMemory, interrupt};
use crate::native::Warnings;
use crate::object::{
    Closure, Constants, MAX_SHORT, Native, NativeFn, ProtoData, ProtoObj, Str, Table, TableError, Thread,
    Upval, Userdata,
};
use crate::stdlib::math::Generator;
use crate::stdlib::pattern::Cache;
use crate::value::Value;
use perilune_bytecode::proto::{Const, Proto};
use perilune_bytecode::text::TextId;
use perilune_bytecode::verify::VerifiedProto;
use perilune_syntax::ast::Dialect;
use std::any::Any;
use std::cell::Cell;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How a state is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The language version.
    pub dialect: Dialect,
    /// What runs functions that are loaded from source.
    pub engine: Engine,
    /// Fixed seeds and orders, for reproducible runs.
    pub deterministic: bool,
    /// Ignore environment variables (`-E`).
    pub env_vars_ignored: bool,
    /// The memory cap in bytes; exceeding it is a stop.
    pub max_memory: Option<usize>,
    /// The number of bytecode instructions it may run; exceeding it is a stop.
    pub max_instructions: Option<u64>,
    /// Count how often each instruction of each function is executed. The walker does not.
    pub counts: bool,
    /// How functions are compiled, under the engine that does.
    pub jit: JitOptions,
    /// Test aids.
    pub stress: Stress,
}

impl Options {
    /// Calls and rounds of loops before a function is compiled.
    pub fn jit_threshold(&self) -> u32 {
        /// The threshold under the stress modes `warm` and `background`.
        const WARM: u32 = 2;
        match self.stress {
            Stress { hot: true, .. } | Stress { ahead: true, .. } => 0,
            Stress { warm: true, .. } | Stress { background: true, .. } => WARM,
            _ => self.jit.threshold,
        }
    }
}

/// Test aids that provoke rare events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stress {
    /// A full collection at every safepoint.
    pub collect: bool,
    /// The stack moves at every function entry.
    pub move_stack: bool,
    /// The allocation after so many fails, again and again; 0 is off.
    pub fail_allocation: u64,
    /// Generational mode, a minor collection at about every third safepoint.
    pub minor: bool,
    /// At every safepoint the running function's instructions become generic again, so that they keep
    /// rewriting themselves.
    pub rewrite: bool,
    /// Functions are compiled when they are called first.
    pub hot: bool,
    /// Functions are compiled after a few calls and rounds of loops: when instructions have learned from one or two
    /// sets of operands.
    pub warm: bool,
    /// Functions are compiled when they have run a little, all of them by another thread.
    pub background: bool,
    /// Functions are compiled when they are called first, as ahead of time: for operands of all kinds.
    pub ahead: bool,
    /// Compiled code leaves to the interpreter every few instructions, at any of them.
    pub deopt: bool,
    /// `#` of a table that has several borders answers the least one. A program whose output this
    /// changes relies on what the language leaves open.
    pub border: bool,
    /// Every NaN is written with the other sign, in texts and packed. A program whose output this changes,
    /// but for these signs, relies on what the language and the processor leave open.
    pub nan: bool,
}

/// The C stack limit: how deep Rust functions may call back into Lua and the like, as in PUC.
pub const MAX_C_DEPTH: u32 = 200;

/// A Lua state.
pub struct State {
    /// The heap.
    pub heap: Heap,
    /// How it was made.
    pub options: Options,
    pub(crate) thread: Gc<Thread>,
    pub(crate) main: Gc<Thread>,
    pub(crate) c_depth: u32,
    /// Instructions left; `u64::MAX` when there is no limit.
    pub(crate) fuel: u64,
    /// It was made with an instruction limit.
    pub(crate) metered: bool,
    pub(crate) stop: Option<StopReason>,
    /// Why `os.exit` stops the state.
    pub(crate) exit: Option<(i32, bool)>,
    /// The message handler has seen the error in flight.
    pub(crate) handled: bool,
    pub(crate) finalising: u32,
    /// Scratch memory for small strings.
    pub(crate) buffer: Vec<u8>,
    /// Compiled patterns.
    pub(crate) patterns: Cache,
    /// What `math.random` draws from.
    pub(crate) generator: Generator,
    pub(crate) stdout: Vec<u8>,
    pub(crate) warnings: Warnings,
    pub(crate) seed: u64,
    pub(crate) interrupt: Arc<AtomicU32>,
    pub(crate) in_stress: bool,
    pub(crate) stress_count: u32,
    /// Handles of coroutines that a stop has passed through, innermost first.
    pub(crate) stopped: Vec<u32>,
    /// Which operand of the concatenation being executed is at fault.
    pub(crate) culprit: u8,
    /// The operands of the operation that the walker executes; looked at when it fails.
    pub(crate) operands: [Value; 2],
    /// Where the bytecode of files is kept between runs.
    pub(crate) code_cache: Option<Box<dyn CodeCache>>,
    /// Compiled code, and the tier manager.
    pub(crate) compiled: Compiled,
    /// The native stacks that the walker needs.
    pub(crate) fibers: Fibers,
    /// The coroutine that closes itself: what looks like a stop ends there.
    pub(crate) closing_self: Option<Gc<Thread>>,
    /// What a return hook's `getinfo` says of the results: first one, and how many.
    pub(crate) transfer: (u32, u32),
}

fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish()
}

impl State {
    /// A state without libraries.
    ///
    /// # Errors
    /// When the first few kilobytes of memory cannot be had.
    pub fn new(options: Options) -> Result<Box<State>, OutOfMemory> {
        let seed = if options.deterministic {
            0x5eed
        } else {
            fresh_seed()
        };
        let word = Arc::new(AtomicU32::new(0));
        let mut heap = Heap::new(seed, word.clone())?;
        let main = Thread::new(&mut heap, 4096)?;
        let registry = Table::new(&mut heap, 4, 8)?;
        let globals = Table::new(&mut heap, 0, 64)?;
        heap.roots.registry = registry.into();
        heap.roots.globals = globals.into();
        heap.roots.main_thread = main.into();
        heap.roots.current_thread = main.into();
        let mut st = Box::new(State {
            heap,
            thread: main,
            main,
            c_depth: 0,
            fuel: options.max_instructions.unwrap_or(u64::MAX),
            metered: options.max_instructions.is_some_and(|n| n != u64::MAX),
            stop: None,
            exit: None,
            handled: false,
            finalising: 0,
            buffer: Vec::new(),
            patterns: Cache::new(),
            generator: Generator::default(),
            stdout: Vec::new(),
            warnings: Warnings::default(),
            seed,
            interrupt: word,
            in_stress: false,
            stress_count: 0,
            stopped: Vec::new(),
            culprit: 0,
            operands: [Value::NIL; 2],
            code_cache: None,
            compiled: Compiled::default(),
            fibers: Fibers::default(),
            closing_self: None,
            transfer: (0, 0),
            options,
        });
        st.prepare_main(registry, globals)?;
        Ok(st)
    }

    fn prepare_main(&mut self, registry: Gc<Table>, globals: Gc<Table>) -> Result<(), OutOfMemory> {
        use crate::object::Status;
        self.main.get(&self.heap).status = Status::Running;
        self.main.get(&self.heap).no_yield = 1;
        let oom = |_| OutOfMemory;
        registry.set_int(&mut self.heap, 1, Value::FALSE).map_err(oom)?;
        registry.set_int(&mut self.heap, 2, globals.into()).map_err(oom)?;
        registry
            .set_int(&mut self.heap, 3, self.main.into())
            .map_err(oom)?;
        let loaded = Table::new(&mut self.heap, 0, 16)?;
        let key = Str::new(&mut self.heap, b"_LOADED")?;
        registry
            .set_str(&mut self.heap, key, loaded.into())
            .map_err(oom)?;
        self.heap.fail_after = self.options.stress.fail_allocation;
        self.heap.least_border = self.options.stress.border;
        self.refresh_trace();
        if self.stressed() || self.options.stress.rewrite {
            self.heap.raise(interrupt::STRESS);
        }
        if self.options.stress.minor {
            self.heap.set_mode(Mode::Generational);
        }
        Ok(())
    }

    pub(crate) fn stressed(&self) -> bool {
        self.options.stress.collect || self.options.stress.minor
    }

    /// The word through which other threads and signal handlers interrupt this state.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.interrupt.clone())
    }

    /// Why it was stopped, if the last failure was a stop.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.stop
    }
    /// The exit code and whether to close the state first, if `os.exit` was called.
    pub fn exit_request(&self) -> Option<(i32, bool)> {
        self.exit
    }
    /// Forgets a stop, so that the state can be used again.
    pub fn clear_stop(&mut self) {
        self.stop = None;
        self.interrupt
            .fetch_and(!(interrupt::STOP | interrupt::TIMEOUT), Ordering::Relaxed);
    }

    /// How many instructions may still run; None without a limit.
    pub fn instructions_left(&self) -> Option<u64> {
        (self.fuel != u64::MAX).then_some(self.fuel)
    }

    /// The language version.
    pub fn dialect(&self) -> Dialect {
        self.options.dialect
    }
    /// Whether runs are reproducible.
    pub fn deterministic(&self) -> bool {
        self.options.deterministic
    }
    /// The seed of this state's hashes, and of `math.random`.
    pub fn seed(&self) -> u64 {
        self.seed
    }
    /// The table of globals.
    pub fn globals(&self) -> Gc<Table> {
        match self.registry().get_int(&self.heap, 2).as_table() {
            Some(t) => t,
            None => self.registry(),
        }
    }
    /// The registry.
    pub fn registry(&self) -> Gc<Table> {
        self.heap.roots.registry.gc()
    }
    /// `package.loaded`.
    pub fn loaded(&mut self) -> Result<Gc<Table>, Throw> {
        let r = self.registry();
        let v = self.get_field(r, "_LOADED")?;
        match v.as_table() {
            Some(t) => Ok(t),
            None => {
                let t = self.new_table(0, 0)?;
                self.set_field(r, "_LOADED", t.into())?;
                Ok(t)
            }
        }
    }
    /// The running coroutine.
    pub fn current_thread(&self) -> Gc<Thread> {
        self.thread
    }

    // Objects.

    /// A string.
    ///
    /// # Errors
    /// No memory.
    #[inline]
    pub fn new_str(&mut self, bytes: &[u8]) -> Result<Gc<Str>, Throw> {
        Str::new(&mut self.heap, bytes).map_err(|OutOfMemory| self.memory_error())
    }
    /// A table with room for `narray` items and `nrecord` fields.
    ///
    /// # Errors
    /// No memory.
    #[inline]
    pub fn new_table(&mut self, narray: usize, nrecord: usize) -> Result<Gc<Table>, Throw> {
        Table::new(&mut self.heap, narray, nrecord).map_err(|OutOfMemory| self.memory_error())
    }
    /// A function written in Rust.
    ///
    /// # Errors
    /// No memory.
    pub fn new_native(
        &mut self,
        _name: &'static str,
        f: NativeFn,
        upvalues: &[Value],
    ) -> Result<Gc<Native>, Throw> {
        Native::new(&mut self.heap, f, upvalues).map_err(|OutOfMemory| self.memory_error())
    }
    /// A full userdata that owns about `bytes` bytes.
    ///
    /// # Errors
    /// No memory.
    pub fn new_userdata(
        &mut self,
        data: Box<dyn Any + Send>,
        n: usize,
        bytes: usize,
    ) -> Result<Gc<Userdata>, Throw> {
        Userdata::new(&mut self.heap, data, n, bytes).map_err(|OutOfMemory| self.memory_error())
    }

    /// Instantiates a verified function. Those nested in it follow when there is to be a closure of them.
    fn instantiate(
        &mut self,
        p: &VerifiedProto,
        tree: Option<Arc<TreeChunk>>,
    ) -> Result<Gc<ProtoObj>, Throw> {
        let mark = self.heap.roots.temps.len();
        let r = match tree.map(|code| TreeFn::main(self, code)).transpose() {
            Ok(tree) => self.instantiate_chunk(p.proto(), tree),
            Err(t) => Err(t),
        };
        self.heap.roots.temps.truncate(mark);
        r
    }

    fn instantiate_chunk(&mut self, p: &Arc<Proto>, tree: Option<TreeFn>) -> Result<Gc<ProtoObj>, Throw> {
        let long_strings = self.long_strings(p)?;
        self.instantiate_proto(p, tree, long_strings)
    }

    /// The texts of a chunk that are long strings; None if there are none.
    fn long_strings(&mut self, p: &Proto) -> Result<Option<Gc<Table>>, Throw> {
        let mut found = None;
        for id in p.texts.longer_than(MAX_SHORT).filter(|&id| Some(id) != p.source) {
            let table = match found {
                Some(table) => table,
                None => *found.insert(self.new_table(0, 0)?),
            };
            let string = self.new_str(p.text(id))?;
            self.raw_set(table, Value::int(id.index() as i64), string.into())?;
        }
        Ok(found)
    }

    /// The `nth` function nested in `parent`, of which there has been no closure.
    #[cold]
    #[inline(never)]
    pub(crate) fn instantiate_nested(
        &mut self,
        parent: Gc<ProtoObj>,
        nth: usize,
    ) -> Result<Gc<ProtoObj>, Throw> {
        let outer = parent.data(&self.heap);
        let p = outer.meta.protos[nth].clone();
        let tree = outer.tree.as_ref().and_then(|t| t.child(nth));
        let made = if Arc::ptr_eq(&p.texts, &outer.meta.texts) {
            let long_strings = outer.long_strings;
            self.instantiate_proto(&p, tree, long_strings)?
        } else {
            self.instantiate_chunk(&p, tree)?
        };
        parent.set_nested(&mut self.heap, nth, made);
        Ok(made)
    }

    fn instantiate_proto(
        &mut self,
        p: &Arc<Proto>,
        tree: Option<TreeFn>,
        long_strings: Option<Gc<Table>>,
    ) -> Result<Gc<ProtoObj>, Throw> {
        let mut consts = Vec::with_capacity(p.consts.len());
        for c in &p.consts {
            consts.push(match c {
                Const::Nil => Value::NIL,
                Const::False => Value::FALSE,
                Const::True => Value::TRUE,
                Const::Int(i) => Value::int(*i),
                Const::Float(f) => Value::float(*f),
                Const::Str(id) => self.constant(p, *id, long_strings)?,
            });
        }
        let data = ProtoData {
            counts: Vec::new(),
            meta: p.clone(),
            code: p.code.clone().into(),
            consts: Constants::new(self.compiled.first_heat(), consts.into_iter()),
            native: None,
            versions: 0,
            loose: Vec::new(),
            discarded: None,
            refused: None,
            protos: p.protos.iter().map(|_| Cell::new(None)).collect(),
            long_strings,
            tree: tree.map(Box::new),
        };
        ProtoObj::new(&mut self.heap, data).map_err(|OutOfMemory| self.memory_error())
    }

    /// A string constant.
    #[inline]
    fn constant(&mut self, p: &Proto, id: TextId, long_strings: Option<Gc<Table>>) -> Result<Value, Throw> {
        let text = p.text(id);
        if text.len() > MAX_SHORT
            && let Some(long) = long_strings
            && let known = long.get_int(&self.heap, id.index() as i64)
            && !known.is_nil()
        {
            return Ok(known);
        }
        Ok(self.new_str(text)?.into())
    }

    /// A closure of a main function with fresh upvalues; the first is `env` (default: the globals).
    ///
    /// # Errors
    /// No memory.
    pub fn new_main(&mut self, p: &VerifiedProto, env: Option<Value>) -> Result<Gc<Closure>, Throw> {
        self.new_main_with(p, None, env)
    }

    /// As [`State::new_main`], of a chunk whose tree the walker is to run.
    pub(crate) fn new_main_with(
        &mut self,
        p: &VerifiedProto,
        tree: Option<Arc<TreeChunk>>,
        env: Option<Value>,
    ) -> Result<Gc<Closure>, Throw> {
        let proto = self.instantiate(p, tree)?;
        let n = p.proto().upvalues.len();
        let env = env.unwrap_or_else(|| self.globals().into());
        let mut upvals = Vec::with_capacity(n);
        for i in 0..n {
            let v = if i == 0 { env } else { Value::NIL };
            upvals.push(Upval::closed(&mut self.heap, v).map_err(|OutOfMemory| self.memory_error())?);
        }
        let c = Closure::new(&mut self.heap, proto, n).map_err(|OutOfMemory| self.memory_error())?;
        c.init_upvals(&mut self.heap, &upvals);
        Ok(c)
    }

    // Tables.

    /// Turns a failed raw store into a Lua error.
    pub(crate) fn table_error(&mut self, e: TableError) -> Throw {
        match e {
            TableError::NilKey => self.runtime_error(text::INDEX_NIL),
            TableError::NanKey => self.runtime_error(text::INDEX_NAN),
            TableError::Overflow => self.runtime_error(text::TABLE_OVERFLOW),
            TableError::Memory => self.memory_error(),
        }
    }
    /// `t[key] = v` without metamethods.
    ///
    /// # Errors
    /// A nil or NaN key, no memory.
    #[inline]
    pub fn raw_set(&mut self, t: Gc<Table>, key: Value, v: Value) -> Result<(), Throw> {
        let stored = match key.as_str() {
            Some(name) => t.set_str(&mut self.heap, name, v),
            None => t.set(&mut self.heap, key, v),
        };
        stored.map_err(|e| self.table_error(e))
    }
    /// `t[name] = v` without metamethods.
    ///
    /// # Errors
    /// No memory.
    pub fn set_field(&mut self, t: Gc<Table>, name: &str, v: Value) -> Result<(), Throw> {
        let key = self.new_str(name.as_bytes())?;
        t.set_str(&mut self.heap, key, v).map_err(|e| self.table_error(e))
    }
    /// `t[name]` without metamethods.
    ///
    /// # Errors
    /// No memory.
    pub fn get_field(&mut self, t: Gc<Table>, name: &str) -> Result<Value, Throw> {
        let key = self.new_str(name.as_bytes())?;
        Ok(t.get_str(&self.heap, key))
    }
    /// Sets functions as fields of a table.
    ///
    /// # Errors
    /// No memory.
    pub fn register(&mut self, t: Gc<Table>, functions: &[(&'static str, NativeFn)]) -> Result<(), Throw> {
        for &(name, f) in functions {
            let n = self.new_native(name, f, &[])?;
            self.set_field(t, name, n.into())?;
        }
        Ok(())
    }

    /// The metatable of any value.
    pub fn metatable_of(&self, v: Value) -> Option<Gc<Table>> {
        self.heap.metatable(v)
    }
    /// Sets the metatable of any value: its own, or that of its type.
    ///
    /// # Errors
    /// None now; reserved for failing allocation.
    pub fn set_metatable(&mut self, v: Value, mt: Option<Gc<Table>>) -> Result<(), Throw> {
        if let Some(t) = v.as_table() {
            t.set_metatable(&mut self.heap, mt);
        } else if let Some(u) = v.as_userdata() {
            u.set_metatable(&mut self.heap, mt);
        } else if let Some(i) = Heap::type_metatable_index(v) {
            self.heap.roots.metatables[i] = mt;
            return Ok(());
        }
        if let Some(mt) = mt {
            self.heap.check_finaliser(v.header(), mt);
        }
        Ok(())
    }
    /// The field `name` of a value's metatable, nil if there is none.
    ///
    /// # Errors
    /// No memory.
    pub fn metafield(&mut self, v: Value, name: &str) -> Result<Value, Throw> {
        match self.heap.metatable(v) {
            Some(mt) => self.get_field(mt, name),
            None => Ok(Value::NIL),
        }
    }
    /// The metamethod of a value, nil if there is none.
    pub fn metamethod(&self, v: Value, e: Event) -> Value {
        self.heap.metamethod(v, e)
    }

    // Errors.

    /// Raises any value.
    pub fn error_value(&mut self, v: Value) -> Throw {
        self.heap.roots.error = v;
        self.handled = false;
        Throw::Error
    }
    /// Raises a message with the position of the running function in front, if it is a Lua function
    /// or called by one.
    #[cold]
    pub fn error(&mut self, msg: impl AsRef<[u8]>) -> Throw {
        let mut s = self.take_buffer();
        self.push_position(&mut s);
        s.extend_from_slice(msg.as_ref());
        let t = self.error_plain(&s);
        self.give_buffer(s);
        t
    }
    /// Scratch memory, empty. Whoever asks again before it is given back gets another one.
    pub(crate) fn take_buffer(&mut self) -> Vec<u8> {
        let mut s = std::mem::take(&mut self.buffer);
        s.clear();
        s
    }
    /// Gives scratch memory back.
    pub(crate) fn give_buffer(&mut self, s: Vec<u8>) {
        const LARGEST: usize = 1 << 12;
        if s.capacity() <= LARGEST {
            self.buffer = s;
        }
    }
    /// Raises a message with the position of the running function in front if that is a Lua function:
    /// what operations of the language raise, wherever they are carried out.
    #[cold]
    pub fn runtime_error(&mut self, msg: impl AsRef<[u8]>) -> Throw {
        if self.frame().is_lua() {
            self.error(msg)
        } else {
            self.error_plain(msg)
        }
    }
    /// Raises a message as it is.
    #[cold]
    pub fn error_plain(&mut self, msg: impl AsRef<[u8]>) -> Throw {
        match Str::new(&mut self.heap, msg.as_ref()) {
            Ok(s) => self.error_value(s.into()),
            Err(OutOfMemory) => self.error_value(Value::NIL),
        }
    }
    /// Raises "not enough memory".
    #[cold]
    pub fn memory_error(&mut self) -> Throw {
        let off = std::mem::take(&mut self.heap.fail_after);
        let r = self.error_plain(text::NO_MEMORY);
        if off != 0 || self.options.stress.fail_allocation != 0 {
            self.heap.fail_after = self.options.stress.fail_allocation;
        }
        r
    }
    /// Takes the value of the error in flight.
    pub fn take_error(&mut self) -> Value {
        self.handled = false;
        std::mem::replace(&mut self.heap.roots.error, Value::NIL)
    }
    /// Stops the state.
    pub(crate) fn raise_stop(&mut self, reason: StopReason) -> Throw {
        self.stop = Some(reason);
        Throw::Stop
    }
    /// A stop that makes the host exit with `code`.
    pub fn exit(&mut self, code: i32, close: bool) -> Throw {
        self.exit = Some((code, close));
        Throw::Stop
    }

    // Output.

    /// Writes to standard output through the state's buffer.
    ///
    /// # Errors
    /// What the system reports.
    pub fn write_stdout(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.stdout.len() + bytes.len() > 1 << 16 {
            self.flush_stdout()?;
        }
        self.stdout.extend_from_slice(bytes);
        if self.stdout.len() >= 1 << 16 {
            self.flush_stdout()?;
        }
        Ok(())
    }
    /// Writes the buffer out.
    ///
    /// # Errors
    /// What the system reports.
    pub fn flush_stdout(&mut self) -> std::io::Result<()> {
        let bytes = std::mem::take(&mut self.stdout);
        let mut out = std::io::stdout().lock();
        let r = out.write_all(&bytes).and_then(|()| out.flush());
        self.stdout = bytes;
        self.stdout.clear();
        r
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = self.flush_stdout();
    }
}

/// Interrupts a state from another thread or a signal handler.
#[derive(Clone)]
pub struct Interrupter(Arc<AtomicU32>);

impl Interrupter {
    /// Stops what runs, soon. Safe in a signal handler.
    pub fn interrupt(&self) {
        self.0.fetch_or(interrupt::STOP, Ordering::Relaxed);
    }
    /// Withdraws an interruption that has stopped nothing yet.
    pub fn withdraw(&self) {
        self.0.fetch_and(!interrupt::STOP, Ordering::Relaxed);
    }
    /// Stops what runs because its time is up.
    pub fn timeout(&self) {
        self.0.fetch_or(interrupt::TIMEOUT, Ordering::Relaxed);
    }
}
