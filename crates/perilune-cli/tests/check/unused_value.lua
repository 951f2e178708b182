local function compute(n) return n end
local a = compute(1)
a = compute(2)
print(a)
local b = 0
if a then b = 1 else b = 2 end
print(b)
b = 3
local c = compute(3)
while c > 0 do
  c = c - 1
end
local d = compute(1)
repeat
  local last = d
  d = compute(last)
until last > 3
local first, second = compute(1), 2
first, second = second, first
print(second)
for i = 1, 3 do
  local e = compute(i)
  if e then goto continue end
  e = nil
  ::continue::
end
local seen = compute(0)
local function look() return seen end
seen = compute(1)
print(look())
