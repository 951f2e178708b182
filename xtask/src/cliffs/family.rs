//! bench/cliffs/*.lua -> programs in which something changes with a period.
//!
//! A case of those files is a few statements, the body, with a list of variants; `v` is the variant of the
//! round, `i` the round's number, `P` the period. A shell puts the body into loops and functions.

use crate::paths;
use std::fmt::Write;

/// A body and what stands before it.
pub struct Case {
    /// Its name, which no other case has.
    pub name: String,
    /// Declarations: `variants` and what the body uses.
    setup: String,
    /// Statements that are run in each round.
    body: String,
}

/// How a body is run, again and again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shell {
    /// Its name.
    pub name: &'static str,
    /// The function `work(n)`, with `BODY` on the line where the body stands.
    text: &'static str,
}

/// Every shell.
pub const SHELLS: &[Shell] = &[
    Shell {
        name: "loop",
        text: "local function work(n)
  local acc, i = 0, 0
  for r = 1, n // P do
    local v = variants[r % K + 1]
    for _ = 1, P do
      i = i + 1
BODY
    end
  end
  return acc
end
",
    },
    Shell {
        name: "call",
        text: "local function step(v, i, acc)
BODY
  return acc
end
local function work(n)
  local acc = 0
  for i = 1, n do acc = step(variants[i // P % K + 1], i, acc) end
  return acc
end
",
    },
    Shell {
        name: "enter",
        text: "local function run(v, i, n, acc)
  for _ = 1, n do
    i = i + 1
BODY
  end
  return acc, i
end
local function work(n)
  local acc, i = 0, 0
  for r = 1, n // P do acc, i = run(variants[r % K + 1], i, P, acc) end
  return acc
end
",
    },
];

/// After how many rounds there is a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// After that many.
    Rounds(u32),
    /// After a quarter of all rounds.
    Phase,
}

/// Every period.
pub const PERIODS: &[Period] = &[
    Period::Rounds(1),
    Period::Rounds(2),
    Period::Rounds(3),
    Period::Rounds(4),
    Period::Rounds(8),
    Period::Rounds(16),
    Period::Rounds(32),
    Period::Rounds(64),
    Period::Phase,
];

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Period::Rounds(n) => write!(f, "{n}"),
            Period::Phase => f.write_str("phase"),
        }
    }
}

impl Case {
    /// Whether the body is the same in all rounds but for those that the period chooses.
    fn has_one_variant(&self) -> bool {
        self.setup.contains("local variants = {0}")
    }

    /// The part of a program behind the number of rounds, `N`: up to the function `work`.
    fn definitions(&self, shell: Shell, period: Period) -> String {
        let p = match period {
            Period::Rounds(n) => n.to_string(),
            Period::Phase => "N // 4".to_string(),
        };
        let mut text = format!("local P = {p}\n{}local K = #variants\n", self.setup);
        text.push_str(&shell.text.replace("BODY\n", &self.body));
        text
    }
}

/// A body in a shell with a period.
pub struct Program<'c> {
    /// What is run.
    pub case: &'c Case,
    /// How.
    pub shell: Shell,
    /// And how often it changes.
    pub period: Period,
}

impl Program<'_> {
    /// Its name: case, shell and period.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.case.name, self.shell.name, self.period)
    }

    /// A program that takes the number of rounds as its argument, prints a checksum, and to standard error the
    /// seconds of processor time that the rounds took.
    pub fn timed(&self) -> String {
        format!(
            "-- {}\nlocal N = tonumber(arg[1])\n{}local start = os.clock()\nlocal acc = work(N)\n\
             io.stderr:write((\"%.6f\\n\"):format(os.clock() - start))\nprint(acc)\n",
            self.name(),
            self.case.definitions(self.shell, self.period)
        )
    }
}

/// All programs of a case.
pub fn programs(case: &Case) -> Vec<Program<'_>> {
    let mut all = Vec::new();
    for &shell in SHELLS {
        for &period in PERIODS {
            if period != Period::Phase || !case.has_one_variant() {
                all.push(Program { case, shell, period });
            }
        }
    }
    all
}

/// One program that prints the checksums of all programs of a case, each with a few rounds.
pub fn together(case: &Case, rounds: u32) -> String {
    let mut text = format!("-- {}\nlocal N = {rounds}\n", case.name);
    for program in programs(case) {
        let definitions = case.definitions(program.shell, program.period);
        let name = program.name();
        let _ = write!(text, "do\n{definitions}print(\"{name}\", work(N))\nend\n");
    }
    text
}

/// Reads every case. One begins with `--- NAME`; behind a line `--` stands its body.
pub fn read() -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for path in paths::files(&paths::root().join("bench/cliffs"), ".lua") {
        let place = paths::shown(&path);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{place}: {e}"))?;
        for part in text.split("\n--- ").skip(1) {
            let case = case(part).ok_or_else(|| format!("{place}: no body: {part}"))?;
            if cases.iter().any(|c| c.name == case.name) {
                return Err(format!("two cases are called {}", case.name));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

fn case(part: &str) -> Option<Case> {
    let (name, rest) = part.split_once('\n')?;
    let (setup, body) = rest.split_once("\n--\n")?;
    Some(Case {
        name: name.trim().to_string(),
        setup: format!("{setup}\n"),
        body: format!("{}\n", body.trim_end()),
    })
}

#[cfg(test)]
mod tests {
    use super::{Period, SHELLS, programs, read};

    #[test]
    fn every_case_has_variants_and_a_body() {
        let cases = read().unwrap();
        assert!(cases.len() > 100);
        for case in &cases {
            assert!(case.setup.contains("local variants = "), "{}", case.name);
            assert!(case.body.contains("acc"), "{}", case.name);
        }
    }

    #[test]
    fn the_body_stands_in_the_shell() {
        let cases = read().unwrap();
        let case = cases.iter().find(|c| c.name == "add").unwrap();
        let text = case.definitions(SHELLS[1], Period::Rounds(4));
        assert!(text.starts_with("local P = 4\nlocal variants = {3, 2.5}\n"));
        assert!(text.contains("local function step(v, i, acc)\nlocal x = v + 1\n"));
        assert_eq!(programs(case).len(), 27);
    }
}
