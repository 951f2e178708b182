//! Templates of moves, constants and upvalues.

use super::{Baseline, home, home_tag};
use crate::masm::{Alu, Cond, Masm, Reg, Width};
use perilune_bytecode::ops::Instr;
use perilune_runtime::abi::{layout, tag};

impl<M: Masm> Baseline<'_, M> {
    pub(super) fn copy(&mut self, to: u8, from: u8) {
        if self.known.float(from).is_some() && self.known.tag(from) == Some(tag::FLOAT as u8) {
            let v = self.fpayload(from);
            return self.put_float(to, v);
        }
        let v = self.payload(from);
        match self.known.tag(from) {
            Some(t) => self.put(to, v, t.into()),
            None => {
                let t = self.load_tag(from);
                self.put_value(to, v, t);
            }
        }
    }

    pub(super) fn load_int(&mut self, r: u8, n: i64) {
        let t = self.temp();
        self.m.imm(t, n);
        self.put_int(r, t);
    }
    pub(super) fn load_float(&mut self, r: u8, x: f64) {
        let t = self.ftemp();
        self.m.fimm(t, x);
        self.put_float(r, t);
    }
    /// The constant's payload in a temporary, and its tag.
    pub(super) fn constant(&mut self, k: u32) -> (Reg, i32) {
        let (bits, t) = self.job.consts[k as usize];
        let v = self.temp();
        if i32::from(t) >= tag::STRING {
            self.load_object(v, k);
        } else {
            self.m.imm(v, bits as i64);
        }
        (v, t.into())
    }
    pub(super) fn load_constant(&mut self, r: u8, k: u32) {
        let (bits, t) = self.job.consts[k as usize];
        if i32::from(t) == tag::FLOAT {
            return self.load_float(r, f64::from_bits(bits));
        }
        let (v, t) = self.constant(k);
        self.put(r, v, t);
    }

    /// The running closure.
    pub(super) fn closure(&mut self) -> Reg {
        let t = self.temp();
        self.m.load(Width::W64, t, M::BASE, -layout::VALUE);
        t
    }
    /// Upvalue `u` of the running closure.
    fn upvalue(&mut self, u: u8) -> Reg {
        let t = self.closure();
        self.m
            .load(Width::W64, t, t, layout::CLOSURE_UPVALS + 8 * i32::from(u));
        t
    }
    /// Payload and tag of upvalue `u` in temporaries.
    pub(super) fn upvalue_value(&mut self, u: u8) -> (Reg, Reg) {
        let at = self.upvalue(u);
        self.m.load(Width::W64, at, at, layout::UPVAL_AT);
        let t = self.temp();
        self.m.load(Width::W8, t, at, layout::VALUE_TAG);
        self.m.load(Width::W64, at, at, 0);
        (at, t)
    }
    pub(super) fn get_upvalue(&mut self, i: Instr) {
        let (v, t) = self.upvalue_value(i.b());
        self.put_value(i.a(), v, t);
    }
    pub(super) fn set_upvalue(&mut self, i: Instr) {
        let slow = self.slow();
        let u = self.upvalue(i.b());
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, u, layout::OBJECT_BARRIER, 0, slow);
        self.m.load(Width::W64, u, u, layout::UPVAL_AT);
        let v = self.payload(i.a());
        self.m.store(Width::W64, v, u, 0);
        self.store_tag_of(i.a(), u, layout::VALUE_TAG);
    }
    /// Stores the tag of register `r` at `[base + off]`.
    pub(super) fn store_tag_of(&mut self, r: u8, base: Reg, off: i32) {
        match self.known.tag(r) {
            Some(t) => self.m.store_imm(Width::W8, t.into(), base, off),
            None => {
                let t = self.load_tag(r);
                self.m.store(Width::W8, t, base, off);
            }
        }
    }

    pub(super) fn negate(&mut self, i: Instr) {
        let t = self.load_tag(i.b());
        let (truthy, end) = (self.m.label(), self.m.label());
        self.m.alu_imm(Alu::Sub, Width::W32, t, t, tag::NIL);
        self.m.branch_imm(Cond::Above, Width::W32, t, 1, truthy);
        self.m.store_imm(Width::W8, tag::TRUE, M::BASE, home_tag(i.a()));
        self.m.jump(end);
        self.m.bind(truthy);
        self.m.store_imm(Width::W8, tag::FALSE, M::BASE, home_tag(i.a()));
        self.m.bind(end);
        self.m.store_imm(Width::W64, 0, M::BASE, home(i.a()));
        self.known.forget(i.a());
    }
}
