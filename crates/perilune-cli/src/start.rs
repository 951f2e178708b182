//! The entry from C on Linux with glibc: what Rust's own does before `main` and a short run needs.
//!
//! Rust's asks the system for the bounds of the native stack, so that its overflow is reported (a tenth of
//! the time of a short run): the runtime counts the levels of everything that recurses, and nothing would be
//! reported. It ignores SIGPIPE too, which ends `lua`, and so this command, when nobody reads the output.
//!
//! The reasons are in `docs/decisions/0006-entry-from-c.md`.
#![allow(unsafe_code)]

use crate::Status;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, IntoRawFd};

/// What Rust's own entry returns after a panic.
const PANICKED: Status = 101;

// SAFETY: the binary has no other `main`. The arguments reach `std::env::args` without this function: glibc
// hands them to it before.
#[unsafe(no_mangle)]
extern "C" fn main(_count: i32, _arguments: *const *const u8) -> i32 {
    open_standard_streams();
    let status = std::panic::catch_unwind(crate::command).unwrap_or(PANICKED);
    let _ = std::io::stdout().flush();
    i32::from(status)
}

/// Opens those of the descriptors 0 to 2 that are closed, so that no file of the program gets their
/// numbers.
fn open_standard_streams() {
    const LAST: i32 = 2;
    while let Ok(file) = File::options().read(true).write(true).open("/dev/null")
        && file.as_raw_fd() <= LAST
    {
        let _ = file.into_raw_fd();
    }
}
