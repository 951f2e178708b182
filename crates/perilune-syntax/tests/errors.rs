//! The messages of the reference implementation for sources it refuses.

use perilune_syntax::ast::Dialect;
use perilune_syntax::{
    ErrorKind, ParseError, ParseOptions, Source, Unreadable, chunk_id, parse, parse_source, parse_with,
};

/// Sources, and what `load(source, "=c")` of Lua 5.5.1 says of them.
#[rustfmt::skip]
const REFUSED: &[(&[u8], &[u8])] = &[
    (b"x=", b"c:1: unexpected symbol near <eof>"),
    (b"x=}", b"c:1: unexpected symbol near '}'"),
    (b"x= = 1", b"c:1: unexpected symbol near '='"),
    (b"x", b"c:1: syntax error near <eof>"),
    (b"x.y", b"c:1: syntax error near <eof>"),
    (b"(x)", b"c:1: syntax error near <eof>"),
    (b"x y", b"c:1: syntax error near 'y'"),
    (b"f(", b"c:1: unexpected symbol near <eof>"),
    (b"f(\n", b"c:2: unexpected symbol near <eof>"),
    (b"f(\n\n1", b"c:3: ')' expected (to close '(' at line 1) near <eof>"),
    (b"x=#", b"c:1: unexpected symbol near <eof>"),
    (b"x=a@b", b"c:1: unexpected symbol near '@'"),
    (b"x='abc", b"c:1: unfinished string near <eof>"),
    (b"x='abc\ndef'", b"c:1: unfinished string near ''abc'"),
    (b"x=\"a\\q\"", b"c:1: invalid escape sequence near '\"a\\q'"),
    (b"x='\\400'", b"c:1: decimal escape too large near ''\\400''"),
    (b"x='\\xg'", b"c:1: hexadecimal digit expected near ''\\xg'"),
    (b"x='\\x4'", b"c:1: hexadecimal digit expected near ''\\x4''"),
    (b"x='\\u1'", b"c:1: missing '{' near ''\\u1'"),
    (b"x='\\u{}'", b"c:1: hexadecimal digit expected near ''\\u{}'"),
    (b"x='\\u{110'", b"c:1: missing '}' near ''\\u{110''"),
    (b"x='\\u{80000000}'", b"c:1: UTF-8 value too large near ''\\u{80000000'"),
    (b"x='a\\z", b"c:1: unfinished string near <eof>"),
    (b"x=[[abc", b"c:1: unfinished long string (starting at line 1) near <eof>"),
    (b"x=[==[abc]=]", b"c:1: unfinished long string (starting at line 1) near <eof>"),
    (b"x=[=x", b"c:1: invalid long string delimiter near '[='"),
    (b"--[[ never", b"c:1: unfinished long comment (starting at line 1) near <eof>"),
    (b"--[==[\n\nnever ]]", b"c:3: unfinished long comment (starting at line 1) near <eof>"),
    (b"x=3x", b"c:1: malformed number near '3x'"),
    (b"x=0x", b"c:1: malformed number near '0x'"),
    (b"x=1e+", b"c:1: malformed number near '1e+'"),
    (b"x=3..2", b"c:1: malformed number near '3..2'"),
    (b"x=08.1.2", b"c:1: malformed number near '08.1.2'"),
    (b"x=\x01", b"c:1: unexpected symbol near '<\\1>'"),
    (b"x=\x7f", b"c:1: unexpected symbol near '<\\127>'"),
    (b"x=!", b"c:1: unexpected symbol near '!'"),
    (b"for", b"c:1: <name> expected near <eof>"),
    (b"for i", b"c:1: '=' or 'in' expected near <eof>"),
    (b"for i do", b"c:1: '=' or 'in' expected near 'do'"),
    (b"for i=1", b"c:1: ',' expected near <eof>"),
    (b"for i=1,2", b"c:1: 'do' expected near <eof>"),
    (b"for i in x", b"c:1: 'do' expected near <eof>"),
    (b"for a.b", b"c:1: '=' or 'in' expected near '.'"),
    (b"if x", b"c:1: 'then' expected near <eof>"),
    (b"if x then", b"c:1: 'end' expected near <eof>"),
    (b"if x then\n\nelse", b"c:3: 'end' expected (to close 'if' at line 1) near <eof>"),
    (b"while x", b"c:1: 'do' expected near <eof>"),
    (b"while x do\n", b"c:2: 'end' expected (to close 'while' at line 1) near <eof>"),
    (b"repeat", b"c:1: 'until' expected near <eof>"),
    (b"repeat\n until", b"c:2: unexpected symbol near <eof>"),
    (b"do\nend end", b"c:2: <eof> expected near 'end'"),
    (b"function", b"c:1: <name> expected near <eof>"),
    (b"function f", b"c:1: '(' expected near <eof>"),
    (b"function f(", b"c:1: <name> or '...' expected near <eof>"),
    (b"function f(a,", b"c:1: <name> or '...' expected near <eof>"),
    (b"function f(a,) end", b"c:1: <name> or '...' expected near ')'"),
    (b"function f(...,a) end", b"c:1: ')' expected near ','"),
    (b"function f(1) end", b"c:1: <name> or '...' expected near '1'"),
    (b"function a:b.c() end", b"c:1: '(' expected near '.'"),
    (b"local", b"c:1: <name> expected near <eof>"),
    (b"local 1", b"c:1: <name> expected near '1'"),
    (b"local function a.b() end", b"c:1: '(' expected near '.'"),
    (b"local x <foo>", b"c:1: unknown attribute 'foo'"),
    (b"local x <const", b"c:1: '>' expected near <eof>"),
    (b"local <close> a, b", b"c:1: multiple to-be-closed variables in local list"),
    (b"local x <close>, y <close> = 1", b"c:1: multiple to-be-closed variables in local list"),
    (b"local x <const> = 1; x = 2", b"c:1: attempt to assign to const variable 'x'"),
    (b"local x <close> = nil; x = 2", b"c:1: attempt to assign to const variable 'x'"),
    (b"for i=1,2 do i = 3 end", b"c:1: attempt to assign to const variable 'i'"),
    (b"for k, v in x do v = 1; k = 1 end", b"c:1: attempt to assign to const variable 'k'"),
    (b"local x <const> = print; function f() x = 1 end", b"c:1: attempt to assign to const variable 'x'"),
    (b"goto x", b"c:1: no visible label 'x' for <goto> at line 1"),
    (b"goto", b"c:1: <name> expected near <eof>"),
    (b"goto 1", b"c:1: <name> expected near '1'"),
    (b"::a:: ::a::", b"c:1: label 'a' already defined on line 1"),
    (b"::a::\n\ndo ::a:: end", b"c:3: label 'a' already defined on line 1"),
    (b"goto a; local x; ::a:: x = 1", b"c:1: <goto a> at line 1 jumps into the scope of 'x'"),
    (b"do goto a end; local x; ::a:: print(x)", b"c:1: <goto a> at line 1 jumps into the scope of 'x'"),
    (b"goto a; global x; ::a:: x = 1", b"c:1: <goto a> at line 1 jumps into the scope of 'x'"),
    (b"goto a; global *; ::a:: x = 1", b"c:1: <goto a> at line 1 jumps into the scope of '*'"),
    (b"break", b"c:1: break outside loop near 'break'"),
    (b"do break end", b"c:1: break outside loop near 'break'"),
    (b"while x do function f() break end end", b"c:1: break outside loop near 'break'"),
    (b"::a", b"c:1: '::' expected near <eof>"),
    (b"return 1 2", b"c:1: <eof> expected near '2'"),
    (b"return return", b"c:1: unexpected symbol near 'return'"),
    (b"return; x=1", b"c:1: <eof> expected near 'x'"),
    (b"x = ...; function f() return ... end", b"c:1: cannot use '...' outside a vararg function near '...'"),
    (b"global x; y = 1", b"c:1: variable 'y' not declared"),
    (b"global x <const>; x = 2", b"c:1: attempt to assign to const variable 'x'"),
    (b"global <const> *; x = 1", b"c:1: attempt to assign to const variable 'x'"),
    (b"global <close> x", b"c:1: global variables cannot be to-be-closed"),
    (b"global x <close>", b"c:1: global variables cannot be to-be-closed"),
    (b"global x, _ENV; x = 1", b"c:1: _ENV is global when accessing variable 'x'"),
    (b"global <const> f; function f() end", b"c:1: attempt to assign to const variable 'f'"),
    (b"global", b"c:1: syntax error near <eof>"),
    (b"function f(...t) t = 1 end", b"c:1: attempt to assign to const variable 't'"),
    (b"function f(...t) return function() t = 1 end end", b"c:1: attempt to assign to const variable 't'"),
    (b"a, f() = 1", b"c:1: syntax error near '='"),
    (b"f() = 1", b"c:1: syntax error near '='"),
    (b"(a) = 1", b"c:1: syntax error near '='"),
    (b"a, 1 = 1", b"c:1: unexpected symbol near '1'"),
    (b"a.b:c = 1", b"c:1: function arguments expected near '='"),
    (b"a.b:c", b"c:1: function arguments expected near <eof>"),
    (b"{} = 1", b"c:1: unexpected symbol near '{'"),
    (b"x = {1,2", b"c:1: '}' expected near <eof>"),
    (b"x = {\n1,2", b"c:2: '}' expected (to close '{' at line 1) near <eof>"),
    (b"x = {a=}", b"c:1: unexpected symbol near '}'"),
    (b"x = {[1]}", b"c:1: '=' expected near '}'"),
    (b"x = {[1}", b"c:1: ']' expected near '}'"),
    (b"x = 'unfinished \\\n line", b"c:2: unfinished string near <eof>"),
    (b"x = function", b"c:1: '(' expected near <eof>"),
    (b"x = not", b"c:1: unexpected symbol near <eof>"),
    (b"x = a and", b"c:1: unexpected symbol near <eof>"),
    (b"x = 1 + * 2", b"c:1: unexpected symbol near '*'"),
    (b"\\x", b"c:1: unexpected symbol near '\\'"),
    (b"x = \x80", b"c:1: unexpected symbol near '<\\128>'"),
    (b"and", b"c:1: unexpected symbol near 'and'"),
    (b"end", b"c:1: <eof> expected near 'end'"),
    (b"x = 1 = 2", b"c:1: unexpected symbol near '='"),
    (b"local a <const>, b = 1, 2 a = 3", b"c:1: attempt to assign to const variable 'a'"),
    (b"if x then else elseif y then end", b"c:1: 'end' expected near 'elseif'"),
];

