//! Programs that are compiled ahead of time: what an executable holds beside the runtime, as bytes.
//!
//! All numbers are little-endian u32, unless it says otherwise; `bytes` is a length and as many bytes.
//!
//! ```text
//! metadata = magic:8 bytes abi:u64 size sum code_size code_sum flags body
//! body     = features:bytes entry shared... modules files
//! modules  = count (name:bytes file:bytes chunk:bytes functions)...
//! functions = size count (call start size entries)...
//! entries  = count (instruction offset)...
//! files    = count (name:bytes content:bytes)...
//! flags    = 1 closed, 2 Lua 5.4, 4 warnings on
//! ```
//!
//! `abi` is the number that names what compiled code relies on, `size` counts the bytes of the metadata, `sum` is the
//! CRC-32 of those behind it, and `code_sum` that of the machine code, which stands elsewhere. The first module is the
//! program. Functions have the order in which the chunk lists them, outer ones first; `call`, `start` and `offset` lead
//! into the code. A function without code has `size` 0.
//!
//! Whatever is read is checked: counts and lengths against the bytes that are left, offsets against the size of the
//! code. The chunks are verified when they are loaded, as all are.

use crate::abi::{FINGERPRINT, SHARED};
use std::fmt;

/// What metadata begins with.
pub const MAGIC: [u8; 8] = *b"PERILIMG";
/// Bytes before the features.
const HEADER: usize = 8 + 8 + 5 * 4;
/// Where the checked bytes begin.
const CHECKED: usize = 8 + 8 + 2 * 4;
const CLOSED: u32 = 1;
const LUA54: u32 = 2;
const WARNS: u32 = 4;

/// A program and its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents<'a> {
    /// Whether it refuses to compile source at run time.
    pub closed: bool,
    /// Whether it is in the dialect of Lua 5.4.
    pub lua54: bool,
    /// Whether its warnings are shown from the start.
    pub warns: bool,
    /// What its code needs of the processor: names of features with a blank between.
    pub features: &'a str,
    /// Where the entry from Rust is in the code.
    pub entry: u32,
    /// Where the pieces are that all functions share.
    pub shared: [u32; SHARED],
    /// The program, and the modules that it may require.
    pub modules: Vec<Module<'a>>,
    /// Other files.
    pub files: Vec<File<'a>>,
}

/// A chunk of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module<'a> {
    /// What `require` calls it; empty for the program itself.
    pub name: &'a [u8],
    /// Where it was found.
    pub file: &'a [u8],
    /// Its bytecode.
    pub chunk: &'a [u8],
    /// The places of its functions' code.
    pub functions: Functions<'a>,
}

/// The code of a module's functions, still as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Functions<'a>(pub std::borrow::Cow<'a, [u8]>);

/// The code of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionCode {
    /// Where compiled code calls it.
    pub call: u32,
    /// Where it begins.
    pub start: u32,
    /// Its bytes; 0 if it has none.
    pub size: u32,
    /// Where the interpreter may enter it: numbers of instructions, ascending, and offsets.
    pub entries: Vec<(u32, u32)>,
}

/// A file that goes with a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File<'a> {
    /// What the program calls it.
    pub name: &'a [u8],
    /// What is in it.
    pub content: &'a [u8],
}

/// Why an image is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// It is none.
    Foreign,
    /// It was built for another version of the runtime.
    Version,
    /// It ends too early, or something in it makes no sense.
    Damaged,
    /// Its bytes are not those that were written.
    Sum,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ImageError::Foreign => "it holds no program",
            ImageError::Version => "it was built for another version of Perilune",
            ImageError::Damaged => "it is damaged",
            ImageError::Sum => "it is damaged: the checksum does not match",
        })
    }
}

impl std::error::Error for ImageError {}

/// What tells the function number `function` of the module number `module` from all others of a program, for calls that
/// go straight to its code; None where there are too many.
pub fn function_number(module: usize, function: usize) -> Option<u32> {
    const FUNCTIONS: u32 = 1 << 20;
    let (module, function) = (u32::try_from(module).ok()?, u32::try_from(function).ok()?);
    (module < 2000 && function < FUNCTIONS).then(|| module * FUNCTIONS + function + 1)
}

