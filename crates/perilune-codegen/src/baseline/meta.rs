//! Instructions on values that have metamethods -> calls of these, as compiled code calls functions: on the cold path,
//! before the runtime is left to execute the instruction.
//!
//! Arguments are put above the registers of the frame, where a helper finds the metamethod by them and puts it
//! below. Where there is none to be called, it computes the result itself. The mark of the call says what its result is
//! for, so whoever completes the callee's record needs nothing else. Instructions that are still learning are left to
//! the runtime.

use super::shared::pass_frame;
use super::{Baseline, home, home_tag, jump_target};
use crate::masm::{Alu, Cond, Label, Masm, Reg, Width};
use perilune_bytecode::ops::{Instr, Op};
use perilune_bytecode::quick::LiveOp;
use perilune_runtime::abi::{CallMark, Event, Helper, Shared, event_code, layout, result, status, tag};

/// An argument of a metamethod.
#[derive(Clone, Copy)]
enum Arg {
    Register(u8),
    Upvalue(u8),
    Constant(u32),
    Int(i64),
}

/// What becomes of a metamethod's result.
#[derive(Clone, Copy)]
enum Purpose {
    /// It is stored in a register.
    Store(u8),
    /// The same, after the object has been copied to the register above.
    StoreMethod(u8),
    /// Its truth decides the instruction's jump.
    Condition { when: bool },
    /// Nothing.
    Ignore,
}

/// A call of a metamethod that an instruction may make.
struct Metamethod {
    /// The only value that may have it.
    object: Option<Arg>,
    find: Helper,
    event: Event,
    args: Vec<Arg>,
    purpose: Purpose,
}

/// Binary operators whose second operand is a register.
const WITH_REGISTER: &[(LiveOp, Event)] = &[
    (LiveOp::ADD_ANY, Event::Add),
    (LiveOp::SUB_ANY, Event::Sub),
    (LiveOp::MUL_ANY, Event::Mul),
    (LiveOp::DIV_ANY, Event::Div),
    (LiveOp::MOD, Event::Mod),
    (LiveOp::POW, Event::Pow),
    (LiveOp::IDIV, Event::IDiv),
    (LiveOp::BAND, Event::BAnd),
    (LiveOp::BOR, Event::BOr),
    (LiveOp::BXOR, Event::BXor),
    (LiveOp::SHL, Event::Shl),
    (LiveOp::SHR, Event::Shr),
];
/// Those whose second operand is a constant.
const WITH_CONSTANT: &[(LiveOp, Event)] = &[
    (LiveOp::ADDK_ANY, Event::Add),
    (LiveOp::SUBK_ANY, Event::Sub),
    (LiveOp::MULK_ANY, Event::Mul),
    (LiveOp::DIVK_ANY, Event::Div),
    (LiveOp::MODK, Event::Mod),
    (LiveOp::POWK, Event::Pow),
    (LiveOp::IDIVK, Event::IDiv),
    (LiveOp::BANDK, Event::BAnd),
    (LiveOp::BORK, Event::BOr),
    (LiveOp::BXORK, Event::BXor),
];
/// Those whose second operand is a small integer.
const WITH_INTEGER: &[(LiveOp, Event)] = &[(LiveOp::ADDI, Event::Add), (LiveOp::SUBI, Event::Sub)];
/// Operators of one operand, which is both arguments.
const UNARY: &[(LiveOp, Event)] = &[
    (LiveOp::UNM, Event::Unm),
    (LiveOp::BNOT, Event::BNot),
    (LiveOp::LEN, Event::Len),
];
const COMPARISONS: &[(LiveOp, Event)] = &[
    (LiveOp::LT_ANY, Event::Lt),
    (LiveOp::LE_ANY, Event::Le),
    (LiveOp::EQ, Event::Eq),
];

