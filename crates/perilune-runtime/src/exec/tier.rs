//! The tier manager: which functions are compiled, when, and what becomes of their code.
//!
//! A function starts with some heat, from which each call in the interpreter and each round of a loop takes
//! one. Below zero it is hot: it is compiled, and from then on the interpreter enters its code at
//! calls and at the heads of loops. Code is made from a snapshot ([`Job`]) of the bytecode as it has
//! rewritten itself. Where it turns out later that instructions have become others than they were
//! then, it is made again.

use super::background::{self, Background, Finished, Ready};
use super::compiled::{self, function_of};
use super::events::{self, Invalidation, Observed};
use super::image::Image;
use super::interp::Flow;
use crate::abi::{NEVER, Path, Place, SHARED, STRING, Shared, StoreWay, WAYS};
use crate::object::shape::EMPTY;
use crate::object::{Frame, ProtoObj};
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::ops::Instr;
use perilune_bytecode::proto::Proto;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Heat that no program uses up.
const NEVER_HOT: i64 = i64::MAX;
/// Heat of a new function, unless an option says otherwise.
pub const DEFAULT_THRESHOLD: u32 = 2000;
/// How often instructions that the code does not know well run before it is made again, the first time.
const MISSES: u32 = 200;
/// How often code may leave to the interpreter before it is made with fewer statements about types.
const EXITS: u32 = 50;
/// How often that number doubles: with each version of the code, so that a function is not made again and again.
const MOST_DOUBLINGS: u32 = 16;

/// A snapshot of a function, from which it is compiled: plain data.
pub struct Job {
    /// The function.
    pub proto: Arc<Proto>,
    /// Its instructions as they have rewritten themselves.
    pub code: Vec<Instr>,
    /// Payloads and tags of its constants.
    pub consts: Vec<(u64, u8)>,
    /// Sites of instructions that read fields of several shapes.
    pub places: Vec<[Place; WAYS]>,
    /// Sites of instructions that store into fields.
    pub stores: Vec<[StoreWay; WAYS]>,
    /// Sites of instructions that read fields of classes.
    pub paths: Vec<[Path; WAYS]>,
    /// The code is made once, before anything has run. Its instructions are in their widest forms, it states nothing about
    /// types, and its inline caches are the function's own instructions.
    pub ahead: bool,
    /// Instructions before which the code is to state nothing about types that the ones before might not make true.
    pub loose: Vec<u32>,
    /// The code counts the instructions that it executes.
    pub metered: bool,
    /// The code leaves to the interpreter before any instruction when a stress mode asks for it.
    pub shaky: bool,
}

/// Machine code of one function in memory.
#[derive(Clone, Debug, Default)]
pub struct Installed {
    /// Where compiled code calls it.
    pub call: usize,
    /// Where the interpreter may enter it: numbers of instructions, ascending, and addresses.
    pub entries: Vec<(u32, usize)>,
    /// Where it begins.
    pub address: usize,
    /// Bytes of code and constants.
    pub size: usize,
    /// What the compiler knows it by.
    pub handle: u64,
}

/// Makes machine code. The runtime knows no other way to it.
pub trait Compiler: Send {
    /// Compiles a function and installs its code.
    ///
    /// # Errors
    /// Why it cannot be compiled, or its code not be installed.
    fn compile(&mut self, job: &Job) -> Result<Installed, String>;
    /// Lets another thread make the code of a function, which is then `ready`; false if there is none.
    fn begin(&mut self, ticket: u64, job: Arc<Job>, ready: Ready) -> bool;
    /// Installs what other threads have made since.
    fn finished(&mut self) -> Vec<Finished>;
    /// Gives back the memory of code that nothing will run any more.
    fn release(&mut self, code: &Installed);
    /// Installs the code that all functions share.
    ///
    /// # Errors
    /// Why this host cannot run compiled code.
    fn stubs(&mut self) -> Result<Stubs, String>;
}

/// Addresses of code that all functions share.
#[derive(Clone, Copy, Debug)]
pub struct Stubs {
    /// A C function (code, base, frame, state, interrupt word) that calls compiled code.
    pub entry: usize,
    /// The pieces, by number. [`Shared::EnterSlowly`] stands in for functions that are not compiled.
    pub shared: [usize; SHARED],
}

