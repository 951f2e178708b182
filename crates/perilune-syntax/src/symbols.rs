//! Names and strings of a chunk -> numbers: equal texts get the same one, so that the stages behind the
//! lexer compare numbers.

use std::hash::{BuildHasher, RandomState};

use crate::ast::Symbol;

/// The texts of a chunk, one after the other.
#[derive(Debug, Default)]
pub struct Symbols {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Symbols {
    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of a symbol.
    #[inline]
    pub fn text(&self, s: Symbol) -> &[u8] {
        let start = match s.index() {
            0 => 0,
            i => self.ends[i - 1] as usize,
        };
        &self.bytes[start..self.ends[s.index()] as usize]
    }

    fn push(&mut self, text: &[u8]) -> Symbol {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u32);
        Symbol(self.ends.len() as u32 - 1)
    }
}

/// An entry of the hash table.
#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// Index of the symbol + 1; 0 where the slot is free.
    symbol: u32,
}

/// The symbols, and the table that finds them: open addressing, its size a power of two.
pub(crate) struct Interner {
    symbols: Symbols,
    slots: Vec<Slot>,
    /// A chunk's author does not know it, so cannot choose texts that collide.
    seed: u64,
}

impl Default for Interner {
    fn default() -> Self {
        Interner {
            symbols: Symbols::default(),
            slots: Vec::new(),
            seed: RandomState::new().hash_one(0),
        }
    }
}

impl Interner {
    pub(crate) fn intern(&mut self, text: &[u8]) -> Symbol {
        if self.symbols.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(text, self.seed);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.symbol == 0 {
                break;
            }
            let found = Symbol(slot.symbol - 1);
            if slot.hash == hash && self.symbols.text(found) == text {
                return found;
            }
            at = (at + 1) & mask;
        }
        let new = self.symbols.push(text);
        self.slots[at] = Slot {
            hash,
            symbol: new.0 + 1,
        };
        new
    }

    #[cold]
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old.into_iter().filter(|s| s.symbol != 0) {
            let mut at = slot.hash as usize & (size - 1);
            while self.slots[at].symbol != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }

    pub(crate) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub(crate) fn into_symbols(self) -> Symbols {
        self.symbols
    }
}

/// Eight bytes at a time, multiplied to twice the width and folded.
fn hash(text: &[u8], seed: u64) -> u32 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| {
        let wide = u128::from(state ^ word) * u128::from(MULTIPLIER);
        wide as u64 ^ (wide >> 64) as u64
    };
    let mut state = seed ^ text.len() as u64;
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    mix(state, short_word(rest)) as u32
}

/// Fewer than eight bytes as a number.
fn short_word(text: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    match *text {
        [] => 0,
        [a] => u64::from(a),
        [a, b] => u64::from(a) << 8 | u64::from(b),
        [a, b, c, ..] => u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_symbol_and_others_their_own() {
        let mut interner = Interner::default();
        let texts: Vec<Vec<u8>> = (0..3000u32)
            .map(|i| {
                let byte = |n: u32| (i >> (n % 4 * 8)) as u8;
                (0..i % 21).map(byte).chain(i.to_le_bytes()).collect()
            })
            .chain([vec![], vec![0], vec![0, 0], vec![0, 0, 0], vec![0; 4], vec![0; 8]])
            .collect();
        let first: Vec<Symbol> = texts.iter().map(|t| interner.intern(t)).collect();
        for (text, symbol) in texts.iter().zip(&first) {
            assert_eq!(interner.intern(text), *symbol);
            assert_eq!(interner.symbols().text(*symbol), text);
        }
        let mut distinct: Vec<&Vec<u8>> = texts.iter().collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(interner.symbols().len(), distinct.len());
    }
}
