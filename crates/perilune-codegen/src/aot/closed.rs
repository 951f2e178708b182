//! The functions of a source -> which call is of which function, with what arguments, and what comes back.
//!
//! A function is closed if local variables hold it that hold nothing else, and all that is done with them is to call
//! them. Then all its calls are known, and a parameter has the tag that all of them pass. Tags of arguments and of results
//! are found together, function by function, until nothing changes: O. Shivers, "Control-flow analysis in Scheme" (1988)
//! is the model, with a lattice of two levels. The debug library can call any function with anything, so code that relies
//! on this is entered by calls of such arguments only.

use crate::baseline::types::{FUNCTION, Fact, Links, Subject, Types, UNKNOWN, Variable, either, function_of};
use crate::baseline::{Call, Certain, captured, leaders};
use crate::masm::Isa;
use perilune_bytecode::ops::{Instr, Op, Operand};
use perilune_runtime::exec::Job;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known of one function.
struct Function<'a> {
    job: &'a Job,
    leaders: Vec<bool>,
    captured: Vec<bool>,
    links: Links,
    /// What its parameters are; None before a call of it has been found.
    params: Option<Vec<Fact>>,
    /// Whether its parameters are known by its calls.
    closed: bool,
    types: Types,
    /// Its calls of functions of the source: where, and which.
    calls: BTreeMap<u32, u32>,
}

/// The analysis of a source.
struct Whole<'a> {
    functions: Vec<Function<'a>>,
    results: Vec<Option<Fact>>,
    /// Which functions call a function.
    callers: Vec<BTreeSet<u32>>,
    todo: BTreeSet<u32>,
}

/// Analyses the functions of a source in the order of [`all`]: what is certain in each.
pub fn analyse(jobs: &[&Job]) -> Vec<Certain> {
    let mut whole = Whole::new(jobs);
    whole.link();
    whole.run();
    whole.into_certain()
}

