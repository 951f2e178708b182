//! Which expressions are compile-time constants.

use perilune_syntax::ast::{Constant, Dialect, ExprKind, LocalKind, StmtKind, Vararg};
use perilune_syntax::parse;

/// The value of `local x <const> = source`, if it is a compile-time constant.
fn value(source: &str) -> Option<Constant> {
    let source = format!("local y local z <const> = 5 local x <const> = {source}");
    let chunk = parse(source.as_bytes(), b"=c", Dialect::Lua55).expect("valid source");
    match &chunk.func(chunk.main).locals[2].kind {
        LocalKind::CompileTime(c) => Some(*c),
        LocalKind::Regular | LocalKind::Const | LocalKind::Close => None,
    }
}

#[test]
fn constants() {
    let cases = [
        ("nil", Constant::Nil),
        ("not nil", Constant::Bool(true)),
        ("not 'a'", Constant::Bool(false)),
        ("(z)", Constant::Int(5)),
        ("-z", Constant::Int(-5)),
        ("~z", Constant::Int(-6)),
        ("2^53", Constant::Float(9007199254740992.0)),
        ("7 // 2", Constant::Int(3)),
        ("7 / 2", Constant::Float(3.5)),
        ("7 % -3", Constant::Int(-2)),
        ("3.0 | 1", Constant::Int(3)),
        ("1 << 63", Constant::Int(i64::MIN)),
        ("true and z", Constant::Int(5)),
        ("nil or false or 3", Constant::Int(3)),
        ("1 - 1", Constant::Int(0)),
    ];
    for (source, expected) in cases {
        assert_eq!(value(source), Some(expected), "{source}");
    }
    for source in [
        "y",
        "1 // 0",
        "1 % 0",
        "1 / 0",
        "0.0 / 1",
        "-0.0",
        "0 / 0",
        "1.5 | 1",
        "2^63 | 0",
        "1 < 2",
        "'a' .. 'b'",
        "#'abc'",
        "false and 1",
        "1 or 2",
        "y and 1",
        "-y",
        "'1' + 1",
        "1 + nil",
    ] {
        assert_eq!(value(source), None, "{source}");
    }
}

#[test]
fn every_expression_knows_its_value() {
    let chunk = parse(b"f(1 + 2 * 3)", b"=c", Dialect::Lua55).expect("valid source");
    let StmtKind::Call(call) = chunk.list(chunk.func(chunk.main).body.stmts)[0].kind else {
        panic!("a call");
    };
    let ExprKind::Call { args, .. } = &chunk.expr(call).kind else {
        panic!("a call");
    };
    assert_eq!(chunk.constant(chunk.list(*args)[0]), Some(Constant::Int(7)));
    assert_eq!(chunk.constant(call), None);
}

/// Whether the vararg of `function f(...t) source end` needs a table.
fn needs_table(source: &str) -> bool {
    let source = format!("function f(...t) {source} end");
    let chunk = parse(source.as_bytes(), b"=c", Dialect::Lua55).expect("valid source");
    match chunk.funcs[1].vararg {
        Vararg::Named { used_as_value, .. } => used_as_value,
        Vararg::None | Vararg::Anonymous => panic!("a named vararg"),
    }
}

#[test]
fn vararg_tables() {
    for source in [
        "return t[1], t.n",
        "local x = t[t.n].y",
        "t[1]()",
        "t.x.y = 1",
        "return ...",
        "",
    ] {
        assert!(!needs_table(source), "{source}");
    }
    for source in [
        "return t",
        "return #t",
        "f(t)",
        "t[1] = 2",
        "t.x = 1",
        "t:m()",
        "t()",
        "return (t)[1]",
        "local x = t",
        "return function() return t[1] end",
        "function t.f() end",
        "t[t] = 1",
        "a, t.x = 1",
    ] {
        assert!(needs_table(source), "{source}");
    }
}
