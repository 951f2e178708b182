print(("a"):rep(3)

local x = 1
