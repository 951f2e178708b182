//! Objects that have survived a collection and are given new ones: what a generational collector sees
//! through its barriers only.

use super::Gen;
use super::tree::{Node, line};

/// An old object `o`, a statement that puts something new into it, and what shows it again.
const FORMS: &[[&str; 3]] = &[
    ["{x = 0}", "o.x = {i}", "o.x"],
    ["{}", "o['k' .. i] = {i}", "o.k1, o.k4"],
    ["{}", "o.x, o.y = {i}, {o.x}", "o.x, o.y"],
    ["{}", "o[#o + 1] = {i}", "o"],
    ["{{}, {}, {}}", "o[i % 3 + 1] = {i}", "o"],
    ["{1.5, 2.5, 3.5}", "o[i] = {i}", "o"],
    [
        "{}",
        "o[{}] = {i}",
        "(function() local n = 0 for k, v in pairs(o) do n = n + v[1] end return n end)()",
    ],
    ["{}", "o[i * 100] = {i}", "o[100], o[400]"],
    ["{}", "o[i] = ('s'):rep(50 + i)", "o"],
    ["{}", "o[i] = 'key' .. i o['key' .. i] = i", "o"],
    ["{}", "table.insert(o, {i})", "o"],
    ["{}", "table.insert(o, 1, {i})", "o"],
    ["{}", "table.move({{i}, {i}}, 1, 2, i, o)", "o"],
    ["{}", "rawset(o, i, {i})", "o"],
    ["{}", "rawset(o, 'x', {i})", "o.x"],
    ["{x = {}}", "o.x.y = {i} o.x.y.z = {i}", "o.x.y.z"],
    ["{}", "o = {o, {i}}", "o[2], o[1][2], o[1][1][2]"],
    ["{n = 1}", "for k in pairs(o) do o[k] = {i} end", "o"],
    ["{'a', 'b'}", "o[1], o[2] = {o[2]}, {i}", "o[1], o[2]"],
    [
        "{}",
        "string.gsub('abc', '%w', function(c) o[c] = {c .. i} end)",
        "o",
    ],
    ["{}", "setmetatable(o, {__index = {x = {i}}})", "o.x"],
    ["{}", "debug.setmetatable(o, {__index = {x = {i}}})", "o.x"],
    [
        "setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, {v}) end})",
        "o[i] = i",
        "o",
    ],
    [
        "setmetatable({}, {__index = function(t, k) local v = {k} t[k] = v return v end})",
        "local v = o[i]",
        "o",
    ],
    [
        "setmetatable({}, {__mode = 'v'})",
        "local v = {i} o[1] = v collectgarbage('step') T(o[1] == v)",
        "o[2]",
    ],
    [
        "(function() local v = {0} return function(n) if n then v = n end return v end end)()",
        "o({i})",
        "o()",
    ],
    [
        "(function() local v return {function(n) v = {n} end, function() return v end} end)()",
        "o[1](i)",
        "o[2]()",
    ],
    [
        "(function() local v return function() return v end end)()",
        "debug.setupvalue(o, 1, {i})",
        "o()",
    ],
    [
        "{}",
        "do local v = 0 o[i] = function() return v end collectgarbage('step') v = {i} end",
        "o[1](), o[4]()",
    ],
    [
        "{}",
        "do local v, w = {i} o[i] = function(n) v, w = {v, n}, v return v, w end o[i](i) end",
        "o[1](1), o[3](2)",
    ],
    [
        "coroutine.wrap(function() local t = {} while true do t[#t % 4 + 1] = {coroutine.yield(t)} end end)",
        "o({i})",
        "o()",
    ],
    [
        "coroutine.wrap(function() local a, b while true do a, b = {coroutine.yield(a, b)}, a end end)",
        "o({i})",
        "o()",
    ],
    [
        "coroutine.wrap(function(...) local a = ... while true do local b = {coroutine.yield(a)} a = function() return b end end end)",
        "o({i})",
        "o()()",
    ],
];

impl Gen {
    /// An old object that gets new values, with garbage in between.
    pub(super) fn aging(&mut self) -> Node {
        let [create, store, read] = FORMS[self.rng.below(FORMS.len())];
        let age = self.rng.pick(&[
            "collectgarbage()",
            "collectgarbage() collectgarbage()",
            "collectgarbage('step')",
            "",
        ]);
        let garbage = self.rng.pick(&[
            "local g = {{-i}, 'garbage' .. i, function() return i end}",
            "collectgarbage('step') local g = {{'g'}, {i, i}, {'g', x = i}}",
            "for j = 1, 9 do local g = {{-j}, {x = j}, 'g' .. i * j} end",
        ]);
        line(format!(
            "P(function() local o = {create} {age} for i = 1, 5 do S() {store} {garbage} end T({read}) end)"
        ))
    }
}
