-- All varargs of a call passed on, and numeric loops by steps of one and others, at the ends of the integers.
local function g(...) return select('#', ...), ... end
local function f(...) local t = {...} return #t, g(...) end
print(f()) print(f(1)) print(f(1,nil,3)) print(f(table.unpack({}, 1, 240)))
print(pcall(function(...) return f(...), ... end, 1, 2))
local function deep(n, ...) if n == 0 then return select('#', ...) end return deep(n-1, n, ...) end
print(deep(100)) print(select('#', deep(10)))
for _, r in ipairs{{1,3},{3,1},{1,1},{math.maxinteger-1, math.maxinteger},{math.mininteger, math.mininteger+1},{5,1,-2},{1,6,2},{1,2,0.5},{1,2.5},{3,2.5}} do
  local s, n = 0, 0
  for i = r[1], r[2], r[3] or 1 do n = n + 1 s = i local f = function() return i end s = f() end
  print(n, s)
  local q = 0
  for i = r[1], r[2] do q = q + 1 if q > 5 then break end end
  print(q)
end
local ok, e = pcall(function() for i = 1, "x" do end end) print(e)
--> 0	0
--> 1	1	1
--> 1	3	1	nil	3
--> 0	240	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil	nil
--> true	2	1	2
--> 100
--> 1
--> 3	3
--> 3
--> 0	0
--> 0
--> 1	1
--> 1
--> 2	9223372036854775807
--> 2
--> 2	-9223372036854775807
--> 2
--> 3	1
--> 0
--> 3	5
--> 6
--> 3	2.0
--> 2
--> 2	2
--> 2
--> 0	0
--> 0
--> open_varargs.lua:16: bad 'for' limit (number expected, got string)
