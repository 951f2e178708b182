//! Any bytes -> a binary chunk that is refused, or verified and run under limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use perilune_bytecode::{dump, file, verify};
use std::sync::Arc;

#[path = "../sandbox.rs"]
mod sandbox;

fuzz_target!(|bytes: &[u8]| {
    let Ok(proto) = file::read(bytes) else {
        return;
    };
    if let Ok(proto) = verify::verify(Arc::new(proto)) {
        let _listing = dump::dump(proto.proto());
        sandbox::run(bytes);
    }
});
