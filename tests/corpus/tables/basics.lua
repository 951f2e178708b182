-- Constructors, borders, nested tables, keys of every type.
local t = {1, 2, 3, nil} print(#t) t[#t + 1] = 4 print(#t) t[#t] = nil print(#t, t[4])
t = {n = 1, [1] = "a", "b", [2.0] = "c"} print(t[1], t[2], t.n, #t)
t = {} t[1.0] = 1 t[2^53] = 2 t["1"] = 3 print(t[1], t["1"], t[1 << 53], #t)
print(pcall(function() t[nil] = 1 end)) print(pcall(function() t[0/0] = 1 end)) print(t[nil], t[0/0], rawget(t, nil))
print(pcall(rawset, t, nil, 1), pcall(rawset, t, 0/0, 1), pcall(next, t, "nokey"))
t = {} for i = 1, 100 do t[i] = i end for i = 100, 51, -1 do t[i] = nil end print(#t)
for i = 1, 50 do t[i] = nil end print(#t, next(t))
t = {[-1] = "neg", [0] = "zero", [true] = "true", [print] = "fn", [1.5] = "float"} print(t[-1], t[0], t[true], t[print], t[1.5], #t)
local keys = {} for k in pairs({a = 1, b = 2, c = 3, 10, 20}) do keys[#keys + 1] = tostring(k) end table.sort(keys) print(table.concat(keys, " "))
t = {} for i = 1, 1000 do t["k" .. i] = i end local n = 0 for k, v in pairs(t) do n = n + v t[k] = nil end print(n, next(t))
t = {} for i = 10, 1, -1 do t[i] = i end print(#t, table.concat(t, " "))
t = {x = {y = {z = 5}}} print(t.x.y.z, t.x["y"].z) t.x.y = nil print(t.x.y, pcall(function() return t.x.y.z end))
print(#{1, 2, nil, 4} >= 2, #{nil}, #{nil, nil}, #{n = 1}, #"", rawlen({1, 2}), rawlen("abc"), pcall(rawlen, 5), rawequal(t, t))
local a = {} a[1] = a a.self = a print(a[1][1].self == a)
t = {} t.x, t.y = 1 print(t.x, t.y) t[1], t[2], t[3] = (function() return 1, 2 end)() print(t[1], t[2], t[3])
t = setmetatable({}, {__index = function(_, k) return k end}) print(t.x, t[1], rawget(t, "x"), next(t))
--> 3
--> 4
--> 3	nil
--> b	c	1	2
--> 1	3	2	1
--> false	basics.lua:5: table index is nil
--> false	basics.lua:5: table index is NaN
--> nil	nil	nil
--> false	false	false	invalid key to 'next'
--> 50
--> 0	nil
--> neg	zero	true	fn	float	0
--> 1 2 a b c
--> 500500	nil
--> 10	1 2 3 4 5 6 7 8 9 10
--> 5	5
--> nil	false	basics.lua:13: attempt to index a nil value (field 'y')
--> true	0	0	0	0	2	3	false	true
--> true
--> 1	nil
--> 1	2	nil
--> x	1	nil	nil