fn message(source: &[u8]) -> Vec<u8> {
    match parse(source, b"=c", Dialect::Lua55) {
        Ok(_) => b"accepted".to_vec(),
        Err(e) => e.message,
    }
}

#[test]
fn messages_are_those_of_the_reference() {
    for (source, expected) in REFUSED {
        let found = message(source);
        assert_eq!(
            String::from_utf8_lossy(&found),
            String::from_utf8_lossy(expected),
            "for {:?}",
            String::from_utf8_lossy(source)
        );
    }
}

#[test]
fn nesting_is_limited() {
    for (open, close) in [("(", ")"), ("{", "}"), ("-(", ")"), ("f{", "}"), ("a[", "]")] {
        let deep = format!("x = {}1{}", open.repeat(1000), close.repeat(1000));
        let error = parse(deep.as_bytes(), b"=c", Dialect::Lua55).unwrap_err();
        assert_eq!(
            (error.message.as_slice(), error.kind),
            (&b"C stack overflow"[..], ErrorKind::Limit)
        );
    }
    let most = format!("x = {}1{}", "(".repeat(195), ")".repeat(195));
    assert_eq!(message(most.as_bytes()), b"accepted");
    let one_more = format!("x = {}1{}", "(".repeat(196), ")".repeat(196));
    assert_eq!(message(one_more.as_bytes()), b"C stack overflow");
}

