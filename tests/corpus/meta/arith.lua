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
--> add(obj1,obj2)	add(obj1,1)	add(1,obj1)	sub(obj1,2.5)	sub(x,obj1)	mul(obj1,nil)
--> div(obj1,obj2)	div(1,obj1)	mod(obj1,2)	mod(2,obj1)	pow(obj1,2)	pow(2,obj1)	idiv(obj1,1)	idiv(1,obj1)
--> band(obj1,1)	band(1,obj1)	bor(obj1,1.5)	bor(x,obj1)	bxor(obj1,obj2)	bxor(1,obj1)	shl(obj1,1)	shl(1,obj1)	shr(obj1,1)	shr(1,obj1)	bnot(obj1,true)	unm(obj1,true)	len(obj1,true)
--> concat(obj1,x)	concat(x,obj1)	concat(1,obj1)	concat(obj1,obj2)	pconcat(q,obj1)	concat(obj1,pq)	concat(nil,obj1)
--> false	false	arith.lua:12: attempt to perform arithmetic on a table value
--> false	false	arith.lua:13: attempt to call a number value (metamethod 'add')
--> called add	called add
--> 1	1
--> nil
--> obj1obj1obj2obj2
--> false	11	true	true
