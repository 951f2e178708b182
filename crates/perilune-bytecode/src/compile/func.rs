//! The function being compiled: its code, constants, registers, jump lists and variables.

use super::{CResult, Compiler};
use crate::lines::Lines;
use crate::ops::{Instr, Op};
use crate::proto::{Const, LocalVar, Proto};
use crate::text::TextId;
use perilune_syntax::ast::{ExprId, Function, LocalId, Symbol, Vararg};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

/// The end of a jump list: a distance that would make a jump its own target.
pub(super) const NO_JUMP: i32 = -1;
/// The destination of a `TESTSET` that has none yet.
pub(super) const NO_REG: u8 = u8::MAX;
/// Most registers of a function.
const MAX_REGISTERS: u32 = 255;
/// Most active local variables of a function.
const MAX_LOCALS: usize = 200;
/// Jumps to jumps that are followed at the end before giving up (there may be a cycle).
const MAX_JUMP_CHAIN: u32 = 100;

/// What makes a constant that is no string equal to another.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum ConstKey {
    Nil,
    False,
    True,
    Int(i64),
    Float(u64),
}

/// Where a string is in the constant table of a function.
#[derive(Clone, Copy, Default)]
struct StrIndex {
    /// Which function, by [`FuncState::serial`]; 0 for none.
    serial: u32,
    index: u32,
}

/// How many constants the table that finds them keeps room for from one function to the next.
const KEPT_CONSTS: usize = 256;

/// A fast hash for small keys that no adversary gains by colliding: the table lives for one
/// compilation.
#[derive(Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = self.0.rotate_left(5) ^ u64::from_le_bytes(word);
            self.0 = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}

/// A variable in scope; the n-th sits in register n.
pub(super) struct Active {
    /// Its entry in the debug information.
    pub(super) debug: usize,
    /// Leaving its scope needs a `CLOSE`: it is captured or to be closed.
    pub(super) open: bool,
}

/// A scope.
pub(super) struct BlockState {
    /// Active variables on entry.
    pub(super) level: usize,
    /// A variable declared directly in it needs closing.
    pub(super) upval: bool,
    /// `break` leaves it.
    pub(super) is_loop: bool,
    /// Jumps of its `break`s.
    pub(super) breaks: i32,
}

/// What is known of a label.
#[derive(Clone, Copy)]
pub(super) struct LabelState {
    /// Where it stands, once it is reached.
    pub(super) pc: Option<usize>,
    /// Jumps that wait for it.
    pub(super) pending: i32,
    /// Index of the block it stands in.
    pub(super) block: usize,
    /// Active variables at the label, once it is reached.
    pub(super) level: usize,
    /// Nothing but labels follows it in its block, so that the block's variables are already out
    /// of scope.
    pub(super) last: bool,
}

/// How many values a `RETURN` gives back.
pub(super) enum Returned {
    /// Just so many.
    Count(u8),
    /// All up to the frame's top.
    Open,
}

/// The function being compiled. Its lists keep their room from one function to the next.
#[derive(Default)]
pub(super) struct FuncState {
    pub(super) code: Vec<Instr>,
    pub(super) lines: Vec<u32>,
    pub(super) consts: Vec<Const>,
    const_index: HashMap<ConstKey, u32, BuildHasherDefault<KeyHasher>>,
    /// For each symbol where it is in `consts`, if it is.
    str_index: Vec<StrIndex>,
    /// How many functions there have been, this one included.
    serial: u32,
    pub(super) protos: Vec<Arc<Proto>>,
    pub(super) locals: Vec<LocalVar>,
    /// Register of each local that is or was active.
    pub(super) regs: Vec<u8>,
    pub(super) active: Vec<Active>,
    /// How many of `active` are open.
    pub(super) open: usize,
    pub(super) blocks: Vec<BlockState>,
    pub(super) labels: Vec<LabelState>,
    /// Expressions whose left operand is being compiled.
    pub(super) spine: Vec<ExprId>,
    /// First free register.
    pub(super) free: u8,
    max_stack: u8,
    /// The last position that is a jump target: instructions before it must not be merged with
    /// later ones.
    last_target: usize,
    /// The vararg parameter, where it has no table.
    pub(super) virtual_vararg: Option<LocalId>,
}

