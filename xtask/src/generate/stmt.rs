//! Plain statements: locals, assignments, control flow, functions.

use super::tree::{Node, block, line};
use super::{Frame, Gen, Kind};

type Make = fn(&mut Gen) -> Vec<Node>;

/// Every kind of statement with its weight.
const STATEMENTS: &[(u32, Make)] = &[
    (14, |g| vec![g.local_variable()]),
    (10, |g| vec![g.assignment()]),
    (5, |g| vec![g.multiple()]),
    (4, |g| vec![g.order()]),
    (8, |g| vec![g.trace()]),
    (6, |g| vec![g.conditional()]),
    (5, |g| g.integer_loop()),
    (3, |g| g.float_loop()),
    (4, |g| g.while_loop()),
    (3, |g| g.repeat_loop()),
    (4, |g| g.generic_loop()),
    (6, |g| g.local_function()),
    (4, |g| vec![g.protected()]),
    (9, |g| vec![g.wrong()]),
    (4, |g| vec![g.closing()]),
    (5, |g| g.coroutine()),
    (3, |g| g.closures()),
    (4, |g| g.class()),
    (7, |g| vec![g.object_use()]),
    (7, |g| vec![g.library()]),
    (3, |g| vec![g.load()]),
    (3, |g| g.varargs()),
    (2, |g| g.backward_goto()),
    (5, |g| vec![g.record_change()]),
    (5, |g| vec![g.sequence_change()]),
    (2, |g| vec![g.introspection()]),
    (2, |g| vec![g.collection()]),
    (2, |g| g.recursion()),
    (2, |g| g.methods()),
    (2, |g| vec![g.globals()]),
    (2, |g| vec![g.handler()]),
    (2, |g| g.attributes()),
    (5, |g| g.hot()),
    (3, |g| vec![g.shared_locals()]),
    (2, |g| vec![g.tail_calls()]),
    (2, |g| vec![g.callback_errors()]),
    (3, |g| vec![g.changing_class()]),
    (2, |g| vec![g.late_metamethod()]),
    (2, |g| vec![g.two_classes()]),
    (4, |g| g.results()),
    (4, |g| vec![g.table_changes()]),
    (3, |g| vec![g.sequence_changes()]),
    (4, |g| vec![g.registers()]),
    (4, |g| vec![g.aging()]),
    (3, |g| vec![g.pump()]),
];

impl Gen {
    /// Statements, until the budget is used up.
    pub(super) fn statements(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let most = self.rng.range(1, 8);
        for _ in 0..most {
            if self.budget <= 0 {
                break;
            }
            nodes.extend(self.statement());
        }
        nodes
    }

    pub(super) fn statement(&mut self) -> Vec<Node> {
        self.budget -= 1;
        if self.depth > 6 {
            return vec![self.trace()];
        }
        let which = self.rng.weighted(STATEMENTS.iter().map(|s| s.0));
        (STATEMENTS[which].1)(self)
    }

    pub(super) fn local_variable(&mut self) -> Node {
        let kind = match self.rng.below(12) {
            0..=2 => Kind::Int,
            3 | 4 => Kind::Num,
            5 | 6 => Kind::Str,
            7 => Kind::Bool,
            8 => Kind::Seq,
            9 | 10 => Kind::Rec,
            _ => Kind::Any,
        };
        let value = self.of_kind(kind, 2);
        let name = self.fresh();
        let fixed = self.rng.chance(1, 8);
        self.declare(&name, kind, fixed);
        line(format!(
            "local {name}{} = {value}",
            if fixed { " <const>" } else { "" }
        ))
    }

    /// What may be put into a variable of this kind from inside a loop.
    fn stored(&mut self, kind: Kind) -> String {
        let value = self.of_kind(kind, 3);
        match kind {
            Kind::Str if self.frame().loops > 0 || self.rng.chance(1, 2) => format!("CUT({value})"),
            _ => value,
        }
    }

