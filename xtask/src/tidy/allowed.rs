//! What may be longer than usual, with reasons, and which licences dependencies may have.

/// Lines of a file that need no reason.
pub const FILE_LINES: usize = 1000;
/// Lines of a function that need no reason.
pub const FUNCTION_LINES: usize = 80;

/// Files that may be longer, with the reason.
const FILES: &[(&str, &str)] = &[];

/// Functions that may be longer: file, function, reason.
const FUNCTIONS: &[(&str, &str, &str)] = &[(
    "crates/perilune-bytecode/src/verify/code.rs",
    "shape",
    "one match over all opcodes, a few lines each",
)];

/// Licences that go with MIT OR Apache-2.0, as SPDX names.
pub const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "BSL-1.0",
    "0BSD",
    "NCSA",
];

/// Where `unsafe` may be: folders (or single files) of the islands.
pub const ISLANDS: &[&str] = &[
    "crates/perilune-runtime/src/heap/",
    "crates/perilune-runtime/src/object/",
    "crates/perilune-runtime/src/exec/",
    "crates/perilune-codegen/tests/execute/native.rs",
    "crates/perilune-codegen/src/link/",
    "crates/perilune-cli/src/start.rs",
];

/// The allowances, with which of them have been used.
#[derive(Default)]
pub struct Allowances {
    files: Vec<String>,
    functions: Vec<(String, String)>,
}

impl Allowances {
    /// Whether a file may be long.
    pub fn file(&mut self, name: &str) -> bool {
        let found = FILES.iter().any(|(file, _)| *file == name);
        if found {
            self.files.push(name.to_string());
        }
        found
    }

    /// Whether a function may be long.
    pub fn function(&mut self, file: &str, name: &str) -> bool {
        let found = FUNCTIONS.iter().any(|(f, n, _)| *f == file && *n == name);
        if found {
            self.functions.push((file.to_string(), name.to_string()));
        }
        found
    }

    /// Complaints about allowances that nothing needs any more.
    pub fn stale(&self) -> Vec<String> {
        let files = FILES.iter().filter(|(f, _)| !self.files.iter().any(|x| x == f));
        let functions = FUNCTIONS
            .iter()
            .filter(|(f, n, _)| !self.functions.iter().any(|(x, y)| x == f && y == n));
        let mut out: Vec<String> = files
            .map(|(f, _)| format!("{f}: no longer needs its allowance"))
            .collect();
        out.extend(functions.map(|(f, n, _)| format!("{f}: function {n} no longer needs its allowance")));
        out
    }
}
