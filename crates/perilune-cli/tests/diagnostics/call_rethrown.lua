local t = {open = print}
local ok, e = pcall(function()
  t.opne("x")
end)
error(e, 0)
