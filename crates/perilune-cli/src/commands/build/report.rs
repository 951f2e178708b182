//! A built program -> what went in, why, and how large it is.

use super::super::output::size;
use super::{Notes, failures};
use perilune_codegen::aot::{Compiled, Program};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// A program that has been built.
pub struct Report<'a> {
    /// Where the executable is.
    pub out: &'a Path,
    /// Its bytes.
    pub size: usize,
    /// What was compiled.
    pub program: &'a Program,
    /// What it has become.
    pub compiled: &'a Compiled,
    /// Why, and what is left to the run.
    pub notes: &'a Notes,
    /// How long that took.
    pub time: Duration,
}

impl Report<'_> {
    /// The report in one of the formats: brief, text or json.
    pub fn shown(&self, format: &str) -> String {
        match format {
            "json" => self.json(),
            "text" => self.text(),
            _ => self.brief(),
        }
    }

    /// Bytes of the runtime.
    fn runtime(&self) -> usize {
        self.size - self.compiled.code.len() - self.compiled.metadata.len()
    }

    fn brief(&self) -> String {
        let functions: usize = self.compiled.sizes.iter().map(|s| s.functions).sum();
        let modules = match self.program.sources.len() {
            1 => String::new(),
            n => format!(" in {n} modules"),
        };
        format!(
            "{}: {}, {functions} functions{modules}, {:.0} ms\n",
            self.out.display(),
            size(self.size as u64),
            self.time.as_secs_f64() * 1e3
        )
    }

    fn text(&self) -> String {
        let mut out = self.brief();
        let compiled = self.compiled;
        let _ = writeln!(
            out,
            "runtime {}, machine code {}, bytecode and files {}; processor: {}",
            size(self.runtime() as u64),
            size(compiled.code.len() as u64),
            size(compiled.metadata.len() as u64),
            self.program.cpu,
        );
        let _ = writeln!(out, "\n  functions  bytecode      code  module");
        let sources = self
            .program
            .sources
            .iter()
            .zip(&compiled.sizes)
            .zip(&self.notes.why);
        for ((source, sizes), why) in sources {
            let _ = writeln!(
                out,
                "  {:>9}  {:>8}  {:>8}  {} ({}): {why}",
                sizes.functions,
                sizes.bytecode,
                sizes.code,
                module_name(&source.name),
                String::from_utf8_lossy(&source.file),
            );
        }
        for (name, content) in &self.program.files {
            let _ = writeln!(
                out,
                "  file {}: {}",
                String::from_utf8_lossy(name),
                size(content.len() as u64)
            );
        }
        let failed = failures(self.program, compiled);
        for line in failed.iter().chain(&self.notes.at_run_time) {
            let _ = writeln!(out, "  {line}");
        }
        out
    }

    fn json(&self) -> String {
        let sources = self
            .program
            .sources
            .iter()
            .zip(&self.compiled.sizes)
            .zip(&self.notes.why);
        let modules: Vec<_> = sources
            .map(|((source, sizes), why)| {
                serde_json::json!({
                    "module": String::from_utf8_lossy(&source.name),
                    "file": String::from_utf8_lossy(&source.file),
                    "why": why,
                    "functions": sizes.functions,
                    "bytecode": sizes.bytecode,
                    "code": sizes.code,
                })
            })
            .collect();
        let files: Vec<_> = self
            .program
            .files
            .iter()
            .map(|(name, content)| {
                serde_json::json!({ "name": String::from_utf8_lossy(name), "size": content.len() })
            })
            .collect();
        let report = serde_json::json!({
            "executable": self.out.to_string_lossy(),
            "size": self.size,
            "runtime": self.runtime(),
            "code": self.compiled.code.len(),
            "metadata": self.compiled.metadata.len(),
            "cpu": self.program.cpu.to_string(),
            "closed": self.program.closed,
            "milliseconds": self.time.as_secs_f64() * 1e3,
            "modules": modules,
            "files": files,
            "interpreted": failures(self.program, self.compiled),
            "at_run_time": self.notes.at_run_time,
        });
        serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
    }
}

/// A module's name for people.
pub fn module_name(name: &[u8]) -> String {
    match name {
        [] => "the program".to_owned(),
        _ => String::from_utf8_lossy(name).into_owned(),
    }
}
