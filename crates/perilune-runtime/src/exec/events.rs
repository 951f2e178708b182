//! What becomes of functions in the compiled tier -> plain-data events for an observer.
//!
//! Events are made on paths that are cold anyway, and only while there is an observer, so none costs a program
//! that is not observed more than a test there. An observer gets no state, so it cannot run Lua code.

use crate::abi::Reason;
use crate::exec::Installed;
use crate::heap::Heap;
use crate::object::ProtoObj;
use crate::state::State;
use crate::value::Tag;
use perilune_bytecode::debuginfo;
use perilune_bytecode::listing;
use perilune_bytecode::ops::Instr;
use perilune_bytecode::proto::Proto;
use perilune_syntax::chunk_id;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A function, as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierFunction {
    /// Its number in the state.
    pub number: u32,
    /// Its chunk, as messages and tracebacks name it: bytes of any kind.
    pub chunk: Vec<u8>,
    /// The line of its definition; 0 for a main chunk.
    pub line: u32,
    /// What the code around it calls it, if that is known.
    pub name: Option<String>,
}

impl TierFunction {
    /// The function of a state, whose number is known.
    fn new(heap: &Heap, number: u32, meta: &Proto) -> TierFunction {
        TierFunction {
            number,
            chunk: chunk_id(meta.source().unwrap_or(b"=?")),
            line: meta.line_defined,
            name: name_of(heap, meta),
        }
    }

    pub(super) fn of(heap: &Heap, p: &ProtoObj) -> TierFunction {
        TierFunction::new(heap, p.header.aux, &p.data.meta)
    }
}

impl fmt::Display for TierFunction {
    /// `chunk:line name` in one line of text: what is no plain character is escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chunk = String::from_utf8_lossy(&self.chunk);
        let name = match (&self.name, self.line) {
            (Some(name), _) => format!(" {name}"),
            (None, 0) => " main chunk".to_owned(),
            (None, _) => String::new(),
        };
        let text = format!("{chunk}:{}{name}", self.line);
        text.chars().try_for_each(|c| match c {
            c if c.is_control() => write!(f, "{}", c.escape_default()),
            c => write!(f, "{c}"),
        })
    }
}

/// What the code of the function around it calls a function.
fn name_of(heap: &Heap, meta: &Proto) -> Option<String> {
    let functions = heap.droppable.iter().filter_map(|&header| {
        // SAFETY: the list holds live objects; functions are told by their tag.
        unsafe { ((*header).tag == Tag::PROTO).then(|| &(*header.cast::<ProtoObj>()).data.meta) }
    });
    let mut found = functions.filter_map(|outer| {
        let nth = outer.protos.iter().position(|p| std::ptr::eq(&**p, meta))?;
        listing::name_of(outer, nth)
    });
    found.next()
}

/// Why code is not used any more. The codes are stable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Invalidation {
    /// A shape that it tests for has been dropped.
    Shape = 1,
    /// Instructions that it leaves to the interpreter have become others since it was made, and ran often.
    Changed = 2,
    /// It left to the interpreter too often: it is made again with fewer statements about types.
    Exits = 3,
    /// The function has been collected.
    Collected = 4,
}

impl Invalidation {
    /// All of them, in the order of their codes.
    pub const ALL: [Invalidation; 4] = [
        Invalidation::Shape,
        Invalidation::Changed,
        Invalidation::Exits,
        Invalidation::Collected,
    ];

    /// Its name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Invalidation::Shape => "shape",
            Invalidation::Changed => "changed",
            Invalidation::Exits => "exits",
            Invalidation::Collected => "collected",
        }
    }

    /// What it means, for people.
    pub fn about(self) -> &'static str {
        match self {
            Invalidation::Shape => "a shape that it knew was dropped",
            Invalidation::Changed => "instructions have become others",
            Invalidation::Exits => "too many exits",
            Invalidation::Collected => "the function was collected",
        }
    }
}

