//! Idioms that random statements would hardly make.

use super::tree::{Node, block, line};
use super::{Frame, Gen, Kind};

/// Chunk names for `load`, with the comma before them.
const NAMES: &[&str] = &[
    "",
    ", '=inner'",
    ", '@inner.lua'",
    ", 'return 1'",
    ", '=(load)'",
    ", 'first\\nsecond'",
];

impl Gen {
    /// A block with a to-be-closed variable, left in one of several ways.
    pub(super) fn closing(&mut self) -> Node {
        let name = self.fresh();
        let effect = self
            .rng
            .pick(&["", "", " error('in close')", " error({1})", " return 1"]);
        let value = format!(
            "setmetatable({{}}, {{__close = function(o, e) S() T('close', '{name}', e){effect} end}})"
        );
        self.frames.push(Frame::default());
        let body = self.scoped(|g| {
            let mut nodes = vec![line(format!("local {name} <close> = {value}"))];
            if g.rng.chance(1, 4) {
                nodes.push(line("local nothing <close> = nil"));
            }
            nodes.extend(g.statements());
            let exit = g.rng.pick(&[
                "",
                "",
                "do error('leaving') end",
                "do return 1, 2 end",
                "do return T('tail') end",
                "error({2})",
            ]);
            nodes.push(line(exit));
            nodes
        });
        self.frames.pop();
        match self.rng.below(3) {
            0 => block("P(function()", body, "end)"),
            1 => block(
                "for i = 1, 2 do S() P(function()",
                body,
                "end) if i == 1 then break end end",
            ),
            _ => block("P(coroutine.wrap(function()", body, "end))"),
        }
    }

    /// Closures made in a loop, with variables of their own and a shared one.
    pub(super) fn closures(&mut self) -> Vec<Node> {
        let (list, shared) = (self.fresh(), self.fresh());
        let step = self.rng.range(1, 9);
        let stop = self.rng.pick(&[
            "",
            " if i == 2 then break end",
            " if i == 1 then goto done end",
            "",
        ]);
        vec![
            line(format!("local {list}, {shared} = {{}}, 0")),
            line("do"),
            line(format!(
                "for i = 1, 3 do local own = i * {step}; {list}[#{list} + 1] = function(d) S() own = own + (d or 1); {shared} = {shared} + i; return own, {shared} end{stop} end"
            )),
            line("::done:: end"),
            line(format!(
                "for _ = 1, 2 do for i = 1, #{list} do T({list}[i]({step})) end end"
            )),
            line(format!("T({shared}, #{list})")),
        ]
    }

    pub(super) fn varargs(&mut self) -> Vec<Node> {
        let name = self.fresh();
        let named = self.rng.chance(1, 2);
        let uses: &[&str] = if named {
            &[
                "T(args.n, args[1])",
                "args[1] = 'new' T(...)",
                "T(#args, args[2], args.n)",
                "args.n = 1 T(...)",
                "for i = 1, args.n do T(i, args[i]) end",
                "T(select('#', ...))",
                "local f = function() return args[1] end T(f())",
                "T(table.unpack(args, 1, args.n))",
                "T(args)",
                "args = nil",
                "T(args.x, args[0], args[1.0], args['n'])",
            ]
        } else {
            &[
                "T(...)",
                "T((...))",
                "T(select('#', ...))",
                "T(select(2, ...))",
                "T({...})",
                "T(table.pack(...))",
                "local a, b = ... T(a, b)",
                "T(1, ...)",
                "T(..., 'last')",
                "for i = 1, select('#', ...) do T(i, (select(i, ...))) end",
                "T((function(...) return select('#', ...) end)(...))",
                "return ...",
                "T(#{...} >= 0)",
                "T(... and 1, ... == nil)",
                "T(pcall(select, -9, ...))",
                "return select('#', ...), ...",
            ]
        };
        let body: Vec<Node> = (0..self.rng.range(1, 4))
            .map(|_| {
                line(format!("do {} end", self.rng.pick(uses)).replace(
                    "do args = nil end",
                    "P(load('local function f(...args) args = nil end'))",
                ))
            })
            .collect();
        let dots = if named { "...args" } else { "..." };
        let first = if self.rng.chance(1, 2) { "first, " } else { "" };
        let mut nodes = vec![block(
            format!("local function {name}({first}{dots})"),
            body,
            "end",
        )];
        for _ in 0..self.rng.range(1, 3) {
            let list: Vec<String> = (0..self.rng.below(5)).map(|_| self.any(1)).collect();
            nodes.push(line(format!(
                "P({name}{}{})",
                if list.is_empty() { "" } else { ", " },
                list.join(", ")
            )));
        }
        nodes
    }

