-- Globals of an environment of one's own are not known.
local function sandbox(_ENV)
  return width * height
end
do
  local _ENV = {print = print}
  print(anything)
end
print(sandbox({width = 2, height = 3}))
