//! Ahead of time: the bytecode of a whole program -> one executable.
//!
//! The code is that of the baseline compiler, made before anything has run ([`Job::ahead`]): it holds no address, so
//! that it runs wherever it is loaded, and the same program gives the same bytes. What it needs of the runtime it finds
//! by way of the state.

pub mod closed;
pub mod cpu;
mod elf;

pub use elf::{Image, executable, image};

use crate::baseline::{self, Artifact, Certain};
use crate::disasm::Target;
use crate::masm::{Isa, a64::A64, x64::X64};
use crate::{assemble_knowing, lead};
use cpu::Cpu;
use perilune_bytecode::file;
use perilune_bytecode::proto::{self, Proto};
use perilune_bytecode::verify::VerifiedProto;
use perilune_runtime::exec::Job;
use perilune_runtime::image::{Contents, File, FunctionCode, Module, function_number, functions, write};
use perilune_runtime::state::Options;
use std::sync::Arc;

/// What pieces of code begin at multiples of.
const ALIGNMENT: usize = 16;
/// What fills the gaps: a trap on x86-64, and no valid instruction on aarch64.
const GAP: u8 = 0xcc;

/// What is to be compiled.
pub struct Program {
    /// The program, and the modules that it may require.
    pub sources: Vec<Source>,
    /// Files that go with it: names and contents.
    pub files: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether it refuses to compile source at run time.
    pub closed: bool,
    /// Whether it is in the dialect of Lua 5.4.
    pub lua54: bool,
    /// Whether its warnings are shown from the start.
    pub warns: bool,
    /// What it may run on.
    pub cpu: Cpu,
}

/// A chunk.
pub struct Source {
    /// What `require` calls it; empty for the program itself.
    pub name: Vec<u8>,
    /// Where it was found.
    pub file: Vec<u8>,
    /// Its bytecode.
    pub main: VerifiedProto,
}

/// A compiled program.
pub struct Compiled {
    /// What the runtime has to know of it.
    pub metadata: Vec<u8>,
    /// Its machine code.
    pub code: Vec<u8>,
    /// The functions and the pieces that they share, in the order in which they stand in the code.
    pub symbols: Vec<Symbol>,
    /// Functions that are left to the interpreter, and why: numbers of sources, and lines.
    pub failed: Vec<(usize, u32, String)>,
    /// Bytes of bytecode of each source, and of its machine code.
    pub sizes: Vec<Sizes>,
}

/// How large a source has become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// How many functions it has.
    pub functions: usize,
    /// Bytes of its bytecode, names and lines included.
    pub bytecode: usize,
    /// Bytes of machine code.
    pub code: usize,
}

/// A stretch of code with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What debuggers call it.
    pub name: String,
    /// Where it begins in the code.
    pub start: usize,
    /// Its bytes.
    pub size: usize,
}

/// Compiles a program for the processor that runs this.
///
/// # Errors
/// When it is too large.
pub fn compile(program: &Program) -> Result<Compiled, String> {
    let mut maker = Maker {
        isa: program.cpu.isa(),
        ..Maker::default()
    };
    let (entry, shared) = maker.stubs();
    let mut codes = Vec::new();
    for (n, source) in program.sources.iter().enumerate() {
        codes.push(maker.source(n, source)?);
    }
    let chunks: Vec<Vec<u8>> = program
        .sources
        .iter()
        .map(|s| file::write(s.main.proto(), false))
        .collect();
    for (sizes, chunk) in maker.sizes.iter_mut().zip(&chunks) {
        sizes.bytecode = chunk.len();
    }
    let sources = program.sources.iter().zip(&chunks).zip(&codes);
    let contents = Contents {
        closed: program.closed,
        lua54: program.lua54,
        warns: program.warns,
        features: &program.cpu.features(),
        entry,
        shared,
        modules: sources
            .map(|((source, chunk), code)| Module {
                name: &source.name,
                file: &source.file,
                chunk,
                functions: functions(code),
            })
            .collect(),
        files: program
            .files
            .iter()
            .map(|(name, content)| File { name, content })
            .collect(),
    };
    let metadata = write(&contents, &maker.code);
    if maker.code.len().max(metadata.len()) > i32::MAX as usize {
        return Err("the program is larger than 2 GB".to_owned());
    }
    Ok(Compiled {
        metadata,
        code: maker.code,
        symbols: maker.symbols,
        failed: maker.failed,
        sizes: maker.sizes,
    })
}

