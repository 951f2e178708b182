//! Systems whose memory is not understood here -> no code memory.

use super::memory::Way;
use std::convert::Infallible;
use std::io;
use std::ops::Range;

/// A stretch of code memory, of which there is none.
#[derive(Debug)]
pub struct Mapping(Infallible);

impl Mapping {
    /// Fails.
    pub fn new(_len: usize, _way: Way) -> io::Result<Mapping> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The address of the first byte.
    pub fn address(&self) -> usize {
        match self.0 {}
    }

    /// Writes a stretch.
    pub fn write(&mut self, _range: Range<usize>, _fill: impl FnOnce(&mut [u8])) -> io::Result<()> {
        match self.0 {}
    }

    /// Writes 8 bytes.
    pub fn write_word(&mut self, _offset: usize, _value: u64) -> io::Result<()> {
        match self.0 {}
    }

    /// Whether what was written last is executed.
    pub fn is_coherent(&mut self) -> bool {
        match self.0 {}
    }
}