/// What has become of a function in the compiled tier. Versions of a function's code count from 1; sizes are in
/// bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierEvent {
    /// A function is hot: its code is being made.
    Started {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// How many instructions it has.
        instructions: usize,
        /// The code is to state nothing about types that an instruction might not make true.
        cautious: bool,
    },
    /// The code has been made.
    Finished {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// As for [`TierEvent::Started`].
        cautious: bool,
        /// How long it waited for a compiler.
        queued: Duration,
        /// How long the compiler took.
        compiling: Duration,
        /// The size of the bytecode.
        bytecode: usize,
        /// The size of the machine code with its constants.
        code: usize,
    },
    /// The code is used from here on.
    Installed {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// Where it begins.
        address: usize,
        /// Its size with its constants.
        size: usize,
        /// In how many places the interpreter may enter it.
        entries: usize,
    },
    /// There is no code, and there will not be any: the function stays in the interpreter.
    Failed {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// Why.
        why: String,
    },
    /// Compiled code has left to the interpreter.
    Deopt {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// The number of the instruction at which the interpreter goes on.
        pc: u32,
        /// Its line, if the function has lines.
        line: Option<u32>,
        /// Why; None for a code that has no reason.
        reason: Option<Reason>,
    },
    /// The code is not used any more.
    Invalidated {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// Why.
        why: Invalidation,
    },
    /// The memory of code that was invalidated is free again.
    Released {
        /// Which function.
        function: Arc<TierFunction>,
        /// Of its code.
        version: u32,
        /// Where it began.
        address: usize,
        /// Its size with its constants.
        size: usize,
    },
}

impl TierEvent {
    /// The name of the kind of event in logs.
    pub fn name(&self) -> &'static str {
        match self {
            TierEvent::Started { .. } => "start",
            TierEvent::Finished { .. } => "finish",
            TierEvent::Installed { .. } => "install",
            TierEvent::Failed { .. } => "fail",
            TierEvent::Deopt { .. } => "deopt",
            TierEvent::Invalidated { .. } => "invalidate",
            TierEvent::Released { .. } => "release",
        }
    }

    /// The function and the version of its code.
    pub fn function(&self) -> (&TierFunction, u32) {
        match self {
            TierEvent::Started {
                function, version, ..
            }
            | TierEvent::Finished {
                function, version, ..
            }
            | TierEvent::Installed {
                function, version, ..
            }
            | TierEvent::Failed {
                function, version, ..
            }
            | TierEvent::Deopt {
                function, version, ..
            }
            | TierEvent::Invalidated {
                function, version, ..
            }
            | TierEvent::Released {
                function, version, ..
            } => (function, *version),
        }
    }
}

/// What is told of events.
pub type TierObserver = Box<dyn FnMut(&TierEvent) + Send>;

/// An observer with what has to be known to name functions to it.
pub(super) struct Observed {
    tell: TierObserver,
    functions: HashMap<u32, Arc<TierFunction>>,
    /// Code that has not been released, by handle.
    codes: HashMap<u64, KnownCode>,
}

#[derive(Clone)]
struct KnownCode {
    function: Arc<TierFunction>,
    version: u32,
    address: usize,
    size: usize,
}

impl State {
    /// Has an observer told what becomes of functions in the compiled tier from here on; None ends that. It is
    /// called while the state works, so it should take little time. One that panics is not called again.
    pub fn set_tier_observer(&mut self, observer: Option<TierObserver>) {
        let observed = observer.map(|tell| {
            let mut observed = Observed {
                tell,
                functions: HashMap::new(),
                codes: HashMap::new(),
            };
            for p in functions(&self.heap) {
                if let Some(native) = &p.data.native {
                    observed.learn(&self.heap, p, &native.installed);
                }
            }
            Box::new(observed)
        });
        self.compiled.tiers.observed = observed;
    }

    /// Tells the observer, if there is one, of an event.
    fn tell_tier(&mut self, make: impl FnOnce(&mut Observed, &Heap) -> Option<TierEvent>) {
        let Some(mut observed) = self.compiled.tiers.observed.take() else {
            return;
        };
        let event = make(&mut observed, &self.heap);
        // Compiled code is on the native stack, through which no panic may go.
        let told = catch_unwind(AssertUnwindSafe(|| {
            if let Some(event) = &event {
                (observed.tell)(event);
            }
        }));
        match told {
            Ok(()) => self.compiled.tiers.observed = Some(observed),
            Err(panic) => std::mem::forget(panic),
        }
    }
}

