-- Local functions that are only called, with arguments and results of one type: code that is made ahead relies on that,
-- and the debug library changes it all the same.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local function power(x, n) local r = 1.0 for _ = 1, n do r = r * x end return r end
local function text(n) return "n" .. n end
local function either(flag) if flag then return 1 end return 1.5 end
local function none() end
local function never() error("never", 0) end
print(fib(15), power(1.5, 4), text(7), #text(12), either(true) + 1, either(false) + 1, none())
print(pcall(function() local x = never() return x + 1 end))

-- More and fewer arguments than parameters, and open ones.
local function three(a, b, c) return a, b, c end
local function last(a, b, c) return c end
print(three(1, 2, 3), three(1), last(1, 2, 3, 4), (last(three(5, 6, 7))))
local function rest(a, ...) return a + select("#", ...) end
print(rest(1), rest(2, 3, 4), rest(5, nil, nil))

-- Values that escape are called by others, with anything.
local function twice(x) return x + x end
print(twice(2), select(2, pcall(twice, {})))
local function addable(x) return x + 1 end
local escaped = addable
print(addable(1), escaped("2"), pcall(escaped, nil))
local holder = {}
local function method(x) return x * 2 end
holder.method = method
print(method(3), holder.method(1.5))
local function inner(x) return x - 1 end
local function outer() return inner end
print(inner(3), outer()(2.5))

-- Variables that are assigned again.
local function first(x) return x end
local function reset() first = function(x) return "other " .. x end end
print(first(1))
reset()
print(first(1))
local late
local function early(n) if n == 0 then return 0 end return late(n - 1) end
late = function(n) return early(n) + 1 end
print(early(4))

-- A function of each round of a loop.
local made = {}
for i = 1, 3 do
  local function count(n) if n == 0 then return i end return count(n - 1) end
  made[i] = count(i)
end
print(table.concat(made, " "))

-- The debug library gets hold of functions, and changes arguments, variables and upvalues of frames that wait.
local function this(n)
  if n == 0 then return debug.getinfo(1, "f").func end
  return this(n - 1)
end
print(type(this(3)), this(3) == this(0))
local function typed(x) return x + 1 end
local function locals()
  local i = 1
  while true do
    local name, v = debug.getlocal(2, i)
    if not name then return nil end
    if name == "typed" then return v end
    i = i + 1
  end
end
print(typed(1), typed(2), locals()(1.5), pcall(locals(), {}))
local function change(n, v)
  if n == 0 then debug.setlocal(3, 1, v) return 0 end
  local r = change(n - 1, v)
  return n + r
end
print(change(4, 2.5), pcall(change, 4, "x"), change(3, "10"))
local function through() return typed(10) end
for k = 1, 5 do
  local name = debug.getupvalue(through, k)
  if name == "typed" then
    debug.setupvalue(through, k, function(x) return "other" .. x end)
  end
end
print(through(), typed(3))
for k = 1, 5 do
  local name = debug.getupvalue(through, k)
  if name == "typed" then debug.setupvalue(through, k, 12) end
end
print(pcall(through))

-- Types from block to block.
local function mixed(n)
  local i, x, s, t = 0, 1.5, "a", {}
  while i < n do
    if i % 3 == 0 then x = x + i elseif i % 3 == 1 then x = x * 2 else s = s .. i end
    t[#t + 1] = i
    i = i + 1
  end
  for k = 10, 1, -3 do i = i + k end
  for k = 1.0, 3 do x = x + k end
  for k = i, i + 2 do t[k] = true end
  local y = i
  if n > 4 then y = x end
  return i, x, s, #t, y, y // 1, y % 2, -y
end
print(mixed(3))
print(mixed(7))
local function wait(n)
  local a, b = 1, 2.0
  for i = 1, n do
    a = a + i
    if i == 3 then coroutine.yield(a) end
    b = b + a
  end
  return a, b
end
local co = coroutine.wrap(wait)
print(co(5))
print(co())
local function set(level, index, v) debug.setlocal(level + 1, index, v) end
local function poked(n)
  local a, b = 1, 2
  for i = 1, n do
    if i == 3 then set(1, 2, 0.5) end
    if i == 4 then set(1, 3, "7") end
    a = a + i
    b = b + 1
  end
  return a, b
end
print(poked(6))
--> 610	5.0625	n7	3	2	2.5
--> false	never
--> 1	1	3	7
--> 1	4	7
--> 4	closed.lua:20: attempt to perform arithmetic on a table value (local 'x')
--> 2	3	false	closed.lua:22: attempt to perform arithmetic on a nil value (local 'x')
--> 6	3.0
--> 2	1.5
--> 1
--> other 1
--> 4
--> 1 2 3
--> function	true
--> 2	3	2.5	false	closed.lua:58: attempt to perform arithmetic on a table value (local 'x')
--> 10.5	false	14
--> other10	other3
--> false	closed.lua:75: attempt to call a number value (upvalue 'typed')
--> 25	9.0	a2	3	25	25	1	-25
--> 29	24.0	a25	7	24.0	24.0	0.0	-24.0
--> 7
--> 16	42.0
--> 18.5	10
