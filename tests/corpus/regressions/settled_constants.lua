-- An `and` or `or` that ends in a constant whatever its operands do makes a compile-time constant;
-- what stands before it is still evaluated.
local function f(v) io.write("f ") return v end
local a <const> = ((true or true) and true)
local b <const> = (f(nil) or 1) and 2
local c <const> = (f(1) and nil) or 3
local d <const> = not ((f(1) or 1) and 2)
local e <const> = f(1) and 4
local g <const> = (true or true)
print(a, b, c, d, e, g)
print(select(2, pcall(function() return 1.5 | a end)))
print(select(2, pcall(function() return 1 | d end)))
print(select(2, pcall(function() return b.x.y end)))
print(select(2, pcall(function() return c() end)))
print(select(2, pcall(function() return e() end)))
print(select(2, pcall(function() return 1 | g end)))
--> f f f f true	2	3	false	4	true
--> settled_constants.lua:11: attempt to perform bitwise operation on a boolean value
--> settled_constants.lua:12: attempt to perform bitwise operation on a boolean value
--> settled_constants.lua:13: attempt to index a number value
--> settled_constants.lua:14: attempt to call a number value
--> settled_constants.lua:15: attempt to call a number value (upvalue 'e')
--> settled_constants.lua:16: attempt to perform bitwise operation on a boolean value (upvalue 'g')