/// How the tier manager works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitOptions {
    /// Calls and rounds of loops before a function is compiled.
    pub threshold: u32,
    /// The most bytes of machine code.
    pub memory: usize,
    /// Functions are always compiled where they get hot, while the program waits.
    pub sync: bool,
    /// Which compilers there are.
    pub mode: JitMode,
    /// Keep what installed code was made from, so that listings show that code and not what would be made by then.
    pub keep: bool,
    /// Keep machine code in memory where `perf` looks up the names of functions, at some cost when code is made.
    pub profiled: bool,
}

/// Which compilers a state has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JitMode {
    /// None: functions are interpreted.
    Off,
    /// The baseline compiler.
    Baseline,
    /// All there are, which is the baseline compiler alone.
    #[default]
    Full,
}

impl Default for JitOptions {
    fn default() -> Self {
        JitOptions {
            threshold: DEFAULT_THRESHOLD,
            memory: 64 << 20,
            sync: false,
            mode: JitMode::default(),
            keep: false,
            profiled: false,
        }
    }
}

/// What has been compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitStats {
    /// Functions compiled, each time counted.
    pub compiled: u64,
    /// How many of them by another thread.
    pub elsewhere: u64,
    /// Functions that could not be compiled.
    pub failed: u64,
    /// Code that was dropped because its assumptions no longer held.
    pub invalidated: u64,
    /// Times that compiled code left to the interpreter.
    pub exits: u64,
    /// Bytes of machine code made.
    pub bytes: u64,
    /// Bytes of machine code whose memory has not been given back yet.
    pub in_use: u64,
    /// Nanoseconds spent compiling.
    pub nanoseconds: u64,
}

impl std::fmt::Display for JitStats {
    /// One line, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = self.nanoseconds as f64 / 1e6;
        writeln!(
            f,
            "compiled code: {} functions, {} KB, {ms:.1} ms; {} failed, {} discarded, {} exits",
            self.compiled,
            self.bytes.div_ceil(1024),
            self.failed,
            self.invalidated,
            self.exits
        )
    }
}

/// Machine code of a function.
pub(crate) struct NativeCode {
    pub installed: Installed,
    /// How often instructions ran that have become others since.
    pub(super) misses: u32,
    /// How often it has left to the interpreter.
    pub(super) exits: u32,
    /// How often the interpreter has entered it in loops.
    pub(super) loop_entries: u32,
    /// It was made ahead, and is not made again.
    ahead: bool,
    /// Before how many instructions it states nothing about types.
    loose: usize,
    /// What it was made from, if that is kept.
    pub(super) job: Option<Arc<Job>>,
    /// The shapes that it tests for.
    pub shapes: Vec<u32>,
}

/// The tier manager of a state.
#[derive(Default)]
pub(super) struct Tiers {
    pub(super) compiler: Option<Box<dyn Compiler>>,
    /// The program that has been compiled ahead of time, if this is one. There is no compiler then.
    pub(super) image: Option<Box<Image>>,
    /// What other threads are compiling.
    pub(super) background: Background,
    /// The entry from Rust; 0 before the first function is compiled.
    entry: usize,
    threshold: u32,
    pub stats: JitStats,
    /// Code that is not used any more, but perhaps still on the native stack.
    retired: Vec<Installed>,
    /// Who is told what becomes of functions.
    pub(super) observed: Option<Box<Observed>>,
}

impl Tiers {
    pub(super) fn has_compiler(&self) -> bool {
        self.compiler.is_some()
    }
    /// Functions of the program have code from their first call on.
    pub(super) fn use_image(&mut self, image: Image) {
        self.compiler = None;
        self.threshold = 0;
        self.image = Some(Box::new(image));
    }
    /// Calls compiled code at `code`.
    ///
    /// # Safety
    /// `code` is an entry of installed code for the running frame, whose registers start at `base`.
    #[inline(always)]
    pub unsafe fn call(st: *mut State, code: *const u8, base: *mut Value, frame: *mut Frame) -> u64 {
        type Entry = unsafe extern "C" fn(*const u8, *mut Value, *mut Frame, *mut State, *const u32) -> u64;
        // SAFETY: `entry` is the compiler's entry from Rust; there is code, so there is an entry.
        unsafe {
            let entry: Entry = std::mem::transmute((*st).compiled.tiers.entry);
            let word = std::ptr::from_ref(&*(*st).interrupt).cast();
            entry(code, base, frame, st, word)
        }
    }
}

