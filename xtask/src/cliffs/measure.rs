//! A program of the family -> its processor time in the interpreter and in compiled code.
//!
//! The machine may be busy and change its speed, so the engines take turns. Of a few runs what counts is the median of
//! the ratios of neighbouring ones. A program that is not clearly fast enough is measured again, longer and more often:
//! of many runs, the shortest are the steadiest.

use super::family::Program;
use super::{output, write};
use std::path::{Path, PathBuf};

/// Pairs of runs of every program.
const PAIRS: usize = 3;
/// Pairs of runs of a program that is not clearly fast enough.
const MORE_PAIRS: usize = 15;
/// How much longer these are.
const LONGER: u64 = 3;
/// Rounds from which the number of rounds is reckoned.
const FIRST_ROUNDS: u64 = 2000;

/// Times of one program.
#[derive(Clone)]
pub struct Measured {
    name: String,
    rounds: u64,
    /// Seconds in the interpreter and in compiled code: the shortest runs.
    vm: f64,
    jit: f64,
    /// Time in compiled code as a multiple of that in the interpreter, of each pair, in order of size.
    ratios: Vec<f64>,
}

impl Measured {
    /// Time in compiled code as a multiple of that in the interpreter.
    pub fn ratio(&self) -> f64 {
        match self.ratios.len() {
            MORE_PAIRS.. => self.jit / self.vm.max(1e-6),
            n => self.ratios[n / 2],
        }
    }

    fn add(&mut self, vm: f64, jit: f64) {
        self.vm = self.vm.min(vm);
        self.jit = self.jit.min(jit);
        self.ratios.push(jit / vm.max(1e-6));
        self.ratios.sort_by(f64::total_cmp);
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:6.2}  {:40} vm {:7.1} ms, jit {:7.1} ms, {} rounds",
            self.ratio(),
            self.name,
            self.vm * 1e3,
            self.jit * 1e3,
            self.rounds
        )
    }
}

/// What measures.
pub struct Meter<'a> {
    binary: &'a str,
    scratch: &'a Path,
    /// How long the interpreter is to take.
    milliseconds: u64,
}

impl<'a> Meter<'a> {
    /// The command that is measured, a folder for programs, and milliseconds for one run.
    pub fn new(binary: &'a str, scratch: &'a Path, milliseconds: u64) -> Meter<'a> {
        Meter {
            binary,
            scratch,
            milliseconds,
        }
    }

    /// Times a program, which is to take `most` times as long as in the interpreter at most. A few pairs of runs are
    /// believed if they show half of the time allowed beyond the interpreter's, or less.
    pub fn measure(&self, program: &Program<'_>, most: f64) -> Result<Measured, String> {
        let path = write(self.scratch, "program", &program.timed())?;
        let first = self.seconds("vm", &path, FIRST_ROUNDS)?.max(1e-6);
        let wanted = self.milliseconds as f64 / 1e3;
        let rounds = ((FIRST_ROUNDS as f64 * wanted / first) as u64).max(FIRST_ROUNDS);
        let quick = self.pairs(program, &path, rounds, PAIRS)?;
        if quick.ratio() <= 1.0 + (most - 1.0) / 2.0 {
            return Ok(quick);
        }
        self.pairs(program, &path, rounds * LONGER, MORE_PAIRS)
    }

    /// So many pairs of runs.
    fn pairs(
        &self,
        program: &Program<'_>,
        path: &Path,
        rounds: u64,
        count: usize,
    ) -> Result<Measured, String> {
        let mut measured = Measured {
            name: program.name(),
            rounds,
            vm: f64::INFINITY,
            jit: f64::INFINITY,
            ratios: Vec::new(),
        };
        for pair in 0..count {
            let mut times = [0.0; 2];
            for which in [pair % 2, 1 - pair % 2] {
                times[which] = self.seconds(["vm", "jit"][which], path, rounds)?;
            }
            measured.add(times[0], times[1]);
        }
        Ok(measured)
    }

    fn command(&self, options: &[&str], path: &Path, rounds: u64) -> Vec<String> {
        let mut command = vec![self.binary.to_string()];
        command.extend(options.iter().map(|o| o.to_string()));
        command.extend([path.to_string_lossy().into_owned(), rounds.to_string()]);
        command
    }

    /// The seconds that a run says it took.
    fn seconds(&self, engine: &str, path: &Path, rounds: u64) -> Result<f64, String> {
        let command = self.command(&[&format!("--engine={engine}")], path, rounds);
        let output = output(&command, self.scratch)?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        said.parse().map_err(|_| format!("no time: '{said}'"))
    }

    /// What the tier manager says of a run.
    pub fn statistics(&self, program: &Program<'_>, measured: &Measured) -> Result<String, String> {
        let path: PathBuf = write(self.scratch, "program", &program.timed())?;
        let command = self.command(&["--engine=jit", "--stats"], &path, measured.rounds);
        let output = output(&command, self.scratch)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = said.lines().find(|l| l.starts_with("compiled code"));
        Ok(line.unwrap_or("no statistics").to_string())
    }
}