/// The code's places of a module's functions, as bytes.
pub fn functions(all: &[FunctionCode]) -> Functions<'static> {
    let mut w = Vec::new();
    number(&mut w, all.len());
    for f in all {
        for n in [f.call, f.start, f.size, f.entries.len() as u32] {
            w.extend_from_slice(&n.to_le_bytes());
        }
        for &(pc, offset) in &f.entries {
            w.extend_from_slice(&pc.to_le_bytes());
            w.extend_from_slice(&offset.to_le_bytes());
        }
    }
    Functions(w.into())
}

/// Writes the metadata of a program with that code.
pub fn write(contents: &Contents<'_>, code: &[u8]) -> Vec<u8> {
    let mut w = Vec::new();
    w.extend_from_slice(&MAGIC);
    w.extend_from_slice(&FINGERPRINT.to_le_bytes());
    // The size and the sum are known at the end.
    w.resize(CHECKED, 0);
    number(&mut w, code.len());
    w.extend_from_slice(&crc32fast::hash(code).to_le_bytes());
    let flags = u32::from(contents.closed) * CLOSED
        + u32::from(contents.lua54) * LUA54
        + u32::from(contents.warns) * WARNS;
    w.extend_from_slice(&flags.to_le_bytes());
    bytes(&mut w, contents.features.as_bytes());
    for offset in [contents.entry].iter().chain(&contents.shared) {
        w.extend_from_slice(&offset.to_le_bytes());
    }
    number(&mut w, contents.modules.len());
    for module in &contents.modules {
        for part in [module.name, module.file, module.chunk, &module.functions.0] {
            bytes(&mut w, part);
        }
    }
    number(&mut w, contents.files.len());
    for file in &contents.files {
        bytes(&mut w, file.name);
        bytes(&mut w, file.content);
    }
    let size = (w.len() as u32).to_le_bytes();
    w[16..20].copy_from_slice(&size);
    let sum = crc32fast::hash(&w[CHECKED..]).to_le_bytes();
    w[20..CHECKED].copy_from_slice(&sum);
    w
}

fn number(w: &mut Vec<u8>, n: usize) {
    w.extend_from_slice(&(n as u32).to_le_bytes());
}

fn bytes(w: &mut Vec<u8>, bytes: &[u8]) {
    number(w, bytes.len());
    w.extend_from_slice(bytes);
}

/// Reads metadata, and compares the code with it.
///
/// # Errors
/// When it is not as [`write`] wrote it for this version of the runtime.
pub fn read<'a>(metadata: &'a [u8], code: &[u8]) -> Result<Contents<'a>, ImageError> {
    let mut r = Reader(metadata);
    if r.take(MAGIC.len()).ok() != Some(&MAGIC) {
        return Err(ImageError::Foreign);
    }
    if r.take(8)? != FINGERPRINT.to_le_bytes() {
        return Err(ImageError::Version);
    }
    if r.number()? as usize != metadata.len() || metadata.len() < HEADER {
        return Err(ImageError::Damaged);
    }
    if r.number()? != crc32fast::hash(&metadata[CHECKED..]) {
        return Err(ImageError::Sum);
    }
    if r.number()? as usize != code.len() {
        return Err(ImageError::Damaged);
    }
    if r.number()? != crc32fast::hash(code) {
        return Err(ImageError::Sum);
    }
    let flags = r.number()?;
    let features = std::str::from_utf8(r.bytes()?).map_err(|_| ImageError::Damaged)?;
    let entry = r.offset(code)?;
    let mut shared = [0; SHARED];
    for offset in &mut shared {
        *offset = r.offset(code)?;
    }
    let modules = r.list(|r| {
        Ok(Module {
            name: r.bytes()?,
            file: r.bytes()?,
            chunk: r.bytes()?,
            functions: Functions(r.bytes()?.into()),
        })
    })?;
    let files = r.list(|r| {
        Ok(File {
            name: r.bytes()?,
            content: r.bytes()?,
        })
    })?;
    match r.0.is_empty() && flags & !(CLOSED | LUA54 | WARNS) == 0 && !modules.is_empty() {
        true => Ok(Contents {
            closed: flags & CLOSED != 0,
            lua54: flags & LUA54 != 0,
            warns: flags & WARNS != 0,
            features,
            entry,
            shared,
            modules,
            files,
        }),
        false => Err(ImageError::Damaged),
    }
}

