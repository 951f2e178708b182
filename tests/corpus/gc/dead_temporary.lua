-- An object that only a register out of use still holds is collected while a loop does nothing but make tables.
local function wait()
  local done = false
  do local x <const> = 1; local function f(a, b, c) return a end
    f(1, 2, setmetatable({}, { __gc = function() done = true end }))
  end
  local n = 0
  repeat local a = {} n = n + 1 until done or n > 5000000
  return done
end
print(wait(), wait())
--> true	true
