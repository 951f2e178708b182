//! What depends on the operating system: arguments and environment variables as bytes, and where a user's
//! files go.
//!
//! Unix has arguments as bytes; elsewhere they are text, and what is not Unicode is replaced.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

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

/// The folder `perilune` among a user's files of one kind: in what the variable `xdg` names (on Windows
/// `LOCALAPPDATA`), or else in the place `usual` of the user's home.
pub fn user_folder(
    var: impl Fn(&str) -> Option<OsString>,
    xdg: &str,
    usual: &str,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let name = if cfg!(windows) { "LOCALAPPDATA" } else { xdg };
    let folder = var(name).map(PathBuf::from).filter(|p| p.is_absolute());
    Some(folder.or_else(|| Some(home?.join(usual)))?.join("perilune"))
}
