-- Comparisons at the border between integers and floats.
local max, min = math.maxinteger, math.mininteger
print(max < 2^63, max + 0.0 == 2^63, max == 2^63, min == -2^63, min <= -2^63, min < -2^63)
print(2^53 == 2^53 + 1, (1 << 53) + 1 == 2^53, (1 << 53) + 1 > 2^53, (1 << 53) + 1 < 2^53 + 2)
print(1 == 1.0, 1 < 1.5, 2 > 1.5, -1 < -0.5, 1 <= 1.0, max > max - 1.0, max >= 1e19, min > -1e19)
local nan = 0/0
print(1 < nan, 1 > nan, nan < 1, nan <= nan, nan >= nan, nan ~= nan, max < nan, min > nan)
print(1/0 > max, -1/0 < min, max < 1/0, min > -1/0)
print("a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "a\0" > "a", "Z" < "a", "10" < "9", "a" <= "a")
print(1 == "1", "abc" == "abc", nil == false, {} == {}, print == print)
for _, pair in ipairs{{1, "1"}, {"a", 1}, {{}, {}}, {nil, 1}, {true, false}, {print, print}, {{}, 1}} do
  print(pcall(function() return pair[1] < pair[2] end))
  print(pcall(function() return pair[1] >= pair[2] end))
end
local t = {}
t[1] = "int"; t[1.0] = "float"; t[2^53] = "big"
print(t[1], #t, t[1 << 53], next({[3.0] = 1}))
--> true	true	false	true	true	false
--> true	false	true	true
--> true	true	true	true	true	false	false	true
--> false	false	false	false	false	true	false	false
--> true	true	true	true
--> true	false	true	true	true	true	true	true
--> false	true	false	false	true
--> false	compare.lua:12: attempt to compare number with string
--> false	compare.lua:13: attempt to compare string with number
--> false	compare.lua:12: attempt to compare string with number
--> false	compare.lua:13: attempt to compare number with string
--> false	compare.lua:12: attempt to compare two table values
--> false	compare.lua:13: attempt to compare two table values
--> false	compare.lua:12: attempt to compare nil with number
--> false	compare.lua:13: attempt to compare number with nil
--> false	compare.lua:12: attempt to compare two boolean values
--> false	compare.lua:13: attempt to compare two boolean values
--> false	compare.lua:12: attempt to compare two function values
--> false	compare.lua:13: attempt to compare two function values
--> false	compare.lua:12: attempt to compare table with number
--> false	compare.lua:13: attempt to compare number with table
--> float	1	big	3	1
