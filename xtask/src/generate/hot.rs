//! Code that runs several times over operands of changing kinds and shapes: what an interpreter learns
//! from the first of them must not show with the others.

use super::tree::{Node, block, line};
use super::{Frame, Gen};

/// Bodies of a function of `a`, `b` and `c`.
const BODIES: &[&str] = &[
    "return a + b, a - b, a * b",
    "return a + 1, a - 1, 1 - a",
    "return a * 2, a * 0.5, 2 * b",
    "return a / b, a / 2",
    "return a // b, a % b",
    "return a // 3, a % 3, a % -3",
    "return a ^ 2, a - 0, a + 0",
    "return 2.5 - a, 7 - b, 0 - a",
    "return a & b, a | 1, a ~ b",
    "return a << b, a >> 1, 1 << a",
    "return a << 63, a >> 64, a << -1",
    "return -a, ~a",
    "return not a, not b, a == nil",
    "return a < b, a <= b",
    "return a > b, a >= b",
    "return a == b, a ~= b, a == 1, a == 'x'",
    "return a == 9007199254740992.0, a ~= 2.5, a == 1e15, 2^53 == a",
    "return a < 3, a <= 3, a > 3, a >= 3",
    "return 3 < a, 3 <= a, 3 > a, 3 >= a",
    "if a < b then return 'less' elseif a <= b then return 'equal' end return 'neither'",
    "if a >= 0 then return 'not below' end if not (a <= 0) then return 'not above' end return 'below'",
    "local n = 0 while a > b and n < 3 do n = n + 1 b = b + 1 end return n, b",
    "return a .. b, a .. 'x', 1 .. a",
    "return a .. b .. c, (a .. '') == a",
    "return #a, #b",
    "return a.x, a.y, a.z",
    "return a.x, b.x, c",
    "return a[1], a[2], a[b]",
    "return a[b], a['x'], a[1.0]",
    "a.x = b return a.x, a",
    "a.y = 1 a.z = c return a",
    "a.x = nil a.x = b return a.x, rawget(a, 'x')",
    "a[1] = b a[2] = c return a[1], a[2]",
    "a[b] = c return a[b], rawget(a, b)",
    "a[#a + 1] = c return a",
    "return a:m(b), a.m",
    "return a:len(), a:upper()",
    "a.m = b and function(self, v) return 'own', v end or nil return a:m(c)",
    "return a(b), (a(b, c))",
    "return (a(b))",
    "return a(b, c)",
    "local r = 0 for i = a, b do r = r + 1 if r > 4 then break end end return r",
    "local r = {} for i = a, b, -1 do r[#r + 1] = i if #r > 4 then break end end return r",
    "local r, n = 0, 0 for i = a, b, c do r, n = r + i, n + 1 if n > 5 then break end end return r, n",
    "local n = 0 for k, v in pairs(a) do n = n + H(k, v) end return n",
    "local n = 0 for i, v in ipairs(a) do n = n + i end return n",
    "for i, v in ipairs(a) do T(i, v) if i > 5 then break end end",
    "global_a = a local r = global_a global_a = nil return r, global_a",
    "return a and b, a or b, a and b or c, not (a and b)",
    "return (a == b) or c, (a == b) and c, a == b or a == c",
    "local x = a == b or c == 1 local y = a ~= b and c return x, y",
    "return math.max(a, b), math.type(a)",
    "return math.type(a) and tostring(a), tonumber(b)",
    "local x, y, z = a, b a, b = b, a return a, b, x, y, z",
    "local t = {a, b, x = c, [a] = b} return t[1], t.x, t[a]",
    "local p, q, r = Swapped(a, b) local s, t = Padded(b, c, a) return p, q, r, s, t",
    "local p = None(a) local x, y, z, q, r, s, t, u = 1, 2, 3, Padded(c, b, a) return p, q, r, s, t, u, x + y + z",
    "return Counted(a, b, c)",
    "local t = {Swapped(a, b), Padded(b, c, a)} return #t, t[1], t[5], All(Counted(c))",
];

