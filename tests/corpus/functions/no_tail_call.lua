-- A call in the scope of a variable to be closed is no tail call, whatever the variable's value.
local function level() local info = debug.getinfo(1, "t") return info.istailcall end
local function plain() return level() end
local function nothing() local x <close> = nil return level() end
local function afterwards() do local x <close> = nil end return level() end
local function nested() local x <close> = nil do local y return level() end end
local function inner() local x <close> = nil return (function() return level() end)() end
local function loop() for _ in pairs {1} do return level() end end
local function numeric() for _ = 1, 1 do return level() end end
local function named(f) local function show() local info = debug.getinfo(1, "n") return info.name end return f(show) end
for i, f in ipairs {plain, nothing, afterwards, nested, inner, loop, numeric} do
  print(i, f())
end
print(named(function(show) local x <close> = nil return show() end))
print(named(function(show) return show() end))
local function count(n) if n == 0 then return "done" end return count(n - 1) end
print(count(3000))
local function deep(n) local x <close> = nil if n == 0 then return "done" end return deep(n - 1) end
print(deep(100))
--> 1	true
--> 2	false
--> 3	true
--> 4	false
--> 5	true
--> 6	false
--> 7	true
--> show
--> nil
--> done
--> done
