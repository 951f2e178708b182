//! `require` and the `package` library.

use super::bytes::find_bytes;
use super::{base, perilune, platform, util};
use crate::error::Throw;
use crate::heap::Gc;
use crate::native::{NativeFn, Ret};
use crate::object::Table;
use crate::state::State;
use crate::value::Value;

/// Where Lua modules are looked for.
const DEFAULT_PATH: &str = "/usr/local/share/lua/5.5/?.lua;/usr/local/share/lua/5.5/?/init.lua;\
    /usr/local/lib/lua/5.5/?.lua;/usr/local/lib/lua/5.5/?/init.lua;./?.lua;./?/init.lua";
/// Where C modules are looked for.
const DEFAULT_CPATH: &str = "/usr/local/lib/lua/5.5/?.so;/usr/local/lib/lua/5.5/loadall.so;./?.so";
/// Why a C module is not loaded.
const NO_C_MODULES: &str = "loading C modules is not supported by this build of Perilune";

/// Registers the library and `require`.
pub fn open(st: &mut State) -> Result<(), Throw> {
    let lib = util::library(st, &[("loadlib", loadlib), ("searchpath", searchpath)])?;
    super::add_module(st, "package", lib)?;
    let searchers = st.new_table(4, 0)?;
    st.set_field(lib, "searchers", searchers.into())?;
    let all: [NativeFn; 4] = [search_preload, search_lua, search_c, search_c_root];
    for (i, searcher) in all.into_iter().enumerate() {
        let searcher = st.new_native("searcher", searcher, &[lib.into()])?;
        util::set_int(st, searchers, i as i64 + 1, searcher.into())?;
    }
    let path = configured(st, "LUA_PATH", DEFAULT_PATH);
    util::set_text(st, lib, "path", &path)?;
    let cpath = configured(st, "LUA_CPATH", DEFAULT_CPATH);
    util::set_text(st, lib, "cpath", &cpath)?;
    util::set_text(st, lib, "config", b"/\n;\n?\n!\n-\n")?;
    let loaded = st.loaded()?;
    st.set_field(lib, "loaded", loaded.into())?;
    let preload = preload_table(st)?;
    st.set_field(lib, "preload", preload.into())?;
    let require = st.new_native("require", require, &[lib.into()])?;
    let globals = st.globals();
    st.set_field(globals, "require", require.into())
}

/// The path that the environment variable `name` asks for.
fn configured(st: &State, name: &str, default: &str) -> Vec<u8> {
    if st.options.env_vars_ignored {
        return default.into();
    }
    let value = platform::env(format!("{name}_5_5").as_bytes()).or_else(|| platform::env(name.as_bytes()));
    let Some(value) = value else {
        return default.into();
    };
    let Some(mark) = find_bytes(&value, b";;") else {
        return value;
    };
    let mut path = Vec::new();
    if mark > 0 {
        path.extend_from_slice(&value[..=mark]);
    }
    path.extend_from_slice(default.as_bytes());
    if mark + 2 < value.len() {
        path.extend_from_slice(&value[mark + 1..]);
    }
    path
}

/// registry._PRELOAD
fn preload_table(st: &mut State) -> Result<Gc<Table>, Throw> {
    let registry = st.registry();
    if let Some(table) = st.get_field(registry, "_PRELOAD")?.as_table() {
        return Ok(table);
    }
    let table = st.new_table(0, 0)?;
    st.set_field(registry, "_PRELOAD", table.into())?;
    Ok(table)
}

fn loadlib(st: &mut State) -> Result<Ret, Throw> {
    st.check_str(1)?;
    st.check_str(2)?;
    let message = st.new_str(NO_C_MODULES.as_bytes())?;
    let what = st.new_str(b"absent")?;
    st.push(Value::NIL);
    st.push(message.into());
    st.push(what.into());
    Ok(Ret::Top(3))
}

/// `text` with every `from` replaced by `to`.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_bytes(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The first readable file for `name` on `path`, or the message that lists what was tried.
fn find_file(name: &[u8], path: &[u8], separator: &[u8], directory: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    let name = if separator.is_empty() {
        name.to_vec()
    } else {
        replace(name, separator, directory)
    };
    let names = replace(path, b"?", &name);
    if !names.is_empty() {
        let candidates = names.split(|&b| b == b';');
        for file in candidates {
            if std::fs::File::open(platform::path(file)).is_ok() {
                return Ok(file.to_vec());
            }
        }
    }
    let mut message = b"no file '".to_vec();
    message.extend_from_slice(&replace(&names, b";", b"'\n\tno file '"));
    message.push(b'\'');
    Err(message)
}

fn searchpath(st: &mut State) -> Result<Ret, Throw> {
    // From the last to the first, as the reference implementation reports errors.
    let directory = util::opt_c_str(st, 4)?.unwrap_or_else(|| b"/".to_vec());
    let separator = util::opt_c_str(st, 3)?.unwrap_or_else(|| b".".to_vec());
    let path = util::check_c_str(st, 2)?;
    let name = util::check_c_str(st, 1)?;
    match find_file(&name, &path, &separator, &directory) {
        Ok(file) => util::ret_str(st, &file),
        Err(message) => {
            let message = st.new_str(&message)?;
            st.push(Value::NIL);
            st.push(message.into());
            Ok(Ret::Top(2))
        }
    }
}

/// Looks for `name` on the path in field `field` of the package table (upvalue 1).
fn find_on(st: &mut State, name: &[u8], field: &str) -> Result<Result<Vec<u8>, Vec<u8>>, Throw> {
    Ok(find_file(name, &path_in(st, field)?, b".", b"/"))
}

