//! Instructions -> bytes, with the distances that are not known yet.

use super::{Code, Label};

/// Where a label is that has not been placed.
const NOWHERE: u32 = u32::MAX;

/// What a field of an instruction points at.
#[derive(Clone, Copy)]
enum Target {
    Label(Label),
    Pool(u32),
    Far(u32),
}

/// Code that grows, its labels, and the fields to fill in when all of it is there.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    labels: Vec<u32>,
    /// Offsets of fields of 4 bytes, with what they point at.
    fixups: Vec<(u32, Target)>,
}

impl Buffer {
    /// How many bytes there are.
    pub fn offset(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Appends bytes.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The byte at an offset, to be changed.
    pub fn byte(&mut self, at: u32) -> &mut u8 {
        &mut self.bytes[at as usize]
    }

    /// A label that is not placed yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(NOWHERE);
        Label(self.labels.len() as u32 - 1)
    }

    /// Places a label here.
    ///
    /// # Panics
    /// If it has been placed before.
    pub fn bind(&mut self, l: Label) {
        let here = self.offset();
        let place = &mut self.labels[l.0 as usize];
        assert_eq!(*place, NOWHERE, "{l:?} is placed twice");
        *place = here;
    }

    /// Where a label is, if it has been placed.
    pub fn place(&self, l: Label) -> Option<u32> {
        Some(self.labels[l.0 as usize]).filter(|&place| place != NOWHERE)
    }

    /// The 4 bytes that come next will point at a label.
    pub fn points_at(&mut self, l: Label) {
        self.fixups.push((self.offset(), Target::Label(l)));
    }

    /// The 4 bytes that come next will point at a pool entry.
    pub fn points_at_pool(&mut self, entry: u32) {
        self.fixups.push((self.offset(), Target::Pool(entry)));
    }

    /// The 4 bytes that come next will point at other code.
    pub fn points_at_far(&mut self, code: u32) {
        self.fixups.push((self.offset(), Target::Far(code)));
    }

    /// Pads the code with repetitions of `filler` to 16 bytes and fills in all fields: `patch` gets the 4
    /// bytes of one with the distance from there to what it points at, and answers with the new
    /// bytes, or none if the distance is too long.
    ///
    /// # Panics
    /// If a label that is used was never placed, or lies too far away.
    pub fn finish(mut self, filler: &[u8], patch: impl Fn(u32, i64) -> Option<u32>) -> Code {
        while !self.bytes.len().is_multiple_of(16) {
            self.bytes.extend_from_slice(filler);
        }
        let mut far = Vec::new();
        for (at, target) in std::mem::take(&mut self.fixups) {
            let to = match target {
                Target::Far(code) => {
                    far.push((at, code));
                    continue;
                }
                Target::Label(l) => {
                    let place = self.place(l);
                    i64::from(place.unwrap_or_else(|| panic!("{l:?} was never placed")))
                }
                Target::Pool(entry) => self.bytes.len() as i64 + 8 * i64::from(entry),
            };
            let field = &mut self.bytes[at as usize..][..4];
            let old = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
            let new = patch(old, to - i64::from(at));
            let new = new.unwrap_or_else(|| panic!("the target of the branch at {at} is too far away"));
            field.copy_from_slice(&new.to_le_bytes());
        }
        Code {
            bytes: self.bytes,
            labels: self.labels,
            far,
        }
    }
}
