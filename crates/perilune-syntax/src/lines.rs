//! Offsets in a text -> lines.

/// Where the lines of a text start.
#[derive(Debug)]
pub struct Lines(Vec<u32>);

impl Default for Lines {
    /// The lines of an empty text.
    fn default() -> Self {
        Lines(vec![0])
    }
}

impl Lines {
    /// Splits a text into lines; `\r\n` and `\n\r` count once.
    pub fn of(text: &[u8]) -> Lines {
        let mut starts = vec![0];
        let mut i = 0;
        while i < text.len() {
            let c = text[i];
            i += 1;
            if c == b'\n' || c == b'\r' {
                let pair = text.get(i).is_some_and(|&n| (n == b'\n' || n == b'\r') && n != c);
                i += usize::from(pair);
                starts.push(i as u32);
            }
        }
        Lines(starts)
    }

    /// Another line starts at `offset`.
    pub(crate) fn push(&mut self, offset: u32) {
        self.0.push(offset);
    }

    /// The line, from 1, of the byte at `offset`.
    pub fn line(&self, offset: u32) -> u32 {
        self.0.partition_point(|&s| s <= offset) as u32
    }

    /// Where `line`, from 1, starts, if there is such a line.
    pub fn start(&self, line: u32) -> Option<u32> {
        self.0.get((line as usize).checked_sub(1)?).copied()
    }

    /// Whether `line`, from 1, is that of the byte at `offset`.
    pub fn is_on(&self, line: u32, offset: u32) -> bool {
        let i = line as usize - 1;
        self.0[i] <= offset && self.0.get(i + 1).is_none_or(|&s| offset < s)
    }
}
