-- Objects of two shapes, a method, a loop.
local Point = {}
Point.__index = Point

function Point:norm()
  return self.x * self.x + self.y * self.y
end

local total = 0
for i = 1, 10 do
  local p = i % 2 == 0 and {x = i, y = 1} or {y = 1.5, x = i}
  setmetatable(p, Point)
  if p:norm() > 4 then
    total = total + p:norm()
  end
end
print(total)
