//! What is before the cursor -> how the word there can go on. Tables are read without metamethods, so no
//! code of the user runs.

use super::highlight::{Tokens, tokens};
use perilune::{Context, Error, Lua, Table, Value};
use perilune_syntax::token::{Token, TokenKind, keywords};
use std::collections::BTreeSet;

/// Longest chain of `__index` tables that is followed.
const MAX_CHAIN: usize = 100;
/// How many keys of a table are looked at.
const MAX_KEYS: usize = 20_000;

/// The last word before the cursor, and what it is a part of.
struct Place<'t> {
    /// What there is of the word.
    prefix: &'t str,
    /// Where the word is looked up.
    scope: Scope<'t>,
}

enum Scope<'t> {
    /// It stands for itself: a keyword or a global.
    Free,
    /// A field, or with a colon a method, of what a path of names leads to.
    Member { path: Vec<&'t str>, method: bool },
    /// A method of a string.
    OfString,
}

/// The offset in `text` from which on something may be put, and what. `text` ends at the cursor.
pub fn complete(lua: &mut Lua, text: &str) -> (usize, Vec<String>) {
    let Some(place) = place(text) else {
        return (text.len(), Vec::new());
    };
    let start = text.len() - place.prefix.len();
    (start, candidates(lua, &place).unwrap_or_default())
}

/// The value that a path of names leads to, without metamethods; None if the text is no such path.
pub fn resolve(lua: &mut Lua, text: &str) -> Option<Value> {
    let Tokens { all, broken: None } = tokens(text) else {
        return None;
    };
    let names = path(text, &all)?;
    follow(lua, &names).ok()
}

fn place(text: &str) -> Option<Place<'_>> {
    let Tokens { mut all, broken } = tokens(text);
    if broken.is_some() || in_comment(text, &all) {
        return None;
    }
    let prefix = match all.last() {
        Some(t) if t.span.end as usize == text.len() && is_word(text, t) => {
            all.pop().map(|t| &text[t.span.start as usize..])?
        }
        Some(_) | None => "",
    };
    let method = match all.last().map(|t| t.kind) {
        Some(TokenKind::Char(b'.')) => false,
        Some(TokenKind::Char(b':')) => true,
        Some(_) | None => {
            let scope = Scope::Free;
            return Some(Place { prefix, scope });
        }
    };
    all.pop();
    let of_string = method && ends_with_string(&all);
    let scope = if of_string {
        Scope::OfString
    } else {
        let path = path(text, &all)?;
        Scope::Member { path, method }
    };
    Some(Place { prefix, scope })
}

fn in_comment(text: &str, all: &[Token]) -> bool {
    let end = all.last().map_or(0, |t| t.span.end as usize);
    text[end..].contains("--")
}

fn is_word(text: &str, t: &Token) -> bool {
    text.as_bytes()[t.span.start as usize].is_ascii_alphabetic() || matches!(t.kind, TokenKind::Name(_))
}

/// Whether the tokens end as `("text")` does.
fn ends_with_string(all: &[Token]) -> bool {
    let kinds: Vec<TokenKind> = all.iter().rev().take(3).map(|t| t.kind).collect();
    matches!(
        kinds.as_slice(),
        [TokenKind::Char(b')'), TokenKind::Str(_), TokenKind::Char(b'(')]
    )
}

/// The names of `a.b.c` at the end of the tokens, unless it hangs on something else.
fn path<'t>(text: &'t str, all: &[Token]) -> Option<Vec<&'t str>> {
    let mut names = Vec::new();
    let mut rest = all;
    loop {
        let [before @ .., t] = rest else { return None };
        let TokenKind::Name(_) = t.kind else { return None };
        names.push(&text[t.span.start as usize..t.span.end as usize]);
        match before {
            [more @ .., dot] if dot.kind == TokenKind::Char(b'.') => rest = more,
            [.., colon] if colon.kind == TokenKind::Char(b':') => return None,
            _ => break,
        }
    }
    names.reverse();
    Some(names)
}

fn candidates(lua: &mut Lua, place: &Place) -> Result<Vec<String>, Error> {
    let mut found = BTreeSet::new();
    let globals = Value::Table(lua.globals());
    match &place.scope {
        Scope::Free => {
            let words = keywords().filter(|w| w.starts_with(place.prefix));
            found.extend(words.map(str::to_owned));
            members(lua, &globals, place.prefix, false, &mut found)?;
        }
        Scope::Member { path, method } => {
            let v = follow(lua, path)?;
            members(lua, &v, place.prefix, *method, &mut found)?;
        }
        Scope::OfString => {
            let v = Value::String(lua.create_string("")?);
            members(lua, &v, place.prefix, true, &mut found)?;
        }
    }
    Ok(found.into_iter().collect())
}

/// The value of `a.b.c`, nil where it leads nowhere.
fn follow(lua: &mut Lua, path: &[&str]) -> Result<Value, Error> {
    let mut v = Value::Table(lua.globals());
    for name in path {
        v = field(lua, v, name)?;
    }
    Ok(v)
}

