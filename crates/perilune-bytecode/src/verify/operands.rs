//! The opcode table -> what a quick look at a whole instruction can tell.
//!
//! A quick look only ever accepts. What it does not accept is looked at operand by operand, or rule by rule.

use crate::ops::{Instr, OPS, Op, Operand};

/// The operands that are to be looked at beside registers, flags, counts and unused ones.
#[derive(Clone, Copy)]
pub(super) enum Duty {
    Nothing,
    /// d is a string constant.
    Text,
    /// d is a numeric constant.
    Number,
    /// d is a constant.
    Const,
    /// d is a nested function.
    Function,
    /// d is a jump.
    Jump,
    /// b is an upvalue.
    Upvalue,
    /// b is an upvalue, and d a string constant.
    UpvalueText,
    /// b is a constant, and d a jump.
    ConstJump,
    /// c is a constant.
    ConstC,
    /// c is a constant, and d a string constant.
    ConstText,
    /// Whatever else.
    Others,
    /// There is no such opcode.
    Unknown,
}

impl Duty {
    const fn of([a, b, c, d]: [Operand; 4]) -> Duty {
        if !simple(a) {
            return Duty::Others;
        }
        if matches!(c, Operand::Const) && simple(b) {
            return match d {
                Operand::StrConst => Duty::ConstText,
                Operand::None | Operand::Int => Duty::ConstC,
                _ => Duty::Others,
            };
        }
        match (b, d) {
            _ if !simple(c) => Duty::Others,
            (Operand::Upvalue, Operand::None) => Duty::Upvalue,
            (Operand::Upvalue, Operand::StrConst) => Duty::UpvalueText,
            (Operand::Const, Operand::Jump) => Duty::ConstJump,
            _ if !simple(b) => Duty::Others,
            (_, Operand::StrConst) => Duty::Text,
            (_, Operand::NumConst) => Duty::Number,
            (_, Operand::Const) => Duty::Const,
            (_, Operand::Proto) => Duty::Function,
            (_, Operand::Jump) => Duty::Jump,
            (_, Operand::None | Operand::Int | Operand::Count) => Duty::Nothing,
            (_, _) => Duty::Others,
        }
    }
}

/// Whether [`Row::met_by`] says all of an operand in one of the bytes a, b and c.
const fn simple(kind: Operand) -> bool {
    match kind {
        Operand::None
        | Operand::Read
        | Operand::Write
        | Operand::ReadWrite
        | Operand::Window
        | Operand::Int
        | Operand::Count
        | Operand::Flag => true,
        Operand::Const
        | Operand::StrConst
        | Operand::NumConst
        | Operand::Upvalue
        | Operand::Proto
        | Operand::Jump => false,
    }
}

/// What an opcode demands beyond its operands' kinds: windows of registers, or neighbours.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// Nothing.
    Any,
    Nil,
    Method,
    Table,
    List,
    Concat,
    Close,
    Call,
    Return,
    /// Something that no quick look finds out.
    Others,
}

impl Shape {
    const fn of(op: Op, a: Operand) -> Shape {
        if matches!(op, Op::LOADNIL) {
            Shape::Nil
        } else if matches!(op, Op::SELF) {
            Shape::Method
        } else if matches!(op, Op::NEWTABLE) {
            Shape::Table
        } else if matches!(op, Op::SETLIST) {
            Shape::List
        } else if matches!(op, Op::CONCAT) {
            Shape::Concat
        } else if matches!(op, Op::CLOSE) {
            Shape::Close
        } else if matches!(op, Op::CALL) {
            Shape::Call
        } else if matches!(op, Op::RETURN) {
            Shape::Return
        } else if matches!(a, Operand::Window)
            || matches!(op, Op::TBC | Op::CLOSURE | Op::GETVARG | Op::VARARGPREP)
        {
            Shape::Others
        } else {
            Shape::Any
        }
    }

    /// Whether there is a demand.
    #[inline(always)]
    pub(super) fn demands(self) -> bool {
        !matches!(self, Shape::Any)
    }

