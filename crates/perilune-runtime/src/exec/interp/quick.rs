//! The quick opcodes of fields, array elements, loops and calls: one test for what was learned, then
//! the work. What does not pass the test is done as the generic instruction does it, and learned from.

use super::learn::{self, follow};
use super::numeric::int;
use super::slow::*;
use super::{Flow, Machine, UNKNOWN};
use crate::exec::registers;
use crate::heap::Event;
use crate::object::feedback::{ABSENT, Path, Place, STRING, StoreWay, WAYS};
use crate::object::shape::Rep;
use crate::object::{ArrayKind, Native, NativeFn, ProtoObj, Table};
use crate::state::State;
use crate::value::{Tag, Value};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::{LiveOp, SHAPE_MASK};

/// What each does is said in the table of quick opcodes.
impl Machine {
    /// The running function.
    #[inline(always)]
    unsafe fn proto(&self) -> *mut ProtoObj {
        // SAFETY: a live closure.
        unsafe { (*self.closure().ptr()).proto.ptr() }
    }
    /// The name in a generic instruction's operand d.
    #[inline(always)]
    unsafe fn generic_key(&self) -> Value {
        // SAFETY: rule 4; the generic code is as long as the live code.
        unsafe {
            let p = &*self.proto();
            let i = p.data.meta.code[self.pc.offset_from(p.code) as usize - 1];
            self.k(i.du() as usize)
        }
    }
    #[inline(always)]
    unsafe fn env(&self, i: Instr) -> Value {
        // SAFETY: rule 4.
        unsafe {
            let u = *self.closure().upvals().add(i.b() as usize);
            *(*u.ptr()).at
        }
    }
    /// The slot `c` of a record of shape `d`; None when it is another.
    #[inline(always)]
    unsafe fn slot_of(obj: Value, i: Instr) -> Option<Value> {
        if obj.tag != Tag::TABLE {
            return None;
        }
        // SAFETY: a live table; its shape says that it has the slot.
        unsafe {
            let t: &Table = &*obj.gc::<Table>().ptr();
            if t.shape() != i.du() {
                return None;
            }
            let v = t.slot(i.c() as u32);
            (v.tag != Tag::NIL || t.metatable.is_none()).then_some(v)
        }
    }
    #[inline(always)]
    unsafe fn node_of(&self, obj: Value, i: Instr) -> Option<Value> {
        if obj.tag != Tag::TABLE {
            return None;
        }
        // SAFETY: a live table; rule 4.
        unsafe {
            let t: &Table = &*obj.gc::<Table>().ptr();
            let d = t.dict()?;
            let at = i.c() as u32;
            if at >= d.nused {
                return None;
            }
            let n = d.node(at);
            let v = n.value();
            (n.has_str(self.k(i.du() as usize).gc()) && v.tag != Tag::NIL).then_some(v)
        }
    }
    /// Reads a field in the general way.
    #[inline(always)]
    pub(super) unsafe fn read_any(&mut self, obj: Value, key: Value, a: u8) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            read_field(&mut *self.st, obj, key, a)
        }
    }

    #[inline(always)]
    pub(super) unsafe fn getfield<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, key) = (self.r(i.b()), self.k(i.du() as usize));
            learn::learn_read(&mut *self.st, self.pc, obj, key, &learn::GETFIELD);
            self.read_any(obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn gettabup<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, key) = (self.env(i), self.k(i.du() as usize));
            learn::learn_read(&mut *self.st, self.pc, obj, key, &learn::GETTABUP);
            self.read_any(obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn self_<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, key) = (self.r(i.b()), self.k(i.du() as usize));
            self.set(i.a() + 1, obj);
            learn::learn_read(&mut *self.st, self.pc, obj, key, &learn::SELF);
            self.read_any(obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfield<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key, v) = (self.r(i.a()), self.k(i.du() as usize), self.r(i.c()));
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELD))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfieldk<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key, v) = (self.r(i.a()), self.k(i.du() as usize), self.k(i.c() as usize));
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELDK))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn settabup<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key) = (self.env(i), self.k(i.du() as usize));
            store_global(&mut *self.st, self.pc, obj, key, self.r(i.a()))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getindex<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.index_miss(i) }
    }
    #[inline(always)]
    pub(super) unsafe fn setindex<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key, v) = (self.r(i.a()), self.r(i.b()), self.r(i.c()));
            set_index_any(&mut *self.st, self.pc, obj, key, v)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getfield_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            if let Some(v) = Machine::slot_of(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            self.save();
            miss_slot(&mut *self.st, self.pc, obj, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getfield_node<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            if let Some(v) = self.node_of(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            let key = self.k(i.du() as usize);
            self.save();
            learn::learn_read(&mut *self.st, self.pc, obj, key, &learn::GETFIELD);
            read_field(&mut *self.st, obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getfield_poly<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the instruction's site exists.
        unsafe {
            let obj = self.r(i.b());
            let site = (*self.proto()).feedback.places.as_ptr().add(i.du() as usize);
            if let Some(v) = place_by_site(obj, site) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            self.save();
            miss_poly(&mut *self.st, self.pc, obj, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getfield_class<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            if let Some(v) = self.class_field(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            self.save();
            miss_path(&mut *self.st, self.pc, obj, i.a(), LiveOp::GETFIELD_ANY)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getfield_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.read_any(self.r(i.b()), self.k(i.du() as usize), i.a()) }
    }
    #[inline(always)]
    pub(super) unsafe fn gettabup_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.env(i);
            if let Some(v) = Machine::slot_of(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            let key = self.generic_key();
            self.save();
            relearn_global(&mut *self.st, self.pc, obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn gettabup_node<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.env(i);
            if let Some(v) = self.node_of(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            self.save();
            relearn_global(&mut *self.st, self.pc, obj, self.k(i.du() as usize), i.a())
        }
    }

    /// The field, found in the object or by one of the paths of the instruction's site.
    #[inline(always)]
    unsafe fn class_field(&self, obj: Value, i: Instr) -> Option<Value> {
        // SAFETY: rule 4; the instruction's site exists.
        unsafe {
            let site = (*self.proto()).feedback.paths.as_ptr().add(i.du() as usize);
            field_by_site(&*self.st, obj, site)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn self_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            let found = Machine::slot_of(obj, i);
            self.set(i.a() + 1, obj);
            if let Some(v) = found {
                self.set(i.a(), v);
                return Flow::Next;
            }
            let key = self.generic_key();
            self.save();
            learn::give_up(&*self.st, self.pc, LiveOp::SELF_ANY);
            read_field(&mut *self.st, obj, key, i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn self_class<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            self.set(i.a() + 1, obj);
            if let Some(v) = self.class_field(obj, i) {
                self.set(i.a(), v);
                return Flow::Next;
            }
            self.save();
            miss_path(&mut *self.st, self.pc, obj, i.a(), LiveOp::SELF_ANY)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn self_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let obj = self.r(i.b());
            self.set(i.a() + 1, obj);
            self.read_any(obj, self.k(i.du() as usize), i.a())
        }
    }

    /// Stores into slot `slot` of a record of the shape in `d`; false when it is another, a metamethod
    /// may be wanted, or the representation does not admit the value.
    #[inline(always)]
    unsafe fn store_slot(&mut self, obj: Value, slot: u8, v: Value, d: u32) -> bool {
        if obj.tag != Tag::TABLE {
            return false;
        }
        // SAFETY: a live table; its shape says that it has the slot.
        unsafe {
            let t = &mut *obj.gc::<Table>().ptr();
            let rep = Rep((d >> 24) as u8);
            if t.shape() != d & SHAPE_MASK || !rep.admits(v.tag) {
                return false;
            }
            if t.slot(slot as u32).tag == Tag::NIL {
                if t.metatable.is_some() {
                    return false;
                }
                // The field may be a metamethod that was known to be absent.
                t.header.flags = 0;
            }
            (*self.st).heap.barrier((t as *mut Table).cast());
            t.set_slot(slot as u32, v);
            true
        }
    }
    /// Stores by one of the ways of the instruction's site.
    #[inline(always)]
    unsafe fn store_site(&mut self, obj: Value, v: Value, i: Instr) -> bool {
        // SAFETY: rule 4; the instruction's site exists.
        unsafe {
            let site = (*self.proto()).feedback.stores.as_ptr().add(i.du() as usize);
            store_by_site(&mut *self.st, obj, v, site)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfield_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v) = (self.r(i.a()), self.r(i.c()));
            if self.store_slot(obj, i.b(), v, i.du()) {
                return Flow::Next;
            }
            self.save();
            let key = self.generic_key();
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELD))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfield_site<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v) = (self.r(i.a()), self.r(i.c()));
            if self.store_site(obj, v, i) {
                return Flow::Next;
            }
            self.save();
            let key = self.generic_key();
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELD))
        }
    }
    /// Stores into node `at` of a dictionary; false if its key is another or it has no value.
    #[inline(always)]
    unsafe fn store_node(&mut self, obj: Value, at: u8, key: Value, v: Value) -> bool {
        if obj.tag != Tag::TABLE {
            return false;
        }
        // SAFETY: a live table.
        unsafe {
            let Some(d) = (*obj.gc::<Table>().ptr())
                .dict()
                .filter(|d| (at as u32) < d.nused)
            else {
                return false;
            };
            let n = d.node(at as u32);
            if !n.has_str(key.gc()) || n.value().tag == Tag::NIL {
                return false;
            }
            (*self.st).heap.barrier(obj.header());
            n.set_value(v);
            true
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfield_node<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v, key) = (self.r(i.a()), self.r(i.c()), self.k(i.du() as usize));
            if self.store_node(obj, i.b(), key, v) {
                return Flow::Next;
            }
            self.save();
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELD))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfield_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key, v) = (self.r(i.a()), self.k(i.du() as usize), self.r(i.c()));
            store_field(&mut *self.st, self.pc, obj, key, v, None)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfieldk_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v) = (self.r(i.a()), self.k(i.c() as usize));
            if self.store_slot(obj, i.b(), v, i.du()) {
                return Flow::Next;
            }
            self.save();
            let key = self.generic_key();
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELDK))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfieldk_site<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v) = (self.r(i.a()), self.k(i.c() as usize));
            if self.store_site(obj, v, i) {
                return Flow::Next;
            }
            self.save();
            let key = self.generic_key();
            store_field(&mut *self.st, self.pc, obj, key, v, Some(&learn::SETFIELDK))
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setfieldk_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let (obj, key, v) = (self.r(i.a()), self.k(i.du() as usize), self.k(i.c() as usize));
            store_field(&mut *self.st, self.pc, obj, key, v, None)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn settabup_slot<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v) = (self.env(i), self.r(i.a()));
            if self.store_slot(obj, i.c(), v, i.du()) {
                return Flow::Next;
            }
            self.save();
            let key = self.generic_key();
            store_global(&mut *self.st, self.pc, obj, key, v)
        }
    }

    #[inline(always)]
    pub(super) unsafe fn settabup_node<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (obj, v, key) = (self.env(i), self.r(i.a()), self.k(i.du() as usize));
            if self.store_node(obj, i.c(), key, v) {
                return Flow::Next;
            }
            self.save();
            store_global(&mut *self.st, self.pc, obj, key, v)
        }
    }

    /// The index into an array part of kind `kind`; None if the table or key is another.
    #[inline(always)]
    unsafe fn element(obj: Value, key: Value, kind: ArrayKind) -> Option<(*mut Table, u32)> {
        if obj.tag != Tag::TABLE || key.tag != Tag::INT {
            return None;
        }
        let t = obj.gc::<Table>().ptr();
        let at = key.bits.wrapping_sub(1);
        // SAFETY: a live table.
        unsafe { ((*t).kind == kind && at < (*t).asize as u64).then_some((t, at as u32)) }
    }
    #[inline(always)]
    unsafe fn index_miss(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            index_any(&mut *self.st, self.pc, self.r(i.b()), self.r(i.c()), i.a())
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getindex_int<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the element exists.
        unsafe {
            if let Some((t, at)) = Machine::element(self.r(i.b()), self.r(i.c()), ArrayKind::Int) {
                self.set(i.a(), Value::int((*t).raw_get(at) as i64));
                return Flow::Next;
            }
            self.index_miss(i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getindex_float<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the element exists.
        unsafe {
            if let Some((t, at)) = Machine::element(self.r(i.b()), self.r(i.c()), ArrayKind::Float) {
                self.set(i.a(), Value::float(f64::from_bits((*t).raw_get(at))));
                return Flow::Next;
            }
            self.index_miss(i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getindex_generic<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the element exists.
        unsafe {
            if let Some((t, at)) = Machine::element(self.r(i.b()), self.r(i.c()), ArrayKind::Generic) {
                let v = (*t).generic_get(at);
                if v.tag != Tag::NIL || (*t).metatable.is_none() {
                    self.set(i.a(), v);
                    return Flow::Next;
                }
            }
            self.index_miss(i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn getindex_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.get_any(self.r(i.b()), self.r(i.c()), i.a()) }
    }
    /// Stores into an array part that has numbers of one kind, or appends to it.
    #[inline(always)]
    unsafe fn set_number(&mut self, i: Instr, kind: ArrayKind) -> Flow {
        // SAFETY: rule 4; the element exists, or there is room for it.
        unsafe {
            let (obj, key, v) = (self.r(i.a()), self.r(i.b()), self.r(i.c()));
            if obj.tag == Tag::TABLE && key.tag == Tag::INT && v.tag.0 == kind as u8 {
                let t = &mut *obj.gc::<Table>().ptr();
                let at = key.bits.wrapping_sub(1);
                if t.kind == kind {
                    if at < t.asize as u64 {
                        t.raw_set(at as u32, v.bits);
                        return Flow::Next;
                    }
                    if at == t.asize as u64 && t.asize < t.acap && t.plain() {
                        t.raw_set(at as u32, v.bits);
                        t.asize += 1;
                        return Flow::Next;
                    }
                }
            }
            self.save();
            set_index_any(&mut *self.st, self.pc, obj, key, v)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setindex_int<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_number(i, ArrayKind::Int) }
    }
    #[inline(always)]
    pub(super) unsafe fn setindex_float<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_number(i, ArrayKind::Float) }
    }
    #[inline(always)]
    pub(super) unsafe fn setindex_generic<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4; the element exists, or there is room for it.
        unsafe {
            let (obj, key, v) = (self.r(i.a()), self.r(i.b()), self.r(i.c()));
            if obj.tag == Tag::TABLE && key.tag == Tag::INT {
                let t = &mut *obj.gc::<Table>().ptr();
                let at = key.bits.wrapping_sub(1);
                if t.kind == ArrayKind::Generic {
                    if at < t.asize as u64 {
                        if t.metatable.is_none() || t.generic_get(at as u32).tag != Tag::NIL {
                            (*self.st).heap.barrier(obj.header());
                            t.generic_set(at as u32, v);
                            return Flow::Next;
                        }
                    } else if at == t.asize as u64 && t.asize < t.acap && v.tag != Tag::NIL && t.plain() {
                        (*self.st).heap.barrier(obj.header());
                        t.generic_set(at as u32, v);
                        t.asize += 1;
                        return Flow::Next;
                    }
                }
            }
            self.save();
            set_index_any(&mut *self.st, self.pc, obj, key, v)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn setindex_any<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { self.set_any(self.r(i.a()), self.r(i.b()), self.r(i.c())) }
    }

    #[inline(always)]
    unsafe fn loop_int(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if !registers::step_int(self.base.add(i.a() as usize)) {
                return Flow::Next;
            }
            self.pc = self.pc.offset(i.d() as isize);
            match self.warm(true) {
                Flow::Next => self.check(i.a() as usize + 3),
                other => other,
            }
        }
    }
    #[inline(always)]
    unsafe fn loop_float(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if registers::step_float(self.base.add(i.a() as usize)) {
                self.pc = self.pc.offset(i.d() as isize);
                return match self.warm(true) {
                    Flow::Next => self.check(i.a() as usize + 3),
                    other => other,
                };
            }
        }
        Flow::Next
    }
    #[inline(always)]
    pub(super) unsafe fn forloop<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let is_int = self.r(i.a() + 1).tag == Tag::INT;
            let op = if is_int {
                LiveOp::FORLOOP_INT
            } else {
                LiveOp::FORLOOP_FLOAT
            };
            learn::rewrite(self.pc, |i| i.with_op(op));
            if is_int {
                self.loop_int(i)
            } else {
                self.loop_float(i)
            }
        }
    }
    #[inline(always)]
    pub(super) unsafe fn forloop_int<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a() + 1).tag == Tag::INT {
                return self.loop_int(i);
            }
            learn::change(self.pc, LiveOp::FORLOOP_FLOAT)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn forloop_float<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            if self.r(i.a() + 1).tag != Tag::INT {
                return self.loop_float(i);
            }
            learn::change(self.pc, LiveOp::FORLOOP_INT)
        }
    }

    /// Results `k`, `v` of an iterator for a TFORCALL that wants `i.c()` of them.
    #[inline(always)]
    unsafe fn iterated(&mut self, i: Instr, k: Value, v: Value) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.set(i.a() + 3, k);
            if i.c() >= 2 {
                self.set(i.a() + 4, v);
            }
            for n in 2..i.c() {
                self.set(i.a() + 3 + n, Value::NIL);
            }
        }
        Flow::Next
    }
    /// Whether the iterator of this TFORCALL is the native function `f`.
    #[inline(always)]
    unsafe fn iterates_with(&self, i: Instr, f: NativeFn) -> bool {
        // SAFETY: rule 4.
        unsafe {
            let it = self.r(i.a());
            it.tag == Tag::NATIVE && std::ptr::fn_addr_eq(it.gc::<Native>().function(), f)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tforcall<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let op = if self.iterates_with(i, crate::stdlib::base::next) {
                LiveOp::TFORCALL_NEXT
            } else if self.iterates_with(i, crate::stdlib::base::ipairs_next) {
                LiveOp::TFORCALL_IPAIRS
            } else {
                LiveOp::TFORCALL_ANY
            };
            learn::change(self.pc, op)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tforcall_next<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let t = self.r(i.a() + 1);
            if !T && t.tag == Tag::TABLE && self.iterates_with(i, crate::stdlib::base::next) {
                let heap = &(*self.st).heap;
                let t = t.gc::<Table>();
                let control = self.r(i.a() + 3);
                if let Some(at) = t.place_after(heap, control, i.du()) {
                    let Some((place, k, v)) = t.entry_from(heap, at) else {
                        return self.iterated(i, Value::NIL, Value::NIL);
                    };
                    learn::rewrite(self.pc, |i| i.with_d(place as i32));
                    return self.iterated(i, k, v);
                }
            }
            self.tforcall_any::<T>(i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn tforcall_ipairs<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let (t, control) = (self.r(i.a() + 1), self.r(i.a() + 3));
            if !T
                && t.tag == Tag::TABLE
                && control.tag == Tag::INT
                && self.iterates_with(i, crate::stdlib::base::ipairs_next)
            {
                let t: &Table = &*t.gc::<Table>().ptr();
                // The place of the next element is the number of the last one.
                if control.bits < t.asize as u64 {
                    let v = t.array_get(control.bits as u32);
                    if v.tag != Tag::NIL {
                        return self.iterated(i, Value::int(int(control) + 1), v);
                    }
                }
            }
            self.tforcall_any::<T>(i)
        }
    }

    #[inline(always)]
    pub(super) unsafe fn call<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe { learn::learn_call(self.pc, self.r(i.a())) }
    }
    #[inline(always)]
    pub(super) unsafe fn call_known<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if (*func).tag == Tag::CLOSURE {
                let proto = Machine::proto_at(func);
                if proto.header.aux == i.du() {
                    return self.call_plain::<T, true>(i, func, proto);
                }
            }
            learn::change(self.pc, LiveOp::CALL_LUA)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn call_lua<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if (*func).tag == Tag::CLOSURE {
                let proto = Machine::proto_at(func);
                return self.call_plain::<T, false>(i, func, proto);
            }
            learn::change(self.pc, LiveOp::CALL_ANY)
        }
    }
    /// CALL of the Lua function at `func`, which most likely has no varargs, and `KNOWN` if it certainly
    /// has none.
    #[inline(always)]
    pub(super) unsafe fn call_plain<const T: bool, const KNOWN: bool>(
        &mut self,
        i: Instr,
        func: *mut Value,
        proto: &ProtoObj,
    ) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            self.save();
            let nargs = match i.b() {
                0 => ((*self.th()).top as usize - func as usize) / size_of::<Value>() - 1,
                n => n as usize - 1,
            };
            self.enter::<T, KNOWN>(func, proto, nargs, i.c() as i32 - 1)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn call_switch<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if (*func).tag == Tag::NATIVE && i.b() != 0 && i.c() != 0 {
                self.save();
                (*self.th()).top = func.add(i.b() as usize);
                if switch_by_call(&mut *self.st, func, i.c() as i32 - 1) {
                    return Flow::Reload;
                }
            }
            self.call_any::<T>(i)
        }
    }
    #[inline(always)]
    pub(super) unsafe fn call_native<const T: bool>(&mut self, i: Instr) -> Flow {
        // SAFETY: rule 4.
        unsafe {
            let func = self.base.add(i.a() as usize);
            if T {
                return self.call_any::<T>(i);
            }
            if (*func).tag != Tag::NATIVE {
                return learn::change(self.pc, LiveOp::CALL_ANY);
            }
            self.save();
            let th = self.th();
            if i.b() != 0 {
                (*th).top = func.add(i.b() as usize);
            }
            let (frame, nresults) = ((*th).frame, i.c() as i32 - 1);
            let live = match nresults {
                ..0 => UNKNOWN,
                n => i.a() as usize + n as usize,
            };
            match native_call(&mut *self.st, func, nresults) {
                Flow::Next => self.check(live),
                Flow::Reload => {
                    let same = (*self.th()).frame == frame;
                    self.go_on(if same { live } else { UNKNOWN })
                }
                other => other,
            }
        }
    }
}

