//! Bytecode as it has rewritten itself -> machine code, one template per instruction.
//!
//! Rules of compiled code (see also the runtime's `exec/compiled`):
//! 1. Every value is in its home, the Lua register, at the end of the template that made it. A template
//!    keeps payloads in machine registers for the next ones of its block, and remembers tags ([`known`]).
//! 2. A template whose guard fails leaves the instruction to the runtime (`Helper::Step`) and goes on behind it.
//!    Facts that the template states and the runtime's work may not have made true are tested
//!    then; where one fails, the frame goes on in the interpreter.
//! 3. At the beginning of a block nothing is known but what the loops around it guarantee; so the interpreter
//!    can enter there.
//! 4. Nothing that is known of a register which a closure may share outlives an instruction that calls.

mod arith;
mod cached;
mod calls;
mod emit;
mod fields;
mod known;
mod marks;
mod meta;
mod meter;
mod moves;
mod order;
mod shared;
mod templates;
pub mod types;

use crate::masm::{Alu, Code, Cond, FReg, Isa, Label, Masm, Reg, Width};
use emit::Emit;
use known::Known;
pub use marks::{HelperCall, Mark};
use perilune_bytecode::ops::{Instr, Op, Operand};
use perilune_bytecode::proto::Proto;
use perilune_bytecode::quick::LiveOp;
use perilune_runtime::abi::{Helper, Reason, Shared, layout, tag};
use perilune_runtime::exec::Job;
pub use shared::stubs;
use shared::{pass_frame, reload, reload_frame};
use std::collections::BTreeMap;
use std::sync::Arc;
use types::{Fact, Links, Subject, Types};

/// Compiled code of a function: inert bytes.
#[derive(Debug)]
pub struct Artifact {
    /// Code and places of labels.
    pub code: Code,
    /// Where compiled code calls it.
    pub call: u32,
    /// Where the interpreter enters it: numbers of instructions, and offsets.
    pub entries: Vec<(u32, u32)>,
    /// The constants whose payloads stand behind the code, by number.
    pub pool: Vec<u32>,
    /// Offsets at which the templates of instructions begin, and the numbers of those.
    pub templates: Vec<(u32, u32)>,
    /// Where the cold code begins.
    pub cold: u32,
    /// Offsets at which something else begins, ascending, and what that is.
    pub marks: Vec<(u32, Mark)>,
    /// Calls of helpers.
    pub helpers: Vec<HelperCall>,
    /// Where it begins for calls of this very function whose arguments fit, if there are such.
    pub inner: Option<u32>,
}

/// A call whose callee is known by its number.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which function of the source.
    pub function: u32,
    /// The tags that its code relies on.
    pub params: Arc<Vec<Option<u8>>>,
}

/// What is certain of a function without a run.
#[derive(Default)]
pub struct Certain {
    /// The tags of its registers.
    pub types: Types,
    /// Its connections.
    pub links: Links,
    /// What functions of the source return.
    pub results: Arc<Vec<Option<Fact>>>,
    /// Its calls of functions of the source, by instruction.
    pub calls: BTreeMap<u32, Call>,
    /// Whether others call it so.
    pub is_called: bool,
    /// The number of the source's first function in the image; 0 if calls are to go by way of the function's record.
    pub first: u32,
    /// What its code may use of the processor.
    pub isa: Isa,
}

impl Certain {
    /// What is certain of a function about whose callers nothing is known.
    pub fn alone(job: &Job) -> Certain {
        let (leaders, captured) = (leaders(&job.proto), captured(&job.proto));
        let mut certain = Certain::default();
        let subject = certain.subject(job, &leaders, &captured);
        certain.types = Types::of(subject, &[]);
        certain
    }
    /// What a call of the function in register `a`, where the walk is, returns as its only value.
    fn result_of_call(&self, a: u8) -> Option<u8> {
        let callee = types::function_of(self.types.fact(a))?;
        self.results[callee as usize].and_then(types::tag_of)
    }
    fn subject<'a>(&'a self, job: &'a Job, leaders: &'a [bool], captured: &'a [bool]) -> Subject<'a> {
        Subject {
            proto: &job.proto,
            consts: &job.consts,
            leaders,
            captured,
            links: &self.links,
            results: &self.results,
        }
    }
}