/// A field, through `__index` where that is a table.
fn field(lua: &mut Lua, mut of: Value, name: &str) -> Result<Value, Error> {
    for _ in 0..MAX_CHAIN {
        if let Value::Table(t) = &of {
            let v: Value = t.raw_get(lua, name)?;
            if !matches!(v, Value::Nil) {
                return Ok(v);
            }
        }
        match next_in_chain(lua, &of)? {
            Some(t) => of = Value::Table(t),
            None => break,
        }
    }
    Ok(Value::Nil)
}

/// The table that stands behind a value: `__index` of its metatable.
fn next_in_chain(lua: &mut Context, v: &Value) -> Result<Option<Table>, Error> {
    let Some(mt) = v.metatable(lua)? else {
        return Ok(None);
    };
    let index: Value = mt.raw_get(lua, "__index")?;
    Ok(if let Value::Table(t) = index {
        Some(t)
    } else {
        None
    })
}

/// The names of a value's fields that begin with `prefix`; of its methods only, if wished.
fn members(
    lua: &mut Lua,
    of: &Value,
    prefix: &str,
    methods: bool,
    found: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let mut of = of.clone();
    for _ in 0..MAX_CHAIN {
        if let Value::Table(t) = &of {
            own_members(lua, t, prefix, methods, found)?;
        }
        match next_in_chain(lua, &of)? {
            Some(t) => of = Value::Table(t),
            None => break,
        }
    }
    Ok(())
}

fn own_members(
    lua: &mut Context,
    t: &Table,
    prefix: &str,
    methods: bool,
    found: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let mut key = Value::Nil;
    for _ in 0..MAX_KEYS {
        let Some((k, v)) = t.raw_next(lua, &key)? else {
            break;
        };
        if let Value::String(name) = &k
            && let Ok(name) = str::from_utf8(name.as_bytes(lua)?)
            && name.starts_with(prefix)
            && is_name(name)
            && (!methods || matches!(v, Value::Function(_)))
        {
            found.insert(name.to_owned());
        }
        key = k;
    }
    Ok(())
}

/// Whether a text can stand after a dot.
pub fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !keywords().any(|w| w == text && w != "global")
}

#[cfg(test)]
mod tests {
    use super::complete;
    use perilune::{Lua, Result};

    fn state() -> Result<Lua> {
        let mut lua = Lua::new()?;
        lua.load(
            "t = {x = {yes = 1, yet = 2, ['no name'] = 3, ['end'] = 4, f = print}, _z = 1}
             deep = setmetatable({own = 1}, {__index = setmetatable({base = print, n = 1}, {__index = t})})
             trap = setmetatable({}, {__index = function() hit = true end, __pairs = error})
             s = 'text' n = 1",
        )
        .exec()?;
        Ok(lua)
    }

    fn found(lua: &mut Lua, text: &str) -> String {
        let (at, words) = complete(lua, text);
        format!("{}|{}", &text[..at], words.join(" "))
    }

    #[test]
    fn globals_and_keywords() -> Result<()> {
        let mut lua = state()?;
        assert_eq!(found(&mut lua, "x = tos"), "x = |tostring");
        assert_eq!(found(&mut lua, "re"), "|repeat require return");
        assert_eq!(found(&mut lua, "f(g"), "f(|getmetatable global goto");
        assert_eq!(found(&mut lua, "a..deep"), "a..|deep");
        Ok(())
    }

    #[test]
    fn fields_and_methods_along_a_path() -> Result<()> {
        let mut lua = state()?;
        assert_eq!(found(&mut lua, "string.fo"), "string.|format");
        assert_eq!(found(&mut lua, "t.x."), "t.x.|f yes yet");
        assert_eq!(found(&mut lua, "t . x . y"), "t . x . |yes yet");
        assert_eq!(found(&mut lua, "t.x:"), "t.x:|f");
        assert_eq!(found(&mut lua, "s:up"), "s:|upper");
        assert_eq!(found(&mut lua, "('a'):re"), "('a'):|rep reverse");
        assert_eq!(found(&mut lua, "_G._G.t.x.ye"), "_G._G.t.x.|yes yet");
        assert_eq!(found(&mut lua, "deep."), "deep.|_z base n own x");
        assert_eq!(found(&mut lua, "deep:b"), "deep:|base");
        assert_eq!(found(&mut lua, "deep.x.ye"), "deep.x.|yes yet");
        Ok(())
    }

    #[test]
    fn nothing_where_nothing_is_known() -> Result<()> {
        let mut lua = state()?;
        for text in [
            "nothing.",
            "n.x.",
            "f().",
            "f().t.",
            "t[1].x",
            "'str",
            "x = 1 -- st",
            "--[[ st",
            "a:b.c",
        ] {
            assert_eq!(found(&mut lua, text), format!("{text}|"));
        }
        Ok(())
    }

    #[test]
    fn no_metamethod_runs() -> Result<()> {
        let mut lua = state()?;
        assert_eq!(found(&mut lua, "trap.a.b"), "trap.a.|");
        assert_eq!(found(&mut lua, "trap."), "trap.|");
        assert!(!lua.load("hit").eval::<bool>()?);
        lua.load("loop = setmetatable({}, {}) getmetatable(loop).__index = loop")
            .exec()?;
        assert_eq!(found(&mut lua, "loop.a"), "loop.|");
        Ok(())
    }
}
