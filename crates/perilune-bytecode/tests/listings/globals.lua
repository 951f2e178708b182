global print, a <const>
global b, c = 1, print(a)
global function d(...t) return t[1], t.n end
local function e(...t) t.x = 1; return t, ... end
local function f(_ENV) b = c end
local <const> _ENV = nil