#[test]
fn chains_are_not_nesting() {
    let chain = format!(
        "x = {}1 f{} x = a{}",
        "1 + ".repeat(50_000),
        "()".repeat(50_000),
        ".b".repeat(50_000)
    );
    assert_eq!(message(chain.as_bytes()), b"accepted");
}

fn names(count: usize) -> String {
    (0..count).map(|i| format!("a{i}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn variables_are_limited() {
    assert_eq!(message(format!("local {}", names(200)).as_bytes()), b"accepted");
    let text = b"c:1: too many local variables (limit is 200) in main function near <eof>";
    assert_eq!(message(format!("local {}", names(201)).as_bytes()), text);
    let text = b"c:2: too many local variables (limit is 200) in function at line 2 near ')'";
    assert_eq!(
        message(format!("\nlocal function f({}) end", names(201)).as_bytes()),
        text
    );
    let constants = "local c <const> = 1 ".repeat(300);
    assert_eq!(message(constants.as_bytes()), b"accepted");
}

#[test]
fn upvalues_are_limited() {
    let sum = names(150).replace(',', "+");
    let more = sum.replace('a', "b");
    let source = format!(
        "local {} local function f() local {} return function() return {sum} + {more} end end",
        names(150),
        names(150).replace('a', "b"),
    );
    let text = b"c:1: too many upvalues (limit is 255) in function at line 1 near '+'";
    assert_eq!(message(source.as_bytes()), text);
}

#[test]
fn lua_54_has_no_global_declarations() {
    let accepted = |source: &[u8]| parse(source, b"=c", Dialect::Lua54).is_ok();
    assert!(accepted(b"global = 1 for i = 1, 2 do i = 3 end"));
    assert!(accepted(b"local x <const>, y <close> = 1, nil"));
    for refused in ["global x", "local <const> x = 1", "function f(...t) end"] {
        assert!(!accepted(refused.as_bytes()), "{refused}");
    }
}

#[test]
fn chunk_names_are_shortened() {
    let cases: &[(&str, &str)] = &[
        ("=stdin", "stdin"),
        ("@file.lua", "file.lua"),
        ("return 1", "[string \"return 1\"]"),
        ("return 1\nreturn 2", "[string \"return 1...\"]"),
        ("", "[string \"\"]"),
    ];
    for (name, id) in cases {
        assert_eq!(chunk_id(name.as_bytes()), id.as_bytes());
    }
    let long = "x".repeat(100);
    assert_eq!(chunk_id(format!("={long}").as_bytes()), "x".repeat(59).as_bytes());
    assert_eq!(
        chunk_id(format!("@{long}").as_bytes()),
        format!("...{}", "x".repeat(56)).as_bytes()
    );
    assert_eq!(
        chunk_id(long.as_bytes()),
        format!("[string \"{}...\"]", "x".repeat(45)).as_bytes()
    );
}

#[test]
fn errors_know_where() {
    let error = parse(b"local x\nx = = 2", b"=c", Dialect::Lua55).unwrap_err();
    assert_eq!(error.short, b"unexpected symbol");
    assert_eq!((error.line, error.span.line), (2, 2));
    assert_eq!((error.span.start, error.span.end), (12, 13));
    assert!(!error.is_incomplete());
    assert!(parse(b"f(", b"=c", Dialect::Lua55).unwrap_err().is_incomplete());
}

#[test]
fn parsing_can_be_stopped() {
    let source = b"x = 1 ".repeat(10_000);
    let options = ParseOptions {
        interrupt: Some(&|| true),
        ..ParseOptions::new(Dialect::Lua55)
    };
    assert_eq!(
        parse_with(&source, b"=c", options).unwrap_err(),
        ParseError::Interrupted
    );
    let options = ParseOptions {
        interrupt: Some(&|| false),
        ..ParseOptions::new(Dialect::Lua55)
    };
    assert!(parse_with(&source, b"=c", options).is_ok());
}

#[test]
fn a_source_that_fails_ends_parsing() {
    let mut calls = 0;
    let mut more = |text: &mut Vec<u8>| {
        calls += 1;
        text.extend_from_slice(b"x = x ");
        if calls < 3 { Ok(()) } else { Err(Unreadable) }
    };
    let parsed = parse_source(
        Source::pieces(&mut more),
        b"=c",
        ParseOptions::new(Dialect::Lua55),
    );
    assert_eq!(parsed.unwrap_err(), ParseError::Unreadable);
    assert_eq!(calls, 3);

    let mut failing = |_: &mut Vec<u8>| Err(Unreadable);
    let parsed = parse_source(
        Source::pieces(&mut failing),
        b"=c",
        ParseOptions::new(Dialect::Lua55),
    );
    assert_eq!(parsed.unwrap_err(), ParseError::Unreadable);
}
