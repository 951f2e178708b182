local lines, sum, steps = 0, 0, 0
function show(v, depth)
  depth = depth or 0
  local kind = math.type(v) or type(v)
  if kind == "float" then return v ~= v and "nan" or string.format("%.17gf", v)
  elseif kind == "string" then return string.format("%q", v)
  elseif kind == "table" then
    if depth > 1 then return "{...}" end
    local items = {}
    for k, x in next, v do items[#items + 1] = show(k, depth + 1) .. "=" .. show(x, depth + 1) end
    table.sort(items)
    return "{" .. table.concat(items, ",") .. "}"
  elseif kind == "integer" or kind == "boolean" or kind == "nil" then return tostring(v)
  elseif kind == "thread" then return "thread:" .. coroutine.status(v)
  else return kind end
end
function T(...)
  local items = {}
  for i = 1, select("#", ...) do items[i] = show((select(i, ...))) end
  local text = table.concat(items, " ")
  lines = lines + 1
  if lines < 300 then print(text) return end
  text = text:gsub(": 0x%x+", ": ADDRESS"):gsub("%-nan", "nan")
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) & 0xffffffff end
end
local function traced(...) T(...) return ... end
function P(f, ...) return traced(pcall(f, ...)) end
function S() steps = steps + 1; if steps > 3000 then error("out of steps", 0) end end
function V(n, v) T("v", n) return v end
function I(v) return math.tointeger(v) or 0 end
function CUT(s) return #s > 60 and s:sub(1, 20) or s end
function H(k, v) return #show(k) * 7 + (type(v) == "table" and 3 or #show(v)) end
function DONE() print("lines", lines, "sum", sum) end
P(function()
  local self_1 = (1) + (1)
  local val3 = tostring((self_1) ^ 0)
  local function s4(...)
    do T(... and 1, ... == nil) end
    do T(pcall(select, -9, ...)) end
    do T() end
  end
  P(s4, self_1, - -12, 3.14159265358979)
  T(pcall(assert(load([========[
    P(function() local o = {} collectgarbage('step') for i = 1, 5 do S() do local v = 0 o[i] = function() return v end collectgarbage() v = {} end for j = 1, 9 do local g = {} end end T(o[1](), o[4]()) end)
    local function f8()
      S()
      do local me, co = coroutine.running() co = coroutine.create() for i = 1, 5 do T() end T() end
    end
    local self_7 = coroutine.create()
    T()
  ]========], 'first\nsecond')), 1, 'two'))
  self_6 = self_6 + 1 S()
end)
-- Found by differential fuzzing: cells that a fresh block had handed out were read as others.
--> 1 false
--> false "bad argument #1 to 'select' (index out of range)"
-->
--> true
--> {} {}
--> true
--> false "[string \"first...\"]:6: bad argument #1 to 'create' (function expected, got no value)"
--> false "fresh_blocks.lua:52: attempt to perform arithmetic on a nil value (global 'self_6')"