/// Which instructions of a function begin a block.
pub fn leaders(proto: &Proto) -> Vec<bool> {
    let mut leaders = vec![false; proto.code.len() + 1];
    leaders[0] = true;
    for (pc, &i) in proto.code.iter().enumerate() {
        if let Some(target) = jump_target(pc as u32, i) {
            leaders[target as usize] = true;
            // It jumps behind the FORLOOP, and the body begins right after it.
            leaders[pc + 1] |= i.op() == Op::FORPREP;
        }
    }
    leaders
}

/// A function of more instructions than this, outside of its loops, is a table of data in the form of code.
const LONG: usize = 10_000;

/// Which instructions of a function most likely run once: those of a chunk, or of a very long function, that stand in no
/// loop. Empty where there are none.
fn run_once(proto: &Proto) -> Vec<bool> {
    if proto.line_defined > 0 && proto.code.len() < LONG {
        return Vec::new();
    }
    let mut once = vec![true; proto.code.len()];
    for (pc, &i) in proto.code.iter().enumerate() {
        if let Some(target) = jump_target(pc as u32, i).filter(|&t| t as usize <= pc) {
            once[target as usize..=pc].fill(false);
        }
    }
    once
}

/// Which registers of a function closures may share.
pub fn captured(proto: &Proto) -> Vec<bool> {
    let mut captured = vec![false; 256];
    for nested in &proto.protos {
        for u in nested.upvalues.iter().filter(|u| u.in_stack) {
            captured[u.index as usize] = true;
        }
    }
    captured
}

/// Code that is not on the way, emitted after all templates.
struct Cold {
    label: Label,
    pc: u32,
    kind: ColdKind,
}

enum ColdKind {
    /// The runtime executes the instruction; `after` then has to hold at `back`.
    Step {
        before: Known,
        after: Known,
        back: Label,
        helper: Shared,
        /// What tries it first, without a look at frames.
        light: Option<Helper>,
    },
    /// The interrupt word is served on the way to `target`, with registers below `live` in use.
    Poll { target: Label, resume: u32, live: u32 },
    /// The frame goes on in the interpreter at `pc`, which gives instructions back to the budget.
    Exit { reason: Reason, given_back: i32 },
    /// A call has not just returned one value, or not one with the tag that is stated.
    Returned {
        a: u8,
        c: u8,
        stated: Option<u8>,
        back: Label,
    },
    /// A call is of another function than was foreseen.
    Called { callee: Reg, a: u8, b: u8, back: Label },
    /// Arguments are missing: nil takes their place.
    Fill { params: u8, back: Label },
}

/// The compiler of one function.
struct Baseline<'j, M: Masm> {
    m: M,
    job: &'j Job,
    /// The number of the instruction being compiled.
    pc: u32,
    /// Where each instruction begins.
    labels: Vec<Label>,
    /// Which instructions begin a block.
    leaders: Vec<bool>,
    /// Which instructions are heads of loops, or the first one.
    heads: Vec<bool>,
    /// In code that is made ahead, which instructions most likely run once, so that their code had better be short.
    once: Vec<bool>,
    /// Registers that closures may share.
    captured: Vec<bool>,
    /// How many instructions there are to the end of the segment, from each on; empty without a limit.
    rest: Vec<i32>,
    /// Loops over integers, as far as that was always so: the first and last instruction of the body, and the loop's
    /// register.
    loops: Vec<(u32, u32, u8)>,
    /// What is certain without a run, for code that is made ahead.
    certain: Certain,
    known: Known,
    /// What was known before the instruction being compiled.
    before: Known,
    /// Temporaries that the instruction being compiled uses.
    busy: u32,
    fbusy: u32,
    next_temp: usize,
    cold: Vec<Cold>,
    /// Calls of Lua functions: numbers of instructions, and the call instruction with the register that has the function.
    calls: Vec<(u32, Reg, Label)>,
    /// Where the interpreter enters the code: numbers of instructions, and labels.
    entries: Vec<(u32, Label)>,
    pool: Vec<u32>,
    marks: Vec<(u32, Mark)>,
    helpers: Vec<HelperCall>,
    /// Returns what stands in RET.
    leave: Label,
    /// The call cannot begin here.
    slow_entry: Label,
    /// The cold path of the instruction being compiled, if it has one, and what executes the instruction there.
    slow: Option<Label>,
    slow_helper: Shared,
    /// What the cold path tries first.
    light: Option<Helper>,
}

