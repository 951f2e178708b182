-- Varargs: select, pack, adjustment, named varargs.
local function count(...) return select("#", ...) end
print(count(), count(nil), count(nil, nil), count(1, nil, 3), count(table.unpack({}, 1, 5)))
local function all(...) return ... end
print(all(1, 2, 3), all(1, 2), (all(1, 2)), all())
print(#{all(1, 2, 3)}, #{all(1, 2, 3), all(4, 5)}, #{all(1, 2), nil}, #{(all(1, 2))})
print(select(2, "a", "b", "c"), select(-1, "a", "b"), pcall(select, 0), pcall(select, -3, 1), select(5, 1))
local p = table.pack(1, nil, 3) print(p.n, p[1], p[2], p[3], table.unpack(p, 1, p.n))
local function named(a, ...rest) rest[1] = rest[1] or "default"; return a, rest.n, rest[1], rest[2], ... end
print(named(1)) print(named(1, 2, 3)) print(named(1, nil, 3))
local function grows(...args) args.n = 5; args[5] = "five"; return ... end
print(pcall(grows, 1, 2))
local function bad(...args) args.n = -1; return ... end
print(pcall(bad, 1))
local function closure(...t) return function() return t[1], t.n end end print(closure("x", "y")())
print(load("function f(...a) a = 1 end", "=s"), load("function f() return ... end", "=s"), load("function f(... , a) end", "=s"))
print((function(a, b, ...) return a, b, select("#", ...) end)(1))
print(pcall(table.unpack, {}, 1, 1e8), table.unpack({1, 2, 3}, 2), table.unpack({1, 2, 3}, 2, 3), (table.unpack({1, 2})))
print(math.max(table.unpack({3, 9, 2})), (select("#", table.unpack({}, 1, 200))), string.char(table.unpack({72, 105})))
local t = {all(1, 2), x = all(3, 4), all(5, 6)} print(#t, t.x, t[1], t[2], t[3])
local a, b, c, d = 0, all(1, 2) print(a, b, c, d)
--> 0	1	2	3	5
--> 1	1	1
--> 3	3	1	1
--> b	b	false	false
--> 3	1	nil	3	1	nil	3
--> 1	0	default	nil
--> 1	2	2	3	2	3
--> 1	2	default	3	default	3
--> true	1	2	nil	nil	five
--> false	varargs.lua:13: vararg table has no proper 'n'
--> x	2
--> nil	nil	nil	s:1: ')' expected near ','
--> 1	nil	0
--> false	2	2	1
--> 9	200	Hi
--> 3	3	1	5	6
--> 0	1	2	nil
