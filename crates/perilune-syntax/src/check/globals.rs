//! Uses of globals -> names that nothing defines.

use super::facts::{Facts, GlobalUse, Use};
use super::{Code, Finding, names, nearest, shown};
use crate::ast::{Chunk, Dialect, Symbol};
use std::collections::BTreeSet;

/// The globals that a program can use.
#[derive(Clone, Debug, Default)]
pub struct Known {
    dialect: Dialect,
    names: BTreeSet<Vec<u8>>,
    /// Fields that the program gives to tables of the standard library.
    fields: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// Names that are assigned inside of functions only.
    inner: BTreeSet<Vec<u8>>,
}

impl Known {
    /// The names of the standard library.
    pub fn standard(dialect: Dialect) -> Known {
        let names = names::globals().map(|n| n.as_bytes().to_vec()).collect();
        Known {
            dialect,
            names,
            ..Known::default()
        }
    }

    /// Adds a name.
    pub fn add(&mut self, name: &[u8]) {
        self.names.insert(name.to_vec());
    }

    /// Adds the names that the test tool busted gives to the files `*_spec.lua`.
    pub fn add_busted(&mut self) {
        names::busted().for_each(|name| self.add(name.as_bytes()));
    }

    /// Whether something defines the name.
    pub fn has(&self, name: &[u8]) -> bool {
        self.names.contains(name) || self.inner.contains(name)
    }

    fn has_field(&self, library: &[u8], field: &[u8]) -> bool {
        let Some(mut all) = names::fields(library, self.dialect) else {
            return true;
        };
        all.any(|f| f.as_bytes() == field) || self.fields.contains(&(library.to_vec(), field.to_vec()))
    }
}

/// Adds to `known` what a chunk defines: the globals it declares, those it assigns, and the fields it
/// adds to the standard library.
pub fn collect(text: &[u8], chunk: &Chunk, known: &mut Known) {
    let facts = super::walk::walk(text, chunk, known);
    for name in &facts.declared {
        known.add(chunk.text(*name));
    }
    if facts.has_own_globals {
        return;
    }
    for u in facts.globals.iter().filter(|u| u.what == Use::Write) {
        let name = chunk.text(u.name);
        match u.field {
            Some(field) if name == b"_G" => known.add(chunk.text(field)),
            Some(field) => {
                known.fields.insert((name.to_vec(), chunk.text(field).to_vec()));
            }
            None if u.outside => known.add(name),
            None => {
                known.inner.insert(name.to_vec());
            }
        }
    }
}

pub(super) fn report(chunk: &Chunk, facts: &Facts, known: &Known, out: &mut Vec<Finding>) {
    if facts.has_own_globals {
        return;
    }
    let tested = facts.globals.iter().filter(|u| u.what == Use::Tested);
    let tested: BTreeSet<(Symbol, Option<Symbol>)> = tested.map(|u| (u.name, u.field)).collect();
    let is_portable = facts.globals.iter().any(|u| tells_version(chunk, u));
    let mut assigned = BTreeSet::new();
    for u in &facts.globals {
        let name = chunk.text(u.name);
        match (u.what, u.field) {
            (Use::Read | Use::Tested, None) if !known.has(name) => {
                if !(is_portable && names::is_foreign(name)) {
                    out.push(undefined(chunk, u, known));
                }
            }
            (Use::Read, Some(field)) if !tested.contains(&(u.name, u.field)) => {
                out.extend(undefined_field(chunk, u, field, known));
            }
            (Use::Write, None) if !known.names.contains(name) && assigned.insert(u.name) => {
                let message = format!("the global '{}' is assigned inside a function only", shown(name));
                out.push(Finding::new(Code::GlobalInFunction, u.span, message));
            }
            (Use::Read | Use::Tested | Use::Write, _) => {}
        }
    }
}

/// Whether a use shows that the program is written for several versions of Lua.
fn tells_version(chunk: &Chunk, u: &GlobalUse) -> bool {
    let name = chunk.text(u.name);
    name == b"_VERSION" || (u.what == Use::Tested && names::is_foreign(name))
}

fn undefined(chunk: &Chunk, u: &GlobalUse, known: &Known) -> Finding {
    let name = chunk.text(u.name);
    let globals = known.names.iter().chain(&known.inner).map(Vec::as_slice);
    let locals = u.visible.iter().map(|s| chunk.text(*s));
    let message = format!("the global '{}' is not defined", shown(name));
    let mut finding = Finding::new(Code::UndefinedGlobal, u.span, message);
    finding.suggestion = match moved(name) {
        Some(new) => Some(new.to_owned()),
        None => nearest(name, globals.chain(locals)).map(shown),
    };
    finding
}

/// Where a global of another version of Lua is found.
fn moved(name: &[u8]) -> Option<&'static str> {
    match name {
        b"unpack" => Some("table.unpack"),
        b"loadstring" => Some("load"),
        _ => None,
    }
}

fn undefined_field(chunk: &Chunk, u: &GlobalUse, field: Symbol, known: &Known) -> Option<Finding> {
    let (library, field) = (chunk.text(u.name), chunk.text(field));
    if known.has_field(library, field) {
        return None;
    }
    let message = format!("the library '{}' has no '{}'", shown(library), shown(field));
    let mut finding = Finding::new(Code::UndefinedField, u.span, message);
    let all = names::fields(library, known.dialect)?.map(str::as_bytes);
    finding.suggestion = nearest(field, all).map(shown);
    Some(finding)
}