const fn home(r: u8) -> i32 {
    r as i32 * layout::VALUE
}
const fn home_tag(r: u8) -> i32 {
    home(r) + layout::VALUE_TAG
}

/// Compiles a function for the target of `M`; about code that is made ahead, something may be certain.
pub fn compile<M: Masm>(job: &Job, certain: Certain) -> Artifact {
    let mut c = Baseline::<M>::new(job, certain);
    let inner = c.certain.is_called.then(|| c.m.label());
    let call = match inner {
        Some(inner) => c.two_prologues(inner),
        None => c.prologue(),
    };
    let mut templates = Vec::with_capacity(job.code.len());
    for pc in 0..job.code.len() as u32 {
        templates.push((c.m.offset(), pc));
        c.instruction(pc);
    }
    let cold = c.m.offset();
    c.m.trap();
    c.entries_at_heads();
    c.ways_out();
    c.emit_cold();
    c.entries.sort_unstable_by_key(|e| e.0);
    let code = c.m.finish();
    let at = |l: Label| code.labels[l.0 as usize];
    Artifact {
        call: at(call),
        inner: inner.map(at),
        entries: c.entries.iter().map(|&(pc, l)| (pc, at(l))).collect(),
        pool: c.pool,
        templates,
        cold,
        marks: c.marks,
        helpers: c.helpers,
        code,
    }
}

/// Whether an instruction may go elsewhere than to the next one by its operand d.
fn jump_target(pc: u32, i: Instr) -> Option<u32> {
    let jumps = i.op().info().operands[3] == Operand::Jump;
    jumps.then(|| (i64::from(pc) + 1 + i64::from(i.d())) as u32)
}

impl<'j, M: Masm> Baseline<'j, M> {
    fn new(job: &'j Job, certain: Certain) -> Self {
        let n = job.code.len();
        let mut m = M::new();
        m.allow(certain.isa);
        let labels = (0..n).map(|_| m.label()).collect();
        let known = Known::new(
            usize::from(job.proto.max_stack).max(2) + 2,
            M::TEMPS.len(),
            M::FTEMPS.len(),
        );
        let mut c = Baseline {
            pc: 0,
            labels,
            leaders: leaders(&job.proto),
            heads: vec![false; n + 1],
            once: if job.ahead {
                run_once(&job.proto)
            } else {
                Vec::new()
            },
            captured: captured(&job.proto),
            rest: Vec::new(),
            loops: Vec::new(),
            certain,
            before: known.clone(),
            known,
            busy: 0,
            fbusy: 0,
            next_temp: 0,
            cold: Vec::new(),
            calls: Vec::new(),
            entries: Vec::new(),
            pool: Vec::new(),
            marks: Vec::new(),
            helpers: Vec::new(),
            leave: m.label(),
            slow_entry: m.label(),
            slow: None,
            slow_helper: Shared::Step,
            light: None,
            job,
            m,
        };
        c.analyse();
        c.measure_segments();
        c
    }

    /// The compiler's own form of the instruction `pc`.
    fn generic(&self, pc: u32) -> Instr {
        self.job.proto.code[pc as usize]
    }
    /// Where the instruction being compiled jumps to.
    fn target(&self) -> u32 {
        jump_target(self.pc, self.generic(self.pc)).unwrap_or(self.pc + 1)
    }
    fn live_op(&self, pc: u32) -> Option<LiveOp> {
        LiveOp::from_u8(self.job.code[pc as usize].op_byte())
    }

    /// Finds loops.
    fn analyse(&mut self) {
        self.heads[0] = true;
        for pc in 0..self.job.code.len() as u32 {
            let i = self.generic(pc);
            let Some(target) = jump_target(pc, i) else {
                continue;
            };
            self.heads[target as usize] |= target <= pc;
            if i.op() == Op::FORPREP {
                let kept = !self.job.ahead && !self.job.loose.contains(&(pc + 1));
                if kept && self.live_op(target - 1) == Some(LiveOp::FORLOOP_INT) {
                    self.loops.push((pc + 1, target - 1, i.a()));
                }
            }
        }
    }

