-- Upvalues: shared, per iteration, nested, of parameters, after the frame has gone.
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter() inc() inc() print(get(), inc(), get())
local inc2 = counter() print(inc2(), inc2())
local fs = {}
for i = 1, 3 do local j = i * i; fs[#fs + 1] = function(d) j = j + d return i, j end end
for _, f in ipairs(fs) do print(f(1)) end
print(fs[1](10))
local function nested(a) return function(b) return function(c) a = a + 1 return a + b + c end end end
local x = nested(1)(10) print(x(100), x(100))
local k = 0 while k < 2 do k = k + 1 local v = k fs[k] = function() v = v + 1 return v end end print(fs[1](), fs[1](), fs[2]())
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(15))
local function even(n) if n == 0 then return true end return odd(n - 1) end
local odd1; local function even1(n) if n == 0 then return true end return odd1(n - 1) end odd1 = function(n) if n == 0 then return false end return even1(n - 1) end
print(even1(100001), pcall(even, 1))
print((function(n) local function loop(i, acc) if i == 0 then return acc end return loop(i - 1, acc + i) end return loop(n, 0) end)(200000))
local f1, f2 = (function() local a = 1 return function() a = a + 1 return a end, function() a = a * 10 return a end end)()
print(f1(), f2(), f1())
local t = {} function t.a() return "a" end function t:b(x) return self == t, x end t.c = {} function t.c.d(...) return ... end print(t.a(), t:b(1), t.c.d(5))
local rec = {} function rec.go(n) if n > 0 then return rec.go(n - 1) end return "end" end print(rec.go(1000))
print(debug.upvalueid(f1, 1) == debug.upvalueid(f2, 1), debug.getupvalue(f1, 1))
--> 2	3	3
--> 1	2
--> 1	2
--> 2	5
--> 3	10
--> 1	12
--> 112	113
--> 2	3	3
--> 610
--> false	false	closures.lua:13: attempt to call a nil value (global 'odd')
--> 20000100000
--> 2	20	21
--> a	true	5
--> end
--> true	a	21