/// What has been made so far.
#[derive(Default)]
struct Maker {
    isa: Isa,
    code: Vec<u8>,
    symbols: Vec<Symbol>,
    failed: Vec<(usize, u32, String)>,
    sizes: Vec<Sizes>,
}

impl Maker {
    /// Puts code behind the rest; where it begins.
    fn put(&mut self, name: String, bytes: &[u8]) -> u32 {
        self.code.resize(self.code.len().next_multiple_of(ALIGNMENT), GAP);
        let start = self.code.len();
        self.code.extend_from_slice(bytes);
        self.symbols.push(Symbol {
            name,
            start,
            size: bytes.len(),
        });
        start as u32
    }

    /// The entry from Rust, and what all functions share.
    fn stubs(&mut self) -> (u32, [u32; perilune_runtime::abi::SHARED]) {
        let (code, entry, shared) = match host() {
            Target::A64 => baseline::stubs::<A64>(),
            Target::X64 => baseline::stubs::<X64>(),
        };
        let start = self.put("perilune.shared".to_owned(), &code.bytes);
        (start + entry, shared.map(|at| start + at))
    }

    /// Compiles all functions of a source, outer ones first.
    fn source(&mut self, n: usize, source: &Source) -> Result<Vec<FunctionCode>, String> {
        let before = self.code.len();
        let job = |f: &Arc<Proto>| Job::ahead(f.clone(), &Options::default());
        let jobs: Vec<Job> = proto::functions(source.main.proto()).map(job).collect();
        let first = function_number(n, 0).filter(|_| function_number(n, jobs.len()).is_some());
        let certain = closed::analyse(&jobs.iter().collect::<Vec<_>>());
        let mut made = Vec::new();
        for (nth, (job, certain)) in jobs.iter().zip(certain).enumerate() {
            let certain = Certain {
                first: first.unwrap_or(0),
                isa: self.isa,
                ..certain
            };
            made.push(self.function(n, symbol(source, job, nth), job, certain));
        }
        self.link(&made)?;
        self.sizes.push(Sizes {
            functions: made.len(),
            bytecode: 0,
            code: self.code.len() - before,
        });
        Ok(made.into_iter().map(|m| m.code).collect())
    }

    fn function(&mut self, n: usize, name: String, job: &Job, certain: Certain) -> Made {
        match assemble_knowing(host(), job, certain) {
            Ok(artifact) => self.artifact(name, &artifact),
            Err(why) => {
                self.failed.push((n, job.proto.line_defined, why));
                Made::default()
            }
        }
    }

    fn artifact(&mut self, name: String, artifact: &Artifact) -> Made {
        debug_assert!(
            artifact.pool.is_empty(),
            "code that is made ahead holds no addresses"
        );
        let bytes = &artifact.code.bytes;
        let start = self.put(name, bytes);
        let code = FunctionCode {
            call: start + artifact.call,
            start,
            size: bytes.len() as u32,
            entries: artifact
                .entries
                .iter()
                .map(|&(pc, offset)| (pc, start + offset))
                .collect(),
        };
        let far = artifact.code.far.iter();
        Made {
            inner: artifact.inner.map(|at| start + at),
            far: far.map(|&(at, function)| (start + at, function)).collect(),
            code,
        }
    }

    /// Lets the calls of functions of a source lead there.
    fn link(&mut self, functions: &[Made]) -> Result<(), String> {
        for &(at, function) in functions.iter().flat_map(|f| &f.far) {
            // Without code a function has no number, and the call is not reached.
            let inner = functions[function as usize].inner.unwrap_or(at);
            lead(host(), &mut self.code, at, inner).ok_or("a call cannot reach its function")?;
        }
        Ok(())
    }
}

/// A function that has been compiled.
#[derive(Default)]
struct Made {
    code: FunctionCode,
    /// Where calls of this very function begin.
    inner: Option<u32>,
    /// Its calls of functions of the source: places in the code, and which.
    far: Vec<(u32, u32)>,
}

/// What the code is made for.
fn host() -> Target {
    Target::host().unwrap_or(Target::X64)
}

/// What debuggers call a function: file, line and number, as no name of C has them.
fn symbol(source: &Source, job: &Job, nth: usize) -> String {
    let line = job.proto.line_defined;
    let file = String::from_utf8_lossy(&source.file);
    match nth {
        0 => format!("lua:{file}"),
        _ => format!("lua:{file}:{line}#{nth}"),
    }
}
