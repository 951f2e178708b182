-- coroutine.close, errors while closing, wrap and tbc variables, closing oneself.
local function res(n, err) return setmetatable({}, {__close = function(_, e) print("close", n, e) if err then error(err, 0) end end}) end
local co = coroutine.create(function() local a <close> = res "a" local b <close> = res "b" coroutine.yield(1) end) coroutine.resume(co) print(coroutine.close(co), coroutine.status(co)) print(coroutine.close(co))
co = coroutine.create(function() local a <close> = res("a", "from a") local b <close> = res("b", "from b") coroutine.yield(1) end) coroutine.resume(co) print(coroutine.close(co)) print(coroutine.close(co))
co = coroutine.create(error) print(coroutine.resume(co, "msg")) print(coroutine.close(co), coroutine.status(co)) print(coroutine.close(coroutine.create(print)))
print(pcall(function() local w = coroutine.wrap(function() local a <close> = res("w", "close error") error("body", 0) end) w() end))
print(pcall(coroutine.close, coroutine.running()))
co = coroutine.create(function() local a <close> = res "self" print(pcall(function() coroutine.close(coroutine.running()) end)) print("not reached") end) print(coroutine.resume(co)) print(coroutine.status(co))
co = coroutine.create(function() coroutine.yield() end) coroutine.resume(co) local other = coroutine.create(function() return coroutine.close(co), coroutine.status(co) end) print(coroutine.resume(other))
co = coroutine.wrap(function() return pcall(coroutine.close, coroutine.create(function() end)) end) print(co())
local outer outer = coroutine.create(function() return coroutine.resume(coroutine.create(function() return pcall(coroutine.close, outer) end)) end) print(coroutine.resume(outer))
co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() coroutine.yield("in close") print("after yield") end}) return "result" end) print(coroutine.resume(co)) print(coroutine.resume(co)) print(coroutine.status(co))
co = coroutine.wrap(function() for i in coroutine.wrap(function() local r <close> = res "gen" coroutine.yield(1) coroutine.yield(2) end) do coroutine.yield(i) end end) print(co(), co(), co())
--> close	b	nil
--> close	a	nil
--> true	dead
--> true
--> close	b	nil
--> close	a	from b
--> false	from a
--> true
--> false	msg
--> false	dead
--> true
--> close	w	body
--> false	close.lua:6: close error
--> false	cannot close main thread
--> close	self	nil
--> true
--> dead
--> true	true	dead
--> true	true
--> true	true	false	cannot close a normal coroutine
--> true	in close
--> after yield
--> true	result
--> dead
--> close	gen	nil
--> 1	2
