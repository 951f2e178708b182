-- An item that moved from the dictionary into the array part, and is then cleared as the array's last one
-- during a traversal: the traversal goes on behind the array part.
local t = {}
for i = 1, 27 do t["k" .. i] = {} end
for i = 1, 12 do t[2 ^ (i % 9)] = -i end
local n = 0
for k in pairs(t) do
  n = n + 1
  if k == 2 then t[k] = nil end
end
print(n)
local u = {a = 1, b = 2, c = 3, d = 4, e = 5, [3] = 3, [2] = 2, [1] = 1}
n = 0
for k in pairs(u) do
  n = n + 1
  if math.type(k) then u[k] = nil end
end
print(n, next(u) ~= nil, #u)
--> 36
--> 8	true	0
