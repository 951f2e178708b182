//! Calls: from Rust, of compiled code, of helpers.

use super::native::{Helper, Host, KEPT, Native, Room, STATUS, function, mix, run_another, stack_pointer};
use perilune_codegen::masm::{Alu, Cond, Masm, Reg, Width};

/// Where in the state tests put addresses.
const SLOT: i32 = 64;

fn put(room: &mut Room, n: i32, address: u64) {
    room.state[((SLOT + 8 * n) / 8) as usize] = address;
}

fn helper(room: &mut Room, n: i32, helper: Helper) {
    put(room, n, helper as usize as u64);
}

#[test]
fn entry() {
    let pinned = [Host::BASE, Host::FRAME, Host::STATE, Host::WORD];
    let native = function(|m| {
        for (off, r) in (0..).step_by(8).zip(pinned) {
            m.store(Width::W64, r, Host::BASE, off);
        }
        m.store(Width::W64, Host::NARGS, Host::BASE, 32);
        m.imm(Host::RET, 0x1234_5678_9abc);
        m.imm(Host::TAG, -7);
    });
    let mut room = Room::new();
    *room.slot(4) = 99;
    let answer = native.run(&mut room);
    assert_eq!((answer.ret, answer.tag), (0x1234_5678_9abc, -7i64 as u64));
    let expected = [
        room.base() as u64,
        room.frame.as_ptr() as u64,
        room.state.as_ptr() as u64,
        room.word.as_ptr() as u64,
        0,
    ];
    assert_eq!(expected, [0, 1, 2, 3, 4].map(|n| *room.slot(n)));
    assert_eq!(room.state[STATUS as usize / 8], -7i64 as u64);
}

/// Assembles a call of the helper `n` with its arguments from the slots 0 to 4.
fn call_with_slots(m: &mut Host, n: i32) {
    for (off, r) in (0..).step_by(8).zip(Host::ARGS) {
        m.load(Width::W64, r, Host::BASE, off);
    }
    m.call_helper(SLOT + 8 * n);
}

#[test]
fn helpers() {
    let native = function(|m| call_with_slots(m, 0));
    let mut room = Room::new();
    helper(&mut room, 0, mix);
    for n in 0..5 {
        *room.slot(n) = 0x1111_2222_3333 << n;
    }
    let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|n| *room.slot(n));
    assert_eq!(native.run(&mut room).ret, mix(a, b, c, d, e));
}

#[test]
fn helpers_find_the_stack_aligned() {
    let inner = function(|m| {
        m.call_helper(SLOT);
        m.store(Width::W64, Host::RET, Host::BASE, 8);
    });
    let outer = function(|m| {
        m.call_helper(SLOT);
        m.store(Width::W64, Host::RET, Host::BASE, 0);
        m.call(Host::STATE, SLOT + 8);
        m.call_helper(SLOT);
        m.store(Width::W64, Host::RET, Host::BASE, 16);
    });
    let mut room = Room::new();
    helper(&mut room, 0, stack_pointer);
    put(&mut room, 1, inner.start());
    outer.run(&mut room);
    let [first, nested, last] = [0, 1, 2].map(|n| *room.slot(n));
    assert!(first % 16 == 0 && nested % 16 == 0, "{first:#x} {nested:#x}");
    assert!(first == last && nested <= first && first - nested <= 16);
}

#[test]
fn calls_of_compiled_code() {
    // The inner function sees the number of arguments and the pinned registers of the outer one.
    let inner = function(|m| {
        m.lea(Host::RET, Host::NARGS, 100);
        m.load(Width::W64, Host::TAG, Host::BASE, 0);
    });
    let mut room = Room::new();
    put(&mut room, 0, inner.start());
    for base in [Host::STATE, Host::TEMPS[2], Host::TEMPS[0]] {
        for off in [SLOT, 40_000] {
            let outer = function(|m| {
                m.lea(base, Host::STATE, SLOT - off);
                m.imm(Host::NARGS, 5);
                m.call(base, off);
                m.lea(Host::RET, Host::RET, 1000);
                m.lea(Host::TAG, Host::TAG, 1);
            });
            if base == Host::STATE && off != SLOT {
                continue;
            }
            *room.slot(0) = 41;
            let answer = outer.run(&mut room);
            assert_eq!((answer.ret, answer.tag), (1105, 42), "{base:?} {off}");
        }
    }
}

