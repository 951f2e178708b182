-- Callees, arguments and results that change.

--- parameters
local variants = {
  function() return 1 end,
  function(a) return a end,
  function(a, b) return b or a end,
  function(a, b, c) return c and a or b end,
  function(...) return ... end,
}
--
acc = acc + v(i & 7, 2)

--- arguments
local variants = {0, 1, 2, 3}
local function callee(a, b, c) return (a or 1) + (b or 2) + (c or 3) end
--
if v == 0 then acc = acc + callee()
elseif v == 1 then acc = acc + callee(i & 1)
elseif v == 2 then acc = acc + callee(i & 1, 5)
else acc = acc + callee(i & 1, 5, 6, 7) end

--- unpacked_arguments
local variants = {{}, {1}, {1, 2}, {1, 2, 3, 4}}
local function callee(a, b, c) return (a or 1) + (b or 2) + (c or 3) end
--
acc = acc + callee(table.unpack(v))

--- results
local variants = {
  function() end,
  function(a) return a end,
  function(a) return a, 1 end,
  function(a) return a, 1, 2 end,
}
--
local a, b = v(i & 3)
acc = acc + (a or 1) + (b or 2)

--- all_results
local variants = {
  function() end,
  function(a) return a end,
  function(a) return a, 1 end,
  function(...) return ..., 1, 2, 3 end,
}
local function count(...) return select("#", ...) end
--
acc = acc + count(v(i & 3))

--- varargs
local variants = {0, 1, 3}
local function sum(...)
  local s = 0
  for k = 1, select("#", ...) do s = s + (select(k, ...)) end
  return s
end
--
if v == 0 then acc = acc + sum() elseif v == 1 then acc = acc + sum(i & 1) else acc = acc + sum(1, 2.0, 3) // 1 | 0 end

--- vararg_fixed
local variants = {0, 1, 3}
local function two(...)
  local a, b = ...
  return (a or 3) + (b or 4)
end
--
if v == 0 then acc = acc + two() elseif v == 1 then acc = acc + two(i & 1) else acc = acc + two(1, 2, 3) end

--- callees
local variants = {
  function(x) return x end,
  function(x) return x + 1 end,
  function(x) local y = x * 2 return y end,
}
--
acc = acc + v(i & 7)

--- callee_kinds
local variants = {
  function(x) return x end,
  math.abs,
  setmetatable({}, {__call = function(_, x) return x + 1 end}),
  coroutine.wrap(function(x) while true do x = coroutine.yield(x + 2) end end),
}
--
acc = acc + v(i & 7)

--- natives
local variants = {math.abs, math.floor, math.tointeger, function(x) return x end}
--
acc = acc + v(i & 7)

--- native_arguments
local variants = {1, 1.5, "2"}
local floor, max = math.floor, math.max
--
acc = acc + floor(v) + max(2, floor(v))

--- fresh_closures
local variants = {1, 2.5}
--
local function f() return v end
if f() == 1 then acc = acc + 1 end

--- many_closures
local variants = {}
for k = 1, 16 do variants[k] = function(x) return x + k end end
--
acc = acc + v(i & 7)

--- closure_kinds
local function counter()
  local n = 0
  return function() n = n + 1 return n & 3 end
end
local variants = {counter(), counter(), function() return 1 end}
--
acc = acc + v()

--- tail_calls
local variants = {
  function(x) return x end,
  function(x, y) return y or x end,
  function(...) return (...) end,
  math.abs,
}
local function tail(f, x) return f(x) end
--
acc = acc + tail(v, i & 7)

--- tail_recursion
local variants = {1, 1.0}
local function down(n, step)
  if n <= 0 then return n end
  return down(n - step, step)
end
--
if down(5, v) == 0 then acc = acc + 1 end

--- mutual_tail_calls
local variants = {3, 4, 6}
local even, odd
function even(n) if n == 0 then return 1 end return odd(n - 1) end
function odd(n) if n == 0 then return 2 end return even(n - 1) end
--
acc = acc + even(v)

--- call_depth
local variants = {1, 3, 7}
local function deep(n) if n == 0 then return 1 end return 1 + deep(n - 1) end
--
acc = acc + deep(v)

--- global_redefined
function callee(x) return x + 1 end
local variants = {0}
--
if i % P == 0 then
  function callee(x) return x + 2 end
end
acc = acc + callee(i & 7)

--- global_replaced
local variants = {function(x) return x end, function(x) return x + 1 end, math.abs}
--
callee = v
acc = acc + callee(i & 7)

--- upvalue_replaced
local variants = {function(x) return x end, function(x) return x + 1 end, math.abs}
local f = variants[1]
local function through(x) return f(x) end
--
f = v
acc = acc + through(i & 7)

--- field_replaced
local module = {f = 0}
local variants = {function(x) return x end, function(x) return x + 1 end, math.abs}
--
module.f = v
acc = acc + module.f(i & 7)

--- loaded_functions
local variants = {0}
local f = load("return 1")
--
if i % (P * 8) == 0 then f = load("local x = ... return x + " .. i % 3) end
acc = acc + (f(1) or 0)

--- callable_tables
local function callable(n) return setmetatable({n = n}, {__call = function(self, x) return self.n + x end}) end
local deep = setmetatable({}, {__call = function(_, _, x) return x end})
local variants = {callable(1), callable(2), setmetatable({}, {__call = deep})}
--
acc = acc + v(i & 7)

--- iterators
local function upto(n) local k = 0 return function() if k < n then k = k + 1 return k end end end
local function stateless(n, k) if k < n then return k + 1 end end
local variants = {1, 2, 3, 4}
local three = {1, 2, 3}
--
if v == 1 then for k in upto(3) do acc = acc + k end
elseif v == 2 then for k in stateless, 3, 0 do acc = acc + k end
elseif v == 3 then for _, k in ipairs(three) do acc = acc + k end
else for _, k in next, three do acc = acc + k end end

--- one_loop_many_iterators
local function stateless(n, k) if k < n then return k + 1 end end
local callable = setmetatable({}, {__call = function(_, n, k) if k < n then return k + 1 end end})
local variants = {stateless, callable, function(n, k) if k < n then return k + 1, "x" end end}
--
for k in v, 3, 0 do acc = acc + k end
