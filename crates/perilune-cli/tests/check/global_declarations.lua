-- Declarations of Lua 5.5 define what they name.
global print, ipairs
global <const> tostring
global total = 0
global function add(n) total = total + n end
local function f()
  global later
  later = 1
  return later
end
for _, v in ipairs({1, 2}) do add(v) end
print(tostring(total), f())
do
  global *
  print(math.pi)
end