    pub(super) fn recursion(&mut self) -> Vec<Node> {
        let name = self.fresh();
        let n = self.rng.range(1, 12);
        let form = self.rng.pick(&[
            "local function F(n, a) S() if n == 0 then return a end return F(n - 1, a + n) end T(F(N, 0))", "local function F(n) S() if n < 2 then return n end return F(n - 1) + F(n - 2) end T(F(N % 7))",
            "local function F(n) S() if n == 0 then error('deep') end local x = F(n - 1) return x end P(F, N)", "local F; local function G(n) S() return n > 0 and F(n - 1) or 'g' end F = function(n) return n > 0 and G(n - 1) or 'f' end T(F(N))",
            "local function F(n) S() if n == 0 then return debug.traceback('here') end return F(n - 1) end T(F(N % 4))", "local function F(n) S() if n == 0 then return debug.traceback('deep') end local x = F(n - 1) return x end T(F(N % 30))",
            "local function F(n, ...) S() if n == 0 then return ... end return F(n - 1, n, ...) end T(F(N))", "local function F(n) S() local ok, m = pcall(function() if n > 0 then F(n - 1) end error('e' .. n, 0) end) T(m) end F(N % 5)",
        ]);
        vec![line(
            form.replace('F', &name)
                .replace('G', &format!("{name}g"))
                .replace('N', &n.to_string()),
        )]
    }

    /// Methods and functions in fields, with their names in messages.
    pub(super) fn methods(&mut self) -> Vec<Node> {
        let name = self.fresh();
        let (a, b) = (self.rng.below(3), self.rng.below(3));
        let first = self.function_node(&format!("function {name}.sub.run"), a, true);
        let second = self.function_node(&format!("function {name}:go"), b, false);
        let (v, w) = self.inside(|g| (g.any(1), g.any(1)));
        vec![
            line(format!("local {name} = {{sub = {{}}, count = 0}}")),
            first,
            second,
            line(format!("P({name}.sub.run, {v})")),
            line(format!("P(function() return {name}:go({w}) end)")),
            line(format!(
                "P(function() return {name}.sub.run({w}, 1), {name}.sub:run() end)"
            )),
        ]
    }

    pub(super) fn globals(&mut self) -> Node {
        let value = self.inside(|g| g.any(1));
        let n = self.names;
        let form = self.rng.pick(&[
            "do global T; global gN = V; T(gN) gN = nil end",
            "do global <const> *; T(gN) end",
            "do global <const> T, P; P(function() return 1 end) end",
            "P(load('global x; y = 1'))",
            "T(load('global x; return y'))",
            "T(load('global <const> x; x = 1'))",
            "do global T; global function gN(...) return ... end T(gN(V)) gN = nil end",
            "do global *; gN = V; T(gN) gN = nil end",
            "P(function() global T; global T = 1 end)",
            "T(load('global none; return function() return x end'))",
            "do global gN, T = V; T(gN) end gN = nil",
            "do local _ENV = {T = T, x = 1}; T(x, y) y = 2; T(y) end",
            "do local function f(_ENV) return x end T(f({x = V})) end",
            "T(load('x = 1; return x, y', 'c', 't', {y = 2})())",
            "P(load('return x.y.z', '=env', 't', {x = {}}))",
            "T(load('global <close> x'))",
        ]);
        let form = form
            .replace('N', &n.to_string())
            .replace("global T = 1", "global print = 1");
        let form = super::meta::replace_word(&form, "V", "value");
        line(format!("do local value = {value} {form} end"))
    }

