-- args: --shadowing
local x = 1
do
  local x = 2
  print(x)
end
local function f(x) return x end
print(f(x))
