-- Generic loops over objects that are called, by functions, natives and objects in turn.
local mt = {__call = function(self, n, k) if k < n then return k + self.step, "o" end end}
local function object(step) return setmetatable({step = step}, mt) end

local function sum(f, n)
  local s, tags = 0, {}
  for k, tag in f, n, 0 do
    s = s + k
    tags[#tags + 1] = tostring(tag)
  end
  return s, table.concat(tags)
end
local function plain(n, k) if k < n then return k + 1 end end
for round = 1, 30 do
  local f = ({object(1), plain, object(2)})[round % 3 + 1]
  local s, tags = sum(f, 6)
  if round > 27 then print(round, s, tags) end
end

-- Objects without the metamethod, with one that is no Lua function, or that is an object itself.
print(pcall(sum, setmetatable({}, {}), 3))
print(pcall(sum, {}, 3))
print(pcall(sum, 7, 3))
print(pcall(sum, setmetatable({}, {__call = 5}), 3))
print(sum(setmetatable({}, {__call = function(_, n, k) return next({}, nil) end}), 3))
print(pcall(sum, setmetatable({}, {__call = next}), 3))
print(pcall(function()
  for k in setmetatable({}, {__call = rawlen}), 3, 4 do
    if k ~= 0 then return k end
    return "native"
  end
end))
local chain = setmetatable({}, {__call = object(3)})
print(pcall(function()
  for k in chain, 4, 0 do print("chain", k) end
end))
print(sum(setmetatable({}, {__call = function(_, ...) local n, k = ... if k < n then return k + 1, select("#", ...) end end}), 3))

-- Its errors and yields, and what is said of it.
local co = coroutine.wrap(function()
  local waits = setmetatable({}, {__call = function(_, n, k)
    if k < n then
      local by = coroutine.yield(k)
      return k + by
    end
  end})
  for k in waits, 5, 0 do coroutine.yield("body " .. k) end
  return "done"
end)
for _ = 1, 7 do print(co(2)) end
local fails = setmetatable({}, {__call = function(_, _, k) if k > 2 then error("at " .. k) end return k + 1 end})
print(pcall(sum, fails, 0))
local watches = setmetatable({}, {__call = function(_, n, k)
  if k < n then return k + 1 end
  local info = debug.getinfo(1, "nt")
  print(info.name, info.namewhat, info.extraargs, info.istailcall)
end})
for _ = 1, 3 do sum(watches, 2) end

-- Many values, none, and a control variable that the body closes over.
local many = setmetatable({}, {__call = function(_, n, k) if k < n then return k + 1, 1, 2, 3, 4, 5, 6 end end})
local closures = {}
for a, b, c, d, e in many, 3, 0 do closures[a] = function() return a + b + c + d + e end end
print(closures[1](), closures[2](), closures[3]())
for k in setmetatable({}, {__call = function() end}) do print("never", k) end
--> 28	21	nilnilnilnilnilnil
--> 29	12	ooo
--> 30	21	oooooo
--> false	callable_iterators.lua:7: attempt to call a table value (for iterator 'for iterator')
--> false	callable_iterators.lua:7: attempt to call a table value (for iterator 'for iterator')
--> false	callable_iterators.lua:7: attempt to call a number value (for iterator 'for iterator')
--> false	callable_iterators.lua:7: attempt to call a number value (for iterator 'for iterator')
--> 0	
--> false	invalid key to 'next'
--> true	native
--> false	callable_iterators.lua:2: attempt to compare number with table
--> 6	222
--> 0
--> body 2
--> 2
--> body 4
--> 4
--> body 6
--> done
--> false	callable_iterators.lua:51: at 3
--> for iterator	for iterator	1	false
--> for iterator	for iterator	1	false
--> for iterator	for iterator	1	false
--> 11	12	13
