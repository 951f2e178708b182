//! Written bytes -> what the processor fetches.

/// Makes `len` bytes that have been written at `written` visible to instruction fetches at `executed`,
/// which is the same memory, perhaps under another address. The calling thread sees them afterwards.
///
/// # Safety
/// Both stretches are mapped and readable.
#[cfg(all(unix, target_arch = "aarch64", not(target_vendor = "apple")))]
pub unsafe fn publish(written: *const u8, executed: *const u8, len: usize) {
    use std::arch::asm;
    let kinds: u64;
    // SAFETY: reads a register that says how long cache lines are.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) kinds, options(nomem, nostack, preserves_flags)) };
    let data_line = 4usize << (kinds >> 16 & 15);
    let code_line = 4usize << (kinds & 15);
    for line in lines(written.addr(), len, data_line) {
        // SAFETY: the line holds a byte of the stretch, which is mapped. It is written to where
        // instruction fetches look for it.
        unsafe { asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    // SAFETY: a barrier.
    unsafe { asm!("dsb ish", options(nostack, preserves_flags)) };
    for line in lines(executed.addr(), len, code_line) {
        // SAFETY: the line holds a byte of the stretch, which is mapped. What is cached of it is dropped.
        unsafe { asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)) };
    }
    // SAFETY: barriers; the second one makes this processor fetch again what comes.
    unsafe { asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
}

/// Makes `len` bytes that have been written at `written` visible to instruction fetches at `executed`,
/// which is the same memory, perhaps under another address. The calling thread sees them afterwards.
///
/// # Safety
/// Both stretches are mapped and readable.
#[cfg(all(target_arch = "aarch64", target_vendor = "apple"))]
pub unsafe fn publish(_written: *const u8, executed: *const u8, len: usize) {
    unsafe extern "C" {
        fn sys_icache_invalidate(start: *const u8, len: usize);
    }
    // SAFETY: the system's function for this, with a stretch that is mapped. Memory has one view here.
    unsafe { sys_icache_invalidate(executed, len) };
}

/// Makes `len` bytes that have been written at `written` visible to instruction fetches at `executed`,
/// which is the same memory, perhaps under another address.
///
/// Here the processor sees to it, as long as nothing was fetched from there since [`forget`].
///
/// # Safety
/// Both stretches are mapped and readable.
#[cfg(all(unix, not(target_arch = "aarch64")))]
pub unsafe fn publish(_written: *const u8, _executed: *const u8, _len: usize) {}

/// Forgets what this processor may have fetched of code that has just been overwritten with traps.
///
/// An x86-64 processor notices a store to code that it has fetched if the two have the same address; after
/// a store through another view it wants a serializing instruction before the new code runs (Intel's
/// manual, volume 3, "Self-modifying code"). CPUID is one; it is slow on virtual machines, so that
/// it is done when code is freed, and not when memory is filled that nobody has executed since.
pub fn forget() {
    #[cfg(target_arch = "x86_64")]
    std::hint::black_box(std::arch::x86_64::__cpuid(0));
    synchronize_thread();
}

/// What a thread does before it first runs code that another thread has installed: on aarch64, it drops
/// instructions that were fetched ahead. On x86-64 that happens by itself.
pub fn synchronize_thread() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier.
    unsafe {
        std::arch::asm!("isb", options(nostack, preserves_flags))
    };
}

/// The starts of the cache lines of `line` bytes, a power of two, that a stretch touches.
#[cfg(any(test, all(unix, target_arch = "aarch64", not(target_vendor = "apple"))))]
fn lines(start: usize, len: usize, line: usize) -> impl Iterator<Item = usize> {
    (start & !(line - 1)..start + len).step_by(line)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn every_line_that_is_touched_counts() {
        let of = |start, len, line| lines(start, len, line).collect::<Vec<_>>();
        assert_eq!(of(128, 64, 64), [128]);
        assert_eq!(of(128, 65, 64), [128, 192]);
        assert_eq!(of(190, 4, 64), [128, 192]);
        assert_eq!(of(64, 64, 128), [0]);
        assert!(of(64, 0, 64).is_empty());
    }
}
