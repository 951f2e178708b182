-- What is left of a coroutine that an error has ended shows the calls inside library functions too.
local function fail() error("x") end
local function show(body)
  local co = coroutine.create(body)
  print(coroutine.resume(co))
  print(debug.traceback(co))
  local info = debug.getinfo(co, 1, "nSl")
  print(info and info.short_src, info and info.currentline, info and info.name)
end
show(function() for _, v in ipairs(setmetatable({}, {__index = function() fail() end})) do print(v) end end)
show(function() table.sort({3, 1, 2}, function(a, b) fail() return a < b end) end)
show(function() return (string.gsub("abc", "b", function() local t = nil return t.x end)) end)
show(function() print(tostring(setmetatable({}, {__tostring = function() return (string.rep("a", -1)):bad() end}))) end)
show(function() table.sort({3, 1, 2}, function() string.gsub("x", "x", function() table.concat({1, {}, 3}) end) end) end)
show(function() table.sort({1, 2, 3}, {}) end)
show(function() load(function() fail() end) local ok = pcall(string.gsub, "x", "x", fail) fail(ok) end)
show(function() local ok, m = pcall(table.sort, {2, 1}, fail) print(ok, m) string.gsub("y", "y", fail) end)
show(function() coroutine.wrap(function() string.gsub("z", "z", fail) end)() end)
show(function() local x <close> = setmetatable({}, {__close = function() string.gsub("z", "z", fail) end}) string.gsub("y", "y", fail) end)
-- Pending variables are closed afterwards, in order.
local co = coroutine.create(function()
  local a <close> = setmetatable({}, {__close = function(_, e) print("a", e) end})
  string.gsub("y", "y", function()
    local b <close> = setmetatable({}, {__close = function(_, e) print("b", e) end})
    fail()
  end)
end)
print(coroutine.resume(co))
print(coroutine.close(co), coroutine.status(co))
print(coroutine.close(co))
--> false	dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in global 'error'
--> 	dead_coroutines.lua:2: in upvalue 'fail'
--> 	dead_coroutines.lua:10: in function <dead_coroutines.lua:10>
--> 	[C]: in for iterator 'for iterator'
--> 	dead_coroutines.lua:10: in function <dead_coroutines.lua:10>
--> dead_coroutines.lua	2	fail
--> false	dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in global 'error'
--> 	dead_coroutines.lua:2: in upvalue 'fail'
--> 	dead_coroutines.lua:11: in function <dead_coroutines.lua:11>
--> 	[C]: in field 'sort'
--> 	dead_coroutines.lua:11: in function <dead_coroutines.lua:11>
--> dead_coroutines.lua	2	fail
--> false	dead_coroutines.lua:12: attempt to index a nil value (local 't')
--> stack traceback:
--> 	dead_coroutines.lua:12: in function <dead_coroutines.lua:12>
--> 	[C]: in field 'gsub'
--> 	dead_coroutines.lua:12: in function <dead_coroutines.lua:12>
--> [C]	-1	gsub
--> false	dead_coroutines.lua:13: attempt to call a nil value (method 'bad')
--> stack traceback:
--> 	dead_coroutines.lua:13: in function <dead_coroutines.lua:13>
--> 	[C]: in global 'tostring'
--> 	dead_coroutines.lua:13: in function <dead_coroutines.lua:13>
--> [C]	-1	tostring
--> false	dead_coroutines.lua:14: invalid value (table) at index 2 in table for 'concat'
--> stack traceback:
--> 	[C]: in field 'concat'
--> 	dead_coroutines.lua:14: in function <dead_coroutines.lua:14>
--> 	[C]: in field 'gsub'
--> 	dead_coroutines.lua:14: in function <dead_coroutines.lua:14>
--> 	[C]: in field 'sort'
--> 	dead_coroutines.lua:14: in function <dead_coroutines.lua:14>
--> dead_coroutines.lua	14	nil
--> false	dead_coroutines.lua:15: bad argument #2 to 'sort' (function expected, got table)
--> stack traceback:
--> 	[C]: in field 'sort'
--> 	dead_coroutines.lua:15: in function <dead_coroutines.lua:15>
--> dead_coroutines.lua	15	nil
--> false	dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in global 'error'
--> 	dead_coroutines.lua:2: in upvalue 'fail'
--> 	dead_coroutines.lua:16: in function <dead_coroutines.lua:16>
--> dead_coroutines.lua	2	fail
--> false	dead_coroutines.lua:2: x
--> false	dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in global 'error'
--> 	dead_coroutines.lua:2: in function <dead_coroutines.lua:2>
--> 	[C]: in field 'gsub'
--> 	dead_coroutines.lua:17: in function <dead_coroutines.lua:17>
--> dead_coroutines.lua	2	nil
--> false	dead_coroutines.lua:18: dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in ?
--> 	dead_coroutines.lua:18: in function <dead_coroutines.lua:18>
--> dead_coroutines.lua	18	nil
--> false	dead_coroutines.lua:2: x
--> stack traceback:
--> 	[C]: in global 'error'
--> 	dead_coroutines.lua:2: in function <dead_coroutines.lua:2>
--> 	[C]: in field 'gsub'
--> 	dead_coroutines.lua:19: in function <dead_coroutines.lua:19>
--> dead_coroutines.lua	2	nil
--> false	dead_coroutines.lua:2: x
--> b	dead_coroutines.lua:2: x
--> a	dead_coroutines.lua:2: x
--> false	dead
--> true