    pub(super) fn handler(&mut self) -> Node {
        let value = self.inside(|g| g.any(1));
        let handler = self.rng.pick(&[
            "debug.traceback",
            "function(m) T('handler', m) return m end",
            "function(m) return debug.traceback(m, 1) end",
            "function(m) error(m) end",
            "function(m) return m, 2 end",
            "print and 1",
            "function(m) local x = nil; return x.y end",
            "function(m) return debug.traceback('t', 2) end",
        ]);
        let (kind, body) = match self.rng.below(3) {
            0 => ("error", format!("error({value})")),
            1 => ("nil", "local t = nil; t.x = 1".to_string()),
            _ => ("fine", format!("return {value}")),
        };
        line(format!(
            "T('{kind}', xpcall(function(...) {body} end, {handler}, 1, 2))"
        ))
    }

    /// `<const>` and `<close>` in the places where they may stand.
    pub(super) fn attributes(&mut self) -> Vec<Node> {
        let (a, b) = (self.fresh(), self.fresh());
        let value = self.rng.pick(&[
            "1",
            "-1",
            "2.5",
            "'s'",
            "nil",
            "true",
            "0x7f",
            "1 << 62",
            "-(1 << 3)",
            "127 + 1",
        ]);
        self.declare(&a, Kind::Any, true);
        self.declare(&b, Kind::Any, true);
        let form = self.rng.pick(&[
            "local A <const>, B = V, 2",
            "local <const> A, B = V, V",
            "local A <const> = V; local B <const> = A",
            "local A <const> = V; local B = function() return A end B = B()",
        ]);
        let uses = self.rng.pick(&[
            "T(A, B)",
            "T(A == V, B)",
            "T(pcall(function() return A + 1 end))",
            "T({[1] = A, x = A})",
            "P(load('local x <const> = 1; x = 2'))",
            "T(pcall(function() return A.x, B.x end))",
        ]);
        let fill = |text: &str| {
            let text = super::meta::replace_word(text, "V", value);
            let text = super::meta::replace_word(&text, "B", &b);
            super::meta::replace_word(&text, "A", &a)
        };
        vec![line(fill(form)), line(fill(uses))]
    }

    /// Source loaded at run time, also through string.dump.
    pub(super) fn load(&mut self) -> Node {
        let outer = std::mem::replace(&mut self.scopes, vec![Vec::new()]);
        self.nest += 1;
        let depth = std::mem::replace(&mut self.depth, 4);
        self.frames.push(Frame {
            vararg: true,
            loops: 0,
        });
        let body = self.scoped(Gen::statements);
        self.frames.pop();
        self.depth = depth;
        self.scopes = outer;
        self.nest -= 1;
        // Sources in sources need brackets of different lengths.
        let level = "=".repeat(8 - self.nest.min(7));
        let name = self.rng.pick(NAMES);
        let (open, close) = (format!("[{level}["), format!("]{level}]"));
        let (head, tail) = match self.rng.below(4) {
            0 => (
                format!("T(pcall(load(string.dump(assert(load({open}"),
                format!("{close}{name}))))))"),
            ),
            1 => (
                format!("T(pcall(load(string.dump(assert(load({open}"),
                format!("{close}{name})), true))))"),
            ),
            2 => (
                format!("do local parts = {{{open}"),
                format!(
                    "{close}, ' return 1'}} local n = 0 T(pcall(assert(load(function() n = n + 1 return parts[n] end{name})))) end"
                ),
            ),
            _ => (
                format!("T(pcall(assert(load({open}"),
                format!("{close}{name})), 1, 'two'))"),
            ),
        };
        block(head, body, tail)
    }