    fn assignment(&mut self) -> Node {
        let found = self.find(|v| !v.fixed && !matches!(v.kind, Kind::Fun(_) | Kind::Obj | Kind::Seq));
        let Some(var) = found else {
            return self.local_variable();
        };
        let value = self.stored(var.kind);
        line(format!("{} = {value}", var.name))
    }

    fn multiple(&mut self) -> Node {
        let a = self.find(|v| !v.fixed && v.kind == Kind::Int);
        let b = self.find(|v| !v.fixed && v.kind == Kind::Any);
        let r = self.variable(Kind::Rec);
        match (a, b, r) {
            (Some(a), Some(b), Some(r)) => {
                let (i, v, w) = (self.int(2), self.any(2), self.any(2));
                line(format!("{}, {}, {r}.x = {i}, {v}, {w}", a.name, b.name))
            }
            (Some(a), _, Some(r)) => {
                let (i, v) = (self.int(2), self.any(2));
                line(format!("{}, {r}[{} & 7] = {i}, {v}", a.name, a.name))
            }
            _ => {
                let (x, y) = (self.fresh(), self.fresh());
                let (v, w, z) = (self.any(2), self.any(2), self.any(1));
                self.declare(&x, Kind::Any, false);
                self.declare(&y, Kind::Any, false);
                line(match self.rng.below(3) {
                    0 => format!("local {x}, {y} = {v}"),
                    1 => format!("local {x}, {y} = {v}, {w}, {z}"),
                    _ => format!("local {x}, {y} = {v}, {w}; {x}, {y} = {y}, {x}"),
                })
            }
        }
    }

    /// Side effects in evaluation order.
    fn order(&mut self) -> Node {
        let Some(r) = self.variable(Kind::Rec) else {
            return self.trace();
        };
        let (a, b, c) = (self.any(1), self.any(1), self.int(1));
        line(match self.rng.below(4) {
            0 => format!("V(1, {r})[V(2, 'x')], V(3, {r})[V(4, 'y')] = V(5, {a}), V(6, {b})"),
            1 => format!("T({{V(1, {a}), [V(2, 'k')] = V(3, {b}), V(4, {c})}})"),
            2 => format!("T(V(1, {c}) + V(2, 1) * V(3, 2), V(4, 'a') .. V(5, {c}), V(6, 1) < V(7, 2))"),
            _ => format!("T(V(1, nil) and V(2, {a}), V(3, false) or V(4, {b}), (V(5, T))(V(6, {c})))"),
        })
    }

    pub(super) fn trace(&mut self) -> Node {
        let list: Vec<String> = (0..self.rng.range(1, 3)).map(|_| self.any(2)).collect();
        line(format!("T({})", list.join(", ")))
    }

    fn conditional(&mut self) -> Node {
        let condition = if self.rng.chance(1, 4) {
            self.any(2)
        } else {
            self.bool(2)
        };
        let mut parts = vec![(format!("if {condition} then"), self.scoped(Gen::statements))];
        while self.rng.chance(1, 3) {
            let condition = self.bool(2);
            parts.push((format!("elseif {condition} then"), self.scoped(Gen::statements)));
        }
        if self.rng.chance(1, 2) {
            parts.push(("else".to_string(), self.scoped(Gen::statements)));
        }
        Node::Block(parts, "end".to_string())
    }

    /// The body of a loop: a step, statements, and perhaps `break` or a jump to its end.
    pub(super) fn loop_body(&mut self, vars: &[(&str, Kind)]) -> Vec<Node> {
        self.frame().loops += 1;
        let body = self.scoped(|g| {
            for (name, kind) in vars {
                g.declare(name, *kind, true);
            }
            let mut nodes = vec![line("S()")];
            nodes.extend(g.statements());
            if g.rng.chance(1, 4) {
                let condition = g.bool(2);
                nodes.push(line(format!("if {condition} then break end")));
            }
            if g.rng.chance(1, 4) {
                g.continue_at_end(&mut nodes);
            }
            nodes
        });
        self.frame().loops -= 1;
        body
    }