    /// What holds at the beginning of the block at `pc` whatever comes before it: what is certain there, and the
    /// registers of the loops over integers around it.
    fn guaranteed(&self, pc: u32) -> Vec<(u8, u8)> {
        let mut facts: Vec<(u8, u8)> = self.certain.types.at_block(pc).collect();
        facts.extend(self.counted(pc));
        facts
    }
    /// The registers of the loops over integers around `pc`, as far as feedback says that they are.
    fn counted(&self, pc: u32) -> Vec<(u8, u8)> {
        let mut facts = Vec::new();
        for &(first, last, a) in &self.loops {
            if (first..=last).contains(&pc) {
                for r in a..=a + 2 {
                    if !self.captured[r as usize] {
                        facts.push((r, tag::INT as u8));
                    }
                }
            }
        }
        facts
    }

    fn instruction(&mut self, pc: u32) {
        self.pc = pc;
        let label = self.labels[pc as usize];
        self.m.bind(label);
        if self.leaders[pc as usize] {
            self.known.clear();
            for (r, tag) in self.guaranteed(pc) {
                self.known.set_tag(r, tag);
            }
            self.certain.types.begin_block(pc);
        }
        self.before_instruction(pc);
        (self.busy, self.fbusy) = (0, 0);
        self.slow = None;
        self.slow_helper = Shared::Step;
        self.light = None;
        self.before.clone_from(&self.known);
        let i = self.job.code[pc as usize];
        if self.is_short(pc) {
            self.cold_step(pc, Shared::Step);
            self.called();
            self.known.forget_from(i.a().into());
        } else if let Some(op) = LiveOp::from_u8(i.op_byte()) {
            self.emit(op, i);
        }
        self.step_certain(pc);
        self.close_slow_path();
        self.state_certain();
    }
    /// The walk of what is certain goes on behind the instruction `pc`.
    fn step_certain(&mut self, pc: u32) {
        let mut types = std::mem::take(&mut self.certain.types);
        let subject = self.certain.subject(self.job, &self.leaders, &self.captured);
        types.step(subject, pc);
        self.certain.types = types;
    }
    /// What is certain behind the instruction is known.
    fn state_certain(&mut self) {
        for (r, tag) in self.certain.types.here() {
            self.known.set_tag(r, tag);
        }
    }

    /// Whether the runtime executes the instruction, since that takes less code: it runs once, and may call or allocate.
    fn is_short(&self, pc: u32) -> bool {
        let op = self.generic(pc).op();
        let effects = op.info().effects;
        let runs_once = self.once.get(pc as usize).copied().unwrap_or(false);
        // The work of VARARGPREP is done on entry.
        runs_once && (effects.calls || effects.allocates) && !effects.branches && op != Op::VARARGPREP
    }

    /// The label of the cold path on which the runtime executes the instruction.
    fn slow(&mut self) -> Label {
        match self.slow {
            Some(l) => l,
            None => {
                let l = self.m.label();
                self.slow = Some(l);
                l
            }
        }
    }

    /// The template is complete: its cold path, if it has one, comes back here.
    fn close_slow_path(&mut self) {
        let Some(label) = self.slow.take() else { return };
        if self.job.ahead || self.job.loose.contains(&(self.pc + 1)) {
            self.forget_new_tags();
        }
        if matches!(self.generic(self.pc).op(), Op::CALL | Op::TFORCALL) {
            // The interpreter may enter here, and tests for what is known.
            self.state_certain();
        }
        let back = self.m.label();
        self.m.bind(back);
        self.cold.push(Cold {
            label,
            pc: self.pc,
            kind: ColdKind::Step {
                before: self.before.clone(),
                after: self.known.clone(),
                back,
                helper: self.slow_helper,
                light: self.light,
            },
        });
    }

