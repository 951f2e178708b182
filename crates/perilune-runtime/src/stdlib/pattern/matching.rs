//! (program, subject bytes) -> match and captures; pure, bounded and interruptible.
//!
//! Where the rest of the pattern can match in one way only the matcher does not recurse; but it counts
//! levels as the reference implementation does, which nests one deeper for each repetition and each
//! bracket, so that both refuse the same patterns as too complex.

use super::set::Shape;
use super::{Item, MAX_CAPTURES, OPEN, Op, POSITION, PatternError, Program};
use crate::stdlib::bytes::find_byte;

/// How deep backtracking may nest.
const MAX_DEPTH: u32 = 200;

impl Program {
    /// Looks for the first match at or after `from`. Whether there is one; it is kept as the span.
    ///
    /// # Errors
    /// Those of the pattern, and [`PatternError::Interrupted`].
    #[inline]
    pub fn search(&mut self, subject: &[u8], from: usize) -> Result<bool, PatternError> {
        match &self.items[..] {
            [item] if !self.anchored && matches!(item.op, Op::Byte(_) | Op::One | Op::More) => {
                let Some(skip) = item.set.find(&subject[from..]) else {
                    self.steps += (subject.len() - from) as u64 / 8;
                    return Ok(false);
                };
                let start = from + skip;
                let count = match item.op {
                    Op::More => item.set.run(&subject[start..]),
                    _ => 1,
                };
                self.steps += 1 + (skip + count) as u64 / 8;
                self.span = (start, start + count);
                Ok(true)
            }
            _ => self.search_all(subject, from),
        }
    }

    /// The general search.
    fn search_all(&mut self, subject: &[u8], from: usize) -> Result<bool, PatternError> {
        let mut matcher = Matcher {
            subject,
            items: &self.items,
            captures: &mut self.captures,
            steps: self.steps,
            budget: self.budget,
            error: PatternError::Interrupted,
        };
        let mut at = from;
        let found = loop {
            self.resume = at;
            if !self.anchored && self.first.shape != Shape::All {
                match self.first.find(&subject[at..]) {
                    Some(skip) => {
                        at += skip;
                        matcher.steps += skip as u64 / 8;
                    }
                    None => {
                        matcher.steps += (subject.len() - at) as u64 / 8;
                        if !self.first_end {
                            break Ok(false);
                        }
                        at = subject.len();
                    }
                }
                self.resume = at;
            }
            match matcher.run(at, 0, MAX_DEPTH) {
                Outcome::Match(end) => {
                    self.span = (at, end);
                    break Ok(true);
                }
                Outcome::Stopped => break Err(matcher.error),
                Outcome::Fail => at += 1,
            }
            if self.anchored || at > subject.len() {
                break Ok(false);
            }
        };
        self.steps = matcher.steps;
        found
    }
}

/// How an attempt ended.
#[derive(Clone, Copy)]
enum Outcome {
    /// A match that ends there.
    Match(usize),
    /// No match.
    Fail,
    /// An error, kept in the matcher.
    Stopped,
}

impl Item {
    /// Whether the items after this one can match where `next` is the next byte, or at the end.
    #[inline(always)]
    fn may_be_followed(&self, next: Option<&u8>) -> bool {
        next.map_or(self.follow_end, |&byte| self.follow.bits.has(byte))
    }
}

struct Matcher<'a> {
    subject: &'a [u8],
    items: &'a [Item],
    captures: &'a mut [(usize, usize); MAX_CAPTURES],
    steps: u64,
    budget: u64,
    error: PatternError,
}

