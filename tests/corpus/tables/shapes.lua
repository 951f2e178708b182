-- Shapes that no table has any more are dropped, and their numbers used again, while instructions hold them
-- in their caches.
local function read(t) return t.last end
local function write(t, v) t.last = v return t end
local sum = 0
for round = 1, 12 do
  for i = 1, 60 do
    local name = "field" .. (round * 60 + i)
    local make = load("local v = ... return {" .. name .. " = v, last = v}")
    local t = make(i)
    sum = sum + read(t) + read(write(t, i + 1))
    assert(t[name] == i)
  end
  collectgarbage()
end
print(sum)

-- Fields beyond what a record may have, and other keys.
local t, keys = {}, {}
for i = 1, 200 do t["k" .. i] = i end
t[true], t[1.5] = "b", "f"
for k in pairs(t) do keys[#keys + 1] = tostring(k) end
print(#keys, t.k1, t.k32, t.k33, t.k129, t.k200, t[true], t[1.5])

-- A slot that has held integers only takes anything later.
local function point(x, y) return {x = x, y = y} end
local p, q = point(1, 2), point(3, 4)
p.x = 1.5; q.y = "four"; p.y = nil
local r = point(5, 6)
print(p.x, p.y, q.x, q.y, r.x, r.y, math.type(r.x))

-- Arrays of one kind take other values, and lose their last elements, in every order.
local ints, floats = {1, 2, 3}, {1.0, 2.5}
ints[2] = "two"; floats[3] = 7; floats[2] = nil
print(ints[1], ints[2], ints[3], floats[1], floats[2], floats[3])
local stack = {}
for i = 1, 10 do stack[#stack + 1] = i end
for i = 10, 4, -1 do stack[#stack] = nil end
stack[#stack + 1] = 4.5
print(#stack, table.concat(stack, " "))
local cleared = {1, 2, 3, 4, x = 5, y = 6}
local seen = 0
for k in pairs(cleared) do seen = seen + 1; cleared[k] = nil end
print(seen, next(cleared))
--> 44640
--> 202	1	32	33	129	200	b	f
--> 1.5	nil	3	four	5	6	integer
--> 1	two	3	1.0	nil	7
--> 4	1 2 3 4.5
--> 6	nil
