//! Lua pattern -> program: what `find`, `match`, `gmatch` and `gsub` run (`matching`), and the cache
//! of programs.
//!
//! A malformed part of a pattern becomes an item that fails when the match gets there, as in the
//! reference implementation.

mod matching;
mod set;

use crate::object::same_bytes;
use set::{Bits, Set};

/// How many captures a pattern may have.
pub const MAX_CAPTURES: usize = 32;
/// Steps of the first slice of work before a match is interrupted.
const FIRST_BUDGET: u64 = 1 << 16;

/// Length of a capture that has no end yet.
const OPEN: usize = usize::MAX;
/// Length of a position capture.
const POSITION: usize = usize::MAX - 1;

/// Why a match stopped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// The pattern ends in a lone `%`.
    EndsWithEscape,
    /// A `[` without its `]`.
    MissingBracket,
    /// `%b` without its two bytes.
    MissingBalanceArguments,
    /// `%f` that no set follows.
    MissingFrontierSet,
    /// Back reference to a capture that does not exist or is not closed.
    InvalidCaptureIndex(i32),
    /// A `)` without its `(`.
    InvalidCapture,
    /// A `(` without its `)`.
    UnfinishedCapture,
    /// More than [`MAX_CAPTURES`] captures.
    TooManyCaptures,
    /// Backtracking too deep.
    TooComplex,
    /// The work slice is used up: look at limits, then search again from [`Program::resume_at`].
    Interrupted,
}

impl PatternError {
    /// The text of the error.
    pub fn message(self) -> String {
        let text = match self {
            Self::EndsWithEscape => "malformed pattern (ends with '%')",
            Self::MissingBracket => "malformed pattern (missing ']')",
            Self::MissingBalanceArguments => "malformed pattern (missing arguments to '%b')",
            Self::MissingFrontierSet => "missing '[' after '%f' in pattern",
            Self::InvalidCaptureIndex(i) => return format!("invalid capture index %{i}"),
            Self::InvalidCapture => "invalid pattern capture",
            Self::UnfinishedCapture => "unfinished capture",
            Self::TooManyCaptures => "too many captures",
            Self::TooComplex => "pattern too complex",
            Self::Interrupted => "pattern interrupted",
        };
        text.to_owned()
    }
}

/// What one capture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// A position, counted from 1.
    Position(usize),
    /// The bytes `start..end` of the subject.
    Span(usize, usize),
}

/// What an item does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    /// Takes this byte.
    Byte(u8),
    /// Takes a byte of the set.
    One,
    /// `?`: takes a byte of the set or nothing.
    Maybe,
    /// `*`: takes as many bytes of the set as possible.
    Most,
    /// `+`: the same, at least one.
    More,
    /// `-`: takes as few bytes of the set as possible.
    Least,
    /// `(`: begins capture number so much.
    Open(u8),
    /// `()`: capture number so much is the position.
    Position(u8),
    /// `)`: ends capture number so much.
    Close(u8),
    /// `$` at the end of the pattern.
    End,
    /// `%b`: takes a balanced text between these bytes.
    Balance(u8, u8),
    /// `%f`: from a byte outside the set to one inside.
    Frontier,
    /// `%1`: takes what capture number so much has taken.
    Again(u8),
    /// A malformed part.
    Malformed(PatternError),
}

/// One item of a program, and what is known of the items after it.
#[derive(Clone, Debug)]
struct Item {
    op: Op,
    set: Set,
    /// The bytes that a match of the items after this one can begin with.
    follow: Set,
    /// The items after this one can match at the end of the subject.
    follow_end: bool,
    /// The set and `follow` have no byte in common: how many bytes a repetition takes is no choice.
    exact: bool,
}

/// Bytes that a byte of a pattern takes when it is compiled.
pub const BYTES_PER_BYTE: usize = size_of::<Item>() + 1;

/// A compiled pattern, and the state of a search for it.
pub struct Program {
    pattern: Box<[u8]>,
    literal_caret: bool,
    slot: usize,
    items: Vec<Item>,
    /// The bytes that a match can begin with.
    first: Set,
    /// A match can begin at the end of the subject.
    first_end: bool,
    anchored: bool,
    level: usize,
    captures: [(usize, usize); MAX_CAPTURES],
    span: (usize, usize),
    steps: u64,
    budget: u64,
    resume: usize,
}