impl FuncState {
    /// Begins another function.
    pub(super) fn begin(&mut self, func: &Function) {
        let label = LabelState {
            pc: None,
            pending: NO_JUMP,
            block: 0,
            level: 0,
            last: false,
        };
        self.code.clear();
        self.lines.clear();
        self.consts.clear();
        self.const_index.clear();
        self.const_index.shrink_to(KEPT_CONSTS);
        self.serial += 1;
        self.protos.clear();
        self.locals.clear();
        self.regs.clear();
        self.regs.resize(func.locals.len(), 0);
        self.active.clear();
        self.open = 0;
        self.blocks.clear();
        self.labels.clear();
        self.labels.resize(func.labels.len(), label);
        self.spine.clear();
        self.free = 0;
        self.max_stack = 2.max(func.params as u8 + 1);
        self.last_target = 0;
        self.virtual_vararg = None;
    }

    /// Position of the next instruction.
    pub(super) fn pc(&self) -> usize {
        self.code.len()
    }

    /// Registers taken by active variables.
    pub(super) fn var_level(&self) -> u8 {
        self.active.len() as u8
    }

    /// The last instruction, unless a jump may land behind it.
    pub(super) fn previous(&self) -> Option<Instr> {
        if self.pc() > self.last_target {
            self.code.last().copied()
        } else {
            None
        }
    }

    /// Replaces operand a.
    pub(super) fn set_a(&mut self, pc: usize, a: u8) {
        let i = self.code[pc];
        self.code[pc] = Instr::new(i.op(), a, i.b(), i.c(), i.d());
    }

    /// Replaces operand c.
    pub(super) fn set_c(&mut self, pc: usize, c: u8) {
        let i = self.code[pc];
        self.code[pc] = Instr::new(i.op(), i.a(), i.b(), c, i.d());
    }

    /// Takes back the last instruction.
    pub(super) fn remove_last(&mut self) {
        self.code.pop();
        self.lines.pop();
    }

    /// Changes the line of the last instruction.
    pub(super) fn fix_line(&mut self, line: u32) {
        if let Some(last) = self.lines.last_mut() {
            *last = line;
        }
    }

    /// The index of a constant, added when it is new.
    pub(super) fn constant(&mut self, key: ConstKey, value: impl FnOnce() -> Const) -> u32 {
        let next = self.consts.len() as u32;
        let index = *self.const_index.entry(key).or_insert(next);
        if index == next {
            self.consts.push(value());
        }
        index
    }

    /// The index of a string constant, added when it is new.
    fn str_constant(&mut self, s: Symbol, text: TextId) -> u32 {
        if self.str_index.len() <= s.index() {
            self.str_index.resize(s.index() + 1, StrIndex::default());
        }
        let found = &mut self.str_index[s.index()];
        if found.serial != self.serial {
            *found = StrIndex {
                serial: self.serial,
                index: self.consts.len() as u32,
            };
            self.consts.push(Const::Str(text));
        }
        found.index
    }

    /// Marks the next position as a jump target and returns it.
    pub(super) fn label_here(&mut self) -> usize {
        self.last_target = self.pc();
        self.last_target
    }

    /// The next jump of the list that `pc` belongs to.
    pub(super) fn next_jump(&self, pc: i32) -> i32 {
        match self.code[pc as usize].d() {
            NO_JUMP => NO_JUMP,
            d => pc + 1 + d,
        }
    }

    /// Makes the jump at `pc` go to `dest`.
    pub(super) fn fix_jump(&mut self, pc: usize, dest: usize) {
        self.code[pc] = self.code[pc].with_d(dest as i32 - (pc as i32 + 1));
    }

    /// Appends the jump list `tail` to `list`.
    pub(super) fn join(&mut self, list: &mut i32, tail: i32) {
        if tail == NO_JUMP {
            return;
        }
        if *list == NO_JUMP {
            *list = tail;
            return;
        }
        let mut last = *list;
        loop {
            match self.next_jump(last) {
                NO_JUMP => break,
                next => last = next,
            }
        }
        self.fix_jump(last as usize, tail as usize);
    }

    /// Adds a jump that belongs to no list yet.
    pub(super) fn push_jump(&mut self, list: &mut i32, jump: i32) {
        if jump == NO_JUMP {
            return;
        }
        debug_assert_eq!(self.next_jump(jump), NO_JUMP);
        if *list != NO_JUMP {
            self.fix_jump(jump as usize, *list as usize);
        }
        *list = jump;
    }

    /// Gives the `TESTSET` at `pc` its destination, or turns it into a `TEST` where no value is
    /// needed. False for any other instruction.
    fn patch_test(&mut self, pc: i32, reg: u8) -> bool {
        let i = self.code[pc as usize];
        if i.op() != Op::TESTSET {
            return false;
        }
        self.code[pc as usize] = if reg != NO_REG && reg != i.b() {
            Instr::new(Op::TESTSET, reg, i.b(), i.c(), i.d())
        } else {
            Instr::new(Op::TEST, i.b(), 0, i.c(), i.d())
        };
        true
    }