    pub(super) fn introspection(&mut self) -> Node {
        let form = self.rng.pick(&[
            "T(debug.getinfo(1, 'l').currentline, debug.getinfo(1, 'S').short_src, debug.getinfo(1, 'S').what)", "P(function(a, b) local c = 3; for i = 1, 4 do T(debug.getlocal(1, i)) end end, 1, 'x')",
            "T(debug.getinfo(function(a, b, ...) end, 'u'))", "local function named() local i = debug.getinfo(1, 'nSlt') T(i.name, i.namewhat, i.linedefined, i.lastlinedefined, i.istailcall, i.what) end named() do local x = (named()) end",
            "T(debug.getinfo(print, 'S').what, debug.getinfo(print, 'u').isvararg)", "do local u = 1; local function f() return u end T(debug.getupvalue(f, 1)) debug.setupvalue(f, 1, 5) T(f(), u) end",
            "T(select(2, pcall(error, debug.traceback('m', 1))))", "P(function(...) T(debug.getlocal(1, -1)) T(debug.getlocal(1, -3)) end, 1, 2)", "T(debug.getlocal(function(a, bb, c) local d end, 2))", "P(function() local v = 1; debug.setlocal(1, 1, 'set') T(v) end)",
            "do local t = {} debug.sethook(function(e, l) t[#t + 1] = e end, 'c') math.abs(1) debug.sethook() T(#t) end", "T(debug.gethook())", "P(function() local function t() return debug.traceback() end local x = t() return x end)",
            "do local a, b = 1, 2; local f, g = function() return a end, function() return b end debug.upvaluejoin(f, 1, g, 1) T(f(), debug.upvalueid(f, 1) == debug.upvalueid(g, 1)) end",
            "do local t = setmetatable({}, {__index = function(t, k) local i = debug.getinfo(1, 'n') return i.namewhat .. ':' .. tostring(i.name) end}) T(t.x) end",
            "do local s = '' debug.sethook(function(e, l) s = s .. l - debug.getinfo(2, 'S').linedefined .. ' ' end, 'l') local x = 1; x = x + 1 debug.sethook() T(#s > 0) end",
        ]);
        line(format!("do {form} end"))
    }

