//! Functions at the prompt -> what runs them, and their machine code.

use super::command::{Answer, function, refusal};
use super::{compile, show};
use crate::disassembly;
use crate::run::Session;
use perilune::{CodeState, Error, TierState};
use perilune_codegen::disasm::Target;
use perilune_codegen::listing;
use std::fmt::Write;

/// `:tier EXPR`
pub fn tier(s: &mut Session, text: &str, _: show::Style) -> Result<Answer, Error> {
    let f = function(s, text)?;
    match f.and_then(|f| f.tier(&s.lua)) {
        Some(state) => Ok(Answer::Text(described(&state, s.lua.can_compile()))),
        None => Err(refusal(format!("'{text}' is no Lua function"))),
    }
}

/// `:asm EXPR`
pub fn asm(s: &mut Session, text: &str, style: show::Style) -> Result<Answer, Error> {
    let Some(target) = Target::host() else {
        return Err(refusal("there is no compiler for this processor".to_owned()));
    };
    let f = match function(s, text)? {
        Some(f) => f,
        None => compile(s, text.as_bytes())?,
    };
    match f.snapshots(&s.lua) {
        Some(all) => Ok(Answer::Text(disassembly::with_style(
            b"",
            false,
            style.colours,
            |style| listing::text(&all, target, style),
        ))),
        None => Err(refusal(format!(
            "'{text}' is a native function, which has no compiled code"
        ))),
    }
}

/// What runs a function, in a few lines.
fn described(f: &TierState, compiles: bool) -> String {
    let mut out = format!("{}: {}", f.function, f.tier.name());
    match (&f.code, &f.refused) {
        (Some(code), _) => out.push_str(&code_line(code, f)),
        (None, Some(why)) => {
            let _ = write!(out, "; it cannot be compiled: {why}");
        }
        (None, None) => match f.heat {
            Some(heat) if compiles => {
                let _ = write!(out, "; hot after {heat} more calls and rounds of loops");
            }
            Some(_) | None => out.push_str("; it is never compiled in this state"),
        },
    }
    out.push('\n');
    if let Some(why) = f.discarded {
        let _ = writeln!(
            out,
            "its code of version {} was discarded: {}",
            f.versions - u32::from(f.code.is_some()),
            why.about()
        );
    }
    out
}

fn code_line(code: &CodeState, f: &TierState) -> String {
    let entries: Vec<String> = code.entries.iter().map(u32::to_string).collect();
    format!(
        ", version {}{}, {} bytes at {:#x}\nentries at instructions {}; {} exits, {} misses, entered {} times in loops",
        f.versions,
        if f.cautious { ", cautious" } else { "" },
        code.size,
        code.address,
        entries.join(", "),
        code.exits,
        code.misses,
        code.loop_entries,
    )
}
