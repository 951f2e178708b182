-- Numeric loops: overflow, directions, floats, bad bounds.
local function run(a, b, c)
  local n, out = 0, {}
  for i = a, b, c or 1 do
    n = n + 1; out[#out + 1] = tostring(i)
    if n == 6 then out[#out + 1] = "..."; break end
  end
  print(n, table.concat(out, " "))
end
run(1, 3) run(3, 1) run(3, 1, -1) run(1, 0) run(1, 10, 4) run(-1, -10, -4)
run(math.maxinteger - 1, math.maxinteger) run(math.mininteger + 1, math.mininteger, -1)
run(math.maxinteger - 1, math.huge) run(1, -math.huge) run(math.mininteger, math.maxinteger, 1 << 62)
run(math.maxinteger, math.mininteger, math.mininteger) run(1, math.maxinteger, math.maxinteger)
run(1.0, 2) run(1, 2.9) run(1, 2, 0.5) run(0.1, 0.35, 0.1) run(3, 1.5, -0.5) run(1, 0/0) run(0/0, 1) run(1.0, 0/0)
run(-0.0, 0) run(1, 1e308, 1e307) run(5, 5) run(5, 4.9) run(5, 4.9, -1)
for _, bad in ipairs{{1, "2"}, {"1", 2}, {1, 2, "1"}, {{}, 1}, {1, {}}, {1, 2, {}}, {1, 2, 0}, {1.0, 2, 0}, {1, 2, 0.0}, {nil, 1}} do
  print(pcall(function() for i = bad[1], bad[2], bad[3] or (#bad > 2 and bad[3] or 1) do end end))
end
local fs = {}
for i = 1, 3 do fs[i] = function() return i end end
print(fs[1](), fs[2](), fs[3]())
print(load("for i = 1, 2 do i = 3 end"))
--> 3	1 2 3
--> 0	
--> 3	3 2 1
--> 0	
--> 3	1 5 9
--> 3	-1 -5 -9
--> 2	9223372036854775806 9223372036854775807
--> 2	-9223372036854775807 -9223372036854775808
--> 2	9223372036854775806 9223372036854775807
--> 0	
--> 4	-9223372036854775808 -4611686018427387904 0 4611686018427387904
--> 2	9223372036854775807 -1
--> 1	1
--> 2	1.0 2.0
--> 2	1 2
--> 3	1.0 1.5 2.0
--> 3	0.1 0.2 0.30000000000000004
--> 4	3.0 2.5 2.0 1.5
--> 0	
--> 1	nan
--> 1	1.0
--> 1	-0.0
--> 6	1.0 1e+307 2e+307 3e+307 4e+307 5e+307 ...
--> 1	5
--> 0	
--> 1	5
--> true
--> true
--> true
--> false	for_loops.lua:17: bad 'for' initial value (number expected, got table)
--> false	for_loops.lua:17: bad 'for' limit (number expected, got table)
--> false	for_loops.lua:17: bad 'for' step (number expected, got table)
--> false	for_loops.lua:17: 'for' step is zero
--> false	for_loops.lua:17: 'for' step is zero
--> false	for_loops.lua:17: 'for' step is zero
--> false	for_loops.lua:17: bad 'for' initial value (number expected, got nil)
--> 1	2	3
--> nil	[string "for i = 1, 2 do i = 3 end"]:1: attempt to assign to const variable 'i'
