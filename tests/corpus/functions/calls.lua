-- Calls: string and table arguments, chains, methods, results in the middle, evaluation order.
local function id(...) return ... end
print(id"x", id[[y]], #id{1, 2}, id"a" .. "b", (id)(1), id(id)(2))
local log = {} local function v(n, x) log[#log + 1] = n return x end
local t = {} t[v(1, "a")], t[v(2, "b")] = v(3, 1), v(4, 2) print(table.concat(log, " "), t.a, t.b)
log = {} local r = v(1, 1) + v(2, 2) * v(3, 3) - v(4, 4) print(table.concat(log, " "), r)
log = {} local _ = {v(1, 1), [v(2, 2)] = v(3, 3), k = v(4, 4), v(5, 5)} print(table.concat(log, " "))
local i = 1 local arr = {} i, arr[i] = i + 1, 20 print(i, arr[1], arr[2])
local a, b, c = (function() return 1, 2, 3 end)() a, b, c = c, a, b print(a, b, c)
local o = {n = 0} function o:inc(k) self.n = self.n + (k or 1) return self end print(o:inc():inc(5):inc().n)
print(pcall(function() local x = 5; x() end)) print(pcall(function() o.missing() end)) print(pcall(function() o:missing() end)) print(pcall(function() (function() end)()() end))
print(pcall(function() undefinedfunction() end)) print(pcall(function() o.a.b() end)) print(pcall(function() ("x")() end)) print(pcall(function() o["some key"]() end)) print(pcall(function() o[1]() end))
print(select("#", id()), (id()), #{id()}, id(nil) == nil, type(id(nil)), pcall(type))
local function tail(n) if n > 0 then return tail(n - 1) end return debug.traceback("t", 1):match("%(%.%.%.tail calls%.%.%.%)") end print(tail(10))
print(type(load), load("return 1 + ...")(41), #arg, arg[0])
goto skip do print "not printed" end ::skip::
print(({10, 20, 30})[2], ("abc"):upper(), (#"abc"), -2 ^ 2, {} ~= {}, 2 ^ -1)
--> x	y	2	ab	1	2
--> 1 2 3 4	1	2
--> 1 2 3 4	3
--> 1 2 3 4 5
--> 2	20	nil
--> 3	1	2
--> 7
--> false	calls.lua:11: attempt to call a number value (local 'x')
--> false	calls.lua:11: attempt to call a nil value (field 'missing')
--> false	calls.lua:11: attempt to call a nil value (method 'missing')
--> false	calls.lua:11: attempt to call a nil value
--> false	calls.lua:12: attempt to call a nil value (global 'undefinedfunction')
--> false	calls.lua:12: attempt to index a nil value (field 'a')
--> false	calls.lua:12: attempt to call a string value (constant 'x')
--> false	calls.lua:12: attempt to call a nil value (field 'some key')
--> false	calls.lua:12: attempt to call a nil value (field 'integer index')
--> 0	nil	0	true	nil	false	bad argument #1 to 'type' (value expected)
--> (...tail calls...)
--> function	42	0	calls.lua
--> 20	ABC	3	-4.0	true	0.5
