//! Expressions by the kind of value they give.

use super::{Gen, Kind};

const INT_OPS: &[&str] = &["+", "-", "*", "&", "|", "~"];
const NUM_OPS: &[&str] = &["+", "-", "*", "/"];
const COMPARE: &[&str] = &["<", "<=", ">", ">=", "==", "~="];
const METHODS: &[&str] = &[
    ":upper()",
    ":lower()",
    ":reverse()",
    ":sub(2)",
    ":sub(-3, -2)",
    ":sub(2, 4)",
    ":rep(2)",
    ":rep(3, ',')",
    ":sub(0)",
    ":gsub('%w', '%0%0', 2)",
    ":gsub('', '-')",
    ":match('%a+') or ''",
    ":gsub('[aeiou]', {a = 'A', e = false})",
    ":format(1, 2)",
    ":gsub('(%w)(%w)', '%2%1')",
    ":rep(0)",
    ":gsub('%s+$', '')",
];
const FORMATS: &[&str] = &[
    "'%d', INT",
    "'%5d|%-5d|', INT, INT",
    "'%x %X %o', INT & 0xffff, INT & 255, INT & 7",
    "'%q', STR",
    "'%s %s', NUM, BOOL",
    "'%10.3s|', STR",
    "'%.3f', NUM",
    "'%g', NUM",
    "'%e', NUM",
    "'%c%c', 65, 66",
    "'%i', INT",
    "'%+d % d', INT, INT",
    "'%a', NUM",
    "'%q', NUM",
    "'%q', INT",
    "'%-10s|', STR",
    "'%.14g', NUM",
    "'%05d', INT",
    "'%#x', INT",
    "'%%'",
    "'%.20s', ANYSTR",
];

impl Gen {
    /// Wraps a text in parentheses, most of the time.
    fn paren(&mut self, text: String) -> String {
        if self.rng.chance(2, 3) {
            format!("({text})")
        } else {
            text
        }
    }