/// Accesses that may still meet functions as metamethods: those that have settled on a shape, classes or kinds of arrays
/// are left to the runtime when they meet something else.
const UNSETTLED: &[LiveOp] = &[
    LiveOp::GETTABUP,
    LiveOp::GETFIELD,
    LiveOp::GETFIELD_ANY,
    LiveOp::SELF,
    LiveOp::SELF_ANY,
    LiveOp::GETINDEX,
    LiveOp::GETINDEX_ANY,
    LiveOp::GETINT,
    LiveOp::SETTABUP,
    LiveOp::SETFIELD,
    LiveOp::SETFIELD_SITE,
    LiveOp::SETFIELD_ANY,
    LiveOp::SETFIELDK,
    LiveOp::SETFIELDK_SITE,
    LiveOp::SETFIELDK_ANY,
    LiveOp::SETINDEX,
    LiveOp::SETINDEX_ANY,
    LiveOp::SETINDEXK,
    LiveOp::SETINT,
    LiveOp::SETINTK,
];

/// Reads that learn where to find the field, when the runtime executes them.
const LEARNING: &[LiveOp] = &[LiveOp::GETTABUP, LiveOp::GETFIELD, LiveOp::SELF];

fn event_in(table: &[(LiveOp, Event)], op: LiveOp) -> Option<Event> {
    table.iter().find(|row| row.0 == op).map(|row| row.1)
}

