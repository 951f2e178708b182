--! no-stress: move - a stack that moves keeps less room
-- More varargs than fit onto the stack: the error is on the line of the dots.
local function count(...)
  local items = {}
  for i = 1, select("#", ...) do
    items[i] = i
  end
end
local big = setmetatable({}, {__len = function() return 15 * 65536 end})
print(pcall(function() count(table.unpack(big)) end))
local function named(...t)
  t.n = -1
  return (select("#",
    ...))
end
print(pcall(named, 1, 2))
print(pcall(function(...t)
  t.n = "x"
  local a =
    ...
  return a
end))
--> false	vararg_overflow_line.lua:5: stack overflow
--> false	vararg_overflow_line.lua:13: vararg table has no proper 'n'
--> false	vararg_overflow_line.lua:19: vararg table has no proper 'n'