    /// Whether it is met: the window is there, and no neighbour matters.
    #[inline(always)]
    pub(super) fn met_by(self, i: Instr, max_stack: u8) -> bool {
        let (a, b, c) = (u32::from(i.a()), u32::from(i.b()), u32::from(i.c()));
        let max = u32::from(max_stack);
        match self {
            Shape::Any => true,
            Shape::Nil => a + b < max,
            Shape::Method => a + 2 <= max,
            Shape::Table => i.du() <= 255,
            Shape::List => b > 0 && a + b < max && i.d() < 1 << 16,
            Shape::Concat => b >= 2 && a + b <= max,
            Shape::Close => a < max,
            Shape::Call => b > 0 && c > 0 && a + b.max(c - 1) <= max,
            Shape::Return => b > 0 && a + b - 1 <= max,
            Shape::Others => false,
        }
    }
}

/// What an opcode demands.
pub(super) struct Row {
    /// Bits that are 0.
    zero: u64,
    /// Bytes that are registers.
    registers: u32,
    /// The opcode, if it is known.
    pub(super) op: Op,
    pub(super) duty: Duty,
    pub(super) shape: Shape,
}

impl Row {
    /// Of a number that no opcode has.
    const UNKNOWN: Row = Row {
        zero: 0,
        registers: 0,
        op: Op::MOVE,
        duty: Duty::Unknown,
        shape: Shape::Any,
    };

    const fn of(op: Op, kinds: [Operand; 4]) -> Row {
        let mut zero = 0;
        let mut registers = 0;
        let mut n = 0;
        while n < kinds.len() {
            let (mask, shift) = if n == 3 {
                (u32::MAX as u64, 32)
            } else {
                (0xff, 8 + 8 * n as u32)
            };
            match kinds[n] {
                Operand::None => zero |= mask << shift,
                Operand::Flag => zero |= (mask & !1) << shift,
                // In a byte it cannot be negative.
                Operand::Count if n == 3 => zero |= 1 << 63,
                Operand::Read | Operand::Write | Operand::ReadWrite => {
                    assert!(n < 3, "d is no register");
                    registers |= (mask << shift) as u32;
                }
                Operand::Window
                | Operand::Int
                | Operand::Count
                | Operand::Const
                | Operand::StrConst
                | Operand::NumConst
                | Operand::Upvalue
                | Operand::Proto
                | Operand::Jump => {}
            }
            n += 1;
        }
        Row {
            zero,
            registers,
            op,
            duty: Duty::of(kinds),
            shape: Shape::of(op, kinds[0]),
        }
    }

    /// Whether unused operands are 0, flags are 0 or 1, counts are not negative and registers exist.
    #[inline(always)]
    pub(super) fn met_by(&self, i: Instr, registers: Registers) -> bool {
        let above = registers.missing(i.0 as u32 & self.registers);
        (i.0 & self.zero) | u64::from(above) == 0
    }
}

/// The registers of a function, for a look at four bytes at once.
#[derive(Clone, Copy)]
pub(super) struct Registers {
    /// What takes a byte to 128 or more if there is no such register, in each byte. With more than 128
    /// registers it does so for some that exist.
    bias: u32,
}

const HIGH: u32 = 0x8080_8080;

impl Registers {
    pub(super) fn new(max_stack: u8) -> Registers {
        Registers {
            bias: u32::from(128_u8.saturating_sub(max_stack)) * 0x0101_0101,
        }
    }

    /// Not 0 if one of the bytes is no register.
    #[inline(always)]
    fn missing(self, bytes: u32) -> u32 {
        // No sum reaches the next byte.
        (((bytes & !HIGH) + self.bias) | bytes) & HIGH
    }
}

/// By number of opcode.
pub(super) static ROWS: [Row; 256] = {
    let mut rows = [const { Row::UNKNOWN }; 256];
    let mut n = 0;
    while n < OPS.len() {
        rows[n] = Row::of(OPS[n].op, OPS[n].operands);
        n += 1;
    }
    rows
};
