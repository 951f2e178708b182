-- next and pairs while clearing and assigning; __pairs; ipairs with metamethods.
local t = {} for i = 1, 20 do t[i] = i; t["k" .. i] = i end
local seen = 0 for k in pairs(t) do seen = seen + 1 t[k] = nil end print(seen, next(t))
t = {a = 1, b = 2, c = 3} for k, v in pairs(t) do t[k] = v * 10 end print(t.a, t.b, t.c)
t = {} for i = 1, 10 do t[i] = i end local sum = 0 for i, v in pairs(t) do if i % 2 == 0 then t[i] = nil end sum = sum + v end print(sum, t[1], t[2])
t = {1, 2, 3, x = 1} local order = {} for k in pairs(t) do order[#order + 1] = tostring(k) end print(table.concat(order, " "))
t = setmetatable({}, {__pairs = function(self) return function(_, k) k = (k or 0) + 1 if k <= 3 then return k, k * k end end, self, nil end}) for k, v in pairs(t) do io.write(k, "=", v, " ") end print()
print(pcall(pairs, nil), pcall(ipairs), pcall(next, {}, 1), pcall(next, 5))
for i, v in ipairs(setmetatable({}, {__index = function(_, i) if i < 4 then return "v" .. i end end})) do io.write(i, v, " ") end print()
t = {} t[1], t[2], t[4] = 1, 2, 4 local n = 0 for _ in ipairs(t) do n = n + 1 end print(n)
local k = nil local c = 0 local u = {10, 20, 30, a = 1, b = 2} repeat k = next(u, k) if k ~= nil then c = c + 1 end until k == nil print(c)
collectgarbage() local weak = {} for i = 1, 50 do weak[i] = {} end for i in pairs(weak) do weak[i] = nil if i % 10 == 0 then collectgarbage() end end print(next(weak))
--> 40	nil
--> 10	20	30
--> 55	1	nil
--> 1 2 3 x
--> 1=1 2=4 3=9 
--> true	false	false	false	bad argument #1 to 'next' (table expected, got number)
--> 1v1 2v2 3v3 
--> 2
--> 5
--> nil
