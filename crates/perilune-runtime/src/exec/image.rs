//! The program in the executable that runs: what `perilune build` has put behind the runtime.
//!
//! Beside the rules of the island:
//! 1. The linker puts [`SLOT`] into a section of its own. Whoever writes the program into the executable changes
//!    nothing else of the runtime, and says there where metadata and code are: within the loaded parts of the
//!    executable, readable, and never written. The code is executable.
//! 2. The slot has a sum, and so have metadata and code. What they say about places in the code is checked too.

use super::tier::Installed;
use crate::abi::FINGERPRINT;
use crate::error::Throw;
use crate::image::{Contents, FunctionCode, ImageError, Module, function_number, read};
use crate::processor::Features;
use crate::state::State;
use crate::value::Value;
use perilune_bytecode::file;
use perilune_bytecode::proto::{Proto, functions};
use perilune_bytecode::verify::{self, VerifiedProto};
use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;

/// The section that has the [`Slot`].
pub const SECTION: &str = ".perilune";
/// What a slot begins with.
pub const SLOT_MAGIC: [u8; 8] = *b"PERISLOT";

/// Where the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Slot {
    /// [`SLOT_MAGIC`].
    pub magic: [u8; 8],
    /// What code the runtime can run: [`FINGERPRINT`].
    pub abi: u64,
    /// The metadata; without a program, nothing.
    pub metadata: Part,
    /// The machine code.
    pub code: Part,
    /// The CRC-32 of the bytes of both parts.
    pub sum: u64,
}

/// A part of the executable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Part {
    /// Where it is, relative to the slot.
    pub distance: i64,
    /// Its bytes.
    pub size: u64,
}

impl Slot {
    /// A slot that says where the program is.
    pub fn new(metadata: Part, code: Part) -> Slot {
        let mut slot = Slot {
            metadata,
            code,
            ..EMPTY
        };
        slot.sum = slot.right_sum();
        slot
    }
    /// As it stands in the executable.
    pub fn to_bytes(&self) -> [u8; size_of::<Slot>()] {
        let mut bytes = [0; size_of::<Slot>()];
        let words = [self.abi].into_iter().chain(self.words()).chain([self.sum]);
        bytes[..8].copy_from_slice(&self.magic);
        for (place, word) in bytes[8..].chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
    fn words(&self) -> [u64; 4] {
        let (m, c) = (self.metadata, self.code);
        [m.distance as u64, m.size, c.distance as u64, c.size]
    }
    fn right_sum(&self) -> u64 {
        let mut hasher = crc32fast::Hasher::new();
        for word in self.words() {
            hasher.update(&word.to_le_bytes());
        }
        hasher.finalize().into()
    }
}

const EMPTY: Slot = Slot {
    magic: SLOT_MAGIC,
    abi: FINGERPRINT,
    metadata: Part { distance: 0, size: 0 },
    code: Part { distance: 0, size: 0 },
    sum: 0,
};

#[cfg_attr(target_os = "linux", unsafe(link_section = ".perilune"))]
static SLOT: Slot = EMPTY;

/// The program of the executable that runs.
pub struct Image {
    contents: Contents<'static>,
    /// Where the code begins, and its bytes.
    code: (usize, usize),
    /// The modules that have been loaded.
    loaded: Vec<Option<VerifiedProto>>,
    /// Their functions' code, by the address of their bytecode, and their numbers.
    functions: HashMap<usize, (FunctionCode, u32)>,
}

impl Image {
    /// The program that this executable has; None if it has none.
    ///
    /// # Errors
    /// When it is damaged, or for another runtime or processor.
    pub fn of_this_program() -> Result<Option<Image>, String> {
        // SAFETY: a static. What is in the executable is another value than the one that the compiler sees.
        let slot = unsafe { ptr::read_volatile(&raw const SLOT) };
        if slot.metadata.size == 0 && slot.sum == 0 {
            return Ok(None);
        }
        if slot.magic != SLOT_MAGIC || slot.sum != slot.right_sum() {
            return Err(ImageError::Damaged.to_string());
        }
        if slot.abi != FINGERPRINT {
            return Err(ImageError::Version.to_string());
        }
        // SAFETY: rule 1, for a slot whose sum is right.
        let (metadata, code) = unsafe { (part(slot.metadata), part(slot.code)) };
        let contents = read(metadata, code).map_err(|e| e.to_string())?;
        let here = Features::of_host();
        if let Some(missing) = contents.features.split_whitespace().find(|f| !here.has(f)) {
            return Err(format!("the processor lacks {missing}, for which it was built"));
        }
        Ok(Some(Image {
            loaded: contents.modules.iter().map(|_| None).collect(),
            contents,
            code: (code.as_ptr().expose_provenance(), code.len()),
            functions: HashMap::new(),
        }))
    }

    /// What is in it.
    pub fn contents(&self) -> &Contents<'static> {
        &self.contents
    }

