-- The call hook sees functions that natives call.
local seen = {}
local function less(a, b) return a < b end
local function double(c) return c .. c end
debug.sethook(function()
  local f = debug.getinfo(2, "f").func
  if f == less then seen.less = true elseif f == double then seen.double = true end
end, "c")
table.sort({3, 2, 1}, less)
string.gsub("abc", ".", double)
debug.sethook()
print(seen.less, seen.double)
--> true	true
