-- The debug library.
local function info(what, f) return debug.getinfo(f or 2, what) end
local function named(a, b, ...) local c = 1 local i = debug.getinfo(1, "nSlutf") return i.name, i.namewhat, i.what, i.short_src, i.linedefined, i.lastlinedefined, i.currentline, i.nups, i.nparams, i.isvararg, i.istailcall, i.func == named end print(named(1))
print(debug.getinfo(print).what, debug.getinfo(print, "S").short_src, debug.getinfo(print, "l").currentline, debug.getinfo(100), pcall(debug.getinfo, 1, "X"), debug.getinfo(1, "l").currentline) local function locals(x, y, ...) local z = 3; do local inner = 4 end local names = {} local i = 1 while true do local n, v = debug.getlocal(1, i) if not n or n:sub(1, 1) == "(" then break end if n ~= "names" and n ~= "i" then names[#names + 1] = n .. "=" .. tostring(v) end i = i + 1 end return table.concat(names, " ") end print((locals(1, 2, 3)))
print(debug.getlocal(locals, 1), debug.getlocal(locals, 2), debug.getlocal(locals, 3)) local function va(...) return debug.getlocal(1, -1), debug.getlocal(1, -2), debug.getlocal(1, -3) end print(va("a", "b")) local function setter() local v = 1 local n = debug.setlocal(1, 1, "changed") return v, n end print(setter()) local u1, u2 = 1, 2 local function ups() return u1, u2 end print(debug.getupvalue(ups, 1), debug.getupvalue(ups, 2), debug.getupvalue(ups, 3), debug.setupvalue(ups, 1, 99), u1, debug.getupvalue(string.rep, 1)) local function other() return u2 end debug.upvaluejoin(ups, 1, other, 1) print(ups(), debug.upvalueid(ups, 1) == debug.upvalueid(other, 1), pcall(debug.upvalueid, ups, 5), pcall(debug.upvaluejoin, ups, 9, other, 1))
local events = {} debug.sethook(function(e, l) events[#events + 1] = e end, "cr") math.abs(1) debug.sethook() print(table.concat(events, " ")) local lines = {} local function traced() local a = 1
  local b = 2
  for i = 1, 2 do
    a = a + i
  end
  return a
end debug.sethook(function(e, l) lines[#lines + 1] = l end, "l") traced() debug.sethook() print(#lines, lines[2] - lines[1]) local count = 0 debug.sethook(function() count = count + 1 end, "", 100) for i = 1, 10000 do end debug.sethook() print(count > 50, debug.gethook()) print(pcall(function() debug.sethook(function() debug.sethook() error("from hook", 0) end, "l") local x = 1
  local y = 2 end)) debug.sethook()
local co = coroutine.create(function(a) local b = a * 2 coroutine.yield(b) end) coroutine.resume(co, 21) print(debug.getinfo(co, 1, "l").currentline > 0, debug.getlocal(co, 1, 1), debug.getlocal(co, 1, 2), debug.setlocal(co, 1, 2, "x"), debug.getinfo(co, 5)) print(debug.getmetatable("").__index == string, debug.getregistry() ~= nil, debug.setmetatable(10, nil), debug.getuservalue(io.stdout, 1), debug.setmetatable({}, {}) ~= nil) local al = debug.getinfo(traced, "L").activelines local sorted = {} for k in pairs(al) do sorted[#sorted + 1] = k - debug.getinfo(traced, "S").linedefined end table.sort(sorted) print(table.concat(sorted, " ")) print(debug.getinfo(1, "t").extraargs, debug.getinfo(1, "r").ntransfer, (function() return debug.getinfo(1, "t").istailcall end)())
--> named	local	Lua	debug.lua	3	3	3	2	2	true	false	true
--> C	[C]	-1	nil	false	4
--> x=1 y=2
--> x	y	nil
--> (vararg)	(vararg)	nil
--> changed	v
--> u1	u2	nil	u1	99
--> 2	true	true	false	bad argument #2 to 'debug.upvaluejoin' (invalid upvalue index)
--> return call return call
--> 8	1
--> true	nil
--> false	from hook
--> true	a	b	b	nil
--> true	true	10	nil	true
--> 0 1 2 3 5 6
--> 0	0	false
