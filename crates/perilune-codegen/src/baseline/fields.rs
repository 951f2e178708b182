//! Templates of table access: fields of records, elements of arrays.

use super::{Baseline, home, home_tag};
use crate::masm::{Alu, Cond, Label, Masm, Reg, Width};
use perilune_bytecode::ops::Instr;
use perilune_bytecode::quick::SHAPE_MASK;
use perilune_runtime::abi::{ABSENT, ANY_REP, NEVER, Path, STRING, StoreWay, kind, layout, tag};

/// What a store takes its value from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Register(u8),
    Constant(u8),
}

impl<M: Masm> Baseline<'_, M> {
    /// Goes to `l` unless the table has that shape.
    fn check_shape(&mut self, table: Reg, shape: u32, l: Label) {
        self.m
            .branch_load_imm(Cond::Ne, Width::W32, table, layout::TABLE_SHAPE, shape as i32, l);
    }
    /// v, t = payload and tag of a slot; v may be `table`.
    fn load_slot(&mut self, table: Reg, slot: u32, v: Reg, t: Reg) {
        self.m.load(Width::W64, v, table, layout::TABLE_FIELDS);
        self.m.load(Width::W8, t, v, -1 - slot as i32);
        self.m.load(Width::W64, v, v, 8 * slot as i32);
    }

    /// Reads a slot of the table `o`, of the shape that the instruction has learned.
    fn read_slot(&mut self, i: Instr, o: Reg) -> (Reg, Reg) {
        let slow = self.slow();
        self.check_shape(o, i.du(), slow);
        let (v, t) = (self.temp(), self.temp());
        self.load_slot(o, i.c().into(), v, t);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::NIL, slow);
        (v, t)
    }
    pub(super) fn get_slot(&mut self, i: Instr) {
        self.guard(i.b(), tag::TABLE);
        let o = self.payload(i.b());
        let (v, t) = self.read_slot(i, o);
        self.put_value(i.a(), v, t);
    }
    pub(super) fn get_global_slot(&mut self, i: Instr) {
        let o = self.environment(i.b());
        let (v, t) = self.read_slot(i, o);
        self.put_value(i.a(), v, t);
    }
    /// The table in upvalue `u`.
    pub(super) fn environment(&mut self, u: u8) -> Reg {
        let slow = self.slow();
        let (o, t) = self.upvalue_value(u);
        self.m.branch_imm(Cond::Ne, Width::W32, t, tag::TABLE, slow);
        o
    }
    pub(super) fn self_slot(&mut self, i: Instr) {
        self.guard(i.b(), tag::TABLE);
        let o = self.payload(i.b());
        let (v, t) = self.read_slot(i, o);
        self.put_method(i.a(), (o, tag::TABLE), v, t);
    }
    /// R[a+1] = the object, with its tag, R[a] = the method.
    pub(super) fn put_method(&mut self, a: u8, (o, kind): (Reg, i32), v: Reg, t: Reg) {
        self.put(a + 1, o, kind);
        self.put_value(a, v, t);
    }

    pub(super) fn get_one_of(&mut self, i: Instr) {
        self.guard(i.b(), tag::TABLE);
        let slow = self.slow();
        let o = self.payload(i.b());
        let (v, t, found) = (self.temp(), self.temp(), self.m.label());
        let site = self.job.places[i.du() as usize];
        for e in site.iter().filter(|e| e.shape != NEVER) {
            let next = self.m.label();
            self.check_shape(o, e.shape, next);
            self.load_slot(o, e.slot, v, t);
            self.m.branch_imm(Cond::Ne, Width::W32, t, tag::NIL, found);
            self.m.jump(slow);
            self.m.bind(next);
        }
        self.m.jump(slow);
        self.m.bind(found);
        self.put_value(i.a(), v, t);
    }

    /// Reads a field of the object in R[b] or of its class, by the paths of the site; answers object, payload and tag,
    /// and the tag of the object.
    fn read_class(&mut self, i: Instr) -> (Reg, Reg, Reg, i32) {
        let site = &self.job.paths[i.du() as usize];
        let of_strings = site[0].shape == STRING;
        let kind = if of_strings { tag::STRING } else { tag::TABLE };
        self.guard(i.b(), kind);
        let slow = self.slow();
        let o = self.payload(i.b());
        let (v, t, found) = (self.temp(), self.temp(), self.m.label());
        if of_strings {
            self.m.load(Width::W64, v, M::STATE, layout::STATE_STRING_META);
            self.follow_meta(v, &site[0], t, slow);
            return (o, v, t, kind);
        }
        for path in site.iter().filter(|e| e.shape != NEVER && e.shape != STRING) {
            let next = self.m.label();
            self.check_shape(o, path.shape, next);
            if path.own != ABSENT {
                self.load_slot(o, path.own.into(), v, t);
                self.m.branch_imm(Cond::Ne, Width::W32, t, tag::NIL, found);
            }
            self.m.load(Width::W64, v, o, layout::TABLE_METATABLE);
            self.follow_meta(v, path, t, next);
            self.m.jump(found);
            self.m.bind(next);
        }
        self.m.jump(slow);
        self.m.bind(found);
        (o, v, t, kind)
    }
    /// Follows a path from the metatable `v` of an object: v, t = the field; or goes to `fail`.
    fn follow_meta(&mut self, v: Reg, path: &Path, t: Reg, fail: Label) {
        let steps = &path.steps[..path.depth as usize];
        for (n, step) in steps.iter().enumerate() {
            if n > 0 {
                self.m.load(Width::W64, v, v, layout::TABLE_METATABLE);
            }
            self.m.branch_imm(Cond::Eq, Width::W64, v, 0, fail);
            self.check_shape(v, step.meta, fail);
            self.load_slot(v, step.index.into(), v, t);
            self.m.branch_imm(Cond::Ne, Width::W32, t, tag::TABLE, fail);
            self.check_shape(v, step.class, fail);
        }
        if path.slot == ABSENT {
            if !steps.is_empty() {
                self.m.load(Width::W64, v, v, layout::TABLE_METATABLE);
            }
            self.m.branch_imm(Cond::Ne, Width::W64, v, 0, fail);
            self.m.imm(v, 0);
            self.m.imm(t, tag::NIL.into());
            return;
        }
        self.load_slot(v, path.slot.into(), v, t);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::NIL, fail);
    }
    pub(super) fn get_class_field(&mut self, i: Instr) {
        let (_, v, t, _) = self.read_class(i);
        self.put_value(i.a(), v, t);
    }
    pub(super) fn self_class(&mut self, i: Instr) {
        let (o, v, t, kind) = self.read_class(i);
        self.put_method(i.a(), (o, kind), v, t);
    }

    /// The tag of what is to be stored, if it is known.
    pub(super) fn source_tag(&self, s: Source) -> Option<i32> {
        match s {
            Source::Register(r) => self.known.tag(r).map(i32::from),
            Source::Constant(k) => Some(self.job.consts[k as usize].1.into()),
        }
    }
    fn is_number(&self, s: Source) -> bool {
        matches!(self.source_tag(s), Some(tag::INT | tag::FLOAT))
    }
    /// The cold path for values of another tag than `t`.
    fn guard_source(&mut self, s: Source, t: i32) {
        match s {
            Source::Register(r) => self.guard(r, t),
            Source::Constant(_) if self.source_tag(s) == Some(t) => {}
            Source::Constant(_) => {
                let slow = self.slow();
                self.m.jump(slow);
            }
        }
    }
    /// The cold path if the value is nil.
    fn guard_not_nil(&mut self, s: Source) {
        match (s, self.source_tag(s)) {
            (_, Some(tag::NIL)) => {
                let slow = self.slow();
                self.m.jump(slow);
            }
            (Source::Register(r), None) => {
                let slow = self.slow();
                self.m
                    .branch_load_imm(Cond::Eq, Width::W8, M::BASE, home_tag(r), tag::NIL, slow);
            }
            _ => {}
        }
    }
    /// The cold path if a store into the object needs the barrier.
    pub(super) fn guard_barrier(&mut self, o: Reg, s: Source) {
        if !self.is_number(s) {
            let slow = self.slow();
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, o, layout::OBJECT_BARRIER, 0, slow);
        }
    }
    /// The payload of what is to be stored.
    pub(super) fn source(&mut self, s: Source) -> Reg {
        match s {
            Source::Register(r) => self.payload(r),
            Source::Constant(k) => self.constant(k.into()).0,
        }
    }
    /// Stores the value's payload at `[base + off]` and its tag at `[base + tag_off]`.
    fn store_source(&mut self, s: Source, v: Reg, base: Reg, off: i32, tag_off: i32) {
        self.m.store(Width::W64, v, base, off);
        match s {
            Source::Register(r) => self.store_tag_of(r, base, tag_off),
            Source::Constant(_) => {
                let t = self.source_tag(s).unwrap_or(tag::NIL);
                self.m.store_imm(Width::W8, t, base, tag_off);
            }
        }
    }

    /// Stores into slot `slot` of the table `o` of the shape and representation in `d`.
    fn write_slot(&mut self, o: Reg, slot: u8, d: u32, s: Source) {
        let slow = self.slow();
        let rep = (d >> 24) as u8;
        self.check_shape(o, d & SHAPE_MASK, slow);
        if rep != ANY_REP {
            self.guard_source(s, rep.into());
        }
        self.guard_barrier(o, s);
        let v = self.source(s);
        let f = self.temp();
        self.m.load(Width::W64, f, o, layout::TABLE_FIELDS);
        let at = -1 - i32::from(slot);
        self.m.branch_load_imm(Cond::Eq, Width::W8, f, at, tag::NIL, slow);
        self.store_source(s, v, f, 8 * i32::from(slot), at);
    }
    pub(super) fn set_slot(&mut self, i: Instr, s: Source) {
        self.guard(i.a(), tag::TABLE);
        let o = self.payload(i.a());
        self.write_slot(o, i.b(), i.du(), s);
    }
    pub(super) fn set_global_slot(&mut self, i: Instr) {
        let o = self.environment(i.b());
        self.write_slot(o, i.c(), i.du(), Source::Register(i.a()));
    }
    pub(super) fn set_by_site(&mut self, i: Instr, s: Source) {
        self.guard(i.a(), tag::TABLE);
        let slow = self.slow();
        let site = self.job.stores[i.du() as usize];
        self.guard_not_nil(s);
        let o = self.payload(i.a());
        self.guard_barrier(o, s);
        let v = self.source(s);
        let (f, done) = (self.temp(), self.m.label());
        for e in site.iter().filter(|e| e.old != NEVER) {
            let next = self.m.label();
            self.check_shape(o, e.old, next);
            self.write_way(o, e, s, v, f);
            self.m.jump(done);
            self.m.bind(next);
        }
        self.m.jump(slow);
        self.m.bind(done);
    }
    fn write_way(&mut self, o: Reg, e: &StoreWay, s: Source, v: Reg, f: Reg) {
        let slow = self.slow();
        if e.rep.0 != ANY_REP && self.source_tag(s) != Some(e.rep.0.into()) {
            match s {
                Source::Register(r) => {
                    self.m
                        .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), e.rep.0.into(), slow)
                }
                Source::Constant(_) => return self.m.jump(slow),
            }
        }
        let at = -1 - i32::from(e.slot);
        if e.old == e.new {
            self.m.load(Width::W64, f, o, layout::TABLE_FIELDS);
            self.m.branch_load_imm(Cond::Eq, Width::W8, f, at, tag::NIL, slow);
        } else {
            self.m
                .branch_load_imm(Cond::Ne, Width::W64, o, layout::TABLE_METATABLE, 0, slow);
            self.m.branch_load_imm(
                Cond::BelowEq,
                Width::W8,
                o,
                layout::TABLE_ROOM,
                e.slot.into(),
                slow,
            );
            self.m.store_imm(Width::W8, 0, o, layout::TABLE_FLAGS);
            self.m.store_imm(Width::W32, e.new as i32, o, layout::TABLE_SHAPE);
            self.m.load(Width::W64, f, o, layout::TABLE_FIELDS);
        }
        self.store_source(s, v, f, 8 * i32::from(e.slot), at);
    }

    /// The index into the array part of table `o` for the key in register `r`, which is in bounds.
    fn index(&mut self, o: Reg, r: u8) -> Reg {
        let slow = self.slow();
        let key = self.payload(r);
        let (k, n) = (self.temp(), self.temp());
        self.m.lea(k, key, -1);
        self.m.load(Width::W32, n, o, layout::TABLE_LENGTH);
        self.m.branch(Cond::AboveEq, Width::W64, k, n, slow);
        k
    }
    fn check_kind(&mut self, o: Reg, kind: i32, l: Label) {
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, o, layout::TABLE_KIND, kind, l);
    }
    pub(super) fn get_element(&mut self, i: Instr, kind: i32) {
        self.guard(i.b(), tag::TABLE);
        self.guard(i.c(), tag::INT);
        let slow = self.slow();
        let o = self.payload(i.b());
        self.check_kind(o, kind, slow);
        let k = self.index(o, i.c());
        let array = self.temp();
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        match kind {
            kind::INT => {
                self.m.load_index(Width::W64, array, array, k, 3, 0);
                self.put_int(i.a(), array);
            }
            kind::FLOAT => {
                let v = self.ftemp();
                self.m.fload_index(v, array, k);
                self.put_float(i.a(), v);
            }
            _ => {
                let t = self.generic_element(o, array, k);
                self.put_value(i.a(), array, t);
            }
        }
    }
    /// array = the payload of element `k`; answers its tag, and destroys `k`. Where it is nil, no metatable can
    /// have a say.
    fn generic_element(&mut self, o: Reg, array: Reg, k: Reg) -> Reg {
        let slow = self.slow();
        let (t, present) = (self.temp(), self.m.label());
        self.m.alu(Alu::Sub, Width::W64, t, array, k);
        self.m.load(Width::W8, t, t, -1);
        self.m.load_index(Width::W64, array, array, k, 3, 0);
        self.m.branch_imm(Cond::Ne, Width::W32, t, tag::NIL, present);
        self.m
            .branch_load_imm(Cond::Ne, Width::W64, o, layout::TABLE_METATABLE, 0, slow);
        self.m.bind(present);
        t
    }
    /// R[a] = o[k], an array of any kind.
    fn get_any_kind(&mut self, a: u8, o: Reg, k: Reg) {
        let (numbers, end) = (self.m.label(), self.m.label());
        let array = self.temp();
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.check_kind(o, kind::GENERIC, numbers);
        let t = self.generic_element(o, array, k);
        self.m.jump(end);
        self.m.bind(numbers);
        self.m.load_index(Width::W64, array, array, k, 3, 0);
        // The kinds of arrays of numbers are the tags.
        self.m.load(Width::W8, t, o, layout::TABLE_KIND);
        self.m.bind(end);
        self.put_value(a, array, t);
    }
    /// Payload and tag, in temporaries, of element `k`, which is in bounds, of table `o`, which is destroyed.
    pub(super) fn item(&mut self, o: Reg, k: Reg) -> (Reg, Reg) {
        let (numbers, end) = (self.m.label(), self.m.label());
        let (v, t) = (self.temp(), self.temp());
        self.m.load(Width::W64, v, o, layout::TABLE_ARRAY);
        self.check_kind(o, kind::GENERIC, numbers);
        self.m.alu(Alu::Sub, Width::W64, t, v, k);
        self.m.load(Width::W8, t, t, -1);
        self.m.jump(end);
        self.m.bind(numbers);
        self.m.load(Width::W8, t, o, layout::TABLE_KIND);
        self.m.bind(end);
        self.m.load_index(Width::W64, v, v, k, 3, 0);
        (v, t)
    }
    pub(super) fn get_any_element(&mut self, i: Instr) {
        self.expect(i.b(), tag::TABLE);
        self.expect(i.c(), tag::INT);
        let o = self.payload(i.b());
        let k = self.index(o, i.c());
        self.get_any_kind(i.a(), o, k);
    }
    /// The cold path unless register `r` has that tag. Nothing is stated: no feedback tells of it.
    pub(super) fn expect(&mut self, r: u8, tag: i32) {
        let slow = self.slow();
        if self.known.tag(r) != Some(tag as u8) {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag, slow);
        }
    }
    pub(super) fn get_numbered(&mut self, i: Instr) {
        self.expect(i.b(), tag::TABLE);
        let slow = self.slow();
        let at = i64::from(i.d()) - 1;
        let Ok(small) = i32::try_from(at) else {
            return self.m.jump(slow);
        };
        if small < 0 {
            return self.m.jump(slow);
        }
        let o = self.payload(i.b());
        self.m
            .branch_load_imm(Cond::BelowEq, Width::W32, o, layout::TABLE_LENGTH, small, slow);
        let k = self.temp();
        self.m.imm(k, at);
        self.get_any_kind(i.a(), o, k);
    }

    /// Stores into element `k` of table `o`, in an array of the kind that the value's tag asks for.
    pub(super) fn set_element(&mut self, i: Instr, kind: i32) {
        self.guard(i.a(), tag::TABLE);
        self.guard(i.b(), tag::INT);
        let slow = self.slow();
        let s = Source::Register(i.c());
        if kind == kind::GENERIC {
            self.guard_not_nil(s);
        } else {
            self.guard(i.c(), kind);
        }
        let o = self.payload(i.a());
        self.check_kind(o, kind, slow);
        if kind == kind::GENERIC {
            self.guard_barrier(o, s);
        }
        let v = self.payload(i.c());
        let key = self.payload(i.b());
        let (k, array) = (self.temp(), self.temp());
        let (append, end) = (self.m.label(), self.m.label());
        self.m.lea(k, key, -1);
        self.m.load(Width::W32, array, o, layout::TABLE_LENGTH);
        self.m.branch(Cond::AboveEq, Width::W64, k, array, append);
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.store_element(o, array, k, v, s, kind);
        self.m.jump(end);
        self.m.bind(append);
        self.append(o, k, array, key, slow);
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.m.store_index(Width::W64, v, array, k, 3, 0);
        if kind == kind::GENERIC {
            self.m.alu(Alu::Sub, Width::W64, array, array, k);
            self.store_tag_of(i.c(), array, -1);
        }
        self.m.bind(end);
    }
    /// The array part of `o` takes in the element right behind it, if it has room and nothing else has a say.
    fn append(&mut self, o: Reg, k: Reg, n: Reg, key: Reg, slow: Label) {
        self.m.branch(Cond::Ne, Width::W64, k, n, slow);
        self.m
            .branch_load(Cond::AboveEq, Width::W32, n, o, layout::TABLE_CAPACITY, slow);
        self.m
            .branch_load_imm(Cond::Ne, Width::W64, o, layout::TABLE_METATABLE, 0, slow);
        self.check_not_dictionary(o, slow);
        self.m.store(Width::W32, key, o, layout::TABLE_LENGTH);
    }
    fn check_not_dictionary(&mut self, o: Reg, l: Label) {
        let dictionary = perilune_runtime::abi::DICTIONARY as i32;
        self.m
            .branch_load_imm(Cond::Eq, Width::W32, o, layout::TABLE_SHAPE, dictionary, l);
    }
    fn store_element(&mut self, o: Reg, array: Reg, k: Reg, v: Reg, s: Source, kind: i32) {
        if kind == kind::GENERIC {
            let slow = self.slow();
            let (t, present) = (self.temp(), self.m.label());
            self.m.alu(Alu::Sub, Width::W64, t, array, k);
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, t, -1, tag::NIL, present);
            self.m
                .branch_load_imm(Cond::Ne, Width::W64, o, layout::TABLE_METATABLE, 0, slow);
            self.m.bind(present);
            self.m.store_index(Width::W64, v, array, k, 3, 0);
            self.m.alu(Alu::Sub, Width::W64, array, array, k);
            return self.store_source_tag(s, t, array, -1);
        }
        self.m.store_index(Width::W64, v, array, k, 3, 0);
    }

    /// R[o][R[r]] = the value, in an array of any kind.
    pub(super) fn set_any_element(&mut self, o: u8, r: u8, s: Source) {
        self.expect(o, tag::TABLE);
        self.expect(r, tag::INT);
        let table = self.payload(o);
        let key = self.payload(r);
        let k = self.temp();
        self.m.lea(k, key, -1);
        self.set_any_kind(table, k, s);
    }
    pub(super) fn set_numbered(&mut self, i: Instr, s: Source) {
        self.expect(i.a(), tag::TABLE);
        let o = self.payload(i.a());
        let k = self.temp();
        self.m.imm(k, i64::from(i.d()) - 1);
        self.set_any_kind(o, k, s);
    }
    /// Element `k` of table `o` = the value; `k` is destroyed.
    fn set_any_kind(&mut self, o: Reg, k: Reg, s: Source) {
        let slow = self.slow();
        let (numbers, append, end) = (self.m.label(), self.m.label(), self.m.label());
        self.guard_not_nil(s);
        self.guard_barrier(o, s);
        let v = self.source(s);
        let array = self.temp();
        self.check_kind(o, kind::GENERIC, numbers);
        self.m.load(Width::W32, array, o, layout::TABLE_LENGTH);
        self.m.branch(Cond::AboveEq, Width::W64, k, array, append);
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.store_element(o, array, k, v, s, kind::GENERIC);
        self.m.jump(end);
        self.m.bind(append);
        let t = self.temp();
        self.m.lea(t, k, 1);
        self.append(o, k, array, t, slow);
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.m.store_index(Width::W64, v, array, k, 3, 0);
        self.m.alu(Alu::Sub, Width::W64, array, array, k);
        self.store_source_tag(s, t, array, -1);
        self.m.jump(end);
        self.m.bind(numbers);
        self.source_has_kind(s, o, t, slow);
        self.m.load(Width::W32, array, o, layout::TABLE_LENGTH);
        self.m.branch(Cond::AboveEq, Width::W64, k, array, slow);
        self.m.load(Width::W64, array, o, layout::TABLE_ARRAY);
        self.m.store_index(Width::W64, v, array, k, 3, 0);
        self.m.bind(end);
    }
    /// Stores the value's tag; `t` is free.
    fn store_source_tag(&mut self, s: Source, t: Reg, base: Reg, off: i32) {
        match (s, self.source_tag(s)) {
            (Source::Register(r), None) => {
                self.m.load(Width::W8, t, M::BASE, home_tag(r));
                self.m.store(Width::W8, t, base, off);
            }
            (_, tag) => self.m.store_imm(Width::W8, tag.unwrap_or(tag::NIL), base, off),
        }
    }
    /// Goes to `l` unless the array's kind, which is one of numbers, is the value's tag; `t` is free.
    fn source_has_kind(&mut self, s: Source, o: Reg, t: Reg, l: Label) {
        match (s, self.source_tag(s)) {
            (Source::Register(r), None) => self.m.load(Width::W8, t, M::BASE, home_tag(r)),
            (_, tag) => self.m.imm(t, tag.unwrap_or(tag::NIL).into()),
        }
        self.m
            .branch_load(Cond::Ne, Width::W8, t, o, layout::TABLE_KIND, l);
    }

    /// R[a] = the length of R[b]: a string, or an array of numbers without a metatable.
    pub(super) fn length(&mut self, i: Instr) {
        let slow = self.slow();
        let (o, n) = (self.temp(), self.temp());
        let (table, end) = (self.m.label(), self.m.label());
        self.m.load(Width::W64, o, M::BASE, home(i.b()));
        if self.known.tag(i.b()) != Some(tag::TABLE as u8) {
            self.m
                .branch_load_imm(Cond::Eq, Width::W8, M::BASE, home_tag(i.b()), tag::TABLE, table);
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.b()), tag::STRING, slow);
            self.m.load(Width::W32, n, o, layout::STRING_LENGTH);
            self.m.jump(end);
        }
        self.m.bind(table);
        self.m
            .branch_load_imm(Cond::Ne, Width::W64, o, layout::TABLE_METATABLE, 0, slow);
        self.check_not_dictionary(o, slow);
        self.m
            .branch_load_imm(Cond::Eq, Width::W8, o, layout::TABLE_KIND, kind::GENERIC, slow);
        self.m.load(Width::W32, n, o, layout::TABLE_LENGTH);
        self.m.bind(end);
        self.m.store(Width::W64, n, M::BASE, home(i.a()));
        self.m.store_imm(Width::W8, tag::INT, M::BASE, home_tag(i.a()));
        self.known.forget(i.a());
    }

    /// v, t = payload and tag of the value of node `at` of the dictionary `o`, if its key is the constant `k`.
    fn read_node(&mut self, o: Reg, at: u8, k: u32) -> (Reg, Reg) {
        let slow = self.slow();
        let (v, t) = (self.temp(), self.temp());
        let node = layout::DICT_NODES + i32::from(at) * layout::NODE;
        self.m.branch_load_imm(
            Cond::Ne,
            Width::W32,
            o,
            layout::TABLE_SHAPE,
            perilune_runtime::abi::DICTIONARY as i32,
            slow,
        );
        self.m.load(Width::W64, t, o, layout::TABLE_FIELDS);
        self.m
            .branch_load_imm(Cond::BelowEq, Width::W32, t, layout::DICT_USED, at.into(), slow);
        self.load_object(v, k);
        self.m
            .branch_load(Cond::Ne, Width::W64, v, t, node + layout::NODE_KEY, slow);
        self.m.branch_load_imm(
            Cond::Ne,
            Width::W8,
            t,
            node + layout::NODE_KEY_TAG,
            tag::STRING,
            slow,
        );
        self.m.load(Width::W64, v, t, node + layout::NODE_VALUE);
        self.m.load(Width::W8, t, t, node + layout::NODE_VALUE_TAG);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::NIL, slow);
        (v, t)
    }
    pub(super) fn get_node(&mut self, i: Instr) {
        self.expect(i.b(), tag::TABLE);
        let o = self.payload(i.b());
        let (v, t) = self.read_node(o, i.c(), i.du());
        self.put_value(i.a(), v, t);
    }
    pub(super) fn get_global_node(&mut self, i: Instr) {
        let o = self.environment(i.b());
        let (v, t) = self.read_node(o, i.c(), i.du());
        self.put_value(i.a(), v, t);
    }
}
