-- Bit operators and their conversions.
print(5 & 3, 5 | 3, 5 ~ 3, ~5, 1 << 4, 256 >> 4, -1 >> 60, -1 << 60)
print(1 << 63, 1 << 64, 1 >> 64, 1 << -1, 2 >> -1, -1 >> 63, 1 << 65, 1 >> -65)
print(3.0 & 1, "7" & 3, "0x10" | 1, 2^31 | 0, ~0.0, "3.0" ~ 1)
for _, f in ipairs{
  function() return 1.5 & 1 end, function() return 1 | "x" end, function() return 2^63 | 0 end,
  function() return ~{} end, function() return 1 << nil end, function() return "1.5" & 1 end,
  function() return 1e100 ~ 1 end, function() return (0/0) | 0 end, function() local a = {} return a.x & 1 end,
} do
  print(pcall(f))
end
print(0xF0 & 0x3C == 0x30, 1 | 2 ~ 3 & 4, 1 << 2 + 1, "10" + 0 << 1, ~0 >> 1 == math.maxinteger)
--> 1	7	6	-6	16	16	15	-1152921504606846976
--> -9223372036854775808	0	0	0	4	1	0	0
