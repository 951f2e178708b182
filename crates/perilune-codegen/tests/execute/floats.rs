//! Floats: arithmetic, conversions, comparisons.

use super::branches::{PLACES, taken};
use super::native::{Host, Room, function};
use super::{INTEGERS, registers};
use perilune_codegen::masm::{FCond, FReg, Falu, Funary, Masm, Width};

/// Floats at the edges of what instructions treat alike. All NaNs are quiet.
const FLOATS: &[u64] = &[
    0,
    1 << 63,
    1,
    0x8000_0000_0000_0001,
    0x000f_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
    0x3fef_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x3ff8_0000_0000_0000,
    0xbff8_0000_0000_0000,
    0x4004_0000_0000_0000,
    0xc004_0000_0000_0000,
    0x3fb9_9999_9999_999a,
    0x4320_0000_0000_0001,
    0x4330_0000_0000_0001,
    0xc330_0000_0000_0001,
    0x43df_ffff_ffff_ffff,
    0x43e0_0000_0000_0000,
    0xc3e0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_0000_0000_1234,
    0xfff8_0000_0000_4321,
];

/// Some registers.
fn fregisters() -> [FReg; 4] {
    let temps = Host::FTEMPS;
    [temps[0], temps[1], temps[7], temps[temps.len() - 1]]
}

fn triples() -> impl Iterator<Item = (FReg, FReg, FReg)> {
    let all = fregisters();
    let pairs = all.into_iter().flat_map(move |d| all.map(|a| (d, a)));
    pairs.flat_map(move |(d, a)| all.map(|b| (d, a, b)))
}

/// What an operation answers. A NaN among the operands is the result, the left one if both are; a
/// NaN that the operation makes may have any bits (none).
fn falu(op: Falu, a: u64, b: u64) -> Option<u64> {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    if x.is_nan() || y.is_nan() {
        return Some(if x.is_nan() { a } else { b });
    }
    let result = match op {
        Falu::Add => x + y,
        Falu::Sub => x - y,
        Falu::Mul => x * y,
        Falu::Div => x / y,
    };
    (!result.is_nan()).then_some(result.to_bits())
}

fn check(found: u64, expected: Option<u64>, what: &str) {
    match expected {
        Some(bits) => assert_eq!(found, bits, "{what}: {found:#x} instead of {bits:#x}"),
        None => assert!(f64::from_bits(found).is_nan(), "{what}: {found:#x} is no NaN"),
    }
}

#[test]
fn arithmetic() {
    let mut room = Room::new();
    for op in [Falu::Add, Falu::Sub, Falu::Mul, Falu::Div] {
        for (d, a, b) in triples() {
            let native = function(|m| {
                m.fload(a, Host::BASE, 0);
                m.fload(b, Host::BASE, 8);
                m.falu(op, d, a, b);
                m.fstore(d, Host::BASE, 16);
                m.fstore(a, Host::BASE, 24);
                m.fstore(b, Host::BASE, 32);
            });
            for &x in FLOATS {
                for &y in FLOATS {
                    (*room.slot(0), *room.slot(1)) = (x, y);
                    native.run(&mut room);
                    let what = format!("{op:?} {d:?} {a:?} {b:?}: {x:#x} {y:#x}");
                    let left = if a == b { y } else { x };
                    check(*room.slot(2), falu(op, left, y), &what);
                    if a != d {
                        assert_eq!(*room.slot(3), left, "{what}");
                    }
                    if b != d {
                        assert_eq!(*room.slot(4), y, "{what}");
                    }
                }
            }
        }
    }
}

fn funary(op: Funary, x: u64) -> Option<u64> {
    let f = f64::from_bits(x);
    let sign = 1 << 63;
    match op {
        Funary::Neg => Some(x ^ sign),
        Funary::Abs => Some(x & !sign),
        Funary::Sqrt | Funary::Floor if f.is_nan() => Some(x),
        Funary::Sqrt if f < 0.0 => None,
        Funary::Sqrt => Some(f.sqrt().to_bits()),
        Funary::Floor => Some(f.floor().to_bits()),
    }
}

