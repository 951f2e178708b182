local a, b, c = ...
local x = a and b or c
local y = b > 1 and a or nil
local z = not (b < x)
local e, n = a == b, a ~= "s"
local f = (a or b) and (c or 1.5 <= a)
if x == "a" and (y ~= nil or z) then return 1
elseif not y then return x or y
else a = nil and b end
while a == 1.0 or b == nil do a, b = b, -a end
repeat local q = a; c = function() return q end until q == 3
return a // 2, 2 * b, 3 - c, a << 1, a & 7, #a .. b, ~c
