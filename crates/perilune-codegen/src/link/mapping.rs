//! Pages of the system -> views of code memory, never writable and executable at once.

use super::coherence;
use super::memory::Way;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use std::ffi::c_void;
use std::io;
use std::ops::Range;
use std::ptr::{self, NonNull};

/// The name of the memory, which `/proc/PID/maps` shows.
#[cfg(target_os = "linux")]
const NAME: &str = "perilune-code";

/// A stretch of code memory, all zeros at first.
#[derive(Debug)]
pub struct Mapping {
    /// Readable and executable, except while [`Mapping::write`] has it switched.
    code: View,
    /// The view that is written through, where there are two.
    window: Option<View>,
}

impl Mapping {
    /// Memory of `len` bytes, a multiple of the page size, that is written in the given way.
    pub fn new(len: usize, way: Way) -> io::Result<Mapping> {
        match way {
            Way::Dual => Mapping::dual(len),
            Way::Switched => Mapping::switched(len),
        }
    }

    /// Two views of one file without a name. The file itself is closed at once; the views keep it.
    #[cfg(target_os = "linux")]
    fn dual(len: usize) -> io::Result<Mapping> {
        use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
        // Nobody is to execute the file as a program. Kernels before 6.3 do not know that flag.
        let file = memfd_create(NAME, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| memfd_create(NAME, MemfdFlags::CLOEXEC))?;
        ftruncate(&file, len as u64)?;
        Ok(Mapping {
            code: View::of(&file, len, ProtFlags::READ | ProtFlags::EXEC)?,
            window: Some(View::of(&file, len, ProtFlags::READ | ProtFlags::WRITE)?),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn dual(_len: usize) -> io::Result<Mapping> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// One view of memory of this process alone.
    fn switched(len: usize) -> io::Result<Mapping> {
        let code = View::anonymous(len)?;
        code.protect(MprotectFlags::READ | MprotectFlags::EXEC)?;
        Ok(Mapping { code, window: None })
    }

    /// Which way it is written.
    #[cfg(test)]
    pub fn way(&self) -> Way {
        match self.window {
            Some(_) => Way::Dual,
            None => Way::Switched,
        }
    }

    /// The address of the first byte, where it is executed.
    pub fn address(&self) -> usize {
        self.code.base.as_ptr().expose_provenance()
    }

    /// Lets `fill` write a stretch, and publishes it. An error means that nothing has been written.
    ///
    /// With one view, nothing in the whole mapping can be executed while `fill` runs.
    pub fn write(&mut self, range: Range<usize>, fill: impl FnOnce(&mut [u8])) -> io::Result<()> {
        assert!(range.start <= range.end && range.end <= self.code.len);
        let at = |view: &View| view.base.as_ptr().wrapping_add(range.start);
        let written = at(self.window.as_ref().unwrap_or(&self.code));
        let executed = at(&self.code);
        let _switched = match self.window {
            Some(_) => None,
            None => Some(Writable::new(&self.code)?),
        };
        // SAFETY: rules 2 and 3: the range lies within the view, which is writable for as long as this
        // borrow of the mapping lasts, and nothing else refers to it.
        fill(unsafe { std::slice::from_raw_parts_mut(written, range.len()) });
        // SAFETY: rule 2: both stretches lie within views that are mapped.
        unsafe { coherence::publish(written, executed, range.len()) };
        Ok(())
    }

    /// Writes 8 bytes at an offset that is a multiple of 8, all at once. Data needs no publishing.
    pub fn write_word(&mut self, offset: usize, value: u64) -> io::Result<()> {
        assert!(offset.is_multiple_of(8) && offset + 8 <= self.code.len);
        let view = self.window.as_ref().unwrap_or(&self.code);
        let _switched = match self.window {
            Some(_) => None,
            None => Some(Writable::new(&self.code)?),
        };
        // SAFETY: rules 2 and 3, as above; a view begins with a page, so that the word is aligned.
        unsafe {
            view.base
                .as_ptr()
                .wrapping_add(offset)
                .cast::<u64>()
                .write_volatile(value)
        };
        Ok(())
    }

    /// Whether the processor executes what was written last, also where it has executed something else
    /// before. Emulators that translate code may miss a write through another view. Uses the first bytes,
    /// where no code may be yet.
    pub fn is_coherent(&mut self) -> bool {
        let answers = [17, 42].map(|answer| {
            let code = answering(answer);
            let written = self.write(0..code.len(), |bytes| bytes.copy_from_slice(&code));
            coherence::forget();
            let entry = ptr::with_exposed_provenance::<c_void>(self.address());
            // SAFETY: rules 4 and 5: a whole function without arguments has just been put there.
            let function: extern "C" fn() -> u32 = unsafe { std::mem::transmute(entry) };
            written.is_ok() && function() == u32::from(answer)
        });
        answers == [true; 2]
    }
}

/// A function that answers with a number.
#[cfg(target_arch = "x86_64")]
fn answering(number: u8) -> [u8; 8] {
    // mov eax, number; ret
    [0xb8, number, 0, 0, 0, 0xc3, 0xcc, 0xcc]
}

/// A function that answers with a number.
#[cfg(target_arch = "aarch64")]
fn answering(number: u8) -> [u8; 8] {
    // mov w0, number; ret
    let words = [0x5280_0000 | u32::from(number) << 5, 0xd65f_03c0];
    std::array::from_fn(|i| words[i / 4].to_le_bytes()[i % 4])
}

/// A view that can be written and not executed until this is dropped.
struct Writable<'a>(&'a View);

impl Writable<'_> {
    fn new(view: &View) -> io::Result<Writable<'_>> {
        view.protect(MprotectFlags::READ | MprotectFlags::WRITE)?;
        Ok(Writable(view))
    }
}

impl Drop for Writable<'_> {
    fn drop(&mut self) {
        let executable = MprotectFlags::READ | MprotectFlags::EXEC;
        if let Err(error) = self.0.protect(executable) {
            // Code that was there before cannot run any more, and native frames may return into it.
            eprintln!("perilune: compiled code cannot be made executable again: {error}");
            std::process::abort();
        }
    }
}

/// Pages at one address.
#[derive(Debug)]
struct View {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: a view is an address and a length; mapped pages belong to no thread.
unsafe impl Send for View {}

impl View {
    /// A view of a file, shared with its other views.
    #[cfg(target_os = "linux")]
    fn of(file: &rustix::fd::OwnedFd, len: usize, protection: ProtFlags) -> io::Result<View> {
        // SAFETY: the system chooses where, so that no other memory changes.
        let base = unsafe { rustix::mm::mmap(ptr::null_mut(), len, protection, MapFlags::SHARED, file, 0)? };
        View::new(base, len)
    }

    /// Memory of its own, which can be written.
    fn anonymous(len: usize) -> io::Result<View> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the system chooses where, so that no other memory changes.
        let base =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, protection, MapFlags::PRIVATE)? };
        View::new(base, len)
    }

    fn new(base: *mut c_void, len: usize) -> io::Result<View> {
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(View { base, len })
    }

    fn protect(&self, protection: MprotectFlags) -> io::Result<()> {
        // SAFETY: rule 2: these pages are ours. Whoever makes them writable has borrowed the mapping
        // mutably; rule 4: nobody executes code there meanwhile.
        unsafe { rustix::mm::mprotect(self.base.as_ptr().cast(), self.len, protection) }?;
        Ok(())
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: rule 2: these pages are ours, and the borrows of them have ended.
        let result = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert_eq!(result, Ok(()));
    }
}
