//! (subject bytes, Lua pattern) -> match and captures; pure, bounded and interruptible.
//!
//! The pattern is read where it stands, so a malformed part is an error only when the match gets
//! there, as in the reference implementation. Backtracking recurses at most [`MAX_DEPTH`] deep.

use super::bytes::find_byte;

/// How many captures a pattern may have.
pub const MAX_CAPTURES: usize = 32;
/// How deep backtracking may nest.
const MAX_DEPTH: u32 = 200;
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
    /// The work slice is used up: look at limits, then search again from [`Scratch::resume_at`].
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

/// What a search keeps between calls: captures, work counters and the sets read so far.
pub struct Scratch {
    captures: [(usize, usize); MAX_CAPTURES],
    level: usize,
    depth: u32,
    steps: u64,
    budget: u64,
    resume: usize,
    sets: [Option<CachedSet>; 4],
    next_set: usize,
}

#[derive(Clone, Copy)]
struct CachedSet {
    at: usize,
    end: usize,
    members: Members,
}

impl Scratch {
    /// A scratch for one pattern; it must not be used with another one.
    pub fn new() -> Self {
        Self {
            captures: [(0, 0); MAX_CAPTURES],
            level: 0,
            depth: MAX_DEPTH,
            steps: 0,
            budget: FIRST_BUDGET,
            resume: 0,
            sets: [None; 4],
            next_set: 0,
        }
    }

    /// Where the search goes on after [`PatternError::Interrupted`].
    pub fn resume_at(&self) -> usize {
        self.resume
    }

    /// Takes the number of steps done since the last call.
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

    /// How many values the match yields: its captures, or the whole match when it has none.
    pub fn count(&self) -> usize {
        self.level.max(1)
    }

    /// How many captures the match has.
    pub fn level(&self) -> usize {
        self.level
    }