impl Program {
    /// Compiles a pattern; with `literal_caret` a `^` at its start is a byte as any other.
    pub fn new(pattern: &[u8], literal_caret: bool) -> Self {
        let anchored = !literal_caret && pattern.first() == Some(&b'^');
        let mut compiler = Compiler {
            pattern,
            at: usize::from(anchored),
            items: Vec::with_capacity(pattern.len()),
            open: Vec::new(),
            closed: [false; MAX_CAPTURES],
            level: 0,
        };
        if let Err(error) = compiler.items() {
            compiler.add(Op::Malformed(error), Bits::default());
        }
        let Compiler { mut items, level, .. } = compiler;
        let (first, first_end) = link(&mut items);
        Self {
            pattern: pattern.into(),
            literal_caret,
            slot: 0,
            items,
            first,
            first_end,
            anchored,
            level,
            captures: [(0, 0); MAX_CAPTURES],
            span: (0, 0),
            steps: 0,
            budget: FIRST_BUDGET,
            resume: 0,
        }
    }

    /// Whether the pattern begins with a `^` that ties the match to its start.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// Where the search goes on after [`PatternError::Interrupted`].
    pub fn resume_at(&self) -> usize {
        self.resume
    }

    /// Takes the number of steps done since the last call.
    #[inline]
    pub fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    /// Gives an interrupted search a larger slice when it could not even finish one attempt.
    pub fn extend_budget(&mut self, progressed: bool) {
        self.budget = if progressed {
            FIRST_BUDGET
        } else {
            self.budget.saturating_mul(2)
        };
    }

    /// Where the match begins and ends.
    #[inline]
    pub fn span(&self) -> (usize, usize) {
        self.span
    }

    /// How many values the match yields: its captures, or the whole match when it has none.
    #[inline]
    pub fn count(&self) -> usize {
        self.level.max(1)
    }

    /// How many captures the match has.
    pub fn level(&self) -> usize {
        self.level
    }

    /// Capture number `index` (from 0) of the match.
    #[inline]
    pub fn capture(&self, index: usize) -> Result<Capture, PatternError> {
        if index >= self.level {
            return if index == 0 {
                Ok(Capture::Span(self.span.0, self.span.1))
            } else {
                Err(PatternError::InvalidCaptureIndex(index as i32 + 1))
            };
        }
        match self.captures[index] {
            (_, OPEN) => Err(PatternError::UnfinishedCapture),
            (at, POSITION) => Ok(Capture::Position(at + 1)),
            (at, len) => Ok(Capture::Span(at, at + len)),
        }
    }
}

/// Whether `pattern` means just its own bytes.
#[inline]
pub fn is_plain(pattern: &[u8]) -> bool {
    const SPECIAL: Bits = set::listed(b"^$*+?.([%-");
    !pattern.iter().any(|&b| SPECIAL.has(b))
}

/// Fills in what each item knows of those after it; yields what a match can begin with.
fn link(items: &mut [Item]) -> (Set, bool) {
    let (mut bits, mut end) = (Bits::ALL, true);
    for item in items.iter_mut().rev() {
        item.follow = Set::new(bits);
        item.follow_end = end;
        item.exact = item.set.bits.is_disjoint(bits);
        (bits, end) = match item.op {
            Op::Byte(_) | Op::One | Op::More => (item.set.bits, false),
            Op::Maybe | Op::Most | Op::Least => (item.set.bits.union(bits), end),
            Op::Open(_) | Op::Position(_) | Op::Close(_) => (bits, end),
            Op::End => (Bits::default(), true),
            Op::Balance(open, _) => (set::single(open), false),
            Op::Frontier | Op::Again(_) | Op::Malformed(_) => (Bits::ALL, true),
        };
    }
    (Set::new(bits), end)
}

/// A pattern being compiled.
struct Compiler<'a> {
    pattern: &'a [u8],
    at: usize,
    items: Vec<Item>,
    /// Captures that have begun and not ended, innermost last.
    open: Vec<u8>,
    closed: [bool; MAX_CAPTURES],
    level: usize,
}

