-- while, repeat, generic for; scopes of conditions.
local n = 0
while n < 3 do n = n + 1 if n == 2 then goto skip end io.write(n, " ") ::skip:: end print()
repeat local x = n; n = n - 1 until x <= 1 print(n)
for k, v in next, {10, 20} do io.write(k, "=", v, " ") end print()
for k, v in pairs({1, 2, nil, 4}) do io.write(k, "=", v, " ") end print()
for i, v in ipairs({1, 2, nil, 4}) do io.write(i, "=", v, " ") end print()
local function range(n) return function(s, i) if i < s then return i + 1, i * i end end, n, 0 end
for a, b in range(3) do io.write(a, ":", b, " ") end print()
for a, b, c in function(_, x) if not x then return 1 end end do print(a, b, c) end
for a in setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c < 3 then return c end end}) do io.write(a, " ") end print()
print(pcall(function() for i in 5 do end end))
print(pcall(function() local t = {} for i in t.x do end end))
print(pcall(function() for i in nil do end end))
do
  local closed = setmetatable({}, {__close = function(_, e) print("closed", e) end})
  for i in function(_, i) i = (i or 0) + 1 if i < 3 then return i end end, nil, nil, closed do io.write(i, " ") end
  for i in function() return 1 end, nil, nil, closed do break end
  print(pcall(function() for i in function() return 1 end, nil, nil, closed do error("boom") end end))
  print((function() for i in function() return 7 end, nil, nil, closed do return i end end)())
end
if nil then elseif false then else print("else") end
print(not nil, not 0, nil and 1, false or nil, 1 and 2, 1 or error("not evaluated"))
--> 1 3 
--> 0
--> 1=10 2=20 
--> 1=1 2=2 4=4 
--> 1=1 2=2 
--> 1:0 2:1 3:4 
--> 1	nil	nil
--> 1 2 
--> false	loops.lua:12: attempt to call a number value (for iterator 'for iterator')
--> false	loops.lua:13: attempt to call a nil value (for iterator 'for iterator')
--> false	loops.lua:14: attempt to call a nil value (for iterator 'for iterator')
--> 1 2 closed	nil
--> closed	nil
--> closed	loops.lua:19: boom
--> false	loops.lua:19: boom
--> closed	nil
--> 7
--> else
--> true	false	nil	nil	2	1