#[test]
fn tail_calls() {
    // Each returns past the others to the entry.
    let last = function(|m| m.lea(Host::RET, Host::NARGS, 1));
    let mut room = Room::new();
    put(&mut room, 0, last.start());
    for base in [Host::STATE, Host::TEMPS[4]] {
        let middle = function(|m| {
            m.lea(Host::NARGS, Host::NARGS, 10);
            m.mov(base, Host::STATE);
            m.tail_call(base, SLOT);
            m.trap();
        });
        put(&mut room, 1, middle.start());
        let first = function(|m| {
            m.lea(Host::NARGS, Host::NARGS, 100);
            m.tail_call(Host::STATE, SLOT + 8);
            m.trap();
        });
        put(&mut room, 2, first.start());
        let caller = function(|m| {
            m.call(Host::STATE, SLOT + 16);
            m.lea(Host::RET, Host::RET, 1000);
        });
        assert_eq!(first.run(&mut room).ret, 111, "{base:?}");
        assert_eq!(caller.run(&mut room).ret, 1111, "{base:?}");
    }
}

#[test]
fn recursion() {
    // Calls itself as often as slot 0 says, and comes back that often.
    let native = function(|m| {
        let done = m.label();
        m.branch_load_imm(Cond::Eq, Width::W64, Host::BASE, 0, 0, done);
        m.alu_store_imm(Alu::Sub, Width::W64, 1, Host::BASE, 0);
        m.call(Host::STATE, SLOT);
        m.call_helper(SLOT + 8);
        m.alu_store_imm(Alu::Add, Width::W32, 1, Host::BASE, 8);
        m.bind(done);
    });
    let mut room = Room::new();
    put(&mut room, 0, native.start());
    helper(&mut room, 1, mix);
    (*room.slot(0), *room.slot(1)) = (1000, 0xffff_ffff_0000_0000);
    native.run(&mut room);
    assert_eq!((*room.slot(0), *room.slot(1)), (0, 0xffff_ffff_0000_03e8));
}

#[test]
fn jumps_to_addresses() {
    let mut room = Room::new();
    for &r in Host::TEMPS {
        let mut target = None;
        let native = function(|m| {
            let l = m.label();
            m.load(Width::W64, r, Host::BASE, 0);
            m.jump_to(r);
            m.trap();
            m.bind(l);
            m.imm(Host::RET, 77);
            target = Some(l);
        });
        *room.slot(0) = native.address(target.expect("a label"));
        assert_eq!(native.run(&mut room).ret, 77, "{r:?}");
    }
}

/// A function that stores the pinned registers into slots from `off` on.
fn store_pinned(m: &mut Host, off: i32) {
    let pinned: [Reg; 4] = [Host::BASE, Host::FRAME, Host::STATE, Host::WORD];
    for (n, r) in (0..).step_by(8).zip(pinned) {
        m.store(Width::W64, r, Host::BASE, off + n);
    }
}

#[test]
fn an_entry_within_a_helper_keeps_the_registers() {
    let inner: Native = function(|m| {
        store_pinned(m, 0);
        for r in [Host::BASE, Host::FRAME, Host::WORD] {
            m.imm(r, 0);
        }
        m.imm(Host::RET, 55);
    });
    let outer = function(|m| {
        store_pinned(m, 0);
        m.load(Width::W64, Host::ARGS[0], Host::STATE, SLOT + 8);
        m.call_helper(SLOT);
        store_pinned(m, 32);
    });
    let mut room = Room::new();
    helper(&mut room, 0, run_another);
    put(&mut room, 1, &raw const inner as u64);
    assert_eq!(outer.run(&mut room).ret, 55);
    let found = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| *room.slot(n));
    assert_eq!(found[..4], found[4..]);
    assert_eq!(found[0], room.base() as u64);
}

#[test]
fn the_entry_keeps_what_the_convention_wants() {
    let native = function(|m| {
        call_with_slots(m, 0);
        for r in [Host::BASE, Host::FRAME, Host::WORD] {
            m.imm(r, 0);
        }
        for &r in Host::TEMPS {
            m.imm(r, -1);
        }
        for &f in Host::FTEMPS {
            m.fimm(f, -1.0);
        }
    });
    let mut room = Room::new();
    helper(&mut room, 0, mix);
    assert_eq!(native.run_watched(&mut room), KEPT);
    assert_eq!(room.state[STATUS as usize / 8], u64::MAX);
}
