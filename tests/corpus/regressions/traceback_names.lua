-- A traceback prefers the name the code gives to the one in package.loaded (5.5; 5.4 did the opposite).
local function shown(s) print((s:gsub("%[C%]", "C"):gsub("[^\n]*traceback_names.lua:%d+: ", ""))) end
pcall(function() shown(debug.traceback("in pcall")) end)
string.gsub("a", "a", function() shown(debug.traceback("in gsub")) end)
