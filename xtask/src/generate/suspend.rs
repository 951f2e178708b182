//! Coroutines.

use super::tree::{Node, block, line};
use super::{Gen, Kind};

const YIELDS: &[&str] = &[
    "T(coroutine.yield(ANY, ANY))",
    "T(pcall(coroutine.yield, ANY))",
    "T(pcall(function() local r = coroutine.yield(ANY) error(r) end))",
    "for i in coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) do coroutine.yield(i) end",
    "for i, v in function(_, i) i = i + 1; coroutine.yield('iter', i) if i < 3 then return i end end, nil, 0 do T(i, v) end",
    "do local c <close> = setmetatable({}, {__close = function(_, e) T('closing', e) coroutine.yield('in close') end}) coroutine.yield(ANY) end",
    "T(setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end}).field)",
    "T(setmetatable({}, {__add = function(a, b) return (coroutine.yield('add')) end}) + 1)",
    "T(setmetatable({}, {__concat = function(a, b) return (coroutine.yield('concat')) end}) .. 'x')",
    "T(setmetatable({}, {__lt = function(a, b) return coroutine.yield('lt') end}) < 1)",
    "setmetatable({}, {__newindex = function(t, k, v) coroutine.yield(k, v) end}).key = ANY",
    "T(setmetatable({}, {__call = function(_, ...) return coroutine.yield(...) end})(1, ANY))",
    "T(setmetatable({}, {__len = function() return coroutine.yield('len') end}) == 1)",
    "T(setmetatable({}, {__eq = function() return coroutine.yield('eq') end}) == setmetatable({}, {}))",
    "T(#setmetatable({}, {__len = function() return coroutine.yield('len') end}))",
    "T(xpcall(function() coroutine.yield(ANY) error('x') end, function(m) return 'handled ' .. tostring(m) end))",
    "T(pcall(table.sort, {3, 2, 1}, function(a, b) coroutine.yield() end))",
    "T(pcall(string.gsub, 'abc', '.', function() coroutine.yield() end))",
    "T(select('#', coroutine.yield()))",
    "T((function(...) return coroutine.yield(...) end)(1, 2, 3))",
    "return coroutine.yield(ANY)",
    "T(coroutine.isyieldable(), coroutine.status(coroutine.running()), select(2, coroutine.running()))",
    "T(coroutine.resume(coroutine.running()))",
    "T(coroutine.resume(coroutine.create(function(...) T(coroutine.yield(...)) return 'inner' end), ANY))",
    "error({code = ANY})",
    "error('in coroutine')",
    "T(pcall(coroutine.close, coroutine.running()))",
    "local x <close> = setmetatable({}, {__close = function(_, e) T('outer close', e) end})",
    "T(load('return coroutine.yield(...)')(ANY))",
    "T(coroutine.wrap(function(...) return select('#', ...) end)(ANY, nil))",
    "if coroutine.yield('cond') then T('yes') else T('no') end",
    "local t = {coroutine.yield(1), coroutine.yield(2), coroutine.yield()} T(t)",
    "T(coroutine.yield(1) == coroutine.yield(2))",
    "do local me = coroutine.running() local w = coroutine.wrap(function() T(me, coroutine.resume(me)) coroutine.yield() T(me, pcall(coroutine.close, me)) end) w() w() T(me) end",
    "do local me, co = coroutine.running() co = coroutine.create(function(...) for i = 1, 3 do T(co, me, coroutine.yield(...)) end end) for i = 1, 5 do T(coroutine.resume(co, i, ANY)) end T(co, coroutine.close(co)) end",
    "local p, q, r, s = coroutine.yield(ANY) T(p, q, r, s)",
    "T(pcall(coroutine.yield, 1, 2, ANY))",
    "T(coroutine.isyieldable(coroutine.running()), coroutine.isyieldable(coroutine.create(print)))",
];

/// Bodies that yield at the same place again and again.
const PUMPED: &[&str] = &[
    "while true do local x = coroutine.yield(ANY) T(x) end",
    "for i = 1, 9 do local x, y, z = coroutine.yield(i, ANY) T(x, y, z) end",
    "for i = 1, 9 do coroutine.yield() end",
    "for i = 1, 3 do T(coroutine.yield(i, 'i')) end return 'end'",
    "while true do T((coroutine.yield(...))) end",
    "local function y(...) return coroutine.yield(...) end for i = 1, 9 do local a = y(i) T(a) end",
    "for i = 1, 4 do local x = coroutine.yield(i) if i == 3 then error('at three') end end",
    "for i = 1, 9 do local c <close> = nil local a, b = coroutine.yield(i) T(a, b) end",
    "local n = 0 while n < 5 do n = n + #{coroutine.yield(n, n)} end return n",
    "for i in function(_, i) return coroutine.yield(i) end, nil, 0 do T(i) end return 'over'",
    "for i = 1, 9 do if coroutine.yield(i) then T('true') else T('false') end end",
    "for i = 1, 9 do T(pcall(function(...) local a = coroutine.yield(...) return a end, i)) end",
];

