//! Templates of calls, returns and loops.

use super::emit::Emit;
use super::shared::{pass_frame, reload};
use super::{Baseline, Call, Cold, ColdKind, home, home_tag};
use crate::masm::{Alu, Cond, FCond, Falu, Label, Masm, Reg, Shift, Width};
use perilune_bytecode::ops::{Instr, Op};
use perilune_bytecode::quick::LiveOp;
use perilune_runtime::abi::{CallMark, Helper, Reason, Shared, layout, status, tag};

impl<M: Masm> Baseline<'_, M> {
    /// CALL of a Lua function; other values go to the cold path.
    pub(super) fn call_lua(&mut self, _: Instr) {
        let generic = self.generic(self.pc);
        let (a, b, c) = (generic.a(), generic.b(), generic.c());
        let slow = self.slow();
        self.reserve(M::NARGS);
        if self.known.tag(a) != Some(tag::CLOSURE as u8) {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(a), tag::CLOSURE, slow);
        }
        let f = self.payload(a);
        match self.foreseen(a, b) {
            Some((number, call)) => self.call_foreseen(f, (a, b, c), number, &call),
            None => self.call_closure(f, a, b, c),
        }
    }
    /// What the call of R[a] with `b - 1` arguments certainly calls, and its number in the image, if they fit.
    fn foreseen(&self, a: u8, b: u8) -> Option<(u32, Call)> {
        let call = self.certain.calls.get(&self.pc)?;
        let given = usize::from(b.checked_sub(1)?);
        let fits = |(k, wanted): (usize, &Option<u8>)| {
            wanted.is_none_or(|tag| self.known.tag(a + 1 + k as u8) == Some(tag))
        };
        let all = call.params.iter().enumerate();
        let fit = given >= call.params.len() && { all }.all(fits);
        (fit && self.certain.first > 0).then(|| (self.certain.first + call.function, call.clone()))
    }
    /// Calls the closure `f`, which stands in R[a], by the code of the function that it certainly is, if it is.
    fn call_foreseen(&mut self, f: Reg, (a, b, c): (u8, u8, u8), number: u32, call: &Call) {
        let callee = self.temp();
        self.m.load(Width::W64, callee, f, layout::CLOSURE_PROTO);
        self.mark(a, c);
        let (other, back) = (self.m.label(), self.m.label());
        self.m.branch_load_imm(
            Cond::Ne,
            Width::W32,
            callee,
            layout::PROTO_NUMBER,
            number as i32,
            other,
        );
        let window = home(a) + layout::VALUE;
        self.m.alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, window);
        self.m.call_far(call.function);
        self.m.bind(back);
        self.cold.push(Cold {
            label: other,
            pc: self.pc,
            kind: ColdKind::Called { callee, a, b, back },
        });
        self.m.alu_imm(Alu::Sub, Width::W64, M::BASE, M::BASE, window);
        self.called();
        self.known.forget_from(a.into());
        self.take_result(a, c);
    }
    /// Calls the closure of the function `callee` in R[a], which is not the foreseen one.
    pub(super) fn cold_called(&mut self, pc: u32, callee: Reg, (a, b): (u8, u8), back: Label) {
        self.m.imm(M::NARGS, i64::from(b) - 1);
        let window = home(a) + layout::VALUE;
        self.m.alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, window);
        let call = self.m.label();
        self.m.bind(call);
        self.calls.push((pc, callee, call));
        self.m.call(callee, layout::PROTO_ENTRY);
        self.m.jump(back);
    }
    /// Calls the closure `f`, which stands in R[a], with `b - 1` arguments (0: up to the top) for `c - 1` results.
    fn call_closure(&mut self, f: Reg, a: u8, b: u8, c: u8) {
        let callee = self.temp();
        self.m.load(Width::W64, callee, f, layout::CLOSURE_PROTO);
        self.mark(a, c);
        self.pass_count(a, b);
        let window = home(a) + layout::VALUE;
        self.m.alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, window);
        let call = self.m.label();
        self.m.bind(call);
        if matches!(self.generic(self.pc).op(), Op::CALL | Op::TFORCALL) {
            self.calls.push((self.pc, callee, call));
        }
        self.m.call(callee, layout::PROTO_ENTRY);
        self.m.alu_imm(Alu::Sub, Width::W64, M::BASE, M::BASE, window);
        self.called();
        self.known.forget_from(a.into());
        self.take_result(a, c);
    }
    /// Leaves the mark of the CALL in the frame's record.
    fn mark(&mut self, a: u8, c: u8) {
        let word = CallMark {
            c,
            ..CallMark::new(self.pc + 1, a)
        }
        .word();
        match i32::try_from(word) {
            Ok(small) => self.m.store_imm(Width::W64, small, M::FRAME, layout::FRAME_PC),
            Err(_) => {
                let t = self.temp();
                self.m.imm(t, word as i64);
                self.m.store(Width::W64, t, M::FRAME, layout::FRAME_PC);
            }
        }
    }
    /// How many arguments the call in window `a` has.
    fn pass_count(&mut self, a: u8, b: u8) {
        if b > 0 {
            return self.m.imm(M::NARGS, i64::from(b) - 1);
        }
        self.m.load(Width::W64, M::NARGS, M::STATE, layout::STATE_THREAD);
        self.m.load(Width::W64, M::NARGS, M::NARGS, layout::THREAD_TOP);
        self.m.alu(Alu::Sub, Width::W64, M::NARGS, M::NARGS, M::BASE);
        self.m
            .alu_imm(Alu::Sub, Width::W64, M::NARGS, M::NARGS, home(a) + layout::VALUE);
        self.m.shift_imm(Shift::Right, Width::W64, M::NARGS, M::NARGS, 4);
    }
    /// What the callee has answered becomes `c - 1` registers from `a` on. The result of a function of the program may
    /// be certain: any other goes on in the interpreter.
    fn take_result(&mut self, a: u8, c: u8) {
        let called = self.generic(self.pc).op() == Op::CALL && c == 2;
        let stated = { called }.then(|| self.certain.result_of_call(a)).flatten();
        let (label, back) = (self.m.label(), self.m.label());
        let (unusual, usual) = match (stated, c) {
            (Some(tag), _) => (Cond::Ne, tag.into()),
            (None, 1) => (Cond::Above, status::NONE),
            (None, _) => (Cond::AboveEq, status::NONE),
        };
        self.m.branch_imm(unusual, Width::W32, M::TAG, usual, label);
        if c != 1 {
            self.m.store(Width::W64, M::RET, M::BASE, home(a));
            self.m.store(Width::W8, M::TAG, M::BASE, home_tag(a));
        }
        if c == 0 {
            self.set_top(a.wrapping_add(1));
        }
        self.nil_from(a, 1, c);
        self.m.bind(back);
        self.cold.push(Cold {
            label,
            pc: self.pc,
            kind: ColdKind::Returned { a, c, stated, back },
        });
    }
    /// Results from the `first` on are missing.
    fn nil_from(&mut self, a: u8, first: u8, c: u8) {
        for k in first..c.saturating_sub(1) {
            self.m.store_imm(Width::W64, 0, M::BASE, home(a + k));
            self.m.store_imm(Width::W8, tag::NIL, M::BASE, home_tag(a + k));
        }
    }
    /// The results of a call end before register `r`.
    fn set_top(&mut self, r: u8) {
        self.m.load(Width::W64, M::TAG, M::STATE, layout::STATE_THREAD);
        self.m.lea(M::RET, M::BASE, home(r));
        self.m.store(Width::W64, M::RET, M::TAG, layout::THREAD_TOP);
    }
    pub(super) fn cold_returned(&mut self, pc: u32, (a, c): (u8, u8), stated: Option<u8>, back: Label) {
        let (delivered, leave) = (self.m.label(), self.m.label());
        let value = self.m.label();
        if stated.is_some() {
            self.m
                .branch_imm(Cond::Below, Width::W32, M::TAG, status::NONE, value);
        }
        self.call_shared(Shared::AfterCall);
        self.m
            .branch_imm(Cond::Eq, Width::W32, M::TAG, status::LEAVE, leave);
        self.m
            .branch_imm(Cond::Ne, Width::W32, M::TAG, status::NONE, delivered);
        if c == 0 {
            self.set_top(a);
        }
        self.nil_from(a, 0, c);
        self.m.bind(delivered);
        if let Some(tag) = stated {
            let exit = self.exit(pc + 1, Reason::Type, self.following(pc));
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(a), tag.into(), exit);
        }
        self.m.jump(back);
        if stated.is_some() {
            self.m.bind(value);
            self.m.store(Width::W64, M::RET, M::BASE, home(a));
            self.m.store(Width::W8, M::TAG, M::BASE, home_tag(a));
            self.m.jump(delivered);
        }
        self.m.bind(leave);
        self.m.ret();
    }

    /// Everything the frame has done is home: it goes back to its caller's record.
    fn pop_frame(&mut self) {
        if self.job.proto.is_vararg {
            self.m.load(Width::W64, M::BASE, M::FRAME, layout::FRAME_FUNC);
            self.m
                .alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, layout::VALUE);
        }
        self.m
            .alu_imm(Alu::Add, Width::W64, M::FRAME, M::FRAME, layout::FRAME);
        self.m.ret();
    }
    pub(super) fn return_none(&mut self) {
        self.m.imm(M::TAG, status::NONE.into());
        self.pop_frame();
    }
    pub(super) fn return_one(&mut self, r: u8) {
        match self.known.general(r) {
            Some(k) => self.m.mov(M::RET, M::TEMPS[k]),
            None => self.m.load(Width::W64, M::RET, M::BASE, home(r)),
        }
        match self.known.tag(r) {
            Some(t) => self.m.imm(M::TAG, t.into()),
            None => self.m.load(Width::W8, M::TAG, M::BASE, home_tag(r)),
        }
        self.pop_frame();
    }
    pub(super) fn return_many(&mut self, i: Instr) {
        match (i.b(), i.c()) {
            (1, 0) => return self.return_none(),
            (2, 0) => return self.return_one(i.a()),
            (_, 0) => self.return_fixed_or_open(i),
            _ => {}
        }
        self.m.imm(M::ARGS[3], self.pc.into());
        pass_frame(&mut self.m);
        self.call_helper(Helper::GiveBack);
        let leave = self.leave;
        self.m.jump(leave);
    }
    /// RETURN of values to compiled code that waits for them; to others the runtime gives them.
    fn return_fixed_or_open(&mut self, i: Instr) {
        let general = self.m.label();
        self.m.lea(M::RET, M::BASE, home(i.a()));
        match i.b() {
            0 => {
                self.m.load(Width::W64, M::NARGS, M::STATE, layout::STATE_THREAD);
                self.m.load(Width::W64, M::NARGS, M::NARGS, layout::THREAD_TOP);
                self.m.alu(Alu::Sub, Width::W64, M::NARGS, M::NARGS, M::RET);
                self.m.shift_imm(Shift::Right, Width::W64, M::NARGS, M::NARGS, 4);
            }
            b => self.m.imm(M::NARGS, i64::from(b) - 1),
        }
        match self.job.proto.is_vararg {
            true => self.m.load(Width::W64, M::TAG, M::FRAME, layout::FRAME_FUNC),
            false => self.m.lea(M::TAG, M::BASE, -layout::VALUE),
        }
        self.call_shared(Shared::Deliver);
        self.m.branch_imm(Cond::Eq, Width::W32, M::TAG, 0, general);
        self.m.ret();
        self.m.bind(general);
    }
    /// TAILCALL: of a Lua function, for compiled code that called, in place; else by the runtime.
    pub(super) fn tail(&mut self, i: Instr) {
        let general = self.m.label();
        if i.b() > 0 && i.b() <= 8 && i.c() == 0 && !self.job.proto.is_vararg {
            self.tail_in_place(i, general);
        }
        self.m.bind(general);
        self.m.imm(M::ARGS[3], self.pc.into());
        pass_frame(&mut self.m);
        self.call_helper(Helper::Tail);
        let gone = self.m.label();
        self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 0, gone);
        reload(&mut self.m);
        self.m.tail_call(M::STATE, layout::STATE_STATUS);
        self.m.bind(gone);
        self.m.load(Width::W64, M::RET, M::STATE, layout::STATE_STATUS);
        let leave = self.leave;
        self.m.jump(leave);
    }

    /// Notes that the frame's function is replaced: in the mark that implies its record, or in the record.
    fn note_tail_call(&mut self, t: Reg) {
        let (whole, noted) = (self.m.label(), self.m.label());
        let mark = layout::FRAME + layout::FRAME_PC;
        self.m.load(Width::W32, t, M::FRAME, mark);
        self.m.branch_bits(Cond::Eq, Width::W32, t, 1, whole);
        self.m
            .alu_store_imm(Alu::Or, Width::W64, CallMark::TAIL, M::FRAME, mark);
        self.m.jump(noted);
        self.m.bind(whole);
        let flags = layout::FRAME_FLAGS;
        self.m
            .alu_store_imm(Alu::And, Width::W32, layout::KEPT_FLAGS, M::FRAME, flags);
        self.m
            .alu_store_imm(Alu::Or, Width::W32, layout::TAIL_FLAGS, M::FRAME, flags);
        self.m.store_imm(Width::W32, 0, M::FRAME, layout::FRAME_AUX);
        self.m.store_imm(Width::W32, -1, M::FRAME, layout::FRAME_HOOK_PC);
        self.m.bind(noted);
    }
    fn tail_in_place(&mut self, i: Instr, general: Label) {
        let (a, n) = (i.a(), i.b());
        self.reserve(M::NARGS);
        let (v, t, callee) = (self.temp(), self.temp(), self.temp());
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(a), tag::CLOSURE, general);
        self.note_tail_call(t);
        self.m.load(Width::W64, callee, M::BASE, home(a));
        self.m.store(Width::W64, callee, M::BASE, -layout::VALUE);
        self.m.load(Width::W64, callee, callee, layout::CLOSURE_PROTO);
        for k in 0..n - 1 {
            self.m.load(Width::W64, v, M::BASE, home(a + 1 + k));
            self.m.load(Width::W8, t, M::BASE, home_tag(a + 1 + k));
            self.m.store(Width::W64, v, M::BASE, home(k));
            self.m.store(Width::W8, t, M::BASE, home_tag(k));
        }
        self.m.imm(M::NARGS, i64::from(n) - 1);
        self.m
            .alu_imm(Alu::Add, Width::W64, M::FRAME, M::FRAME, layout::FRAME);
        self.m.tail_call(callee, layout::PROTO_ENTRY);
    }

    /// FORPREP: a loop over integers by steps of one is prepared here, others by the runtime. The body may rely on what
    /// loops over integers guarantee.
    pub(super) fn prepare_loop(&mut self, i: Instr) {
        let a = i.a();
        if !self.job.ahead && self.live_op(self.target() - 1) != Some(LiveOp::FORLOOP_INT) {
            return self.leave_to_runtime();
        }
        let counted = (a..=a + 2).all(|r| self.known.tag(r).is_none_or(|t| i32::from(t) == tag::INT));
        if !counted {
            return self.leave_to_runtime();
        }
        let slow = self.slow();
        for r in a..=a + 2 {
            self.guard(r, tag::INT);
        }
        self.m
            .branch_load_imm(Cond::Ne, Width::W64, M::BASE, home(a + 2), 1, slow);
        let (start, count) = (self.temp(), self.temp());
        self.m.load(Width::W64, start, M::BASE, home(a));
        self.m.load(Width::W64, count, M::BASE, home(a + 1));
        let end = self.labels[self.target() as usize];
        self.m.branch(Cond::Gt, Width::W64, start, count, end);
        self.m.alu(Alu::Sub, Width::W64, count, count, start);
        self.m.store_imm(Width::W64, 1, M::BASE, home(a + 1));
        self.known.forget_payload(a + 1);
        self.put_int(a, count);
        self.put_int(a + 2, start);
        if self.captured[a as usize + 2] {
            self.known.forget(a + 2);
        }
    }
    /// The runtime executes the instruction, always.
    pub(super) fn leave_to_runtime(&mut self) {
        let slow = self.slow();
        self.m.jump(slow);
        self.called();
    }
    /// FORLOOP of a loop over integers; of others where that has not always been so.
    pub(super) fn loop_ints(&mut self, i: Instr) {
        let first = self.target();
        if !self.loops.iter().any(|l| l.0 == first) {
            return self.loop_numbers(i);
        }
        self.guard(i.a() + 1, tag::INT);
        self.loop_certain(i, Self::next_int);
    }
    /// FORLOOP of a loop over numbers of the kind that `next` deals with.
    pub(super) fn loop_certain(&mut self, i: Instr, next: fn(&mut Self, Instr, Label)) {
        let end = self.m.label();
        next(self, i, end);
        self.m.bind(end);
    }
    /// FORLOOP of a loop over integers or floats.
    pub(super) fn loop_numbers(&mut self, i: Instr) {
        let a = i.a();
        let (floats, end) = (self.m.label(), self.m.label());
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(a + 1), tag::INT, floats);
        self.known.forget_from(a.into());
        self.next_int(i, end);
        self.m.bind(floats);
        self.known.forget_from(a.into());
        self.next_float(i, end);
        self.m.bind(end);
    }
    pub(super) fn next_int(&mut self, i: Instr, end: Label) {
        let a = i.a();
        let n = self.temp();
        self.m.load(Width::W64, n, M::BASE, home(a));
        self.m.branch_imm(Cond::Eq, Width::W64, n, 0, end);
        self.m.alu_imm(Alu::Sub, Width::W64, n, n, 1);
        self.put_int(a, n);
        let v = self.temp();
        self.m.load(Width::W64, v, M::BASE, home(a + 2));
        self.m.alu_load(Alu::Add, Width::W64, v, M::BASE, home(a + 1));
        self.put_int(a + 2, v);
        let target = self.target();
        self.jump_back(target, u32::from(a) + 3);
    }
    pub(super) fn next_float(&mut self, i: Instr, end: Label) {
        let a = i.a();
        let (down, go) = (self.m.label(), self.m.label());
        let (v, step, limit, zero) = (self.ftemp(), self.ftemp(), self.ftemp(), self.ftemp());
        self.m.fload(v, M::BASE, home(a + 2));
        self.m.fload(step, M::BASE, home(a + 1));
        self.m.fload(limit, M::BASE, home(a));
        self.m.falu(Falu::Add, v, v, step);
        self.m.fimm(zero, 0.0);
        self.m.fbranch(FCond::NotLt, zero, step, down);
        self.m.fbranch(FCond::NotLe, v, limit, end);
        self.m.jump(go);
        self.m.bind(down);
        self.m.fbranch(FCond::NotLe, limit, v, end);
        self.m.bind(go);
        self.m.fstore(v, M::BASE, home(a + 2));
        self.m.store_imm(Width::W8, tag::FLOAT, M::BASE, home_tag(a + 2));
        self.known.forget(a + 2);
        let target = self.target();
        self.jump_back(target, u32::from(a) + 3);
    }
    /// TFORPREP: without a value to be closed, that and the control variable change places.
    pub(super) fn prepare_iteration(&mut self, i: Instr) {
        let (closing, control) = (i.a() + 2, i.a() + 3);
        let slow = self.slow();
        let (v, t, truth) = (self.temp(), self.temp(), self.temp());
        self.m.load(Width::W8, t, M::BASE, home_tag(control));
        self.m.alu_imm(Alu::Sub, Width::W32, truth, t, tag::NIL);
        self.m.branch_imm(Cond::Above, Width::W32, truth, 1, slow);
        let (w, u) = (self.temp(), truth);
        self.m.load(Width::W64, v, M::BASE, home(control));
        self.m.load(Width::W64, w, M::BASE, home(closing));
        self.m.load(Width::W8, u, M::BASE, home_tag(closing));
        for (r, payload, tag) in [(closing, v, t), (control, w, u)] {
            self.m.store(Width::W64, payload, M::BASE, home(r));
            self.m.store(Width::W8, tag, M::BASE, home_tag(r));
        }
        let target = self.labels[self.target() as usize];
        self.m.jump(target);
        self.called();
        self.known.forget_from(closing.into());
    }
    pub(super) fn iterate(&mut self, i: Instr) {
        let end = self.m.label();
        self.m
            .branch_load_imm(Cond::Eq, Width::W8, M::BASE, home_tag(i.a() + 3), tag::NIL, end);
        let target = self.target();
        self.jump_back(target, 0);
        self.m.bind(end);
    }
    /// The next item of an array part for the iterator of `ipairs`, else the cold path.
    pub(super) fn next_item(&mut self, i: Instr) {
        let a = i.a();
        let slow = self.slow();
        let (f, t) = (self.temp(), self.temp());
        for (r, tag) in [(a, tag::NATIVE), (a + 1, tag::TABLE), (a + 3, tag::INT)] {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag, slow);
        }
        self.m.load(Width::W64, f, M::BASE, home(a));
        self.m.load(Width::W64, t, M::STATE, layout::STATE_IPAIRS);
        self.m
            .branch_load(Cond::Ne, Width::W64, t, f, layout::NATIVE_FUNCTION, slow);
        let o = self.temp();
        self.m.load(Width::W64, o, M::BASE, home(a + 1));
        self.m.load(Width::W64, f, M::BASE, home(a + 3));
        self.m.load(Width::W32, t, o, layout::TABLE_LENGTH);
        self.m.branch(Cond::AboveEq, Width::W64, f, t, slow);
        let (v, t) = self.item(o, f);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::NIL, slow);
        self.m.alu_imm(Alu::Add, Width::W64, f, f, 1);
        self.known.forget_from(usize::from(a) + 3);
        self.m.store(Width::W64, f, M::BASE, home(a + 3));
        if i.c() >= 2 {
            self.m.store(Width::W64, v, M::BASE, home(a + 4));
            self.m.store(Width::W8, t, M::BASE, home_tag(a + 4));
        }
        for r in a + 5..a + 3 + i.c().max(2) {
            self.put_simple(r, tag::NIL);
        }
        self.called();
        self.known.forget_from(usize::from(a) + 3);
    }
    /// Instructions at the beginning of a function with varargs: the parameters have been moved already.
    pub(super) fn begin_varargs(&mut self, i: Instr) {
        if i.b() != 0 {
            self.step(i);
        }
    }
    /// R[a] ... = varargs.
    pub(super) fn varargs(&mut self, i: Instr) {
        if i.b() == 0 && i.c() == 0 {
            return self.all_varargs(i);
        }
        if i.b() != 0 || i.c() > 4 {
            return self.step(i);
        }
        let (n, v, t) = (self.temp(), self.temp(), self.temp());
        let end = self.m.label();
        let want = i.c() - 1;
        self.m.load(Width::W32, n, M::FRAME, layout::FRAME_EXTRA);
        for k in 0..want {
            let (missing, next) = (self.m.label(), self.m.label());
            self.m.branch_imm(Cond::BelowEq, Width::W32, n, k.into(), missing);
            // Vararg k stands `n - k` slots below the function.
            self.m.shift_imm(Shift::Left, Width::W64, v, n, 4);
            self.m.alu(Alu::Sub, Width::W64, v, M::BASE, v);
            let at = layout::VALUE * (i32::from(k) - 1);
            self.m.load(Width::W8, t, v, at + layout::VALUE_TAG);
            self.m.load(Width::W64, v, v, at);
            self.m.store(Width::W64, v, M::BASE, home(i.a() + k));
            self.m.store(Width::W8, t, M::BASE, home_tag(i.a() + k));
            self.m.jump(next);
            self.m.bind(missing);
            self.m.store_imm(Width::W64, 0, M::BASE, home(i.a() + k));
            self.m
                .store_imm(Width::W8, tag::NIL, M::BASE, home_tag(i.a() + k));
            self.m.bind(next);
        }
        self.m.bind(end);
        self.known.forget_from(i.a().into());
    }
    /// R[a] ... = all varargs, up to the top.
    fn all_varargs(&mut self, i: Instr) {
        let slow = self.slow();
        let (n, from, to, end) = (self.temp(), self.temp(), self.temp(), self.temp());
        self.m.load(Width::W32, n, M::FRAME, layout::FRAME_EXTRA);
        self.m.shift_imm(Shift::Left, Width::W64, n, n, 4);
        self.m.lea(to, M::BASE, home(i.a()));
        self.m.alu(Alu::Add, Width::W64, end, to, n);
        // They stand right below the function.
        self.m.alu(Alu::Sub, Width::W64, from, M::BASE, n);
        self.m.lea(n, end, 2 * layout::FRAME);
        self.m.branch(Cond::Above, Width::W64, n, M::FRAME, slow);
        self.m.load(Width::W64, n, M::STATE, layout::STATE_THREAD);
        self.m.store(Width::W64, end, n, layout::THREAD_TOP);
        let (round, done) = (self.m.label(), self.m.label());
        self.m.bind(round);
        self.m.branch(Cond::Eq, Width::W64, to, end, done);
        for part in [0, layout::VALUE / 2] {
            self.m.load(Width::W64, n, from, part - layout::VALUE);
            self.m.store(Width::W64, n, to, part);
        }
        self.m.alu_imm(Alu::Add, Width::W64, from, from, layout::VALUE);
        self.m.alu_imm(Alu::Add, Width::W64, to, to, layout::VALUE);
        self.m.jump(round);
        self.m.bind(done);
        self.known.forget_from(i.a().into());
    }
    /// CALL of natives: the runtime makes it.
    pub(super) fn call_native_function(&mut self, i: Instr) {
        self.slow_helper = Shared::CallNative;
        self.step(i);
    }
    /// TFORCALL of a Lua function; others go to the cold path.
    pub(super) fn call_iterator(&mut self, i: Instr) {
        let a = i.a();
        let slow = self.slow();
        self.slow_helper = Shared::Switch;
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(a), tag::CLOSURE, slow);
        self.reserve(M::NARGS);
        let (f, t) = (self.temp(), self.temp());
        // The control variable first: it stands where the function is to be.
        for (from, to) in [(a + 3, a + 5), (a + 1, a + 4), (a, a + 3)] {
            self.m.load(Width::W64, f, M::BASE, home(from));
            self.m.load(Width::W8, t, M::BASE, home_tag(from));
            self.m.store(Width::W64, f, M::BASE, home(to));
            self.m.store(Width::W8, t, M::BASE, home_tag(to));
        }
        self.call_closure(f, a + 3, 3, i.c() + 1);
    }
}