impl super::compiled::Compiled {
    /// The heat of a new function.
    #[inline]
    pub(crate) fn first_heat(&self) -> i64 {
        match self.tiers.compiler.is_some() || self.tiers.image.is_some() {
            true => i64::from(self.tiers.threshold),
            false => NEVER_HOT,
        }
    }
}

/// Calls and rounds of loops in the interpreter before the tier manager is asked about a function; None if that
/// is never.
pub(super) fn heat_left(p: &ProtoObj) -> Option<u64> {
    // SAFETY: the heat stands before the constants.
    let heat = unsafe { (*p.consts.sub(1)).bits } as i64;
    (heat < NEVER_HOT / 2).then(|| heat.max(0) as u64)
}

impl State {
    /// Lets functions that are loaded from now on be compiled when they get hot.
    pub fn set_compiler(&mut self, compiler: Box<dyn Compiler>) {
        self.compiled.tiers.compiler = Some(compiler);
        self.compiled.tiers.threshold = self.options.jit_threshold();
    }

    /// What has been compiled so far.
    pub fn jit_stats(&self) -> JitStats {
        self.compiled.tiers.stats
    }
}

/// The running function is hot, at the instruction at its saved pc, at a round of a loop (`in_loop`) or the
/// beginning of the function: runs its compiled code from there, if it has any or can have.
///
/// # Safety
/// The running frame is a Lua frame whose pc is saved.
#[cold]
#[inline(never)]
pub(super) unsafe fn hot(st: &mut State, in_loop: bool) -> Flow {
    // SAFETY: this function's promise.
    unsafe {
        let frame = (*st.thread.ptr()).frame;
        let p = &mut *function_of((*frame).base);
        if compiled::is_traced(st) {
            *p.heat() = u64::from(st.compiled.tiers.threshold);
            return Flow::Next;
        }
        if !st.heap.discarded.is_empty() {
            take_discarded(st);
        }
        if !st.compiled.is_active() {
            release_retired(st);
        }
        if p.data.native.is_none() && !obtain(st, p) {
            return Flow::Next;
        }
        let pc = (*frame).pc.offset_from(p.code) as usize;
        *p.heat() = 0;
        if in_loop && st.compiled.stepping == frame {
            return Flow::Next;
        }
        match entry(p, pc) {
            Some(code) => {
                if in_loop && let Some(native) = &mut p.data.native {
                    native.loop_entries = native.loop_entries.saturating_add(1);
                }
                compiled::enter(st, code)
            }
            None => Flow::Next,
        }
    }
}

/// Where the compiled code of a function is entered for the instruction `pc`.
#[inline(always)]
fn entry(p: &ProtoObj, pc: usize) -> Option<*const u8> {
    match p.entries.get(pc) {
        None | Some(0) => None,
        Some(&address) => Some(address as *const u8),
    }
}

/// Where the compiled code of the running frame's function is entered for its pc, if it is there.
///
/// # Safety
/// The running frame is valid.
pub(super) unsafe fn entry_of_frame(st: &State) -> Option<*const u8> {
    // SAFETY: this function's promise.
    unsafe {
        let frame = (*st.thread.ptr()).frame;
        if !(*frame).is_lua() {
            return None;
        }
        let p = &*function_of((*frame).base);
        entry(p, (*frame).pc.offset_from(p.code) as usize)
    }
}

/// The code of a function that has been made.
pub(super) struct Made {
    /// The code, and what it was made from; or why there is none.
    pub result: Result<(Installed, Arc<Job>), String>,
    /// How long the job waited.
    pub queued: Duration,
    /// How long making it took.
    pub compiling: Duration,
}

