-- Every kind of constant, upvalue, local and nested function, and an instruction of every form.
local integers = {0, -1, 1 << 62, math.mininteger, 255}
local floats = {0.5, -0.0, 1e300, 1 / 0}
local text, long = "short \0 \u{20AC}", ("x"):rep(50)
local counter = 0

local function count(step, ...)
  local named <const> = step or 1
  counter = counter + named
  return counter, select("#", ...), ...
end

local object = setmetatable({field = "value", [1] = true, [2.5] = nil}, {
  __index = function(_, key) return "no " .. key end,
  __close = function() counter = counter * 2 end,
})

function object:method(a, b) return self.field, a // b, a / b, a % b, a ^ 2, ~a & b | 3 ~ 5 << 1 >> 1 end

do
  local closing <close> = object
  for i = 10, 1, -3 do
    if i % 2 == 0 then goto next end
    count(i, i, nil, i)
    ::next::
  end
end

for key, value in pairs({a = 1}) do counter = counter + #key + value end
while counter > 1000 do counter = counter - 1 end
repeat local done = not (counter < 5 and text ~= long) until done

print(count(nil, 1, 2))
print(object:method(7, 2))
print(object.absent, object.field == "value", #integers, #floats, text == long, -counter)
print(pcall(function(...t) error({t.n}) end, 1, 2))
return count(2, table.unpack(integers))
