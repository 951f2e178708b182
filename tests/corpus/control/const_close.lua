-- <const> and <close>, attributes before names, order and errors of closing.
local function res(name, fails) return setmetatable({}, {__close = function(o, e) print("close", name, e) if fails then error(name .. " failed", 0) end end}) end
do local a <close>, b <const> = res "a", 5; local c <close> = res "c"; print("body", b) end
do local <close> x = res "x"; local y <const>, z <close> = 1, res "z" end
local <const> p, q = 1, 2 print(p + q)
print(pcall(function() local a <close> = res("a", true); local b <close> = res("b", true); error("first", 0) end))
print(pcall(function() local a <close> = 42 end))
print(pcall(function() local name <close> = {} end))
print(pcall(function() local a <close> = nil; local b <close> = false; return "fine" end))
print((function() local a <close> = res "return"; return "value", 1, nil end)())
for i = 1, 2 do local a <close> = res("loop" .. i); if i == 1 then goto next end print("second") ::next:: end
while true do local a <close> = res "while"; break end
local function tail() local a <close> = res "tail"; return (print("not a tail call")) end tail()
for _, s in ipairs{"local x <const> = 1; x = 2", "local x <foo> = 1", "local a <close>, b <close> = 1", "local x <close> = nil; x = 1", "local function f() end; local y <const> = 1; function y() end", "local x <const>; return function() x = 1 end"} do print(load(s, "=s")) end
local co = coroutine.wrap(function() local a <close> = res "co"; coroutine.yield(1); return 2 end)
print(co(), co())
local t = coroutine.create(function() local a <close> = res "suspended"; coroutine.yield() end)
coroutine.resume(t) print(coroutine.close(t), coroutine.status(t))
--> body	5
--> close	c	nil
--> close	a	nil
--> close	z	nil
--> close	x	nil
--> 3
--> close	b	first
--> close	a	b failed
--> false	a failed
--> false	const_close.lua:7: variable 'a' got a non-closable value
--> false	const_close.lua:8: variable 'name' got a non-closable value
--> true	fine
--> close	return	nil
--> value	1	nil
--> close	loop1	nil
--> second
--> close	loop2	nil
--> close	while	nil
--> not a tail call
--> close	tail	nil
--> nil	s:1: attempt to assign to const variable 'x'
--> nil	s:1: unknown attribute 'foo'
--> nil	s:1: multiple to-be-closed variables in local list
--> nil	s:1: attempt to assign to const variable 'x'
--> nil	s:1: attempt to assign to const variable 'y'
--> nil	s:1: attempt to assign to const variable 'x'
--> close	co	nil
--> 1	2
--> close	suspended	nil
--> true	dead