    /// Makes every test of the list produce no value.
    pub(super) fn remove_values(&mut self, mut list: i32) {
        while list != NO_JUMP {
            self.patch_test(list, NO_REG);
            list = self.next_jump(list);
        }
    }

    /// Whether some jump of the list does not bring its value along.
    pub(super) fn needs_value(&self, mut list: i32) -> bool {
        while list != NO_JUMP {
            if self.code[list as usize].op() != Op::TESTSET {
                return true;
            }
            list = self.next_jump(list);
        }
        false
    }

    /// Sends the list's jumps to their targets: those that leave a value in `reg` to `with_value`,
    /// the others to `without`.
    pub(super) fn patch(&mut self, mut list: i32, with_value: usize, reg: u8, without: usize) {
        while list != NO_JUMP {
            let next = self.next_jump(list);
            let target = if self.patch_test(list, reg) {
                with_value
            } else {
                without
            };
            self.fix_jump(list as usize, target);
            list = next;
        }
    }

    /// Sends all jumps of the list to `target`.
    pub(super) fn patch_to(&mut self, list: i32, target: usize) {
        self.patch(list, target, NO_REG, target);
    }

    /// Sends all jumps of the list to the next position.
    pub(super) fn patch_here(&mut self, list: i32) {
        let here = self.label_here();
        self.patch_to(list, here);
    }

    /// Frees a register that is not a variable's.
    pub(super) fn release(&mut self, reg: u8) {
        if reg >= self.var_level() {
            self.free -= 1;
            debug_assert_eq!(reg, self.free, "registers are freed in stack order");
        }
    }

    /// Frees two registers in the right order.
    pub(super) fn release_both(&mut self, a: u8, b: u8) {
        self.release(a.max(b));
        self.release(a.min(b));
    }

    /// Shortens jumps to jumps.
    fn thread_jumps(&mut self) {
        for pc in 0..self.code.len() {
            let i = self.code[pc];
            if !is_plain_jump(i.op()) {
                continue;
            }
            let target = self.final_target(pc);
            self.fix_jump(pc, target);
        }
    }

    fn final_target(&self, pc: usize) -> usize {
        let target = |pc: usize| (pc as i32 + 1 + self.code[pc].d()) as usize;
        let mut at = target(pc);
        for _ in 0..MAX_JUMP_CHAIN {
            if self.code[at].op() != Op::JMP {
                break;
            }
            at = target(at);
        }
        at
    }

    /// The finished function, but for its texts, its source name and its upvalues.
    pub(super) fn finish(&mut self, func: &Function) -> Proto {
        self.thread_jumps();
        Proto {
            line_defined: func.line,
            last_line_defined: func.end_line,
            num_params: func.params as u8,
            is_vararg: func.vararg != Vararg::None,
            max_stack: self.max_stack,
            code: self.code.clone(),
            consts: self.consts.drain(..).collect(),
            protos: self.protos.drain(..).collect(),
            lines: Lines::new(func.line, &self.lines),
            locals: self.locals.drain(..).collect(),
            ..Proto::default()
        }
    }
}

/// Whether the jump's target may be moved to the end of a chain of jumps: loop instructions keep
/// theirs.
fn is_plain_jump(op: Op) -> bool {
    const JUMPS: [Op; 12] = [
        Op::JMP,
        Op::EQ,
        Op::LT,
        Op::LE,
        Op::EQK,
        Op::EQI,
        Op::LTI,
        Op::LEI,
        Op::GTI,
        Op::GEI,
        Op::TEST,
        Op::TESTSET,
    ];
    JUMPS.contains(&op)
}

/// Emitting instructions and taking registers.
impl Compiler<'_, '_> {
    /// Appends an instruction at the line of the last token consumed.
    pub(super) fn emit(&mut self, op: Op, a: u8, b: u8, c: u8, d: i32) -> usize {
        let line = self.map.line(self.pos.saturating_sub(1));
        self.fs.code.push(Instr::new(op, a, b, c, d));
        self.fs.lines.push(line);
        self.fs.code.len() - 1
    }

    /// Emits a jump whose target is not known yet.
    pub(super) fn jump(&mut self) -> i32 {
        self.emit(Op::JMP, 0, 0, 0, NO_JUMP) as i32
    }

    /// Emits a jump to a known position.
    pub(super) fn jump_to(&mut self, target: usize) {
        let pc = self.jump();
        self.fs.fix_jump(pc as usize, target);
    }