/// Compiles a function, or lets another thread do so; whether its code is there.
fn obtain(st: &mut State, p: &mut ProtoObj) -> bool {
    if st.compiled.tiers.image.is_some() {
        return attach(st, p);
    }
    if st.compiled.tiers.observed.is_some() {
        events::started(st, p);
    }
    let started = Instant::now();
    let result = if !p.tree.is_null() {
        Err("the walker runs it".to_owned())
    } else {
        prepare(st).and_then(|()| {
            if background::begin(st, p) {
                *p.heat() = NEVER_HOT as u64;
                return Ok(None);
            }
            make(st, p).map(Some)
        })
    };
    let compiling = started.elapsed();
    let Some(result) = result.transpose() else {
        return false;
    };
    let queued = Duration::ZERO;
    let made = Made {
        result,
        queued,
        compiling,
    };
    take(st, p, made)
}

/// Takes over the code of a function; false if there is none.
pub(super) fn take(st: &mut State, p: &mut ProtoObj, made: Made) -> bool {
    let tiers = &mut st.compiled.tiers;
    tiers.stats.nanoseconds += made.compiling.as_nanos() as u64;
    match made.result {
        Ok((installed, job)) => {
            tiers.stats.compiled += 1;
            tiers.stats.bytes += installed.size as u64;
            tiers.stats.in_use += installed.size as u64;
            install(p, installed, Some(&job));
            if st.options.jit.keep
                && let Some(native) = &mut p.data.native
            {
                native.job = Some(job);
            }
            if st.compiled.tiers.observed.is_some() {
                events::installed(st, p, made.queued, made.compiling);
            }
            true
        }
        Err(why) => {
            tiers.stats.failed += 1;
            *p.heat() = NEVER_HOT as u64;
            events::failed(st, p, &why);
            p.data.refused = Some(why.into());
            false
        }
    }
}

/// The function is hot from now on.
pub(super) fn heat_up(p: &mut ProtoObj) {
    *p.heat() = 0;
}

/// Before the first code there is code to enter it by, and functions that are not compiled get code that stands in
/// for theirs.
fn prepare(st: &mut State) -> Result<(), String> {
    let tiers = &mut st.compiled.tiers;
    if tiers.entry == 0 {
        let stubs = match (&tiers.image, &mut tiers.compiler) {
            (Some(image), _) => image.stubs(),
            (None, Some(compiler)) => compiler.stubs()?,
            (None, None) => return Err("there is no compiler".to_owned()),
        };
        tiers.entry = stubs.entry;
        st.compiled.shared = stubs.shared;
        let uncompiled = stubs.shared[Shared::EnterSlowly as usize];
        st.heap.set_uncompiled(uncompiled as *const u8);
    }
    Ok(())
}

/// Makes the code of a function.
fn make(st: &mut State, p: &ProtoObj) -> Result<(Installed, Arc<Job>), String> {
    let job = snapshot(st, p);
    let compiler = st.compiled.tiers.compiler.as_mut();
    let compiler = compiler.ok_or("there is no compiler")?;
    Ok((compiler.compile(&job)?, Arc::new(job)))
}

/// Takes over the code that a function has in the program's executable; false if there is none.
fn attach(st: &mut State, p: &mut ProtoObj) -> bool {
    let prepared = prepare(st);
    let image = st.compiled.tiers.image.as_ref().filter(|_| prepared.is_ok());
    // It counts no instructions.
    let image = image.filter(|_| !st.metered);
    let Some((code, number)) = image.and_then(|i| i.code_of(&p.data.meta)) else {
        *p.heat() = NEVER_HOT as u64;
        p.data.refused = Some("it was not there when the program was compiled".into());
        return false;
    };
    let stats = &mut st.compiled.tiers.stats;
    stats.compiled += 1;
    stats.bytes += code.size as u64;
    install(p, code, None);
    p.number = number;
    true
}

/// The function runs by that code, which was made from `job`, or ahead of time.
fn install(p: &mut ProtoObj, installed: Installed, job: Option<&Job>) {
    p.entry = installed.call as *const u8;
    p.entries = entries_by_number(&installed);
    p.data.versions += 1;
    p.data.native = Some(Box::new(NativeCode {
        loose: job.map_or(0, |j| j.loose.len()),
        ahead: job.is_none_or(|j| j.ahead),
        installed,
        misses: 0,
        exits: 0,
        loop_entries: 0,
        job: None,
        shapes: job.map(shapes).unwrap_or_default(),
    }));
}

fn entries_by_number(installed: &Installed) -> Box<[usize]> {
    let last = installed.entries.last().map_or(0, |e| e.0 as usize);
    let mut addresses = vec![0; last + 1];
    for &(pc, address) in &installed.entries {
        addresses[pc as usize] = address;
    }
    addresses.into()
}