    /// Values that share registers: nils of several scopes, copies for assignments, conditions as operands.
    pub(super) fn registers(&mut self) -> Node {
        let form = self.rng.pick(&[
            "local r = {} repeat local x local y = #r r[#r + 1] = x == nil x = y until y > 2 T(r)",
            "local a local n = 0 while n < 3 do local b local c T(a, b, c) a, b, c = n, n, n n = n + 1 end",
            "local a for i = 1, 3 do local b if i > 1 then local c T(b, c) c = i end T(a, b) a, b = i, i end",
            "local n = 0 do local a ::again:: local b T(a, b) a, b = n, n n = n + 1 if n < 3 then goto again end end",
            "local fs = {} local n = 0 repeat local x = n fs[#fs + 1] = function() x = x + 1 return x end n = n + 1 until x >= 2 for _, f in ipairs(fs) do T(f(), f()) end",
            "local fs = {} for i = 1, 4 do local x = i * 10 if i == 2 then goto next end fs[#fs + 1] = function() x = x + i return x end ::next:: end for _, f in ipairs(fs) do T(f(), f()) end",
            "local fs = {} local n = 0 while true do local x, y = n, n * 2 fs[#fs + 1] = function() x, y = y, x return x, y end n = n + 1 if n > 2 then break end end for _, f in ipairs(fs) do T(f()) end",
            "local i, t = 1, {} i, t[i] = i + 1, ANY T(i, t)",
            "local i, t = 1, {} t[i], i = ANY, 5 T(i, t)",
            "local i, t = 1, {{}} t[i][i], i, t = ANY, 2, {7} T(i, t)",
            "local t, k = {}, 'k' local u = t t.x, t[k], t, k = 1, 2, {}, 'other' T(u, t, k)",
            "local t = {} local function f() t.x, t = 1, {y = 2} return t end local u = t T(f(), u)",
            "local a, b, c = 1, 2, 3 a, b, c = c, a, b T(a, b, c) a, b = b T(a, b) a, b = c, c, a T(a, b)",
            "local c = BOOL T('a' .. (c and ('b' .. 'c') or 'd'), (c and 'x' or 'y' .. 'z') .. 'w')",
            "local c, d = BOOL, 'd' T(d .. (c and d or d .. '1'), d .. (c and '2' or d .. d .. '3') .. d, d .. (d or d .. '4'), (not c and d or d .. '5') .. d)",
            "local c, d = BOOL, 'd' T(d .. (c and d .. '1' or d), d .. d .. (not c and d .. d .. '2' or ''))",
            "local a, b = NUM, NUM T(a < b or a, a < b and b, not (a < b) or b, (a == b) == (b == a))",
            "local a, b = ANY, ANY local x = a and b local y = a or b local z = not a and b T(x, y, z, a and b or a)",
            "local a, b = nil, false local x = a or b and 1 local y = (a == b) or (a ~= nil) T(x, y, a and b, b or a, b and a)",
            "local a, b = INT, 3 local x = a > b or b == 3 local y = a > b and b == 4 or a T(x, y, 1 <= a, 1 < a, 5 >= b, 3 > b)",
            "local a <const> = -0.0 local b, c = 0.0, -0.0 T(1 / a, 1 / b, 1 / c, 1 / (0.0 - 0), 1 / -c, 1 / (c - 0), 1 / (c + 0))",
            "local z, c = 0.0 * -1.0, 0.0 T(1 / z, 1 / c, 1 / (-0.0), 1 / (0 * -1.0), 1 / -(0.0))",
            "local x, y = 3, 4 local function f() local function g() x, y = y, x return x - y end return g(), x, y end T(f()) T(x, y)",
            "local a, b, c = 1, 2, 3 local function f() a, b, c = c, a, b return function() a = a + 1 b = b + 2 c = c + 3 return function() return a, b, c end end end T(f()()()) T(a, b, c)",
            "local function f(a, b, ...) local x, y, z = a, ... return x, y, z, b end T(f(1)) T(f(1, 2, 3)) T(f(1, 2, 3, 4, 5))",
            "local function f(...) local a, b, c = ..., 'c' local d, e = 'd', ... T(a, b, c, d, e) return ..., 1 end T(f()) T(f(1, 2, 3))",
            "local function f(n) if n == 0 then return 'a', 'b', 'c' end return f(n - 1) end local p, q, r, s = f(3) T(p, q, r, s, (f(2)))",
            "local o = setmetatable({}, {__call = function(self, a, b) return a, b, self ~= nil end}) local function f(...) return o(...) end T(f(1, 2)) T(f()) local p, q, r = f(5, 6) T(p, q, r)",
        ]);
        let text = self.inside(|g| g.fill(form, 1));
        line(format!("P(function() {text} end)"))
    }

