-- Bit operators and their conversions.
print(5 & 3, 5 | 3, 5 ~ 3, ~5, 1 << 4, 256 >> 4, -1 >> 60, -1 << 60)
print(1 << 63, 1 << 64, 1 >> 64, 1 << -1, 2 >> -1, -1 >> 63, 1 << 65, 1 >> -65)
print(3.0 & 1, 2^31 | 0, ~0.0, 2^53 & -1)
for _, f in ipairs{
  function() return 1.5 & 1 end, function() return 1 | "x" end, function() return 2^63 | 0 end,
  function() return ~{} end, function() return 1 << nil end, function() return "7" & 3 end, function() local s = "3.0" return 1 ~ s end, function() return "1.5" & 1 end,
  function() return 1e100 ~ 1 end, function() return (0/0) | 0 end, function() local a = {} return a.x & 1 end,
} do
  print(pcall(f))
end
print((0xF0 & 0x3C) == 0x30, 1 | 2 ~ 3 & 4, 1 << 2 + 1, ~0 >> 1 == math.maxinteger)
--> 1	7	6	-6	16	16	15	-1152921504606846976
--> -9223372036854775808	0	0	0	4	1	0	0
--> 1	2147483648	-1	9007199254740992
--> false	bits.lua:6: number has no integer representation
--> false	bits.lua:6: attempt to perform bitwise operation on a string value (constant 'x')
--> false	bits.lua:6: number has no integer representation
--> false	bits.lua:7: attempt to perform bitwise operation on a table value
--> false	bits.lua:7: attempt to perform bitwise operation on a nil value
--> false	bits.lua:7: attempt to perform bitwise operation on a string value (constant '7')
--> false	bits.lua:7: attempt to perform bitwise operation on a string value (local 's')
--> false	bits.lua:7: attempt to perform bitwise operation on a string value (constant '1.5')
--> false	bits.lua:8: number has no integer representation
--> false	bits.lua:8: number has no integer representation
--> false	bits.lua:8: attempt to perform bitwise operation on a nil value (field 'x')
--> true	3	8	true
