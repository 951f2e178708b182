-- insert, remove, move, sort, unpack, pack, create.
local function show(t) return table.concat(t, " ") end
local t = {1, 2, 3} table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, "x") print(show(t), table.remove(t), table.remove(t, 1), table.remove(t, 2), show(t))
print(table.remove({}), table.remove({}, 0), #t, table.remove(t, #t + 1), pcall(table.remove, t, 7), pcall(table.insert, t, 9, 1), pcall(table.insert, t), pcall(table.insert, t, 1, 2, 3), pcall(table.insert, nil, 1))
print(show(table.move({1, 2, 3}, 2, 3, 1)), show(table.move({1, 2, 3}, 1, 3, 2)), show(table.move({1, 2, 3}, 1, 3, 3, {9, 9})), show(table.move({1, 2}, 1, 0, 5)), pcall(table.move, {}, 1, math.maxinteger, 2), pcall(table.move, {}, -1, math.maxinteger, 2))
t = {5, 2, 8, 1, 9, 3} table.sort(t) print(show(t)) table.sort(t, function(a, b) return a > b end) print(show(t))
t = {"b", "a", "C", "10", "9"} table.sort(t) print(show(t)) print(pcall(table.sort, {1, "x"}), pcall(table.sort, {1, 2, 3}, 5))
local big = {} for i = 1, 500 do big[i] = (i * 7919) % 1009 end table.sort(big) for i = 2, 500 do assert(big[i - 1] <= big[i]) end print("sorted")
print(pcall(table.sort, {3, 1, 2, 5, 4, 7, 6, 9, 8, 10, 12, 11}, function() return true end))
table.sort({}) table.sort({1}) print(pcall(table.sort, {{}, {}}), pcall(table.sort, {1, 2, nil, 4}))
local p = table.pack() print(p.n, table.unpack({1, 2, 3}, -1, 1)) print(table.unpack({1, 2}, 2, 1), table.unpack("", 1, 0) == nil)
print(#table.create(10), #table.create(0, 5), pcall(table.create, -1), pcall(table.create, 1 << 40), type(table.create(3, 3)))
local proxy = setmetatable({}, {__index = function(_, i) if i <= 3 then return i * 10 end end, __len = function() return 3 end}) print(table.concat(proxy, ","), table.unpack(proxy))
local log = {} local w = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k .. "=" .. tostring(v) rawset(t, k, v) end}) table.insert(w, "a") table.insert(w, "b") table.move({7, 8}, 1, 2, 3, w) print(show(log))
print(next({}), next({5}), type(next), rawequal("a", "a"), select("#", table.unpack({nil, nil}, 1, 2)))
--> 0 1 x 2 3 4	4	0	x	1 2 3
--> nil	nil	3	nil	false	false	false	false	false	bad argument #1 to 'table.insert' (table expected, got nil)
--> 2 3 3	1 1 2 3	9 9 1 2 3	1 2	false	false	bad argument #3 to 'table.move' (too many elements to move)
--> 1 2 3 5 8 9
--> 9 8 5 3 2 1
--> 10 9 C a b
--> false	false	bad argument #2 to 'table.sort' (function expected, got number)
--> sorted
--> false	invalid order function for sorting
--> false	true
--> 0	nil	nil	1
--> nil	true
--> 0	0	false	false	table
--> 10,20,30	10	20	30
--> 1=a 2=b 3=7 4=8
--> nil	1	function	true	2