impl Compiler<'_> {
    fn add(&mut self, op: Op, bits: Bits) {
        self.items.push(Item {
            op,
            set: Set::new(bits),
            follow: Set::new(Bits::ALL),
            follow_end: true,
            exact: false,
        });
    }

    /// The pattern byte at `at`; NUL past the end.
    fn peek(&self, at: usize) -> u8 {
        self.pattern.get(at).copied().unwrap_or(0)
    }

    fn items(&mut self) -> Result<(), PatternError> {
        while let Some(&c) = self.pattern.get(self.at) {
            match c {
                b'(' => self.open()?,
                b')' => self.close()?,
                b'$' if self.at + 1 == self.pattern.len() => {
                    self.at += 1;
                    self.add(Op::End, Bits::default());
                }
                b'%' if matches!(self.peek(self.at + 1), b'b' | b'f' | b'0'..=b'9') => self.special()?,
                _ => self.single()?,
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), PatternError> {
        if self.level >= MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        let index = self.level as u8;
        self.level += 1;
        if self.peek(self.at + 1) == b')' {
            self.at += 2;
            self.closed[usize::from(index)] = true;
            self.add(Op::Position(index), Bits::default());
        } else {
            self.at += 1;
            self.open.push(index);
            self.add(Op::Open(index), Bits::default());
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), PatternError> {
        let index = self.open.pop().ok_or(PatternError::InvalidCapture)?;
        self.at += 1;
        self.closed[usize::from(index)] = true;
        self.add(Op::Close(index), Bits::default());
        Ok(())
    }

    /// `%b`, `%f` and back references.
    fn special(&mut self) -> Result<(), PatternError> {
        let letter = self.peek(self.at + 1);
        self.at += 2;
        match letter {
            b'b' => {
                let &[open, shut, ..] = &self.pattern[self.at..] else {
                    return Err(PatternError::MissingBalanceArguments);
                };
                self.at += 2;
                self.add(Op::Balance(open, shut), Bits::default());
            }
            b'f' => {
                if self.peek(self.at) != b'[' {
                    return Err(PatternError::MissingFrontierSet);
                }
                let bits = self.class()?;
                self.add(Op::Frontier, bits);
            }
            digit => {
                let index = i32::from(digit) - i32::from(b'1');
                let known = usize::try_from(index).is_ok_and(|i| i < self.level && self.closed[i]);
                if !known {
                    return Err(PatternError::InvalidCaptureIndex(index + 1));
                }
                self.add(Op::Again(index as u8), Bits::default());
            }
        }
        Ok(())
    }

    /// A single-byte item with what says how often.
    fn single(&mut self) -> Result<(), PatternError> {
        let bits = self.class()?;
        let op = match self.peek(self.at) {
            b'*' => Op::Most,
            b'+' => Op::More,
            b'-' => Op::Least,
            b'?' => Op::Maybe,
            _ => {
                let op = match Set::new(bits).shape {
                    set::Shape::Byte(byte) => Op::Byte(byte),
                    _ => Op::One,
                };
                self.add(op, bits);
                return Ok(());
            }
        };
        self.at += 1;
        self.add(op, bits);
        Ok(())
    }

    /// The bytes that the single-byte item accepts.
    fn class(&mut self) -> Result<Bits, PatternError> {
        let byte = self.pattern[self.at];
        self.at += 1;
        match byte {
            b'%' => {
                let letter = self.pattern.get(self.at).ok_or(PatternError::EndsWithEscape)?;
                self.at += 1;
                Ok(set::escaped(*letter))
            }
            b'[' => {
                let start = self.at;
                let end = self.set_end(start)?;
                self.at = end;
                Ok(self.set_members(start, end - 1))
            }
            b'.' => Ok(Bits::ALL),
            _ => Ok(set::single(byte)),
        }
    }

    /// The position after the `]` of the set whose `[` stands before `start`.
    fn set_end(&self, start: usize) -> Result<usize, PatternError> {
        let mut at = start;
        if self.peek(at) == b'^' {
            at += 1;
        }
        loop {
            let byte = *self.pattern.get(at).ok_or(PatternError::MissingBracket)?;
            at += 1;
            if byte == b'%' && at < self.pattern.len() {
                at += 1;
            }
            if self.pattern.get(at) == Some(&b']') {
                return Ok(at + 1);
            }
        }
    }

    /// The bytes that the set from `start`, after its `[`, to its `]` at `close` accepts.
    fn set_members(&self, start: usize, close: usize) -> Bits {
        let mut bits = Bits::default();
        let negated = self.peek(start) == b'^';
        let mut at = start + usize::from(negated);
        while at < close {
            let byte = self.pattern[at];
            if byte == b'%' {
                bits = bits.union(set::escaped(self.peek(at + 1)));
                at += 2;
            } else if self.peek(at + 1) == b'-' && at + 2 < close {
                (byte..=self.pattern[at + 2]).for_each(|b| bits.insert(b));
                at += 3;
            } else {
                bits.insert(byte);
                at += 1;
            }
        }
        if negated { bits.complement() } else { bits }
    }
}

/// Slots of the cache.
const SLOTS: usize = 64;
/// Longer patterns are not kept.
pub const MAX_KEPT: usize = 256;

/// Programs used lately. Who uses one takes it out and puts it back.
pub struct Cache {
    slots: [Option<Box<Program>>; SLOTS],
}

impl Cache {
    /// An empty cache.
    pub fn new() -> Self {
        Self {
            slots: [const { None }; SLOTS],
        }
    }

    /// The program for `pattern`, whose hash is `hash`, ready for a search.
    #[inline]
    pub fn take(&mut self, pattern: &[u8], hash: u32, literal_caret: bool) -> Box<Program> {
        let home = hash as usize % SLOTS;
        for slot in [home, home ^ 1] {
            if let Some(program) = self.slots[slot]
                .take_if(|p| same_bytes(&p.pattern, pattern) && p.literal_caret == literal_caret)
            {
                return program;
            }
        }
        let mut program = Box::new(Program::new(pattern, literal_caret));
        program.slot = home;
        program
    }

    /// Takes a program back. An older one in its place moves to the neighbouring slot.
    #[inline]
    pub fn put(&mut self, mut program: Box<Program>) {
        if program.pattern.len() > MAX_KEPT {
            return;
        }
        program.steps = 0;
        program.budget = FIRST_BUDGET;
        let slot = program.slot;
        let older = self.slots[slot].replace(program);
        if older.is_some() {
            self.slots[slot ^ 1] = older;
        }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(subject: &str, pattern: &str) -> Result<Option<(usize, usize)>, PatternError> {
        let mut program = Program::new(pattern.as_bytes(), false);
        let found = program.search(subject.as_bytes(), 0)?;
        Ok(found.then(|| program.span()))
    }

    #[test]
    fn matches() {
        assert_eq!(found("hello world", "o w"), Ok(Some((4, 7))));
        assert_eq!(found("hello", "l+"), Ok(Some((2, 4))));
        assert_eq!(found("hello", "^l+"), Ok(None));
        assert_eq!(found("key = value", "^(%w+)%s*=%s*(%w+)$"), Ok(Some((0, 11))));
        assert_eq!(found("f(a(b)c)d", "%b()"), Ok(Some((1, 8))));
        assert_eq!(found("THE (quick) fox", "%f[%a]%a+%f[%A]"), Ok(Some((0, 3))));
        assert_eq!(found("aaab", "a-b"), Ok(Some((0, 4))));
        assert_eq!(found("]]]b", "[^]]"), Ok(Some((3, 4))));
        assert_eq!(found("a-z", "[a-]+"), Ok(Some((0, 2))));
        assert_eq!(found("hellohello", "(.+)%1"), Ok(Some((0, 10))));
        assert_eq!(found("", ""), Ok(Some((0, 0))));
        assert_eq!(found("abc", "$"), Ok(Some((3, 3))));
        assert_eq!(found("a$a", "$a"), Ok(Some((1, 3))));
        assert_eq!(found("xay", "x?a?y"), Ok(Some((0, 3))));
    }

    #[test]
    fn errors() {
        assert_eq!(found("a", "%"), Err(PatternError::EndsWithEscape));
        assert_eq!(found("a", "[a"), Err(PatternError::MissingBracket));
        assert_eq!(found("a", "[%"), Err(PatternError::MissingBracket));
        assert_eq!(found("a", "[]"), Err(PatternError::MissingBracket));
        assert_eq!(found("a", "%b"), Err(PatternError::MissingBalanceArguments));
        assert_eq!(found("a", "%f"), Err(PatternError::MissingFrontierSet));
        assert_eq!(found("a", "a)"), Err(PatternError::InvalidCapture));
        assert_eq!(found("a", "%1"), Err(PatternError::InvalidCaptureIndex(1)));
        assert_eq!(found("a", "%0"), Err(PatternError::InvalidCaptureIndex(0)));
        let deep = "a?".repeat(300);
        assert_eq!(found(&"a".repeat(300), &deep), Err(PatternError::TooComplex));
        let heavy = "a*".repeat(20) + "b";
        assert_eq!(found(&"a".repeat(300), &heavy), Err(PatternError::Interrupted));
    }
}
