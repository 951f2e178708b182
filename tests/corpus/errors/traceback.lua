-- Tracebacks, with names and levels.
local function f() return debug.traceback("msg") end
local function g() local r = f() return r end
print(g()) print((debug.traceback("hi", 1))) print(debug.traceback({}) ~= nil, debug.traceback(nil), debug.traceback(5), debug.traceback("x", 100))
local t = {method = function(self) local s = debug.traceback("in method") return s end} function Global() local s = t:method() return s end print(Global()) Global = nil
local co = coroutine.create(function(x) local y = x; coroutine.yield(y) error("dead") end) coroutine.resume(co, 1) print(debug.traceback(co)) print(debug.traceback(co, "with message")) print(debug.traceback(co, "level 1", 1)) coroutine.resume(co) print(debug.traceback(co, "after error"))
local function deep(n) if n == 0 then return debug.traceback("deep") end local r = deep(n - 1) return r end print(deep(30))
local function tail(n) if n == 0 then return debug.traceback("tail") end return tail(n - 1) end print((tail(3)))
print(select(2, xpcall(function() local x = nil; x.y = 1 end, debug.traceback))) print(select(2, xpcall(function() table.sort({3, 2, 1}, function(a, b) error("in sort") end) end, debug.traceback)))
local mt = setmetatable({}, {__add = function() return debug.traceback("meta") end}) print(mt + 1) for s in function(_, c) if not c then return debug.traceback("iter") end end do print(s) end
