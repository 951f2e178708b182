-- A traceback prefers the name the code gives to the one in package.loaded (5.5; 5.4 did the opposite).
local function shown(s) print((s:gsub("%[C%]", "C"):gsub("[^\n]*traceback_names.lua:%d+: ", ""))) end
pcall(function() shown(debug.traceback("in pcall")) end)
string.gsub("a", "a", function() shown(debug.traceback("in gsub")) end)
--> in pcall
--> stack traceback:
--> in function <traceback_names.lua:3>
--> 	C: in global 'pcall'
--> in main chunk
--> 	C: in ?
--> in gsub
--> stack traceback:
--> in function <traceback_names.lua:4>
--> 	C: in field 'gsub'
--> in main chunk
--> 	C: in ?
