//! Facts about locals -> variables that are not used, or hide others.

use super::facts::{Facts, LocalFacts, Origin, Var};
use super::{Code, Finding, shown};
use crate::ast::{Chunk, FuncId, Local, LocalId, LocalKind};

pub(super) fn report(chunk: &Chunk, facts: &Facts, out: &mut Vec<Finding>) {
    for (f, function) in chunk.funcs.iter().enumerate() {
        for (n, local) in function.locals.iter().enumerate() {
            let var = Var {
                func: FuncId(f as u32),
                local: LocalId(n as u32),
            };
            let name = chunk.text(local.name);
            // `_` and names like `_unused` say that they are not used; `_ENV` is used unseen.
            if name.starts_with(b"_") || name.starts_with(b"(") {
                continue;
            }
            out.extend(unused(facts, var, local, &shown(name)));
            out.extend(shadowing(chunk, facts, var, local, &shown(name)));
        }
    }
}

fn unused(facts: &Facts, var: Var, local: &Local, name: &str) -> Option<Finding> {
    let known = facts.of(var);
    if known.reads > 0 {
        return None;
    }
    let (code, message) = match known.origin {
        // Methods have it whether they use it or not.
        Origin::ImplicitSelf => return None,
        Origin::Parameter if name == "self" => return None,
        Origin::Parameter | Origin::Vararg => (
            Code::UnusedParameter,
            format!("the parameter '{name}' is never used"),
        ),
        Origin::Counter => return None,
        Origin::Iterated(n) if n == 0 || is_followed(facts, var) => return None,
        Origin::Iterated(_) => (
            Code::UnusedLoopVariable,
            format!("the loop variable '{name}' is never used"),
        ),
        // Closing is what it is for.
        Origin::Declared { .. } if local.kind == LocalKind::Close => return None,
        Origin::Declared { has_value } => declared(known, has_value, name),
        Origin::Function(_) if known.own_reads > 0 => (
            Code::UnusedLocal,
            format!("the function '{name}' is used by nothing but itself"),
        ),
        Origin::Function(_) => (
            Code::UnusedLocal,
            format!("the local function '{name}' is never used"),
        ),
    };
    Some(Finding::new(code, local.span, message))
}

fn declared(known: &LocalFacts, has_value: bool, name: &str) -> (Code, String) {
    if known.own_reads > 0 && known.writes == 0 {
        let message = format!("the local '{name}' is used by nothing but its own value");
        return (Code::UnusedLocal, message);
    }
    if known.writes > 0 {
        let values = if has_value || known.writes > 1 {
            "is assigned values"
        } else {
            "is assigned a value"
        };
        return (
            Code::NeverRead,
            format!("the local '{name}' {values}, but never read"),
        );
    }
    (Code::UnusedLocal, format!("the local '{name}' is never used"))
}

/// Whether a variable of the same loop, further to the right, is used.
fn is_followed(facts: &Facts, var: Var) -> bool {
    let Origin::Iterated(own) = facts.of(var).origin else {
        return false;
    };
    let following = &facts.locals[var.func.index()][var.local.index() + 1..];
    let mut expected = own;
    for next in following {
        expected += 1;
        if next.origin != Origin::Iterated(expected) {
            return false;
        }
        if next.reads > 0 {
            return true;
        }
    }
    false
}

fn shadowing(chunk: &Chunk, facts: &Facts, var: Var, local: &Local, name: &str) -> Option<Finding> {
    let hidden = facts.of(var).hides?;
    let first = &chunk.func(hidden.func).locals[hidden.local.index()];
    let line = first.span.line;
    let message = format!("the local '{name}' hides the one on line {line}");
    Some(Finding::new(Code::ShadowedLocal, local.span, message))
}
