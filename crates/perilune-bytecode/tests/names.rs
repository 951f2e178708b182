//! Names of values and functions, as error messages show them.

use perilune_bytecode::debuginfo::{self, Name};
use perilune_bytecode::ops::Op;
use perilune_bytecode::{compile, proto::Proto};
use perilune_syntax::ast::Dialect;

fn compiled(source: &str) -> Proto {
    match perilune_syntax::parse(source.as_bytes(), b"=test", Dialect::Lua55) {
        Ok(chunk) => match compile::compile(&chunk, source.as_bytes(), None) {
            Ok(proto) => proto,
            Err(e) => panic!("{e}"),
        },
        Err(e) => panic!("{e}"),
    }
}

fn last(proto: &Proto, op: Op) -> usize {
    proto.code.iter().rposition(|i| i.op() == op).unwrap_or_default()
}

fn show(name: Option<Name<'_>>) -> String {
    name.map_or("-".into(), |n| {
        format!("{} {}", n.kind, String::from_utf8_lossy(n.name))
    })
}

/// The name of what the last `CALL` of the source calls.
fn called(source: &str) -> String {
    let proto = compiled(source);
    show(debuginfo::call_name(&proto, last(&proto, Op::CALL)))
}

#[test]
fn called_functions() {
    assert_eq!(called("f()"), "global f");
    assert_eq!(called("local f; f()"), "local f");
    assert_eq!(called("a.b.c()"), "field c");
    assert_eq!(called("a:m()"), "method m");
    let long = "m".repeat(41);
    assert_eq!(called(&format!("a:{long}()")), format!("field {long}"));
    assert_eq!(called("local _ENV = {}; f()"), "global f");
    assert_eq!(called("local t; t[1]()"), "field integer index");
    assert_eq!(called("local t, k; t[k]()"), "field ?");
    assert_eq!(called("('x')()"), "constant x");
    assert_eq!(called("(a or b)()"), "-");
    assert_eq!(called("(a and f)()"), "-");
    assert_eq!(called("f()()"), "-");
    assert_eq!(called("(function() end)()"), "-");
}

#[test]
fn upvalues() {
    let proto = compiled("local up; function f() up() end");
    let inner = &proto.protos[0];
    assert_eq!(
        show(debuginfo::call_name(inner, last(inner, Op::CALL))),
        "upvalue up"
    );
    assert_eq!(debuginfo::upvalue_name(inner, 0), b"up");
    assert_eq!(debuginfo::upvalue_name(inner, 9), b"?");
}

#[test]
fn metamethods() {
    let name = |source: &str, op| {
        let proto = compiled(source);
        show(debuginfo::call_name(&proto, last(&proto, op)))
    };
    assert_eq!(name("return a + 1", Op::ADDI), "metamethod add");
    assert_eq!(name("return a .. b", Op::CONCAT), "metamethod concat");
    assert_eq!(name("return a > 1", Op::GTI), "metamethod lt");
    assert_eq!(name("return a.b", Op::GETFIELD), "metamethod index");
    assert_eq!(name("local a; a.b = 1", Op::SETFIELDK), "metamethod newindex");
    assert_eq!(name("return -a", Op::UNM), "metamethod unm");
    assert_eq!(
        name("for k in f do end", Op::TFORCALL),
        "for iterator for iterator"
    );
    assert_eq!(name("do local x <close> = f end", Op::CLOSE), "metamethod close");
    assert_eq!(name("local a = b", Op::RETURN0), "-");
}

#[test]
fn operands() {
    let proto = compiled("local a, t; t = a + t.x");
    let pc = last(&proto, Op::ADD);
    let add = proto.code[pc];
    assert_eq!(show(debuginfo::describe_register(&proto, pc, add.b())), "local a");
    assert_eq!(show(debuginfo::describe_register(&proto, pc, add.c())), "field x");
}

#[test]
fn locals_and_lines() {
    let proto = compiled("local a\nlocal b <const> = 1\nlocal c = f()\n\nreturn c");
    let end = proto.code.len() - 1;
    let name = |n| debuginfo::local_name(&proto, n, end).map(|v| (proto.text(v.name).to_vec(), v.reg));
    assert_eq!(name(0), None);
    assert_eq!(name(1), Some((b"a".to_vec(), 0)));
    assert_eq!(name(2), Some((b"c".to_vec(), 1)));
    assert_eq!(name(3), None);
    assert_eq!(debuginfo::active_lines(&proto), [1, 3, 5]);
    assert_eq!(debuginfo::line_at(&proto, end), Some(5));
    assert_eq!(debuginfo::line_at(&Proto::default(), 0), None);
}
