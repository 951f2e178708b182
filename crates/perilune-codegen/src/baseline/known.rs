//! What the templates of a block know of the frame's registers: tags, and payloads in machine registers.
//!
//! Every value is stored into its home, the Lua register, when it is made; what is known here only saves
//! loads, tests and stores of tags. So all of it may be forgotten at any time.

use crate::masm::{FReg, Reg};

/// A tag that is not known.
const UNKNOWN: u8 = 0xff;

/// Facts that hold at a place in the code.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The tags of registers.
    tags: Vec<u8>,
    /// Which register's payload each temporary holds.
    general: Vec<Option<u8>>,
    /// The same for floats.
    floats: Vec<Option<u8>>,
}

impl Known {
    /// Nothing is known of `registers` registers.
    pub fn new(registers: usize, temps: usize, ftemps: usize) -> Known {
        Known {
            tags: vec![UNKNOWN; registers],
            general: vec![None; temps],
            floats: vec![None; ftemps],
        }
    }
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.tags.fill(UNKNOWN);
        self.clear_temps();
    }
    /// One that knows nothing.
    pub fn cleared(&self) -> Known {
        let mut nothing = self.clone();
        nothing.clear();
        nothing
    }
    /// Forgets what is in machine registers.
    pub fn clear_temps(&mut self) {
        self.general.fill(None);
        self.floats.fill(None);
    }
    /// The tag of register `r`.
    pub fn tag(&self, r: u8) -> Option<u8> {
        let t = self.tags[r as usize];
        (t != UNKNOWN).then_some(t)
    }
    pub fn set_tag(&mut self, r: u8, tag: u8) {
        self.tags[r as usize] = tag;
    }
    /// Forgets the tag of register `r`.
    pub fn forget_tag(&mut self, r: u8) {
        self.tags[r as usize] = UNKNOWN;
    }
    /// Forgets register `r`.
    pub fn forget(&mut self, r: u8) {
        self.tags[r as usize] = UNKNOWN;
        self.forget_payload(r);
    }
    /// Register `r` has another payload than the machine's registers say.
    pub fn forget_payload(&mut self, r: u8) {
        for held in self.general.iter_mut().chain(&mut self.floats) {
            if *held == Some(r) {
                *held = None;
            }
        }
    }
    /// Forgets the registers from `r` on.
    pub fn forget_from(&mut self, r: usize) {
        for k in r.min(self.tags.len())..self.tags.len() {
            self.forget(k as u8);
        }
    }
    /// The temporary that holds the payload of register `r`, by its place in the list.
    pub fn general(&self, r: u8) -> Option<usize> {
        self.general.iter().position(|&held| held == Some(r))
    }
    /// As [`Known::general`], for floats.
    pub fn float(&self, r: u8) -> Option<usize> {
        self.floats.iter().position(|&held| held == Some(r))
    }
    pub fn hold(&mut self, temp: usize, r: Option<u8>) {
        self.general[temp] = r;
    }
    pub fn hold_float(&mut self, temp: usize, r: Option<u8>) {
        self.floats[temp] = r;
    }
    /// Whether a temporary holds a payload.
    pub fn is_held(&self, temp: usize) -> bool {
        self.general[temp].is_some()
    }
    /// As [`Known::is_held`], for floats.
    pub fn is_held_float(&self, temp: usize) -> bool {
        self.floats[temp].is_some()
    }
    /// All known tags.
    pub fn tags(&self) -> impl Iterator<Item = (u8, u8)> {
        let known = |(r, &t): (usize, &u8)| (t != UNKNOWN).then_some((r as u8, t));
        self.tags.iter().enumerate().filter_map(known)
    }
    /// All payloads in general registers.
    pub fn held(&self, temps: &'static [Reg]) -> impl Iterator<Item = (Reg, u8)> {
        self.general
            .iter()
            .zip(temps)
            .filter_map(|(r, &t)| r.map(|r| (t, r)))
    }
    /// All payloads in floating-point registers.
    pub fn held_floats(&self, temps: &'static [FReg]) -> impl Iterator<Item = (FReg, u8)> {
        self.floats
            .iter()
            .zip(temps)
            .filter_map(|(r, &t)| r.map(|r| (t, r)))
    }
}
