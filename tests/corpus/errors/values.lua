-- error values, levels, positions, nested handlers.
print(pcall(error, "msg")) print(pcall(error, "msg", 0)) print(pcall(error, {}) == false) print(pcall(error)) print(pcall(error, nil)) print(select(2, pcall(error, 42)), math.type(select(2, pcall(error, 42)))) print(pcall(function() error("here") end)) print(pcall(function() error("here", 0) end)) print(pcall(function() local function f() error("caller", 2) end f() end)) print(pcall(function() error("far", 3) end)) print(pcall(function() error("x", 50) end)) print(pcall(function() error(setmetatable({}, {__tostring = function() return "E" end})) end) == false)
print(xpcall(function() error("e", 0) end, function(m) return m .. " handled", "second" end)) print(xpcall(function() local x = nil + 1 end, function(m) return "H:" .. m end)) print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil, 3)) print(xpcall(error, function(m) error("again", 0) end, "first")) print(xpcall(error, function(m) return debug.traceback(m, 2) ~= nil end, "m")) print(pcall(xpcall, error)) print(pcall(xpcall, error, 5))
print(pcall(pcall)) print(pcall(pcall, error, "x")) print(pcall(pcall, pcall, error)) print(select("#", pcall(error))) local function lvl(n) return function() error("level " .. n, n) end end for i = 0, 3 do print(pcall(function() lvl(i)() end)) end
local depth = 0 local function nest() depth = depth + 1 local ok, e = pcall(function() if depth < 50 then nest() end error("d" .. depth, 0) end) return e end print(nest(), depth)
print(pcall(function() local t = setmetatable({}, {__index = function(_, k) error("no field " .. k, 2) end}) return t.missing end)) print(pcall(load, function() error("reader", 0) end)) print(pcall(load, function() error("reader", 0) end)) print(pcall(string.gsub, "x", "x", function() error("cb", 0) end)) print(pcall(table.sort, {1, 2, 3}, function() error("cmp", 0) end)) print(pcall(next, {}, "x"))
print(select(2, pcall(error, "pos", 1)), select(2, pcall(function() error() end)), select(2, pcall(function() error(nil) end)), select(2, pcall(assert, false, nil))) print(pcall(assert, 1, 2, 3)) print(pcall(assert, false, "m", "n")) print(pcall(function() return assert(tonumber("x"), "not a number") end))
--> false	msg
--> false	msg
--> true
--> false	<no error object>
--> false	<no error object>
--> 42	integer
--> false	values.lua:2: here
--> false	here
--> false	values.lua:2: caller
--> false	values.lua:2: far
--> false	x
--> true
--> false	e handled
--> false	H:values.lua:3: attempt to perform arithmetic on a nil value
--> true	3	1	nil	3
--> false	error in error handling
--> false	true
--> false	bad argument #2 to 'xpcall' (function expected, got no value)
--> false	bad argument #2 to 'xpcall' (function expected, got number)
--> false	bad argument #1 to 'pcall' (value expected)
--> true	false	x
--> true	true	false	<no error object>
--> 2
--> false	level 0
--> false	values.lua:4: level 1
--> false	values.lua:4: level 2
--> false	level 3
--> d50	50
--> false	values.lua:6: no field missing
--> true	nil	reader
--> true	nil	reader
--> false	cb
--> false	cmp
--> false	invalid key to 'next'
--> pos	<no error object>	<no error object>	<no error object>
--> true	1	2	3
--> false	m
--> false	values.lua:7: not a number
