-- Registers that are not written yet may lie where frame records were: a collection must not take
-- what is left of those for values.
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
local names = {}
for i = 1, 180 do names[i] = "v" .. i end
local wide = load("local i = ... while i > 0 do i = i - 1 local t = {{}, {}, {}} end do return end local "
    .. table.concat(names, ", ") .. " = 1")
for depth = 1, 80 do
  coroutine.wrap(function() deep(depth) wide(5000) end)()
end
print("done")
--> done
