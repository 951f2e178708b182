-- args: --unused-parameters
local function f(a, b, _c) return b end
local t = {}
function t:method(x) return 1 end
function t.callback(self, event) return event end
function t.rest(...args) return 1 end
print(f(1, 2), t)
