local a = 1
local b, c = f and 1, 2
local function helper() return 1 end
local function again(n) return again(n - 1) end
local CONSTANT <const> = 5
local USED <const> = 6
local _ignored = 1
local closed <close> = nil
local x; x = 1
print(c, USED)
f = nil
