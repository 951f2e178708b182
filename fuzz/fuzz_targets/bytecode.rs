//! Any bytes -> a binary chunk that is refused, or verified and run under limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perilune_bytecode::{dump, file, verify};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "../sandbox.rs"]
mod sandbox;

/// Files that run, files that the verifier refuses, files that are none.
static OUTCOMES: [AtomicU64; 3] = [const { AtomicU64::new(0) }; 3];
/// How many runs there are from one report of the outcomes to the next.
const REPORT: u64 = 1 << 18;

fuzz_target!(|bytes: &[u8]| {
    let outcome = match file::read(bytes).map(|proto| verify::verify(Arc::new(proto))) {
        Ok(Ok(proto)) => {
            let _listing = dump::dump(proto.proto());
            sandbox::run(bytes);
            0
        }
        Ok(Err(_)) => 1,
        Err(_) => 2,
    };
    OUTCOMES[outcome].fetch_add(1, Ordering::Relaxed);
    let [ran, refused, unreadable] = OUTCOMES.each_ref().map(|n| n.load(Ordering::Relaxed));
    if (ran + refused + unreadable) % REPORT == 0 {
        eprintln!("{ran} accepted and run, {refused} refused by the verifier, {unreadable} not of the format");
    }
});
