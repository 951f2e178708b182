-- The first program: `perilune examples/hello.lua [name]`.
local name = arg and arg[1] or "moon"
print("Hello, " .. name .. "!")
print("This is " .. _VERSION .. ".")
