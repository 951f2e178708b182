//! Values -> text to read: strings quoted, tables with their structure, in the order of `next`.

use super::complete::is_name;
use super::highlight::Class;
use perilune::{Context, Error, Table, Value};
use perilune_syntax::dump::quoted;
use std::ffi::c_void;
use unicode_width::UnicodeWidthStr;

/// How deep tables are shown.
const MAX_DEPTH: usize = 5;
/// How many entries of one table are shown.
const MAX_ENTRIES: usize = 100;
/// How many entries are shown in all.
const MAX_TOTAL: usize = 1000;
/// How many bytes of a string are shown that is a result.
const MAX_TEXT: usize = 10_000;
/// How many bytes of a string are shown that is in a table.
const MAX_INNER_TEXT: usize = 200;

/// Where values are shown.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How many columns a line has.
    pub width: usize,
    /// Whether there are colours.
    pub colours: bool,
}

/// The text of results: side by side if they fit, otherwise one below the other.
///
/// # Errors
/// A stop while a `__tostring` runs.
pub fn results(lua: &mut Context, values: &[Value], style: Style) -> Result<String, Error> {
    let mut reader = Reader {
        open: Vec::new(),
        cycles: Vec::new(),
        left: MAX_TOTAL,
    };
    let nodes: Vec<Node> = values
        .iter()
        .map(|v| reader.node(lua, v))
        .collect::<Result<_, _>>()?;
    let writer = Writer {
        cycles: &reader.cycles,
        style,
    };
    let gaps = nodes.len().saturating_sub(1) * 8;
    let width: usize = nodes.iter().map(|n| writer.width(n)).sum();
    let mut out = String::new();
    for (i, n) in nodes.iter().enumerate() {
        if i > 0 {
            out.push(if width + gaps <= style.width { '\t' } else { '\n' });
        }
        writer.node(&mut out, n, 0, 0);
    }
    Ok(out)
}

/// A value, read.
enum Node {
    /// One word.
    Leaf(String, Class),
    /// A table that is being shown around here.
    Cycle(*const c_void),
    /// A table.
    Table {
        /// Which.
        at: *const c_void,
        /// What `__name` calls it.
        name: String,
        /// What it has.
        entries: Vec<Entry>,
        /// What it has besides.
        more: usize,
    },
}

/// An entry of a table: its key as a constructor has it, empty for the next item of the list.
struct Entry {
    key: String,
    value: Node,
}

/// Reads values, within limits.
struct Reader {
    /// The tables around, outermost first.
    open: Vec<*const c_void>,
    /// The tables that are met inside themselves, in this order.
    cycles: Vec<*const c_void>,
    /// How many entries may still be shown.
    left: usize,
}

impl Reader {
    fn node(&mut self, lua: &mut Context, v: &Value) -> Result<Node, Error> {
        match v {
            Value::String(s) => {
                let limit = if self.open.is_empty() {
                    MAX_TEXT
                } else {
                    MAX_INNER_TEXT
                };
                Ok(Node::Leaf(string(s.as_bytes(lua)?, limit), Class::Text))
            }
            Value::Nil | Value::Boolean(_) => plain(lua, v, Class::Literal),
            Value::Integer(_) | Value::Number(_) => plain(lua, v, Class::Number),
            Value::LightUserData(_) | Value::Function(_) | Value::Thread(_) | Value::UserData(_) => {
                plain(lua, v, Class::Opaque)
            }
            Value::Table(t) if has_text(lua, t)? => plain(lua, v, Class::Opaque),
            Value::Table(t) => self.table(lua, v, t),
        }
    }

    fn table(&mut self, lua: &mut Context, v: &Value, t: &Table) -> Result<Node, Error> {
        let at = v.to_pointer(lua)?;
        if self.open.contains(&at) {
            if !self.cycles.contains(&at) {
                self.cycles.push(at);
            }
            return Ok(Node::Cycle(at));
        }
        let name = name(lua, t)?;
        let room = if self.open.len() < MAX_DEPTH {
            MAX_ENTRIES
        } else {
            0
        };
        self.open.push(at);
        let read = self.entries(lua, t, room);
        self.open.pop();
        let (entries, more) = read?;
        Ok(Node::Table {
            at,
            name,
            entries,
            more,
        })
    }

