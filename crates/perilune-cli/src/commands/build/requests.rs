//! Bytecode -> what a chunk asks `require` for, and what of it compiles source at run time.
//!
//! The code generator loads a function and its arguments one after the other before the call; so a call of what is named
//! `require`, be it the global, a local or an upvalue, is found with its argument.

use perilune_bytecode::debuginfo::{describe_constant, line_at, upvalue_name};
use perilune_bytecode::ops::{Instr, Op};
use perilune_bytecode::proto::Proto;

/// What a chunk asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The module; None if that is known only when the program runs.
    pub module: Option<Vec<u8>>,
    /// The line that asks.
    pub line: u32,
    /// `pcall` asks, so that the program goes on without.
    pub guarded: bool,
}

/// A use of something that compiles source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loader {
    /// The global.
    pub name: String,
    /// The line that uses it.
    pub line: u32,
}

/// Globals that compile source.
const LOADERS: [&[u8]; 3] = [b"load", b"loadfile", b"dofile"];

/// How far before a call its function is looked for, in instructions.
const REACH: usize = 64;

/// What a chunk asks `require` for, in the order of its functions.
pub fn requests(main: &Proto) -> Vec<Request> {
    let mut all = Vec::new();
    each(main, &mut |f| {
        let calls = f.code.iter().enumerate();
        let calls = calls.filter(|(_, i)| matches!(i.op(), Op::CALL | Op::TAILCALL));
        all.extend(calls.filter_map(|(pc, i)| request(f, pc, *i)));
    });
    all
}

/// What the call at `pc` asks for, if it does.
fn request(f: &Proto, pc: usize, call: Instr) -> Option<Request> {
    let loaded = loader(f, pc, call.a())?;
    let (require, guarded) = match named(f, loaded)? {
        b"require" => (loaded, false),
        b"pcall" => (
            loader(f, pc, call.a() + 1).filter(|&at| named(f, at) == Some(b"require"))?,
            true,
        ),
        _ => return None,
    };
    // Nothing else stands between the function and its only argument.
    let arguments = if guarded { 3 } else { 2 };
    let argument = f.code[pc - 1];
    let is_plain = call.b() == arguments && require + 2 == pc && argument.op() == Op::LOADK;
    let module = is_plain.then(|| string(f, argument.du())).flatten();
    Some(Request {
        module: module.map(<[u8]>::to_vec),
        line: line(f, pc),
        guarded,
    })
}

/// The instruction that has put the function of the call at `pc` into its register.
fn loader(f: &Proto, pc: usize, register: u8) -> Option<usize> {
    let first = pc.saturating_sub(REACH);
    let at = f.code[first..pc].iter().rposition(|i| i.a() == register)?;
    Some(first + at).filter(|&at| LOADS.contains(&f.code[at].op()))
}

/// What loads a variable.
const LOADS: [Op; 3] = [Op::GETTABUP, Op::GETUPVAL, Op::MOVE];

/// Where a chunk uses what compiles source.
pub fn loaders(main: &Proto) -> Vec<Loader> {
    let mut all = Vec::new();
    each(main, &mut |f| {
        for (pc, i) in f.code.iter().enumerate() {
            let name = global(f, *i).filter(|name| LOADERS.contains(name));
            all.extend(name.map(|name| Loader {
                name: String::from_utf8_lossy(name).into_owned(),
                line: line(f, pc),
            }));
        }
    });
    all
}

/// Visits a function and all nested in it.
fn each(f: &Proto, visit: &mut dyn FnMut(&Proto)) {
    visit(f);
    for inner in &f.protos {
        each(inner, visit);
    }
}

/// The name of the variable that an instruction loads.
fn named(f: &Proto, pc: usize) -> Option<&[u8]> {
    let i = f.code[pc];
    match i.op() {
        Op::GETUPVAL => Some(upvalue_name(f, i.b())),
        Op::MOVE => {
            let is_it = |v: &&perilune_bytecode::proto::LocalVar| {
                v.reg == i.b() && (v.start_pc..v.end_pc).contains(&(pc as u32))
            };
            f.locals.iter().find(is_it).map(|v| f.text(v.name))
        }
        _ => global(f, i),
    }
}

/// The global that an instruction loads.
fn global(f: &Proto, i: Instr) -> Option<&[u8]> {
    match i.op() {
        Op::GETTABUP if upvalue_name(f, i.b()) == b"_ENV" => string(f, i.du()),
        _ => None,
    }
}

fn string(f: &Proto, k: u32) -> Option<&[u8]> {
    describe_constant(f, k).map(|constant| constant.name)
}

fn line(f: &Proto, pc: usize) -> u32 {
    line_at(f, pc).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{loaders, requests};
    use perilune_bytecode::compile;
    use perilune_bytecode::proto::Proto;
    use perilune_syntax as syntax;

    fn chunk(source: &str) -> Proto {
        let chunk = syntax::parse(source.as_bytes(), b"=test", syntax::ast::Dialect::Lua55).unwrap();
        compile::compile(&chunk, source.as_bytes(), Some(b"=test".to_vec().into())).unwrap()
    }

    fn asked(source: &str) -> Vec<String> {
        let shown = |r: super::Request| {
            let name = r.module.map_or("?".to_owned(), |m| String::from_utf8(m).unwrap());
            format!("{name}:{}{}", r.line, if r.guarded { " guarded" } else { "" })
        };
        requests(&chunk(source)).into_iter().map(shown).collect()
    }

    #[test]
    fn names_of_modules_are_found_wherever_they_are_asked_for() {
        assert_eq!(
            asked("local a = require 'a'\nreturn require('b.c')"),
            ["a:1", "b.c:2"]
        );
        assert_eq!(
            asked("local r = require local x = 1\nlocal f = function() require 'x' end"),
            ["x:2"]
        );
        assert_eq!(
            asked("local require = require require 'l' function f() return require 'u' end"),
            ["l:1", "u:1"]
        );
        assert_eq!(
            asked("print(require 'a'.field, require('b'):method())"),
            ["a:1", "b:1"]
        );
        assert_eq!(
            asked("local ok, m = pcall(require, 'maybe')"),
            ["maybe:1 guarded"]
        );
        assert_eq!(
            asked("if x then require 'y' else foo(1, require 'z', 2) end"),
            ["y:1", "z:1"]
        );
    }

    #[test]
    fn what_only_the_run_knows_is_told() {
        assert_eq!(
            asked("for _, n in ipairs(t) do require(n) end require('a' .. b)"),
            ["?:1", "?:1"]
        );
        assert_eq!(asked("pcall(require, name)"), ["?:1 guarded"]);
        assert_eq!(
            asked("local t = {require = 1} print(t.require, require)"),
            [] as [String; 0]
        );
    }

    #[test]
    fn uses_of_the_compiler_are_found() {
        let found = loaders(&chunk("load(s)\nlocal f = loadfile\nt.load() obj:dofile()"));
        let shown: Vec<String> = found.iter().map(|l| format!("{}:{}", l.name, l.line)).collect();
        assert_eq!(shown, ["load:1", "loadfile:2"]);
    }
}