impl<'a> Whole<'a> {
    fn new(jobs: &[&'a Job]) -> Whole<'a> {
        let function = |job: &'a Job| Function {
            leaders: leaders(&job.proto),
            captured: captured(&job.proto),
            links: Links::default(),
            params: None,
            closed: true,
            types: Types::default(),
            calls: BTreeMap::new(),
            job,
        };
        Whole {
            functions: jobs.iter().copied().map(function).collect(),
            results: vec![None; jobs.len()],
            callers: vec![BTreeSet::new(); jobs.len()],
            todo: BTreeSet::new(),
        }
    }

    /// Finds which functions stand in which, and which variables and upvalues hold a function for good.
    fn link(&mut self) {
        let mut next = 1;
        self.number(0, &mut next);
        for n in 0..self.functions.len() {
            self.find_variables(n);
        }
        // Outer functions come first, so what they hold is known.
        for n in 0..self.functions.len() {
            for d in 0..self.functions[n].links.protos.len() {
                self.link_upvalues(n, d);
            }
        }
        for f in self.assigned() {
            self.forget_variables_of(f);
        }
    }

    /// Numbers the functions in function `n`, in the order of [`perilune_bytecode::proto::functions`].
    fn number(&mut self, n: usize, next: &mut u32) {
        for _ in 0..self.functions[n].job.proto.protos.len() {
            let child = *next;
            *next += 1;
            self.functions[n].links.protos.push(child);
            self.number(child as usize, next);
        }
    }

    /// Finds the local variables of function `n` which hold one function.
    fn find_variables(&mut self, n: usize) {
        let f = &mut self.functions[n];
        let proto = &f.job.proto;
        for (pc, i) in proto
            .code
            .iter()
            .enumerate()
            .filter(|(_, i)| i.op() == Op::CLOSURE)
        {
            let begins = |start: u32| (pc as u32..=pc as u32 + 1).contains(&start);
            let mut locals = proto.locals.iter();
            let Some(local) = locals.find(|l| l.reg == i.a() && begins(l.start_pc)) else {
                continue;
            };
            let range = pc as u32 + 1..local.end_pc;
            let inner = proto.code.get(pc + 1..local.end_pc as usize).unwrap_or_default();
            if !inner.iter().any(|&i| writes(i, local.reg)) {
                f.links.variables.push(Variable {
                    register: local.reg,
                    range,
                    function: f.links.protos[i.du() as usize],
                });
            }
        }
    }

    /// Finds what the upvalues of the function P[d] of function `n` hold.
    fn link_upvalues(&mut self, n: usize, d: usize) {
        let f = &self.functions[n];
        let child = f.links.protos[d];
        let made = |i: &Instr| i.op() == Op::CLOSURE && i.du() as usize == d;
        let Some(pc) = f.job.proto.code.iter().position(made) else {
            return;
        };
        let holds = |register: u8| {
            // A function may hold itself: its variable begins behind the instruction that makes it.
            let here = [pc as u32, pc as u32 + 1];
            let mut variables = f.links.variables.iter().filter(|v| v.register == register);
            variables.find(|v| v.range.contains(&here[0]) || v.range.start == here[1])
        };
        let upvalues = &f.job.proto.protos[d].upvalues;
        let held = upvalues.iter().map(|u| match u.in_stack {
            true => holds(u.index).map(|v| v.function),
            false => f.links.upvalues.get(usize::from(u.index)).copied().flatten(),
        });
        let held: Vec<Option<u32>> = held.collect();
        self.functions[child as usize].links.upvalues = held;
    }

    /// The functions whose variables are assigned by others.
    fn assigned(&self) -> BTreeSet<u32> {
        let mut all = BTreeSet::new();
        for f in &self.functions {
            for i in f.job.proto.code.iter().filter(|i| i.op() == Op::SETUPVAL) {
                all.extend(f.links.upvalues.get(usize::from(i.b())).copied().flatten());
            }
        }
        all
    }

    fn forget_variables_of(&mut self, function: u32) {
        for f in &mut self.functions {
            f.links.variables.retain(|v| v.function != function);
            for u in &mut f.links.upvalues {
                *u = u.filter(|held| *held != function);
            }
        }
        self.open(function);
    }

    /// Somebody else may call the function.
    fn open(&mut self, function: u32) {
        let f = &mut self.functions[function as usize];
        if f.closed {
            f.closed = false;
            f.params = Some(vec![UNKNOWN; usize::from(f.job.proto.num_params)]);
            self.todo.insert(function);
        }
    }

    fn run(&mut self) {
        self.open(0);
        loop {
            while let Some(n) = self.todo.pop_first() {
                self.look_at(n);
            }
            // What nothing calls is compiled, too.
            let unreached = self.functions.iter().position(|f| f.params.is_none());
            match unreached {
                Some(n) => self.open(n as u32),
                None => return,
            }
        }
    }

    /// Analyses a function for the parameters that are known, and passes on what comes of it.
    fn look_at(&mut self, n: u32) {
        let f = &mut self.functions[n as usize];
        let Some(params) = f.params.clone() else { return };
        let subject = Subject {
            proto: &f.job.proto,
            consts: &f.job.consts,
            leaders: &f.leaders,
            captured: &f.captured,
            links: &f.links,
            results: &self.results,
        };
        let mut types = Types::of(subject, &params);
        let mut seen = Seen {
            captured: &f.captured,
            links: &f.links,
            callees: BTreeSet::new(),
            calls: BTreeMap::new(),
            arguments: Vec::new(),
            escaped: Vec::new(),
            result: None,
        };
        types.each(subject, &mut |pc, i, facts| seen.instruction(pc, i, facts));
        let Seen {
            callees,
            calls,
            arguments,
            escaped,
            result,
            ..
        } = seen;
        f.types = types;
        f.calls = calls;
        for callee in callees {
            self.callers[callee as usize].insert(n);
        }
        for function in escaped {
            self.open(function);
        }
        for (function, given) in arguments {
            self.pass(function, &given);
        }
        let result = result.map(|new| self.results[n as usize].map_or(new, |old| either(old, new)));
        if result != self.results[n as usize] && result.is_some() {
            self.results[n as usize] = result;
            self.todo.extend(&self.callers[n as usize]);
        }
    }

    /// The function is called with these arguments.
    fn pass(&mut self, function: u32, given: &[Fact]) {
        let f = &mut self.functions[function as usize];
        let count = usize::from(f.job.proto.num_params);
        let given = given
            .iter()
            .copied()
            .chain(std::iter::repeat(UNKNOWN))
            .take(count);
        let old = f.params.clone();
        let new: Vec<Fact> = match &old {
            None => given.collect(),
            Some(known) => known.iter().zip(given).map(|(&a, b)| either(a, b)).collect(),
        };
        if f.closed && old.as_ref() != Some(&new) {
            f.params = Some(new);
            self.todo.insert(function);
        }
    }

    fn into_certain(self) -> Vec<Certain> {
        let mut contracts = Vec::new();
        for f in &self.functions {
            let mut params = vec![None; usize::from(f.job.proto.num_params)];
            for (r, tag) in f.types.at_block(0).filter(|&(r, _)| r < f.job.proto.num_params) {
                params[usize::from(r)] = Some(tag);
            }
            contracts.push(Arc::new(params));
        }
        // Functions with varargs arrange their frames themselves.
        let varargs: Vec<bool> = self.functions.iter().map(|f| f.job.proto.is_vararg).collect();
        let plain = |f: &u32| !varargs[*f as usize];
        let called: BTreeSet<u32> = self
            .functions
            .iter()
            .flat_map(|f| f.calls.values().copied())
            .filter(plain)
            .collect();
        let results: Arc<Vec<Option<Fact>>> = Arc::new(self.results);
        let mut all = Vec::new();
        for (n, f) in self.functions.into_iter().enumerate() {
            let call = |(&pc, &function): (&u32, &u32)| {
                let contract = Call {
                    function,
                    params: contracts[function as usize].clone(),
                };
                (pc, contract)
            };
            all.push(Certain {
                calls: f.calls.iter().filter(|c| plain(c.1)).map(call).collect(),
                is_called: called.contains(&(n as u32)),
                types: f.types,
                links: f.links,
                results: results.clone(),
                first: 0,
                isa: Isa::default(),
            });
        }
        all
    }
}

/// What the instructions of a function do with functions.
struct Seen<'a> {
    captured: &'a [bool],
    links: &'a Links,
    /// The functions that it calls.
    callees: BTreeSet<u32>,
    /// The calls with a fixed number of arguments.
    calls: BTreeMap<u32, u32>,
    arguments: Vec<(u32, Vec<Fact>)>,
    /// The functions of which somebody else may get hold.
    escaped: Vec<u32>,
    /// What it returns.
    result: Option<Fact>,
}