    /// The first entries of a table, and how many are left.
    fn entries(&mut self, lua: &mut Context, t: &Table, room: usize) -> Result<(Vec<Entry>, usize), Error> {
        let mut entries: Vec<Entry> = Vec::new();
        let (mut key, mut more, mut next_item) = (Value::Nil, 0, 1);
        while let Some((k, v)) = t.raw_next(lua, &key)? {
            if entries.len() < room && self.left > 0 {
                self.left -= 1;
                let is_item = matches!(k, Value::Integer(i) if i == next_item);
                let key = if is_item {
                    next_item += 1;
                    String::new()
                } else {
                    key_text(lua, &k)?
                };
                let value = self.node(lua, &v)?;
                entries.push(Entry { key, value });
            } else {
                more += 1;
            }
            key = k;
        }
        Ok((entries, more))
    }
}

/// The word for a value that is not shown piece by piece. What a `__tostring` raises becomes a part of the
/// word.
fn plain(lua: &mut Context, v: &Value, class: Class) -> Result<Node, Error> {
    match v.to_string(lua) {
        Ok(text) => Ok(Node::Leaf(text, class)),
        Err(e @ (Error::Stopped(_) | Error::Exit { .. } | Error::Memory)) => Err(e),
        Err(e) => Ok(Node::Leaf(format!("<error in __tostring: {e}>"), Class::Opaque)),
    }
}

fn has_text(lua: &mut Context, t: &Table) -> Result<bool, Error> {
    let Some(mt) = t.metatable(lua)? else {
        return Ok(false);
    };
    let text: Value = mt.raw_get(lua, "__tostring")?;
    Ok(!matches!(text, Value::Nil))
}

/// What `__name` calls a table; empty if it is no string.
fn name(lua: &mut Context, t: &Table) -> Result<String, Error> {
    let Some(mt) = t.metatable(lua)? else {
        return Ok(String::new());
    };
    let name: Value = mt.raw_get(lua, "__name")?;
    if let Value::String(s) = name {
        return s.to_string_lossy(lua);
    }
    Ok(String::new())
}

fn string(bytes: &[u8], limit: usize) -> String {
    if bytes.len() <= limit {
        return quoted(bytes);
    }
    let start = &bytes[..limit];
    // A character that the limit cuts through is left out.
    let cut = (0..4).find(|n| bytes[limit - n] & 0xC0 != 0x80).unwrap_or(0);
    format!("{}... ({} bytes)", quoted(&start[..limit - cut]), bytes.len())
}

fn key_text(lua: &mut Context, key: &Value) -> Result<String, Error> {
    if let Value::String(s) = key {
        let bytes = s.as_bytes(lua)?;
        return Ok(match str::from_utf8(bytes) {
            Ok(name) if is_name(name) => name.to_owned(),
            Ok(_) | Err(_) => format!("[{}]", string(bytes, MAX_INNER_TEXT)),
        });
    }
    Ok(match plain(lua, key, Class::Plain)? {
        Node::Leaf(text, _) => format!("[{text}]"),
        Node::Cycle(_) | Node::Table { .. } => String::new(),
    })
}

/// Writes what was read.
struct Writer<'r> {
    cycles: &'r [*const c_void],
    style: Style,
}

