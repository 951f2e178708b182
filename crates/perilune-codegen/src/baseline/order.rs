//! Templates of comparisons and conditional jumps.

use super::{Baseline, home, home_tag};
use crate::masm::{Alu, Cond, FCond, FReg, Label, Masm, Reg, Width};
use perilune_bytecode::ops::Instr;
use perilune_runtime::abi::{layout, tag};

/// An order of two numbers.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Lt,
    Le,
    Gt,
    Ge,
}

/// The condition that holds when `c` does not.
fn inverse(c: Cond) -> Cond {
    match c {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Lt => Cond::Ge,
        Cond::Le => Cond::Gt,
        Cond::Gt => Cond::Le,
        Cond::Ge => Cond::Lt,
        Cond::Below => Cond::AboveEq,
        Cond::BelowEq => Cond::Above,
        Cond::Above => Cond::BelowEq,
        Cond::AboveEq => Cond::Below,
    }
}

impl Order {
    fn of_ints(self) -> Cond {
        match self {
            Order::Lt => Cond::Lt,
            Order::Le => Cond::Le,
            Order::Gt => Cond::Gt,
            Order::Ge => Cond::Ge,
        }
    }
    /// The comparison of floats, its contrary, and whether the operands change places.
    fn of_floats(self) -> (FCond, FCond, bool) {
        match self {
            Order::Lt => (FCond::Lt, FCond::NotLt, false),
            Order::Le => (FCond::Le, FCond::NotLe, false),
            Order::Gt => (FCond::Lt, FCond::NotLt, true),
            Order::Ge => (FCond::Le, FCond::NotLe, true),
        }
    }
}

/// Where a conditional jump goes.
struct Fork {
    /// The jump is taken when the condition has this truth.
    when: bool,
    taken: Label,
    /// The target, if it is before the jump.
    back: Option<u32>,
    next: Label,
}

