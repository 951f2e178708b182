//! Results -> the table between two marks of docs/fuzzing.md, in which each row is replaced on its own.

use super::list::Fault;
use crate::paths;

const PAGE: &str = "docs/fuzzing.md";

/// Puts `text` between the marks of that name.
pub fn put(name: &str, text: &str) -> Result<(), String> {
    let path = paths::root().join(PAGE);
    let page = std::fs::read_to_string(&path).map_err(|e| format!("{PAGE}: {e}"))?;
    let (start, end) = marks(name, &page)?;
    let page = format!("{}\n{}\n{}", &page[..start], text.trim_end(), &page[end..]);
    std::fs::write(&path, page).map_err(|e| format!("{PAGE}: {e}"))
}

/// Where the part between the marks of that name begins and ends.
fn marks(name: &str, page: &str) -> Result<(usize, usize), String> {
    let missing = || format!("{PAGE}: the marks of '{name}' are missing");
    let open = format!("<!-- {name} -->");
    let start = page.find(&open).ok_or_else(missing)? + open.len();
    let length = page[start..]
        .find(&format!("<!-- end {name} -->"))
        .ok_or_else(missing)?;
    Ok((start, start + length))
}

/// A row of the table.
pub fn row(fault: &Fault, result: &str) -> String {
    let engine = (fault.engine != "vm").then(|| format!("--engine={}", fault.engine));
    let stress = fault.stress.as_ref().map(|s| format!("--stress={s}"));
    let options: Vec<String> = engine.into_iter().chain(stress).collect();
    let stress = match options.is_empty() {
        true => String::new(),
        false => format!(" (`{}`)", options.join(" ")),
    };
    format!(
        "| `{}` | {} | {}{stress} | {result} |",
        fault.name, fault.part, fault.about
    )
}

/// Writes the table: `fresh` rows, and for the other faults the rows that stand there already.
pub fn write(faults: &[Fault], fresh: &[(String, String)]) -> Result<(), String> {
    let page = std::fs::read_to_string(paths::root().join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let (start, end) = marks("faults", &page)?;
    let mut out =
        "| fault | part | what is wrong | programs, seconds until found |\n|---|---|---|---|\n".to_string();
    for fault in faults {
        let begin = format!("| `{}` |", fault.name);
        let known = page[start..end].lines().find(|l| l.starts_with(&begin));
        let row = match fresh.iter().find(|(name, _)| *name == fault.name) {
            Some((_, result)) => row(fault, result),
            None => known.map_or_else(|| row(fault, "not run"), str::to_string),
        };
        out.push_str(&row);
        out.push('\n');
    }
    put("faults", &out)
}
