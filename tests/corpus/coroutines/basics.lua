-- create, resume, yield, status, wrap, isyieldable, running, values both ways.
local co = coroutine.create(function(a, b) print("start", a, b) local c = coroutine.yield(a + b) print("got", c) local d, e = coroutine.yield(c * 2) return d + e, "end" end)
print(coroutine.status(co), coroutine.resume(co, 1, 2)) print(coroutine.status(co), coroutine.resume(co, 10)) print(coroutine.resume(co, 3, 4)) print(coroutine.status(co), coroutine.resume(co))
print(select("#", coroutine.resume(coroutine.create(function() end))), coroutine.resume(coroutine.create(function(...) return select("#", ...) end), nil, nil))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) print(gen(), gen(), gen(), gen()) print(pcall(gen))
local w = coroutine.wrap(function() error("oops") end) print(pcall(w)) w = coroutine.wrap(function() error({code = 5}) end) print(select(2, pcall(w)).code)
local main, ismain = coroutine.running() print(type(main), ismain, coroutine.isyieldable(), coroutine.status(main), pcall(coroutine.yield, 1))
coroutine.wrap(function() local c, m = coroutine.running() print(type(c), m, coroutine.isyieldable(), coroutine.status(c), coroutine.status(main)) print(coroutine.resume(c)) print(coroutine.resume(main)) end)()
local outer = coroutine.wrap(function() local inner = coroutine.wrap(function() coroutine.yield("inner 1") coroutine.yield("inner 2") end) coroutine.yield(inner()) coroutine.yield("outer") coroutine.yield(inner()) end) print(outer(), outer(), outer())
print(pcall(coroutine.create, 5), pcall(coroutine.resume, 5), pcall(coroutine.status), pcall(coroutine.wrap), pcall(coroutine.close, coroutine.running()))
local function tree(t) if t then tree(t[1]) coroutine.yield(t.v) tree(t[2]) end end for v in coroutine.wrap(function() tree({{v = 1}, {v = 3}, v = 2}) end) do io.write(v, " ") end print()
local n = 0 for i = 1, 5000 do local c = coroutine.wrap(function(x) n = n + x coroutine.yield() end) c(i) end print(n)
local function deep(k) if k == 0 then coroutine.yield("bottom") return 0 end return 1 + deep(k - 1) end local d = coroutine.create(deep) print(coroutine.resume(d, 5000)) print(coroutine.resume(d))
local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = coroutine.create(function() return coroutine.resume(a), coroutine.status(a) end) print(coroutine.resume(a))
print(coroutine.resume(coroutine.create(function() return pcall(pcall, coroutine.yield, 1) end)))
--> start	1	2
--> suspended	true	3
--> got	10
--> suspended	true	20
--> true	7	end
--> dead	false	cannot resume dead coroutine
--> 1	true	2
--> 1	2	3
--> false	cannot resume dead coroutine
--> false	basics.lua:6: oops
--> 5
--> thread	true	false	running	false	attempt to yield from outside a coroutine
--> thread	false	true	running	normal
--> false	cannot resume non-suspended coroutine
--> false	cannot resume non-suspended coroutine
--> inner 1	outer	inner 2
--> false	false	false	false	false	cannot close main thread
--> 1 2 3 
--> 12502500
--> true	bottom
--> true	5000
--> true	true	false	normal
--> true	1