    /// A line break at a place where one may be.
    fn gap(&mut self) -> &'static str {
        if self.rng.chance(1, 40) { "\n      " } else { " " }
    }

    fn binary(&mut self, a: String, op: &str, b: String) -> String {
        let gap = self.gap();
        let text = format!("{a} {op}{gap}{b}");
        self.paren(text)
    }

    pub(super) fn of_kind(&mut self, kind: Kind, d: usize) -> String {
        match kind {
            Kind::Int => self.int(d),
            Kind::Num => self.num(d),
            Kind::Str => self.str(d),
            Kind::Bool => self.bool(d),
            Kind::Seq => self.seq(d),
            Kind::Rec => self.rec(d),
            Kind::Fun(n) => self.function(n, d),
            Kind::Obj => self.obj(d),
            Kind::Any => self.any(d),
        }
    }

    pub(super) fn int(&mut self, d: usize) -> String {
        if d == 0 || self.rng.chance(1, 4) {
            return match self.variable(Kind::Int) {
                Some(name) if self.rng.chance(2, 3) => name,
                _ => self.int_literal(),
            };
        }
        match self.rng.below(13) {
            0..=3 => {
                let (a, b) = (self.int(d - 1), self.int(d - 1));
                let op = self.rng.pick(INT_OPS);
                self.binary(a, op, b)
            }
            4 => {
                let (a, b) = (self.int(d - 1), self.divisor());
                let op = self.rng.pick(&["//", "%"]);
                self.binary(a, op, b)
            }
            5 => {
                let (a, b) = (
                    self.int(d - 1),
                    self.rng.pick(&["0", "1", "5", "63", "64", "65", "-1", "-64"]),
                );
                let op = self.rng.pick(&["<<", ">>"]);
                format!("({a} {op} {b})")
            }
            6 => {
                let a = self.int(d - 1);
                let op = self.rng.pick(&["-", "~"]);
                format!("{op} {a}")
            }
            7 => {
                let s = self.str(d - 1);
                self.rng
                    .pick(&[
                        "#(@)",
                        "((@):byte(1) or 0)",
                        "((@):byte(-1) or 1)",
                        "((@):find('a', 1, true) or 0)",
                    ])
                    .replace('@', &s)
            }
            8 => {
                let v = self.any(d - 1);
                format!("I({v})")
            }
            9 => {
                let (c, a, b) = (self.bool(d - 1), self.int(d - 1), self.int(d - 1));
                format!("({c} and {a} or {b})")
            }
            10 => self.counted(),
            11 => self.int_call(d),
            _ => {
                let (a, b) = (
                    self.int(d - 1),
                    self.rng.pick(&["1", "2", "100", "-1", "127", "-128", "128"]),
                );
                let op = self.rng.pick(INT_OPS);
                self.binary(a, op, b.to_string())
            }
        }
    }

    /// A count of something that the scope has.
    fn counted(&mut self) -> String {
        if let Some(s) = self.variable(Kind::Seq) {
            return format!("#{s}");
        }
        if self.frame().vararg {
            "select('#', ...)".to_string()
        } else {
            self.int_literal()
        }
    }

    fn int_call(&mut self, d: usize) -> String {
        let (a, b) = (self.int(d - 1), self.int(d - 1));
        let form = self.rng.pick(&[
            "math.abs(A)",
            "math.max(A, B)",
            "math.min(A, B, 5)",
            "math.tointeger(A)",
            "(math.ult(A, B) and 1 or 0)",
            "I(math.floor(A))",
            "I(A // 1)",
            "(tonumber(A) or 0)",
            "I(tonumber(tostring(A)))",
            "(A & 0xff)",
            "I(math.fmod(A, 7))",
            "I(A % 16)",
        ]);
        form.replace('A', &a).replace('B', &b)
    }

    pub(super) fn num(&mut self, d: usize) -> String {
        if d == 0 || self.rng.chance(1, 4) {
            return match self.variable(Kind::Num) {
                Some(name) if self.rng.chance(2, 3) => name,
                _ if self.rng.chance(1, 2) => self.float_literal(),
                _ => self.int(d),
            };
        }
        match self.rng.below(8) {
            0..=3 => {
                let (a, b) = (self.num(d - 1), self.num(d - 1));
                let op = self.rng.pick(NUM_OPS);
                self.binary(a, op, b)
            }
            4 => {
                let (a, b) = (
                    self.num(d - 1),
                    self.rng
                        .pick(&["2.0", "-3.5", "0.0", "1e10", "math.huge", "-math.huge", "2"]),
                );
                let op = self.rng.pick(&["//", "%", "/"]);
                format!("({a} {op} {b})")
            }
            5 => {
                let (a, b) = (self.num(d - 1), self.rng.pick(&["2", "0.5", "3", "-1", "0"]));
                format!("({a}) ^ {b}")
            }
            6 => {
                let a = self.num(d - 1);
                let form = self.rng.pick(&[
                    "- @",
                    "math.floor(@)",
                    "math.ceil(@)",
                    "math.abs(@)",
                    "(@ + '10')",
                    "('0x10' * @)",
                    "math.sqrt(math.abs(@))",
                    "math.fmod(@, 3.0)",
                    "select(2, math.modf(@))",
                    "(tonumber(tostring(@)) or 0)",
                    "('1e1' - @)",
                ]);
                if form.starts_with('-') {
                    format!("(- {a})")
                } else {
                    form.replace('@', &a)
                }
            }
            _ => {
                let (c, a, b) = (self.bool(d - 1), self.num(d - 1), self.num(d - 1));
                format!("({c} and {a} or {b})")
            }
        }
    }

    pub(super) fn str(&mut self, d: usize) -> String {
        if d == 0 || self.rng.chance(1, 4) {
            return match self.variable(Kind::Str) {
                Some(name) if self.rng.chance(2, 3) => name,
                _ => self.str_literal(),
            };
        }
        match self.rng.below(9) {
            0..=2 => {
                let (a, b) = (self.str(d - 1), self.concat_operand(d - 1));
                let gap = self.gap();
                format!("({a} ..{gap}{b})")
            }
            3 => {
                let (a, b, c) = (
                    self.concat_operand(d - 1),
                    self.str(d - 1),
                    self.concat_operand(d - 1),
                );
                format!("({a} .. {b} .. {c})")
            }
            4 => {
                let a = self.str(d - 1);
                let method = self.rng.pick(METHODS);
                format!("(({a}){method})")
            }
            5 => {
                let form = self.rng.pick(FORMATS);
                let filled = self.fill(form, d - 1);
                format!("string.format({filled})")
            }
            7 => {
                let (c, a, b) = (self.bool(d - 1), self.str(d - 1), self.str(d - 1));
                format!("({c} and {a} or {b})")
            }
            6 => match self.variable(Kind::Seq) {
                Some(s) => format!("table.concat({s}, {})", self.rng.pick(&["','", "''", "', '"])),
                None => self.str_literal(),
            },
            _ => {
                let a = self.num(d - 1);
                format!("tostring({a})")
            }
        }
    }

    fn concat_operand(&mut self, d: usize) -> String {
        match self.rng.below(3) {
            0 => self.str(d),
            1 => format!("({})", self.int(d)),
            _ => format!("({})", self.num(d)),
        }
    }

    /// Fills the words INT, NUM, STR, ANYSTR, BOOL, SMALL and ANY of a form.
    pub(super) fn fill(&mut self, form: &str, d: usize) -> String {
        let mut out = String::new();
        let mut rest = form;
        let words = ["INT", "NUM", "ANYSTR", "STR", "BOOL", "SMALL", "ANY"];
        while let Some((at, word)) = words
            .iter()
            .filter_map(|w| rest.find(w).map(|at| (at, *w)))
            .min_by_key(|(at, w)| (*at, 9 - w.len()))
        {
            out.push_str(&rest[..at]);
            out.push_str(&match word {
                "INT" => self.int(d),
                "NUM" => self.num(d),
                "SMALL" => self.rng.range(-4, 12).to_string(),
                "BOOL" => self.bool(d),
                "ANY" => self.any(d),
                _ => self.str(d),
            });
            rest = &rest[at + word.len()..];
        }
        out + rest
    }

    pub(super) fn bool(&mut self, d: usize) -> String {
        if d == 0 || self.rng.chance(1, 6) {
            return match self.variable(Kind::Bool) {
                Some(name) if self.rng.chance(1, 2) => name,
                _ => self.rng.pick(&["true", "false"]).to_string(),
            };
        }
        let op = self.rng.pick(COMPARE);
        match self.rng.below(7) {
            0 | 1 => {
                let (a, b) = (self.int(d - 1), self.int(d - 1));
                format!("({a} {op} {b})")
            }
            2 => {
                let (a, b) = (self.num(d - 1), self.num(d - 1));
                format!("({a} {op} {b})")
            }
            3 => {
                let (a, b) = (self.str(d - 1), self.str(d - 1));
                format!("({a} {op} {b})")
            }
            4 => {
                let a = self.any(d - 1);
                format!("not ({a})")
            }
            5 => {
                let (a, b) = (self.bool(d - 1), self.bool(d - 1));
                format!("({a} {} {b})", self.rng.pick(&["and", "or", "==", "~="]))
            }
            _ => {
                let (a, b) = (self.any(d - 1), self.any(d - 1));
                format!("(({a}) {} ({b}))", self.rng.pick(&["==", "~="]))
            }
        }
    }

    /// A new sequence.
    pub(super) fn seq(&mut self, d: usize) -> String {
        let d = d.saturating_sub(1);
        let mut items: Vec<String> = Vec::new();
        for _ in 0..self.rng.below(7) {
            let item = if self.rng.chance(2, 3) {
                self.int(d)
            } else {
                self.str(d)
            };
            items.push(if item.starts_with('(') {
                item
            } else {
                format!("({item})")
            });
        }
        format!("{{{}}}", items.join(", "))
    }

    /// A new table of any shape.
    pub(super) fn rec(&mut self, d: usize) -> String {
        let d = d.saturating_sub(1);
        let mut items = Vec::new();
        for _ in 0..self.rng.below(6) {
            let value = self.any(d);
            items.push(match self.rng.below(6) {
                0 | 1 => format!("{} = {value}", self.rng.pick(&["x", "y", "z", "n", "name"])),
                2 => format!("[{}] = {value}", self.rng.range(-2, 6)),
                3 => format!(
                    "[{}] = {value}",
                    self.rng.pick(&[
                        "1.0",
                        "2^53",
                        "1.5",
                        "true",
                        "'k'",
                        "'x'",
                        "math.maxinteger",
                        "-1"
                    ])
                ),
                4 => "nil".to_string(),
                _ => value,
            });
        }
        if self.frame().vararg && self.rng.chance(1, 4) {
            items.push("...".to_string());
        }
        let sep = self.rng.pick(&[", ", "; ", ",\n      "]);
        format!("{{{}}}", items.join(sep))
    }

    /// An object, or a table when there is none in scope.
    fn obj(&mut self, d: usize) -> String {
        self.variable(Kind::Obj).unwrap_or_else(|| self.rec(d))
    }

    /// A function of `n` parameters, without statements.
    pub(super) fn function(&mut self, n: usize, d: usize) -> String {
        let names: Vec<String> = (0..n).map(|_| self.fresh()).collect();
        self.scopes.push(Vec::new());
        self.frames.push(super::Frame::default());
        for name in &names {
            self.declare(name, Kind::Any, false);
        }
        let body = self.any(d.saturating_sub(1));
        self.frames.pop();
        self.scopes.pop();
        format!("function({}) S() return {body} end", names.join(", "))
    }

    /// Any value that is not a sequence; one value or several.
    pub(super) fn any(&mut self, d: usize) -> String {
        if d == 0 || self.rng.chance(1, 4) {
            return match self.find(|v| v.kind != Kind::Seq) {
                Some(var) if self.rng.chance(3, 4) => var.name,
                _ => self
                    .rng
                    .pick(&["nil", "true", "false", "1", "'s'", "2.5", "-0.0", "{}", "''"])
                    .to_string(),
            };
        }
        match self.rng.below(12) {
            0 | 1 => self.int(d),
            2 => self.num(d),
            3 => self.str(d),
            4 => self.bool(d),
            5 => self.rec(d),
            6 => {
                let n = self.rng.below(3);
                self.function(n, d)
            }
            7 | 8 => self.field(),
            9 => self.call(d),
            10 if self.frame().vararg => self
                .rng
                .pick(&["...", "(...)", "select(2, ...)", "select(-1, 1, ...)"])
                .to_string(),
            _ => {
                let (a, b) = (self.any(d - 1), self.any(d - 1));
                format!("(({a}) {} ({b}))", self.rng.pick(&["and", "or"]))
            }
        }
    }

    /// Something that a table in scope holds.
    pub(super) fn field(&mut self) -> String {
        let key = self.rng.pick(&[
            ".x", ".y", ".n", ".name", "[1]", "[2]", "[1.0]", "[-1]", "['k']", "[true]", ".z",
        ]);
        match self.find(|v| matches!(v.kind, Kind::Rec | Kind::Seq)) {
            Some(var) => format!("{}{key}", var.name),
            None => "nil".to_string(),
        }
    }

    /// A call of a function in scope.
    pub(super) fn call(&mut self, d: usize) -> String {
        let Some(var) = self.find(|v| matches!(v.kind, Kind::Fun(_))) else {
            return self.field();
        };
        let Kind::Fun(n) = var.kind else {
            return "nil".to_string();
        };
        let count = if self.rng.chance(1, 5) { n + 1 } else { n };
        let list: Vec<String> = (0..count).map(|_| self.any(d.saturating_sub(1))).collect();
        format!("{}({})", var.name, list.join(", "))
    }
}
