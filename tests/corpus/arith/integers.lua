-- Integer arithmetic wraps; division and modulo round towards minus infinity.
local max, min = math.maxinteger, math.mininteger
print(max + 1 == min, min - 1 == max, -min == min, max * 2, min * -1 == min)
print(7 // 2, -7 // 2, 7 // -2, -7 // -2)
print(7 % 3, -7 % 3, 7 % -3, -7 % -3)
print(min // -1 == min, min % -1, max // -1, 0 // -5, 0 % -5)
print(5 // 1, 5 % 1, -5 % 1, 1 % max, -1 % max, 1 % min, -1 % min)
print(pcall(function() return 1 // 0 end))
print(pcall(function() return 1 % 0 end))
for _, a in ipairs{17, -17, max, min} do
  for _, b in ipairs{5, -5, max, min, 1, -1} do
    local q, r = a // b, a % b
    assert(q * b + r == a and (r == 0 or (r < 0) == (b < 0)))
  end
end
print(0xffffffffffffffff, 0x7fffffffffffffff, 0x1p4, 0xA.8p0)
print(9223372036854775807, 9223372036854775808, -9223372036854775808)
print(1e2, 1E-2, .5, 5., 3e0)
print(math.type(1), math.type(1.0), math.type("1"), math.type(nil))
--> true	true	true	-2	true
--> 3	-4	-4	3
--> 1	2	-2	-1
--> true	0	-9223372036854775807	0	0
--> 5	0	0	1	9223372036854775806	-9223372036854775807	-1
--> false	integers.lua:8: attempt to divide by zero
--> false	integers.lua:9: attempt to perform 'n%0'
--> -1	9223372036854775807	16.0	10.5
--> 9223372036854775807	9.2233720368547758e+18	-9.2233720368547758e+18
--> 100.0	0.01	0.5	5.0	3.0
--> integer	float	nil	nil
