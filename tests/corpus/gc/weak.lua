-- Weak tables, ephemerons, strings in weak tables.
local function make() return {} end
local v = setmetatable({}, {__mode = "v"}) v[1] = make() v[2] = "string" v[3] = 42 v.keep = make() local keep = v.keep collectgarbage() print(v[1], v[2], v[3], v.keep == keep)
local k = setmetatable({}, {__mode = "k"}) k[make()] = 1 k[keep] = 2 k["s"] = 3 k[1] = make() collectgarbage() local n = 0 for _ in pairs(k) do n = n + 1 end print(n, k[keep], k.s, type(k[1]))
local e = setmetatable({}, {__mode = "k"}) do local a, b, c = {}, {}, {} e[a] = b e[b] = c e[c] = a e[keep] = {e} end collectgarbage() n = 0 for _ in pairs(e) do n = n + 1 end print(n, e[keep][1] == e)
local kv = setmetatable({}, {__mode = "kv"}) kv[1] = make() kv[make()] = 1 kv[keep] = keep collectgarbage() n = 0 for _ in pairs(kv) do n = n + 1 end print(n)
local chain = setmetatable({}, {__mode = "k"}) local first = {} local last = first for i = 1, 100 do local nxt = {} chain[last] = nxt last = nxt end last = nil collectgarbage() n = 0 for _ in pairs(chain) do n = n + 1 end print(n) first = nil collectgarbage() print(next(chain))
local cache = setmetatable({}, {__mode = "v"}) for i = 1, 1000 do cache[i] = {i} end collectgarbage() n = 0 for _ in pairs(cache) do n = n + 1 end print(n)
local t = setmetatable({}, {__mode = "v"}) t.f = function() end t.g = print t.co = coroutine.create(print) t.closure = (function() local u = 1 return function() return u end end)() collectgarbage() print(t.g == print, t.co, t.closure)
local late = {make(), make()} setmetatable(late, {__mode = "v"}) collectgarbage() print(#late, late[1], late[2])
local mt = {} local changing = setmetatable({make()}, mt) collectgarbage() print(changing[1] ~= nil) mt.__mode = "v" collectgarbage() print(changing[1])
--> nil	string	42	true
--> 3	2	3	table
--> 1	true
--> 1
--> 100
--> nil
--> 0
--> true	nil	nil
--> 0	nil	nil
--> true
--> nil