    /// Capture number `index` (from 0) of the match `start..end`.
    pub fn capture(&self, index: usize, start: usize, end: usize) -> Result<Capture, PatternError> {
        if index >= self.level {
            return if index == 0 {
                Ok(Capture::Span(start, end))
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

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Looks for the first match at or after `from`; `pattern` may begin with `^`.
/// Yields the start and the end of the match; the captures are in `scratch`.
pub fn search(
    subject: &[u8],
    pattern: &[u8],
    from: usize,
    scratch: &mut Scratch,
) -> Result<Option<(usize, usize)>, PatternError> {
    let anchored = pattern.first() == Some(&b'^');
    search_from(subject, pattern, usize::from(anchored), from, anchored, scratch)
}

/// As [`search`], for a pattern whose item at `first` is the first one, `^` having no meaning.
pub fn search_from(
    subject: &[u8],
    pattern: &[u8],
    first: usize,
    from: usize,
    anchored: bool,
    scratch: &mut Scratch,
) -> Result<Option<(usize, usize)>, PatternError> {
    let mut matcher = Matcher {
        subject,
        pattern,
        scratch,
    };
    matcher.search(first, from, anchored)
}

/// Whether `pattern` means just its own bytes.
pub fn is_plain(pattern: &[u8]) -> bool {
    !pattern.iter().any(|b| b"^$*+?.([%-".contains(b))
}

/// A set of bytes.
#[derive(Clone, Copy, Default)]
struct Members([u64; 4]);

impl Members {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    #[inline]
    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    fn complement(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

const ALPHA: u16 = 1;
const CNTRL: u16 = 1 << 1;
const DIGIT: u16 = 1 << 2;
const GRAPH: u16 = 1 << 3;
const LOWER: u16 = 1 << 4;
const PUNCT: u16 = 1 << 5;
const SPACE: u16 = 1 << 6;
const UPPER: u16 = 1 << 7;
const HEX: u16 = 1 << 8;
const ZERO: u16 = 1 << 9;

/// The classes that each byte belongs to, in the C locale.
static CLASSES: [u16; 256] = class_table();

const fn class_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = classes_of(byte as u8);
        byte += 1;
    }
    table
}

const fn classes_of(byte: u8) -> u16 {
    let mut classes = 0;
    if byte.is_ascii_alphabetic() {
        classes |= ALPHA;
    }
    if byte.is_ascii_control() {
        classes |= CNTRL;
    }
    if byte.is_ascii_digit() {
        classes |= DIGIT;
    }
    if byte.is_ascii_graphic() {
        classes |= GRAPH;
    }
    if byte.is_ascii_lowercase() {
        classes |= LOWER;
    }
    if byte.is_ascii_punctuation() {
        classes |= PUNCT;
    }
    if byte == b' ' || (byte >= 9 && byte <= 13) {
        classes |= SPACE;
    }
    if byte.is_ascii_uppercase() {
        classes |= UPPER;
    }
    if byte.is_ascii_hexdigit() {
        classes |= HEX;
    }
    if byte == 0 {
        classes |= ZERO;
    }
    classes
}

/// Whether `%letter` is more than a single byte's class.
#[inline]
fn is_special(letter: u8) -> bool {
    matches!(letter, b'b' | b'f' | b'0'..=b'9')
}

/// The class mask that `%letter` names.
fn class_mask(letter: u8) -> Option<u16> {
    Some(match letter.to_ascii_lowercase() {
        b'a' => ALPHA,
        b'c' => CNTRL,
        b'd' => DIGIT,
        b'g' => GRAPH,
        b'l' => LOWER,
        b'p' => PUNCT,
        b's' => SPACE,
        b'u' => UPPER,
        b'w' => ALPHA | DIGIT,
        b'x' => HEX,
        b'z' => ZERO,
        _ => return None,
    })
}

/// What one single-byte item of a pattern accepts.
#[derive(Clone, Copy)]
enum Item {
    Any,
    Byte(u8),
    /// Class mask, and whether the class is the complement.
    Class(u16, bool),
    Set(Members),
}

impl Item {
    fn escaped(letter: u8) -> Self {
        match class_mask(letter) {
            Some(mask) => Self::Class(mask, letter.is_ascii_uppercase()),
            None => Self::Byte(letter),
        }
    }

    #[inline]
    fn accepts(&self, byte: u8) -> bool {
        match *self {
            Self::Any => true,
            Self::Byte(b) => b == byte,
            Self::Class(mask, not) => (CLASSES[usize::from(byte)] & mask != 0) != not,
            Self::Set(ref members) => members.has(byte),
        }
    }

    /// Where in `text` the first byte is that the item accepts.
    fn find(&self, text: &[u8]) -> Option<usize> {
        match *self {
            Self::Any => (!text.is_empty()).then_some(0),
            Self::Byte(b) => find_byte(text, b),
            _ => text.iter().position(|&c| self.accepts(c)),
        }
    }

    /// How many leading bytes of `text` the item accepts.
    fn run(&self, text: &[u8]) -> usize {
        let stop = match *self {
            Self::Any => None,
            Self::Byte(b) => text.iter().position(|&c| c != b),
            Self::Class(mask, not) => text
                .iter()
                .position(|&c| (CLASSES[usize::from(c)] & mask != 0) == not),
            Self::Set(ref members) => text.iter().position(|&c| !members.has(c)),
        };
        stop.unwrap_or(text.len())
    }

    fn add_to(&self, members: &mut Members) {
        (0..=u8::MAX)
            .filter(|&b| self.accepts(b))
            .for_each(|b| members.insert(b));
    }
}

struct Matcher<'a> {
    subject: &'a [u8],
    pattern: &'a [u8],
    scratch: &'a mut Scratch,
}

type Outcome = Result<Option<usize>, PatternError>;

impl Matcher<'_> {
    fn search(
        &mut self,
        first: usize,
        from: usize,
        anchored: bool,
    ) -> Result<Option<(usize, usize)>, PatternError> {
        let lead = if anchored { None } else { self.leading_item(first)? };
        let mut at = from;
        loop {
            self.scratch.resume = at;
            if let Some(item) = &lead {
                let Some(skip) = item.find(&self.subject[at..]) else {
                    self.scratch.steps += (self.subject.len() - at) as u64 / 8;
                    return Ok(None);
                };
                at += skip;
                self.scratch.resume = at;
                self.work(skip as u64 / 8)?;
            }
            self.scratch.level = 0;
            self.scratch.depth = MAX_DEPTH;
            if let Some(end) = self.attempt(at, first)? {
                return Ok(Some((at, end)));
            }
            at += 1;
            if anchored || at > self.subject.len() {
                return Ok(None);
            }
        }
    }

    /// The item that every match must begin with, if the pattern begins with one.
    fn leading_item(&mut self, mut at: usize) -> Result<Option<Item>, PatternError> {
        if self.pattern.get(at) == Some(&b'(') && self.peek(at + 1) != b')' {
            at += 1;
        }
        match self.peek(at) {
            b'(' | b')' | b'$' => return Ok(None),
            b'%' if is_special(self.peek(at + 1)) => return Ok(None),
            _ if at >= self.pattern.len() => return Ok(None),
            _ => {}
        }
        let (item, after) = self.item(at)?;
        let optional = matches!(self.peek(after), b'*' | b'?' | b'-');
        Ok((!optional).then_some(item))
    }

    /// The byte that the subject must have where the item at `at` is matched, if it is plain.
    fn literal_at(&self, at: usize) -> Option<u8> {
        let (byte, next) = match *self.pattern.get(at)? {
            b'$' | b'.' | b'[' | b'(' | b')' => return None,
            b'%' => match *self.pattern.get(at + 1)? {
                c if c.is_ascii_alphanumeric() => return None,
                c => (c, at + 2),
            },
            c => (c, at + 1),
        };
        (!matches!(self.peek(next), b'*' | b'?' | b'-')).then_some(byte)
    }

    /// The pattern byte at `at`; NUL past the end.
    #[inline]
    fn peek(&self, at: usize) -> u8 {
        self.pattern.get(at).copied().unwrap_or(0)
    }

    #[inline]
    fn work(&mut self, steps: u64) -> Result<(), PatternError> {
        self.scratch.steps += steps;
        if self.scratch.steps >= self.scratch.budget {
            return Err(PatternError::Interrupted);
        }
        Ok(())
    }

    /// Matches the pattern from `p` on at subject position `s`, one level deeper.
    fn attempt(&mut self, s: usize, p: usize) -> Outcome {
        if self.scratch.depth == 0 {
            return Err(PatternError::TooComplex);
        }
        self.scratch.depth -= 1;
        self.work(1 + self.pattern.len() as u64 / 16)?;
        let outcome = self.run(s, p)?;
        self.scratch.depth += 1;
        Ok(outcome)
    }

    fn run(&mut self, mut s: usize, mut p: usize) -> Outcome {
        loop {
            let Some(&c) = self.pattern.get(p) else {
                return Ok(Some(s));
            };
            match c {
                b'(' if self.peek(p + 1) == b')' => return self.open(s, p + 2, POSITION),
                b'(' => return self.open(s, p + 1, OPEN),
                b')' => return self.close(s, p + 1),
                b'$' if p + 1 == self.pattern.len() => {
                    return Ok((s == self.subject.len()).then_some(s));
                }
                b'%' if is_special(self.peek(p + 1)) => {
                    let Some((next_s, next_p)) = self.special(s, p)? else {
                        return Ok(None);
                    };
                    (s, p) = (next_s, next_p);
                    continue;
                }
                _ => {}
            }
            let (accepted, after) = self.single(s, p, c)?;
            match self.peek(after) {
                b'*' | b'?' | b'-' if !accepted => p = after + 1,
                b'?' => {
                    if let Some(end) = self.attempt(s + 1, after + 1)? {
                        return Ok(Some(end));
                    }
                    p = after + 1;
                }
                b'+' if accepted => return self.most(s + 1, p, after + 1),
                b'*' => return self.most(s, p, after + 1),
                b'-' => return self.least(s, p, after + 1),
                _ if !accepted => return Ok(None),
                _ => (s, p) = (s + 1, after),
            }
        }
    }

    /// Whether the item at `p`, which begins with `c`, accepts the byte at `s`; and where the
    /// pattern goes on.
    #[inline]
    fn single(&mut self, s: usize, p: usize, c: u8) -> Result<(bool, usize), PatternError> {
        let here = self.subject.get(s).copied();
        match c {
            b'.' => Ok((here.is_some(), p + 1)),
            b'%' | b'[' => {
                let (item, after) = self.item(p)?;
                Ok((here.is_some_and(|b| item.accepts(b)), after))
            }
            _ => Ok((here == Some(c), p + 1)),
        }
    }

    /// `%b`, `%f` and back references at `p`: where subject and pattern go on.
    fn special(&mut self, s: usize, p: usize) -> Result<Option<(usize, usize)>, PatternError> {
        match self.peek(p + 1) {
            b'b' => Ok(self.balance(s, p + 2)?.map(|end| (end, p + 4))),
            b'f' => {
                let after = self.frontier(s, p + 2)?;
                Ok(after.map(|after| (s, after)))
            }
            digit => Ok(self.back_reference(s, digit)?.map(|end| (end, p + 2))),
        }
    }

    fn balance(&mut self, s: usize, p: usize) -> Outcome {
        if p + 1 >= self.pattern.len() {
            return Err(PatternError::MissingBalanceArguments);
        }
        let (open, shut) = (self.pattern[p], self.pattern[p + 1]);
        if self.subject.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut nesting = 1usize;
        for (i, &c) in self.subject.iter().enumerate().skip(s + 1) {
            if c == shut {
                nesting -= 1;
                if nesting == 0 {
                    self.work((i - s) as u64)?;
                    return Ok(Some(i + 1));
                }
            } else if c == open {
                nesting += 1;
            }
        }
        self.work((self.subject.len() - s) as u64)?;
        Ok(None)
    }

    fn frontier(&mut self, s: usize, p: usize) -> Outcome {
        if self.peek(p) != b'[' {
            return Err(PatternError::MissingFrontierSet);
        }
        let (item, after) = self.item(p)?;
        let before = if s == 0 { 0 } else { self.subject[s - 1] };
        let here = self.subject.get(s).copied().unwrap_or(0);
        Ok((!item.accepts(before) && item.accepts(here)).then_some(after))
    }

    fn back_reference(&mut self, s: usize, digit: u8) -> Outcome {
        let index = i32::from(digit) - i32::from(b'1');
        let invalid = PatternError::InvalidCaptureIndex(index + 1);
        let slot = usize::try_from(index).map_err(|_| invalid)?;
        if slot >= self.scratch.level {
            return Err(invalid);
        }
        match self.scratch.captures[slot] {
            (_, OPEN) => Err(invalid),
            (_, POSITION) => Ok(None),
            (at, len) => {
                self.work(len as u64 / 8)?;
                let wanted = &self.subject[at..at + len];
                Ok(self.subject[s..].starts_with(wanted).then_some(s + len))
            }
        }
    }

    fn open(&mut self, s: usize, p: usize, kind: usize) -> Outcome {
        let level = self.scratch.level;
        if level >= MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        self.scratch.captures[level] = (s, kind);
        self.scratch.level = level + 1;
        let outcome = self.attempt(s, p)?;
        if outcome.is_none() {
            self.scratch.level -= 1;
        }
        Ok(outcome)
    }

    fn close(&mut self, s: usize, p: usize) -> Outcome {
        let open = self.scratch.captures[..self.scratch.level]
            .iter()
            .rposition(|&(_, len)| len == OPEN)
            .ok_or(PatternError::InvalidCapture)?;
        self.scratch.captures[open].1 = s - self.scratch.captures[open].0;
        let outcome = self.attempt(s, p)?;
        if outcome.is_none() {
            self.scratch.captures[open].1 = OPEN;
        }
        Ok(outcome)
    }

    /// As many repetitions as possible, then fewer until the rest matches.
    fn most(&mut self, s: usize, p: usize, rest: usize) -> Outcome {
        let (item, _) = self.item(p)?;
        let count = item.run(&self.subject[s..]);
        self.work(count as u64 / 4)?;
        if rest == self.pattern.len() && self.scratch.depth > 0 {
            return Ok(Some(s + count));
        }
        let next = self.literal_at(rest).filter(|_| self.scratch.depth > 0);
        for end in (s..=s + count).rev() {
            if next.is_some_and(|byte| self.subject.get(end) != Some(&byte)) {
                self.work(1)?;
                continue;
            }
            if let Some(found) = self.attempt(end, rest)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// As few repetitions as possible.
    fn least(&mut self, mut s: usize, p: usize, rest: usize) -> Outcome {
        let (item, _) = self.item(p)?;
        let next = self.literal_at(rest).filter(|_| self.scratch.depth > 0);
        loop {
            if next.is_some_and(|byte| self.subject.get(s) != Some(&byte)) {
                self.work(1)?;
            } else if let Some(end) = self.attempt(s, rest)? {
                return Ok(Some(end));
            }
            if !self.subject.get(s).is_some_and(|&b| item.accepts(b)) {
                return Ok(None);
            }
            s += 1;
        }
    }

    /// The single-byte item at `p`, and where the pattern goes on.
    #[inline]
    fn item(&mut self, p: usize) -> Result<(Item, usize), PatternError> {
        match self.pattern[p] {
            b'%' => match self.pattern.get(p + 1) {
                Some(&letter) => Ok((Item::escaped(letter), p + 2)),
                None => Err(PatternError::EndsWithEscape),
            },
            b'[' => self.set(p),
            b'.' => Ok((Item::Any, p + 1)),
            byte => Ok((Item::Byte(byte), p + 1)),
        }
    }

    fn set(&mut self, p: usize) -> Result<(Item, usize), PatternError> {
        if let Some(known) = self.scratch.sets.iter().flatten().find(|set| set.at == p) {
            return Ok((Item::Set(known.members), known.end));
        }
        let end = self.set_end(p)?;
        let members = self.set_members(p, end - 1);
        let slot = self.scratch.next_set;
        self.scratch.sets[slot] = Some(CachedSet { at: p, end, members });
        self.scratch.next_set = (slot + 1) % self.scratch.sets.len();
        Ok((Item::Set(members), end))
    }

    /// The position after the `]` of the set that begins at `p`.
    fn set_end(&self, p: usize) -> Result<usize, PatternError> {
        let mut at = p + 1;
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

    /// The bytes that the set from `p` to its `]` at `close` accepts.
    fn set_members(&self, p: usize, close: usize) -> Members {
        let mut members = Members::default();
        let negated = self.peek(p + 1) == b'^';
        let mut at = p + 1 + usize::from(negated);
        while at < close {
            let byte = self.pattern[at];
            if byte == b'%' {
                Item::escaped(self.peek(at + 1)).add_to(&mut members);
                at += 2;
            } else if self.peek(at + 1) == b'-' && at + 2 < close {
                (byte..=self.pattern[at + 2]).for_each(|b| members.insert(b));
                at += 3;
            } else {
                members.insert(byte);
                at += 1;
            }
        }
        if negated { members.complement() } else { members }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(subject: &str, pattern: &str) -> Result<Option<(usize, usize)>, PatternError> {
        search(subject.as_bytes(), pattern.as_bytes(), 0, &mut Scratch::new())
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
