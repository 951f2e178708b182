//! Loads and stores, also those within arithmetic.

use super::integers::alu;
use super::native::{Host, Room, SIDE, function};
use super::{IMMEDIATES, INTEGERS, cut, registers};
use perilune_codegen::masm::{Alu, FReg, Masm, Reg, Width};

const WIDTHS: [Width; 3] = [Width::W8, Width::W32, Width::W64];

/// Offsets at the edges of what instructions can hold, aligned and not.
const OFFSETS: &[i32] = &[
    0,
    1,
    -1,
    4,
    8,
    127,
    128,
    -128,
    -129,
    255,
    256,
    257,
    -255,
    -256,
    -257,
    4095,
    4096,
    4097,
    16_380,
    16_384,
    32_760,
    32_761,
    32_768,
    65_535,
    65_536,
    -65_536,
    -65_537,
    0x00ff_ffff,
    0x1234_5678,
    i32::MAX,
    i32::MIN,
    i32::MIN + 1,
];

const OLD: u64 = 0x0807_0605_0403_0201;

/// What is left in memory of `old` when `new` is stored.
fn stored(w: Width, old: u64, new: u64) -> u64 {
    let mask = cut(w, u64::MAX);
    old & !mask | new & mask
}

/// The room's base less `off`, so that an access with `off` meets the base.
fn before(room: &mut Room, off: i32) -> i64 {
    (room.base() as i64).wrapping_sub(i64::from(off))
}

/// Two different registers other than `r`.
fn others(r: Reg) -> (Reg, Reg) {
    let mut rest = Host::TEMPS.iter().copied().filter(|&x| x != r);
    let first = rest.next().expect("a register");
    (rest.next_back().expect("a register"), first)
}

#[test]
fn loads() {
    let mut room = Room::new();
    for (w, &off) in WIDTHS
        .iter()
        .flat_map(|w| OFFSETS.iter().map(move |off| (*w, off)))
    {
        for d in registers() {
            let (other, _) = others(d);
            for base in [d, other] {
                let address = before(&mut room, off);
                let native = function(|m| {
                    m.imm(base, address);
                    m.load(w, d, base, off);
                    m.mov(Host::RET, d);
                });
                for x in [OLD, u64::MAX, 0x8080_8080_8080_8080] {
                    *room.slot(0) = x;
                    assert_eq!(native.run(&mut room).ret, cut(w, x), "{w:?} {d:?} {base:?} {off}");
                }
            }
        }
    }
}

#[test]
fn stores() {
    let mut room = Room::new();
    for (w, &off) in WIDTHS
        .iter()
        .flat_map(|w| OFFSETS.iter().map(move |off| (*w, off)))
    {
        let address = before(&mut room, off);
        for s in registers() {
            let (base, _) = others(s);
            let native = function(|m| {
                m.imm(base, address);
                m.imm(s, 0x1122_3344_5566_7788);
                m.store(w, s, base, off);
                m.store(Width::W64, s, Host::BASE, 8);
            });
            *room.slot(0) = OLD;
            native.run(&mut room);
            let expected = stored(w, OLD, 0x1122_3344_5566_7788);
            assert_eq!(*room.slot(0), expected, "{w:?} {s:?} {off}");
            assert_eq!(*room.slot(1), 0x1122_3344_5566_7788, "{w:?} {s:?} {off}");
        }
        for &i in IMMEDIATES {
            let native = function(|m| {
                m.imm(Host::TEMPS[4], address);
                m.store_imm(w, i, Host::TEMPS[4], off);
            });
            *room.slot(0) = OLD;
            native.run(&mut room);
            let expected = stored(w, OLD, i64::from(i) as u64);
            assert_eq!(*room.slot(0), expected, "{w:?} {i} {off}");
        }
    }
}

