//! A program's file -> all chunks that it consists of.

use super::requests::{Request, loaders, requests};
use crate::commands::{read, verified};
use crate::settings::Settings;
use perilune::{Engine, Function, Lua, Table, Value, Variadic};
use perilune_codegen::aot::Source;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use walkdir::WalkDir;

/// What the standard library and the runtime provide.
const PROVIDED: [&str; 11] = [
    "_G",
    "coroutine",
    "debug",
    "io",
    "math",
    "os",
    "package",
    "perilune",
    "string",
    "table",
    "utf8",
];

/// A program with all that it requires.
#[derive(Default)]
pub struct Modules {
    /// The program first.
    pub found: Vec<Found>,
    /// What is missing, where it is asked for under `pcall`.
    pub absent: Vec<String>,
    /// Places where a module's name is known only at run time.
    pub dynamic: Vec<String>,
    /// Places that compile source at run time.
    pub loaders: Vec<String>,
    /// Modules that are missing.
    pub missing: Vec<String>,
}

/// A chunk of the program.
pub struct Found {
    /// Its bytecode.
    pub source: Source,
    /// Its text, or bytecode.
    pub text: Vec<u8>,
    /// Why it is in the program.
    pub why: String,
}

impl Modules {
    /// Follows what the program asks for, beginning with the modules that are `included`: names, and why.
    ///
    /// # Errors
    /// A file that cannot be read or compiled.
    pub fn follow(
        main: &OsString,
        included: Vec<(Vec<u8>, String)>,
        without: &[String],
        settings: &Settings,
        search: &mut Search,
    ) -> Result<Modules, String> {
        let mut all = Modules::default();
        let (text, name) = read(main)?;
        let mut work = vec![(Vec::new(), name, text, "the program".to_owned())];
        let mut known = BTreeSet::new();
        let mut wanted: Vec<(Vec<u8>, String, bool)> = included
            .into_iter()
            .map(|(name, why)| (name, why, false))
            .collect();
        loop {
            while let Some((module, chunk_name, text, why)) = work.pop() {
                let main = verified(&text, &chunk_name, settings)?;
                let shown = String::from_utf8_lossy(&chunk_name[1..]).into_owned();
                for request in requests(main.proto()) {
                    all.take(request, &shown, &mut wanted);
                }
                let uses = loaders(main.proto());
                all.loaders.extend(
                    uses.into_iter()
                        .map(|l| format!("{shown}:{}: '{}'", l.line, l.name)),
                );
                let source = Source {
                    name: module,
                    file: chunk_name[1..].to_vec(),
                    main,
                };
                all.found.push(Found { source, text, why });
            }
            if wanted.is_empty() {
                return Ok(all);
            }
            for (module, place, guarded) in std::mem::take(&mut wanted) {
                let shown = String::from_utf8_lossy(&module).into_owned();
                let is_provided = PROVIDED.contains(&shown.as_str()) || without.contains(&shown);
                if is_provided || !known.insert(module.clone()) {
                    continue;
                }
                match search.find(&module)? {
                    Ok(file) => {
                        let path = OsString::from(String::from_utf8_lossy(&file).into_owned());
                        let (text, name) = read(&path)?;
                        work.push((module, name, text, place));
                    }
                    Err(_) if guarded => all.absent.push(format!("{place}: module '{shown}'")),
                    Err(tried) => all
                        .missing
                        .push(format!("{place}: module '{shown}' not found:{tried}")),
                }
            }
        }
    }

    fn take(&mut self, request: Request, file: &str, wanted: &mut Vec<(Vec<u8>, String, bool)>) {
        let place = format!("{file}:{}", request.line);
        match request.module {
            Some(module) => wanted.push((module, place, request.guarded)),
            None => self.dynamic.push(place),
        }
    }
}

/// Looks for modules as a running program does.
pub struct Search {
    lua: Lua,
    find: Function,
    path: Value,
}

impl Search {
    /// With the path that the environment asks for, behind templates that come first.
    ///
    /// # Errors
    /// No memory.
    pub fn new(settings: &Settings, first: Option<&str>) -> Result<Search, String> {
        let mut settings = settings.clone();
        settings.options.engine = Engine::Vm;
        let made = |mut lua: Lua| {
            let package: Table = lua.globals().get(&mut lua, "package")?;
            let find = package.get(&mut lua, "searchpath")?;
            let mut path: Value = package.get(&mut lua, "path")?;
            if let (Some(first), Value::String(usual)) = (first, &path) {
                let all = format!("{first};{}", usual.to_string_lossy(&lua)?);
                path = Value::String(lua.create_string(all)?);
            }
            Ok(Search { lua, find, path })
        };
        let lua = settings.state().map_err(|e| e.to_string())?;
        made(lua).map_err(|e: perilune::Error| e.to_string())
    }