impl Matcher<'_> {
    #[cold]
    fn stop(&mut self, error: PatternError) -> Outcome {
        self.error = error;
        Outcome::Stopped
    }

    /// Counts work; false when the slice is used up.
    #[inline(always)]
    fn work(&mut self, steps: usize) -> bool {
        self.steps += steps as u64;
        self.steps < self.budget
    }

    /// Whether the items from `item` on cannot get too deep by taking nothing: then an attempt that
    /// fails at its first byte need not be made.
    #[inline(always)]
    fn is_shallow(&self, item: usize, depth: u32) -> bool {
        depth as usize > self.items.len() - item
    }

    /// Matches the items from `at` on at subject position `s`, one level deeper.
    fn run(&mut self, mut s: usize, mut at: usize, mut depth: u32) -> Outcome {
        if depth == 0 {
            return self.stop(PatternError::TooComplex);
        }
        depth -= 1;
        if !self.work(1) {
            return self.stop(PatternError::Interrupted);
        }
        let items = self.items;
        while let Some(item) = items.get(at) {
            self.steps += 1;
            match item.op {
                Op::Byte(byte) if self.subject.get(s) == Some(&byte) => s += 1,
                Op::Byte(_) => return Outcome::Fail,
                Op::One => {
                    if !self.subject.get(s).is_some_and(|&b| item.set.bits.has(b)) {
                        return Outcome::Fail;
                    }
                    s += 1;
                }
                Op::Most | Op::More | Op::Least => {
                    if !self.subject.get(s).is_some_and(|&b| item.set.bits.has(b)) {
                        if item.op == Op::More {
                            return Outcome::Fail;
                        }
                        // Taking nothing is no level deeper.
                        at += 1;
                        continue;
                    }
                    let is_last = at + 1 == items.len() && item.op != Op::Least && depth > 0;
                    let settled = is_last || (item.exact && self.is_shallow(at, depth));
                    if item.op == Op::Least && !settled {
                        return self.least(s, at, depth);
                    }
                    let count = item.set.run(&self.subject[s..]);
                    if !self.work(count / 4) {
                        return self.stop(PatternError::Interrupted);
                    }
                    if !settled {
                        let least = s + usize::from(item.op == Op::More);
                        return self.most(least, s + count, at, depth);
                    }
                    s += count;
                    depth -= 1;
                }
                Op::Maybe => {
                    if self.subject.get(s).is_some_and(|&b| item.set.bits.has(b)) {
                        if item.exact && self.is_shallow(at, depth) {
                            s += 1;
                            depth -= 1;
                        } else {
                            match self.run(s + 1, at + 1, depth) {
                                Outcome::Fail => {}
                                other => return other,
                            }
                        }
                    }
                }
                Op::Open(_) | Op::Position(_) | Op::Close(_) => {
                    self.bracket(item.op, s);
                    if depth == 0 {
                        return self.stop(PatternError::TooComplex);
                    }
                    depth -= 1;
                }
                Op::End if s == self.subject.len() => {}
                Op::End => return Outcome::Fail,
                Op::Frontier | Op::Balance(..) | Op::Again(_) | Op::Malformed(_) => {
                    match self.special(item, s) {
                        Outcome::Match(end) => s = end,
                        other => return other,
                    }
                }
            }
            at += 1;
        }
        Outcome::Match(s)
    }

    /// Notes where a capture begins or ends. An attempt that fails need not take this back: every
    /// later one passes the same bracket again before anything looks at the capture.
    #[inline(always)]
    fn bracket(&mut self, op: Op, s: usize) {
        match op {
            Op::Open(index) => self.captures[usize::from(index)] = (s, OPEN),
            Op::Position(index) => self.captures[usize::from(index)] = (s, POSITION),
            Op::Close(index) => {
                let capture = &mut self.captures[usize::from(index)];
                capture.1 = s - capture.0;
            }
            _ => {}
        }
    }

    /// As many repetitions of item `at` as possible, from `end` down to `least`, so that the rest
    /// matches.
    fn most(&mut self, least: usize, mut end: usize, at: usize, depth: u32) -> Outcome {
        let item = &self.items[at];
        let shallow = self.is_shallow(at, depth);
        loop {
            if !shallow || item.may_be_followed(self.subject.get(end)) {
                match self.run(end, at + 1, depth) {
                    Outcome::Fail => {}
                    other => return other,
                }
            } else if !self.work(1) {
                return self.stop(PatternError::Interrupted);
            }
            if end == least {
                return Outcome::Fail;
            }
            end -= 1;
        }
    }

    /// As few repetitions of item `at` as possible.
    fn least(&mut self, mut s: usize, at: usize, depth: u32) -> Outcome {
        let item = &self.items[at];
        let shallow = self.is_shallow(at, depth);
        loop {
            if shallow
                && !item.follow_end
                && let (Shape::All, Shape::Byte(byte)) = (item.set.shape, item.follow.shape)
            {
                let Some(skip) = find_byte(&self.subject[s..], byte) else {
                    self.steps += (self.subject.len() - s) as u64 / 8;
                    return Outcome::Fail;
                };
                s += skip;
                self.steps += skip as u64 / 8;
            }
            if !shallow || item.may_be_followed(self.subject.get(s)) {
                match self.run(s, at + 1, depth) {
                    Outcome::Fail => {}
                    other => return other,
                }
            } else if !self.work(1) {
                return self.stop(PatternError::Interrupted);
            }
            if !self.subject.get(s).is_some_and(|&b| item.set.bits.has(b)) {
                return Outcome::Fail;
            }
            s += 1;
        }
    }

    /// The rarer items: where the subject goes on.
    fn special(&mut self, item: &Item, s: usize) -> Outcome {
        let end = match item.op {
            Op::Balance(open, shut) => self.balance(s, open, shut),
            Op::Again(index) => self.again(s, usize::from(index)),
            Op::Malformed(error) => return self.stop(error),
            _ => {
                let before = if s == 0 { 0 } else { self.subject[s - 1] };
                let here = self.subject.get(s).copied().unwrap_or(0);
                let bits = item.set.bits;
                (!bits.has(before) && bits.has(here)).then_some(s)
            }
        };
        if !self.work(end.map_or(0, |end| (end - s) / 8)) {
            return self.stop(PatternError::Interrupted);
        }
        end.map_or(Outcome::Fail, Outcome::Match)
    }

    fn balance(&mut self, s: usize, open: u8, shut: u8) -> Option<usize> {
        if self.subject.get(s) != Some(&open) {
            return None;
        }
        let mut nesting = 1usize;
        for (i, &c) in self.subject.iter().enumerate().skip(s + 1) {
            if c == shut {
                nesting -= 1;
                if nesting == 0 {
                    return Some(i + 1);
                }
            } else if c == open {
                nesting += 1;
            }
        }
        self.steps += (self.subject.len() - s) as u64 / 2;
        None
    }

    /// What capture `index` took, once more.
    fn again(&mut self, s: usize, index: usize) -> Option<usize> {
        let (at, len) = self.captures[index];
        if len == POSITION {
            return None;
        }
        self.steps += len as u64 / 8;
        let wanted = &self.subject[at..at + len];
        self.subject[s..].starts_with(wanted).then_some(s + len)
    }
}
