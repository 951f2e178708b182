-- Runaway recursion of every kind is an error that can be caught.
--! no-stress: collect minor move - work grows with the square of the depth
local function tail(m) return (tostring(m):gsub("^[^:]+:%d+: ", ""):match("^[^\n(]*"):gsub("%s+$", "")) end
local function short(f) local ok, m = pcall(f) m = tail(m) print(ok, m:find("stack overflow", 1, true) and "stack overflow" or m) end
local function r(n) return 1 + r(n + 1) end short(function() r(1) end)
local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k] .. "" end short(function() return t.x end)
getmetatable(t).__add = function(a, b) return (a + b) + 1 end short(function() return t + 1 end)
getmetatable(t).__tostring = function(s) return tostring(s) .. "" end short(function() return tostring(t) end)
getmetatable(t).__call = function(s) return 1 + s() end short(function() return t() end)
getmetatable(t).__eq = function(a, b) return not (a == setmetatable({}, getmetatable(t))) end short(function() return t == setmetatable({}, getmetatable(t)) end)
getmetatable(t).__concat = function(a, b) return (a .. b) .. "x" end short(function() return t .. "x" end) getmetatable(t).__len = function(a) return #a + 1 end short(function() return #t end) getmetatable(t).__lt = function(a, b) return not (a < b) end short(function() return t < t end)
local function g() return (("x"):gsub(".", g)) end short(g) local function s() table.sort({1, 2, 3}, s) end short(s) local function p() local ok, m = pcall(p) if not ok then error(m, 0) end return m end short(p)
local function c() return coroutine.wrap(c)() end short(c) local function x() return (select(2, xpcall(x, x))) end print(pcall(x) ~= nil)
short(function() local src = ("("):rep(300) .. "1" .. (")"):rep(300) assert(load("return " .. src)) end) short(function() return load(("a="):rep(1) .. ("{"):rep(1000)) or error("refused", 0) end)
local n = 0 local function count() n = n + 1 count() end pcall(count) print(n > 10000, pcall(function() return "still works" end))
print(pcall(function() local l = 0 local function k() l = l + 1 local ok = pcall(k) return ok end k() return l > 100 end))
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> false	stack overflow
--> true
--> false	stack overflow
--> false	refused
--> true	true	still works
--> true	true
