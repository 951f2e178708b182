//! Objects with metamethods, and what can be done to them.

use super::tree::{Node, block, line};
use super::{Frame, Gen, Kind};

/// Metamethods with their parameters; the results are made up.
const EVENTS: &[(&str, &str)] = &[
    ("add", "a, b"),
    ("sub", "a, b"),
    ("mul", "a, b"),
    ("div", "a, b"),
    ("mod", "a, b"),
    ("pow", "a, b"),
    ("unm", "a, b"),
    ("idiv", "a, b"),
    ("band", "a, b"),
    ("bor", "a, b"),
    ("bxor", "a, b"),
    ("shl", "a, b"),
    ("shr", "a, b"),
    ("bnot", "a, b"),
    ("concat", "a, b"),
    ("len", "a"),
    ("eq", "a, b"),
    ("lt", "a, b"),
    ("le", "a, b"),
    ("call", "a, b, ..."),
    ("index", "a, b"),
    ("newindex", "a, b, c"),
    ("close", "a, b"),
];

const USES: &[&str] = &[
    "T(O + INT)",
    "T(INT - O)",
    "T(O * O)",
    "T(O / 2)",
    "T(NUM % O)",
    "T(O ^ 2)",
    "T(- O)",
    "T(O // 1)",
    "T(O & 1)",
    "T(STR | O)",
    "T(O ~ INT)",
    "T(O << 1)",
    "T(1 >> O)",
    "T(~ O)",
    "T(O .. 'x')",
    "T('x' .. O)",
    "T(1 .. O .. 2)",
    "T('a' .. 'b' .. O)",
    "T(O == {})",
    "T(O == setmetatable({}, getmetatable(O)))",
    "T(O < INT)",
    "T('a' <= O)",
    "T(O > O)",
    "T(not (O < O))",
    "T(O(INT, 2))",
    "T(O())",
    "T(O 'text')",
    "T((O(1)))",
    "T(O.missing)",
    "T(O.x)",
    "T(O[INT])",
    "O.x = ANY",
    "O.fresh = ANY",
    "O[1] = INT",
    "T(#O)",
    "T(tostring(O) ~= nil)",
    "T(rawequal(O, O), rawlen(O))",
    "T(rawget(O, 'x'))",
    "rawset(O, 'y', INT)",
    "T(O:x())",
    "T(O:m(INT))",
    "do local c <close> = O end",
    "T(pcall(O, INT))",
    "T(select('#', O(1, 2, 3)))",
    "if O <= 2 then T('le') end",
    "O.n = (O.n or 0) + 1 T(O.n)",
    "T(math.max(pcall(function() return O + 1 end) and 1 or 2))",
    "for k, v in O, O, 3 do T(k, v) break end",
    "T(next({}, nil), type(O))",
    "T(O + O * O - O)",
    "T(-O + 1 .. '')",
    "return O(1, ANY)",
    "T(O .. O)",
    "T(O and 1 or 2, not O)",
    "T(string.format('%5s|', 'x'), O ~= nil)",
];

impl Gen {
    /// A table of metamethods and an object that has it.
    pub(super) fn class(&mut self) -> Vec<Node> {
        let (class, object) = (self.fresh(), self.fresh());
        let mut nodes = vec![line(format!("local {class} = {{}}"))];
        if self.rng.chance(1, 4) {
            nodes.push(line(format!("{class}.__name = 'Kind{}'", self.names)));
        }
        for _ in 0..self.rng.range(2, 10) {
            let (event, parameters) = EVENTS[self.rng.below(EVENTS.len())];
            nodes.push(self.metamethod(&class, event, parameters));
        }
        if self.rng.chance(1, 3) {
            nodes.push(line(format!(
                "{class}.__index = {class}; {class}.x = function(...) T('x', select('#', ...)) return ... end"
            )));
        }
        if self.rng.chance(1, 6) {
            nodes.push(line(format!("{class}.__metatable = 'locked'")));
        }
        if self.rng.chance(1, 6) {
            nodes.push(line(format!(
                "{class}.__call = setmetatable({{}}, {{__call = function(...) return select('#', ...) end}})"
            )));
        }
        let fields = if self.rng.chance(1, 2) {
            "{x = 1, n = 2}"
        } else {
            "{}"
        };
        nodes.push(line(format!("local {object} = setmetatable({fields}, {class})")));
        self.declare(&object, Kind::Obj, true);
        nodes.push(self.object_use());
        nodes
    }

    /// A metamethod whose body touches no object of its kind, so that it cannot recurse.
    fn metamethod(&mut self, class: &str, event: &str, parameters: &str) -> Node {
        let outer = std::mem::replace(&mut self.scopes, vec![Vec::new()]);
        self.frames.push(Frame {
            vararg: parameters.ends_with("..."),
            loops: 0,
        });
        let value = if self.rng.chance(1, 3) {
            self.any(1)
        } else {
            self.int(1)
        };
        self.frames.pop();
        self.scopes = outer;
        let body = match self.rng.below(10) {
            0 => format!("error('in {event}')"),
            1 => "error({code = 1})".to_string(),
            2 if event == "index" => "return rawget(a, 'n')".to_string(),
            3 if event == "newindex" => "rawset(a, b, c)".to_string(),
            4 => format!("if coroutine.isyieldable() then T(coroutine.yield('{event}')) end return {value}"),
            5 => "return a".to_string(),
            6 => "return b".to_string(),
            7 => "return".to_string(),
            _ => format!("return {value}"),
        };
        let shown = parameters
            .replace("...", "select('#', ...)")
            .replace('a', "type(a)")
            .replace("b,", "type(b),");
        let shown = if shown.contains("select") {
            "type(a)".to_string()
        } else {
            shown
        };
        let shown = shown
            .strip_suffix(", b")
            .map_or(shown.clone(), |s| format!("{s}, type(b)"));
        let first = line(format!("S() T('{event}', {shown})"));
        block(
            format!("{class}.__{event} = function({parameters})"),
            vec![first, line(body)],
            "end",
        )
    }

    pub(super) fn object_use(&mut self) -> Node {
        let Some(object) = self.variable(Kind::Obj) else {
            return self.trace();
        };
        let form = self.rng.pick(USES);
        let form = self.inside(|g| g.fill(form, 1));
        let text = replace_word(&form, "O", &object);
        if self.rng.chance(1, 12) && !text.starts_with("return") {
            return line(text);
        }
        line(format!("P(function() {text} end)"))
    }
}

/// Replaces a word where it stands alone.
pub(super) fn replace_word(text: &str, word: &str, by: &str) -> String {
    let bytes = text.as_bytes();
    let part = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let mut out = String::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(word) {
        let start = at + found;
        let end = start + word.len();
        let alone = (start == 0 || !part(bytes[start - 1])) && (end == bytes.len() || !part(bytes[end]));
        out.push_str(&text[at..start]);
        out.push_str(if alone { by } else { word });
        at = end;
    }
    out + &text[at..]
}
