//! What executables may ask of the processor.

use crate::masm::Isa;
use perilune_runtime::processor::Features;
use std::fmt;
use std::str::FromStr;

/// The processors that an executable runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cpu {
    /// All of its architecture.
    #[default]
    Any,
    /// x86-64 with AVX2, BMI and FMA, as most since 2013.
    V3,
    /// This one, and those that have what it has.
    Native,
}

/// What the third level of x86-64 has and the first has not, as far as it can be asked for.
const V3: [&str; 7] = ["avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe"];

impl Cpu {
    /// The names of all of them.
    pub const NAMES: [&str; 3] = ["x86-64", "x86-64-v3", "native"];

    /// The features that the executable asks for when it starts, with a blank between.
    pub fn features(self) -> String {
        match self {
            Cpu::Any => String::new(),
            Cpu::V3 => V3.join(" "),
            Cpu::Native => {
                let here = Features::of_host();
                let found: Vec<&str> = V3.into_iter().filter(|f| here.has(f)).collect();
                found.join(" ")
            }
        }
    }

    /// What code for it may use.
    pub fn isa(self) -> Isa {
        let features = self.features();
        let has = |name: &str| features.split_whitespace().any(|f| f == name);
        Isa {
            bmi2: has("bmi2"),
            avx: has("avx2"),
        }
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cpu::Any => "x86-64",
            Cpu::V3 => "x86-64-v3",
            Cpu::Native => "native",
        })
    }
}

impl FromStr for Cpu {
    type Err = String;
    fn from_str(name: &str) -> Result<Cpu, String> {
        match name {
            "x86-64" => Ok(Cpu::Any),
            "x86-64-v3" => Ok(Cpu::V3),
            "native" => Ok(Cpu::Native),
            _ => Err(format!(
                "unknown processor '{name}' (known: {})",
                Cpu::NAMES.join(", ")
            )),
        }
    }
}
