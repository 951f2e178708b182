-- __call chains, __eq, __lt, __le, __tostring, __name, __metatable, __close, __mode values.
local callable = setmetatable({}, {__call = function(self, ...) return "called", select("#", ...), ... end}) print(callable(1, 2), callable(), callable "s")
local chain = setmetatable({}, {__call = callable}) print(chain(5)) print(pcall(setmetatable({}, {__call = 5})))
local deepcall = print for i = 1, 10 do deepcall = setmetatable({}, {__call = deepcall}) end print(select("#", pcall(deepcall))) for i = 1, 300 do deepcall = setmetatable({}, {__call = deepcall}) end print((select(2, pcall(deepcall))))
local mt = {__eq = function(a, b) return a.v == b.v end, __lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v end} local function new(v) return setmetatable({v = v}, mt) end
print(new(1) == new(1), new(1) ~= new(2), new(1) == 1, new(1) < new(2), new(1) > new(2), new(2) <= new(2), new(3) >= new(4), not (new(1) == new(1)), rawequal(new(1), new(1)))
mt.__lt = function() return nil end mt.__le = function() return 5 end print(new(1) < new(2), new(1) <= new(2), pcall(function() return new(1) < 5 end)) mt.__eq = function() return "truthy" end print(new(1) == new(2), {} == new(1))
print(tostring(setmetatable({}, {__tostring = function() return "T!" end})), (tostring(setmetatable({}, {__name = "Named"})):gsub(": .*", "")), pcall(tostring, setmetatable({}, {__tostring = function() return {} end})))
print(pcall(function() return setmetatable({}, {__name = "Named"}) + 1 end), pcall(function() return setmetatable({}, {__name = "A"}) < setmetatable({}, {__name = "B"}) end), pcall(string.rep, setmetatable({}, {__name = "Named"})), pcall(ipairs))
local locked = setmetatable({}, {__metatable = "locked"}) print(getmetatable(locked), pcall(setmetatable, locked, {}), debug.getmetatable(locked).__metatable, getmetatable("").__name, pcall(setmetatable, {}, 5), pcall(setmetatable, 5, {}), pcall(setmetatable, {}))
print(getmetatable({}), getmetatable(5), setmetatable({}, nil) ~= nil, #setmetatable({}, {__len = function() return 42 end}), pcall(function() return #setmetatable({}, {__len = function() return "x" end}) end), rawlen(setmetatable({1}, {__len = function() return 42 end})))
local Animal = {} Animal.__index = Animal function Animal.new(n) return setmetatable({name = n}, Animal) end function Animal:speak() return self.name .. " makes a sound" end
local Dog = setmetatable({}, {__index = Animal}) Dog.__index = Dog function Dog.new(n) local d = Animal.new(n) return setmetatable(d, Dog) end function Dog:speak() return Animal.speak(self) .. ": woof" end print(Animal.new("cat"):speak(), Dog.new("rex"):speak(), getmetatable(Dog.new("x")) == Dog)
--> called	called	called	1	s
--> called	2	table: ADDRESS	5
--> false	attempt to call a number value
--> table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS	table: ADDRESS
--> 1
--> '__call' chain too long
--> true	true	false	true	false	true	false	false	false
--> false	true	true	false
--> true	true
--> T!	Named	false	'__tostring' must return a string
--> false	false	false	false	bad argument #1 to 'ipairs' (value expected)
--> locked	false	locked	nil	false	false	false	bad argument #2 to 'setmetatable' (nil or table expected, got no value)
--> nil	nil	true	42	true	1
--> cat makes a sound	rex makes a sound: woof	true
