//! Whether compiled code can run here.

pub use perilune_runtime::processor::Features;

/// What the baseline compiler's code uses on this architecture, and needs.
pub fn of_baseline() -> Features {
    Features {
        sse41: cfg!(target_arch = "x86_64"),
        ..Features::default()
    }
}

/// Whether compiled code can run here at all; if not, why.
pub fn supported() -> Result<(), &'static str> {
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return Err("the processor is neither x86-64 nor aarch64");
    }
    if !cfg!(unix) {
        return Err("the operating system is not a Unix");
    }
    if !cfg!(all(target_endian = "little", target_pointer_width = "64")) {
        return Err("the byte order or the width of pointers is not the one that compiled code expects");
    }
    if cfg!(target_arch = "x86_64") && !Features::of_host().sse41 {
        return Err("the processor lacks SSE4.1");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::supported;

    #[test]
    #[cfg(all(unix, target_arch = "x86_64"))]
    fn an_x86_64_unix_is_supported_if_it_rounds() {
        let host = perilune_runtime::processor::Features::of_host();
        assert_eq!(supported().is_ok(), host.sse41);
    }

    #[test]
    #[cfg(all(unix, target_arch = "aarch64"))]
    fn every_aarch64_unix_is_supported() {
        assert_eq!(supported(), Ok(()));
    }

    #[test]
    #[cfg(not(unix))]
    fn systems_other_than_unix_are_not() {
        assert_eq!(supported(), Err("the operating system is not a Unix"));
    }
}