    /// The content of a file that goes with the program, by the name that the program uses.
    pub fn file(&self, name: &[u8]) -> Option<&'static [u8]> {
        let name = plain_name(name);
        let found = self.contents.files.iter().find(|f| plain_name(f.name) == name);
        found.map(|f| f.content)
    }

    /// The addresses of what all functions share.
    pub(super) fn stubs(&self) -> super::tier::Stubs {
        let at = |offset: u32| self.code.0 + offset as usize;
        super::tier::Stubs {
            entry: at(self.contents.entry),
            shared: self.contents.shared.map(at),
        }
    }

    /// The code of a function, if it has some, and its number.
    pub(super) fn code_of(&self, f: &Arc<Proto>) -> Option<(Installed, u32)> {
        let (code, number) = self.functions.get(&address(f)).filter(|f| f.0.size > 0)?;
        let at = |offset: u32| self.code.0 + offset as usize;
        let code = Installed {
            call: at(code.call),
            entries: code
                .entries
                .iter()
                .map(|&(pc, offset)| (pc, at(offset)))
                .collect(),
            address: at(code.start),
            size: code.size as usize,
            handle: 0,
        };
        Some((code, *number))
    }

    /// The bytecode of a module, whose functions' code is known from then on.
    fn load(&mut self, n: usize) -> Result<VerifiedProto, String> {
        if let Some(made) = &self.loaded[n] {
            return Ok(made.clone());
        }
        let module = &self.contents.modules[n];
        let proto = file::read(module.chunk).map_err(|e| e.to_string())?;
        let made = verify::verify(Arc::new(proto)).map_err(|e| e.to_string())?;
        let all = module.functions.read(self.code.1).map_err(|e| e.to_string())?;
        let mut codes = all.into_iter().enumerate();
        for f in functions(made.proto()) {
            let (nth, code) = codes.next().ok_or_else(|| ImageError::Damaged.to_string())?;
            let last = code.entries.last().map_or(0, |e| e.0);
            if code.size > 0 && last as usize >= f.code.len() {
                return Err(ImageError::Damaged.to_string());
            }
            let number = function_number(n, nth).unwrap_or(0);
            self.functions.insert(address(f), (code, number));
        }
        if codes.next().is_some() {
            return Err(ImageError::Damaged.to_string());
        }
        self.loaded[n] = Some(made.clone());
        Ok(made)
    }
}

/// What tells a function from all others while its bytecode is alive, which it is as long as the image.
fn address(f: &Arc<Proto>) -> usize {
    Arc::as_ptr(f).addr()
}

/// A file's name without what says that it is in the current folder.
fn plain_name(name: &[u8]) -> &[u8] {
    let mut name = name;
    while let Some(rest) = name.strip_prefix(b"./") {
        name = rest;
    }
    name
}

/// # Safety
/// Rule 1.
unsafe fn part(part: Part) -> &'static [u8] {
    let slot = ptr::from_ref(&SLOT).expose_provenance();
    let start = ptr::with_exposed_provenance(slot.wrapping_add_signed(part.distance as isize));
    // SAFETY: rule 1.
    unsafe { std::slice::from_raw_parts(start, part.size as usize) }
}

impl State {
    /// Runs the functions of a program by the code that was made for them. What it loads at run time is interpreted.
    pub fn set_image(&mut self, image: Image) {
        self.compiled.tiers.use_image(image);
    }

    /// The program of this executable.
    pub fn image(&self) -> Option<&Image> {
        self.compiled.tiers.image.as_deref()
    }

    /// The main function of a module of the program, and where it was found; None if there is no such module. The
    /// program itself has the empty name.
    ///
    /// # Errors
    /// When it is damaged; no memory.
    pub fn load_module(&mut self, name: &[u8]) -> Result<Option<(Value, &'static [u8])>, Throw> {
        let Some(image) = &mut self.compiled.tiers.image else {
            return Ok(None);
        };
        let is_it = |m: &Module<'_>| m.name == name;
        let Some(n) = image.contents.modules.iter().position(is_it) else {
            return Ok(None);
        };
        let file = image.contents.modules[n].file;
        let loaded = image.load(n);
        match loaded {
            Ok(proto) => Ok(Some((self.new_main_with(&proto, None, None)?.into(), file))),
            Err(why) => {
                let shown = String::from_utf8_lossy(file).into_owned();
                Err(self.error(format!("cannot load '{shown}' of this executable: {why}")))
            }
        }
    }

    /// Whether the program must not compile source.
    pub(super) fn is_closed(&self) -> bool {
        self.image().is_some_and(|i| i.contents.closed)
    }
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, Part, SLOT_MAGIC, Slot, plain_name};

    #[test]
    fn a_slot_is_as_the_executable_has_it() {
        let parts = [(-5, 7), (1 << 40, 9)].map(|(distance, size)| Part { distance, size });
        let slot = Slot::new(parts[0], parts[1]);
        let bytes = slot.to_bytes();
        assert_eq!(bytes[..8], SLOT_MAGIC);
        assert_eq!(bytes[16..24], (-5i64).to_le_bytes());
        assert_eq!(bytes[40..48], 9u64.to_le_bytes());
        assert_ne!(slot.sum, EMPTY.sum);
        // SAFETY: both are plain data of the same size.
        let read: Slot = unsafe { std::mem::transmute(bytes) };
        assert_eq!(read, slot);
    }

    #[test]
    fn the_current_folder_is_no_part_of_a_name() {
        assert_eq!(plain_name(b"././a/b"), b"a/b");
        assert_eq!(plain_name(b"../a"), b"../a");
    }
}
