//! Rust source -> its functions with their lengths, found by indentation, as rustfmt leaves it.

/// A function with a body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from 1.
    pub start: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// All functions of a source that rustfmt has formatted.
pub fn functions(source: &str) -> Vec<Function> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = name_of(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", &line[..indent]);
        let ends = |l: &&str| **l == closing || l.starts_with(&closing);
        let is_short = line.ends_with(';') || line.ends_with('}');
        let Some(length) = lines[at..].iter().position(ends).filter(|_| !is_short) else {
            continue;
        };
        found.push(Function {
            name,
            start: at + 1,
            lines: length + 1,
        });
    }
    found
}

/// The name of the function that a line begins.
fn name_of(line: &str) -> Option<String> {
    let mut words = line.trim_start();
    while let Some((first, rest)) = words.split_once(' ') {
        if first == "fn" {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            return (!name.is_empty()).then_some(name);
        }
        let qualifier = first.starts_with("pub")
            || ["const", "unsafe", "async", "extern", "\"C\"", "in"].contains(&first);
        if !qualifier {
            return None;
        }
        words = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::functions;

    #[test]
    fn measures_functions() {
        let source = "fn a() {\n}\n\nimpl X {\n    pub(crate) const fn b(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n    fn c();\n}\n";
        let found: Vec<_> = functions(source)
            .into_iter()
            .map(|f| (f.name, f.start, f.lines))
            .collect();
        assert_eq!(found, [("a".to_string(), 1, 2), ("b".to_string(), 5, 5)]);
    }
}
