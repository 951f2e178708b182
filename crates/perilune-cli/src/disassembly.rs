//! Functions -> their disassembly in colours, or as JSON.

use perilune_bytecode::disassembly::{self, Part, Style};
use perilune_bytecode::file::SIGNATURE;
use perilune_bytecode::listing::{Function, Line, Varargs};
use serde_json::{Value, json};

/// The text; `source` is what the functions were compiled from, unless it is bytecode itself.
pub fn text(functions: &[Function], source: &[u8], docs: bool, color: bool) -> String {
    with_style(source, docs, color, |style| disassembly::text(functions, style))
}

/// What `write` makes in the style with these lines and colours.
pub fn with_style(
    source: &[u8],
    docs: bool,
    color: bool,
    write: impl FnOnce(&Style<'_>) -> String,
) -> String {
    let is_text = !source.starts_with(SIGNATURE);
    let lines: Vec<String> = source
        .split(|&b| b == b'\n')
        .filter(|_| is_text)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let paint = |part: Part, text: &str| {
        if color {
            painted(part, text)
        } else {
            text.to_owned()
        }
    };
    let style = Style {
        source: &lines,
        docs,
        paint: &paint,
    };
    write(&style)
}

fn painted(part: Part, text: &str) -> String {
    let code = match part {
        Part::Header => "1",
        Part::Source => "32",
        Part::Label => "33",
        Part::Count => "36",
        Part::Word | Part::Doc => "90",
        Part::Mnemonic => "35",
        Part::Operands => return text.to_owned(),
        Part::Note => "34",
        Part::Learned => "36",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// An array of functions.
pub fn json(functions: &[Function]) -> String {
    let all: Vec<Value> = functions.iter().map(function).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

fn function(f: &Function) -> Value {
    let upvalues = f.upvalues.iter().map(|up| {
        json!({
            "name": up.name,
            "from": if up.in_stack { "register" } else { "upvalue" },
            "index": up.index,
        })
    });
    let varargs = match f.varargs {
        Varargs::None => "none",
        Varargs::Plain => "plain",
        Varargs::Table => "table",
    };
    json!({
        "number": f.number,
        "name": f.name,
        "line": f.lines.0,
        "last_line": f.lines.1,
        "parameters": f.params,
        "varargs": varargs,
        "slots": f.slots,
        "upvalues": upvalues.collect::<Vec<_>>(),
        "constants": f.constants,
        "code": f.code.iter().map(instruction).collect::<Vec<_>>(),
    })
}

fn instruction(line: &Line) -> Value {
    let info = line.op.map(perilune_bytecode::ops::Op::info);
    let target = line.operands.iter().find_map(|operand| match operand {
        perilune_bytecode::listing::Shown::Jump(to) => Some(*to),
        _other => None,
    });
    json!({
        "pc": line.pc,
        "line": line.line,
        "word": format!("{:016x}", line.word),
        "op": info.map(|i| i.name),
        "doc": info.map(|i| i.doc.trim()),
        "operands": perilune_bytecode::dump::operands(line, |to| to.to_string()),
        "notes": line.notes,
        "target": target,
        "is_target": line.is_target,
        "count": line.live.count,
        "learned": line.live.learned,
        "cache": line.live.cache,
    })
}
