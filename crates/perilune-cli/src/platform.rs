//! What depends on the operating system: arguments and environment variables as bytes.
//!
//! Unix has them as bytes; elsewhere they are text, and what is not Unicode is replaced.

use std::ffi::{OsStr, OsString};

/// The bytes of an argument.
#[cfg(unix)]
pub fn to_bytes(s: &OsStr) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(s).to_vec()
}

/// The bytes of an argument.
#[cfg(not(unix))]
pub fn to_bytes(s: &OsStr) -> Vec<u8> {
    s.to_string_lossy().into_owned().into_bytes()
}

/// The inverse of [`to_bytes`].
#[cfg(unix)]
pub fn from_bytes(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// The inverse of [`to_bytes`].
#[cfg(not(unix))]
pub fn from_bytes(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
