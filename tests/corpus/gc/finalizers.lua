-- __gc: order, resurrection, errors as warnings, marks at setmetatable, at the program's end.
local log = {} local function obj(n) return setmetatable({n = n}, {__gc = function(o) log[#log + 1] = o.n end}) end
local held = {} for i = 1, 3 do held[i] = obj(i) end held = nil collectgarbage() print(table.concat(log, " ")) log = {}
local saved; (function() setmetatable({v = 1}, {__gc = function(o) saved = o end}) end)() collectgarbage() print(saved.v) saved = nil collectgarbage() print(saved)
local count = 0; (function() local mt = {} mt.__gc = function(o) count = count + 1 if count < 3 then setmetatable(o, mt) end end setmetatable({}, mt) end)() for i = 1, 5 do collectgarbage() end print(count);
(function() local mt = {} setmetatable({}, mt) mt.__gc = function() log[#log + 1] = "too late" end end)() collectgarbage() print(#log);
(function() local a, b = obj "a", obj "b" a.other = b b.other = a end)() collectgarbage() table.sort(log) print(table.concat(log, " ")) log = {}
local w = setmetatable({}, {__mode = "v"}) local wk = setmetatable({}, {__mode = "k"}); (function() local o = setmetatable({}, {__gc = function(o) log[#log + 1] = tostring(w[1]) .. " " .. tostring(wk[o]) end}) w[1] = o wk[o] = "key still there" end)() collectgarbage() print(log[1]) collectgarbage() print(next(wk))
warn("@on"); (function() setmetatable({}, {__gc = function() error("in gc", 0) end}) end)() collectgarbage() warn("@off") print("goes on");
(function() setmetatable({}, {__gc = function() local t = {} for i = 1, 100 do t[i] = {} end collectgarbage() end}) end)() collectgarbage() print(collectgarbage("count") > 0)
local co = coroutine.wrap(function() local o <close> = setmetatable({}, {__close = function() print("never closed") end}) coroutine.yield() end) co() co = nil collectgarbage()
AtEnd = {} for i = 1, 3 do AtEnd[i] = setmetatable({}, {__gc = function() print("at the end", i) end}) end
--! stderr: in gc
--> 3 2 1
--> 1
--> nil
--> 3
--> 0
--> a b
--> nil key still there
--> nil
--> goes on
--> true
--> at the end	3
--> at the end	2
--> at the end	1
