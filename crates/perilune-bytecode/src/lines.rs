//! The line of each instruction <-> one byte each, the difference to the instruction before.

/// Most instructions between two that have their line in full.
const FAR: usize = 128;

/// An instruction whose line is written in full, since the difference does not fit or none has been for
/// long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) pc: u32,
    pub(crate) line: u32,
}

/// The line of each instruction of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// What the first difference refers to.
    pub(crate) first: u32,
    /// The differences, signed; of no meaning where there is a mark.
    pub(crate) steps: Vec<u8>,
    /// In the order of the instructions.
    pub(crate) marks: Vec<Mark>,
}

impl Lines {
    /// `lines`, of a function that begins on line `first`.
    pub fn new(first: u32, lines: &[u32]) -> Lines {
        let mut steps = Vec::with_capacity(lines.len());
        let mut marks: Vec<Mark> = Vec::new();
        let mut last = first;
        let mut next_mark = FAR;
        for (pc, &line) in lines.iter().enumerate() {
            match i8::try_from(i64::from(line) - i64::from(last)) {
                Ok(step) if pc < next_mark => steps.push(step as u8),
                Ok(_) | Err(_) => {
                    steps.push(0);
                    marks.push(Mark { pc: pc as u32, line });
                    next_mark = pc + FAR;
                }
            }
            last = line;
        }
        Lines { first, steps, marks }
    }

    /// How many instructions have a line.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The line of the instruction at `pc`.
    pub fn get(&self, pc: usize) -> Option<u32> {
        let before = self.marks.partition_point(|m| m.pc as usize <= pc);
        let (from, line) = match self.marks[..before].last() {
            Some(mark) => (mark.pc as usize + 1, mark.line),
            None => (0, self.first),
        };
        let steps = self.steps.get(from..pc.checked_add(1)?)?;
        Some(steps.iter().fold(line, |line, &step| stepped(line, step)))
    }

    /// All of them, in the order of the instructions.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let mut marks = self.marks.iter().peekable();
        let mut line = self.first;
        self.steps.iter().enumerate().map(move |(pc, &step)| {
            line = match marks.next_if(|m| m.pc as usize == pc) {
                Some(mark) => mark.line,
                None => stepped(line, step),
            };
            line
        })
    }
}

fn stepped(line: u32, step: u8) -> u32 {
    line.wrapping_add_signed(i32::from(step as i8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn survive(first: u32, lines: &[u32]) -> Lines {
        let packed = Lines::new(first, lines);
        assert_eq!(packed.iter().collect::<Vec<u32>>(), lines);
        let each: Vec<u32> = (0..lines.len()).filter_map(|pc| packed.get(pc)).collect();
        assert_eq!(each, lines);
        assert_eq!(packed.get(lines.len()), None);
        assert_eq!(packed.get(usize::MAX), None);
        packed
    }

    #[test]
    fn lines_survive() {
        assert!(survive(5, &[]).is_empty());
        assert!(survive(5, &[5, 5, 6, 4, 131, 3]).marks.is_empty());
        assert_eq!(survive(5, &[500, 501, 1, 2, u32::MAX, 0]).marks.len(), 4);
        let long: Vec<u32> = (0..1000).map(|n| n / 3 + n % 7).collect();
        assert_eq!(survive(0, &long).marks.len(), 7);
    }
}
