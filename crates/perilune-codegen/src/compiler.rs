//! The tier manager's way to machine code: a function's snapshot -> installed code.

use crate::baseline::{self, Artifact, PoolEntry};
use crate::link::{Block, CodeMemory};
use perilune_runtime::exec::{Compiler, Installed, Job};
use std::collections::HashMap;

#[cfg(not(target_arch = "aarch64"))]
type Host = crate::masm::x64::X64;
#[cfg(target_arch = "aarch64")]
type Host = crate::masm::a64::A64;

/// The longest function that is compiled: conditional branches reach 1 MB on AArch64, 2 GB on x86-64.
const MOST_INSTRUCTIONS: usize = if cfg!(target_arch = "aarch64") {
    2000
} else {
    1 << 20
};

/// Compiles for the processor that runs this, into memory of its own.
pub struct HostCompiler {
    memory: CodeMemory,
    blocks: HashMap<u64, Block>,
    /// The entry from Rust and the code for functions that are not compiled, once they are installed.
    stubs: Option<(usize, usize)>,
}

impl HostCompiler {
    /// A compiler that installs at most `memory` bytes of code.
    ///
    /// # Errors
    /// Why this host cannot run compiled code.
    pub fn new(memory: usize) -> Result<HostCompiler, String> {
        Ok(HostCompiler {
            memory: CodeMemory::new(memory).map_err(|e| e.to_string())?,
            blocks: HashMap::new(),
            stubs: None,
        })
    }
}

/// The constants that stand behind the code.
fn pool(artifact: &Artifact, job: &Job) -> Vec<u64> {
    let value = |entry: &PoolEntry| match entry {
        PoolEntry::Constant(k) => job.consts[*k as usize].0,
        PoolEntry::Ipairs => job.ipairs as u64,
    };
    artifact.pool.iter().map(value).collect()
}

impl Compiler for HostCompiler {
    fn compile(&mut self, job: &Job) -> Result<Installed, String> {
        if job.code.len() > MOST_INSTRUCTIONS {
            return Err("too long for the reach of branches".to_string());
        }
        let artifact = baseline::compile::<Host>(job);
        let pool = pool(&artifact, job);
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
            size: block.size(),
            handle,
        })
    }

    fn release(&mut self, code: &Installed) {
        if let Some(block) = self.blocks.remove(&code.handle) {
            self.memory.free(block);
        }
    }

    fn stubs(&mut self) -> Result<(usize, usize), String> {
        if let Some(stubs) = self.stubs {
            return Ok(stubs);
        }
        let (code, entry, uncompiled) = baseline::stubs::<Host>();
        let block = self.memory.install(&code.bytes, &[]).map_err(|e| e.to_string())?;
        let stubs = (
            block.address() + entry as usize,
            block.address() + uncompiled as usize,
        );
        self.stubs = Some(stubs);
        Ok(stubs)
    }
}
