local a <const>, b = 10, 20
local c <const> = 2 ^ 4 + 1
local t = {1, 2, x = 3, [b] = c, f()}
a2, t.x, t[b], t[1] = b, nil, 5, "s"
t, t.x = t.x, t
local i, j
local k, l
i, t[i] = i + 1, 20
x.y.z = not a
function t.a.b:m(...) return self:n(...) end
local function g(p, ...) local q, r = ... return q .. p .. 1, ... end
