-- Adds the numbers from 1 to N: the program of every text about what happens between save and run.
-- 'perilune --engine=tree', '--engine=vm' and '--engine=jit' run it, 'perilune build' makes an executable of it.
local n = math.tointeger(arg[1]) or 1000000
local sum = 0
for i = 1, n do
  sum = sum + i
end
print(sum)
