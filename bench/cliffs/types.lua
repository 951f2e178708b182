-- Operators and variables that meet one type of value after the other.

--- add
local variants = {3, 2.5}
--
local x = v + 1
local y = x + v
if y > 6 then acc = acc + 1 end

--- multiply
local variants = {3, 2.5, 1 << 40}
--
local x = v * 2
local y = x * v - x
if y < 10 then acc = acc + 1 end

--- numeric_strings
local variants = {3, 2.5, "7"}
--
local x = v + 1
if x > 3.75 then acc = acc + 1 end

--- sum_changes_type
local variants = {1, 0.5}
local sum = 0
--
sum = sum + v
if sum > 100 then
  acc = acc + 1
  sum = 0
end

--- local_sum_changes_type
local variants = {1, 0.5, 2}
--
local s = 0
for k = 1, 4 do s = s + v end
if s > 3 then acc = acc + 1 end

--- divide
local variants = {7, 7.5, 9}
--
local x, y = v // 2, v % 2
local z = v / 2
if x + y > z then acc = acc + 1 end

--- divide_by
local variants = {3, -1, 4, -3, 1, 2.0}
--
local x, y = i // v, i % v
if x > y then acc = acc + 1 end

--- bits
local variants = {6, 9.0, 12}
--
local x = v & 5 | 8
x = x ~ v << 1
if x > 10 then acc = acc + 1 end

--- shifts
local variants = {1, 63, 64, -1, 3}
--
local x = 12345 << v
local y = x >> v
acc = acc + (y & 3)

--- minus
local variants = {3, -2.5, 7}
--
local x = -v
local y = ~(x // 1 | 0)
if x < y then acc = acc + 1 end

--- power
local variants = {3, 2.5}
--
local x = v ^ 2
local y = x ^ 0.5
if x > y then acc = acc + 1 end

--- compare
local variants = {{1, 2}, {2.5, 1.5}, {"a", "b"}, {1, 2.5}}
--
local x, y = v[1], v[2]
if x < y then acc = acc + 1 end
if x >= y then acc = acc + 2 end
if x == y then acc = acc + 4 end

--- compare_constants
local variants = {1, 2.5, -3, 100.0}
--
if v < 2 then acc = acc + 1 end
if v >= 50 then acc = acc + 2 end
if v ~= 100 then acc = acc + 3 end

--- equals
local variants = {1, 1.0, "1", false, true}
--
if v == 1 then acc = acc + 1 elseif v == "1" then acc = acc + 2 elseif v then acc = acc + 3 end

--- equals_values
local long = ("x"):rep(50)
local variants = {{1, 1.0}, {long, ("x"):rep(50)}, {"a", "a"}, {nil, false}, {0 / 0, 0 / 0}}
--
local x, y = v[1], v[2]
if x == y then acc = acc + 1 end
if x ~= y then acc = acc + 2 end

--- truth
local variants = {true, 0, {}, "s"}
local empty = {false, true, nil, 1}
--
local w = empty[i % 4 + 1]
local x = w and v or w
if not x then acc = acc + 1 end
if v and w then acc = acc + 2 end

--- nil_now_and_then
local variants = {0}
--
local x = i
if i % P == 0 then x = nil end
if x then acc = acc + (x & 1) else acc = acc + 5 end

--- loop_variable
local variants = {1, 1.5}
--
for k = v, 4 do
  if k > 2 then acc = acc + 1 end
end

--- loop_step
local variants = {{1, 4, 1}, {4, 1, -1}, {1, 7, 2}, {1.0, 4, 1}, {5, 1, 1}}
--
for k = v[1], v[2], v[3] do acc = acc + (k // 1 | 0) end

--- loop_limit
local variants = {3, 3.5, 0, -1}
--
for k = 1, v do acc = acc + k end

--- local_across_blocks
local variants = {1, 1.5, 3}
--
local x = v
if i % 2 == 0 then x = x + 1 end
local y = x
while y < 5 do y = y + x end
if y > 5 then acc = acc + 1 end

--- rotating_locals
local variants = {0}
local keep = {1, 2.5, "3"}
--
if i % P == 0 then keep[1], keep[2], keep[3] = keep[2], keep[3], keep[1] end
local a, b, c = keep[1], keep[2], keep[3]
if a == 1 then acc = acc + 1 elseif b == 1 then acc = acc + 2 end
if c == 1 then acc = acc + 4 end

--- conditional_type
local variants = {0}
--
local x
if i % (2 * P) < P then x = i else x = i + 0.5 end
local y = x * 2
if y > 100 then acc = acc + 1 end

--- concatenate
local variants = {1, "two", 3.5}
--
local s = v .. i % 10
acc = acc + #s

--- length
local variants = {"text", {1, 2, 3}, {"a", "b"}, setmetatable({}, {__len = function() return 5 end})}
--
acc = acc + #v

--- upvalue_changes_type
local variants = {1, 2.5, 3}
local u = 0
local function set(x) u = x end
local function get() return u + 1 end
--
set(v)
if get() > 3 then acc = acc + 1 end

--- global_changes_type
local variants = {1, 2.5, "4"}
changing = 1
--
changing = v
local x = changing + 1
if x > 3 then acc = acc + 1 end

--- parameter_changes_type
local variants = {5, 5.5}
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end
--
if fib(v) > 5 then acc = acc + 1 end

--- result_changes_type
local variants = {1, 2.5, "3", false}
local function pass(x) return x end
--
local x = pass(v) or 2
local y = x * 2
if y > 3 then acc = acc + 1 end

--- integer_overflow
local variants = {math.maxinteger, 1, math.mininteger, 2.0 ^ 63}
--
local x = v + 1
local y = v * 2
if x > y then acc = acc + 1 end

--- while_condition
local variants = {3, 3.5, 5}
--
local n = v
while n > 0 do
  n = n - 1
  acc = acc + 1
end
