local function two(a, b) return a, b end
local function any(...) return ... end
local one = function(a) return a end
local later
later = function(a) return a end
two(1)
two(1, 2)
two(1, 2, 3)
two(any())
two(1, 2, any())
two(1, 2, 3, any())
any(1, 2, 3)
one(1, 2, 3)
later(1, 2)
local function none() end
none(1)
