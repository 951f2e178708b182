-- print converts an argument before it writes the tab in front of it.
local bad = setmetatable({}, {__tostring = function() end})
print(pcall(print, 1, "two", bad))
local raises = setmetatable({}, {__tostring = function() io.write("[") return error("no text", 0) end})
print(pcall(print, 1, raises, 3))
--> 1	twofalse	'__tostring' must return a string
--> 1[false	no text