    /// The file of a module, or the list of those that it might have been.
    fn find(&mut self, module: &[u8]) -> Result<Result<Vec<u8>, String>, String> {
        let name = self.lua.create_string(module).map_err(|e| e.to_string())?;
        let arguments = Variadic(vec![Value::String(name), self.path.clone()]);
        let found: Variadic<Value> = self
            .find
            .call(&mut self.lua, arguments)
            .map_err(|e| e.to_string())?;
        let text = |v: Option<&Value>| match v {
            Some(Value::String(s)) => s.as_bytes(&self.lua).map(<[u8]>::to_vec).unwrap_or_default(),
            Some(_) | None => Vec::new(),
        };
        Ok(match found.0.as_slice() {
            [Value::String(_), ..] => Ok(text(found.0.first())),
            _ => Err(String::from_utf8_lossy(&text(found.0.get(1))).replace("\n\t", "\n    ")),
        })
    }

    /// The names of the modules that a pattern with '*' (no '.' within) or '**' (anything) matches.
    pub fn matching(&mut self, pattern: &str) -> Vec<Vec<u8>> {
        let Value::String(path) = &self.path else {
            return Vec::new();
        };
        let path = path.to_string_lossy(&self.lua).unwrap_or_default();
        let mut names = Vec::new();
        for template in path.split(';') {
            let Some((folder, ending)) = template.split_once('?') else {
                continue;
            };
            let root = if folder.is_empty() { "." } else { folder };
            for entry in WalkDir::new(root).sort_by_file_name().into_iter().flatten() {
                let file = entry.path().to_string_lossy();
                let relative = file.strip_prefix(folder).or_else(|| file.strip_prefix("./"));
                let Some(module) = relative.and_then(|r| r.strip_suffix(ending)) else {
                    continue;
                };
                let name = module.replace('/', ".");
                if entry.file_type().is_file() && matches(pattern.as_bytes(), name.as_bytes()) {
                    names.push(name.into_bytes());
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

/// Whether a name fits a pattern.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern {
        [] => name.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=name.len()).any(|n| matches(rest, &name[n..])),
        [b'*', rest @ ..] => {
            let end = name.iter().position(|&c| c == b'.').unwrap_or(name.len());
            (0..=end).any(|n| matches(rest, &name[n..]))
        }
        [first, rest @ ..] => name
            .split_first()
            .is_some_and(|(c, tail)| c == first && matches(rest, tail)),
    }
}

/// Runs the program, and tells which modules it has loaded.
///
/// # Errors
/// When it cannot be read. What it raises is only shown: it has loaded what it needed until then.
pub fn of_a_run(main: &OsString, settings: &Settings, search: &mut Search) -> Result<Vec<Vec<u8>>, String> {
    let (text, name) = read(main)?;
    let mut settings = settings.clone();
    settings.options.engine = Engine::Vm;
    let mut lua = settings.state().map_err(|e| e.to_string())?;
    let failed = |e: perilune::Error| e.to_string();
    let arg = lua.create_table().map_err(failed)?;
    arg.set(&mut lua, 0, main.to_string_lossy().as_bytes())
        .map_err(failed)?;
    lua.globals().set(&mut lua, "arg", arg).map_err(failed)?;
    let program = lua.load(perilune_syntax::skip_shebang(&text)).set_name(name);
    if let Err(e) = program.exec() {
        eprintln!("perilune: the run of the program ended: {e}");
    }
    let _ = lua.flush_stdout();
    let package: Table = lua.globals().get(&mut lua, "package").map_err(failed)?;
    let loaded: Table = package.get(&mut lua, "loaded").map_err(failed)?;
    let mut names: Vec<Vec<u8>> = Vec::new();
    for pair in loaded.pairs::<Value, Value>(&mut lua).map_err(failed)? {
        if let Value::String(name) = &pair.0 {
            names.push(name.as_bytes(&lua).map_err(failed)?.to_vec());
        }
    }
    names.retain(|n| matches!(search.find(n), Ok(Ok(_))));
    names.sort();
    Ok(names)
}

/// Whether that is a pattern and no name.
pub fn is_pattern(text: &str) -> bool {
    text.contains('*')
}

/// A file: what the program calls it, and its content.
type Named = (Vec<u8>, Vec<u8>);

/// A file under the name that the program is to use for it, with its content.
///
/// # Errors
/// When it cannot be read.
pub fn embedded(path: &str) -> Result<Vec<Named>, String> {
    let read = |path: &Path| {
        let content = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        Ok((path.to_string_lossy().into_owned().into_bytes(), content))
    };
    if !Path::new(path).is_dir() {
        return Ok(vec![read(Path::new(path))?]);
    }
    let entries = WalkDir::new(path).sort_by_file_name().into_iter();
    let files = entries.filter_map(|e| match e {
        Ok(e) if e.file_type().is_file() => Some(read(e.path())),
        Ok(_) => None,
        Err(e) => Some(Err(e.to_string())),
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_modules() {
        let fits = |p: &str, n: &str| matches(p.as_bytes(), n.as_bytes());
        assert!(fits("plugins.*", "plugins.a"));
        assert!(!fits("plugins.*", "plugins.a.b"));
        assert!(fits("plugins.**", "plugins.a.b"));
        assert!(fits("*", "a") && !fits("*", "a.b") && fits("a*z", "abcz") && !fits("a*z", "abc"));
    }
}