    fn continue_at_end(&mut self, nodes: &mut Vec<Node>) {
        self.names += 1;
        let label = format!("next{}", self.names);
        let condition = self.bool(1);
        let inner = nodes.split_off(1.min(nodes.len()));
        nodes.push(line(format!("if {condition} then goto {label} end")));
        nodes.push(block("do", inner, "end"));
        nodes.push(line(format!("::{label}::")));
    }

    fn integer_loop(&mut self) -> Vec<Node> {
        let i = self.fresh();
        let bounds = match self.rng.below(15) {
            0..=4 => format!("1, {}", self.rng.range(0, 6)),
            11 => format!(
                "{}, {}{}.{}, {}",
                self.rng.range(-2, 5),
                self.rng.pick(&["", "-"]),
                self.rng.below(4),
                self.rng.below(10),
                self.rng.pick(&["-1", "-2", "1", "3"])
            ),
            12 | 13 => self
                .rng
                .pick(&[
                    "math.mininteger + 4, -math.huge, -3",
                    "math.mininteger + 1, -2^63, -1",
                    "math.maxinteger - 1, 2^63",
                    "math.maxinteger, math.mininteger, math.mininteger",
                    "1, 0/0",
                    "3, 1e100, 1 << 62",
                    "-3, -1e100, -(1 << 62)",
                    "3, math.huge, -1",
                    "1, -math.huge",
                    "2, math.mininteger, -(1 << 62)",
                    "-1, math.maxinteger, math.maxinteger",
                    "9007199254740992, 2^53 + 2",
                    "1, '3'",
                    "1, 3, 1.0",
                    "1.0, 3, 1",
                ])
                .to_string(),
            5 => format!(
                "{}, {}, {}",
                self.rng.range(0, 9),
                self.rng.range(-4, 4),
                self.rng.range(-3, -1)
            ),
            6 => "math.maxinteger - 2, math.maxinteger".to_string(),
            7 => "math.mininteger + 2, math.mininteger, -1".to_string(),
            8 => "math.mininteger, math.maxinteger, 1 << 62".to_string(),
            9 => "math.maxinteger - 1, math.huge, 3".to_string(),
            10 => format!(
                "{}, {}.{}",
                self.rng.range(0, 2),
                self.rng.range(1, 4),
                self.rng.below(10)
            ),
            _ => {
                let (a, s) = (self.int(1), self.rng.range(1, 9));
                format!("{a} & 15, 20, {s}")
            }
        };
        let body = self.loop_body(&[(&i, Kind::Int)]);
        vec![block(format!("for {i} = {bounds} do"), body, "end")]
    }

    fn float_loop(&mut self) -> Vec<Node> {
        let x = self.fresh();
        let bounds = self.rng.pick(&[
            "0.0, 1.0, 0.25",
            "1.0, 3",
            "3, 1.5, -0.5",
            "1, 2, 0.3",
            "-1.0, -2.0, -0.5",
            "0.1, 0.5, 0.1",
            "2^53, 2^53 + 4, 2.0",
            "-0.0, 0.0, 1.0",
            "1e308, 1.7e308, 5e307",
            "1.0, 0.0",
            "0.0, 0/0, 1.0",
        ]);
        let body = self.loop_body(&[(&x, Kind::Num)]);
        vec![block(format!("for {x} = {bounds} do"), body, "end")]
    }

    fn while_loop(&mut self) -> Vec<Node> {
        let n = self.fresh();
        self.declare(&n, Kind::Int, true);
        let most = self.rng.range(1, 5);
        let extra = if self.rng.chance(1, 3) {
            format!(" and {}", self.bool(2))
        } else {
            String::new()
        };
        let mut body = self.loop_body(&[]);
        body.insert(1, line(format!("{n} = {n} + 1")));
        vec![
            line(format!("local {n} = 0")),
            block(format!("while {n} < {most}{extra} do"), body, "end"),
        ]
    }

