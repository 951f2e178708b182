//! Branches: forward and backward, short and long.

use super::native::{Host, Native, Room, function};
use super::{IMMEDIATES, INTEGERS, cut, registers, signed};
use perilune_codegen::masm::{Alu, Cond, Label, Masm, Width};

const WIDTHS: [Width; 3] = [Width::W8, Width::W32, Width::W64];
const CONDS: [Cond; 10] = [
    Cond::Eq,
    Cond::Ne,
    Cond::Lt,
    Cond::Le,
    Cond::Gt,
    Cond::Ge,
    Cond::Below,
    Cond::BelowEq,
    Cond::Above,
    Cond::AboveEq,
];

/// What a comparison answers; those of bytes have no signs.
fn holds(c: Cond, w: Width, a: u64, b: u64) -> bool {
    let (a, b) = (cut(w, a), cut(w, b));
    let value = |x| if w == Width::W8 { x as i64 } else { signed(w, x) };
    match c {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Lt => value(a) < value(b),
        Cond::Le => value(a) <= value(b),
        Cond::Gt => value(a) > value(b),
        Cond::Ge => value(a) >= value(b),
        Cond::Below => a < b,
        Cond::BelowEq => a <= b,
        Cond::Above => a > b,
        Cond::AboveEq => a >= b,
    }
}

/// Where the target of a branch is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    After,
    Before,
    FarBefore,
}

pub const PLACES: [Place; 3] = [Place::After, Place::Before, Place::FarBefore];

fn answer(m: &mut Host, l: Label) {
    m.bind(l);
    m.imm(Host::RET, 1);
    m.ret();
}

/// A function that answers 1 if `branch` goes to its label, otherwise 0.
pub fn taken(place: Place, branch: impl FnOnce(&mut Host, Label)) -> Native {
    function(|m| {
        let (target, start) = (m.label(), m.label());
        match place {
            Place::After => {}
            Place::Before | Place::FarBefore => {
                m.jump(start);
                answer(m, target);
            }
        }
        if matches!(place, Place::FarBefore) {
            for _ in 0..100 {
                m.trap();
            }
        }
        m.bind(start);
        branch(m, target);
        m.imm(Host::RET, 0);
        if matches!(place, Place::After) {
            m.ret();
            answer(m, target);
        }
    })
}

/// All widths with all comparisons.
fn comparisons() -> impl Iterator<Item = (Width, Cond)> {
    WIDTHS.into_iter().flat_map(|w| CONDS.map(|c| (w, c)))
}

#[test]
fn of_registers() {
    let mut room = Room::new();
    for (w, c) in comparisons() {
        for (a, b) in [(0, 1), (2, 0), (4, 3), (3, 5), (2, 2)] {
            let at = |n| Host::TEMPS[n];
            let (place, a, b) = (PLACES[a % 3], at(a), at(b));
            let native = taken(place, |m, l| {
                m.load(Width::W64, a, Host::BASE, 0);
                m.load(Width::W64, b, Host::BASE, 8);
                m.branch(c, w, a, b, l);
            });
            for &x in INTEGERS {
                for &y in INTEGERS {
                    (*room.slot(0), *room.slot(1)) = (x, y);
                    let left = if a == b { y } else { x };
                    let found = native.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, w, left, y), "{w:?} {left:#x} {c:?} {y:#x}");
                }
            }
        }
    }
}

#[test]
fn of_immediates() {
    let mut room = Room::new();
    for (w, c) in comparisons() {
        for (n, &i) in IMMEDIATES.iter().enumerate() {
            for (k, a) in registers().into_iter().enumerate() {
                let native = taken(PLACES[(n + k) % 3], |m, l| {
                    m.load(Width::W64, a, Host::BASE, 0);
                    m.branch_imm(c, w, a, i, l);
                });
                let i = i64::from(i) as u64;
                for &x in INTEGERS.iter().chain(&[i, i.wrapping_add(1), i.wrapping_sub(1)]) {
                    *room.slot(0) = x;
                    let found = native.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, w, x, i), "{w:?} {a:?}: {x:#x} {c:?} {i:#x}");
                }
            }
        }
    }
}

