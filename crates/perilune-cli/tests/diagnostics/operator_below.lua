local n = 0
local x = 10
  // n