impl<M: Masm> Baseline<'_, M> {
    fn fork(&mut self, i: Instr) -> Fork {
        let target = self.target();
        let back = (target <= self.pc).then_some(target);
        Fork {
            when: i.c() != 0,
            taken: match back {
                Some(_) => self.m.label(),
                None => self.labels[target as usize],
            },
            back,
            next: self.m.label(),
        }
    }
    fn close_fork(&mut self, fork: &Fork) {
        if let Some(target) = fork.back {
            self.m.jump(fork.next);
            self.m.bind(fork.taken);
            self.jump_back(target, 0);
        }
        self.m.bind(fork.next);
    }
    /// Where to go when the condition is true, and when it is false.
    fn ways(fork: &Fork) -> (Label, Label) {
        if fork.when {
            (fork.taken, fork.next)
        } else {
            (fork.next, fork.taken)
        }
    }
    fn int_fork(&mut self, fork: &Fork, c: Cond, x: Reg, y: Reg) {
        let c = if fork.when { c } else { inverse(c) };
        self.m.branch(c, Width::W64, x, y, fork.taken);
    }
    fn float_fork(&mut self, fork: &Fork, order: Order, x: FReg, y: FReg) {
        let (yes, no, swap) = order.of_floats();
        let (x, y) = if swap { (y, x) } else { (x, y) };
        self.m.fbranch(if fork.when { yes } else { no }, x, y, fork.taken);
    }

    pub(super) fn order_ints(&mut self, i: Instr, order: Order) {
        self.guard(i.a(), tag::INT);
        self.guard(i.b(), tag::INT);
        let (x, y) = (self.payload(i.a()), self.payload(i.b()));
        let fork = self.fork(i);
        self.int_fork(&fork, order.of_ints(), x, y);
        self.close_fork(&fork);
    }
    pub(super) fn order_floats(&mut self, i: Instr, order: Order) {
        self.guard(i.a(), tag::FLOAT);
        self.guard(i.b(), tag::FLOAT);
        let (x, y) = (self.fpayload(i.a()), self.fpayload(i.b()));
        let fork = self.fork(i);
        self.float_fork(&fork, order, x, y);
        self.close_fork(&fork);
    }
    /// Two integers or two floats.
    pub(super) fn order_numbers(&mut self, i: Instr, order: Order) {
        match (
            self.known.tag(i.a()).map(i32::from),
            self.known.tag(i.b()).map(i32::from),
        ) {
            (Some(tag::INT), Some(tag::INT)) => return self.order_ints(i, order),
            (Some(tag::FLOAT), Some(tag::FLOAT)) => return self.order_floats(i, order),
            _ => {}
        }
        let known = [i.a(), i.b()].map(|r| self.known.tag(r).map(i32::from));
        if known.contains(&Some(tag::INT)) && self.job.ahead {
            return self.order_ints(i, order);
        }
        if known.contains(&Some(tag::FLOAT)) && self.job.ahead {
            return self.order_floats(i, order);
        }
        let slow = self.slow();
        let floats = self.m.label();
        let fork = self.fork(i);
        let (x, y) = (self.temp(), self.temp());
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.a()), tag::INT, floats);
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.b()), tag::INT, slow);
        self.m.load(Width::W64, x, M::BASE, home(i.a()));
        self.m.load(Width::W64, y, M::BASE, home(i.b()));
        self.int_fork(&fork, order.of_ints(), x, y);
        self.m.jump(fork.next);
        self.m.bind(floats);
        for r in [i.a(), i.b()] {
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), tag::FLOAT, slow);
        }
        let (x, y) = (self.ftemp(), self.ftemp());
        self.m.fload(x, M::BASE, home(i.a()));
        self.m.fload(y, M::BASE, home(i.b()));
        self.float_fork(&fork, order, x, y);
        self.close_fork(&fork);
    }
    /// A number and an immediate integer.
    pub(super) fn order_immediate(&mut self, i: Instr, order: Order) {
        let n = i32::from(i.b() as i8);
        let fork = self.fork(i);
        let known = self.known.tag(i.a()).map(i32::from);
        let c = order.of_ints();
        let c = if fork.when { c } else { inverse(c) };
        if known == Some(tag::INT) {
            let x = self.payload(i.a());
            self.m.branch_imm(c, Width::W64, x, n, fork.taken);
            return self.close_fork(&fork);
        }
        if known != Some(tag::FLOAT) {
            let floats = self.m.label();
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.a()), tag::INT, floats);
            self.m
                .branch_load_imm(c, Width::W64, M::BASE, home(i.a()), n, fork.taken);
            self.m.jump(fork.next);
            self.m.bind(floats);
            let slow = self.slow();
            self.m
                .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.a()), tag::FLOAT, slow);
        }
        let (x, y) = (self.ftemp(), self.ftemp());
        self.m.fload(x, M::BASE, home(i.a()));
        self.m.fimm(y, n.into());
        self.float_fork(&fork, order, x, y);
        self.close_fork(&fork);
    }

    pub(super) fn equals_immediate(&mut self, i: Instr) {
        let n = i32::from(i.b() as i8);
        let fork = self.fork(i);
        let (yes, no) = Self::ways(&fork);
        if self.known.tag(i.a()) == Some(tag::INT as u8) {
            let x = self.payload(i.a());
            let equal = if fork.when { Cond::Eq } else { Cond::Ne };
            self.m.branch_imm(equal, Width::W64, x, n, fork.taken);
            return self.close_fork(&fork);
        }
        let slow = self.slow();
        let other = self.m.label();
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(i.a()), tag::INT, other);
        self.m
            .branch_load_imm(Cond::Eq, Width::W64, M::BASE, home(i.a()), n, yes);
        self.m.jump(no);
        self.m.bind(other);
        self.m
            .branch_load_imm(Cond::Eq, Width::W8, M::BASE, home_tag(i.a()), tag::FLOAT, slow);
        self.m.jump(no);
        self.close_fork(&fork);
    }

    pub(super) fn equals_constant(&mut self, i: Instr) {
        let (bits, t) = self.job.consts[i.b() as usize];
        let t = i32::from(t);
        let slow = self.slow();
        let fork = self.fork(i);
        let (yes, no) = Self::ways(&fork);
        let other = self.m.label();
        let r = i.a();
        self.m
            .branch_load_imm(Cond::Ne, Width::W8, M::BASE, home_tag(r), t, other);
        match t {
            tag::FLOAT => {
                let (x, y) = (self.ftemp(), self.ftemp());
                self.m.fload(x, M::BASE, home(r));
                self.m.fimm(y, f64::from_bits(bits));
                self.m.fbranch(FCond::Eq, x, y, yes);
            }
            tag::INT => {
                let x = self.temp();
                self.m.imm(x, bits as i64);
                self.m.branch_load(Cond::Eq, Width::W64, x, M::BASE, home(r), yes);
            }
            tag::STRING => {
                let x = self.temp();
                self.load_object(x, i.b().into());
                self.m.branch_load(Cond::Eq, Width::W64, x, M::BASE, home(r), yes);
                // Only short strings are the same object whenever they are equal.
                self.m.load(Width::W8, x, x, layout::STRING_FLAGS);
                self.m
                    .branch_bits(Cond::Eq, Width::W32, x, layout::STRING_SHORT, slow);
            }
            _ => self.m.jump(yes),
        }
        self.m.jump(no);
        self.m.bind(other);
        if t == tag::INT || t == tag::FLOAT {
            // The other kind of number may be equal.
            let another = if t == tag::INT { tag::FLOAT } else { tag::INT };
            self.m
                .branch_load_imm(Cond::Eq, Width::W8, M::BASE, home_tag(r), another, slow);
        }
        self.m.jump(no);
        self.close_fork(&fork);
    }

    pub(super) fn equals(&mut self, i: Instr) {
        let slow = self.slow();
        let fork = self.fork(i);
        let (yes, no) = Self::ways(&fork);
        let differ = self.m.label();
        let (t, v) = (self.temp(), self.temp());
        self.m.load(Width::W8, t, M::BASE, home_tag(i.a()));
        self.m
            .branch_load(Cond::Ne, Width::W8, t, M::BASE, home_tag(i.b()), differ);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::FLOAT, slow);
        self.m.load(Width::W64, v, M::BASE, home(i.a()));
        self.m
            .branch_load(Cond::Eq, Width::W64, v, M::BASE, home(i.b()), yes);
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::INT, no);
        // nil, false and true have no payload.
        self.m.branch_imm(Cond::BelowEq, Width::W32, t, tag::TRUE, yes);
        self.m.branch_imm(Cond::Ne, Width::W32, t, tag::STRING, slow);
        self.m.load(Width::W8, v, v, layout::STRING_FLAGS);
        self.m
            .branch_bits(Cond::Eq, Width::W32, v, layout::STRING_SHORT, slow);
        self.m.jump(no);
        self.m.bind(differ);
        // An integer and a float may be equal.
        self.m.alu_load(Alu::Or, Width::W8, t, M::BASE, home_tag(i.b()));
        self.m.branch_imm(Cond::Eq, Width::W32, t, tag::FLOAT, slow);
        self.m.jump(no);
        self.close_fork(&fork);
    }

    /// Goes to `l` if the value with the tag in `t`, which is destroyed, is true (`Above`) or false
    /// (`BelowEq`).
    fn branch_truth(&mut self, c: Cond, t: Reg, l: Label) {
        self.m.alu_imm(Alu::Sub, Width::W32, t, t, tag::NIL);
        self.m.branch_imm(c, Width::W32, t, 1, l);
    }
    pub(super) fn test_truth(&mut self, i: Instr) {
        let fork = self.fork(i);
        let t = self.load_tag(i.a());
        let c = if fork.when { Cond::Above } else { Cond::BelowEq };
        self.branch_truth(c, t, fork.taken);
        self.close_fork(&fork);
    }
    pub(super) fn test_and_set(&mut self, i: Instr) {
        let fork = self.fork(i);
        let (t, copy, v) = (self.load_tag(i.b()), self.temp(), self.temp());
        self.m.mov(copy, t);
        let c = if fork.when { Cond::BelowEq } else { Cond::Above };
        self.branch_truth(c, t, fork.next);
        self.m.load(Width::W64, v, M::BASE, home(i.b()));
        self.m.store(Width::W64, v, M::BASE, home(i.a()));
        self.m.store(Width::W8, copy, M::BASE, home_tag(i.a()));
        match fork.back {
            Some(target) => self.jump_back(target, 0),
            None => self.m.jump(fork.taken),
        }
        self.m.bind(fork.next);
    }
    pub(super) fn jump(&mut self) {
        let target = self.target();
        if target <= self.pc {
            return self.jump_back(target, 0);
        }
        let to = self.labels[target as usize];
        self.m.jump(to);
    }
}