#[test]
fn of_memory_and_registers() {
    let mut room = Room::new();
    for (w, c) in comparisons() {
        for (k, off) in [8, -8, 2056, 39_000].into_iter().enumerate() {
            let a = registers()[k];
            let native = taken(PLACES[k % 3], |m, l| {
                m.load(Width::W64, a, Host::BASE, 0);
                m.branch_load(c, w, a, Host::BASE, off, l);
            });
            let same = taken(PLACES[k % 3], |m, l| {
                m.lea(a, Host::BASE, off);
                m.branch_load(c, w, a, a, 0, l);
            });
            let address = room.base() as i64 + i64::from(off);
            for &x in INTEGERS {
                for &y in INTEGERS {
                    *room.slot(0) = x;
                    let slot = super::native::SIDE as i64 + i64::from(off / 8);
                    room.slots[slot as usize] = y;
                    let found = native.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, w, x, y), "{w:?} {off}: {x:#x} {c:?} {y:#x}");
                    let found = same.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, w, address as u64, y), "{w:?} {off} {c:?} {y:#x}");
                }
            }
        }
    }
}

#[test]
fn of_memory_and_immediates() {
    let mut room = Room::new();
    for (w, c) in comparisons() {
        for (n, &i) in IMMEDIATES.iter().enumerate() {
            for off in [0, -8, 1024, 39_000] {
                let native = taken(PLACES[n % 3], |m, l| {
                    m.branch_load_imm(c, w, Host::BASE, off, i, l);
                });
                let i = i64::from(i) as u64;
                for &x in INTEGERS.iter().chain(&[i, i.wrapping_add(1), i.wrapping_sub(1)]) {
                    let slot = super::native::SIDE as i64 + i64::from(off / 8);
                    room.slots[slot as usize] = x;
                    let found = native.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, w, x, i), "{w:?} {off}: {x:#x} {c:?} {i:#x}");
                }
            }
        }
    }
}

#[test]
fn of_bits() {
    let mut room = Room::new();
    for (w, c) in WIDTHS.into_iter().flat_map(|w| [(w, Cond::Eq), (w, Cond::Ne)]) {
        for (n, &i) in IMMEDIATES.iter().enumerate() {
            for (k, a) in registers().into_iter().enumerate() {
                let native = taken(PLACES[(n + k) % 3], |m, l| {
                    m.load(Width::W64, a, Host::BASE, 0);
                    m.branch_bits(c, w, a, i, l);
                });
                let i = i64::from(i) as u64;
                for &x in INTEGERS.iter().chain(&[i, !i, i << 1, i << 32]) {
                    *room.slot(0) = x;
                    let found = native.run(&mut room).ret != 0;
                    let expected = holds(c, w, x & i, 0);
                    assert_eq!(found, expected, "{w:?} {a:?}: {x:#x} {c:?} {i:#x}");
                }
            }
        }
    }
}

#[test]
fn of_the_stack() {
    let mut room = Room::new();
    for place in PLACES {
        let native = taken(place, |m, l| m.branch_stack_below(Host::STATE, 16, l));
        let here = &raw const room as u64;
        for (limit, expected) in [
            (0, 0),
            (here - (1 << 20), 0),
            (here + (1 << 20), 1),
            (i64::MAX as u64, 1),
            (u64::MAX, 1),
        ] {
            room.state[2] = limit;
            assert_eq!(native.run(&mut room).ret, expected, "{place:?} {limit:#x}");
        }
    }
}

#[test]
fn loops() {
    let native = function(|m| {
        let (head, done) = (m.label(), m.label());
        m.imm(Host::RET, 0);
        m.load(Width::W64, Host::TAG, Host::BASE, 0);
        m.bind(head);
        m.branch_imm(Cond::Le, Width::W64, Host::TAG, 0, done);
        m.alu(Alu::Add, Width::W64, Host::RET, Host::RET, Host::TAG);
        m.lea(Host::TAG, Host::TAG, -1);
        m.jump(head);
        m.bind(done);
    });
    let mut room = Room::new();
    *room.slot(0) = 1000;
    let answer = native.run(&mut room);
    assert_eq!((answer.ret, answer.tag), (500_500, 0));
}

#[test]
#[should_panic(expected = "was never placed")]
fn to_nowhere() {
    function(|m| {
        let l = m.label();
        m.jump(l);
    });
}

#[test]
#[should_panic(expected = "is placed twice")]
fn two_places() {
    function(|m| {
        let l = m.label();
        m.bind(l);
        m.bind(l);
    });
}