#[test]
fn every_base() {
    let pinned = [Host::BASE, Host::FRAME, Host::STATE, Host::WORD];
    let mut room = Room::new();
    room.frame[0] = 22;
    room.state[0] = 33;
    room.word[0] = 44;
    for (base, expected) in pinned.into_iter().zip([11, 22, 33, 44]) {
        *room.slot(0) = 11;
        *room.slot(1) = 0;
        let native = function(|m| {
            m.load(Width::W64, Host::RET, base, 0);
            m.imm(Host::TAG, 1);
            m.load_index(Width::W64, Host::TAG, base, Host::TAG, 0, -1);
            m.imm(Host::NARGS, 0);
            m.lea(Host::TEMPS[2], base, 0);
            m.alu(Alu::Add, Width::W64, Host::TEMPS[3], base, Host::NARGS);
            m.alu(Alu::Sub, Width::W64, Host::TEMPS[2], Host::TEMPS[2], base);
            m.alu(Alu::Sub, Width::W64, Host::TEMPS[3], Host::TEMPS[3], base);
            m.alu(
                Alu::Or,
                Width::W64,
                Host::TEMPS[2],
                Host::TEMPS[2],
                Host::TEMPS[3],
            );
            m.store(Width::W64, Host::TEMPS[2], Host::BASE, 8);
        });
        let answer = native.run(&mut room);
        assert_eq!((answer.ret, answer.tag), (expected, expected), "{base:?}");
        assert_eq!(*room.slot(1), 0, "{base:?}");
    }
}

#[test]
fn every_temporary_as_base() {
    let mut room = Room::new();
    for &base in Host::TEMPS {
        for (off, slot) in [(0, 0i64), (8, 1), (-8, -1), (30_000, 3750)] {
            let native = function(|m| {
                m.mov(base, Host::BASE);
                m.load(Width::W64, base, base, off);
                m.mov(Host::RET, base);
            });
            let at = (SIDE as i64 + slot) as usize;
            room.slots[at] = at as u64;
            assert_eq!(native.run(&mut room).ret, at as u64, "{base:?} {off}");
        }
    }
}

#[test]
fn indexed() {
    let mut room = Room::new();
    let index_of = |d: Reg| others(d);
    for scale in 0..4 {
        for w in WIDTHS {
            for &off in OFFSETS {
                for (d, same) in registers().into_iter().flat_map(|d| [(d, 0), (d, 1), (d, 2)]) {
                    let (base, index) = match same {
                        0 => index_of(d),
                        1 => (d, index_of(d).0),
                        _ => (index_of(d).0, d),
                    };
                    let steps = -5i64;
                    let address = before(&mut room, off) - (steps << scale);
                    let native = function(|m| {
                        m.imm(base, address);
                        m.imm(index, steps);
                        m.load_index(w, d, base, index, scale, off);
                        m.mov(Host::RET, d);
                    });
                    *room.slot(0) = OLD;
                    let found = native.run(&mut room).ret;
                    assert_eq!(found, cut(w, OLD), "{w:?} {d:?} {base:?} {index:?} {scale} {off}");
                    if same == 0 {
                        store_indexed(&mut room, w, d, (base, index, scale), off);
                    }
                }
            }
        }
    }
}

fn store_indexed(room: &mut Room, w: Width, s: Reg, (base, index, scale): (Reg, Reg, u8), off: i32) {
    let steps = 7i64;
    let address = before(room, off).wrapping_sub(steps << scale);
    let native = function(|m| {
        m.imm(base, address);
        m.imm(index, steps);
        m.imm(s, -2);
        m.store_index(w, s, base, index, scale, off);
    });
    *room.slot(0) = OLD;
    native.run(room);
    let expected = stored(w, OLD, -2i64 as u64);
    assert_eq!(
        *room.slot(0),
        expected,
        "{w:?} {s:?} {base:?} {index:?} {scale} {off}"
    );
}

#[test]
fn arithmetic_with_memory() {
    let mut room = Room::new();
    for op in [Alu::Add, Alu::Sub, Alu::And, Alu::Or, Alu::Xor, Alu::Mul] {
        for w in [Width::W32, Width::W64] {
            for (k, off) in [0, 8, -8, 1000, 39_000].into_iter().enumerate() {
                let d = registers()[k];
                let native = function(|m| {
                    m.load(Width::W64, d, Host::BASE, 16);
                    m.alu_load(op, w, d, Host::BASE, off);
                    m.mov(Host::RET, d);
                });
                for &x in INTEGERS {
                    for &y in INTEGERS {
                        *room.slot(2) = x;
                        room.slots[(SIDE as i64 + i64::from(off / 8)) as usize] = y;
                        let expected = alu(op, w, x, y);
                        let found = native.run(&mut room).ret;
                        assert_eq!(found, expected, "{op:?} {w:?} {off}: {x:#x} {y:#x}");
                    }
                }
            }
        }
    }
}

