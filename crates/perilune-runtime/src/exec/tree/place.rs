//! Where in the source an activation of the walker is: what `Frame::pc` holds for it.

use crate::object::Frame;
use perilune_bytecode::ops::Instr;
use perilune_syntax::ast::ExprId;

/// A place in a function's tree. The topmost bit tells it from the address of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(u64);

/// What is being done there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The expression is being evaluated.
    Eval = 0,
    /// The expression, a target, is being stored to.
    Store = 1,
    /// The iterator of a generic `for` is being called; the expression is the first of its list.
    Iterator = 2,
    /// A statement; the number is an offset in the source.
    Statement = 3,
    /// Variables are being closed; the number is an offset in the source.
    Close = 4,
    /// The method of a call is being fetched.
    Fetch = 5,
}

impl Place {
    const MARK: u64 = 1 << 63;
    const NUMBER_BITS: u32 = 28;

    const fn new(role: Role, number: u32, line: u32) -> Place {
        let number = if number >> Self::NUMBER_BITS != 0 {
            (1 << Self::NUMBER_BITS) - 1
        } else {
            number
        };
        Place(Self::MARK | (role as u64) << 60 | (number as u64) << 32 | line as u64)
    }
    /// At an expression; `line` is that of what is being done to it.
    #[inline(always)]
    pub(super) fn expr(role: Role, e: ExprId, line: u32) -> Place {
        Place::new(role, e.0, line)
    }
    /// At an offset in the source.
    #[inline(always)]
    pub(super) fn offset(role: Role, offset: u32, line: u32) -> Place {
        Place::new(role, offset, line)
    }
    /// The place of a frame, if the walker runs it.
    #[inline(always)]
    pub(crate) fn of(f: &Frame) -> Option<Place> {
        let p = Place(f.pc as u64);
        (p.0 & Self::MARK != 0).then_some(p)
    }
    /// As a frame holds it.
    #[inline(always)]
    pub(super) fn pc(self) -> *const Instr {
        self.0 as usize as *const Instr
    }
    pub(crate) fn line(self) -> u32 {
        self.0 as u32
    }
    pub(super) fn role(self) -> Role {
        match self.0 >> 60 & 7 {
            0 => Role::Eval,
            1 => Role::Store,
            2 => Role::Iterator,
            3 => Role::Statement,
            4 => Role::Close,
            _ => Role::Fetch,
        }
    }
    pub(super) fn number(self) -> u32 {
        (self.0 >> 32) as u32 & ((1 << Self::NUMBER_BITS) - 1)
    }
}
