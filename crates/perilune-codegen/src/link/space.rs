//! The free stretches of a chunk -> the smallest that fits.

use std::collections::{BTreeMap, BTreeSet};

/// Which bytes of a chunk are free. Stretches that touch are one.
#[derive(Debug)]
pub struct Space {
    len: usize,
    /// Offset -> length.
    by_offset: BTreeMap<usize, usize>,
    /// (length, offset).
    by_len: BTreeSet<(usize, usize)>,
}

impl Space {
    /// A chunk of `len` bytes, all of them free.
    pub fn new(len: usize) -> Space {
        let mut space = Space {
            len,
            by_offset: BTreeMap::new(),
            by_len: BTreeSet::new(),
        };
        space.insert(0, len);
        space
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is taken.
    pub fn is_empty(&self) -> bool {
        self.by_offset.get(&0) == Some(&self.len)
    }

    /// Takes `len` bytes, which are more than 0, from the shortest stretch that has them: their offset.
    pub fn take(&mut self, len: usize) -> Option<usize> {
        let &(found, offset) = self.by_len.range((len, 0)..).next()?;
        self.remove(offset, found);
        self.insert(offset + len, found - len);
        Some(offset)
    }

    /// Makes bytes free that [`Space::take`] gave, and joins them with the free ones on both sides.
    pub fn give_back(&mut self, offset: usize, len: usize) {
        let (mut start, mut end) = (offset, offset + len);
        if let Some((&before, &its_len)) = self.by_offset.range(..offset).next_back()
            && before + its_len == offset
        {
            self.remove(before, its_len);
            start = before;
        }
        if let Some(&its_len) = self.by_offset.get(&end) {
            self.remove(end, its_len);
            end += its_len;
        }
        self.insert(start, end - start);
    }

    /// The free stretches, as offset and length, in order.
    #[cfg(test)]
    pub fn stretches(&self) -> Vec<(usize, usize)> {
        self.by_offset
            .iter()
            .map(|(&offset, &len)| (offset, len))
            .collect()
    }

    fn insert(&mut self, offset: usize, len: usize) {
        if len > 0 {
            self.by_offset.insert(offset, len);
            self.by_len.insert((len, offset));
        }
    }

    fn remove(&mut self, offset: usize, len: usize) {
        self.by_offset.remove(&offset);
        self.by_len.remove(&(len, offset));
    }
}

#[cfg(test)]
mod tests {
    use super::Space;

    #[test]
    fn neighbours_merge_on_both_sides() {
        let mut space = Space::new(640);
        let all: Vec<usize> = (0..10).map(|_| space.take(64).unwrap()).collect();
        assert_eq!(all, (0..10).map(|i| i * 64).collect::<Vec<_>>());
        assert_eq!((space.take(64), space.stretches()), (None, vec![]));
        space.give_back(128, 64);
        space.give_back(256, 64);
        assert_eq!(space.stretches(), [(128, 64), (256, 64)]);
        space.give_back(192, 64);
        assert_eq!(space.stretches(), [(128, 192)]);
        space.give_back(64, 64);
        space.give_back(320, 64);
        assert_eq!(space.stretches(), [(64, 320)]);
        assert!(!space.is_empty());
        for offset in [0, 576, 384, 512, 448] {
            space.give_back(offset, 64);
        }
        assert_eq!(space.stretches(), [(0, 640)]);
        assert!(space.is_empty() && space.by_len.len() == 1);
    }

    #[test]
    fn the_shortest_stretch_that_fits_is_taken() {
        let mut space = Space::new(1024);
        let sizes = [256, 64, 128, 64, 512];
        let offsets: Vec<usize> = sizes.iter().map(|&s| space.take(s).unwrap()).collect();
        space.give_back(offsets[0], 256);
        space.give_back(offsets[2], 128);
        assert_eq!(space.take(128), Some(offsets[2]));
        assert_eq!(space.take(128), Some(offsets[0]));
        assert_eq!(space.take(192), None);
        assert_eq!(space.take(64), Some(offsets[0] + 128));
        assert_eq!(space.stretches(), [(192, 64)]);
    }
}
