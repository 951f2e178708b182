//! The processor that runs this -> what compiled code may use of it.

use std::fmt;

/// One row per feature: field, the name that the standard library knows, which is shown too, and the
/// architecture that has it.
macro_rules! features {
    ($($(#[$doc:meta])* $field:ident $name:tt $arch:literal $detect:ident;)*) => {
        /// Features that not every processor of an architecture has, and that compiled code may ask for.
        /// Those of other architectures are false.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct Features {
            $($(#[$doc])* pub $field: bool,)*
        }

        impl Features {
            /// What the processor has that runs this.
            pub fn of_host() -> Features {
                #[allow(unused_mut)]
                let mut found = Features::default();
                $(
                    #[cfg(target_arch = $arch)]
                    { found.$field = std::arch::$detect!($name); }
                )*
                found
            }

            /// The names of those that are there.
            pub fn names(&self) -> Vec<&'static str> {
                self.rows().filter(|row| row.1).map(|row| row.0).collect()
            }

            /// All features with their names, and whether they are there.
            fn rows(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$(($name, self.$field)),*].into_iter()
            }
        }
    };
}

features! {
    /// Rounding of floats.
    sse41 "sse4.1" "x86_64" is_x86_feature_detected;
    /// Counting bits.
    popcnt "popcnt" "x86_64" is_x86_feature_detected;
    /// Counting leading zeros.
    lzcnt "lzcnt" "x86_64" is_x86_feature_detected;
    /// Bit manipulation with three operands.
    bmi1 "bmi1" "x86_64" is_x86_feature_detected;
    /// Shifts that leave the flags alone, and by any register.
    bmi2 "bmi2" "x86_64" is_x86_feature_detected;
    /// Float operations with three operands.
    avx "avx" "x86_64" is_x86_feature_detected;
    /// Atomic operations in one instruction.
    lse "lse" "aarch64" is_aarch64_feature_detected;
    /// Condition flags as data.
    flagm "flagm" "aarch64" is_aarch64_feature_detected;
}

impl Features {
    /// What the baseline compiler's code uses on this architecture, and needs.
    pub fn of_baseline() -> Features {
        Features {
            sse41: cfg!(target_arch = "x86_64"),
            ..Features::default()
        }
    }
}

impl fmt::Display for Features {
    /// The names of those that are there, with a blank between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
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
    use super::{Features, supported};

    #[test]
    fn names_are_listed_with_blanks_between() {
        let mut features = Features::default();
        assert_eq!(features.to_string(), "");
        features.bmi2 = true;
        assert_eq!(features.to_string(), "bmi2");
        features.sse41 = true;
        features.lse = true;
        assert_eq!(features.to_string(), "sse4.1 bmi2 lse");
    }

    #[test]
    fn a_processor_has_features_of_its_own_architecture_only() {
        let host = Features::of_host();
        let x64 = host.sse41 || host.popcnt || host.lzcnt || host.bmi1 || host.bmi2 || host.avx;
        let a64 = host.lse || host.flagm;
        assert!(cfg!(target_arch = "x86_64") || !x64);
        assert!(cfg!(target_arch = "aarch64") || !a64);
        assert_eq!(host, Features::of_host());
    }

    /// `/proc/cpuinfo` is another way to the same answer.
    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn the_kernel_lists_the_same() {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let flags = text.lines().find(|line| line.starts_with("flags")).unwrap();
        let has = |name: &str| flags.split_whitespace().any(|flag| flag == name);
        let host = Features::of_host();
        assert_eq!(
            [
                host.sse41,
                host.popcnt,
                host.lzcnt,
                host.bmi1,
                host.bmi2,
                host.avx
            ],
            ["sse4_1", "popcnt", "abm", "bmi1", "bmi2", "avx"].map(has)
        );
        assert_eq!(supported().is_ok(), has("sse4_1"));
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
