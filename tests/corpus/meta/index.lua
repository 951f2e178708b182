-- __index and __newindex: functions, chains, rawget, cycles, on other types.
local base = {x = 1, hello = function(self) return "hello " .. (self.name or "?") end}
local mid = setmetatable({y = 2}, {__index = base}) local obj = setmetatable({name = "obj"}, {__index = mid}) print(obj.x, obj.y, obj.z, obj:hello(), rawget(obj, "x"))
local log = {} local t = setmetatable({}, {__index = function(t, k) log[#log + 1] = "get " .. tostring(k) return k end, __newindex = function(t, k, v) log[#log + 1] = "set " .. tostring(k) rawset(t, k, v) end})
print(t.a, t[1], t[true]) t.a = 5 t.a = 6 t[2] = nil t[2] = 3 print(t.a, t[2]) print(table.concat(log, ", "))
local store = {} local proxy = setmetatable({}, {__newindex = store, __index = store}) proxy.v = 10 print(rawget(proxy, "v"), store.v, proxy.v)
local loop = {} setmetatable(loop, {__index = loop}) print(pcall(function() return loop.x end)) setmetatable(loop, {__newindex = loop}) print(pcall(function() loop.x = 1 end))
print(pcall(function() local n = nil; return n.x end), pcall(function() return (5).x end), pcall(function() local t = setmetatable({}, {__index = 5}) return t.x end), pcall(function() local t = setmetatable({}, {__newindex = 5}) t.x = 1 end))
print(("x").len == string.len, pcall(function() local s = "x" s.y = 1 end), #("abc"))
local deep = {v = "deep"} for i = 1, 50 do deep = setmetatable({}, {__index = deep}) end print(deep.v) for i = 1, 2000 do deep = setmetatable({}, {__index = deep}) end print(pcall(function() return deep.v end))
local ro = setmetatable({}, {__newindex = function(_, k) error("read only: " .. k, 2) end}) print(pcall(function() ro.x = 1 end)) rawset(ro, "x", 1) print(ro.x)
debug.setmetatable(5, {__index = function(n, k) return k .. n end}) print((5).x, (7).y) debug.setmetatable(5, nil) debug.setmetatable(nil, {__index = function() return "nil field" end}) print((nil).x) debug.setmetatable(nil, nil)
--> 1	2	nil	hello obj	nil
--> a	1	true
--> 6	3
--> get a, get 1, get true, set a, set 2, set 2
--> nil	10	10
--> false	index.lua:7: '__index' chain too long; possible loop
--> false	index.lua:7: '__newindex' chain too long; possible loop
--> false	false	false	false	index.lua:8: attempt to index a number value
--> true	false	3
--> deep
--> false	index.lua:10: '__index' chain too long; possible loop
--> false	index.lua:11: read only: x
--> 1
--> x5	y7
--> nil field