impl Writer<'_> {
    /// How many columns a node takes on one line.
    fn width(&self, n: &Node) -> usize {
        match n {
            Node::Leaf(text, _) if text.contains('\n') => self.style.width + 1,
            Node::Leaf(text, _) => text.width(),
            Node::Cycle(at) => self.mark(*at).len(),
            Node::Table {
                at,
                name,
                entries,
                more,
            } => {
                let head = self.mark(*at).len() + name.width() + usize::from(!name.is_empty());
                let inner: usize = entries.iter().map(|e| self.entry_width(e) + 2).sum();
                head + 2 + inner + rest(*more).len()
            }
        }
    }

    fn entry_width(&self, e: &Entry) -> usize {
        let key = match e.key.width() {
            0 => 0,
            n => n + 3,
        };
        key + self.width(&e.value)
    }

    /// Writes a node that begins at a column, in a line that is indented by `indent`.
    fn node(&self, out: &mut String, n: &Node, indent: usize, column: usize) {
        match n {
            Node::Leaf(text, class) => self.paint(out, *class, text),
            Node::Cycle(at) => self.paint(out, Class::Opaque, &self.mark(*at)),
            Node::Table {
                at,
                name,
                entries,
                more,
            } => {
                self.paint(out, Class::Opaque, &self.mark(*at));
                self.paint(out, Class::Plain, name);
                if !name.is_empty() {
                    out.push(' ');
                }
                if column + self.width(n) <= self.style.width {
                    self.one_line(out, entries, *more);
                } else {
                    self.lines(out, entries, *more, indent + 2);
                    out.push_str(&" ".repeat(indent));
                    out.push('}');
                }
            }
        }
    }

    fn one_line(&self, out: &mut String, entries: &[Entry], more: usize) {
        out.push('{');
        for (i, e) in entries.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            self.entry(out, e, 0, 0);
        }
        if more > 0 && !entries.is_empty() {
            out.push_str(", ");
        }
        out.push_str(&rest(more));
        out.push('}');
    }

    /// Entries with keys have a line each; items of the list share lines where they are short.
    fn lines(&self, out: &mut String, entries: &[Entry], more: usize, indent: usize) {
        out.push('{');
        let mut column = None;
        for e in entries {
            let width = self.entry_width(e) + 1;
            match column {
                Some(at) if e.key.is_empty() && at + 1 + width <= self.style.width => {
                    out.push(' ');
                    column = Some(at + 1 + width);
                }
                Some(_) | None => {
                    new_line(out, indent);
                    let shares = e.key.is_empty() && indent + width <= self.style.width;
                    column = shares.then_some(indent + width);
                }
            }
            self.entry(out, e, indent, indent);
            out.push(',');
        }
        if more > 0 {
            new_line(out, indent);
            out.push_str(&rest(more));
        }
        out.push('\n');
    }

    fn entry(&self, out: &mut String, e: &Entry, indent: usize, column: usize) {
        if e.key.is_empty() {
            return self.node(out, &e.value, indent, column);
        }
        out.push_str(&e.key);
        out.push_str(" = ");
        // One more for the comma.
        let column = column + e.key.width() + 4;
        self.node(out, &e.value, indent, column);
    }

    /// What stands before a table that is met inside itself, and stands for it there.
    fn mark(&self, at: *const c_void) -> String {
        let number = self.cycles.iter().position(|c| *c == at);
        number.map_or(String::new(), |i| format!("<{}>", i + 1))
    }

    fn paint(&self, out: &mut String, class: Class, text: &str) {
        if self.style.colours && !text.is_empty() {
            class.paint(out, text);
        } else {
            out.push_str(text);
        }
    }
}

fn new_line(out: &mut String, indent: usize) {
    out.push('\n');
    out.push_str(&" ".repeat(indent));
}

