//! Arithmetic of integers, and what puts integers into registers.

use super::native::{Host, Room, function, function_with_pool};
use super::{IMMEDIATES, INTEGERS, cut, registers, signed};
use perilune_codegen::masm::{Alu, Masm, Reg, Shift, Width};

const WIDTHS: [Width; 2] = [Width::W32, Width::W64];
const ALUS: [Alu; 6] = [Alu::Add, Alu::Sub, Alu::And, Alu::Or, Alu::Xor, Alu::Mul];
const SHIFTS: [Shift; 3] = [Shift::Left, Shift::Right, Shift::Arith];

pub fn alu(op: Alu, w: Width, a: u64, b: u64) -> u64 {
    let result = match op {
        Alu::Add => a.wrapping_add(b),
        Alu::Sub => a.wrapping_sub(b),
        Alu::And => a & b,
        Alu::Or => a | b,
        Alu::Xor => a ^ b,
        Alu::Mul => a.wrapping_mul(b),
    };
    cut(w, result)
}

fn shift(op: Shift, w: Width, a: u64, n: u64) -> u64 {
    let result = match op {
        Shift::Left => a << n,
        Shift::Right => cut(w, a) >> n,
        Shift::Arith => (signed(w, a) >> n) as u64,
    };
    cut(w, result)
}

/// Checks `emit` of d, a and b in all choices of registers: the result, and that nothing else changes.
fn binary(what: &str, emit: impl Fn(&mut Host, Reg, Reg, Reg), expect: impl Fn(u64, u64) -> u64) {
    let mut room = Room::new();
    for (d, a, b) in triples() {
        let native = function(|m| {
            m.load(Width::W64, a, Host::BASE, 0);
            m.load(Width::W64, b, Host::BASE, 8);
            emit(m, d, a, b);
            m.store(Width::W64, d, Host::BASE, 16);
            m.store(Width::W64, a, Host::BASE, 24);
            m.store(Width::W64, b, Host::BASE, 32);
        });
        for &x in INTEGERS {
            for &y in INTEGERS {
                (*room.slot(0), *room.slot(1)) = (x, y);
                native.run(&mut room);
                let left = if a == b { y } else { x };
                let result = expect(left, y);
                let after = |r, old| if r == d { result } else { old };
                let found = [*room.slot(2), *room.slot(3), *room.slot(4)];
                let expected = [result, after(a, left), after(b, y)];
                assert_eq!(found, expected, "{what} of {d:?} {a:?} {b:?}: {x:#x} {y:#x}");
            }
        }
    }
}

/// Checks `emit` of d and a, which gets a number from `numbers` as well.
fn unary<N: Copy + std::fmt::Debug>(
    what: &str,
    numbers: &[N],
    emit: impl Fn(&mut Host, Reg, Reg, N),
    expect: impl Fn(u64, N) -> u64,
) {
    let mut room = Room::new();
    for (d, a) in pairs() {
        for &n in numbers {
            let native = function(|m| {
                m.load(Width::W64, a, Host::BASE, 0);
                emit(m, d, a, n);
                m.store(Width::W64, d, Host::BASE, 8);
                m.store(Width::W64, a, Host::BASE, 16);
            });
            for &x in INTEGERS {
                *room.slot(0) = x;
                native.run(&mut room);
                let result = expect(x, n);
                let found = (*room.slot(1), *room.slot(2));
                let expected = (result, if a == d { result } else { x });
                assert_eq!(found, expected, "{what} of {d:?} {a:?} {n:?}: {x:#x}");
            }
        }
    }
}

fn pairs() -> Vec<(Reg, Reg)> {
    let each = |d| registers().into_iter().map(move |a| (d, a));
    registers().into_iter().flat_map(each).collect()
}

fn triples() -> Vec<(Reg, Reg, Reg)> {
    let each = |(d, a)| registers().into_iter().map(move |b| (d, a, b));
    pairs().into_iter().flat_map(each).collect()
}

#[test]
fn alu_of_registers() {
    for op in ALUS {
        for w in WIDTHS {
            let what = format!("{op:?} {w:?}");
            binary(&what, |m, d, a, b| m.alu(op, w, d, a, b), |x, y| alu(op, w, x, y));
        }
    }
}

#[test]
fn alu_of_immediates() {
    for op in ALUS {
        for w in WIDTHS {
            let emit = |m: &mut Host, d, a, i| m.alu_imm(op, w, d, a, i);
            let expect = |x, i| alu(op, w, x, i64::from(i) as u64);
            unary(&format!("{op:?} {w:?}"), IMMEDIATES, emit, expect);
        }
    }
}

