//! Assembled code -> memory in which it runs, and what it answers.
//!
//! Rules for the `unsafe` here:
//! 1. A [`Native`] holds whole instructions of this machine, made by its own assembler, that begin with
//!    an entry from Rust. They end by returning.
//! 2. Code reaches only the slots and the state of the [`Room`] it runs in, and addresses that the test
//!    has written there; they outlive the run.

use perilune_codegen::masm::{Code, Label, Masm};
use std::arch::naked_asm;

#[cfg(target_arch = "aarch64")]
pub use perilune_codegen::masm::a64::A64 as Host;
#[cfg(target_arch = "x86_64")]
pub use perilune_codegen::masm::x64::X64 as Host;

/// Where in the state the entry stores the tag.
pub const STATUS: i32 = 8;
/// How many slots a room has to each side of its base.
pub const SIDE: usize = 5000;

/// The convention of helpers.
macro_rules! convention {
    ($(#[$doc:meta])* type $name:ident = fn($($argument:ty),*) -> $result:ty) => {
        $(#[$doc])*
        #[cfg(target_arch = "x86_64")]
        pub type $name = extern "sysv64" fn($($argument),*) -> $result;
        $(#[$doc])*
        #[cfg(not(target_arch = "x86_64"))]
        pub type $name = extern "C" fn($($argument),*) -> $result;
    };
}

convention! {
    /// A helper of five arguments.
    type Helper = fn(u64, u64, u64, u64, u64) -> u64
}

convention! {
    /// The entry from Rust.
    type Entry = fn(usize, *mut u64, *mut u64, *mut u64, *mut u64) -> u64
}

/// Code in memory.
pub struct Native {
    memory: memmap2::Mmap,
    labels: Vec<u32>,
    start: Label,
}

/// What a run answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    pub ret: u64,
    pub tag: u64,
}

/// The memory that code works on: what the pinned registers point at.
pub struct Room {
    /// The base is in the middle.
    pub slots: Vec<u64>,
    pub frame: Vec<u64>,
    pub state: Vec<u64>,
    pub word: Vec<u64>,
}

impl Room {
    pub fn new() -> Room {
        Room {
            slots: vec![0; 2 * SIDE],
            frame: vec![0; 4],
            state: vec![0; 32],
            word: vec![0; 4],
        }
    }

    /// The address of the base.
    pub fn base(&mut self) -> usize {
        self.slots[SIDE..].as_mut_ptr() as usize
    }

    /// The slot `n` above the base.
    pub fn slot(&mut self, n: usize) -> &mut u64 {
        &mut self.slots[SIDE + n]
    }
}

/// The function that `body` assembles. It must return in all its branches, or run off its end.
pub fn function(body: impl FnOnce(&mut Host)) -> Native {
    function_with_pool(&[], body)
}

/// The same, with entries of the pool.
pub fn function_with_pool(pool: &[u64], body: impl FnOnce(&mut Host)) -> Native {
    let mut m = Host::new();
    m.entry_from_rust(STATUS);
    let start = m.label();
    m.bind(start);
    m.enter();
    body(&mut m);
    m.ret();
    Native::new(&m.finish(), start, pool)
}

impl Native {
    fn new(code: &Code, start: Label, pool: &[u64]) -> Native {
        let mut bytes = code.bytes.clone();
        bytes.extend(pool.iter().flat_map(|entry| entry.to_le_bytes()));
        let mut memory = memmap2::MmapMut::map_anon(bytes.len()).expect("memory");
        memory[..bytes.len()].copy_from_slice(&bytes);
        let memory = memory.make_exec().expect("executable memory");
        flush(&memory);
        let labels = code.labels.clone();
        Native {
            memory,
            labels,
            start,
        }
    }

    /// Where a label is.
    pub fn address(&self, l: Label) -> u64 {
        self.memory.as_ptr() as u64 + u64::from(self.labels[l.0 as usize])
    }

    /// Where the function begins, which other code may call.
    pub fn start(&self) -> u64 {
        self.address(self.start)
    }

    /// Runs the function in a room, and answers with what is then in the registers that the convention
    /// keeps, where [`KEPT`] was before.
    pub fn run_watched(&self, room: &mut Room) -> [u64; KEPT.len()] {
        let arguments = [
            self.memory.as_ptr() as u64,
            self.start(),
            room.base() as u64,
            room.frame.as_mut_ptr() as u64,
            room.state.as_mut_ptr() as u64,
            room.word.as_mut_ptr() as u64,
        ];
        let mut after = [0; KEPT.len()];
        call_watched(&arguments, &mut after);
        after
    }

    /// Runs the function in a room.
    pub fn run(&self, room: &mut Room) -> Answer {
        // SAFETY: rule 1.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(self.memory.as_ptr()) };
        let base = room.slots[SIDE..].as_mut_ptr();
        let (frame, state) = (room.frame.as_mut_ptr(), room.state.as_mut_ptr());
        let ret = entry(self.start() as usize, base, frame, state, room.word.as_mut_ptr());
        let tag = std::hint::black_box(&room.state)[STATUS as usize / 8];
        Answer { ret, tag }
    }
}

/// Makes the processor fetch what has been written.
#[cfg(target_arch = "aarch64")]
fn flush(memory: &[u8]) {
    unsafe extern "C" {
        fn __clear_cache(start: *const u8, end: *const u8);
    }
    let range = memory.as_ptr_range();
    // SAFETY: the range is mapped.
    unsafe { __clear_cache(range.start, range.end) };
}

/// The processor sees to it.
#[cfg(target_arch = "x86_64")]
fn flush(_memory: &[u8]) {}

/// A helper that answers what the stack pointer was when it was called.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub extern "sysv64" fn stack_pointer(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    naked_asm!("lea rax, [rsp + 8]", "ret")
}

/// A helper that answers what the stack pointer was when it was called.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub extern "C" fn stack_pointer(_: u64, _: u64, _: u64, _: u64, _: u64) -> u64 {
    naked_asm!("mov x0, sp", "ret")
}

