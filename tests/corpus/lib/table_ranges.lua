-- insert, remove, move, unpack and pack over array parts of every kind, with holes and across kinds.
local function show(t, n)
  local out = {}
  for i = 1, n or #t do out[i] = t[i] == nil and "-" or math.type(t[i]) == "float" and "f" .. t[i] or tostring(t[i]) end
  print(table.concat(out, " "), n or #t)
end
local function ints(n) local t = {} for i = 1, n do t[i] = i end return t end
local function floats(n) local t = {} for i = 1, n do t[i] = i / 2 end return t end
local function mixed(n) local t = {} for i = 1, n do t[i] = i % 2 == 0 and "s" .. i or i end return t end
local makers = {ints, floats, mixed}

for _, make in ipairs(makers) do
  for _, value in ipairs {7, 0.5, "x", false} do
    local t = make(6)
    table.insert(t, 1, value) table.insert(t, 4, value) table.insert(t, #t, value) table.insert(t, #t + 1, value)
    show(t)
    print(table.remove(t, 1), table.remove(t, 3), table.remove(t), table.remove(t, #t + 1), table.remove(t, #t))
    show(t)
  end
end
for _, make in ipairs(makers) do
  for _, other in ipairs(makers) do
    local a, b = make(8), other(5)
    show(table.move(a, 2, 4, 4, b)) show(table.move(a, 1, 8, 3, b)) show(table.move(a, 3, 5, 9, b), 13)
    show(table.move(a, 1, 8, 1, {})) show(table.move(b, 1, #b, #b + 1))
    show(table.move(a, 1, 6, 3)) show(table.move(a, 3, 8, 1)) show(table.move(a, 5, 8, 9))
  end
end
local holes = {1, nil, 3, nil, 5, "x", nil, 8}
show(table.move(holes, 1, 8, 1, {9, 9, 9, 9, 9, 9, 9, 9, 9}), 9)
show(table.move(holes, 2, 6, 1, {9, 9, 9}), 5)
print(table.unpack(holes, 1, 8)) print(table.unpack(holes, 5, 10)) print(table.unpack(holes, -1, 1))
print(table.unpack(ints(3))) print(table.unpack(floats(3), 2)) print(table.unpack(ints(3), 2, 5))
print(table.unpack({}, 1, 3)) print(select("#", table.unpack(ints(250))))
for n = 0, 4 do
  local p = table.pack(table.unpack({1, nil, 2.5, "four"}, 1, n))
  show(p, n) print(p.n)
end
-- Items that are partly in the dictionary.
local sparse = {[3] = "c", [2] = "b", [10] = "j"}
sparse[1] = "a"
table.insert(sparse, 2, "new") show(sparse, 10) print(table.remove(sparse, 1)) show(sparse, 10)
show(table.move(sparse, 2, 10, 1), 10)
-- With metamethods every access is seen.
local log = {}
local seen = setmetatable({}, {
  __len = function() return 3 end,
  __index = function(_, i) log[#log + 1] = "r" .. i return i * 10 end,
  __newindex = function(_, i, v) log[#log + 1] = "w" .. i .. "=" .. tostring(v) end})
table.insert(seen, 2, "v") table.remove(seen, 2) table.move(seen, 1, 2, 2) table.move(ints(3), 1, 3, 5, seen)
print(table.concat(log, " ")) print(table.unpack(seen))
-- New objects in an old table.
local old = {}
for i = 1, 100 do old[i] = {i} end
collectgarbage() collectgarbage("generational") collectgarbage()
for i = 101, 200 do table.insert(old, 1, {i}) end
collectgarbage("step")
local copy = table.move(old, 1, #old, 1, {})
for i = 1, 50 do table.remove(old, 1) end
collectgarbage("step")
local sum = 0
for i = 1, #old do sum = sum + old[i][1] end
for i = 1, #copy do sum = sum + copy[i][1] * 1000 end
print(sum, #old, #copy)
--> 7 1 2 7 3 4 5 7 6 7	10
--> 7	7	7	nil	6
--> 1 2 3 4 5 7	6
--> f0.5 1 2 f0.5 3 4 5 f0.5 6 f0.5	10
--> 0.5	0.5	0.5	nil	6
--> 1 2 3 4 5 f0.5	6
--> x 1 2 x 3 4 5 x 6 x	10
--> x	x	x	nil	6
--> 1 2 3 4 5 x	6
--> false 1 2 false 3 4 5 false 6 false	10
--> false	false	false	nil	6
--> 1 2 3 4 5 false	6
--> 7 f0.5 f1.0 7 f1.5 f2.0 f2.5 7 f3.0 7	10
--> 7	7	7	nil	3.0
--> f0.5 f1.0 f1.5 f2.0 f2.5 7	6
--> f0.5 f0.5 f1.0 f0.5 f1.5 f2.0 f2.5 f0.5 f3.0 f0.5	10
--> 0.5	0.5	0.5	nil	3.0
--> f0.5 f1.0 f1.5 f2.0 f2.5 f0.5	6
--> x f0.5 f1.0 x f1.5 f2.0 f2.5 x f3.0 x	10
--> x	x	x	nil	3.0
--> f0.5 f1.0 f1.5 f2.0 f2.5 x	6
--> false f0.5 f1.0 false f1.5 f2.0 f2.5 false f3.0 false	10
--> false	false	false	nil	3.0
--> f0.5 f1.0 f1.5 f2.0 f2.5 false	6
--> 7 1 s2 7 3 s4 5 7 s6 7	10
--> 7	7	7	nil	s6
--> 1 s2 3 s4 5 7	6
--> f0.5 1 s2 f0.5 3 s4 5 f0.5 s6 f0.5	10
--> 0.5	0.5	0.5	nil	s6
--> 1 s2 3 s4 5 f0.5	6
--> x 1 s2 x 3 s4 5 x s6 x	10
--> x	x	x	nil	s6
--> 1 s2 3 s4 5 x	6
--> false 1 s2 false 3 s4 5 false s6 false	10
--> false	false	false	nil	s6
--> 1 s2 3 s4 5 false	6
--> 1 2 3 2 3 4	6
--> 1 2 1 2 3 4 5 6 7 8	10
--> 1 2 1 2 3 4 5 6 3 4 5 - -	13
--> 1 2 3 4 5 6 7 8	8
--> 1 2 1 2 3 4 5 6 3 4 5 1 2 1 2 3 4 5 6 3 4 5	22
--> 1 2 1 2 3 4 5 6	8
--> 1 2 3 4 5 6 5 6	8
--> 1 2 3 4 5 6 5 6 5 6 5 6	12
--> f0.5 f1.0 f1.5 2 3 4	6
--> f0.5 f1.0 1 2 3 4 5 6 7 8	10
--> f0.5 f1.0 1 2 3 4 5 6 3 4 5 - -	13
--> 1 2 3 4 5 6 7 8	8
--> f0.5 f1.0 1 2 3 4 5 6 3 4 5 f0.5 f1.0 1 2 3 4 5 6 3 4 5	22
--> 1 2 1 2 3 4 5 6	8
--> 1 2 3 4 5 6 5 6	8
--> 1 2 3 4 5 6 5 6 5 6 5 6	12
--> 1 s2 3 2 3 4	6
--> 1 s2 1 2 3 4 5 6 7 8	10
--> 1 s2 1 2 3 4 5 6 3 4 5 - -	13
--> 1 2 3 4 5 6 7 8	8
--> 1 s2 1 2 3 4 5 6 3 4 5 1 s2 1 2 3 4 5 6 3 4 5	22
--> 1 2 1 2 3 4 5 6	8
--> 1 2 3 4 5 6 5 6	8
--> 1 2 3 4 5 6 5 6 5 6 5 6	12
--> 1 2 3 f1.0 f1.5 f2.0	6
--> 1 2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	10
--> 1 2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 - -	13
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	8
--> 1 2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 1 2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5	22
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0	12
--> f0.5 f1.0 f1.5 f1.0 f1.5 f2.0	6
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	10
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 - -	13
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	8
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5	22
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0	12
--> 1 s2 3 f1.0 f1.5 f2.0	6
--> 1 s2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	10
--> 1 s2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 - -	13
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f3.5 f4.0	8
--> 1 s2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5 1 s2 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f1.5 f2.0 f2.5	22
--> f0.5 f1.0 f0.5 f1.0 f1.5 f2.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0	8
--> f0.5 f1.0 f1.5 f2.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0 f2.5 f3.0	12
--> 1 2 3 s2 3 s4	6
--> 1 2 1 s2 3 s4 5 s6 7 s8	10
--> 1 2 1 s2 3 s4 5 s6 3 s4 5 - -	13
--> 1 s2 3 s4 5 s6 7 s8	8
--> 1 2 1 s2 3 s4 5 s6 3 s4 5 1 2 1 s2 3 s4 5 s6 3 s4 5	22
--> 1 s2 1 s2 3 s4 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6 5 s6 5 s6	12
--> f0.5 f1.0 f1.5 s2 3 s4	6
--> f0.5 f1.0 1 s2 3 s4 5 s6 7 s8	10
--> f0.5 f1.0 1 s2 3 s4 5 s6 3 s4 5 - -	13
--> 1 s2 3 s4 5 s6 7 s8	8
--> f0.5 f1.0 1 s2 3 s4 5 s6 3 s4 5 f0.5 f1.0 1 s2 3 s4 5 s6 3 s4 5	22
--> 1 s2 1 s2 3 s4 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6 5 s6 5 s6	12
--> 1 s2 3 s2 3 s4	6
--> 1 s2 1 s2 3 s4 5 s6 7 s8	10
--> 1 s2 1 s2 3 s4 5 s6 3 s4 5 - -	13
--> 1 s2 3 s4 5 s6 7 s8	8
--> 1 s2 1 s2 3 s4 5 s6 3 s4 5 1 s2 1 s2 3 s4 5 s6 3 s4 5	22
--> 1 s2 1 s2 3 s4 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6	8
--> 1 s2 3 s4 5 s6 5 s6 5 s6 5 s6	12
--> 1 - 3 - 5 x - 8 9	9
--> - 3 - 5 x	5
--> 1	nil	3	nil	5	x	nil	8
--> 5	x	nil	8	nil	nil
--> nil	nil	1
--> 1	2	3
--> 1.0	1.5
--> 2	3	nil	nil
--> nil	nil	nil
--> 250
--> 	0
--> 0
--> 1	1
--> 1
--> 1 -	2
--> 2
--> 1 - f2.5	3
--> 3
--> 1 - f2.5 four	4
--> 4
--> a new b c - - - - - j	10
--> a
--> new b c - - - - - - j	10
--> b c - - - - - - j j	10
--> r3 w4=30 r2 w3=20 w2=v r2 r3 w2=30 w3=nil r2 w3=20 r1 w2=10 w5=1 w6=2 w7=3
--> 10	20	30
--> 20111325	150	200
