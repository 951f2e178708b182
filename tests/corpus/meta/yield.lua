-- Yields inside every kind of metamethod and continuation.
local y = coroutine.yield
local mt = {} for _, e in ipairs{"add", "concat", "unm", "index", "newindex", "call", "eq", "lt", "le", "len", "band", "shl", "idiv", "close"} do mt["__" .. e] = function(a, b) return y(e) end end
local function run(f) local co = coroutine.create(f) local out = {} local ok, v = coroutine.resume(co) while coroutine.status(co) ~= "dead" do out[#out + 1] = tostring(v) ok, v = coroutine.resume(co, #out) end print(table.concat(out, " "), ok, v) end
local function o() return setmetatable({}, mt) end
run(function() return o() + 1 end) run(function() return 1 + o() end) run(function() return o() .. "x" end) run(function() return "a" .. "b" .. o() end) run(function() return -o() end)
run(function() return o().x end) run(function() o().x = 1 return "set" end) run(function() return o()(1, 2) end) run(function() return o() == o() end) run(function() return o() ~= o() end)
run(function() return o() < o() end) run(function() return o() <= 1 end) run(function() return 1 > o() end) run(function() return #o() end) run(function() return o() & 1 end) run(function() return 1 << o() end) run(function() return 7 // o() end)
run(function() if o() < 1 then return "yes" else return "no" end end) run(function() while o() == o() do return "loop" end end) run(function() do local c <close> = o() end return "closed" end) run(function() local c <close> = o() return "ret", 2 end)
run(function() for i in function(_, i) y("iter") i = (i or 0) + 1 if i < 3 then return i end end do y("body" .. i) end return "for done" end)
run(function() return select(2, pcall(function() y("in pcall") error("err", 0) end)) end) run(function() return select(2, xpcall(function() y(1) error("e", 0) end, function(m) return m .. "!" end)) end)
run(function() return table.concat({y(1), y(2), y(3)}, ",") end) run(function() local t = {} t[y("k")], t[y("k2")] = y("v"), y("v2") return t[1] end) run(function() return (y(1)) + y(2) * y(3) end) run(function() return load("return coroutine.yield('loaded')")() end)
run(function() local ok, m = pcall(table.sort, {1, 2, 3}, function() y() end) return m end) run(function() local ok, m = pcall(string.gsub, "abc", ".", function() y() end) return m end) run(function() return tostring(pcall(y, "direct")) end)
run(function() local ok, e = pcall(function() local c <close> = setmetatable({}, {__close = function(_, e) y("closing " .. tostring(e)) end}) error("x", 0) end) return e end)
--> add	true	1
--> add	true	1
--> concat	true	1
--> concat	true	a1
--> unm	true	1
--> index	true	1
--> newindex	true	set
--> call	true	1
--> eq	true	true
--> eq	true	false
--> lt	true	true
--> le	true	true
--> lt	true	true
--> len	true	1
--> band	true	1
--> shl	true	1
--> idiv	true	1
--> lt	true	yes
--> eq	true	loop
--> close	true	closed
--> close	true	ret
--> iter body1 iter body2 iter	true	for done
--> in pcall	true	err
--> 1	true	e!
--> 1 2 3	true	1,2,3
--> k k2 v v2	true	3
--> 1 2 3	true	7
--> loaded	true	1
--> 	true	attempt to yield across a C-call boundary
--> 	true	attempt to yield across a C-call boundary
--> direct	true	true
--> closing x	true	x
