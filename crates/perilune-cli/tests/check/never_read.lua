local status
for i = 1, 3 do
  status = i
end
local n = 0
n = n
local function f()
  local result
  pcall(function() result = 1 end)
end
f()
