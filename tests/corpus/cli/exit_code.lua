--! exit: 7
local c <close> = setmetatable({}, {__close = function() print("closed") end})
Kept = setmetatable({}, {__gc = function() print("finalised") end})
print("leaving") os.exit(7, true)
--> leaving
--> closed
--> finalised
