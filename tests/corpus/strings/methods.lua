-- The rest of the string library.
local s = "hello"
print(s:sub(2, 3), s:sub(-3), s:sub(2), s:sub(0), s:sub(10), s:sub(-100, 2), s:sub(3, 2), s:sub(math.mininteger, math.maxinteger))
print(s:byte(), s:byte(-1), s:byte(1, 3), s:byte(10), (s:byte(1, -1)))
print(s:upper(), ("ABC"):lower(), s:reverse(), s:len(), #s, (""):reverse())
print(string.char(), string.char(72, 105), pcall(string.char, 256), pcall(string.char, -1), pcall(string.char, "x"))
print(("x"):rep(3), ("x"):rep(3, ", "), pcall(string.rep, "x", 1 << 62), pcall(string.rep, "xx", math.maxinteger))
print(table.concat({1, 2.5, "x"}, "-"), table.concat({}, "x"), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 2), table.concat({1}, ",", 2))
print(pcall(table.concat, {1, {}, 3}), pcall(table.concat, {1, nil, 3}, ",", 1, 3), pcall(table.concat, {}, ",", 1, 1))
print(("%d"):format(3), ("x"):len(), #"a\0b", ("a"):byte(1, 0), s.len == string.len, ("x").y)
print(pcall(function() return ("x"):nope() end), pcall(function() return ("x").y.z end), pcall(string.sub), pcall(string.upper, {}), pcall(s.rep, s))
local long = ("0123456789"):rep(10)
print(long == ("01234567890123456789"):rep(5), #(long .. long), (long .. "x"):sub(-3), long < long .. "a", ({[long] = 1})[("0123456789"):rep(10)])
print("a" .. "b" .. 1 .. 2.0 .. "c", ("x"):rep(1000):gsub("x", "yy"):len())
--> el	llo	ello	hello		he		hello
--> 104	111	104	nil	104
--> HELLO	abc	olleh	5	5	
--> 	Hi	false	false	false	bad argument #1 to 'string.char' (number expected, got string)
--> xxx	x, x, x	false	false	resulting string too large
--> 1-2.5-x		2,3	2	
--> false	false	false	invalid value (nil) at index 1 in table for 'concat'
--> 3	1	3	nil	true	nil
--> false	false	false	false	false	bad argument #2 to 'string.rep' (number expected, got no value)
--> true	200	89x	true	1
--> ab12.0c	2000