    fn repeat_loop(&mut self) -> Vec<Node> {
        let (n, inner) = (self.fresh(), self.fresh());
        self.declare(&n, Kind::Int, true);
        let most = self.rng.range(1, 5);
        self.frame().loops += 1;
        let body = self.scoped(|g| {
            let value = g.any(2);
            let mut nodes = vec![
                line("S()"),
                line(format!("{n} = {n} + 1")),
                line(format!("local {inner} = {value}")),
            ];
            g.declare(&inner, Kind::Any, false);
            nodes.extend(g.statements());
            nodes
        });
        self.frame().loops -= 1;
        let extra = self
            .rng
            .pick(&["@", "@ == 1", "not @", "(function() return @ end)() == 2"])
            .replace('@', &inner);
        vec![
            line(format!("local {n} = 0")),
            block("repeat", body, format!("until {n} >= {most} or {extra}")),
        ]
    }

    fn generic_loop(&mut self) -> Vec<Node> {
        let (k, v) = (self.fresh(), self.fresh());
        if let (Some(s), true) = (self.variable(Kind::Seq), self.rng.chance(1, 2)) {
            let iterator = self.rng.pick(&["ipairs", "pairs"]);
            let body = self.loop_body(&[(&k, Kind::Int), (&v, Kind::Any)]);
            return vec![block(
                format!("for {k}, {v} in {iterator}({{table.unpack({s})}}) do"),
                body,
                "end",
            )];
        }
        if let (Some(r), true) = (self.variable(Kind::Rec), self.rng.chance(1, 4)) {
            let body = self.loop_body(&[(&k, Kind::Int), (&v, Kind::Any)]);
            return vec![block(
                format!("for {k}, {v} in ipairs({r}) do T({k}, {v})"),
                body,
                "end",
            )];
        }
        if let (Some(r), true) = (self.variable(Kind::Rec), self.rng.chance(1, 2)) {
            let sum = self.fresh();
            let change = self
                .rng
                .pick(&["", "", " T1[K] = nil", " T1[K] = 1"])
                .replace("T1", &r)
                .replace('K', &k);
            self.declare(&sum, Kind::Int, true);
            return vec![
                line(format!("local {sum} = 0")),
                line(format!(
                    "for {k}, {v} in pairs({r}) do {sum} = {sum} + H({k}, {v}){change} end T({sum})"
                )),
            ];
        }
        let (form, kinds) = match self.rng.below(4) {
            0 => (
                "function(_, i) i = i + 1; if i < 4 then return i, i * 2 end end, nil, 0",
                [Kind::Int, Kind::Any],
            ),
            1 => (
                "coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i, 'y') end end)",
                [Kind::Int, Kind::Any],
            ),
            2 => (
                "string.gmatch('k1=v1, k2=v2', '(%w+)=(%w+)')",
                [Kind::Str, Kind::Any],
            ),
            _ => (
                "next, {10}, nil, setmetatable({}, {__close = function() T('loop closed') end})",
                [Kind::Int, Kind::Any],
            ),
        };
        let body = self.loop_body(&[(&k, kinds[0]), (&v, kinds[1])]);
        vec![block(format!("for {k}, {v} in {form} do"), body, "end")]
    }

    fn local_function(&mut self) -> Vec<Node> {
        let name = self.fresh();
        let count = self.rng.below(4);
        let node = self.function_node(&format!("local function {name}"), count, false);
        self.declare(&name, Kind::Fun(count), true);
        vec![node]
    }