/// What stands for entries that are not shown.
fn rest(more: usize) -> String {
    match more {
        0 => String::new(),
        n => format!("...{n} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, results};
    use perilune::{Lua, Result, Value, Variadic};

    fn shown_in(width: usize, source: &str) -> Result<String> {
        let mut lua = Lua::new()?;
        let v: Variadic<Value> = lua.load(source).eval()?;
        let style = Style {
            width,
            colours: false,
        };
        results(&mut lua, &v.0, style)
    }

    fn shown(source: &str) -> Result<String> {
        shown_in(60, source)
    }

    #[test]
    fn simple_values() -> Result<()> {
        assert_eq!(shown("nil, true, 1, 1.0, 'a'")?, "nil\ttrue\t1\t1.0\t\"a\"");
        assert_eq!(shown(r"'a\nb\0\xff\u{e9}'")?, r#""a\nb\x00\xffé""#);
        assert_eq!(shown("{}")?, "{}");
        assert_eq!(
            shown("{1, 2, x = 'y', [-4] = 4, ['a b'] = {}}")?,
            "{1, 2, x = \"y\", [-4] = 4, [\"a b\"] = {}}"
        );
        assert_eq!(
            shown("{['end'] = 1, [true] = 2.5, global = 0, [0.5] = 1}")?,
            "{[\"end\"] = 1, [true] = 2.5, global = 0, [0.5] = 1}"
        );
        Ok(())
    }

    #[test]
    fn results_that_do_not_fit_have_lines_of_their_own() -> Result<()> {
        assert_eq!(shown("('a'):rep(30), 1")?, format!("\"{}\"\t1", "a".repeat(30)));
        // Wide characters take two columns.
        assert_eq!(shown("('日'):rep(30), 1")?, format!("\"{}\"\n1", "日".repeat(30)));
        assert_eq!(shown("('a'):rep(60), 1")?, format!("\"{}\"\n1", "a".repeat(60)));
        Ok(())
    }

    #[test]
    fn long_tables_are_indented() -> Result<()> {
        assert_eq!(
            shown_in(
                20,
                "{name = 'a long name', list = {1, 2}, 10, 11, 12, 13, 14, 15}"
            )?,
            "{\n  10, 11, 12, 13,\n  14, 15,\n  name = \"a long name\",\n  list = {1, 2},\n}"
        );
        assert_eq!(
            shown_in(16, "{{x = 1, y = 2, z = 3}}")?,
            "{\n  {\n    x = 1,\n    y = 2,\n    z = 3,\n  },\n}"
        );
        Ok(())
    }

    #[test]
    fn cycles_are_numbered() -> Result<()> {
        assert_eq!(
            shown("(function() local t = {1} t.me = t return t end)()")?,
            "<1>{1, me = <1>}"
        );
        assert_eq!(
            shown("(function() local a, b = {}, {} a.b = b b.a = a b.b = b return a, a end)()")?,
            "<1>{b = <2>{a = <1>, b = <2>}}\t<1>{b = <2>{a = <1>, b = <2>}}".replace('\t', "\n")
        );
        assert_eq!(
            shown("(function() local t = {} return {t, t} end)()")?,
            "{{}, {}}"
        );
        Ok(())
    }

    #[test]
    fn limits_hold() -> Result<()> {
        assert_eq!(shown("{{{{{{1}}}}}}")?, "{{{{{{...1 more}}}}}}");
        let many = shown("(function() local t = {} for i = 1, 5000 do t[i] = i end return t end)()")?;
        assert!(many.ends_with("99, 100,\n  ...4900 more\n}"), "{many}");
        let all = shown(
            "(function() local t = {} for i = 1, 90 do t[i] = {} for j = 1, 90 do t[i][j] = j end end return t end)()",
        )?;
        assert!(all.ends_with("...79 more\n}"), "{all}");
        assert_eq!(
            shown_in(300, "{('é'):rep(150)}")?,
            format!("{{\"{}\"... (300 bytes)}}", "é".repeat(100))
        );
        assert_eq!(
            shown_in(300, "{'a' .. ('é'):rep(150)}")?,
            format!("{{\"a{}\"... (301 bytes)}}", "é".repeat(99))
        );
        assert!(shown("('x'):rep(20000)")?.ends_with("x\"... (20000 bytes)"));
        Ok(())
    }

    #[test]
    fn metatables_have_their_say() -> Result<()> {
        assert_eq!(
            shown("{setmetatable({1}, {__tostring = function(t) return 'T' .. t[1] end})}")?,
            "{T1}"
        );
        assert_eq!(
            shown("setmetatable({x = 1}, {__name = 'Point', __pairs = error})")?,
            "Point {x = 1}"
        );
        assert_eq!(
            shown("setmetatable({}, {__tostring = function() error('no', 0) end})")?,
            "<error in __tostring: no>"
        );
        let native = shown("print")?;
        assert!(native.starts_with("function: "), "{native}");
        Ok(())
    }
}
