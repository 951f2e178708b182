//! The processor that runs this -> what code may use of it.

use std::fmt;

/// One row per feature: field, the name that the standard library knows, which is shown too, and the
/// architecture that has it.
macro_rules! features {
    ($($(#[$doc:meta])* $field:ident $name:tt $arch:literal $detect:ident;)*) => {
        /// Features that not every processor of an architecture has, and that code may ask for.
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

            /// Whether there is a feature of that name.
            pub fn has(&self, name: &str) -> bool {
                self.rows().any(|row| row == (name, true))
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
    /// Integer operations on vectors of 32 bytes.
    avx2 "avx2" "x86_64" is_x86_feature_detected;
    /// Products and sums with one rounding.
    fma "fma" "x86_64" is_x86_feature_detected;
    /// Floats of 16 bits.
    f16c "f16c" "x86_64" is_x86_feature_detected;
    /// Loads and stores in the other byte order.
    movbe "movbe" "x86_64" is_x86_feature_detected;
    /// Atomic operations in one instruction.
    lse "lse" "aarch64" is_aarch64_feature_detected;
    /// Condition flags as data.
    flagm "flagm" "aarch64" is_aarch64_feature_detected;
}

impl fmt::Display for Features {
    /// The names of those that are there, with a blank between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::Features;

    #[test]
    fn names_are_listed_with_blanks_between() {
        let mut features = Features::default();
        assert_eq!(features.to_string(), "");
        features.bmi2 = true;
        assert_eq!(features.to_string(), "bmi2");
        features.sse41 = true;
        features.lse = true;
        assert_eq!(features.to_string(), "sse4.1 bmi2 lse");
        assert!(features.has("bmi2") && !features.has("avx") && !features.has("none"));
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
        let kernel = |name: &str| match name {
            "sse4.1" => "sse4_1".to_owned(),
            "lzcnt" => "abm".to_owned(),
            other => other.to_owned(),
        };
        let host = Features::of_host();
        for (name, found) in host.rows().filter(|row| !matches!(row.0, "lse" | "flagm")) {
            let listed = flags.split_whitespace().any(|flag| flag == kernel(name));
            assert_eq!(found, listed, "{name}");
        }
    }
}