/// The field of a record that has one of the shapes of a site; None also if it is nil and a metatable is to be asked.
///
/// # Safety
/// The site is one of a function of this state.
#[inline(always)]
pub(in crate::exec) unsafe fn place_by_site(obj: Value, site: *const [Place; WAYS]) -> Option<Value> {
    if obj.tag != Tag::TABLE {
        return None;
    }
    // SAFETY: a live table, and this function's promise.
    unsafe {
        let t: &Table = &*obj.gc::<Table>().ptr();
        let place = (*site).iter().find(|e| e.shape == t.shape())?;
        let v = t.slot(place.slot);
        (v.tag != Tag::NIL || t.metatable.is_none()).then_some(v)
    }
}

/// The field of an object, its own one or found by one of the paths of a site.
///
/// # Safety
/// The site is one of a function of this state.
#[inline(always)]
pub(in crate::exec) unsafe fn field_by_site(
    st: &State,
    obj: Value,
    site: *const [Path; WAYS],
) -> Option<Value> {
    // SAFETY: this function's promise.
    unsafe {
        if obj.tag == Tag::TABLE {
            let t: &Table = &*obj.gc::<Table>().ptr();
            for path in (*site).iter().filter(|e| e.shape == t.shape()) {
                if path.own != ABSENT {
                    let own = t.slot(path.own as u32);
                    if own.tag != Tag::NIL {
                        return Some(own);
                    }
                }
                if let Some(v) = follow(t.metatable, path) {
                    return Some(v);
                }
            }
            return None;
        }
        if obj.tag == Tag::STR && (*site)[0].shape == STRING {
            return follow(st.heap.metatable(obj), &(*site)[0]);
        }
        None
    }
}

