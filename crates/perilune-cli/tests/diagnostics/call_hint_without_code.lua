local log = {}
local t = setmetatable({format = print}, {__index = function(_, k) log[#log + 1] = k end})
t.formt("x")
