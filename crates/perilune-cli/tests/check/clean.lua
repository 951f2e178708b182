#!/usr/bin/env lua
-- Nothing to be found here.
local M = {}

function M.sum(list, _unused)
  local total = 0
  for _, v in ipairs(list) do total = total + v end
  return total
end

for i = 1, 3 do print(M.sum({i})) end
return M