/// Stores by one of the ways of a site; false if none of them is for this object and value.
///
/// # Safety
/// As [`field_by_site`].
#[inline(always)]
pub(in crate::exec) unsafe fn store_by_site(
    st: &mut State,
    obj: Value,
    v: Value,
    site: *const [StoreWay; WAYS],
) -> bool {
    if obj.tag != Tag::TABLE {
        return false;
    }
    // SAFETY: a live table, and this function's promise.
    unsafe {
        let gc = obj.gc::<Table>();
        let t = &mut *gc.ptr();
        let Some(e) = (*site).iter().find(|e| e.old == t.shape()) else {
            return false;
        };
        let slot = e.slot as u32;
        if !e.rep.admits(v.tag) {
            return false;
        }
        let raw = || match t.metatable {
            None => true,
            Some(mt) => (*mt.ptr()).header.flags & 1 << Event::NewIndex as u8 != 0,
        };
        if e.old == e.new {
            if t.slot(slot).tag == Tag::NIL {
                if !raw() {
                    return false;
                }
                t.header.flags = 0;
            }
        } else {
            let may = raw() && v.tag != Tag::NIL;
            if !may || slot >= t.room as u32 && gc.grow_slots(&mut st.heap).is_err() {
                return false;
            }
            let t = &mut *gc.ptr();
            t.header.flags = 0;
            t.header.aux = e.new;
        }
        st.heap.barrier(gc.ptr().cast());
        (*gc.ptr()).set_slot(slot, v);
        true
    }
}
