//! Which template each opcode has.

use super::Baseline;
use super::arith::{Op, Operand};
use super::emit::Emit;
use super::fields::Source;
use super::order::Order;
use crate::masm::{Alu, Falu, Masm, Shift};
use perilune_bytecode::ops::Instr;
use perilune_runtime::abi::{Helper, Shared, kind, tag};

impl<M: Masm> Emit for Baseline<'_, M> {
    fn newtable(&mut self, i: Instr) {
        self.light = Some(Helper::MakeTable);
        self.step(i);
    }
    fn setlist(&mut self, i: Instr) {
        self.light = (i.b() != 0).then_some(Helper::FillTable);
        self.step(i);
    }
    fn getfield_any(&mut self, i: Instr) {
        self.light = Some(Helper::GetField);
        self.step(i);
    }
    fn gettabup(&mut self, i: Instr) {
        self.light = Some(Helper::GetShared);
        self.get_cached_global(i);
    }
    fn closure_(&mut self, i: Instr) {
        self.light = Some(Helper::MakeClosure);
        self.step(i);
    }
    fn concat(&mut self, i: Instr) {
        self.light = Some(Helper::Concatenate);
        self.step(i);
    }
    fn close(&mut self, i: Instr) {
        self.light = Some(Helper::CloseVariables);
        self.step(i);
    }
    fn tbc(&mut self, i: Instr) {
        self.light = Some(Helper::MarkVariable);
        self.step(i);
    }
    fn self_any(&mut self, i: Instr) {
        self.light = Some(Helper::GetMethod);
        self.step(i);
    }
    fn tforcall_next(&mut self, i: Instr) {
        self.light = Some(Helper::NextEntry);
        self.step(i);
    }
    fn step(&mut self, i: Instr) {
        self.leave_to_runtime();
        // Whatever it writes stands from its first operand on, if it writes.
        self.known.forget_from(i.a().into());
    }

    fn move_(&mut self, i: Instr) {
        self.copy(i.a(), i.b());
    }
    fn loadi(&mut self, i: Instr) {
        self.load_int(i.a(), i.d().into());
    }
    fn loadf(&mut self, i: Instr) {
        self.load_float(i.a(), i.d().into());
    }
    fn loadk(&mut self, i: Instr) {
        self.load_constant(i.a(), i.du());
    }
    fn loadnil(&mut self, i: Instr) {
        for r in i.a()..=i.a() + i.b() {
            self.put_simple(r, tag::NIL);
        }
    }
    fn loadfalse(&mut self, i: Instr) {
        self.put_simple(i.a(), tag::FALSE);
    }
    fn loadtrue(&mut self, i: Instr) {
        self.put_simple(i.a(), tag::TRUE);
    }
    fn getupval(&mut self, i: Instr) {
        self.get_upvalue(i);
    }
    fn setupval(&mut self, i: Instr) {
        self.set_upvalue(i);
    }
    fn not(&mut self, i: Instr) {
        self.negate(i);
    }
    fn len(&mut self, i: Instr) {
        self.light = Some(Helper::Length);
        self.length(i);
    }

    fn getfield(&mut self, i: Instr) {
        self.get_cached(i);
    }
    fn self_(&mut self, i: Instr) {
        self.self_cached(i);
    }
    fn setfield(&mut self, i: Instr) {
        self.set_cached(i, Source::Register(i.c()));
    }
    fn setfieldk(&mut self, i: Instr) {
        self.set_cached(i, Source::Constant(i.c()));
    }
    fn settabup(&mut self, i: Instr) {
        self.set_cached_global(i);
    }
    fn getfield_slot(&mut self, i: Instr) {
        self.light = Some(Helper::GetSlot);
        self.get_slot(i);
    }
    fn getfield_node(&mut self, i: Instr) {
        self.get_node(i);
    }
    fn gettabup_node(&mut self, i: Instr) {
        self.get_global_node(i);
    }
    fn getfield_poly(&mut self, i: Instr) {
        self.light = Some(Helper::GetCached);
        self.get_one_of(i);
    }
    fn getfield_class(&mut self, i: Instr) {
        self.light = Some(Helper::GetCached);
        self.get_class_field(i);
    }
    fn gettabup_slot(&mut self, i: Instr) {
        self.light = Some(Helper::GetSlot);
        self.get_global_slot(i);
    }
    fn self_slot(&mut self, i: Instr) {
        Baseline::self_slot(self, i);
    }
    fn self_class(&mut self, i: Instr) {
        self.light = Some(Helper::GetCachedMethod);
        Baseline::self_class(self, i);
    }
    fn setfield_slot(&mut self, i: Instr) {
        self.light = Some(Helper::SetSlot);
        self.set_slot(i, Source::Register(i.c()));
    }
    fn setfield_site(&mut self, i: Instr) {
        self.light = Some(Helper::SetSite);
        self.set_by_site(i, Source::Register(i.c()));
    }
    fn setfieldk_slot(&mut self, i: Instr) {
        self.light = Some(Helper::SetSlot);
        self.set_slot(i, Source::Constant(i.c()));
    }
    fn setfieldk_site(&mut self, i: Instr) {
        self.light = Some(Helper::SetSite);
        self.set_by_site(i, Source::Constant(i.c()));
    }
    fn settabup_slot(&mut self, i: Instr) {
        self.light = Some(Helper::SetSlot);
        self.set_global_slot(i);
    }
    fn getindex_int(&mut self, i: Instr) {
        self.light = Some(Helper::GetElement);
        self.get_element(i, kind::INT);
    }
    fn getindex_float(&mut self, i: Instr) {
        self.light = Some(Helper::GetElement);
        self.get_element(i, kind::FLOAT);
    }
    fn getindex_generic(&mut self, i: Instr) {
        self.light = Some(Helper::GetElement);
        self.get_element(i, kind::GENERIC);
    }
    fn getindex_any(&mut self, i: Instr) {
        self.light = Some(Helper::GetItem);
        self.get_any_element(i);
    }
    fn getindex(&mut self, i: Instr) {
        self.light = Some(Helper::GetKey);
        self.get_any_element(i);
    }
    fn setindex(&mut self, i: Instr) {
        self.light = Some(Helper::SetKey);
        self.set_any_element(i.a(), i.b(), Source::Register(i.c()));
    }
    fn setindex_any(&mut self, i: Instr) {
        self.light = Some(Helper::SetItem);
        self.set_any_element(i.a(), i.b(), Source::Register(i.c()));
    }
    fn setindexk(&mut self, i: Instr) {
        self.light = Some(Helper::SetItem);
        self.set_any_element(i.a(), i.b(), Source::Constant(i.c()));
    }
    fn setint(&mut self, i: Instr) {
        self.light = Some(Helper::SetNumber);
        self.set_numbered(i, Source::Register(i.c()));
    }
    fn setintk(&mut self, i: Instr) {
        self.light = Some(Helper::SetNumber);
        self.set_numbered(i, Source::Constant(i.c()));
    }
    fn vararg(&mut self, i: Instr) {
        self.varargs(i);
    }
    fn varargprep(&mut self, i: Instr) {
        self.begin_varargs(i);
    }
    fn tforcall_ipairs(&mut self, i: Instr) {
        self.light = Some(Helper::NextItem);
        self.next_item(i);
    }
    fn getint(&mut self, i: Instr) {
        self.light = Some(Helper::GetNumber);
        self.get_numbered(i);
    }
    fn setindex_int(&mut self, i: Instr) {
        self.set_element(i, kind::INT);
    }
    fn setindex_float(&mut self, i: Instr) {
        self.set_element(i, kind::FLOAT);
    }
    fn setindex_generic(&mut self, i: Instr) {
        self.set_element(i, kind::GENERIC);
    }

    fn add_int(&mut self, i: Instr) {
        self.int_op(Op::Add, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn add_float(&mut self, i: Instr) {
        self.float_op(
            Falu::Add,
            i.a(),
            Operand::Register(i.b()),
            Operand::Register(i.c()),
        );
    }
    fn add_any(&mut self, i: Instr) {
        self.number_op(Op::Add, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn sub_int(&mut self, i: Instr) {
        self.int_op(Op::Sub, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn sub_float(&mut self, i: Instr) {
        self.float_op(
            Falu::Sub,
            i.a(),
            Operand::Register(i.b()),
            Operand::Register(i.c()),
        );
    }
    fn sub_any(&mut self, i: Instr) {
        self.number_op(Op::Sub, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn mul_int(&mut self, i: Instr) {
        self.int_op(Op::Mul, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn mul_float(&mut self, i: Instr) {
        self.float_op(
            Falu::Mul,
            i.a(),
            Operand::Register(i.b()),
            Operand::Register(i.c()),
        );
    }
    fn mul_any(&mut self, i: Instr) {
        self.number_op(Op::Mul, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn div_float(&mut self, i: Instr) {
        self.float_op(
            Falu::Div,
            i.a(),
            Operand::Register(i.b()),
            Operand::Register(i.c()),
        );
    }
    fn div_any(&mut self, i: Instr) {
        self.divide_numbers(i.a(), i.b(), Operand::Register(i.c()));
    }
    fn addk_int(&mut self, i: Instr) {
        self.int_op(Op::Add, i.a(), i.b(), self.number(i.du()));
    }
    fn addk_float(&mut self, i: Instr) {
        self.float_op(Falu::Add, i.a(), Operand::Register(i.b()), self.number(i.du()));
    }
    fn addk_any(&mut self, i: Instr) {
        self.number_op(Op::Add, i.a(), i.b(), self.number(i.du()));
    }
    fn subk_int(&mut self, i: Instr) {
        self.int_op(Op::Sub, i.a(), i.b(), self.number(i.du()));
    }
    fn subk_float(&mut self, i: Instr) {
        self.float_op(Falu::Sub, i.a(), Operand::Register(i.b()), self.number(i.du()));
    }
    fn subk_any(&mut self, i: Instr) {
        self.number_op(Op::Sub, i.a(), i.b(), self.number(i.du()));
    }
    fn mulk_int(&mut self, i: Instr) {
        self.int_op(Op::Mul, i.a(), i.b(), self.number(i.du()));
    }
    fn mulk_float(&mut self, i: Instr) {
        self.float_op(Falu::Mul, i.a(), Operand::Register(i.b()), self.number(i.du()));
    }
    fn mulk_any(&mut self, i: Instr) {
        self.number_op(Op::Mul, i.a(), i.b(), self.number(i.du()));
    }
    fn divk_float(&mut self, i: Instr) {
        self.float_op(Falu::Div, i.a(), Operand::Register(i.b()), self.number(i.du()));
    }
    fn divk_any(&mut self, i: Instr) {
        self.divide_numbers(i.a(), i.b(), self.number(i.du()));
    }
    fn powk(&mut self, i: Instr) {
        if !self.square_or_step(i) {
            self.step(i);
        }
    }
    fn addi(&mut self, i: Instr) {
        self.number_op(Op::Add, i.a(), i.b(), Operand::Int(i.d().into()));
    }
    fn subi(&mut self, i: Instr) {
        self.subtract_small(i);
    }
    fn mod_(&mut self, i: Instr) {
        self.division(i, Operand::Register(i.c()), false);
    }
    fn idiv(&mut self, i: Instr) {
        self.division(i, Operand::Register(i.c()), true);
    }
    fn modk(&mut self, i: Instr) {
        self.division(i, self.number(i.du()), false);
    }
    fn idivk(&mut self, i: Instr) {
        self.division(i, self.number(i.du()), true);
    }
    fn band(&mut self, i: Instr) {
        self.bit_op(Alu::And, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn bor(&mut self, i: Instr) {
        self.bit_op(Alu::Or, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn bxor(&mut self, i: Instr) {
        self.bit_op(Alu::Xor, i.a(), i.b(), Operand::Register(i.c()));
    }
    fn bandk(&mut self, i: Instr) {
        self.bits_with_constant(Alu::And, i);
    }
    fn bork(&mut self, i: Instr) {
        self.bits_with_constant(Alu::Or, i);
    }
    fn bxork(&mut self, i: Instr) {
        self.bits_with_constant(Alu::Xor, i);
    }
    fn shl(&mut self, i: Instr) {
        self.shift_op(Shift::Left, i);
    }
    fn shr(&mut self, i: Instr) {
        self.shift_op(Shift::Right, i);
    }
    fn shli(&mut self, i: Instr) {
        self.shift_by(i.a(), i.b(), i.d().into());
    }
    fn shri(&mut self, i: Instr) {
        self.shift_by(i.a(), i.b(), -i64::from(i.d()));
    }
    fn unm(&mut self, i: Instr) {
        self.minus(i);
    }
    fn bnot(&mut self, i: Instr) {
        self.not_bits(i);
    }

    fn jmp(&mut self, _: Instr) {
        self.jump();
    }
    fn eq(&mut self, i: Instr) {
        // A jump back is a safepoint.
        self.light = (self.target() > self.pc).then_some(Helper::Equal);
        self.equals(i);
    }
    fn eqk(&mut self, i: Instr) {
        self.equals_constant(i);
    }
    fn eqi(&mut self, i: Instr) {
        self.equals_immediate(i);
    }
    fn lt_int(&mut self, i: Instr) {
        self.order_ints(i, Order::Lt);
    }
    fn lt_float(&mut self, i: Instr) {
        self.order_floats(i, Order::Lt);
    }
    fn lt_any(&mut self, i: Instr) {
        self.order_numbers(i, Order::Lt);
    }
    fn le_int(&mut self, i: Instr) {
        self.order_ints(i, Order::Le);
    }
    fn le_float(&mut self, i: Instr) {
        self.order_floats(i, Order::Le);
    }
    fn le_any(&mut self, i: Instr) {
        self.order_numbers(i, Order::Le);
    }
    fn lti(&mut self, i: Instr) {
        self.order_immediate(i, Order::Lt);
    }
    fn lei(&mut self, i: Instr) {
        self.order_immediate(i, Order::Le);
    }
    fn gti(&mut self, i: Instr) {
        self.order_immediate(i, Order::Gt);
    }
    fn gei(&mut self, i: Instr) {
        self.order_immediate(i, Order::Ge);
    }
    fn test(&mut self, i: Instr) {
        self.test_truth(i);
    }
    fn testset(&mut self, i: Instr) {
        self.test_and_set(i);
    }

    fn call(&mut self, i: Instr) {
        Baseline::call_lua(self, i);
    }
    fn call_any(&mut self, i: Instr) {
        self.slow_helper = match self.job.ahead {
            true => Shared::Switch,
            false => Shared::CallNative,
        };
        Baseline::call_lua(self, i);
    }
    fn call_switch(&mut self, i: Instr) {
        self.slow_helper = Shared::Switch;
        self.step(i);
    }
    fn call_native(&mut self, i: Instr) {
        self.call_native_function(i);
    }
    fn tforcall_any(&mut self, i: Instr) {
        self.light = self.job.ahead.then_some(Helper::Iterate);
        self.call_iterator(i);
    }
    fn call_known(&mut self, i: Instr) {
        self.call_lua(i);
    }
    fn call_lua(&mut self, i: Instr) {
        Baseline::call_lua(self, i);
    }
    fn tailcall(&mut self, i: Instr) {
        self.tail(i);
    }
    fn return_(&mut self, i: Instr) {
        self.return_many(i);
    }
    fn return0(&mut self, _: Instr) {
        self.return_none();
    }
    fn return1(&mut self, i: Instr) {
        self.return_one(i.a());
    }
    fn forprep(&mut self, i: Instr) {
        self.prepare_loop(i);
    }
    fn tforprep(&mut self, i: Instr) {
        self.prepare_iteration(i);
    }
    fn forloop_int(&mut self, i: Instr) {
        self.loop_ints(i);
    }
    fn forloop(&mut self, i: Instr) {
        match self.known.tag(i.a() + 1).map(i32::from) {
            _ if !self.job.ahead => self.step(i),
            Some(tag::INT) => self.loop_certain(i, Self::next_int),
            Some(tag::FLOAT) => self.loop_certain(i, Self::next_float),
            _ => self.loop_numbers(i),
        }
    }
    fn forloop_float(&mut self, i: Instr) {
        self.loop_numbers(i);
    }
    fn tforloop(&mut self, i: Instr) {
        self.iterate(i);
    }
}
