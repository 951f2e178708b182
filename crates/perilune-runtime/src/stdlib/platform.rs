//! What differs between systems: paths and environment as bytes, error texts, process clock.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

/// How a process ended.
pub enum Ending {
    /// It returned this code.
    Exit(i32),
    /// This signal killed it.
    #[cfg_attr(not(unix), allow(dead_code))]
    Signal(i32),
}

/// A file name as a path.
#[cfg(unix)]
pub fn path(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

/// A file name as a path.
#[cfg(not(unix))]
pub fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}

/// The environment variable `name`.
#[cfg(unix)]
pub fn env(name: &[u8]) -> Option<Vec<u8>> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
        return None;
    }
    std::env::var_os(std::ffi::OsStr::from_bytes(name)).map(OsStringExt::into_vec)
}

/// The environment variable `name`.
#[cfg(not(unix))]
pub fn env(name: &[u8]) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?;
    if name.is_empty() || name.contains(['=', '\0']) {
        return None;
    }
    std::env::var(name).ok().map(String::into_bytes)
}

/// A command for the shell.
#[cfg(unix)]
pub fn shell(command: &[u8]) -> Command {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::process::CommandExt;
    let mut shell = Command::new("/bin/sh");
    // What the shell calls itself in messages, as after C's `system`.
    shell
        .arg0("sh")
        .arg("-c")
        .arg(std::ffi::OsStr::from_bytes(command));
    shell
}

/// A command for the shell.
#[cfg(not(unix))]
pub fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(String::from_utf8_lossy(command).into_owned());
    shell
}

/// Whether there is a shell.
pub fn has_shell() -> bool {
    cfg!(not(unix)) || std::path::Path::new("/bin/sh").exists()
}

/// How the process with this status ended.
pub fn ending(status: ExitStatus) -> Ending {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return Ending::Signal(signal);
        }
    }
    Ending::Exit(status.code().unwrap_or(1))
}

/// The system's text for an error.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) if error.raw_os_error().is_some() => text[..end].to_owned(),
        _ => text,
    }
}

/// The system's number for an error.
pub fn error_number(error: &io::Error) -> i64 {
    i64::from(error.raw_os_error().unwrap_or(0))
}

/// The error of a file used in a direction that it is not open for.
pub fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(9)
}

/// The error of an argument that makes no sense.
pub fn invalid_argument() -> io::Error {
    io::Error::from_raw_os_error(22)
}

/// The error of a position asked of a stream that has none.
pub fn not_seekable() -> io::Error {
    io::Error::from_raw_os_error(29)
}

/// The processor time that the process has used, in seconds.
#[cfg(unix)]
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let micros = time.tv_sec * 1_000_000 + time.tv_nsec / 1000;
    micros as f64 / 1e6
}

/// The time since this was first asked, in seconds.
#[cfg(not(unix))]
pub fn cpu_seconds() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}

/// Removes a file or an empty directory.
pub fn remove(name: &[u8]) -> io::Result<()> {
    let path = path(name);
    match std::fs::symlink_metadata(&path) {
        Ok(data) if data.is_dir() => std::fs::remove_dir(path),
        _ => std::fs::remove_file(path),
    }
}

/// Creates an empty file with a fresh name; yields the name and the file, open for both directions.
pub fn temporary_file() -> io::Result<(Vec<u8>, std::fs::File)> {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let directory = std::env::temp_dir();
    let mut error = io::Error::other("no free name");
    for _ in 0..100 {
        let mut random = RandomState::new().build_hasher().finish();
        let mut suffix = String::with_capacity(6);
        for _ in 0..6 {
            suffix.push(char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[(random % 62) as usize],
            ));
            random /= 62;
        }
        let path = directory.join(format!("lua_{suffix}"));
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        match options.open(&path) {
            Ok(file) => return Ok((path.into_os_string().into_encoded_bytes(), file)),
            Err(failed) if failed.kind() == io::ErrorKind::AlreadyExists => error = failed,
            Err(failed) => return Err(failed),
        }
    }
    Err(error)
}
