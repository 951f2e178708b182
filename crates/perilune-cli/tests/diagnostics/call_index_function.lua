local t = setmetatable({}, {__index = function(_, k) error("never called for " .. k) end})
rawset(t, "value", 1)
local ok = rawget(t, "valeu")()
