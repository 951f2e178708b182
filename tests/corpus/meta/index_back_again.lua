-- A metamethod that is taken out of a metatable, asked for, and put back by the same statement.
local base = { v = "base" }
local meta = { __index = base }
local object = setmetatable({}, meta)
local function put(to)
  meta.__index = to
end
for _ = 1, 3 do
  put(base)
  print(object.v)
  put(nil)
  print(object.v)
end
--> base
--> nil
--> base
--> nil
--> base
--> nil
