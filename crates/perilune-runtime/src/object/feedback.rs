//! Inline caches that do not fit into an instruction: the sites of a function.
//!
//! A site belongs to one instruction, which holds its number, and has up to [`WAYS`] entries. Shapes
//! in entries are weak: when a shape is dropped, the entries that name it are emptied.

use super::shape::{Rep, Shapes};

/// How many shapes one site tells apart.
pub const WAYS: usize = 4;
/// No table has this shape.
pub const NEVER: u32 = u32::MAX;
/// The "shape" of strings in a [`Path`].
pub const STRING: u32 = u32::MAX - 1;
/// Longest chain of classes that a [`Path`] follows.
pub const MAX_DEPTH: usize = 5;

/// Where tables of a shape have a field.
#[derive(Clone, Copy)]
pub struct Place {
    /// The shape's number.
    pub shape: u32,
    /// The slot in which the field stands.
    pub slot: u32,
}

/// How a store under a key changes tables of a shape: `old` and `new` are the same when the slot
/// exists.
#[derive(Clone, Copy)]
pub struct StoreWay {
    /// The shape before the store.
    pub old: u32,
    /// The shape after it.
    pub new: u32,
    /// The slot that is written.
    pub slot: u8,
    /// The representation of that slot: other values are stored by the generic way, which widens it.
    pub rep: Rep,
}

/// One step from a table to its class: the metatable's shape, the slot of its `__index`, and the
/// shape of the table there.
#[derive(Clone, Copy)]
pub struct Step {
    /// The metatable's shape.
    pub meta: u32,
    /// The shape of the table in its `__index`.
    pub class: u32,
    /// The metatable's slot of `__index`.
    pub index: u8,
}

/// No slot: for [`Path::own`], the table itself cannot have the field; for [`Path::slot`], the last class
/// has not got it either, and no metatable.
pub const ABSENT: u8 = u8::MAX;

/// The way from a table of a shape, which does not have a field or has nil there, to the class that
/// has it.
#[derive(Clone, Copy)]
pub struct Path {
    /// The table's shape, or [`STRING`].
    pub shape: u32,
    /// The table's own slot for the field: what stands there goes first.
    pub own: u8,
    /// The slot of the class at the end.
    pub slot: u8,
    /// How many steps it is to there; 0 for a table without a metatable.
    pub depth: u8,
    /// In the first entry of a site, how often entries have been replaced.
    pub renewals: u8,
    /// The steps, of which the first `depth` count.
    pub steps: [Step; MAX_DEPTH],
}

impl Place {
    /// An entry that is free: no table fits it.
    pub const EMPTY: Place = Place {
        shape: NEVER,
        slot: 0,
    };
}
impl StoreWay {
    /// An entry that is free: no table fits it.
    pub const EMPTY: StoreWay = StoreWay {
        old: NEVER,
        new: NEVER,
        slot: 0,
        rep: Rep::VALUE,
    };
}
impl Path {
    /// An entry that is free: no table fits it.
    pub const EMPTY: Path = Path {
        shape: NEVER,
        own: ABSENT,
        slot: ABSENT,
        depth: 0,
        renewals: 0,
        steps: [Step {
            meta: NEVER,
            class: NEVER,
            index: 0,
        }; MAX_DEPTH],
    };
}

/// Paths for instructions that have seen too many shapes: one table for the whole state, by key,
/// shape and the metatable's shape. A collection empties it, since keys are known by address.
#[derive(Default)]
pub(crate) struct PathTable {
    entries: Vec<(usize, u64, Path)>,
}

impl PathTable {
    const SIZE: usize = 256;

    /// What was entered for a key and shapes at time `now`.
    #[inline]
    pub fn get(&self, key: usize, shape: u32, meta: u32, now: u64) -> Option<&Path> {
        let (k, time, path) = self.entries.get(PathTable::place(key, shape, meta))?;
        (*k == key && *time == now && path.shape == shape).then_some(path)
    }
    pub fn enter(&mut self, key: usize, meta: u32, now: u64, path: Path) {
        if self.entries.is_empty() {
            self.entries.resize(PathTable::SIZE, (0, 0, Path::EMPTY));
        }
        self.entries[PathTable::place(key, path.shape, meta)] = (key, now, path);
    }
    #[inline]
    fn place(key: usize, shape: u32, meta: u32) -> usize {
        (key >> 4 ^ shape as usize ^ (meta as usize) << 4) % PathTable::SIZE
    }
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
