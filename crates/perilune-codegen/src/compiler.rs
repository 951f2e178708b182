//! The tier manager's way to machine code: a function's snapshot -> installed code.

use crate::baseline::{self, Artifact, Certain};
use crate::disasm::Target;
use crate::link::{Block, CodeMemory};
use crate::masm::{Masm, a64::A64, x64::X64};
use crate::worker::{Response, Worker};
use perilune_runtime::exec::{Compiler, Finished, Installed, JitOptions, Job, Ready, Stubs};
use std::collections::HashMap;
use std::sync::Arc;

#[cfg(not(target_arch = "aarch64"))]
type Host = X64;
#[cfg(target_arch = "aarch64")]
type Host = A64;

/// What this program runs on, as far as it can run compiled code.
const HOST: Target = if cfg!(target_arch = "aarch64") {
    Target::A64
} else {
    Target::X64
};

/// The longest function that is compiled, in instructions: conditional branches reach 1 MB on AArch64, 2 GB on
/// x86-64.
fn most_instructions(target: Target) -> usize {
    match target {
        Target::A64 => 2000,
        Target::X64 => 1 << 20,
    }
}

/// The machine code of a function for a target.
///
/// # Errors
/// Why it cannot be compiled.
pub fn assemble(target: Target, job: &Job) -> Result<Artifact, String> {
    let certain = match job.ahead {
        true => Certain::alone(job),
        false => Certain::default(),
    };
    assemble_knowing(target, job, certain)
}

/// As [`assemble`], with what is certain of the function.
///
/// # Errors
/// Why it cannot be compiled.
pub fn assemble_knowing(target: Target, job: &Job, certain: Certain) -> Result<Artifact, String> {
    if job.code.len() > most_instructions(target) {
        return Err("too long for the reach of branches".to_string());
    }
    Ok(match target {
        Target::X64 => baseline::compile::<X64>(job, certain),
        Target::A64 => baseline::compile::<A64>(job, certain),
    })
}

/// Lets the call of other code whose field is at `at` lead to `to`, both as offsets in the code; None if `to` is too far
/// away, or the field is not within the code.
pub(crate) fn lead(target: Target, code: &mut [u8], at: u32, to: u32) -> Option<()> {
    let patch = match target {
        Target::X64 => X64::patch,
        Target::A64 => A64::patch,
    };
    let field: &mut [u8; 4] = code.get_mut(at as usize..)?.first_chunk_mut()?;
    let distance = i64::from(to) - i64::from(at);
    *field = patch(u32::from_le_bytes(*field), distance)?.to_le_bytes();
    Some(())
}

/// Compiles for the processor that runs this, into memory of its own.
pub struct HostCompiler {
    memory: CodeMemory,
    blocks: HashMap<u64, Block>,
    /// The thread that compiles long functions, once there has been one.
    worker: Option<Worker>,
}

impl HostCompiler {
    /// A compiler whose code takes the memory that the options allow.
    ///
    /// # Errors
    /// Why this host cannot run compiled code.
    pub fn new(options: &JitOptions) -> Result<HostCompiler, String> {
        let memory = match options.profiled {
            true => CodeMemory::in_one_view(options.memory),
            false => CodeMemory::new(options.memory),
        };
        Ok(HostCompiler {
            memory: memory.map_err(|e| e.to_string())?,
            blocks: HashMap::new(),
            worker: None,
        })
    }

    fn install(&mut self, artifact: &Artifact, job: &Job) -> Result<Installed, String> {
        let pool = pool(artifact, job);
        let block = self
            .memory
            .install(&artifact.code.bytes, &pool)
            .map_err(|e| e.to_string())?;
        let at = |offset: u32| block.address() + offset as usize;
        let handle = block.address() as u64;
        self.blocks.insert(handle, block);
        Ok(Installed {
            call: at(artifact.call),
            entries: artifact.entries.iter().map(|&(pc, o)| (pc, at(o))).collect(),
            address: block.address(),
            size: block.size(),
            handle,
        })
    }
}

/// The constants that stand behind the code.
fn pool(artifact: &Artifact, job: &Job) -> Vec<u64> {
    artifact.pool.iter().map(|&k| job.consts[k as usize].0).collect()
}

impl Compiler for HostCompiler {
    fn compile(&mut self, job: &Job) -> Result<Installed, String> {
        let artifact = assemble(HOST, job)?;
        self.install(&artifact, job)
    }

    fn begin(&mut self, ticket: u64, job: Arc<Job>, ready: Ready) -> bool {
        if self.worker.is_none() {
            self.worker = Worker::start(HOST);
        }
        self.worker.as_ref().is_some_and(|w| w.begin(ticket, job, ready))
    }

    fn finished(&mut self) -> Vec<Finished> {
        let Some(worker) = &self.worker else {
            return Vec::new();
        };
        let made: Vec<Response> = worker.finished().collect();
        made.into_iter()
            .map(|r| Finished {
                ticket: r.ticket,
                installed: r.artifact.and_then(|a| self.install(&a, &r.job)),
                compiling: r.compiling,
            })
            .collect()
    }

    fn release(&mut self, code: &Installed) {
        if let Some(block) = self.blocks.remove(&code.handle) {
            self.memory.free(block);
        }
    }

    fn stubs(&mut self) -> Result<Stubs, String> {
        let (code, entry, shared) = baseline::stubs::<Host>();
        let block = self.memory.install(&code.bytes, &[]).map_err(|e| e.to_string())?;
        let at = |offset: u32| block.address() + offset as usize;
        Ok(Stubs {
            entry: at(entry),
            shared: shared.map(at),
        })
    }
}