    /// Emits a return of values that start in `first`.
    pub(super) fn ret(&mut self, first: u8, count: Returned) {
        let open = self.fs.open > 0;
        match count {
            Returned::Count(0) if !open => self.emit(Op::RETURN0, 0, 0, 0, 0),
            Returned::Count(1) if !open => self.emit(Op::RETURN1, first, 0, 0, 0),
            Returned::Count(n) => self.emit(Op::RETURN, first, n + 1, u8::from(open), 0),
            Returned::Open => self.emit(Op::RETURN, first, 0, u8::from(open), 0),
        };
    }

    /// Sets `n` registers from `from` on to nil, as part of a previous `LOADNIL` where that is
    /// possible.
    pub(super) fn load_nil(&mut self, from: u8, n: u8) {
        let last = from + n - 1;
        if let Some(p) = self.fs.previous().filter(|p| p.op() == Op::LOADNIL) {
            let (p_from, p_last) = (p.a(), p.a() + p.b());
            if (p_from <= from && from <= p_last + 1) || (from <= p_from && p_from <= last + 1) {
                let from = from.min(p_from);
                let last = last.max(p_last);
                let at = self.fs.pc() - 1;
                self.fs.code[at] = Instr::new(Op::LOADNIL, from, last - from, 0, 0);
                return;
            }
        }
        self.emit(Op::LOADNIL, from, n - 1, 0, 0);
    }

    /// Loads an integer.
    pub(super) fn load_int(&mut self, reg: u8, value: i64) {
        match i32::try_from(value) {
            Ok(d) => self.emit(Op::LOADI, reg, 0, 0, d),
            Err(_) => {
                let k = self.fs.constant(ConstKey::Int(value), || Const::Int(value));
                self.emit(Op::LOADK, reg, 0, 0, k as i32)
            }
        };
    }

    /// Loads a float.
    pub(super) fn load_float(&mut self, reg: u8, value: f64) {
        let small = value as i32;
        if f64::from(small).to_bits() == value.to_bits() {
            self.emit(Op::LOADF, reg, 0, 0, small);
        } else {
            let k = self.float_constant(value);
            self.emit(Op::LOADK, reg, 0, 0, k as i32);
        }
    }

    /// The constant's index.
    pub(super) fn float_constant(&mut self, value: f64) -> u32 {
        self.fs
            .constant(ConstKey::Float(value.to_bits()), || Const::Float(value))
    }

    /// The constant's index.
    pub(super) fn str_constant(&mut self, s: Symbol) -> u32 {
        let text = self.string(s);
        self.fs.str_constant(s, text)
    }

    /// Makes sure that `n` registers from the first free one on exist.
    pub(super) fn check_stack(&mut self, n: u32) -> CResult {
        let wanted = u32::from(self.fs.free) + n;
        self.check_limit(wanted, MAX_REGISTERS, "registers")?;
        self.fs.max_stack = self.fs.max_stack.max(wanted as u8);
        Ok(())
    }

    /// Takes `n` registers.
    pub(super) fn reserve(&mut self, n: u32) -> CResult {
        self.check_stack(n)?;
        self.fs.free += n as u8;
        Ok(())
    }

    /// Brings a variable into scope, in the next register after the active ones.
    pub(super) fn activate(&mut self, name: TextId, local: Option<LocalId>, open: bool) -> CResult {
        let reg = self.fs.active.len();
        self.check_limit(reg as u32 + 1, MAX_LOCALS as u32, "local variables")?;
        let pc = self.fs.pc() as u32;
        self.fs.active.push(Active {
            debug: self.fs.locals.len(),
            open: false,
        });
        self.fs.locals.push(LocalVar {
            name,
            start_pc: pc,
            end_pc: pc,
            reg: reg as u8,
        });
        if let Some(id) = local {
            self.fs.regs[id.index()] = reg as u8;
        }
        if open {
            self.mark_open(reg);
        }
        Ok(())
    }

    /// Notes that a variable of the innermost block must be closed when its scope ends.
    pub(super) fn mark_open(&mut self, var: usize) {
        let var = &mut self.fs.active[var];
        self.fs.open += usize::from(!var.open);
        var.open = true;
        if let Some(block) = self.fs.blocks.last_mut() {
            block.upval = true;
        }
    }

    /// Brings a declared local into scope.
    pub(super) fn activate_local(&mut self, id: LocalId) -> CResult {
        let local = &self.unit.function.locals[id.index()];
        let name = self.string(local.name);
        self.activate(name, Some(id), local.captured)
    }

    /// Ends the scope of all variables above `level`.
    pub(super) fn deactivate(&mut self, level: usize) {
        let pc = self.fs.pc() as u32;
        for var in self.fs.active.drain(level..) {
            self.fs.locals[var.debug].end_pc = pc;
            self.fs.open -= usize::from(var.open);
        }
    }
}
