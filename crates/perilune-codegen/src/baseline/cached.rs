//! Access to fields of records by code that was made ahead: the inline cache is the function's own instruction.
//!
//! The runtime rewrites the instruction when it executes it first, and when it meets another shape; the code reads what
//! it has become. What does not fit into one instruction is left to a helper.

use super::Baseline;
use super::emit::Emit;
use super::fields::Source;
use crate::masm::{Alu, Cond, Masm, Reg, Shift, Width};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::{LiveOp, SHAPE_MASK};
use perilune_runtime::abi::{ANY_REP, Helper, layout, tag};

/// Where operands b and c begin in an instruction.
const B: u8 = 16;
const C: u8 = 24;
/// Where its shape begins, and the representation above that.
const SHAPE: u8 = 32;
const REP: u8 = 56;

impl<M: Masm> Baseline<'_, M> {
    /// What the instruction has become; the cold path unless that is `op`. The temporary `t` is destroyed.
    fn cache(&mut self, op: LiveOp, t: Reg) -> Reg {
        let slow = self.slow();
        let w = self.closure();
        self.m.load(Width::W64, w, w, layout::CLOSURE_PROTO);
        self.m.load(Width::W64, w, w, layout::PROTO_CODE);
        self.m.load(Width::W64, w, w, 8 * self.pc as i32);
        self.m.alu_imm(Alu::And, Width::W32, t, w, 0xff);
        self.m.branch_imm(Cond::Ne, Width::W32, t, op as i32, slow);
        w
    }
    /// Reads the slot of the table `o` that the cache names, if it knows the table's shape.
    fn read_cached(&mut self, o: Reg, op: LiveOp) -> (Reg, Reg) {
        let (v, t) = (self.temp(), self.temp());
        let w = self.cache(op, t);
        let slow = self.slow();
        self.m.shift_imm(Shift::Right, Width::W64, v, w, SHAPE);
        self.m
            .branch_load(Cond::Ne, Width::W32, v, o, layout::TABLE_SHAPE, slow);
        self.field_number(w, C);
        self.m.load(Width::W64, v, o, layout::TABLE_FIELDS);
        self.m.alu(Alu::Sub, Width::W64, t, v, w);
        self.m.load(Width::W8, t, t, -1);
        self.m.load_index(Width::W64, v, v, w, 3, 0);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::NIL, slow);
        (v, t)
    }
    /// w = the byte of the instruction at that bit.
    fn field_number(&mut self, w: Reg, bit: u8) {
        self.m.shift_imm(Shift::Right, Width::W32, w, w, bit);
        self.m.alu_imm(Alu::And, Width::W32, w, w, 0xff);
    }

    pub(super) fn get_cached(&mut self, i: Instr) {
        if !self.job.ahead {
            return self.step(i);
        }
        self.light = Some(Helper::GetCached);
        self.expect(i.b(), tag::TABLE);
        let o = self.payload(i.b());
        let (v, t) = self.read_cached(o, LiveOp::GETFIELD_SLOT);
        self.put_value(i.a(), v, t);
    }
    pub(super) fn get_cached_global(&mut self, i: Instr) {
        if !self.job.ahead {
            return self.step(i);
        }
        let o = self.environment(i.b());
        let (v, t) = self.read_cached(o, LiveOp::GETTABUP_SLOT);
        self.put_value(i.a(), v, t);
    }
    pub(super) fn self_cached(&mut self, i: Instr) {
        if !self.job.ahead {
            return self.step(i);
        }
        self.light = Some(Helper::GetCachedMethod);
        self.expect(i.b(), tag::TABLE);
        let o = self.payload(i.b());
        let (v, t) = self.read_cached(o, LiveOp::SELF_SLOT);
        self.put_method(i.a(), (o, tag::TABLE), v, t);
    }
    pub(super) fn set_cached(&mut self, i: Instr, s: Source) {
        if !self.job.ahead {
            return self.step(i);
        }
        self.light = Some(Helper::SetCached);
        self.expect(i.a(), tag::TABLE);
        let o = self.payload(i.a());
        let op = match s {
            Source::Register(_) => LiveOp::SETFIELD_SLOT,
            Source::Constant(_) => LiveOp::SETFIELDK_SLOT,
        };
        self.write_cached(o, op, B, s);
    }
    pub(super) fn set_cached_global(&mut self, i: Instr) {
        if !self.job.ahead {
            return self.step(i);
        }
        self.light = Some(Helper::SetCached);
        let o = self.environment(i.b());
        self.write_cached(o, LiveOp::SETTABUP_SLOT, C, Source::Register(i.a()));
    }
    /// Writes the slot of the table `o` that the cache names, if it knows the table's shape and the slot admits the
    /// value.
    fn write_cached(&mut self, o: Reg, op: LiveOp, slot: u8, s: Source) {
        self.guard_barrier(o, s);
        let (f, t) = (self.temp(), self.temp());
        let w = self.cache(op, t);
        let (slow, admitted) = (self.slow(), self.m.label());
        self.m.shift_imm(Shift::Right, Width::W64, f, w, SHAPE);
        self.m.alu_imm(Alu::And, Width::W32, f, f, SHAPE_MASK as i32);
        self.m
            .branch_load(Cond::Ne, Width::W32, f, o, layout::TABLE_SHAPE, slow);
        let v = self.source(s);
        match (s, self.source_tag(s)) {
            (Source::Register(r), None) => self.m.load(Width::W8, t, M::BASE, super::home_tag(r)),
            (_, known) => self.m.imm(t, known.unwrap_or(tag::NIL).into()),
        }
        self.m.shift_imm(Shift::Right, Width::W64, f, w, REP);
        self.m
            .branch_imm(Cond::Eq, Width::W32, f, ANY_REP.into(), admitted);
        self.m.branch(Cond::Ne, Width::W32, f, t, slow);
        self.m.bind(admitted);
        self.field_number(w, slot);
        self.m.load(Width::W64, f, o, layout::TABLE_FIELDS);
        let at = self.temp();
        self.m.alu(Alu::Sub, Width::W64, at, f, w);
        self.m
            .branch_load_imm(Cond::Eq, Width::W8, at, -1, tag::NIL, slow);
        self.m.store_index(Width::W64, v, f, w, 3, 0);
        self.m.store(Width::W8, t, at, -1);
    }
}
