local Animal = {}
Animal.__index = Animal
function Animal:speak() return "..." end
local Dog = setmetatable({}, {__index = Animal})
Dog.__index = Dog
local rex = setmetatable({}, Dog)
print(rex:speek())