impl<M: Masm> Baseline<'_, M> {
    /// The call of a metamethod that the instruction `pc` may make.
    fn metamethod(&self, pc: u32) -> Option<Metamethod> {
        let i = self.generic(pc);
        self.operator(pc, i).or_else(|| {
            let unsettled = self.live_op(pc).is_some_and(|op| UNSETTLED.contains(&op));
            unsettled.then(|| self.access(i)).flatten()
        })
    }
    fn operator(&self, pc: u32, i: Instr) -> Option<Metamethod> {
        let op = self.live_op(pc)?;
        let (x, store) = (Arg::Register(i.b()), Purpose::Store(i.a()));
        let (event, x, y, purpose) = if let Some(e) = event_in(WITH_REGISTER, op) {
            (e, x, Arg::Register(i.c()), store)
        } else if let Some(e) = event_in(WITH_CONSTANT, op) {
            (e, x, Arg::Constant(i.du()), store)
        } else if let Some(e) = event_in(WITH_INTEGER, op) {
            (e, x, Arg::Int(i.d().into()), store)
        } else if let Some(e) = event_in(UNARY, op) {
            (e, x, x, store)
        } else {
            let e = event_in(COMPARISONS, op)?;
            // A jump back is a safepoint.
            jump_target(pc, i).filter(|&t| t > pc)?;
            let when = Purpose::Condition { when: i.c() != 0 };
            (e, Arg::Register(i.a()), Arg::Register(i.b()), when)
        };
        let flipped = i.c() != 0 && matches!(y, Arg::Constant(_) | Arg::Int(_));
        Some(Metamethod {
            object: None,
            find: Helper::Operate,
            event,
            args: if flipped { vec![y, x] } else { vec![x, y] },
            purpose,
        })
    }
    fn access(&self, i: Instr) -> Option<Metamethod> {
        let op = i.op();
        let (a, b, c) = (Arg::Register(i.a()), Arg::Register(i.b()), Arg::Register(i.c()));
        let (name, number, value) = (
            Arg::Constant(i.du()),
            Arg::Int(i.d().into()),
            Arg::Constant(i.c().into()),
        );
        let upvalue = Arg::Upvalue(i.b());
        let reads = [
            (Op::GETTABUP, upvalue, name),
            (Op::GETFIELD, b, name),
            (Op::SELF, b, name),
            (Op::GETINDEX, b, c),
            (Op::GETINT, b, number),
        ];
        if let Some(&(op, object, key)) = reads.iter().find(|r| r.0 == op) {
            let method = op == Op::SELF;
            return Some(Metamethod {
                object: Some(object),
                find: Helper::FindIndex,
                event: Event::Index,
                args: vec![object, key],
                purpose: if method {
                    Purpose::StoreMethod(i.a())
                } else {
                    Purpose::Store(i.a())
                },
            });
        }
        let writes = [
            (Op::SETTABUP, upvalue, name, a),
            (Op::SETFIELD, a, name, c),
            (Op::SETFIELDK, a, name, value),
            (Op::SETINDEX, a, b, c),
            (Op::SETINDEXK, a, b, value),
            (Op::SETINT, a, number, c),
            (Op::SETINTK, a, number, value),
        ];
        let &(_, object, key, v) = writes.iter().find(|w| w.0 == op)?;
        Some(Metamethod {
            object: Some(object),
            find: Helper::FindNewIndex,
            event: Event::NewIndex,
            args: vec![object, key, v],
            purpose: Purpose::Ignore,
        })
    }

    /// Tries to execute the instruction `pc` by a call of a metamethod that is a Lua function; what follows is executed
    /// where there is none. After the call the code goes on at `done` or at the target of the instruction's jump.
    pub(super) fn try_metamethod(&mut self, pc: u32, done: Label) {
        let other = self.m.label();
        if let Some(meta) = self.metamethod(pc) {
            if let Some(object) = meta.object {
                self.leave_without_metatable(object, other);
            }
            self.find_metamethod(&meta, other);
            if self.live_op(pc).is_some_and(|op| LEARNING.contains(&op)) {
                self.m.branch_imm(Cond::Eq, Width::W64, M::RET, 1, other);
            } else if matches!(meta.find, Helper::Operate | Helper::FindIndex) {
                self.take_computed(pc, &meta, done);
            }
            if let (Purpose::StoreMethod(a), Some(object)) = (meta.purpose, meta.object) {
                self.copy_object(object, a + 1);
            }
            self.give_following(pc);
            self.call_metamethod(pc, &meta);
            self.use_result(pc, meta.purpose, done);
        } else if let Some(&(_, callee, call)) = self.calls.iter().find(|c| c.0 == pc) {
            self.call_object(pc, callee, call, other);
        }
        self.m.bind(other);
    }
    /// Goes to `other` unless the value is a table with a metatable.
    fn leave_without_metatable(&mut self, value: Arg, other: Label) {
        self.load_argument(value);
        self.m.branch_imm(Cond::Ne, Width::W32, M::TAG, tag::TABLE, other);
        self.m
            .branch_load_imm(Cond::Eq, Width::W64, M::RET, layout::TABLE_METATABLE, 0, other);
    }
    /// R[to] = the object of a method, a register; the result register is kept.
    fn copy_object(&mut self, object: Arg, to: u8) {
        let Arg::Register(from) = object else { return };
        self.m.load(Width::W64, M::TAG, M::BASE, home(from));
        self.m.store(Width::W64, M::TAG, M::BASE, home(to));
        self.m.load(Width::W8, M::TAG, M::BASE, home_tag(from));
        self.m.store(Width::W8, M::TAG, M::BASE, home_tag(to));
    }
    /// Where the function and arguments of a metamethod's call stand.
    fn window(&self) -> i32 {
        home(self.job.proto.max_stack)
    }
    /// The metamethod for these arguments, in the result register the function that it runs; `other` if there is none.
    fn find_metamethod(&mut self, meta: &Metamethod, other: Label) {
        let window = self.window();
        let end = window + layout::VALUE * (1 + meta.args.len() as i32);
        self.m.lea(M::RET, M::BASE, end);
        self.m.branch(Cond::Above, Width::W64, M::RET, M::FRAME, other);
        for (k, &arg) in meta.args.iter().enumerate() {
            self.put_argument(arg, window + layout::VALUE * (1 + k as i32));
        }
        self.m.mov(M::ARGS[0], M::STATE);
        self.m.lea(M::ARGS[1], M::BASE, window);
        self.m.imm(M::ARGS[2], event_code(meta.event));
        self.call_helper(meta.find);
        self.m.branch_imm(Cond::Eq, Width::W64, M::RET, 0, other);
    }
    /// If there was no metamethod to call, the result stands where that would.
    fn take_computed(&mut self, pc: u32, meta: &Metamethod, done: Label) {
        let call = self.m.label();
        self.m.branch_imm(Cond::Ne, Width::W64, M::RET, 1, call);
        if let (Purpose::StoreMethod(a), Some(object)) = (meta.purpose, meta.object) {
            self.copy_object(object, a + 1);
        }
        self.m.load(Width::W64, M::RET, M::BASE, self.window());
        self.m
            .load(Width::W8, M::TAG, M::BASE, self.window() + layout::VALUE_TAG);
        self.take_one(pc, meta.purpose, done);
        self.m.jump(done);
        self.m.bind(call);
    }
    fn put_argument(&mut self, arg: Arg, at: i32) {
        self.load_argument(arg);
        self.m.store(Width::W64, M::RET, M::BASE, at);
        self.m.store(Width::W8, M::TAG, M::BASE, at + layout::VALUE_TAG);
    }
    /// The payload in the result register, and the tag in its register.
    fn load_argument(&mut self, arg: Arg) {
        match arg {
            Arg::Register(r) => {
                self.m.load(Width::W64, M::RET, M::BASE, home(r));
                self.m.load(Width::W8, M::TAG, M::BASE, home_tag(r));
            }
            Arg::Upvalue(u) => {
                let at = layout::CLOSURE_UPVALS + 8 * i32::from(u);
                self.m.load(Width::W64, M::RET, M::BASE, -layout::VALUE);
                self.m.load(Width::W64, M::RET, M::RET, at);
                self.m.load(Width::W64, M::RET, M::RET, layout::UPVAL_AT);
                self.m.load(Width::W8, M::TAG, M::RET, layout::VALUE_TAG);
                self.m.load(Width::W64, M::RET, M::RET, 0);
            }
            Arg::Int(n) => {
                self.m.imm(M::RET, n);
                self.m.imm(M::TAG, tag::INT.into());
            }
            Arg::Constant(k) => {
                let (bits, t) = self.job.consts[k as usize];
                if i32::from(t) == tag::STRING {
                    self.load_object(M::RET, k);
                } else {
                    self.m.imm(M::RET, bits as i64);
                }
                self.m.imm(M::TAG, t.into());
            }
        }
    }
    /// Leaves a mark in the frame's record; not in the result register.
    fn leave_mark(&mut self, mark: CallMark) {
        self.m.imm(M::TAG, mark.word() as i64);
        self.m.store(Width::W64, M::TAG, M::FRAME, layout::FRAME_PC);
    }
    /// Calls the function in the result register with the arguments that have been put above the registers.
    fn call_metamethod(&mut self, pc: u32, meta: &Metamethod) {
        let (c, how) = match meta.purpose {
            Purpose::Store(_) | Purpose::StoreMethod(_) => (2, result::STORE),
            Purpose::Condition { .. } => (2, result::CONDITION),
            Purpose::Ignore => (1, result::NORMAL),
        };
        self.leave_mark(CallMark {
            c,
            how,
            ..CallMark::new(pc + 1, self.job.proto.max_stack)
        });
        let base = self.window() + layout::VALUE;
        self.m.imm(M::NARGS, meta.args.len() as i64);
        self.m.alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, base);
        self.m.call(M::RET, layout::PROTO_ENTRY);
        self.m.alu_imm(Alu::Sub, Width::W64, M::BASE, M::BASE, base);
    }
    /// A metamethod has answered.
    fn use_result(&mut self, pc: u32, purpose: Purpose, done: Label) {
        let (unusual, finish, leave) = (self.m.label(), self.m.label(), self.m.label());
        self.m
            .branch_imm(Cond::AboveEq, Width::W32, M::TAG, status::NONE, unusual);
        self.take_one(pc, purpose, done);
        self.m.bind(finish);
        self.take_following(pc);
        self.m.jump(done);
        self.m.bind(unusual);
        self.call_shared(Shared::AfterCall);
        self.m
            .branch_imm(Cond::Eq, Width::W32, M::TAG, status::LEAVE, leave);
        self.take_other(pc, purpose, finish, done);
        self.m.jump(finish);
        self.m.bind(leave);
        self.m.ret();
    }
    /// The result is in the registers for results.
    fn take_one(&mut self, pc: u32, purpose: Purpose, done: Label) {
        match purpose {
            Purpose::Store(a) | Purpose::StoreMethod(a) => {
                self.m.store(Width::W64, M::RET, M::BASE, home(a));
                self.m.store(Width::W8, M::TAG, M::BASE, home_tag(a));
            }
            Purpose::Condition { when } => {
                let target = self.target_of(pc);
                self.m.alu_imm(Alu::Sub, Width::W32, M::TAG, M::TAG, tag::NIL);
                let taken = if when { Cond::Above } else { Cond::BelowEq };
                self.m.branch_imm(taken, Width::W32, M::TAG, 1, target);
                self.m.jump(done);
            }
            Purpose::Ignore => {}
        }
    }
    /// There was no result, or the runtime has dealt with it.
    fn take_other(&mut self, pc: u32, purpose: Purpose, finish: Label, done: Label) {
        let delivered = self.m.label();
        self.m
            .branch_imm(Cond::Ne, Width::W32, M::TAG, status::NONE, delivered);
        match purpose {
            Purpose::Store(a) | Purpose::StoreMethod(a) => {
                self.m.store_imm(Width::W64, 0, M::BASE, home(a));
                self.m.store_imm(Width::W8, tag::NIL, M::BASE, home_tag(a));
            }
            Purpose::Condition { when: false } => {
                let target = self.target_of(pc);
                self.m.jump(target);
            }
            Purpose::Condition { when: true } | Purpose::Ignore => {}
        }
        self.m.jump(finish);
        self.m.bind(delivered);
        if let Purpose::Condition { .. } = purpose {
            let target = self.target_of(pc);
            self.m.imm(M::ARGS[3], pc.into());
            pass_frame(&mut self.m);
            self.call_helper(Helper::Jumped);
            self.m.branch_imm(Cond::Eq, Width::W32, M::RET, 2, target);
            self.m.jump(done);
        }
    }
    fn target_of(&self, pc: u32) -> Label {
        let target = jump_target(pc, self.generic(pc)).unwrap_or(pc + 1);
        self.labels[target as usize]
    }
    /// Calls the `__call` metamethod of what a CALL or TFORCALL calls, by the template's own call instruction.
    fn call_object(&mut self, pc: u32, callee: Reg, call: Label, other: Label) {
        let i = self.generic(pc);
        let iterates = i.op() == Op::TFORCALL;
        let (a, b, c) = match iterates {
            true => (i.a() + 3, 3, i.c() + 1),
            false => (i.a(), i.b(), i.c()),
        };
        if b == 0 {
            return;
        }
        self.leave_without_metatable(Arg::Register(i.a()), other);
        let end = home(a) + layout::VALUE * (1 + i32::from(b));
        self.m.lea(M::RET, M::BASE, end);
        self.m.branch(Cond::Above, Width::W64, M::RET, M::FRAME, other);
        if iterates {
            // The control variable first: it stands where the function is to be.
            for (from, to) in [(a, a + 2), (a - 2, a + 1), (a - 3, a)] {
                self.copy_object(Arg::Register(from), to);
            }
        }
        self.m.mov(M::ARGS[0], M::STATE);
        self.m.lea(M::ARGS[1], M::BASE, home(a));
        self.m.imm(M::ARGS[2], b.into());
        self.call_helper(Helper::FindCallee);
        let found = self.m.label();
        self.m.branch_imm(Cond::Ne, Width::W64, M::RET, 0, found);
        if iterates {
            self.copy_object(Arg::Register(a + 2), a);
        }
        self.m.jump(other);
        self.m.bind(found);
        self.leave_mark(CallMark {
            c,
            object: true,
            ..CallMark::new(pc + 1, a)
        });
        self.m.mov(callee, M::RET);
        self.m.imm(M::NARGS, b.into());
        let window = home(a) + layout::VALUE;
        self.m.alu_imm(Alu::Add, Width::W64, M::BASE, M::BASE, window);
        self.m.jump(call);
    }
}