/// Values of all kinds, some of them at the edges.
const VALUES: &[&str] = &[
    "1",
    "2",
    "-3",
    "0",
    "7",
    "64",
    "math.maxinteger",
    "math.mininteger",
    "2^53",
    "9007199254740992",
    "9007199254740993",
    "1.5",
    "-0.0",
    "0.0",
    "3.0",
    "-2.5",
    "0/0",
    "1/0",
    "-1/0",
    "'10'",
    "'x'",
    "''",
    "'0x10'",
    "nil",
    "true",
    "false",
    "{}",
    "{1, 2, 3}",
    "{1.5, 2.5}",
    "{1, 'b', nil, 4}",
    "{1, nil, 3}",
    "{'a', nil, 'c', nil, x = 1}",
    "{x = 1}",
    "{y = 2, x = 1}",
    "{x = 'x', y = 1, z = 2, m = type}",
    "{[1] = 1, [2] = 2, x = false}",
    "{[1.5] = 1, [true] = 2, x = 3}",
    "setmetatable({}, {__index = {x = 'inherited', m = function(self, v) return 'm', v end}})",
    "setmetatable({x = 1}, {__index = {x = 'class', y = 'class', m = function(self) return 'm', self.x end}})",
    "setmetatable({}, {__index = function(t, k) return k end, __newindex = function(t, k, v) T('new', k, v) rawset(t, k, v) end})",
    "setmetatable({1, 2}, {__newindex = {}, __len = function() return 10 end})",
    "setmetatable({}, {__index = setmetatable({'inner'}, {__index = function(t, k) return T('index', rawget(t, 1), k) or k end})})",
    "setmetatable({}, {__call = function(self, ...) return select('#', ...), ... end})",
    "setmetatable({}, {__add = function(a, b) return type(a) .. type(b) end, __lt = function(a, b) return type(b) end, __concat = function(a, b) return 'c', b end})",
    "setmetatable({}, {__eq = function(a, b) return true end, __le = function() end, __unm = function(a, b) return a == b end})",
    "function(...) return select('#', ...), ... end",
    "function(v) return v end",
    "math.type",
    "select",
];

/// A metamethod that a metatable `m` gets late, and a use of its objects `o` and `p` before and after.
const LATE: &[(&str, &str)] = &[
    ("m.__index = {x = 'x'}", "return o.x, p.y"),
    (
        "m.__index = function(t, k) return k end",
        "return o.x, o[1], o[true]",
    ),
    (
        "m.__newindex = function(t, k, v) T('new', k, v) end",
        "o.x = 1 o[1] = 2 return rawget(o, 'x'), o[1]",
    ),
    ("m.__newindex = {}", "p.x = 1 return rawget(p, 'x')"),
    ("m.__len = function() return 'len' end", "return #o, #p"),
    ("m.__eq = function() return true end", "return o == p, o ~= p"),
    ("m.__call = function(self, ...) return ... end", "return o(1, 2)"),
    ("m.__add = function() return 'add' end", "return o + 1"),
    ("m.__lt = function() return true end", "return o < p, o > p"),
    ("m.__concat = function() return 'concat' end", "return o .. 'x'"),
    (
        "m.__close = function() T('close') end",
        "local c <close> = o return 1",
    ),
    (
        "m.__tostring = function() return 'text' end",
        "return tostring(o):sub(1, 4)",
    ),
];

/// Library functions, and arguments among which are functions whose operations on `o` and `p` may fail.
const FAILING: &[(&str, &str)] = &[
    ("table.sort", "{o, p, o, p}, function(a, b) return a < b end"),
    (
        "table.sort",
        "{3, 1, 2}, function(a, b) local s = o + p return a < b end",
    ),
    ("string.gsub", "'abcd', '.', function(c) return o[c] end"),
    ("string.gsub", "'abcd', '.', function(c) return p(c) end"),
    ("load", "function() local x = o.x + p.y end"),
    (
        "pcall",
        "function() for k in function(_, k) return o((k or 0) + 1) end do if k > 5 then break end end end",
    ),
    (
        "coroutine.wrap(function(s) for i = 1, 6 do s = s .. o.x coroutine.yield(s) end end)",
        "'s'",
    ),
];