#[test]
fn addresses() {
    let emit = |m: &mut Host, d, a, i| m.lea(d, a, i);
    unary("lea", IMMEDIATES, emit, |x, i| {
        x.wrapping_add(i64::from(i) as u64)
    });
}

#[test]
fn moves_and_signs() {
    unary("mov", &[()], |m, d, a, ()| m.mov(d, a), |x, ()| x);
    unary("neg", &[()], |m, d, a, ()| m.neg(d, a), |x, ()| x.wrapping_neg());
    unary("not", &[()], |m, d, a, ()| m.not(d, a), |x, ()| !x);
}

#[test]
fn shifts_by_immediates() {
    for op in SHIFTS {
        for (w, counts) in [
            (Width::W32, &[0, 1, 2, 3, 7, 8, 31][..]),
            (Width::W64, &[0, 1, 31, 32, 63]),
        ] {
            let emit = |m: &mut Host, d, a, n| m.shift_imm(op, w, d, a, n);
            let expect = |x, n| shift(op, w, x, u64::from(n));
            unary(&format!("{op:?} {w:?}"), counts, emit, expect);
        }
    }
}

#[test]
fn shifts_by_registers() {
    let mut room = Room::new();
    for (d, a) in pairs() {
        if d == Host::COUNT || a == Host::COUNT {
            continue;
        }
        for (op, w) in SHIFTS.iter().flat_map(|op| WIDTHS.map(|w| (*op, w))) {
            let native = function(|m| {
                m.load(Width::W64, a, Host::BASE, 0);
                m.load(Width::W64, Host::COUNT, Host::BASE, 8);
                m.shift(op, w, d, a);
                m.store(Width::W64, d, Host::BASE, 16);
            });
            let last = if w == Width::W32 { 31 } else { 63 };
            for &x in INTEGERS {
                for n in [0, 1, 2, 8, 15, 30, last] {
                    (*room.slot(0), *room.slot(1)) = (x, n);
                    native.run(&mut room);
                    let expected = shift(op, w, x, n);
                    assert_eq!(*room.slot(2), expected, "{op:?} {w:?} {d:?} {a:?}: {x:#x} {n}");
                }
            }
        }
    }
}

#[test]
fn division() {
    let mut room = Room::new();
    for &b in Host::TEMPS {
        if b == Host::RET || b == Host::TAG {
            continue;
        }
        let native = function(|m| {
            m.load(Width::W64, Host::RET, Host::BASE, 0);
            m.load(Width::W64, b, Host::BASE, 8);
            m.divide(b);
            m.store(Width::W64, b, Host::BASE, 16);
        });
        for &x in INTEGERS {
            for &y in INTEGERS {
                let (x, y) = (x as i64, y as i64);
                let (Some(quotient), Some(rest)) = (x.checked_div(y), x.checked_rem(y)) else {
                    continue;
                };
                (*room.slot(0), *room.slot(1)) = (x as u64, y as u64);
                let answer = native.run(&mut room);
                let found = (answer.ret as i64, answer.tag as i64);
                assert_eq!(found, (quotient, rest), "{b:?}: {x} / {y}");
                assert_eq!(*room.slot(2), y as u64);
            }
        }
    }
}

#[test]
fn immediates() {
    let shifted = (0..64).flat_map(|n| [1u64 << n, (1 << n) - 1, !0 << n, !(1 << n), 0xabcd << n]);
    let whole = IMMEDIATES.iter().map(|&i| i64::from(i) as u64);
    let all: Vec<u64> = shifted.chain(whole).chain(INTEGERS.iter().copied()).collect();
    let mut room = Room::new();
    for &i in &all {
        for d in registers() {
            let native = function(|m| {
                m.imm(d, i as i64);
                m.mov(Host::RET, d);
            });
            assert_eq!(native.run(&mut room).ret, i, "{d:?}");
        }
    }
}

#[test]
fn pool_entries() {
    let pool = [0x0123_4567_89ab_cdef, 1, u64::MAX];
    for filling in [0, 1, 5, 1000] {
        for d in registers() {
            let native = function_with_pool(&pool, |m| {
                m.pool(Host::TEMPS[2], 0);
                m.store(Width::W64, Host::TEMPS[2], Host::BASE, 0);
                for _ in 0..filling {
                    m.alu_imm(Alu::Add, Width::W64, Host::TEMPS[2], Host::TEMPS[2], 1);
                }
                m.pool(d, 2);
                m.store(Width::W64, d, Host::BASE, 16);
                m.pool(d, 1);
                m.store(Width::W64, d, Host::BASE, 8);
            });
            let mut room = Room::new();
            native.run(&mut room);
            assert_eq!([*room.slot(0), *room.slot(1), *room.slot(2)], pool);
        }
    }
}