#[test]
fn of_one_operand() {
    let mut room = Room::new();
    for op in [Funary::Neg, Funary::Abs, Funary::Sqrt, Funary::Floor] {
        for (d, a) in fregisters()
            .into_iter()
            .flat_map(|d| fregisters().map(|a| (d, a)))
        {
            let native = function(|m| {
                m.fload(a, Host::BASE, 0);
                m.funary(op, d, a);
                m.fstore(d, Host::BASE, 8);
                m.fstore(a, Host::BASE, 16);
            });
            for &x in FLOATS {
                *room.slot(0) = x;
                native.run(&mut room);
                let what = format!("{op:?} {d:?} {a:?}: {x:#x}");
                check(*room.slot(1), funary(op, x), &what);
                assert!(a == d || *room.slot(2) == x, "{what}");
            }
        }
    }
}

#[test]
fn to_and_from_integers() {
    let mut room = Room::new();
    for (f, r) in fregisters()
        .into_iter()
        .flat_map(|f| registers().into_iter().map(move |r| (f, r)))
    {
        let from = function(|m| {
            m.load(Width::W64, r, Host::BASE, 0);
            m.from_int(f, r);
            m.fstore(f, Host::BASE, 8);
        });
        let to = function(|m| {
            m.fload(f, Host::BASE, 0);
            m.to_int(r, f);
            m.mov(Host::RET, r);
        });
        for &x in INTEGERS {
            *room.slot(0) = x;
            from.run(&mut room);
            assert_eq!(*room.slot(1), (x as i64 as f64).to_bits(), "{f:?} {r:?}: {x:#x}");
        }
        for &x in FLOATS {
            *room.slot(0) = x;
            let (found, x) = (to.run(&mut room).ret, f64::from_bits(x));
            let fits = (-(2f64.powi(63))..2f64.powi(63)).contains(&x);
            assert!(!fits || found == x as i64 as u64, "{f:?} {r:?}: {x} {found:#x}");
        }
    }
}

#[test]
fn bits() {
    let mut room = Room::new();
    for (f, r) in fregisters()
        .into_iter()
        .flat_map(|f| registers().into_iter().map(move |r| (f, r)))
    {
        let there = function(|m| {
            m.load(Width::W64, r, Host::BASE, 0);
            m.from_bits(f, r);
            m.fstore(f, Host::BASE, 8);
        });
        let back = function(|m| {
            m.fload(f, Host::BASE, 0);
            m.bits(r, f);
            m.mov(Host::RET, r);
        });
        for &x in FLOATS.iter().chain(INTEGERS) {
            *room.slot(0) = x;
            there.run(&mut room);
            assert_eq!(*room.slot(1), x, "{f:?} {r:?}");
            assert_eq!(back.run(&mut room).ret, x, "{f:?} {r:?}");
        }
    }
}

#[test]
fn immediates() {
    let mut room = Room::new();
    let small = (-80..80).map(|n| (f64::from(n) / 8.0).to_bits());
    for x in FLOATS.iter().copied().chain(small) {
        for f in fregisters() {
            let native = function(|m| {
                m.fimm(f, f64::from_bits(x));
                m.fstore(f, Host::BASE, 0);
            });
            native.run(&mut room);
            assert_eq!(*room.slot(0), x, "{f:?}");
        }
    }
}

fn holds(c: FCond, a: f64, b: f64) -> bool {
    match c {
        FCond::Eq => a == b,
        FCond::Lt => a < b,
        FCond::Le => a <= b,
        FCond::NotEq => a != b,
        FCond::NotLt => a.is_nan() || b.is_nan() || a >= b,
        FCond::NotLe => a.is_nan() || b.is_nan() || a > b,
    }
}

#[test]
fn branches() {
    let mut room = Room::new();
    for c in [
        FCond::Eq,
        FCond::Lt,
        FCond::Le,
        FCond::NotEq,
        FCond::NotLt,
        FCond::NotLe,
    ] {
        for (n, (_, a, b)) in triples().enumerate() {
            let native = taken(PLACES[n % 3], |m, l| {
                m.fload(a, Host::BASE, 0);
                m.fload(b, Host::BASE, 8);
                m.fbranch(c, a, b, l);
            });
            for &x in FLOATS {
                for &y in FLOATS {
                    (*room.slot(0), *room.slot(1)) = (x, y);
                    let (x, y) = (f64::from_bits(if a == b { y } else { x }), f64::from_bits(y));
                    let found = native.run(&mut room).ret != 0;
                    assert_eq!(found, holds(c, x, y), "{a:?} {b:?}: {x} {c:?} {y}");
                }
            }
        }
    }
}
