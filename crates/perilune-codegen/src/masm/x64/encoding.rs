//! An opcode with its operands -> the bytes of an x86-64 instruction.

use crate::masm::{Reg, Width};

/// What an instruction's `r/m` field names.
#[derive(Clone, Copy)]
pub enum Rm {
    /// A register of either kind.
    Reg(u8),
    /// `[base + off]`
    Mem(Reg, i32),
    /// `[base + (index << scale) + off]`
    Index(Reg, Reg, u8, i32),
    /// The four bytes after the fields so far are a distance from the end of the instruction.
    Rip,
}

impl From<Reg> for Rm {
    fn from(r: Reg) -> Rm {
        Rm::Reg(r.0)
    }
}

/// The bytes between the legacy prefix and the opcode's last byte.
#[derive(Clone, Copy)]
enum Map {
    One,
    Two,
    Three,
}

/// An opcode with what decides its prefixes.
#[derive(Clone, Copy)]
pub struct Op {
    prefix: Option<u8>,
    map: Map,
    code: u8,
    wide: bool,
    byte_reg: bool,
    byte_rm: bool,
}

impl Op {
    /// An opcode of one byte, of 32 bits.
    pub const fn one(code: u8) -> Op {
        Op {
            prefix: None,
            map: Map::One,
            code,
            wide: false,
            byte_reg: false,
            byte_rm: false,
        }
    }

    /// An opcode after `0f`.
    pub const fn two(code: u8) -> Op {
        Op {
            map: Map::Two,
            ..Op::one(code)
        }
    }

    /// An opcode after `0f 3a`.
    pub const fn three(code: u8) -> Op {
        Op {
            map: Map::Three,
            ..Op::one(code)
        }
    }

    /// With a prefix before everything else.
    pub const fn prefix(self, byte: u8) -> Op {
        Op {
            prefix: Some(byte),
            ..self
        }
    }

    /// Of 64 bits.
    pub const fn wide(self) -> Op {
        Op { wide: true, ..self }
    }

    /// Of 32 or 64 bits.
    pub fn of(self, w: Width) -> Op {
        Op {
            wide: w == Width::W64,
            ..self
        }
    }

    /// The `r/m` field names the low byte of a register, if it names one.
    pub const fn byte_rm(self) -> Op {
        Op {
            byte_rm: true,
            ..self
        }
    }

    /// Both fields name low bytes.
    pub const fn bytes(self) -> Op {
        Op {
            byte_reg: true,
            byte_rm: true,
            ..self
        }
    }
}

/// The bytes of one instruction; the longest has 15.
#[derive(Default)]
pub struct Inst {
    bytes: [u8; 16],
    len: usize,
}

impl Inst {
    /// The instruction without its immediate. `reg` is a register of either kind, or the part of the
    /// opcode that stands in its place.
    pub fn new(op: Op, reg: u8, rm: Rm) -> Inst {
        let mut inst = Inst::default();
        if let Some(prefix) = op.prefix {
            inst.byte(prefix);
        }
        inst.rex(op, reg, rm);
        match op.map {
            Map::One => {}
            Map::Two => inst.byte(0x0f),
            Map::Three => inst.put(&[0x0f, 0x3a]),
        }
        inst.byte(op.code);
        inst.operands(reg, rm);
        inst
    }

    fn byte(&mut self, b: u8) {
        self.bytes[self.len] = b;
        self.len += 1;
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// What has been put together.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn rex(&mut self, op: Op, reg: u8, rm: Rm) {
        let (index, base) = match rm {
            Rm::Reg(r) => (0, r),
            Rm::Mem(base, _) => (0, base.0),
            Rm::Index(base, index, _, _) => (index.0, base.0),
            Rm::Rip => (0, 0),
        };
        let bits = u8::from(op.wide) << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3;
        // Without the prefix these numbers name ah, ch, dh and bh.
        let high = |r| (4..8).contains(&r);
        let low_byte = op.byte_reg && high(reg) || op.byte_rm && matches!(rm, Rm::Reg(r) if high(r));
        if bits != 0 || low_byte {
            self.byte(0x40 | bits);
        }
    }

    fn operands(&mut self, reg: u8, rm: Rm) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(r) => self.byte(0xc0 | reg | r & 7),
            Rm::Rip => self.byte(reg | 5),
            Rm::Mem(base, off) => {
                let mode = mode(base, off);
                self.byte(mode | reg | base.0 & 7);
                if base.0 & 7 == 4 {
                    self.byte(0x24);
                }
                self.distance(mode, off);
            }
            Rm::Index(base, index, scale, off) => {
                assert!(index.0 != 4 && scale < 4, "rsp is no index, 16 is no scale");
                let mode = mode(base, off);
                self.byte(mode | reg | 4);
                self.byte(scale << 6 | (index.0 & 7) << 3 | base.0 & 7);
                self.distance(mode, off);
            }
        }
    }

    fn distance(&mut self, mode: u8, off: i32) {
        match mode {
            0 => {}
            0x40 => self.byte(off as u8),
            _ => self.put(&off.to_le_bytes()),
        }
    }
}

/// How the distance of an operand in memory is written: not at all, in a byte, in four.
fn mode(base: Reg, off: i32) -> u8 {
    if off == 0 && base.0 & 7 != 5 {
        0
    } else if is_byte(off) {
        0x40
    } else {
        0x80
    }
}

/// Whether a number is what a byte becomes when its sign is extended.
pub fn is_byte(i: i32) -> bool {
    i8::try_from(i).is_ok()
}