    /// A function with statements; `head` is what stands before its parameters.
    pub(super) fn function_node(&mut self, head: &str, count: usize, vararg: bool) -> Node {
        let names: Vec<String> = (0..count).map(|_| self.fresh()).collect();
        let mut list = names.join(", ");
        if vararg {
            list.push_str(if count == 0 { "..." } else { ", ..." });
        }
        self.frames.push(Frame { vararg, loops: 0 });
        let body = self.scoped(|g| {
            for name in &names {
                g.declare(name, Kind::Any, false);
            }
            let mut nodes = vec![line("S()")];
            nodes.extend(g.statements());
            if g.rng.chance(1, 4) {
                let (c, v) = (g.bool(2), g.any(1));
                nodes.push(line(format!("if {c} then return {v} end")));
            }
            if g.rng.chance(3, 4) {
                let list: Vec<String> = (0..g.rng.below(4)).map(|_| g.any(2)).collect();
                nodes.push(line(format!("return {}", list.join(", "))));
            }
            nodes
        });
        self.frames.pop();
        block(format!("{head}({list})"), body, "end")
    }

    pub(super) fn protected(&mut self) -> Node {
        self.frames.push(Frame::default());
        let body = self.scoped(|g| {
            let mut nodes = g.statements();
            if g.rng.chance(1, 2) {
                let value = g.any(2);
                let raise = g.rng.pick(&[
                    "error(@)",
                    "error(@, 2)",
                    "error((@), 0)",
                    "assert(false, @)",
                    "assert(nil)",
                    "return @",
                ]);
                nodes.push(line(format!("do {} end", raise.replace('@', &value))));
            }
            nodes
        });
        self.frames.pop();
        block("P(function()", body, "end)")
    }

    fn backward_goto(&mut self) -> Vec<Node> {
        let n = self.fresh();
        let label = format!("again{}", self.names);
        let most = self.rng.range(1, 4);
        let body = self.scoped(|g| {
            g.frame().loops += 1;
            let mut nodes = g.statements();
            g.frame().loops -= 1;
            nodes.push(line(format!("{n} = {n} + 1 S()")));
            nodes
        });
        let jump = line(format!("if {n} < {most} then goto {label} end"));
        let inner = vec![
            line(format!("local {n} = 0")),
            line(format!("::{label}::")),
            block("do", body, "end"),
            jump,
        ];
        vec![block("do", inner, "end")]
    }

    fn record_change(&mut self) -> Node {
        let Some(r) = self.variable(Kind::Rec) else {
            return self.local_variable();
        };
        let key = self.rng.pick(&[
            ".x", ".y", ".n", "[1]", "[2]", "[3]", "[-1]", "['k']", "[1.5]", "[2^53]", "[true]", "[1.0]",
        ]);
        let value = if self.rng.chance(1, 4) {
            "nil".to_string()
        } else {
            self.any(2)
        };
        line(format!("{r}{key} = {value}"))
    }

    fn sequence_change(&mut self) -> Node {
        let Some(s) = self.variable(Kind::Seq) else {
            return self.local_variable();
        };
        let v = if self.rng.chance(1, 2) {
            self.int(1)
        } else {
            self.str(1)
        };
        let form = self.rng.pick(&[
            "if #Q < 40 then Q[#Q + 1] = (V) end",
            "if #Q < 40 then table.insert(Q, (V)) end",
            "if #Q < 40 then table.insert(Q, 1, (V)) end",
            "T(table.remove(Q))",
            "T(table.remove(Q, 1))",
            "Q[#Q] = nil",
            "T(#Q, table.unpack(Q))",
            "T(table.concat(Q, '|'))",
            "if #Q > 0 then Q[#Q] = (V) end",
            "T(#table.move(Q, 1, #Q, 2, {0}))",
            "T(select('#', table.unpack(Q)))",
            "table.sort(Q, function(a, b) return tostring(a) < tostring(b) end) T(table.concat(Q, ' '))",
            "T(next(Q))",
            "T(table.unpack(Q, 2, 3))",
            "for i = 1, #Q do T(Q[i]) end",
            "T(rawlen(Q), rawget(Q, 1), rawequal(Q, Q))",
        ]);
        line(form.replace('Q', &s).replace("(V)", &format!("({v})")))
    }
}
