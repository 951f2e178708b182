local function compute(n) return n end
local a = 1
print(a, comptue(2))