    /// Collections whose effect does not depend on when else one happens.
    pub(super) fn collection(&mut self) -> Node {
        let form = self.rng.pick(&[
            "local n = 0; (function() for i = 1, 3 do setmetatable({}, {__gc = function() n = n + 1 end}) end end)() collectgarbage() collectgarbage() T(n)",
            "local w = setmetatable({}, {__mode = 'v'}); (function() w[1] = {} w.x = {} w.keep = 'string' w[2] = 5 end)() collectgarbage() T(w)",
            "local w = setmetatable({}, {__mode = 'k'}); local k = {}; (function() w[{}] = 1 w[k] = 2 w.s = {} end)() collectgarbage() local c = 0 for _ in pairs(w) do c = c + 1 end T(c, w[k])",
            "local e = setmetatable({}, {__mode = 'k'}); (function() local a, b = {}, {} e[a] = b e[b] = a end)() collectgarbage() T(next(e))",
            "local saved; (function() setmetatable({v = 7}, {__gc = function(o) saved = o end}) end)() collectgarbage() T(saved) saved = nil collectgarbage() T(saved)",
            "T(collectgarbage('count') > 0, collectgarbage('isrunning'), collectgarbage('stop'), collectgarbage('isrunning'), collectgarbage('restart'))",
            "T(collectgarbage('incremental')) T(collectgarbage('generational')) collectgarbage() T(collectgarbage('incremental'))", "T(type(collectgarbage('step')), collectgarbage())",
            "local t = {} for i = 1, 50 do t[i] = {i} end t = nil collectgarbage() T('collected')",
            "collectgarbage('stop') local s = '' (function() for i = 1, 4 do setmetatable({}, {__gc = function() s = s .. i end}) end end)() collectgarbage() collectgarbage('restart') T(s)",
            "local w = setmetatable({}, {__mode = 'kv'}); local k = {}; (function() w[{}] = 1 w[k] = {} w[1] = {} w.x = 'text' w[2] = k end)() collectgarbage() T(w[k], w[1], w.x, w[2] == k)",
            "local e, k = setmetatable({}, {__mode = 'k'}), {}; (function() local last = 'end' for i = 1, 12 do local new = {} e[new] = last last = new end e[k] = last end)() collectgarbage() local n, at = 0, k while at ~= 'end' and n < 20 do at, n = e[at], n + 1 end T(n, at)",
            "local w = setmetatable({}, {__mode = 'v'}); local seen; (function() local o = setmetatable({}, {__gc = function(o) seen = w[1] == nil and w.k == nil end}) w[1] = o w.k = {o} end)() collectgarbage() T(seen, w[1])",
            "collectgarbage('stop'); (function() for _, mode in ipairs{'k', 'v', 'kv'} do local w = setmetatable({}, {__mode = mode}); w[1] = {} w.x = {'x'} w[{}] = 'key' setmetatable({w = w}, {__gc = function(o) T(mode, o.w[1], o.w.x, next(o.w) == nil) end}) end end)() collectgarbage() collectgarbage('restart')",
            "local k = setmetatable({}, {__mode = 'k'}); local seen; (function() local o = setmetatable({}, {__gc = function(o) seen = k[o] end}) k[o] = 'still here' end)() collectgarbage() collectgarbage() T(seen, next(k))",
            "local t = {} for i = 1, 9 do t[{}] = i end local n = 0 for k, v in pairs(t) do n = n + v t[k] = nil collectgarbage() end T(n, next(t))",
            "local deep, t, more = {{{}}}, {}, {{{}}} for i = 1, 6 do t[{}] = i end local n = 0 deep[1][1].k = next(t) while deep[1][1].k do n = n + t[deep[1][1].k] t[deep[1][1].k] = nil deep, more = more, deep deep[1][1].k, more[1][1].k = more[1][1].k, nil collectgarbage() deep[1][1].k = next(t, deep[1][1].k) end T(n, next(t))",
            "local old = {} collectgarbage() collectgarbage() for i = 1, 5 do old[i] = {i} old['k' .. i] = {i} old.x = {i} old[{}] = {i} collectgarbage('step') end local n = 0 for k, v in pairs(old) do n = n + v[1] end T(n, old.x[1], old[3][1])",
            "local v, f = {1}, nil f = function(new) if new then v = new end return v end collectgarbage() for i = 1, 4 do f({i}) collectgarbage('step') local junk = {i, {i}} end T(f())",
            "local o = {} collectgarbage() setmetatable(o, {__index = {x = {'deep'}}}) collectgarbage('step') for i = 1, 9 do local junk = {{i}} end T(o.x)",
            "local co = coroutine.wrap(function() local t = {} while true do t[#t + 1] = {coroutine.yield(t)} if #t > 4 then t = {} end end end) co() collectgarbage() for i = 1, 4 do co({i}) collectgarbage('step') local junk = {{i}, {i}} end T(co('last'))",
        ]);
        line(format!("do {form} end"))
    }
}
