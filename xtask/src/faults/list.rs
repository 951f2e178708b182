//! tests/faults/*.txt -> the seeded faults, each of them an edit of one source file.

use crate::paths;
use std::path::Path;

/// A plausible mistake, as an edit.
pub struct Fault {
    /// Its name, which no other fault has.
    pub name: String,
    /// What part it is in: the name of the file that lists it.
    pub part: String,
    /// What is wrong, in one line.
    pub about: String,
    /// The source file, relative to the workspace.
    pub file: String,
    /// The engine that the fuzzer compares with the peer.
    pub engine: String,
    /// The stress mode under which the fuzzer looks for it.
    pub stress: Option<String>,
    /// Whole lines of the file.
    pub old: String,
    /// What stands in their place.
    pub new: String,
}

/// Reads every list.
pub fn read() -> Result<Vec<Fault>, String> {
    let mut faults: Vec<Fault> = Vec::new();
    for path in paths::files(&paths::root().join("tests/faults"), ".txt") {
        let part = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let place = paths::shown(&path);
        parse(&text, &part, &mut faults).map_err(|e| format!("{place}: {e}"))?;
    }
    for (at, fault) in faults.iter().enumerate() {
        if faults[..at].iter().any(|f| f.name == fault.name) {
            return Err(format!("two faults are called {}", fault.name));
        }
    }
    Ok(faults)
}

/// Adds the faults of a list. An entry begins with `fault NAME`; the lines of its edit begin with
/// a blank (kept), `-` (taken out) or `+` (put in).
fn parse(text: &str, part: &str, faults: &mut Vec<Fault>) -> Result<(), String> {
    let mut begun = false;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("fault ") {
            faults.push(empty(name, part));
            begun = true;
            continue;
        }
        let fault = match faults.last_mut() {
            Some(fault) if begun => fault,
            _ => return Err(format!("line {}: no fault begins before it", number + 1)),
        };
        if !entry_line(fault, line) {
            return Err(format!("line {}: not understood", number + 1));
        }
    }
    let incomplete = |f: &&Fault| f.about.is_empty() || f.file.is_empty() || f.old == f.new;
    match faults.iter().find(incomplete) {
        Some(fault) => Err(format!(
            "{} lacks what is wrong, the file or the edit",
            fault.name
        )),
        None => Ok(()),
    }
}

fn empty(name: &str, part: &str) -> Fault {
    Fault {
        name: name.to_string(),
        part: part.to_string(),
        about: String::new(),
        file: String::new(),
        engine: "vm".to_string(),
        stress: None,
        old: String::new(),
        new: String::new(),
    }
}

/// Takes a line of an entry; false when it is none.
fn entry_line(fault: &mut Fault, line: &str) -> bool {
    let add = |to: &mut String, text: &str| {
        to.push_str(text);
        to.push('\n');
    };
    if let Some(text) = line.strip_prefix("about ") {
        fault.about = text.to_string();
    } else if let Some(text) = line.strip_prefix("file ") {
        fault.file = text.to_string();
    } else if let Some(text) = line.strip_prefix("engine ") {
        fault.engine = text.to_string();
    } else if let Some(text) = line.strip_prefix("stress ") {
        fault.stress = Some(text.to_string());
    } else if let Some(text) = line.strip_prefix(' ') {
        add(&mut fault.old, text);
        add(&mut fault.new, text);
    } else if let Some(text) = line.strip_prefix('-') {
        add(&mut fault.old, text);
    } else if let Some(text) = line.strip_prefix('+') {
        add(&mut fault.new, text);
    } else {
        return false;
    }
    true
}

impl Fault {
    /// The file's text with the fault in it.
    pub fn applied(&self, root: &Path) -> Result<String, String> {
        let path = root.join(&self.file);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", self.file))?;
        let framed = format!("\n{text}");
        let old = format!("\n{}", self.old);
        let found = framed.matches(&old).count();
        if found != 1 {
            return Err(format!(
                "{}: the old text occurs {found} times in {}",
                self.name, self.file
            ));
        }
        let new = format!("\n{}", self.new);
        Ok(framed.replacen(&old, &new, 1)[1..].to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# a comment\n\nfault one\nabout wrong\nfile src/a.rs\n  x\n-y\n+z\n";

    #[test]
    fn reads_an_entry() {
        let mut faults = Vec::new();
        parse(LIST, "part", &mut faults).unwrap();
        assert_eq!(faults.len(), 1);
        assert_eq!(
            (faults[0].old.as_str(), faults[0].new.as_str()),
            (" x\ny\n", " x\nz\n")
        );
        assert!(faults[0].stress.is_none());
        assert_eq!(faults[0].engine, "vm");
    }

    #[test]
    fn refuses_what_is_no_entry() {
        for text in [
            "about early\n",
            "fault x\nabout y\nfile z\n",
            "fault x\nnonsense\n",
        ] {
            assert!(parse(text, "part", &mut Vec::new()).is_err(), "{text}");
        }
    }

    #[test]
    fn every_listed_fault_fits() {
        for fault in read().unwrap() {
            fault.applied(&paths::root()).unwrap();
        }
    }
}
