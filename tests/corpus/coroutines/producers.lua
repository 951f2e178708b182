-- Producers, filters and schedulers: switches in many shapes.
local function producer(n) return coroutine.create(function() for i = 1, n do coroutine.yield("item" .. i) end return "done" end) end
local function filter(p, f) return coroutine.create(function() while true do local ok, v = coroutine.resume(p) if coroutine.status(p) == "dead" then return v end coroutine.yield(f(v)) end end) end
local f = filter(filter(producer(3), string.upper), function(s) return "<" .. s .. ">" end) while true do local _, v = coroutine.resume(f) io.write(v, " ") if coroutine.status(f) == "dead" then break end end print()
local queue, out = {}, {} local function spawn(name, n) queue[#queue + 1] = coroutine.create(function() for i = 1, n do out[#out + 1] = name .. i coroutine.yield() end end) end
spawn("a", 2) spawn("b", 3) spawn("c", 1) while #queue > 0 do local co = table.remove(queue, 1) coroutine.resume(co) if coroutine.status(co) ~= "dead" then queue[#queue + 1] = co end end print(table.concat(out, " "))
local function permgen(a, n) n = n or #a if n <= 1 then coroutine.yield(table.concat(a)) else for i = 1, n do a[n], a[i] = a[i], a[n] permgen(a, n - 1) a[n], a[i] = a[i], a[n] end end end
local perms = {} for p in coroutine.wrap(function() permgen({"a", "b", "c"}) end) do perms[#perms + 1] = p end print(table.concat(perms, " "))
local ring = {} local N = 200 for i = 1, N do ring[i] = coroutine.wrap(function(x) while true do x = coroutine.yield(x + 1) end end) end local v = 0 for round = 1, 20 do for i = 1, N do v = ring[i](v) end end print(v)
local function rec(n) if n == 0 then return 0 end local co = coroutine.wrap(rec) return 1 + co(n - 1) end print(rec(100)) print(select(2, pcall(rec, 1000)):match("C stack overflow"))
local sum = 0 local co = coroutine.wrap(function(...) local args = table.pack(...) while true do for i = 1, args.n do sum = sum + args[i] end args = table.pack(coroutine.yield(sum)) end end) print(co(1, 2, 3), co(), co(10), co(5, 5, 5, 5))
--> <ITEM1> <ITEM2> <ITEM3> done 
--> a1 b1 c1 a2 b2 b3
--> bca cba cab acb bac abc
--> 4000
--> 100
--> C stack overflow
--> 6	6	16	36