/// All functions of a heap.
pub(super) fn functions(heap: &Heap) -> impl Iterator<Item = &ProtoObj> {
    heap.droppable.iter().filter_map(|&header| {
        // SAFETY: the list holds live objects; functions are told by their tag.
        unsafe { ((*header).tag == Tag::PROTO).then(|| &*header.cast::<ProtoObj>()) }
    })
}

impl Observed {
    fn function(&mut self, heap: &Heap, p: &ProtoObj) -> Arc<TierFunction> {
        let known = self.functions.entry(p.header.aux);
        known
            .or_insert_with(|| Arc::new(TierFunction::of(heap, p)))
            .clone()
    }

    /// Code has been installed.
    fn learn(&mut self, heap: &Heap, p: &ProtoObj, code: &Installed) -> KnownCode {
        let known = KnownCode {
            function: self.function(heap, p),
            version: p.data.versions,
            address: code.address,
            size: code.size,
        };
        self.codes.insert(code.handle, known.clone());
        known
    }
}

/// The code of a function is about to be made.
#[cold]
pub(super) fn started(st: &mut State, p: &ProtoObj) {
    st.tell_tier(|o, heap| {
        Some(TierEvent::Started {
            function: o.function(heap, p),
            version: p.data.versions + 1,
            instructions: p.data.code.len(),
            cautious: !p.data.loose.is_empty(),
        })
    });
}

/// The code of a function has been made, in that time, and installed.
#[cold]
pub(super) fn installed(st: &mut State, p: &ProtoObj, queued: Duration, compiling: Duration) {
    let Some(native) = &p.data.native else { return };
    let code = &native.installed;
    st.tell_tier(|o, heap| {
        Some(TierEvent::Finished {
            function: o.function(heap, p),
            version: p.data.versions,
            cautious: !p.data.loose.is_empty(),
            queued,
            compiling,
            bytecode: p.data.code.len() * size_of::<Instr>(),
            code: code.size,
        })
    });
    st.tell_tier(|o, heap| {
        let known = o.learn(heap, p, code);
        Some(TierEvent::Installed {
            function: known.function,
            version: known.version,
            address: known.address,
            size: known.size,
            entries: code.entries.len(),
        })
    });
}

/// The code of a function could not be made.
#[cold]
pub(super) fn failed(st: &mut State, p: &ProtoObj, why: &str) {
    st.tell_tier(|o, heap| {
        Some(TierEvent::Failed {
            function: o.function(heap, p),
            version: p.data.versions + 1,
            why: why.to_owned(),
        })
    });
}

/// Compiled code of a function has left to the interpreter at the instruction `pc`, for the reason with that code.
#[cold]
pub(super) fn deopt(st: &mut State, p: &ProtoObj, pc: u32, reason: u8) {
    st.tell_tier(|o, heap| {
        Some(TierEvent::Deopt {
            function: o.function(heap, p),
            version: p.data.versions,
            pc,
            line: debuginfo::line_at(&p.data.meta, pc as usize),
            reason: Reason::from_code(reason),
        })
    });
}

/// Installed code is not used any more.
#[cold]
pub(super) fn invalidated(st: &mut State, code: &Installed, why: Invalidation) {
    st.tell_tier(|o, _| {
        let known = o.codes.get(&code.handle)?.clone();
        if why == Invalidation::Collected {
            o.functions.remove(&known.function.number);
        }
        Some(TierEvent::Invalidated {
            function: known.function,
            version: known.version,
            why,
        })
    });
}

/// The memory of code has been given back.
#[cold]
pub(super) fn released(st: &mut State, code: &Installed) {
    st.tell_tier(|o, _| {
        let known = o.codes.remove(&code.handle)?;
        Some(TierEvent::Released {
            function: known.function,
            version: known.version,
            address: known.address,
            size: known.size,
        })
    });
}