#[test]
fn destination_is_base() {
    let mut room = Room::new();
    let address = room.base() as u64;
    *room.slot(1) = 0xfedc_ba98_7654_3210;
    for d in registers() {
        for (w, expected) in [
            (Width::W64, address ^ 0xfedc_ba98_7654_3210),
            (Width::W32, (address ^ 0x7654_3210) & 0xffff_ffff),
        ] {
            let native = function(|m| {
                m.mov(d, Host::BASE);
                m.alu_load(Alu::Xor, w, d, d, 8);
                m.mov(Host::RET, d);
            });
            assert_eq!(native.run(&mut room).ret, expected, "{d:?} {w:?}");
        }
    }
}

#[test]
fn bytes_are_or_ed() {
    let mut room = Room::new();
    for &d in Host::TEMPS {
        for off in [0, 3, -129, 9000] {
            let native = function(|m| {
                m.load(Width::W64, d, Host::BASE, 16);
                m.alu_load(Alu::Or, Width::W8, d, Host::BASE, off);
                m.mov(Host::RET, d);
            });
            for &x in INTEGERS {
                for byte in [0, 1, 0x80, 0xff] {
                    *room.slot(2) = x;
                    let at = SIDE as i64 * 8 + i64::from(off);
                    let shift = 8 * (at % 8);
                    // What surrounds the byte must not be seen.
                    room.slots[at as usize / 8] = !(0xff << shift) | byte << shift;
                    let found = native.run(&mut room).ret;
                    assert_eq!(found, x | byte, "{d:?} {off}: {x:#x} {byte:#x}");
                }
            }
        }
    }
}

#[test]
fn arithmetic_in_memory() {
    let mut room = Room::new();
    for op in [Alu::Add, Alu::Sub, Alu::And, Alu::Or, Alu::Xor, Alu::Mul] {
        for w in [Width::W32, Width::W64] {
            for &i in IMMEDIATES {
                for off in [0, -8, 1000, 39_000] {
                    let native = function(|m| m.alu_store_imm(op, w, i, Host::BASE, off));
                    for &x in INTEGERS {
                        let slot = (SIDE as i64 + i64::from(off / 8)) as usize;
                        room.slots[slot] = x;
                        native.run(&mut room);
                        let expected = stored(w, x, alu(op, w, x, i64::from(i) as u64));
                        assert_eq!(room.slots[slot], expected, "{op:?} {w:?} {i} {off}: {x:#x}");
                    }
                }
            }
        }
    }
}

#[test]
fn floats() {
    let mut room = Room::new();
    for &off in OFFSETS {
        let address = before(&mut room, off);
        for (n, &f) in Host::FTEMPS.iter().enumerate() {
            let base = Host::TEMPS[n % Host::TEMPS.len()];
            let other = Host::FTEMPS[(n + 1) % Host::FTEMPS.len()];
            let native = function(|m| {
                m.imm(base, address);
                m.fload(f, base, off);
                m.lea(base, base, 8);
                m.fmov(other, f);
                m.fstore(other, base, off);
            });
            for x in [OLD, 0x7ff0_0000_0000_0001, f64::NAN.to_bits(), 1 << 63] {
                *room.slot(0) = x;
                native.run(&mut room);
                assert_eq!(*room.slot(1), x, "{f:?} {base:?} {off}");
            }
        }
    }
}

#[test]
fn indexed_floats() {
    let mut room = Room::new();
    for (k, &index) in Host::TEMPS.iter().enumerate() {
        let f: FReg = Host::FTEMPS[k % Host::FTEMPS.len()];
        let (base, _) = others(index);
        let native = function(|m| {
            m.mov(base, Host::BASE);
            m.load(Width::W64, index, Host::BASE, 0);
            m.fload_index(f, base, index);
            m.lea(base, base, 8);
            m.fstore_index(f, base, index);
        });
        for n in [-3i64, 0, 9] {
            *room.slot(0) = n as u64;
            let at = (SIDE as i64 + n) as usize;
            let value = if n == 0 { 0 } else { 0x4000_0000_1234_0000 };
            room.slots[at] = value;
            room.slots[at + 1] = !0;
            native.run(&mut room);
            assert_eq!(room.slots[at + 1], value, "{index:?} {n}");
        }
    }
}
