-- Constants stored into arrays of every kind, in loops.
local function fill(t, n)
  for i = 1, n do t[i] = false end
  for i = 1, n do t[i] = true end
  for i = 2, n, 2 do t[i] = "s" end
  t[1] = 7
  return t
end
local function show(t)
  local items = {}
  for i = 1, #t do items[i] = tostring(t[i]) end
  return table.concat(items, " ")
end
for _ = 1, 3 do print(show(fill({}, 6))) end
local ints, floats = {1, 2, 3}, {1.5, 2.5, 3.5}
local function clear(t, n)
  for i = 1, n do t[i] = 0 end
  return t
end
for _ = 1, 3 do print(show(clear(ints, 4)), show(clear(floats, 4))) end
--> 7 s true s true s
--> 7 s true s true s
--> 7 s true s true s
--> 0 0 0 0	0 0 0 0
--> 0 0 0 0	0 0 0 0
--> 0 0 0 0	0 0 0 0