    /// Keeps only tags that were known before the instruction, and that it cannot have changed.
    fn forget_new_tags(&mut self) {
        let counted = self.counted(self.pc + 1);
        let is_loop = self.generic(self.pc).op() == Op::FORPREP;
        for (r, tag) in self.known.tags().collect::<Vec<_>>() {
            let stated = is_loop && counted.contains(&(r, tag));
            let kept = stated || self.is_kept(self.pc, &self.before, r, tag);
            if !kept {
                self.known.forget_tag(r);
            }
        }
    }
    /// Whether register `r` still has that tag after the runtime has executed the instruction `pc`.
    fn is_kept(&self, pc: u32, before: &Known, r: u8, tag: u8) -> bool {
        let i = self.generic(pc);
        let window = i.op().info().operands[0] == Operand::Window;
        let written = r == i.a() || (window && r > i.a());
        before.tag(r) == Some(tag) && !self.captured[r as usize] && !written
    }

    /// A cold place from which the frame goes on in the interpreter, at the instruction `pc`. It gives back so many
    /// instructions to the budget.
    fn exit(&mut self, pc: u32, reason: Reason, given_back: i32) -> Label {
        let label = self.m.label();
        self.cold.push(Cold {
            label,
            pc,
            kind: ColdKind::Exit { reason, given_back },
        });
        label
    }

    /// Goes to the instruction `target`, which is before this one: a safepoint.
    fn jump_back(&mut self, target: u32, live: u32) {
        let to = self.labels[target as usize];
        let label = self.m.label();
        self.m.branch_load_imm(Cond::Ne, Width::W32, M::WORD, 0, 0, label);
        self.m.jump(to);
        self.cold.push(Cold {
            label,
            pc: self.pc,
            kind: ColdKind::Poll {
                target: to,
                resume: target,
                live,
            },
        });
    }

    // Machine registers.

    /// A free temporary.
    fn temp(&mut self) -> Reg {
        let n = M::TEMPS.len();
        let free = |c: &Self, k: usize| c.busy & 1 << k == 0;
        let unused = (0..n).find(|&k| free(self, k) && !self.known.is_held(k));
        let k = unused.unwrap_or_else(|| {
            let mut k = self.next_temp;
            while !free(self, k) {
                k = (k + 1) % n;
            }
            self.next_temp = (k + 1) % n;
            k
        });
        self.take(k)
    }
    fn take(&mut self, k: usize) -> Reg {
        self.busy |= 1 << k;
        self.known.hold(k, None);
        M::TEMPS[k]
    }
    /// That temporary, for this instruction alone.
    fn reserve(&mut self, r: Reg) -> Reg {
        if let Some(k) = M::TEMPS.iter().position(|&t| t == r) {
            self.take(k);
        }
        r
    }
    fn ftemp(&mut self) -> FReg {
        let n = M::FTEMPS.len();
        let free = |c: &Self, k: usize| c.fbusy & 1 << k == 0;
        let unused = (0..n).find(|&k| free(self, k) && !self.known.is_held_float(k));
        let k = unused.or_else(|| (0..n).find(|&k| free(self, k))).unwrap_or(0);
        self.fbusy |= 1 << k;
        self.known.hold_float(k, None);
        M::FTEMPS[k]
    }
    /// The payload of register `r` in a machine register that is not to be changed.
    fn payload(&mut self, r: u8) -> Reg {
        if let Some(k) = self.known.general(r) {
            self.busy |= 1 << k;
            return M::TEMPS[k];
        }
        let t = self.temp();
        self.m.load(Width::W64, t, M::BASE, home(r));
        self.hold(t, r);
        t
    }
    /// The payload of register `r`, a float.
    fn fpayload(&mut self, r: u8) -> FReg {
        if let Some(k) = self.known.float(r) {
            self.fbusy |= 1 << k;
            return M::FTEMPS[k];
        }
        let t = self.ftemp();
        self.m.fload(t, M::BASE, home(r));
        self.hold_float(t, r);
        t
    }
    /// The temporary holds the payload of register `r`.
    fn hold(&mut self, t: Reg, r: u8) {
        if let Some(k) = M::TEMPS.iter().position(|&x| x == t) {
            self.known.hold(k, Some(r));
        }
    }
    fn hold_float(&mut self, t: FReg, r: u8) {
        if let Some(k) = M::FTEMPS.iter().position(|&x| x == t) {
            self.known.hold_float(k, Some(r));
        }
    }