impl Gen {
    /// Several metatables that the same statement gives a metamethod after it was missed.
    pub(super) fn late_metamethod(&mut self) -> Node {
        let (give, test) = LATE[self.rng.below(LATE.len())];
        let shape = self.rng.pick(&[
            "{}",
            "{x = 1}",
            "{x = 1, y = 2}",
            "{__name = 'Late', x = 1}",
            "{x = 1, y = 2, z = 3, w = 4, v = 5}",
            "{__index = false}",
            "{[1] = 1, x = 2}",
        ]);
        let take = give.split(" = ").next().unwrap_or(give);
        let again = self
            .rng
            .pick(&["", "take(m) P(use) give(m) P(use)", "take(m) P(use)"]);
        let body = vec![
            line(format!("local function give(m) {give} end")),
            line(format!("local function take(m) {take} = nil end")),
            line(format!("for i = 1, {} do S()", self.rng.range(2, 4))),
            line(format!(
                "local m = {shape} local o, p = setmetatable({{}}, m), setmetatable({{}}, m)"
            )),
            line(format!("local function use() {test} end")),
            line(format!("P(use) give(m) P(use) {again}")),
            line("end"),
        ];
        block("do", body, "end")
    }

    /// A function that is called with one set of operands after the other.
    pub(super) fn hot(&mut self) -> Vec<Node> {
        let name = self.fresh();
        let body = self.rng.pick(BODIES);
        let node = block(format!("local function {name}(a, b, c)"), vec![line(body)], "end");
        // Several times the same kinds, then others.
        let mut calls = Vec::new();
        for _ in 0..self.rng.range(2, 5) {
            let list: Vec<&str> = (0..3).map(|_| self.rng.pick(VALUES)).collect();
            let text = format!("P({name}, {})", list.join(", "));
            let times = self.rng.range(1, 3);
            if times > 1 {
                calls.push(line(format!("for _ = 1, {times} do {text} end")));
            } else {
                calls.push(line(text));
            }
        }
        [vec![node], calls].concat()
    }

    /// Local variables that closures share and change, between operations on them: straight on, and in rounds.
    pub(super) fn shared_locals(&mut self) -> Node {
        const NUMBERS: &[&str] = &["1", "2.5", "-3", "7", "0.5", "1 << 40", "'4'"];
        let mut body = vec![
            line(format!(
                "local a, b, c, d = {}, {}, {}, 0",
                self.rng.pick(NUMBERS),
                self.rng.pick(NUMBERS),
                self.rng.pick(NUMBERS)
            )),
            line("local function set(v) a = v end"),
            line("local function swap() a, b = b, a return b end"),
            line("local function get() return a, b end"),
        ];
        let rounds = self.rng.range(1, 3);
        body.push(line(format!("for i = 1, {rounds} do")));
        for _ in 0..self.rng.range(3, 9) {
            let form = self.rng.pick(&[
                "a = N",
                "b = N",
                "set(N)",
                "c = swap()",
                "set(a * 2) b = a",
                "a = a + 1",
                "b = a - b",
                "c = a * N",
                "d = a + i",
                "c = -a d = b",
                "if a < N then d = d + 1 end",
                "if b == a then set(N) end",
                "c = get()",
                "c, d = get()",
                "for k = 1, 2 do a = a + k set(b) c = a + k end",
                "T(a, b, c, d)",
                "T(a + 1, b + 1)",
            ]);
            let number = self.rng.pick(NUMBERS);
            body.push(line(super::meta::replace_word(form, "N", number)));
        }
        body.push(line("end"));
        body.push(line("T(a, b, c, d)"));
        block("P(function()", body, "end)")
    }

    /// Functions that library functions call, in which a metamethod fails now and then.
    pub(super) fn callback_errors(&mut self) -> Node {
        let every = self.rng.range(2, 6);
        let fails = self
            .rng
            .pick(&["error(k)", "error({k})", "local x = nil + 1", "error('E', 0)"]);
        let mut body = vec![
            line("local n, m = 0, {}"),
            line("local o, p = setmetatable({n = 1}, m), setmetatable({n = 2}, m)"),
            line(format!(
                "local function now(k) n = n + 1 if n % {every} == 0 then {fails} end return k end"
            )),
            line("m.__lt = function(a, b) return now(a.n) < b.n end"),
            line("m.__index = function(_, k) return now(k) end"),
            line("m.__add = function(a, b) return now(1) end"),
            line("m.__call = function(_, k) return now(k) end"),
            line("local function seen(e) return 'seen', type(e) end"),
        ];
        for _ in 0..self.rng.range(2, 6) {
            let (callee, arguments) = FAILING[self.rng.below(FAILING.len())];
            let handler = self.rng.pick(&["", "seen, "]);
            let call = if handler.is_empty() { "pcall" } else { "xpcall" };
            let text = format!("T({call}({callee}, {handler}{arguments}))");
            body.push(line(text));
            body.push(line("T(n)"));
        }
        block("P(function()", body, "end)")
    }

