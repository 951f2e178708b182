//! Operations that mostly fail, for the texts of the errors.

use super::meta::replace_word;
use super::tree::{Node, line};
use super::{Gen, Kind};

/// `A`, `B`: operands of any kind, variables if possible; `L`: a fresh local name.
const FORMS: &[&str] = &[
    "return A + B",
    "return A - 1",
    "return 2 * A",
    "return A / B",
    "return A % B",
    "return A // 0",
    "return A % 0",
    "return A ^ B",
    "return -A",
    "return ~A",
    "return A & 1",
    "return 1.5 | A",
    "return A ~ B",
    "return A << B",
    "return 1 >> A",
    "return A // B",
    "return A < B",
    "return A <= B",
    "return A > 1",
    "return 'x' >= A",
    "return A .. B",
    "return 'x' .. A .. 1",
    "return A .. nil",
    "return A.x.y",
    "return A.x.y.z",
    "return A[B][1]",
    "A.x = 1",
    "A.x.y = 1",
    "A[nil] = 1",
    "A[0/0] = 1",
    "return A()",
    "return A.x()",
    "return A:m()",
    "return A.x:m(1)",
    "return A[1]()",
    "A()()",
    "return (A)()",
    "return ('x')()",
    "return ('x').y.z",
    "return ('x'):nope()",
    "for i = 1, A do T(i) break end",
    "for i = A, 2 do T(i) break end",
    "for i = 1, 2, A do T(i) break end",
    "for i = 1, 10, 0 do end",
    "for k in A do break end",
    "for k, v in pairs(A) do break end",
    "for i, v in ipairs(A) do break end",
    "local L <close> = A",
    "local L = A; return L.x.y",
    "local L = A; return L + 1",
    "local L = A; return function() return L .. {} end",
    "local L = A; return (function() return L.x.y end)()",
    "local L = {}; return L.a.b",
    "local L = {a = {}}; return L.a.b.c",
    "return undefinedname.x",
    "return undefinedname()",
    "undefinedname.x = 1",
    "return undefinedname + 1",
    "return undefinedname .. 'x'",
    "return math.nope()",
    "return string.nope.x",
    "return math.pi.x.y",
    "return #nil",
    "return #5",
    "return -{}",
    "return {} .. 'x'",
    "return {} < {}",
    "return {} < 1",
    "return nil > 1",
    "return 1 < 'x'",
    "return true <= false",
    "return print < print",
    "return 1 & 1.5",
    "return 1 | 'x'",
    "return '1.5' & 1",
    "return '3' & 1",
    "return 2^63 | 0",
    "return 1e100 & 1",
    "return '10' + 1",
    "return 'abc' + 1",
    "return '0x10' * '2'",
    "return 10 .. 20",
    "return 1 < '2'",
    "return '2' < '10'",
    "return math.maxinteger + 1.0 == math.maxinteger",
    "return math.maxinteger < 2^63, 2^53 == 2^53 + 1",
    "return math.mininteger // -1, math.mininteger % -1",
    "return 1 // 0",
    "return 1 % 0",
    "return 1.0 // 0, 1 % 0.0, 0.0 / 0 ~= 0",
    "return 5 // -2, 5 % -2, -5 // 2, -5 % 2, 5.5 // -2, 5.5 % -2",
    "return 5 % math.huge, -5 % math.huge, 5 % -math.huge",
    "return 1 << 64, 1 << -1, 1 >> -63, -1 >> 1",
    "setmetatable(A, B)",
    "return getmetatable('').x",
    "return select(0, A)",
    "return select(-5, A)",
    "error()",
    "error(nil)",
    "error(A)",
    "error('m', 0)",
    "error('m', 1)",
    "error('m', 2)",
    "error('m', 3)",
    "error(setmetatable({}, {__tostring = function() return 'E' end}))",
    "assert(A)",
    "assert(false)",
    "assert(nil, 'message')",
    "assert(false, {})",
    "return tostring()",
    "return ipairs()",
    "return rawset(A, B)",
    "return next({}, A)",
    "string.rep()",
    "('x'):rep(1, 2, 3)",
    "('x'):rep('y')",
    "return ('x'):format(A)",
    "return string.format('%d', A)",
    "return string.format('%d', 1.5)",
    "return string.format('%d', '1.0')",
    "return string.format('%y', 1)",
    "return string.format('%', 1)",
    "return string.format('%s')",
    "return string.format('%10000d', 1)",
    "return string.char(256)",
    "return string.char(-1, A)",
    "return table.concat({1, {}, 3})",
    "return table.concat({A, B})",
    "return table.unpack({}, 1, 1e7)",
    "return table.insert({1, 2}, 5, 1)",
    "return table.insert({}, 1, 2, 3)",
    "return table.insert({})",
    "return table.remove({1, 2}, 7)",
    "return setmetatable({}, {__metatable = 1}) and setmetatable(setmetatable({}, {__metatable = 1}), {})",
    "return tonumber('z', 36), tonumber('8', 8), tonumber('7', 8)",
    "return tonumber('1', 99)",
    "return tonumber(1, 10)",
    "return tonumber(A)",
    "return math.floor(A)",
    "return math.tointeger(A)",
    "return math.random(0) and math.random(2, 1)",
    "return ('x'):find('[')",
    "return ('x'):find('%')",
    "return ('x'):gsub('(', '')",
    "return ('x'):gsub('.', '%2')",
    "return ('x'):gsub('x', '%')",
    "return ('x'):gsub('.', function() return {} end)",
    "return ('x'):match('%f')",
    "return ('x'):match('%b')",
    "return ('x'):match('(()')",
    "return ('abc'):find('b', -10), ('abc'):find('', 10), ('abc'):find('', 4)",
    "return utf8.char(A)",
    "return utf8.codepoint('abc', 4)",
    "return utf8.codepoint('\\xff')",
    "return utf8.len('\\xff')",
    "return utf8.offset('abc', 1, 9)",
    "return string.pack('i17', 1)",
    "return string.pack('i1', 200)",
    "return string.pack('z', 'a\\0')",
    "return string.unpack('i4', 'abc')",
    "return string.unpack('!3', 'a')",
    "return string.pack('d', A)",
    "return coroutine.resume(A)",
    "return coroutine.wrap(A)",
    "return coroutine.create(1)",
    "return coroutine.close(coroutine.running())",
    "return coroutine.yield(1)",
    "return load(A)",
    "return load('x =')",
    "return load('return 1', 'n', 'b')",
    "return load('\\27Lua')",
    "return require('no.such.module.x') ~= nil",
    "goto_ = 1; return goto_",
    "return rawlen(A)",
    "return rawget(A, 1)",
    "return rawequal(1)",
    "return collectgarbage('nope')",
    "return os.time({year = 2020})",
    "return os.date('%Ez', 0)",
    "return io.open('/nonexistent/file')",
    "return io.lines('/nonexistent/file')",
    "return xpcall(A)",
    "return xpcall(error, A, B)",
    "return pcall()",
    "return pcall(A)",
    "return debug.getinfo(1, 'X')",
    "return debug.getlocal(50, 1)",
    "return debug.setmetatable({}, A)",
    "return debug.getinfo(A)",
    "return debug.traceback({}) ~= nil",
    "return warn()",
    "return warn(A)",
    "return dofile('/nonexistent')",
];

