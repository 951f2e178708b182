-- Strings as numbers and numbers as strings.
print("10" + 5, "3" * "4", "0x10" + 0, " 7 " - 1, "1e1" // 1, "2" ^ 2, -"3", "5" % 3, "10" / 2)
print(10 .. 20, 1.0 .. "", -0.0 .. "", 2^63 .. "", math.mininteger .. "")
print(pcall(function() return "abc" + 1 end))
print(pcall(function() return {} .. "x" end))
print(pcall(function() local s = "x" return s * 2 end))
print(tonumber("  12  "), tonumber("12a"), tonumber(""), tonumber("0x"), tonumber("1e"), tonumber("1 2"), tonumber("0x1p-2"))
print(tonumber("10", 2), tonumber("zz", 36), tonumber("9", 8), tonumber("-ff", 16), tonumber(" 11 ", 3), tonumber("1.0", 10))
print(tonumber("9223372036854775807"), tonumber("9223372036854775808"), tonumber("0xffffffffffffffffff"))
print(tonumber("inf"), tonumber("nan"), tonumber("1_000"), tonumber(nil == nil and "5." or 0), tonumber(".5"), tonumber("."))
print(pcall(tonumber), pcall(tonumber, 10, 10), pcall(tonumber, "1", 1), pcall(tonumber, "1", 37))
print(tostring(nil), tostring(true), tostring(12), tostring(1.5), tostring("x"))
print(math.max("10" + 0, 9), #"12" + 1, "1" == 1, 0 == "0")
print(string.rep("x", "3"), ("x"):rep(2.0), pcall(string.rep, "x", 2.5), pcall(string.rep, "x", "2.5"))
--> 15	12	16	6	10.0	4.0	-3	2	5.0
--> 1020	1.0	-0.0	9.2233720368547758e+18	-9223372036854775808
--> false	coercions.lua:4: attempt to add a 'string' with a 'number'
--> false	coercions.lua:5: attempt to concatenate a table value
--> false	coercions.lua:6: attempt to mul a 'string' with a 'number'
--> 12	nil	nil	nil	nil	nil	0.25
--> 2	1295	nil	-255	4	nil
--> 9223372036854775807	9.2233720368547758e+18	-1
--> nil	nil	nil	5.0	0.5	nil
--> false	false	false	false	bad argument #2 to 'tonumber' (base out of range)
--> nil	true	12	1.5	x
--> 10	3	false	false
--> xxx	xx	false	false	bad argument #2 to 'string.rep' (number has no integer representation)