    /// Functions called by tail calls, directly or not, that look at how they were called.
    pub(super) fn tail_calls(&mut self) -> Node {
        let mut body = vec![
            line("local function leaf(x, y) return debug.getinfo(1, 't').istailcall, x, y end"),
            line(
                "local function count(x) return select(2, debug.traceback('', 1):gsub('tail calls', '')), x end",
            ),
        ];
        for name in ["one", "two"] {
            let callee = self.rng.pick(&["leaf", "count"]);
            let form = self.rng.pick(&[
                "function(x, y) return F(x, y) end",
                "function(x) return F(x) end",
                "function(x, y) local z = F(x) return F(y, z) end",
                "function(x, ...) return F(x, ...) end",
                "function(x, y) if x == 2 then return F(x) end return (F(x, y)) end",
            ]);
            let form = super::meta::replace_word(form, "F", callee);
            body.push(line(format!("local {name} = {form}")));
        }
        body.push(line("for i = 1, 4 do"));
        for _ in 0..self.rng.range(1, 4) {
            let form = self.rng.pick(&[
                "T(one(i, 2))",
                "T((two(i)))",
                "T(leaf(i), two(i))",
                "T(pcall(one, i))",
                "T((function(f) return f(i) end)(one))",
                "T(coroutine.wrap(two)(i))",
                "local p, q = one(i, i) T(p, q)",
            ]);
            body.push(line(form));
        }
        body.push(line("end"));
        block("P(function()", body, "end)")
    }

    /// Objects of one class, or of a few, whose class changes between the uses.
    pub(super) fn changing_class(&mut self) -> Node {
        let n = self.names + 1;
        self.names += 1;
        let forms = |list: &[&str]| {
            list.iter()
                .map(|f| f.replace('N', &n.to_string()))
                .collect::<Vec<_>>()
        };
        let changes = forms(&[
            "base_N.v = 'changed'",
            "base_N.v = nil",
            "class_N.v = 'class'",
            "class_N.v = nil",
            "one_N.v = 'own'",
            "one_N.v = nil",
            "two_N.w = 1 two_N.v = 2",
            "meta_N.__index = base_N",
            "meta_N.__index = function(t, k) return 'made', k end",
            "meta_N.__index = class_N",
            "meta_N.__index = nil",
            "setmetatable(class_N, {__index = function(t, k) return rawequal(t, class_N) and 'of class' end})",
            "meta_N.__newindex = function(t, k, v) T('new', k, v) rawset(t, k, 'stored') end",
            "meta_N.__newindex = nil",
            "meta_N.__newindex = base_N",
            "meta_N.__len = function() return 'len' end",
            "meta_N.__eq = function() T('eq') return true end",
            "meta_N.__call = function(self, ...) return 'called', ... end",
            "setmetatable(two_N, nil)",
            "setmetatable(two_N, meta_N)",
            "setmetatable(one_N, {__index = {v = 'other', go = function() return 'other go' end}})",
            "setmetatable(class_N, {__index = base_N, __newindex = base_N})",
            "function base_N:go(x) return 'base', x end",
            "function class_N:go(x) return 'class', x end",
            "function one_N:go(x) return 'one', x end",
            "class_N.go = nil",
            "one_N.go = nil",
            "one_N[1] = nil two_N[1] = 'item'",
            "for k in pairs(one_N) do one_N[k] = nil end",
            "for i = 1, 9 do two_N['k' .. i] = i end",
        ]);
        let uses = forms(&[
            "return one_N.v, two_N.v, class_N.v",
            "return one_N:go(1), two_N:go(2)",
            "for _, o in ipairs{one_N, two_N, class_N} do T(o.v, o.w, o[1]) end",
            "for _, o in ipairs{one_N, two_N, one_N} do o.v = (o.v or 0) end return one_N, two_N, base_N",
            "one_N.fresh = 1 two_N[1] = 2 return rawget(one_N, 'fresh'), rawget(two_N, 1)",
            "return one_N == two_N, one_N ~= class_N",
            "return #one_N, #two_N",
            "return one_N(1), two_N(2, 3)",
        ]);
        let mut nodes = vec![line(
            forms(&["local base_N, class_N = {v = 'base', go = function() return 'go' end}, {} local meta_N = {__index = class_N} setmetatable(class_N, {__index = base_N}) local one_N, two_N = setmetatable({}, meta_N), setmetatable({w = 0}, meta_N)"])
                .concat(),
        )];
        nodes.push(line(forms(&["local use_N = {}"]).concat()));
        let count = self.rng.range(1, 3);
        for i in 1..=count {
            let at = self.rng.below(uses.len());
            nodes.push(line(format!("use_{n}[{i}] = function() {} end", uses[at])));
        }
        for _ in 0..self.rng.range(2, 7) {
            let at = self.rng.below(changes.len());
            nodes.push(line(format!("for i = 1, {count} do P(use_{n}[i]) end")));
            nodes.push(line(format!("P(function() {} end)", changes[at])));
        }
        nodes.push(line(format!("for i = 1, {count} do P(use_{n}[i]) end")));
        block("do", nodes, "end")
    }