impl Gen {
    /// A variable if there is one, else something small.
    fn operand(&mut self) -> String {
        match self.find(|v| v.kind != Kind::Seq) {
            Some(var) if self.rng.chance(1, 2) => var.name,
            _ if self.rng.chance(1, 3) => self.field(),
            _ => self
                .rng
                .pick(&[
                    "nil",
                    "true",
                    "{}",
                    "(1)",
                    "('x')",
                    "print",
                    "(2.5)",
                    "('10')",
                    "(-0.0)",
                    "math.huge",
                    "('')",
                ])
                .to_string(),
        }
    }

    /// A protected operation that probably fails; its message is printed.
    pub(super) fn wrong(&mut self) -> Node {
        let form = self.rng.pick(FORMS);
        line(format!("P(function() {} end)", self.wrong_text(form)))
    }

    fn wrong_text(&mut self, form: &str) -> String {
        let (a, b, l) = (self.operand(), self.operand(), self.fresh());
        // A literal or `nil` cannot be called, indexed or assigned to as it stands.
        let simple =
            a.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c)) && a != "nil" && a != "true";
        let a = if simple || a.starts_with('(') || a.ends_with(']') {
            a
        } else {
            format!("({a})")
        };
        let form = replace_word(form, "L", &l);
        // Two steps, since an operand's text may hold the other letter.
        let form = replace_word(&form, "A", "\u{1}");
        replace_word(&form, "B", &b).replace('\u{1}', &a)
    }

    /// The program's last statement: an error that nobody catches, some calls deep.
    pub(super) fn uncaught(&mut self) -> Vec<Node> {
        let form = self.rng.pick(FORMS);
        let text = self.inside(|g| g.wrong_text(form));
        let mut nodes = vec![line(format!("local function inner(...) {text} end"))];
        nodes.push(line(match self.rng.below(7) {
            0 => "inner(1)",
            1 => "local t = {m = {}} function t.m.go() inner() end t.m.go()",
            2 => "local t = {} function t:go() local x = inner(self) return x end t:go()",
            3 => "function Global() return inner() end local x = Global()",
            4 => "coroutine.wrap(function() inner() end)()",
            5 => "local x = setmetatable({}, {__add = function() local x = inner() end}) + 1",
            _ => "table.sort({3, 2, 1}, function(a, b) inner() return a < b end)",
        }));
        nodes.push(line("error('at the end')"));
        nodes
    }
}
