//! A dialect -> the names that its standard library defines.

use crate::ast::Dialect;

/// The globals.
const GLOBALS: &str = "_G _VERSION arg assert collectgarbage coroutine debug dofile error getmetatable \
    io ipairs load loadfile math next os package pairs pcall print rawequal rawget rawlen rawset require \
    select setmetatable string table tonumber tostring type utf8 warn xpcall";

/// Globals of other versions of Lua. Programs for several versions ask whether they exist.
const FOREIGN: &str = "bit bit32 gcinfo getfenv jit loadstring module newproxy setfenv unpack";

/// The fields of each library.
const LIBRARIES: &[(&str, &str)] = &[
    (
        "coroutine",
        "close create isyieldable resume running status wrap yield",
    ),
    (
        "debug",
        "debug gethook getinfo getlocal getmetatable getregistry getupvalue getuservalue sethook setlocal \
         setmetatable setupvalue setuservalue traceback upvalueid upvaluejoin",
    ),
    (
        "io",
        "close flush input lines open output popen read stderr stdin stdout tmpfile type write",
    ),
    (
        "math",
        "abs acos asin atan ceil cos deg exp floor fmod frexp huge ldexp log max maxinteger min mininteger \
         modf pi rad random randomseed sin sqrt tan tointeger type ult",
    ),
    (
        "os",
        "clock date difftime execute exit getenv remove rename setlocale time tmpname",
    ),
    (
        "package",
        "config cpath loaded loadlib path preload searchers searchpath",
    ),
    (
        "string",
        "byte char dump find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    ),
    ("table", "concat create insert move pack remove sort unpack"),
    ("utf8", "char charpattern codepoint codes len offset"),
];

/// The globals that the standard library defines.
pub fn globals() -> impl Iterator<Item = &'static str> {
    GLOBALS.split_whitespace()
}

/// The globals of the test tool busted.
const BUSTED: &str = "after_each async before_each context describe done expose finally insulate it \
    lazy_setup lazy_teardown match mock pending randomize setup spec spy strict_setup strict_teardown stub \
    teardown test";

/// The globals that the test tool busted defines.
pub(super) fn busted() -> impl Iterator<Item = &'static str> {
    BUSTED.split_whitespace()
}

/// Whether `name` is a global of another version of Lua.
pub(super) fn is_foreign(name: &[u8]) -> bool {
    FOREIGN.split_whitespace().any(|n| n.as_bytes() == name)
}

/// The fields of the library `name`, if there is one.
pub fn fields(name: &[u8], dialect: Dialect) -> Option<impl Iterator<Item = &'static str>> {
    let (library, fields) = LIBRARIES.iter().find(|(n, _)| n.as_bytes() == name)?;
    let is_there = move |field: &&str| dialect != Dialect::Lua54 || (*library, *field) != ("table", "create");
    Some(fields.split_whitespace().filter(is_there))
}
