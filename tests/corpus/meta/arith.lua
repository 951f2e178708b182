-- Every arithmetic, bitwise, concatenation and length event, from the left and from the right.
local log
local mt = {} local function obj(n) return setmetatable({n = n}, mt) end
local function name(x) return type(x) == "table" and "obj" .. x.n or tostring(x) end
for _, e in ipairs{"add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat"} do mt["__" .. e] = function(a, b) return e .. "(" .. name(a) .. "," .. name(b) .. ")" end end
for _, e in ipairs{"unm", "bnot", "len"} do mt["__" .. e] = function(a, b) return e .. "(" .. name(a) .. "," .. tostring(rawequal(a, b)) .. ")" end end
local a, b = obj(1), obj(2)
print(a + b, a + 1, 1 + a, a - 2.5, "x" - a, a * nil)
print(a / b, 1 / a, a % 2, 2 % a, a ^ 2, 2 ^ a, a // 1, 1 // a)
print(a & 1, 1 & a, a | 1.5, "x" | a, a ~ b, 1 ~ a, a << 1, 1 << a, a >> 1, 1 >> a, ~a, -a, #a)
print(a .. "x", "x" .. a, 1 .. a, a .. b, "p" .. "q" .. a, a .. "p" .. "q", nil .. a)
print(pcall(function() return a < b end), pcall(function() return setmetatable({}, {}) + 1 end))
print(pcall(function() return {} & a, {} + {} end), pcall(function() return setmetatable({}, {__add = 5}) + 1 end))
mt.__add = setmetatable({}, {__call = function(_, x, y) return "called add", 2 end}) print(a + 1, (a + 1))
mt.__sub = function() return 1, 2, 3 end print(a - 1, (a - 1)) mt.__mul = function() end print(a * 1) mt.__concat = function(x, y) return setmetatable({n = name(x) .. name(y)}, mt) end print((a .. 1 .. 2 .. b).n)
print(pcall(function() local s = "x" + 1 end), "10" + 1, getmetatable("").__index == string, getmetatable("").__add ~= nil)
