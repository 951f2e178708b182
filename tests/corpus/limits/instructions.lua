--! options: --max-instructions=2000000
--! exit: 1
--! error: instruction
-- The limit strikes, and neither pcall, xpcall, coroutines, __close nor __gc stop it.
print("start")
local c <close> = setmetatable({}, {__close = function() while true do end end})
pcall(function() xpcall(function() coroutine.wrap(function() pcall(function() while true do end end) end)() end, function() while true do end end) end)
print("not reached")
--> start