    /// Results that are too few or too many, and lists that take them.
    pub(super) fn results(&mut self) -> Vec<Node> {
        let name = self.fresh();
        self.frames.push(Frame {
            vararg: true,
            loops: 0,
        });
        let list: Vec<String> = (0..self.rng.below(4)).map(|_| self.any(1)).collect();
        self.frames.pop();
        let last = self.rng.pick(&["", "...", "(...)", "...", "select(2, ...)"]);
        let items = [list, vec![last.to_string()]].concat();
        let items: Vec<String> = items.into_iter().filter(|i| !i.is_empty()).collect();
        let object = format!(
            "setmetatable({{}}, {{__call = function(_, ...) return {} end}})",
            items.join(", ")
        );
        let plain = format!("function(...) return {} end", items.join(", "));
        let value = if self.rng.chance(1, 3) { object } else { plain };
        let mut nodes = vec![line(format!("local {name} = {value}"))];
        for _ in 0..self.rng.range(1, 3) {
            let call = self.rng.pick(&[
                "F()",
                "F(1)",
                "F(1, 2)",
                "F(1, nil, 3)",
                "(F(1))",
                "pcall(F, 1, 2)",
            ]);
            let form = self.rng.pick(&[
                "do local p, q, r, s = C T(p, q, r, s) end",
                "do local p, q, r, s = 0, C T(p, q, r, s) end",
                "do local p, q = C, C T(p, q) end",
                "do local p, q, r = 'p', 'q', 'r' p, q, r = C T(p, q, r) end",
                "T(C)",
                "T(C, C)",
                "T({C}, {C, nil}, {x = C})",
                "T((function(...) return C end)(5, 6))",
                "do local p, q, r, s = (function(...) return C end)(5, 6) T(p, q, r, s) end",
                "T((function(...) local p <close> = nil return C end)(5))",
                "T(select('#', C), (C))",
                "for p, q, r in function(_, i) if not i then return C end end do T(p, q, r) break end",
                "T(coroutine.wrap(function(...) return C end)())",
                "do local p, q, r = coroutine.wrap(function() coroutine.yield(C) end)() T(p, q, r) end",
                "do local w = coroutine.wrap(function() local p, q, r = coroutine.yield() T(p, q, r) end) w() w(C) end",
                "do local w = coroutine.wrap(function() T(coroutine.yield()) T(pcall(coroutine.yield)) end) w() w(C) w(C) end",
            ]);
            let text = form.replace('C', call);
            let text = super::meta::replace_word(&text, "F", &name);
            nodes.push(line(format!("P(function() {text} end)")));
        }
        nodes
    }
}
