//! A function of a state -> what runs it, what has become of its machine code, and what that is made from.

use super::events::{self, Invalidation, TierFunction};
use super::tier::{self, Job};
use crate::object::{Closure, ProtoObj};
use crate::state::{Options, State};
use crate::value::Value;
use crate::{Engine, heap::Gc};
use perilune_bytecode::listing::{self, Function};
use perilune_bytecode::proto::{self, Const, Proto};
use std::sync::Arc;

/// What runs a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// The walker.
    Walked,
    /// The bytecode interpreter.
    Interpreted,
    /// Machine code of the baseline compiler.
    Baseline,
}

impl Tier {
    /// Its name for programs and people.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Walked => "tree",
            Tier::Interpreted => "interpreted",
            Tier::Baseline => "baseline",
        }
    }
}

/// What runs a function, and what has become of its machine code so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierState {
    /// The function.
    pub function: TierFunction,
    /// What runs it.
    pub tier: Tier,
    /// Calls and rounds of loops in the interpreter before it is compiled or its code is entered; None if it
    /// is never compiled.
    pub heat: Option<u64>,
    /// How often its code has been made.
    pub versions: u32,
    /// Its code states nothing about types that an instruction might not make true.
    pub cautious: bool,
    /// Its machine code.
    pub code: Option<CodeState>,
    /// Why its code was discarded the last time.
    pub discarded: Option<Invalidation>,
    /// Why it cannot be compiled, if that has been tried.
    pub refused: Option<String>,
}

/// Installed machine code of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeState {
    /// Where it begins.
    pub address: usize,
    /// Bytes of code and constants.
    pub size: usize,
    /// The numbers of the instructions at which the interpreter may enter it.
    pub entries: Vec<u32>,
    /// How often it has left to the interpreter.
    pub exits: u32,
    /// How often instructions ran that have become others since it was made.
    pub misses: u32,
    /// How often the interpreter has entered it in loops.
    pub loop_entries: u32,
}

/// What the machine code of a function is made from.
pub struct Snapshot {
    /// The function for printers, with what its instructions have learned.
    pub function: Function,
    /// Its bytecode and what it has learned.
    pub job: Arc<Job>,
    /// Installed code was made from just this, and is there.
    pub is_installed: bool,
}

impl State {
    /// What runs a function, and what has become of its machine code.
    pub fn tier_of(&self, f: Gc<Closure>) -> TierState {
        let p = self.function_of(f);
        let native = p.data.native.as_ref();
        let tier = match native {
            Some(_) => Tier::Baseline,
            None if p.data.tree.is_some() => Tier::Walked,
            None => Tier::Interpreted,
        };
        TierState {
            function: TierFunction::of(&self.heap, p),
            tier,
            heat: tier::heat_left(p).filter(|_| tier != Tier::Walked),
            versions: p.data.versions,
            cautious: !p.data.loose.is_empty(),
            code: native.map(|n| CodeState {
                address: n.installed.address,
                size: n.installed.size,
                entries: n.installed.entries.iter().map(|e| e.0).collect(),
                exits: n.exits,
                misses: n.misses,
                loop_entries: n.loop_entries,
            }),
            discarded: p.data.discarded,
            refused: p.data.refused.as_ref().map(ToString::to_string),
        }
    }

    fn function_of(&self, f: Gc<Closure>) -> &ProtoObj {
        // SAFETY: alive while the state is borrowed.
        unsafe { &*f.proto(&self.heap).ptr() }
    }

    /// How many functions there are of which there has been a closure, and how many of them have machine code.
    pub fn tier_counts(&self) -> (usize, usize) {
        events::functions(&self.heap).fold((0, 0), |(all, compiled), p| {
            (all + 1, compiled + usize::from(p.data.native.is_some()))
        })
    }

    /// What the machine code of a function and of those nested in it is made from: what the code that is
    /// installed was made from, where that has been kept ([`JitOptions::keep`](super::JitOptions::keep)); else
    /// the function as it is. Functions of which there has been no closure have learned nothing.
    pub fn snapshots(&self, f: Gc<Closure>) -> Vec<Snapshot> {
        let outer = f.proto(&self.heap);
        let mut listings = outer.listing(&self.heap).into_iter();
        let mut all = Vec::new();
        let first = self.function_of(f);
        let mut work = vec![(Some(first), first.data.meta.clone())];
        while let Some((made, meta)) = work.pop() {
            let kept = made.and_then(|p| p.data.native.as_ref()?.job.clone());
            let is_installed = kept.is_some();
            let job = kept.unwrap_or_else(|| {
                Arc::new(match made {
                    Some(p) => tier::snapshot(self, p),
                    None => Job::unlearned(meta.clone(), &self.options),
                })
            });
            let nested = meta.protos.iter().enumerate().rev();
            work.extend(nested.map(|(n, inner)| {
                // SAFETY: alive while the state is borrowed.
                let made = made.and_then(|p| Some(unsafe { &*p.data.protos[n].get()?.ptr() }));
                (made, inner.clone())
            }));
            let Some(function) = listings.next() else { break };
            all.push(Snapshot {
                function,
                job,
                is_installed,
            });
        }
        all
    }

    /// Whether functions of this state can be compiled.
    pub fn can_compile(&self) -> bool {
        self.options.engine == Engine::Jit && self.compiled.tiers.has_compiler()
    }
}

impl Job {
    /// A function that is compiled ahead of time: nothing is known of its operands.
    pub fn ahead(proto: Arc<Proto>, options: &Options) -> Job {
        let job = Job::unlearned(proto, options);
        Job {
            code: job.code.iter().map(|i| i.widest()).collect(),
            ahead: true,
            ..job
        }
    }

    /// A function that has not run: nothing has been learned, and strings have no addresses.
    pub fn unlearned(proto: Arc<Proto>, options: &Options) -> Job {
        let constant = |k: &Const| match k {
            Const::Nil => Value::NIL,
            Const::False => Value::FALSE,
            Const::True => Value::TRUE,
            Const::Int(i) => Value::int(*i),
            Const::Float(x) => Value::float(*x),
            Const::Str(_) => Value {
                bits: 0,
                tag: crate::value::Tag::STR,
            },
        };
        let consts = proto.consts.iter().map(constant).map(|v| (v.bits, v.tag.0));
        Job {
            code: proto.code.clone(),
            ahead: false,
            consts: consts.collect(),
            places: Vec::new(),
            stores: Vec::new(),
            paths: Vec::new(),
            loose: Vec::new(),
            metered: options.max_instructions.is_some_and(|n| n != u64::MAX),
            shaky: options.stress.deopt,
            proto,
        }
    }
}

/// What the machine code of a chunk's functions would be made from before anything has run, in a state with these
/// options, by `job`: [`Job::ahead`] or [`Job::unlearned`].
pub fn snapshots_of_chunk(
    main: &Arc<Proto>,
    options: &Options,
    job: fn(Arc<Proto>, &Options) -> Job,
) -> Vec<Snapshot> {
    let functions = proto::functions(main).zip(listing::chunk(main));
    functions
        .map(|(proto, function)| Snapshot {
            function,
            job: Arc::new(job(proto.clone(), options)),
            is_installed: false,
        })
        .collect()
}
