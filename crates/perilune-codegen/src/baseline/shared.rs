//! Code that all functions share, installed once: the entry from Rust, and what cold paths call or go to.

use crate::masm::{Alu, Code, Cond, Masm, Reg, Shift, Width};
use perilune_runtime::abi::{Helper, SHARED, Shared, layout, status, tag};

/// Assembles shared code; answers the offsets of the entry from Rust and of each piece too.
pub fn stubs<M: Masm>() -> (Code, u32, [u32; SHARED]) {
    let mut m = M::new();
    let entry = m.offset();
    m.entry_from_rust(layout::STATE_STATUS);
    let pieces = Shared::ALL.map(|piece| {
        let at = m.offset();
        m.enter();
        match piece {
            Shared::Step => serve(&mut m, Helper::Step),
            Shared::CallNative => serve(&mut m, Helper::CallNative),
            Shared::Switch => switch(&mut m),
            Shared::Poll => serve(&mut m, Helper::Poll),
            Shared::Exit => exit(&mut m),
            Shared::EnterSlowly => enter_slowly(&mut m),
            Shared::AfterCall => after_call(&mut m),
            Shared::Deliver => deliver(&mut m),
        }
        at
    });
    (m.finish(), entry, pieces)
}

/// The frame's record, after a helper.
pub(super) fn reload_frame<M: Masm>(m: &mut M) {
    m.load(Width::W64, M::FRAME, M::STATE, layout::STATE_THREAD);
    m.load(Width::W64, M::FRAME, M::FRAME, layout::THREAD_FRAME);
}
/// Frame and base, after a helper.
pub(super) fn reload<M: Masm>(m: &mut M) {
    reload_frame(m);
    m.load(Width::W64, M::BASE, M::FRAME, layout::FRAME_BASE);
}
/// State, base and frame as the first arguments of a helper.
pub(super) fn pass_frame<M: Masm>(m: &mut M) {
    m.mov(M::ARGS[0], M::STATE);
    m.mov(M::ARGS[1], M::BASE);
    m.mov(M::ARGS[2], M::FRAME);
}

/// Calls a helper for the frame, with its last argument in place; its answer is the result.
fn serve<M: Masm>(m: &mut M, helper: Helper) {
    pass_frame(m);
    m.call_helper(helper.offset());
    reload(m);
    m.ret();
}

/// As [`serve`], where another frame may be the running one then: the helper answers that, too, in the second register of
/// the convention, which is [`Masm::TAG`] on every target.
fn switch<M: Masm>(m: &mut M) {
    pass_frame(m);
    m.call_helper(Helper::Switch.offset());
    m.mov(M::FRAME, M::TAG);
    m.load(Width::W64, M::BASE, M::FRAME, layout::FRAME_BASE);
    m.ret();
}

/// The frame goes on in the interpreter; the last argument of the helper is in place.
fn exit<M: Masm>(m: &mut M) {
    pass_frame(m);
    m.call_helper(Helper::Exit.offset());
    m.mov(M::TAG, M::RET);
    reload_frame(m);
    m.ret();
}

/// A call goes on in the runtime, and returns from there.
fn enter_slowly<M: Masm>(m: &mut M) {
    m.mov(M::ARGS[3], M::NARGS);
    pass_frame(m);
    m.call_helper(Helper::EnterSlowly.offset());
    m.mov(M::TAG, M::RET);
    reload_frame(m);
    m.ret();
}

/// Answers LEAVE, NONE, PLACED or DELIVERED in TAG, with frame and base in place for all but the first.
fn after_call<M: Masm>(m: &mut M) {
    let (done, finished) = (m.label(), m.label());
    m.branch_imm(Cond::Eq, Width::W32, M::TAG, status::LEAVE, done);
    m.branch_imm(Cond::Eq, Width::W32, M::TAG, status::NONE, done);
    m.branch_imm(Cond::Eq, Width::W32, M::TAG, status::PLACED, done);
    m.branch_imm(Cond::Ne, Width::W32, M::TAG, status::EXIT, finished);
    m.mov(M::ARGS[0], M::STATE);
    m.call_helper(Helper::Finish.offset());
    m.mov(M::TAG, M::RET);
    m.bind(finished);
    reload(m);
    m.bind(done);
    m.ret();
}

/// NARGS values from the address RET on go to the address TAG and those above, as many as the caller's mark says. The
/// frame is gone then.
fn deliver<M: Masm>(m: &mut M) {
    let free: Vec<Reg> = M::TEMPS
        .iter()
        .copied()
        .filter(|r| ![M::RET, M::TAG, M::NARGS].contains(r))
        .collect();
    let (want, open, v) = (free[0], free[1], free[2]);
    let (not, exactly, round, nils, done) = (m.label(), m.label(), m.label(), m.label(), m.label());
    m.load(Width::W64, want, M::FRAME, layout::FRAME + layout::FRAME_PC);
    m.branch_bits(Cond::Eq, Width::W32, want, 1, not);
    m.shift_imm(Shift::Right, Width::W64, v, want, layout::MARK_RARE);
    m.branch_imm(Cond::Ne, Width::W64, v, 0, not);
    m.alu_imm(Alu::Add, Width::W64, M::FRAME, M::FRAME, layout::FRAME);
    m.lea(M::BASE, M::TAG, layout::VALUE);
    m.shift_imm(Shift::Right, Width::W64, want, want, layout::MARK_RESULTS);
    m.alu_imm(Alu::And, Width::W32, want, want, 0xff);
    m.mov(open, want);
    m.alu_imm(Alu::Sub, Width::W64, want, want, 1);
    m.branch_imm(Cond::Ne, Width::W64, open, 0, exactly);
    m.mov(want, M::NARGS);
    m.bind(exactly);
    m.bind(round);
    m.branch_imm(Cond::Eq, Width::W64, want, 0, done);
    m.branch_imm(Cond::Eq, Width::W64, M::NARGS, 0, nils);
    for (width, part) in [(Width::W64, 0), (Width::W8, layout::VALUE_TAG)] {
        m.load(width, v, M::RET, part);
        m.store(width, v, M::TAG, part);
    }
    m.alu_imm(Alu::Add, Width::W64, M::RET, M::RET, layout::VALUE);
    m.alu_imm(Alu::Add, Width::W64, M::TAG, M::TAG, layout::VALUE);
    m.alu_imm(Alu::Sub, Width::W64, M::NARGS, M::NARGS, 1);
    m.alu_imm(Alu::Sub, Width::W64, want, want, 1);
    m.jump(round);
    m.bind(nils);
    m.store_imm(Width::W64, 0, M::TAG, 0);
    m.store_imm(Width::W8, tag::NIL, M::TAG, layout::VALUE_TAG);
    m.alu_imm(Alu::Add, Width::W64, M::TAG, M::TAG, layout::VALUE);
    m.alu_imm(Alu::Sub, Width::W64, want, want, 1);
    m.branch_imm(Cond::Ne, Width::W64, want, 0, nils);
    m.bind(done);
    let closed = m.label();
    m.branch_imm(Cond::Ne, Width::W64, open, 0, closed);
    m.load(Width::W64, v, M::STATE, layout::STATE_THREAD);
    m.store(Width::W64, M::TAG, v, layout::THREAD_TOP);
    m.bind(closed);
    m.imm(M::TAG, status::PLACED.into());
    m.ret();
    m.bind(not);
    m.imm(M::TAG, 0);
    m.ret();
}