impl Seen<'_> {
    fn instruction(&mut self, pc: u32, i: Instr, facts: &[Fact]) {
        let a = usize::from(i.a());
        let count = usize::from(i.b());
        let fact = |r: usize| facts[r];
        match i.op() {
            Op::CALL | Op::TAILCALL => {
                let given = match count {
                    0 => &facts[a + 1..a + 1],
                    _ => &facts[a + 1..a + count],
                };
                if let Some(f) = function_of(fact(a)) {
                    // Their tags only: functions are not followed into parameters.
                    let tags = |&v: &Fact| if v < FUNCTION { v } else { UNKNOWN };
                    self.arguments.push((f, given.iter().map(tags).collect()));
                    self.callees.insert(f);
                    if i.op() == Op::CALL && count > 0 {
                        self.calls.insert(pc, f);
                    }
                }
                let escaping = if count == 0 { &facts[a + 1..] } else { given };
                self.escape(escaping);
                if i.op() == Op::TAILCALL {
                    self.result = Some(UNKNOWN);
                }
            }
            Op::CLOSURE => {
                let mut variables = self.links.variables.iter();
                let held = |v: &Variable| v.register == i.a() && v.range.contains(&(pc + 1));
                if self.captured[a] && !variables.any(held) {
                    self.escaped.push(self.links.protos[i.du() as usize]);
                }
            }
            Op::MOVE => {
                if self.captured[a] {
                    self.escape(&facts[usize::from(i.b())..=usize::from(i.b())]);
                }
            }
            Op::RETURN1 => self.returns(fact(a)),
            Op::RETURN if count == 2 && i.c() == 0 => self.returns(fact(a)),
            Op::RETURN => {
                let end = if count == 0 { facts.len() } else { a + count - 1 };
                self.escape(&facts[a..end]);
                self.result = Some(UNKNOWN);
            }
            Op::RETURN0 => self.result = Some(UNKNOWN),
            Op::SETLIST | Op::CONCAT => {
                let end = if count == 0 { facts.len() } else { a + count + 1 };
                self.escape(&facts[a..end.min(facts.len())]);
            }
            Op::TFORPREP | Op::TFORCALL => self.escape(&facts[a..a + 4]),
            Op::EQ | Op::EQK | Op::EQI | Op::TEST => {}
            op => {
                let operands = op.info().operands;
                for (kind, r) in operands.iter().zip([i.a(), i.b(), i.c()]) {
                    if matches!(kind, Operand::Read | Operand::ReadWrite) {
                        self.escape(&facts[usize::from(r)..=usize::from(r)]);
                    }
                }
            }
        }
    }

    /// The function returns that value.
    fn returns(&mut self, fact: Fact) {
        self.escape(&[fact]);
        let tag = if fact < FUNCTION { fact } else { UNKNOWN };
        self.result = Some(self.result.map_or(tag, |old| either(old, tag)));
    }

    fn escape(&mut self, facts: &[Fact]) {
        self.escaped.extend(facts.iter().filter_map(|&f| function_of(f)));
    }
}

/// Whether an instruction may write the register `r` of a variable that is in use.
fn writes(i: Instr, r: u8) -> bool {
    let (a, op) = (i.a(), i.op());
    match op.info().operands[0] {
        Operand::Write | Operand::ReadWrite => a == r,
        Operand::Window => a <= r && !matches!(op, Op::CLOSE | Op::RETURN | Op::SETLIST),
        _ => false,
    }
}
