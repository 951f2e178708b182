//! The bytes of a chunk: those that are there, and a callback that has more.

/// Says that the callback of a [`Source`] could not go on. Why, only the callback knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Appends the next piece of a chunk to the bytes so far; at the end of the chunk, nothing. It keeps
/// the whole below 4 GB.
pub type More<'s> = dyn FnMut(&mut Vec<u8>) -> Result<(), Unreadable> + 's;

/// The bytes of a chunk. More of them are asked for only when the next one is needed.
pub struct Source<'s> {
    pub(crate) text: Vec<u8>,
    /// `None` where there is no more.
    more: Option<&'s mut More<'s>>,
    failed: bool,
}

impl<'s> Source<'s> {
    /// A chunk that is all there.
    pub fn whole(text: impl Into<Vec<u8>>) -> Self {
        Source {
            text: text.into(),
            more: None,
            failed: false,
        }
    }

    /// A chunk that comes in pieces. After its end or a failure, `more` is not called again.
    pub fn pieces(more: &'s mut More<'s>) -> Self {
        Source {
            text: Vec::new(),
            more: Some(more),
            failed: false,
        }
    }

    /// The bytes that are there.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The first byte of the chunk.
    pub fn first(&mut self) -> Option<u8> {
        self.reach(1);
        self.text.first().copied()
    }

    /// Asks for more until there are `len` bytes; whether there are.
    pub fn reach(&mut self, len: usize) -> bool {
        while self.text.len() < len {
            if !self.pull() {
                return false;
            }
        }
        true
    }

    /// Whether reading failed. The chunk seems to end there.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Asks for a piece; whether there was one.
    #[cold]
    #[inline(never)]
    pub(crate) fn pull(&mut self) -> bool {
        let Some(more) = &mut self.more else {
            return false;
        };
        let before = self.text.len();
        self.failed = more(&mut self.text).is_err();
        if self.failed {
            self.text.truncate(before);
        }
        let found = self.text.len() > before;
        if !found {
            self.more = None;
        }
        found
    }
}
