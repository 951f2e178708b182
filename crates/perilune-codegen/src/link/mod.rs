//! Finished machine code -> memory in which it runs.
//!
//! Rules of the island:
//! 1. Memory is never writable and executable at the same address. It has a view of each kind, or one
//!    view that is switched (`mapping` knows both).
//! 2. A view is mapped as long as its `Mapping` lives, and only `Mapping` changes its protection.
//! 3. Bytes are written through `Mapping` alone, which is borrowed mutably for that, within its length.
//! 4. Code is left to other code as an address. Who jumps there has a [`Block`] that has not been freed,
//!    and owns the [`CodeMemory`], so that nobody writes at the same time.
//! 5. What has been written is published to the instruction cache before its address is given away, and
//!    what a processor may have fetched is forgotten before other code takes the place (`coherence`).
#![allow(unsafe_code)]

mod coherence;
pub mod features;
#[cfg_attr(not(unix), path = "no_mapping.rs")]
mod mapping;
mod memory;
mod space;

pub use coherence::synchronize_thread;
pub use memory::{ALIGNMENT, Block, CodeMemory, Error, Way};
