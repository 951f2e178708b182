local t = {1, 2, 3}
local n = t[1] + * 2
