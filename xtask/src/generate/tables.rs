//! Tables that grow, shrink and change their shape, and what stands in them afterwards.

use super::Gen;
use super::tree::{Node, block, line};

/// Ways to fill or change a table `t`; `A`, `B`: small numbers, `C`: a step, `V`: what is stored under `i`.
const CHANGES: &[&str] = &[
    "for i = A, B do t[i] = V end",
    "for i = B, A, -1 do t[i] = V end",
    "for i = 1, B, C do t[i] = V end",
    "for i = A, B do t[i] = nil end",
    "for i = 1, B, 2 do t[i] = nil end",
    "for i = 1, B do if i % (C + 2) ~= 0 then t[i] = nil end end",
    "for i = 1, 16 do t[i] = V end for i = 1, 15 do if i % C ~= 1 then t[i] = nil end end for i = 1, C do t[-i] = V end",
    "for i = 1, B do t[2 ^ (i % 9)] = V end",
    "for i = -A, A do t[i + 0.0] = V end",
    "for i = -3, 3 do t[i / 2] = V end",
    "for i = 1, B do t['k' .. i] = V end",
    "for i = 1, B, 2 do t['k' .. i] = nil end",
    "for i = A, B do t[i * 100] = V end",
    "t.x, t.y, t.z = A, B, C",
    "t.x, t[1], t[1.5], t[true] = nil, A, B, C",
    "for k, v in pairs(t) do t[k] = nil end T(next(t))",
    "for k, v in pairs(t) do if H(k, v) % 2 == 0 then t[k] = nil end end",
    "for k, v in pairs(t) do t[k] = V2 end",
    "for k in next, t do t[k] = nil collectgarbage('step') end",
    "t[A], t[B] = t[B], t[A]",
    "t = {[1] = A, [2] = B, C, x = A}",
    "t = {C, [1] = A, n = B, table.unpack({1, 2, 3}, 1, A % 4)}",
    "t = {A, B, nil, C, nil}",
    "t = {1, 2, 3, x = 1} t[4] = 2.5 t[5] = 's'",
    "t = {1.5, 2.5, 3.5} t[2] = A t[4] = B",
    "t = {x = 1, y = 2.5, z = 's', w = true} t.x = 1.5 t.y = nil t.v = {}",
    "local i = A t[i], i = i, B t[i] = i",
    "local i = A i, t[i] = i + 1, 'old' t[i] = 'new'",
    "t = table.move(t, 1, A, B)",
    "t = table.pack(table.unpack(t, 1, A))",
    "t = setmetatable(t, {__index = function(_, k) return k end}) T(t[A], t.nothing)",
    "for i = 1, 3 do local f = function() return t end f()[i] = f end",
];

const VALUES: &[&str] = &[
    "i",
    "i * 0.5",
    "'v' .. i",
    "{i}",
    "i % 2 == 0",
    "i // 3",
    "-i",
    "'s'",
];

/// Changes of a proper sequence `q`, after which it is one.
const SEQUENCE: &[&str] = &[
    "for i = 1, A do q[#q + 1] = V end",
    "for i = 1, A do if #q > 0 then q[#q] = nil end end",
    "for i = 1, C do table.insert(q, 1, V) end",
    "for i = 1, C do T(table.remove(q, 1)) end",
    "if #q > 3 then T(table.remove(q, #q - 1), table.remove(q, 2)) end",
    "if #q > 3 then table.insert(q, #q, 'before last') table.insert(q, 2, 2.5) end",
    "q = {table.unpack(q)}",
    "q = table.move(q, 1, #q, C + 1, {1, 2, 3, 4, 5, 6, 7, 8, 9})",
    "for i = #q, 1, -1 do if i % 2 == 0 then table.remove(q, i) end end",
    "table.sort(q, function(a, b) return show(a) < show(b) end)",
    "table.sort(q, function(a, b) return show(a) > show(b) end)",
    "for i = 1, #q do q[i] = V end",
    "while #q > 5 do q[#q] = nil end",
];

impl Gen {
    fn filled(&mut self, form: &str) -> String {
        let value = self.rng.pick(VALUES);
        let (a, b, c) = (self.rng.range(1, 12), self.rng.range(2, 40), self.rng.range(1, 5));
        let text = super::meta::replace_word(form, "V2", "v and 'again'");
        let text = super::meta::replace_word(&text, "V", value);
        let text = super::meta::replace_word(&text, "A", &a.to_string());
        let text = super::meta::replace_word(&text, "B", &b.to_string());
        super::meta::replace_word(&text, "C", &c.to_string())
    }

    /// Any table: nothing asks for its border.
    pub(super) fn table_changes(&mut self) -> Node {
        let mut nodes = vec![line("local t = {}")];
        for _ in 0..self.rng.range(2, 6) {
            let form = self.rng.pick(CHANGES);
            nodes.push(line(format!("P(function() S() {} end)", self.filled(form))));
            if self.rng.chance(1, 2) {
                nodes.push(line(
                    "do local n, h = 0, 0 for k, v in pairs(t) do n, h = n + 1, h + H(k, v) end T(n, h) end",
                ));
            }
            if self.rng.chance(1, 3) {
                let (a, b) = (self.rng.range(-3, 40), self.rng.range(1, 12));
                nodes.push(line(format!("T(t[{a}], t[{b}], rawget(t, {b}.0), t.x, t.k{b})")));
            }
        }
        nodes.push(line("T(t)"));
        block("do", nodes, "end")
    }

    /// A sequence: its length is defined all the time.
    pub(super) fn sequence_changes(&mut self) -> Node {
        let mut nodes = vec![line("local q = {}")];
        for _ in 0..self.rng.range(2, 7) {
            let form = self.rng.pick(SEQUENCE);
            nodes.push(line(format!(
                "P(function() S() {} end) T(#q, q[#q])",
                self.filled(form)
            )));
        }
        nodes.push(line("T(#q, q)"));
        block("do", nodes, "end")
    }
}
