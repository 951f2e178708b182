//! Any bytes -> a program that is run in a fresh state under limits.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../sandbox.rs"]
mod sandbox;

fuzz_target!(|source: &[u8]| {
    sandbox::run(source);
});