/// What the registers that the convention keeps hold when [`kept`] calls; as many as there are.
#[cfg(target_arch = "x86_64")]
pub const KEPT: [u64; 6] = [101, 102, 103, 104, 105, 106];
#[cfg(target_arch = "aarch64")]
pub const KEPT: [u64; 11] = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111];

/// Calls an entry with its arguments (the six numbers, in order), numbers in all registers that the
/// convention keeps, and writes down what is in them afterwards.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
extern "sysv64" fn call_watched(_: &[u64; 6], _: &mut [u64; 6]) {
    naked_asm!(
        "push rbx; push rbp; push r12; push r13; push r14; push r15; push rsi",
        "mov ebx, 101; mov ebp, 102; mov r12d, 103; mov r13d, 104; mov r14d, 105; mov r15d, 106",
        "mov rax, [rdi]; mov rsi, [rdi + 16]; mov rdx, [rdi + 24]; mov rcx, [rdi + 32]",
        "mov r8, [rdi + 40]; mov rdi, [rdi + 8]",
        "call rax",
        "pop rsi",
        "mov [rsi], rbx; mov [rsi + 8], rbp; mov [rsi + 16], r12",
        "mov [rsi + 24], r13; mov [rsi + 32], r14; mov [rsi + 40], r15",
        "pop r15; pop r14; pop r13; pop r12; pop rbp; pop rbx",
        "ret"
    )
}

/// Calls an entry with its arguments (the six numbers, in order), numbers in all registers that the
/// convention keeps, and writes down what is in them afterwards.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
extern "C" fn call_watched(_: &[u64; 6], _: &mut [u64; 11]) {
    naked_asm!(
        "stp x29, x30, [sp, #-112]!; stp x19, x20, [sp, #16]; stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]; stp x25, x26, [sp, #64]; stp x27, x28, [sp, #80]",
        "str x1, [sp, #96]",
        "mov x19, #101; mov x20, #102; mov x21, #103; mov x22, #104; mov x23, #105; mov x24, #106",
        "mov x25, #107; mov x26, #108; mov x27, #109; mov x28, #110; mov x29, #111",
        "mov x9, x0",
        "ldp x16, x0, [x9]; ldp x1, x2, [x9, #16]; ldp x3, x4, [x9, #32]",
        "blr x16",
        "ldr x9, [sp, #96]",
        "stp x19, x20, [x9]; stp x21, x22, [x9, #16]; stp x23, x24, [x9, #32]",
        "stp x25, x26, [x9, #48]; stp x27, x28, [x9, #64]; str x29, [x9, #80]",
        "ldp x27, x28, [sp, #80]; ldp x25, x26, [sp, #64]; ldp x23, x24, [sp, #48]",
        "ldp x21, x22, [sp, #32]; ldp x19, x20, [sp, #16]; ldp x29, x30, [sp], #112",
        "ret"
    )
}

/// Defines helpers.
macro_rules! helpers {
    ($($(#[$doc:meta])* fn $name:ident($($p:ident),*) $body:block)*) => {$(
        $(#[$doc])*
        #[cfg(target_arch = "x86_64")]
        pub extern "sysv64" fn $name($($p: u64),*) -> u64 $body
        $(#[$doc])*
        #[cfg(not(target_arch = "x86_64"))]
        pub extern "C" fn $name($($p: u64),*) -> u64 $body
    )*};
}

helpers! {
    /// An answer that depends on every argument and its place.
    fn mix(a, b, c, d, e) {
        [b, c, d, e].iter().fold(a, |sum, x| sum.wrapping_mul(31).wrapping_add(*x))
    }

    /// Runs the [`Native`] whose address is the first argument, in a room of its own.
    fn run_another(native, _b, _c, _d, _e) {
        // SAFETY: rule 2; the test has written the address of a `Native` there.
        let native = unsafe { &*(native as *const Native) };
        native.run(&mut Room::new()).ret
    }
}
