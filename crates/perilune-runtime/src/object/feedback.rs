//! Inline caches that do not fit into an instruction: the sites of a function.
//!
//! A site belongs to one instruction, which holds its number, and has up to [`WAYS`] entries. Shapes
//! in entries are weak: when a shape is dropped, the entries that name it are emptied.

use super::shape::{Rep, Shapes};

/// How many shapes one site tells apart.
pub(crate) const WAYS: usize = 4;
/// No table has this shape.
pub(crate) const NEVER: u32 = u32::MAX;
/// The "shape" of strings in a [`Path`].
pub(crate) const STRING: u32 = u32::MAX - 1;
/// Longest chain of classes that a [`Path`] follows.
pub(crate) const MAX_DEPTH: usize = 5;

/// Where tables of a shape have a field.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub shape: u32,
    pub slot: u32,
}

/// How a store under a key changes tables of a shape: `old` and `new` are the same when the slot
/// exists.
#[derive(Clone, Copy)]
pub(crate) struct StoreWay {
    pub old: u32,
    pub new: u32,
    pub slot: u8,
    pub rep: Rep,
}

/// One step from a table to its class: the metatable's shape, the slot of its `__index`, and the
/// shape of the table there.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub meta: u32,
    pub class: u32,
    pub index: u8,
}

/// The way from a table of a shape, which does not have a field itself, to the class that has it.
#[derive(Clone, Copy)]
pub(crate) struct Path {
    pub shape: u32,
    pub slot: u8,
    pub depth: u8,
    pub steps: [Step; MAX_DEPTH],
}

impl Place {
    pub const EMPTY: Place = Place {
        shape: NEVER,
        slot: 0,
    };
}
impl StoreWay {
    pub const EMPTY: StoreWay = StoreWay {
        old: NEVER,
        new: NEVER,
        slot: 0,
        rep: Rep::VALUE,
    };
}
impl Path {
    pub const EMPTY: Path = Path {
        shape: NEVER,
        slot: 0,
        depth: 0,
        steps: [Step {
            meta: NEVER,
            class: NEVER,
            index: 0,
        }; MAX_DEPTH],
    };
}

/// The sites of one function.
#[derive(Default)]
pub(crate) struct Feedback {
    pub places: Vec<[Place; WAYS]>,
    pub stores: Vec<[StoreWay; WAYS]>,
    pub paths: Vec<[Path; WAYS]>,
}

/// Puts `entry` at the front of a free place of the site; false if there is none.
pub(crate) fn enter<T: Copy>(site: &mut [T; WAYS], entry: T, is_empty: impl Fn(&T) -> bool) -> bool {
    let Some(at) = site.iter().position(is_empty) else {
        return false;
    };
    site.copy_within(0..at, 1);
    site[0] = entry;
    true
}

impl Feedback {
    /// Bytes of all sites.
    pub fn bytes(&self) -> usize {
        size_of_val(self.places.as_slice())
            + size_of_val(self.stores.as_slice())
            + size_of_val(self.paths.as_slice())
    }

    /// Empties the entries that name a dropped shape.
    pub fn forget(&mut self, shapes: &Shapes) {
        let live = |id: u32| id == NEVER || id == STRING || shapes.is_live(id);
        for e in self.places.iter_mut().flatten() {
            if !live(e.shape) {
                *e = Place::EMPTY;
            }
        }
        for e in self.stores.iter_mut().flatten() {
            if !live(e.old) || !live(e.new) {
                *e = StoreWay::EMPTY;
            }
        }
        for e in self.paths.iter_mut().flatten() {
            let steps = &e.steps[..e.depth as usize];
            if !live(e.shape) || !steps.iter().all(|s| live(s.meta) && live(s.class)) {
                *e = Path::EMPTY;
            }
        }
    }
}
