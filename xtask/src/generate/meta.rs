//! Objects with metamethods, and what can be done to them.

use super::tree::{Node, block, line};
use super::{Frame, Gen, Kind};

/// Metamethods with their parameters (the results are made up), and what makes them run: `O` is the
/// object, `Q` another one.
const EVENTS: &[(&str, &str, &[&str])] = &[
    (
        "add",
        "a, b",
        &["T(O + INT)", "T(1 + O)", "T(O + Q, Q + O)", "T(STR + O)"],
    ),
    (
        "sub",
        "a, b",
        &["T(O - 1)", "T(INT - O)", "T(2.5 - O)", "T(Q - O)"],
    ),
    ("mul", "a, b", &["T(O * 2)", "T(NUM * O)", "T(Q * O)", "T(O * O)"]),
    ("div", "a, b", &["T(O / 2)", "T(NUM / O)", "T(O / Q)"]),
    ("mod", "a, b", &["T(O % 2)", "T(INT % O)", "T(Q % O)"]),
    ("pow", "a, b", &["T(O ^ 2)", "T(2 ^ O)", "T(O ^ Q)"]),
    ("unm", "a, b", &["T(-O)", "T(- - O)", "T(-O == O)"]),
    ("idiv", "a, b", &["T(O // 1)", "T(INT // O)", "T(O // Q)"]),
    (
        "band",
        "a, b",
        &["T(O & 1)", "T(INT & O)", "T(Q & O)", "T(1.5 & O)"],
    ),
    ("bor", "a, b", &["T(O | 1)", "T(STR | O)", "T(O | Q)"]),
    ("bxor", "a, b", &["T(O ~ 1)", "T(INT ~ O)", "T(Q ~ O)"]),
    ("shl", "a, b", &["T(O << 1)", "T(1 << O)", "T(O << Q)"]),
    ("shr", "a, b", &["T(O >> 1)", "T(1 >> O)", "T(Q >> O)"]),
    ("bnot", "a, b", &["T(~O)", "T(~ ~O)"]),
    (
        "concat",
        "a, b",
        &[
            "T(O .. 'x')",
            "T('x' .. O)",
            "T(1 .. O .. 2)",
            "T(O .. Q)",
            "T(Q .. 'a' .. O .. 'b')",
        ],
    ),
    (
        "len",
        "a",
        &[
            "T(#O)",
            "T(pcall(table.unpack, O))",
            "T(pcall(table.insert, O, 1))",
            "T(#O == #Q)",
        ],
    ),
    (
        "eq",
        "a, b",
        &[
            "T(O == Q, Q == O)",
            "T(O == {}, {} ~= O)",
            "if O == setmetatable({}, getmetatable(O)) then T('eq') end",
            "T(O ~= Q and 1)",
        ],
    ),
    (
        "lt",
        "a, b",
        &[
            "T(O < INT, O > INT)",
            "T('a' < O)",
            "T(O < Q, O > Q)",
            "if O < 1 then T('lt') end",
            "T(pcall(math.max, O, 1))",
            "T(pcall(table.sort, {O, Q, O}))",
        ],
    ),
    (
        "le",
        "a, b",
        &[
            "T(O <= INT, O >= INT)",
            "T('a' <= O)",
            "T(O <= Q, O >= Q)",
            "if not (O <= 2) then T('not le') end",
        ],
    ),
    (
        "call",
        "a, b, ...",
        &[
            "T(O(INT, 2))",
            "T(O())",
            "T((O(1)))",
            "return O(1, ANY, 3)",
            "T(pcall(O, INT))",
            "for k, v in O, Q, 3 do T(k, v) break end",
            "local p, q, r = O(1, 2, 3) T(p, q, r)",
        ],
    ),
    (
        "index",
        "a, b",
        &[
            "T(O.missing)",
            "T(O[INT], O[1.5], O[true])",
            "T(O:m(INT))",
            "T(O.x, O.n)",
            "T(pcall(table.concat, O, ',', 1, 2))",
            "for i, v in ipairs(O) do T(i, v) if i > 2 then break end end",
        ],
    ),
    (
        "newindex",
        "a, b, c",
        &[
            "O.fresh = ANY",
            "O[1] = INT",
            "O.x = ANY T(rawget(O, 'x'))",
            "O[true], O.y = 1, 2",
            "T(pcall(table.insert, O, 1, 2))",
            "T(pcall(rawset, O, 1, 2))",
        ],
    ),
    (
        "close",
        "a, b",
        &[
            "do local c <close> = O end",
            "T(pcall(function() local c <close> = O error('x') end))",
            "for _ in pairs({1}), nil, nil, O do break end",
            "for i in next, {1}, nil, O do T(i) end",
        ],
    ),
    (
        "tostring",
        "a",
        &[
            "T(pcall(tostring, O))",
            "T(pcall(string.format, '%s|%-9s', O, O))",
            "error(O)",
        ],
    ),
    (
        "pairs",
        "a",
        &[
            "for k, v in pairs(O) do T(k, v) break end",
            "T(select('#', pcall(pairs, O)))",
        ],
    ),
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

/// Operators of two operands with their events.
const BINARY: &[(&str, &str)] = &[
    ("add", "+"),
    ("sub", "-"),
    ("mul", "*"),
    ("div", "/"),
    ("mod", "%"),
    ("pow", "^"),
    ("idiv", "//"),
    ("band", "&"),
    ("bor", "|"),
    ("bxor", "~"),
    ("shl", "<<"),
    ("shr", ">>"),
    ("concat", ".."),
    ("concat", ".."),
    ("eq", "=="),
    ("eq", "~="),
    ("lt", "<"),
    ("lt", ">"),
    ("le", "<="),
    ("le", ">="),
];

impl Gen {
    /// Objects of two classes that both know an operator: whose metamethod runs, and with what.
    pub(super) fn two_classes(&mut self) -> Node {
        let (event, op) = BINARY[self.rng.below(BINARY.len())];
        let result = self
            .rng
            .pick(&["name", "a", "b", "nil", "name, a, b", "", "false", "1"]);
        let other = self
            .rng
            .pick(&["1", "2.5", "'x'", "'10'", "nil", "{}", "true", "P"]);
        let class = format!(
            "local function class(name) return setmetatable({{name}}, {{__{event} = function(a, b) T(name, a, b) return {result} end}}) end"
        );
        let body = vec![
            line(class),
            line("local p, q = class('p'), class('q')"),
            line(format!(
                "P(function() return p {op} q end) P(function() return q {op} p end)"
            )),
            line(format!(
                "P(function() return p {op} {other} end) P(function() return {other} {op} q end)"
            )),
            line(format!(
                "P(function() if p {op} q then return 'true' end return 'false' end)"
            )),
            line(format!("P(function() return p {op} p, 1 {op} p end)")),
        ];
        block("do", body, "end")
    }

    /// A table of metamethods and an object that has it.
    pub(super) fn class(&mut self) -> Vec<Node> {
        let (class, object) = (self.fresh(), self.fresh());
        let mut nodes = vec![line(format!("local {class} = {{}}"))];
        if self.rng.chance(1, 4) {
            nodes.push(line(format!("{class}.__name = 'Kind{}'", self.names)));
        }
        let mut events = Vec::new();
        for _ in 0..self.rng.range(2, 10) {
            let at = self.rng.below(EVENTS.len());
            let (event, parameters, _) = EVENTS[at];
            nodes.push(self.metamethod(&class, event, parameters));
            events.push(at);
        }
        if self.rng.chance(1, 3) {
            nodes.push(line(format!(
                "{class}.__index = {class}; {class}.x = function(...) T('x', select('#', ...)) return ... end"
            )));
        }
        if self.rng.chance(1, 6) {
            nodes.push(line(format!("{class}.__metatable = 'locked'")));
        }
        if self.rng.chance(1, 6)
            && let Some(other) = self.variable(Kind::Obj)
        {
            let event = self.rng.pick(&["index", "newindex"]);
            nodes.push(line(format!("{class}.__{event} = {other}")));
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
        self.objects.push((object, events));
        for _ in 0..self.rng.range(1, 4) {
            nodes.push(self.object_use());
        }
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
            2 if event == "tostring" => "return 'text of a'".to_string(),
            2 if event == "pairs" => "return next, {10, x = nil}, nil".to_string(),
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
        let form = self.use_of(&object);
        let other = self.variable(Kind::Obj).unwrap_or_else(|| object.clone());
        let form = self.inside(|g| g.fill(form, 1));
        let text = replace_word(&form, "O", &object);
        let text = replace_word(&text, "Q", &other);
        if self.rng.chance(1, 12) && !text.starts_with("return") {
            return line(text);
        }
        line(format!("P(function() {text} end)"))
    }
}

impl Gen {
    /// Most often something that makes a metamethod of the object run.
    fn use_of(&mut self, object: &str) -> &'static str {
        let events = self
            .objects
            .iter()
            .find(|(name, _)| name == object)
            .map(|(_, e)| e.clone());
        match events {
            Some(events) if !events.is_empty() && self.rng.chance(3, 4) => {
                let (_, _, uses) = EVENTS[events[self.rng.below(events.len())]];
                self.rng.pick(uses)
            }
            _ => self.rng.pick(USES),
        }
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