/// The path in field `field` of the package table (upvalue 1).
fn path_in(st: &mut State, field: &str) -> Result<Vec<u8>, Throw> {
    let package = st.upvalue(1);
    let key = st.new_str(field.as_bytes())?;
    let path = st.index(package, key.into())?;
    let mut text = Vec::new();
    if !util::append_text(st, &mut text, path)? {
        return Err(st.error(format!("'package.{field}' must be a string")));
    }
    Ok(util::c_str(&text).to_vec())
}

/// Where precompiled modules are: beside those that the templates of `path` for `.lua` files name.
fn precompiled(path: &[u8]) -> Vec<u8> {
    let templates = path.split(|&c| c == b';').filter_map(|t| t.strip_suffix(b".lua"));
    let renamed: Vec<Vec<u8>> = templates.map(|t| [t, b".plc"].concat()).collect();
    renamed.join(&b';')
}

/// What a searcher that found something returns: the loader and the file name.
fn found(st: &mut State, loader: Value, file: &[u8]) -> Result<Ret, Throw> {
    st.push(loader);
    let file = st.new_str(file)?;
    st.push(file.into());
    Ok(Ret::Top(2))
}

/// The error of a module that was found and cannot be loaded.
fn load_error(st: &mut State, name: &[u8], file: &[u8], reason: &[u8]) -> Throw {
    let mut message = b"error loading module '".to_vec();
    message.extend_from_slice(name);
    message.extend_from_slice(b"' from file '");
    message.extend_from_slice(file);
    message.extend_from_slice(b"':\n\t");
    message.extend_from_slice(reason);
    st.error(message)
}

fn search_preload(st: &mut State) -> Result<Ret, Throw> {
    let name = st.check_str(1)?;
    let preload = preload_table(st)?;
    let loader = st.index(preload.into(), name.into())?;
    if !loader.is_nil() {
        return found(st, loader, b":preload:");
    }
    let name = util::check_c_str(st, 1)?;
    if name == perilune::NAME {
        let loader = st.new_native("perilune", perilune::open, &[])?;
        return found(st, loader.into(), b":preload:");
    }
    let message = [b"no field package.preload['", &name[..], b"']"].concat();
    util::ret_str(st, &message)
}

fn search_lua(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    if !name.is_empty()
        && let Some((loader, file)) = st.load_module(&name)?
    {
        return found(st, loader, file);
    }
    let path = path_in(st, "path")?;
    let file = match find_file(&name, &path, b".", b"/") {
        Ok(file) => file,
        Err(message) => match find_file(&name, &precompiled(&path), b".", b"/") {
            Ok(file) => file,
            Err(_) => return util::ret_str(st, &message),
        },
    };
    match base::load_file(st, Some(&file), b"bt", None)? {
        Ok(loader) => found(st, loader, &file),
        Err(message) => {
            let mut reason = Vec::new();
            util::append_text(st, &mut reason, message)?;
            Err(load_error(st, &name, &file, &reason))
        }
    }
}

fn search_c(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    match find_on(st, &name, "cpath")? {
        Ok(file) => Err(load_error(st, &name, &file, NO_C_MODULES.as_bytes())),
        Err(message) => util::ret_str(st, &message),
    }
}

fn search_c_root(st: &mut State) -> Result<Ret, Throw> {
    let name = util::check_c_str(st, 1)?;
    let Some(dot) = name.iter().position(|&b| b == b'.') else {
        return Ok(Ret::None);
    };
    match find_on(st, &name[..dot], "cpath")? {
        Ok(file) => Err(load_error(st, &name, &file, NO_C_MODULES.as_bytes())),
        Err(message) => util::ret_str(st, &message),
    }
}

/// Asks the searchers for `name`; pushes the loader and its data.
fn find_loader(st: &mut State, name: Value) -> Result<(), Throw> {
    let package = st.upvalue(1);
    let key = st.new_str(b"searchers")?;
    let searchers = st.index(package, key.into())?;
    let Some(searchers) = searchers.as_table() else {
        return Err(st.error("'package.searchers' must be a table"));
    };
    st.push(searchers.into());
    let mut message = Vec::new();
    for i in 1.. {
        let searcher = searchers.get_int(&st.heap, i);
        if searcher.is_nil() {
            break;
        }
        let top = st.top();
        st.call(searcher, &[name], 2)?;
        let first = st.slot(top);
        if first.is_function() {
            return Ok(());
        }
        if first.as_str().is_some() || first.is_number() {
            message.extend_from_slice(b"\n\t");
            util::append_text(st, &mut message, first)?;
        }
        st.set_top(top);
    }
    let name = util::check_c_str(st, 1)?;
    let text = [b"module '", &name[..], b"' not found:", &message].concat();
    Err(st.error(text))
}

fn require(st: &mut State) -> Result<Ret, Throw> {
    let name: Value = st.check_str(1)?.into();
    st.set_top(1);
    let loaded: Value = st.loaded()?.into();
    let module = st.index(loaded, name)?;
    if module.truthy() {
        return Ok(Ret::One(module));
    }
    find_loader(st, name)?;
    let top = st.top();
    let (loader, data) = (st.slot(top - 2), st.slot(top - 1));
    let result = st.call1(loader, &[name, data])?;
    if !result.is_nil() {
        st.set_index(loaded, name, result)?;
    }
    let mut module = st.index(loaded, name)?;
    if module.is_nil() {
        module = Value::TRUE;
        st.set_index(loaded, name, module)?;
    }
    let data = st.slot(top - 1);
    st.push(module);
    st.push(data);
    Ok(Ret::Top(2))
}