/// All shapes that instructions and sites know.
fn shapes(job: &Job) -> Vec<u32> {
    let mut all: Vec<u32> = job.code.iter().filter_map(|i| i.learned_shape()).collect();
    all.extend(job.places.iter().flatten().map(|e| e.shape));
    all.extend(job.stores.iter().flatten().flat_map(|e| [e.old, e.new]));
    for path in job.paths.iter().flatten() {
        all.push(path.shape);
        let steps = &path.steps[..path.depth as usize];
        all.extend(steps.iter().flat_map(|s| [s.meta, s.class]));
    }
    all.retain(|&id| !matches!(id, NEVER | STRING | EMPTY));
    all.sort_unstable();
    all.dedup();
    all
}

/// What code of the function is made from.
pub(super) fn snapshot(st: &State, p: &ProtoObj) -> Job {
    let ahead = st.options.stress.ahead;
    let code = match ahead {
        true => p.data.meta.code.iter().map(|i| i.widest()).collect(),
        false => p.data.code.to_vec(),
    };
    Job {
        proto: p.data.meta.clone(),
        code,
        ahead,
        consts: p.data.consts.iter().map(|v| (v.bits, v.tag.0)).collect(),
        places: p.feedback.places.clone(),
        stores: p.feedback.stores.clone(),
        paths: p.feedback.paths.clone(),
        loose: p.data.loose.clone(),
        metered: st.metered,
        shaky: st.options.stress.deopt,
    }
}

/// An instruction that compiled code leaves to the interpreter has another opcode than when it was compiled. When
/// that has been so often enough, the function is compiled again.
#[cold]
#[inline(never)]
pub(super) fn changed(st: &mut State, p: &mut ProtoObj) {
    let Some(native) = p.data.native.as_mut().filter(|n| !n.ahead) else {
        return;
    };
    native.misses += 1;
    if native.misses >= MISSES << p.data.versions.min(MOST_DOUBLINGS) {
        discard(st, p, Invalidation::Changed);
    }
}

/// Compiled code of a function has left to the interpreter before the instruction `pc` because a value had another type
/// than it states. When that has been so often enough, the function is compiled without such statements there.
#[cold]
#[inline(never)]
pub(super) fn exited(st: &mut State, p: &mut ProtoObj, pc: u32) {
    st.compiled.tiers.stats.exits += 1;
    let Some(native) = p.data.native.as_mut().filter(|n| !n.ahead) else {
        return;
    };
    native.exits += 1;
    if !p.data.loose.contains(&pc) {
        p.data.loose.push(pc);
    }
    if native.exits >= EXITS && p.data.loose.len() > native.loose {
        discard(st, p, Invalidation::Exits);
    }
}

/// The code of a function is not used any more; it is hot.
#[cold]
fn discard(st: &mut State, p: &mut ProtoObj, why: Invalidation) {
    if let Some(native) = p.take_native(st.heap.uncompiled) {
        p.data.discarded = Some(why);
        if st.compiled.tiers.observed.is_some() {
            events::invalidated(st, &native.installed, why);
        }
        st.compiled.tiers.retired.push(native.installed);
        st.compiled.tiers.stats.invalidated += 1;
        st.compiled.drop_native();
    }
}

/// Takes over the code that a collection has discarded: native activations of it are dropped.
#[cold]
pub(super) fn take_discarded(st: &mut State) {
    for (code, why) in std::mem::take(&mut st.heap.discarded) {
        if st.compiled.tiers.observed.is_some() {
            events::invalidated(st, &code, why);
        }
        st.compiled.tiers.stats.invalidated += 1;
        st.compiled.tiers.retired.push(code);
    }
    st.compiled.drop_native();
}

/// Gives back the memory of retired code. No native activation is left.
fn release_retired(st: &mut State) {
    for code in std::mem::take(&mut st.compiled.tiers.retired) {
        if let Some(compiler) = &mut st.compiled.tiers.compiler {
            compiler.release(&code);
            st.compiled.tiers.stats.in_use -= code.size as u64;
        }
        if st.compiled.tiers.observed.is_some() {
            events::released(st, &code);
        }
    }
}
