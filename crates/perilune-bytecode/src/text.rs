//! Names and string constants of a chunk -> one table, in which they have numbers.

use std::num::NonZeroU32;

/// A text of a [`Texts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TextId(NonZeroU32);

impl TextId {
    /// The text with this index. None for an index that no table reaches.
    #[inline]
    pub fn new(index: usize) -> Option<TextId> {
        let number = u32::try_from(index).ok()?.checked_add(1)?;
        NonZeroU32::new(number).map(TextId)
    }

    /// The text with this number, which is its index + 1; 0 is none.
    #[inline]
    pub(crate) fn from_number(number: u32) -> Option<TextId> {
        NonZeroU32::new(number).map(TextId)
    }

    /// Its index in the table.
    #[inline]
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The texts of a chunk, one behind the other. The functions of the chunk share them.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl Texts {
    /// Those with these bytes; each text ends where `ends` says.
    pub(crate) fn from_parts(bytes: Vec<u8>, ends: Vec<usize>) -> Texts {
        Texts { bytes, ends }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of a text; none for one that is not in this table.
    #[inline]
    pub fn get(&self, id: TextId) -> &[u8] {
        let index = id.index();
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        };
        let (Some(start), Some(&end)) = (start, self.ends.get(index)) else {
            return &[];
        };
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Those of more than `len` bytes.
    pub fn longer_than(&self, len: usize) -> impl Iterator<Item = TextId> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let sizes = starts.zip(&self.ends).map(|(start, end)| end - start);
        let long = sizes.enumerate().filter(move |&(_, size)| size > len);
        long.filter_map(|(index, _)| TextId::new(index))
    }

    /// Adds a text.
    ///
    /// # Panics
    /// If there are 2^32 - 1 already.
    pub fn push(&mut self, text: &[u8]) -> TextId {
        let id = TextId::new(self.ends.len()).expect("fewer than 2^32 texts");
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        id
    }
}

impl<'a> FromIterator<&'a [u8]> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(texts: I) -> Texts {
        let mut all = Texts::default();
        for text in texts {
            all.push(text);
        }
        all
    }
}
