//! Code that all functions share, installed once: the entry from Rust, and what cold paths call or go to.

use crate::masm::{Code, Cond, Masm, Width};
use perilune_runtime::abi::{Helper, SHARED, Shared, layout, status};

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
            Shared::Switch => serve(&mut m, Helper::Switch),
            Shared::Poll => serve(&mut m, Helper::Poll),
            Shared::Exit => exit(&mut m),
            Shared::EnterSlowly => enter_slowly(&mut m),
            Shared::AfterCall => after_call(&mut m),
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

/// Answers LEAVE, NONE or DELIVERED in TAG, with frame and base in place for the latter two.
fn after_call<M: Masm>(m: &mut M) {
    let (done, finished) = (m.label(), m.label());
    m.branch_imm(Cond::Eq, Width::W32, M::TAG, status::LEAVE, done);
    m.branch_imm(Cond::Eq, Width::W32, M::TAG, status::NONE, done);
    m.branch_imm(Cond::Ne, Width::W32, M::TAG, status::EXIT, finished);
    m.mov(M::ARGS[0], M::STATE);
    m.call_helper(Helper::Finish.offset());
    m.mov(M::TAG, M::RET);
    m.bind(finished);
    reload(m);
    m.bind(done);
    m.ret();
}