impl Functions<'_> {
    /// All of them; none may lead out of code of that size.
    ///
    /// # Errors
    /// [`ImageError::Damaged`].
    pub fn read(&self, code_size: usize) -> Result<Vec<FunctionCode>, ImageError> {
        let mut r = Reader(&self.0);
        let inside = |f: &FunctionCode| {
            let end = f.start as usize + f.size as usize;
            let holds = |at: u32| at >= f.start && at - f.start < f.size;
            let ascending = f.entries.is_sorted_by(|a, b| a.0 < b.0);
            f.size == 0
                || end <= code_size
                    && holds(f.call)
                    && ascending
                    && f.entries.first().is_some_and(|e| e.0 == 0)
                    && f.entries.iter().all(|e| holds(e.1))
        };
        let all = r.list(|r| {
            let f = FunctionCode {
                call: r.number()?,
                start: r.number()?,
                size: r.number()?,
                entries: r.list(|r| Ok((r.number()?, r.number()?)))?,
            };
            inside(&f).then_some(f).ok_or(ImageError::Damaged)
        })?;
        r.0.is_empty().then_some(all).ok_or(ImageError::Damaged)
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], ImageError> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(ImageError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }
    fn number(&mut self) -> Result<u32, ImageError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ImageError::Damaged)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*taken))
    }
    /// An offset into the code.
    fn offset(&mut self, code: &[u8]) -> Result<u32, ImageError> {
        let n = self.number()?;
        match (n as usize) < code.len() {
            true => Ok(n),
            false => Err(ImageError::Damaged),
        }
    }
    fn bytes(&mut self) -> Result<&'a [u8], ImageError> {
        let n = self.number()?;
        self.take(n as usize)
    }
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, ImageError>) -> Result<Vec<T>, ImageError> {
        let n = self.number()? as usize;
        // Every item takes some bytes.
        let mut all = Vec::with_capacity(n.min(self.0.len() / 4));
        for _ in 0..n {
            all.push(item(self)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contents, File, FunctionCode, ImageError, Module, functions, read, write};
    use crate::abi::SHARED;

    const CODE: &[u8] = &[0x90; 64];

    fn contents() -> Contents<'static> {
        let code = FunctionCode {
            call: 20,
            start: 16,
            size: 32,
            entries: vec![(0, 16), (4, 40)],
        };
        Contents {
            closed: true,
            features: "sse4.1",
            entry: 1,
            shared: [2; SHARED],
            modules: vec![Module {
                name: b"",
                file: b"app.lua",
                chunk: b"chunk",
                functions: functions(&[code, FunctionCode::default()]),
            }],
            files: vec![File {
                name: b"data.txt",
                content: b"content",
            }],
            ..Contents::default()
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = write(&contents(), CODE);
        let read = read(&bytes, CODE).unwrap();
        assert_eq!(read, contents());
        let all = read.modules[0].functions.read(CODE.len()).unwrap();
        assert_eq!((all.len(), all[0].call, all[0].entries[1]), (2, 20, (4, 40)));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = write(&contents(), CODE);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(read(&changed, CODE).is_err(), "byte {at}");
        }
        for at in 0..CODE.len() {
            let mut changed = CODE.to_vec();
            changed[at] ^= 1;
            assert_eq!(
                read(&bytes, &changed),
                Err(ImageError::Sum),
                "byte {at} of the code"
            );
        }
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len], CODE).is_err(), "{len} bytes");
        }
        assert_eq!(read(&bytes, &CODE[1..]), Err(ImageError::Damaged));
    }

    /// A hand that changes the metadata can make the sum right again.
    #[test]
    fn nothing_leads_out_of_the_code() {
        let good = FunctionCode {
            call: 0,
            start: 0,
            size: 64,
            entries: vec![(0, 0), (2, 63)],
        };
        let read = |f: FunctionCode| functions(&[f]).read(64);
        assert!(read(good.clone()).is_ok());
        let changes: [fn(&mut FunctionCode); 7] = [
            |f| f.call = 64,
            |f| f.size = 65,
            |f| f.start = 1,
            |f| f.start = u32::MAX,
            |f| f.entries[1].1 = 64,
            |f| f.entries[1].0 = 0,
            |f| f.entries.clear(),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut f = good.clone();
            change(&mut f);
            assert_eq!(read(f), Err(ImageError::Damaged), "change {n}");
        }
    }
}
