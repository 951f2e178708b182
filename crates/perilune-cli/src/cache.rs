//! The source of a file <-> its bytecode, kept in the user's cache folder from one run to the next.
//!
//! An entry is one file: the binary chunk, the source that it was compiled from, the chunk's name, and a
//! trailer of fixed size. Its name is a hash of source, dialect and build; that it is the right one is then
//! found out by comparing the source itself. Entries are written beside their place and renamed, so that
//! any number of processes may read and write them at once. Nothing that fails here is reported: the program
//! is then compiled as if there were no cache. What an entry holds is bytes from anywhere, and verified.

use crate::platform::user_folder;
use perilune::{CodeCache, Dialect};
use std::fs::{self, DirEntry, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Shortest source, in bytes, that is kept: below, reading an entry takes as long as compiling.
const SHORTEST: usize = 8 << 10;
/// The most bytes that all entries take.
const LARGEST_TOTAL: u64 = 128 << 20;
/// An entry that is used is marked so once in this time.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// A file half written is left over after this time.
const LEFT_OVER: Duration = Duration::from_secs(60 * 60);
/// What an entry ends with.
const MAGIC: &[u8; 8] = b"plcache1";
/// Bytes of the trailer: the lengths of chunk, source and name, and the CRC-32 of the three, as little-endian
/// u32; the dialect's minor version; the magic.
const TRAILER: usize = 4 * 4 + 1 + MAGIC.len();
/// The ending of entries' names.
const ENDING: &str = "entry";
/// The ending of files half written.
const HALF: &str = "tmp";

/// The cache of the user, which is looked for when it is needed.
pub struct UserCache;

/// The entries in one folder.
pub struct Cache {
    folder: PathBuf,
}

/// What stands in an entry.
pub struct Entry {
    /// The binary chunk.
    pub chunk: Vec<u8>,
    /// What it was compiled from.
    pub source: Vec<u8>,
    /// The name of the chunk at that time.
    pub name: Vec<u8>,
    /// The minor version of the dialect, 4 or 5.
    pub dialect: u8,
}

/// An entry's file.
pub struct Listed {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written or marked as used.
    pub used: SystemTime,
}

impl Cache {
    /// The cache in `PERILUNE_CACHE`, or in the user's cache folder. None when the variable is empty.
    pub fn of_user() -> Option<Cache> {
        let folder = match std::env::var_os("PERILUNE_CACHE") {
            Some(folder) if folder.is_empty() => return None,
            Some(folder) => folder.into(),
            None => user_folder(
                |name| std::env::var_os(name),
                "XDG_CACHE_HOME",
                ".cache",
                std::env::home_dir(),
            )?,
        };
        Some(Cache { folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entries, the last used first.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn entries(&self) -> io::Result<Vec<Listed>> {
        let mut found: Vec<Listed> = self
            .files(ENDING)?
            .iter()
            .filter_map(|file| Listed::of(file).ok())
            .collect();
        found.sort_by_key(|e| std::cmp::Reverse(e.used));
        Ok(found)
    }

    /// Removes all entries; how many there were, and their bytes.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn clear(&self) -> io::Result<(usize, u64)> {
        let entries = self.entries()?;
        for entry in &entries {
            remove(&entry.path)?;
        }
        for half in self.files(HALF)? {
            remove(&half.path())?;
        }
        Ok((entries.len(), entries.iter().map(|e| e.size).sum()))
    }

    fn files(&self, ending: &str) -> io::Result<Vec<DirEntry>> {
        let listing = match fs::read_dir(&self.folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing?,
        };
        let files = listing.filter(|file| {
            file.as_ref()
                .map_or(true, |f| f.path().extension().is_some_and(|e| e == ending))
        });
        files.collect()
    }

    /// Where the entry of a source is, if there is one.
    fn path(&self, source: &[u8], dialect: Dialect) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        minor(dialect).hash(&mut hasher);
        build().hash(&mut hasher);
        self.folder.join(format!("{:016x}.{ENDING}", hasher.finish()))
    }

    fn read(&self, source: &[u8], dialect: Dialect) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(source, dialect);
        let mut file = File::open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let entry = Entry::parse(bytes).filter(|e| e.source == source && e.dialect == minor(dialect));
        if entry.is_some() {
            mark_as_used(&file)?;
        }
        Ok(entry.map(|e| e.chunk))
    }

    fn write(&self, path: &Path, entry: &Entry) -> io::Result<()> {
        make_folder(&self.folder)?;
        let half = path.with_extension(format!("{}.{HALF}", std::process::id()));
        let written = write_new(&half, &entry.to_bytes()).and_then(|()| fs::rename(&half, path));
        if written.is_err() {
            let _ = fs::remove_file(&half);
        }
        written
    }

    /// Removes what was not used for longest, until a quarter of the room is free; and files that a
    /// process has left half written.
    fn trim(&self) -> io::Result<()> {
        let entries = self.entries()?;
        let mut total: u64 = entries.iter().map(|e| e.size).sum();
        if total <= LARGEST_TOTAL {
            return Ok(());
        }
        for entry in entries.iter().rev() {
            if total <= LARGEST_TOTAL / 4 * 3 {
                break;
            }
            remove(&entry.path)?;
            total -= entry.size;
        }
        for half in self.files(HALF)? {
            if age(half.metadata()?.modified()?) > LEFT_OVER {
                remove(&half.path())?;
            }
        }
        Ok(())
    }
}

impl CodeCache for UserCache {
    fn wants(&self, source: &[u8]) -> bool {
        source.len() >= SHORTEST
    }

    fn find(&mut self, source: &[u8], dialect: Dialect) -> Option<Vec<u8>> {
        Cache::of_user()?.read(source, dialect).ok().flatten()
    }

    fn keep(&mut self, source: &[u8], dialect: Dialect, name: &[u8], chunk: &[u8]) {
        let Some(cache) = Cache::of_user() else { return };
        let entry = Entry {
            chunk: chunk.to_vec(),
            source: source.to_vec(),
            name: name.to_vec(),
            dialect: minor(dialect),
        };
        let path = cache.path(source, dialect);
        let _ = cache.write(&path, &entry).and_then(|()| cache.trim());
    }
}

impl Entry {
    /// What a file holds, if it is an entry and whole.
    pub fn parse(mut bytes: Vec<u8>) -> Option<Entry> {
        let trailer = bytes.split_off(bytes.len().checked_sub(TRAILER)?);
        let (numbers, end) = trailer.split_at(4 * 4);
        let mut numbers = numbers
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let mut length = || numbers.next().map(|n| n as usize);
        let (chunk, source, name) = (length()?, length()?, length()?);
        let whole = chunk.checked_add(source)?.checked_add(name)? == bytes.len();
        if !whole || &end[1..] != MAGIC || numbers.next()? != crc32fast::hash(&bytes) {
            return None;
        }
        let name = bytes.split_off(chunk + source);
        let source = bytes.split_off(chunk);
        Some(Entry {
            chunk: bytes,
            source,
            name,
            dialect: end[0],
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.chunk[..], &self.source, &self.name].concat();
        let lengths = [&self.chunk, &self.source, &self.name].map(|part| part.len() as u32);
        let sum = crc32fast::hash(&bytes);
        for number in lengths.into_iter().chain([sum]) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.push(self.dialect);
        bytes.extend_from_slice(MAGIC);
        bytes
    }
}

impl Listed {
    fn of(file: &DirEntry) -> io::Result<Listed> {
        let metadata = file.metadata()?;
        Ok(Listed {
            path: file.path(),
            size: metadata.len(),
            used: metadata.modified()?,
        })
    }
}

/// How long ago that was.
pub fn age(time: SystemTime) -> Duration {
    time.elapsed().unwrap_or_default()
}

fn minor(dialect: Dialect) -> u8 {
    match dialect {
        Dialect::Lua54 => 4,
        Dialect::Lua55 => 5,
    }
}

/// What tells this build of the command from others, whose compilers may differ: version, size and date
/// of the executable.
fn build() -> (&'static str, u64, Option<SystemTime>) {
    let executable = std::env::current_exe().and_then(fs::metadata);
    let metadata = executable.ok();
    (
        env!("CARGO_PKG_VERSION"),
        metadata.as_ref().map_or(0, fs::Metadata::len),
        metadata.and_then(|m| m.modified().ok()),
    )
}

/// Marks an entry as used, unless that was done of late.
fn mark_as_used(file: &File) -> io::Result<()> {
    if age(file.metadata()?.modified()?) > FRESH {
        let _ = file.set_modified(SystemTime::now());
    }
    Ok(())
}

/// Removes a file that another process may have removed.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Makes the folder, for the user alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file for the user alone.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}
