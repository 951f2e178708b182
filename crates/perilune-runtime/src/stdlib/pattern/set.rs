//! Sets of bytes: what one item of a pattern accepts.

use super::super::bytes::find_byte;

/// A set of bytes as 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bits([u64; 4]);

impl Bits {
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Adds a byte.
    pub const fn insert(&mut self, byte: u8) {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
    }
    /// Whether a byte is in the set.
    #[inline(always)]
    pub fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }
    /// The bytes that are not in the set.
    pub fn complement(self) -> Self {
        Self(self.0.map(|word| !word))
    }
    /// The bytes that are in one of two sets.
    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }
    /// Whether two sets have no byte in common.
    pub fn is_disjoint(self, other: Self) -> bool {
        (0..4).all(|i| self.0[i] & other.0[i] == 0)
    }
    /// The only byte in the set, if it has just one.
    fn only(self) -> Option<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        let word = self.0.iter().position(|&word| word != 0)?;
        (count == 1).then(|| (word as u32 * 64 + self.0[word].trailing_zeros()) as u8)
    }
}

/// What makes a set quick to search for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Every byte.
    All,
    /// One byte.
    Byte(u8),
    /// All bytes but one.
    AllBut(u8),
    /// Anything else.
    Mixed,
}

/// A set of bytes and its shape.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// The bytes.
    pub bits: Bits,
    /// Its shape.
    pub shape: Shape,
}

impl Set {
    /// The set with these bytes.
    pub fn new(bits: Bits) -> Self {
        let shape = if bits == Bits::ALL {
            Shape::All
        } else if let Some(byte) = bits.only() {
            Shape::Byte(byte)
        } else if let Some(byte) = bits.complement().only() {
            Shape::AllBut(byte)
        } else {
            Shape::Mixed
        };
        Self { bits, shape }
    }
    /// Where in `text` the first byte is that belongs to the set.
    #[inline]
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        match self.shape {
            Shape::All => (!text.is_empty()).then_some(0),
            Shape::Byte(byte) => find_byte(text, byte),
            Shape::AllBut(_) | Shape::Mixed => text.iter().position(|&b| self.bits.has(b)),
        }
    }
    /// How many leading bytes of `text` belong to the set.
    #[inline]
    pub fn run(&self, text: &[u8]) -> usize {
        let stop = match self.shape {
            Shape::All => None,
            Shape::Byte(byte) => text.iter().position(|&b| b != byte),
            Shape::AllBut(byte) => find_byte(text, byte),
            Shape::Mixed => text.iter().position(|&b| !self.bits.has(b)),
        };
        stop.unwrap_or(text.len())
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

/// The classes that a byte belongs to, in the C locale.
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

/// The bytes that belong to one of the classes `mask`.
const fn members(mask: u16) -> Bits {
    let mut bits = Bits([0; 4]);
    let mut byte = 0usize;
    while byte < 256 {
        if classes_of(byte as u8) & mask != 0 {
            bits.insert(byte as u8);
        }
        byte += 1;
    }
    bits
}

/// The bytes that `%letter` accepts: those of a class, or the letter itself.
pub fn escaped(letter: u8) -> Bits {
    let class = match letter.to_ascii_lowercase() {
        b'a' => const { members(ALPHA) },
        b'c' => const { members(CNTRL) },
        b'd' => const { members(DIGIT) },
        b'g' => const { members(GRAPH) },
        b'l' => const { members(LOWER) },
        b'p' => const { members(PUNCT) },
        b's' => const { members(SPACE) },
        b'u' => const { members(UPPER) },
        b'w' => const { members(ALPHA | DIGIT) },
        b'x' => const { members(HEX) },
        b'z' => const { members(ZERO) },
        _ => return single(letter),
    };
    if letter.is_ascii_uppercase() {
        class.complement()
    } else {
        class
    }
}

/// The set of these bytes.
pub const fn listed(bytes: &[u8]) -> Bits {
    let mut bits = Bits([0; 4]);
    let mut i = 0;
    while i < bytes.len() {
        bits.insert(bytes[i]);
        i += 1;
    }
    bits
}

/// The set of one byte.
pub fn single(byte: u8) -> Bits {
    let mut bits = Bits::default();
    bits.insert(byte);
    bits
}
