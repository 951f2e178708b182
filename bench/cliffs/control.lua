-- Errors, coroutines, hooks, closing and collecting, now and then.

--- errors
local variants = {0}
local function risky(n) if n == 0 then error("x", 0) end return n end
--
local ok, x = pcall(risky, i % P)
acc = acc + (ok and x or 7)

--- errors_of_operations
local variants = {1, 2.5, {}, "x"}
local function half(x) return x // 2 end
--
local ok, x = pcall(half, v)
if ok then acc = acc + 1 end

--- errors_of_fields
local variants = {{x = {y = 1}}, {}, 5}
local function get(o) return o.x.y end
--
if pcall(get, v) then acc = acc + 1 end

--- deep_errors
local variants = {0}
local function deep(n, fails)
  if n == 0 then
    if fails then error("x", 0) end
    return 1
  end
  return (deep(n - 1, fails))
end
--
local ok, x = pcall(deep, 4, i % P == 0)
acc = acc + (ok and x or 3)

--- protected_calls
local variants = {0}
local function plain(x) return x & 3 end
--
if i % P == 0 then
  local _, x = pcall(plain, i)
  acc = acc + x
else
  acc = acc + plain(i)
end

--- error_handlers
local variants = {0}
local function risky(n) if n == 0 then error("x", 0) end return n end
local function handler() return 9 end
--
local ok, x = xpcall(risky, handler, i % P)
acc = acc + (x & 3)

--- switches
local variants = {0}
local other = coroutine.wrap(function(x) while true do x = coroutine.yield(x + 1) end end)
--
if i % P == 0 then acc = acc + other(i & 7) else acc = acc + 1 end

--- generators
local variants = {0}
local function generate(n) for k = 1, n do coroutine.yield(k) end end
--
if i % P == 0 then
  for k in coroutine.wrap(function() generate(3) end) do acc = acc + k end
else
  acc = acc + 1
end

--- yields_in_loops
local variants = {0}
local other = coroutine.wrap(function()
  local n = 0
  while true do
    n = n + 1
    if n % P == 0 then coroutine.yield(n & 7) end
  end
end)
--
acc = acc + other()

--- yields_in_calls
local variants = {0}
local function maybe(n) if n % P == 0 then coroutine.yield(n & 7) end return n & 3 end
local other = coroutine.wrap(function()
  local n, s = 0, 0
  while true do
    n = n + 1
    s = s + maybe(n)
    if n % 64 == 0 then coroutine.yield(s) s = 0 end
  end
end)
--
acc = acc + other()

--- new_coroutines
local variants = {0}
local function body(x) local y = coroutine.yield(x + 1) return y + 2 end
--
if i % P == 0 then
  local co = coroutine.create(body)
  local _, x = coroutine.resume(co, i & 7)
  local _, y = coroutine.resume(co, x)
  acc = acc + x + y
else
  acc = acc + 1
end

--- many_coroutines
local variants = {}
for k = 1, 8 do
  variants[k] = coroutine.wrap(function(x) while true do x = coroutine.yield(x + k) end end)
end
--
acc = acc + v(i & 7)

--- hooks
local variants = {0}
local count = 0
local function hook() count = count + 1 end
local function plain(x) return x & 3 end
--
if i % (P * 32) == 0 then debug.sethook(hook, "c") end
acc = acc + plain(i)
if i % (P * 32) == 1 then debug.sethook() end

--- count_hooks
local variants = {0}
local function hook() end
--
if i % (P * 64) == 0 then debug.sethook(hook, "", 1000) end
for k = 1, 4 do acc = acc + k end
if i % (P * 64) == 32 then debug.sethook() end

--- collections
local variants = {0}
--
local t = {i, tostring(i)}
if i % (P * 64) == 0 then collectgarbage("step") end
acc = acc + #t[2]

--- garbage
local variants = {1, 2, 3}
local keep = {}
--
local o
if v == 1 then o = {i} elseif v == 2 then o = {x = i} else o = function() return i end end
keep[i & 63] = o
acc = acc + 1

--- shapes_die
local variants = {0}
--
local o = {}
if i % P == 0 then o["f" .. i % 1000] = 1 end
o.x = i & 3
acc = acc + o.x

--- closed_variables
local variants = {0}
local closed = 0
local mt = {__close = function() closed = closed + 1 end}
local value = setmetatable({}, mt)
--
if i % P == 0 then
  local c <close> = value
  acc = acc + (closed & 1)
else
  acc = acc + 1
end

--- captured_loops
local variants = {0}
local sum = 0
--
local fs
for k = 1, 3 do
  local x = k
  if i % P == 0 then fs = function() x = x + 1 return x end end
  acc = acc + x
end
if fs then acc = acc + fs() end

--- goto_loops
local variants = {2, 2.5, 4}
--
do
  local n = v
  ::again::
  n = n - 1
  acc = acc + 1
  if n > 0 then goto again end
end

--- nested_loops
local variants = {{1, 2}, {1.5, 2}, {1, 2.5}}
--
for a = 1, 2 do
  for b = v[1], v[2] do
    if a < b then acc = acc + 1 end
  end
end

--- early_exits
local variants = {1, 2, 3, 5}
--
for k = 1, 4 do
  if k == v then break end
  acc = acc + 1
end

--- string_calls
local variants = {"abc", "a1b2", ""}
--
local s = v:upper()
if s:find("1", 1, true) then acc = acc + 1 end
acc = acc + #s:sub(1, 2)

--- pattern_callbacks
local variants = {function(c) return c .. c end, {a = "x"}, "%0%0"}
--
acc = acc + #(("abc"):gsub("%w", v))