/// What resumes them at the same place again and again.
const PUMPS: &[&str] = &[
    "for i = 1, 5 do local ok = coroutine.resume(co, i) T(ok) end",
    "for i = 1, 5 do local ok, v = coroutine.resume(co, i, 'x') T(ok, v) end",
    "for i = 1, 5 do local ok, v, w, u = coroutine.resume(co) T(ok, v, w, u) end",
    "for i = 1, 5 do coroutine.resume(co, i) T(coroutine.status(co)) end",
    "for i = 1, 5 do T(coroutine.resume(co, i, nil, 3)) end",
    "for i = 1, 9 do if not coroutine.resume(co, i % 3 == 0) then break end end",
    "local w = coroutine.wrap(body) for i = 1, 5 do local v, u = w(i) T(v, u) end",
    "local w = coroutine.wrap(body) for i = 1, 5 do w(i, 'x') end",
    "local w = coroutine.wrap(body) for i = 1, 5 do local v = w() T(v) end",
    "local w, n = coroutine.wrap(body), 0 for v, u in w do n = n + 1 T(v, u) if n > 4 then break end end",
    "local w = coroutine.wrap(function() for i = 1, 4 do T(coroutine.resume(co, i)) coroutine.yield(i) end end) for i = 1, 4 do T((w())) end",
    "for i = 1, 5 do local a, b = i, {coroutine.resume(co, i)} T(a, b) end",
];

impl Gen {
    /// A coroutine that is switched to and from in loops.
    pub(super) fn pump(&mut self) -> Node {
        let body = self.rng.pick(PUMPED);
        let body = self.inside(|g| g.fill(body, 1));
        let pump = self.rng.pick(PUMPS);
        line(format!(
            "P(function() local body = function(...) {body} end local co = coroutine.create(body) {pump} end)"
        ))
    }

    /// A coroutine and the calls that drive it.
    pub(super) fn coroutine(&mut self) -> Vec<Node> {
        let (co, body_name) = (self.fresh(), self.fresh());
        let body = self.coroutine_body(&format!("local function {body_name}"));
        let mut nodes = vec![body];
        if self.rng.chance(1, 3) {
            nodes.push(line(format!("local {co} = coroutine.wrap({body_name})")));
            for _ in 0..self.rng.range(1, 6) {
                let value = self.any(1);
                nodes.push(line(format!("P({co}, {value})")));
            }
            return nodes;
        }
        nodes.push(line(format!("local {co} = coroutine.create({body_name})")));
        for _ in 0..self.rng.range(1, 7) {
            let value = self.any(1);
            nodes.push(line(match self.rng.below(6) {
                0 => format!("T(coroutine.resume({co}))"),
                1 => format!("T(coroutine.resume({co}, 'first', {value}))"),
                2 => format!("do local ok, a, b, c = coroutine.resume({co}, 1, {value}) T(ok, a, b, c) end"),
                _ => format!("T(coroutine.resume({co}, {value}))"),
            }));
        }
        nodes.push(line(format!("T(coroutine.status({co}))")));
        if self.rng.chance(1, 2) {
            nodes.push(line(format!(
                "T(coroutine.close({co})) T(coroutine.status({co}), coroutine.resume({co}))"
            )));
        }
        if self.rng.chance(1, 6) {
            nodes.push(line(format!(
                "T(debug.traceback({co}), debug.traceback({co}, 'msg', 1))"
            )));
        }
        nodes
    }

    fn coroutine_body(&mut self, head: &str) -> Node {
        self.frames.push(super::Frame {
            vararg: true,
            loops: 0,
        });
        let parameter = self.fresh();
        let body = self.scoped(|g| {
            g.declare(&parameter, Kind::Any, false);
            let mut nodes = vec![line("S()")];
            for _ in 0..g.rng.range(1, 4) {
                nodes.push(g.yielding());
                if g.rng.chance(1, 3) {
                    nodes.extend(g.statement());
                }
            }
            let result = g.any(1);
            nodes.push(line(format!("return {result}")));
            nodes
        });
        self.frames.pop();
        block(format!("{head}({parameter}, ...)"), body, "end")
    }

    fn yielding(&mut self) -> Node {
        let form = self.rng.pick(YIELDS);
        let text = self.inside(|g| g.fill(form, 1));
        if text.starts_with("return") || text.starts_with("error") {
            let condition = self.bool(1);
            return line(format!("if {condition} then {text} end"));
        }
        if self.rng.chance(1, 4) && !text.starts_with("local") {
            return block("for i = 1, 2 do", vec![line("S()"), line(text)], "end");
        }
        line(text)
    }
}