    // Lua registers.

    /// Goes to the cold path unless register `r` has that tag.
    fn guard(&mut self, r: u8, tag: i32) {
        if self.known.tag(r) == Some(tag as u8) {
            return;
        }
        let slow = self.slow();
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag, slow);
        self.known.set_tag(r, tag as u8);
    }
    /// Stores the tag of register `r`, unless that is there.
    fn put_tag(&mut self, r: u8, tag: i32) {
        if self.known.tag(r) != Some(tag as u8) {
            self.m.store_imm(Width::W8, tag, M::BASE, home_tag(r));
            self.known.set_tag(r, tag as u8);
        }
    }
    /// Register `r` becomes the payload in `v`, a temporary, with that tag.
    fn put(&mut self, r: u8, v: Reg, tag: i32) {
        self.m.store(Width::W64, v, M::BASE, home(r));
        self.put_tag(r, tag);
        self.known.forget_payload(r);
        self.hold(v, r);
    }
    fn put_int(&mut self, r: u8, v: Reg) {
        self.put(r, v, tag::INT);
    }
    fn put_float(&mut self, r: u8, v: FReg) {
        self.m.fstore(v, M::BASE, home(r));
        self.put_tag(r, tag::FLOAT);
        self.known.forget_payload(r);
        self.hold_float(v, r);
    }
    /// Register `r` becomes the payload and tag in two temporaries.
    fn put_value(&mut self, r: u8, v: Reg, t: Reg) {
        self.m.store(Width::W64, v, M::BASE, home(r));
        self.m.store(Width::W8, t, M::BASE, home_tag(r));
        self.known.forget(r);
        self.hold(v, r);
    }
    /// Register `r` becomes a value without a payload.
    fn put_simple(&mut self, r: u8, tag: i32) {
        self.m.store_imm(Width::W64, 0, M::BASE, home(r));
        self.put_tag(r, tag);
        self.known.forget_payload(r);
    }
    /// The tag of register `r` in a temporary.
    fn load_tag(&mut self, r: u8) -> Reg {
        let t = self.temp();
        match self.known.tag(r) {
            Some(tag) => self.m.imm(t, i64::from(tag)),
            None => self.m.load(Width::W8, t, M::BASE, home_tag(r)),
        }
        t
    }
    /// An instruction may have called: what closures share is not known, and no machine register keeps
    /// its payload.
    fn called(&mut self) {
        self.known.clear_temps();
        for r in 0..self.job.proto.max_stack {
            if self.captured[r as usize] {
                self.known.forget(r);
            }
        }
    }
    /// Loads the payload of a constant that has an address.
    fn load_object(&mut self, d: Reg, k: u32) {
        if self.job.ahead {
            self.m.load(Width::W64, d, M::BASE, -layout::VALUE);
            self.m.load(Width::W64, d, d, layout::CLOSURE_PROTO);
            self.m.load(Width::W64, d, d, layout::PROTO_CONSTS);
            return self.m.load(Width::W64, d, d, layout::VALUE * k as i32);
        }
        let at = self.pool.iter().position(|&e| e == k);
        let entry = at.unwrap_or_else(|| {
            self.pool.push(k);
            self.pool.len() - 1
        });
        self.m.pool(d, entry as u32);
    }

    // The code around the templates.

    /// The beginning of the function for compiled code that calls it.
    fn prologue(&mut self) -> Label {
        let call = self.m.label();
        let proto = &self.job.proto;
        self.m.bind(call);
        self.note(Mark::Call);
        let slow = self.slow_entry;
        self.test_interrupts(slow);
        if proto.is_vararg {
            self.vararg_prologue();
            return call;
        }
        self.test_room(slow);
        if proto.num_params > 0 {
            let params = proto.num_params;
            let (label, back) = (self.m.label(), self.m.label());
            self.m
                .branch_imm(Cond::Below, Width::W32, M::NARGS, params.into(), label);
            self.m.bind(back);
            self.cold.push(Cold {
                label,
                pc: 0,
                kind: ColdKind::Fill { params, back },
            });
        }
        self.push_frame();
        call
    }
    /// The beginning for callers that know nothing of the function, which is only gone to, and behind it that for calls of
    /// this very function with arguments that fit.
    fn two_prologues(&mut self, inner: Label) -> Label {
        let (call, body) = (self.prologue(), self.labels[0]);
        for (r, tag) in self.guaranteed(0) {
            let exit = self.exit(0, Reason::Type, 0);
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag.into(), exit);
        }
        self.m.jump(body);
        let (slow, count) = (self.m.label(), self.job.proto.num_params);
        self.m.bind(slow);
        self.m.imm(M::NARGS, count.into());
        let slow_entry = self.slow_entry;
        self.m.jump(slow_entry);
        self.m.bind(inner);
        self.note(Mark::Inner);
        self.test_interrupts(slow);
        self.test_room(slow);
        self.push_frame();
        call
    }
    fn test_interrupts(&mut self, slow: Label) {
        self.m.enter();
        self.m
            .branch_stack_below(M::STATE, layout::STATE_STACK_LIMIT, slow);
        self.m.branch_load_imm(Cond::Ne, Width::W32, M::WORD, 0, 0, slow);
    }
    fn test_room(&mut self, slow: Label) {
        let end = home(self.job.proto.max_stack) + 2 * layout::FRAME;
        self.m.lea(M::RET, M::BASE, end);
        self.m.branch(Cond::Above, Width::W64, M::RET, M::FRAME, slow);
    }
    fn push_frame(&mut self) {
        self.m
            .alu_imm(Alu::Sub, Width::W64, M::FRAME, M::FRAME, layout::FRAME);
    }

    fn vararg_prologue(&mut self) {
        self.m.mov(M::ARGS[3], M::NARGS);
        pass_frame(&mut self.m);
        self.call_helper(Helper::Push);
        let leave = self.leave;
        self.m.branch_imm(Cond::Ne, Width::W32, M::RET, 0, leave);
        reload(&mut self.m);
    }

    /// Code for the interpreter to enter at the beginning and at the heads of loops. Calls have others behind them.
    fn entries_at_heads(&mut self) {
        let heads = (0..self.job.code.len() as u32).filter(|&pc| self.heads[pc as usize]);
        for pc in heads.collect::<Vec<_>>() {
            let label = self.entry(pc);
            self.entries.push((pc, label));
        }
    }
    fn entry(&mut self, pc: u32) -> Label {
        let label = self.m.label();
        self.m.bind(label);
        self.note(Mark::Entry(pc));
        self.m.enter();
        for (r, tag) in self.guaranteed(pc) {
            let exit = self.exit(pc, Reason::Type, 0);
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag.into(), exit);
        }
        let to = self.labels[pc as usize];
        self.m.jump(to);
        label
    }

    /// Code for a frame that goes on behind the instruction `pc`, which has called, at `back`, where `after` has to hold.
    fn resume_behind(&mut self, pc: u32, after: &Known, back: Label) {
        let calls = matches!(self.generic(pc).op(), Op::CALL | Op::TFORCALL);
        let other = self.live_op(pc) == Some(LiveOp::CALL_NATIVE) || self.heads[pc as usize + 1];
        if !calls || other {
            return;
        }
        let label = self.m.label();
        self.m.bind(label);
        self.note(Mark::Entry(pc + 1));
        self.m.enter();
        self.take_following(pc);
        let nothing = after.cleared();
        self.make_true(pc, &nothing, after);
        self.m.jump(back);
        self.entries.push((pc + 1, label));
    }
    /// Code that cold paths of the function share.
    fn ways_out(&mut self) {
        let l = self.slow_entry;
        self.m.bind(l);
        self.note(Mark::Shared("slow_entry"));
        self.go_to(Shared::EnterSlowly);
        let l = self.leave;
        self.m.bind(l);
        self.note(Mark::Shared("leave"));
        self.m.mov(M::TAG, M::RET);
        reload_frame(&mut self.m);
        self.m.ret();
    }

    fn emit_cold(&mut self) {
        // Cold code may ask for more of it.
        while let Some(cold) = self.cold.pop() {
            self.m.bind(cold.label);
            self.mark_cold(&cold);
            match cold.kind {
                ColdKind::Step {
                    before,
                    after,
                    back,
                    helper,
                    light,
                } => {
                    let done = self.m.label();
                    if let Some(light) = light {
                        self.try_light(cold.pc, light, done);
                    }
                    self.try_metamethod(cold.pc, done);
                    self.cold_step(cold.pc, helper);
                    self.m.bind(done);
                    self.make_true(cold.pc, &before, &after);
                    self.m.jump(back);
                    self.resume_behind(cold.pc, &after, back);
                }
                ColdKind::Poll { target, resume, live } => self.cold_poll(target, resume, live),
                ColdKind::Exit { reason, given_back } => {
                    if self.job.metered {
                        self.give_budget(given_back);
                    }
                    self.m.imm(M::ARGS[3], i64::from(cold.pc) | (reason as i64) << 32);
                    self.go_to(Shared::Exit);
                }
                ColdKind::Returned { a, c, stated, back } => {
                    self.cold_returned(cold.pc, (a, c), stated, back);
                }
                ColdKind::Called { callee, a, b, back } => self.cold_called(cold.pc, callee, (a, b), back),
                ColdKind::Fill { params, back } => self.cold_fill(params, back),
            }
        }
    }

    /// A helper that does not look at frames tries to execute the instruction `pc`; on success the code goes on at
    /// `done` or at the target of the instruction's jump.
    fn try_light(&mut self, pc: u32, helper: Helper, done: Label) {
        let i = self.job.code[pc as usize];
        self.m.mov(M::ARGS[0], M::STATE);
        self.m.mov(M::ARGS[1], M::BASE);
        self.m.imm(M::ARGS[2], i.0 as i64);
        self.m.imm(M::ARGS[3], pc.into());
        self.call_helper(helper);
        self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 1, done);
        if let Some(target) = jump_target(pc, self.generic(pc)) {
            let target = self.labels[target as usize];
            self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 2, target);
        }
    }
    /// The runtime executes the instruction `pc`, by the shared code `how`.
    fn cold_step(&mut self, pc: u32, how: Shared) {
        let op = self.job.code[pc as usize].op_byte();
        self.give_following(pc);
        self.m.imm(M::ARGS[3], i64::from(pc) | i64::from(op) << 32);
        let leave = self.leave;
        self.call_shared(how);
        if how == Shared::Switch {
            let here = self.m.label();
            self.m.branch_imm(Cond::Ne, Width::W32, M::RET, 2, here);
            self.m.tail_call(M::STATE, layout::STATE_STATUS);
            self.m.bind(here);
        }
        self.m.branch_imm(Cond::Above, Width::W32, M::RET, 1, leave);
        if let Some(target) = jump_target(pc, self.generic(pc)) {
            let target = self.labels[target as usize];
            self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 1, target);
        }
        self.take_following(pc);
    }
    /// The runtime has executed the instruction `pc`, before which `before` was so: makes sure that `after` is.
    fn make_true(&mut self, pc: u32, before: &Known, after: &Known) {
        let mut exit = None;
        for (r, tag) in after.tags() {
            if !self.is_kept(pc, before, r, tag) {
                let exit = *exit.get_or_insert_with(|| self.exit(pc + 1, Reason::Type, self.following(pc)));
                self.m
                    .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag.into(), exit);
            }
        }
        for (t, r) in after.held(M::TEMPS) {
            self.m.load(Width::W64, t, M::BASE, home(r));
        }
        for (t, r) in after.held_floats(M::FTEMPS) {
            self.m.fload(t, M::BASE, home(r));
        }
    }

    fn cold_poll(&mut self, target: Label, resume: u32, live: u32) {
        self.m.imm(M::ARGS[3], i64::from(resume) | i64::from(live) << 32);
        let leave = self.leave;
        self.call_shared(Shared::Poll);
        self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 0, target);
        self.m.jump(leave);
    }

    fn cold_fill(&mut self, params: u8, back: Label) {
        for k in 0..params {
            let given = self.m.label();
            self.m
                .branch_imm(Cond::Above, Width::W32, M::NARGS, k.into(), given);
            self.m.store_imm(Width::W64, 0, M::BASE, home(k));
            self.m.store_imm(Width::W8, tag::NIL, M::BASE, home_tag(k));
            self.m.bind(given);
        }
        self.m.jump(back);
    }
}
