//! The lines typed before: where their file is, and its reading and writing.

use crate::platform::user_folder;
use rustyline::history::{FileHistory, History};
use rustyline::{Editor, Helper};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// The file of the lines typed, if they are to be kept.
pub struct Store(Option<PathBuf>);

impl Store {
    /// Reads what the file has. A file that cannot be made or read is left alone.
    pub fn open<H: Helper>(editor: &mut Editor<H, FileHistory>) -> Store {
        let path = path(|name| std::env::var_os(name), std::env::home_dir())
            .filter(|p| make(p).is_ok() && editor.load_history(p).is_ok());
        Store(path)
    }

    /// Remembers a chunk, in the file too. rustyline locks the file and keeps what other processes have
    /// added to it.
    pub fn add<H: Helper>(&self, editor: &mut Editor<H, FileHistory>, text: &str) {
        let added = editor.add_history_entry(text).unwrap_or(false);
        if let Some(path) = self.0.as_ref().filter(|_| added) {
            let _ = editor.history_mut().append(path);
        }
    }
}

/// Where the file is: `PERILUNE_HISTORY`, which disables it when empty, or the user's folder for state.
fn path(var: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(path) = var("PERILUNE_HISTORY") {
        return (!path.is_empty()).then(|| path.into());
    }
    Some(user_folder(var, "XDG_STATE_HOME", ".local/state", home)?.join("history"))
}

/// Makes an empty file, for the user alone, unless there is one. A second process that does the same at
/// this moment finds it.
fn make(path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

#[cfg(all(test, unix))]
mod tests {
    use super::path;
    use std::path::PathBuf;

    fn found(vars: &[(&str, &str)]) -> Option<String> {
        let var = |name: &str| vars.iter().find(|v| v.0 == name).map(|v| v.1.into());
        let p = path(var, Some(PathBuf::from("/me")));
        p.map(|p| p.display().to_string())
    }

    #[test]
    fn the_file_is_where_the_variables_say() {
        let default = Some("/me/.local/state/perilune/history".to_owned());
        assert_eq!(found(&[]), default);
        assert_eq!(found(&[("XDG_STATE_HOME", "not/absolute")]), default);
        assert_eq!(
            found(&[("XDG_STATE_HOME", "/s")]),
            Some("/s/perilune/history".to_owned())
        );
        assert_eq!(
            found(&[("XDG_STATE_HOME", "/s"), ("PERILUNE_HISTORY", "h")]),
            Some("h".to_owned())
        );
        assert_eq!(found(&[("PERILUNE_HISTORY", "")]), None);
    }
}
