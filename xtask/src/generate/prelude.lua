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
local function Pair(a, b) return a, b end
local function None() return end
local function All(...) return ... end
local function Swapped(a, b) local x, y, z = Pair(b, a) return x, y, z end
local function Padded(a, b, c) local p, q, r = 1, 2, 3 local x, y = Swapped(c, a) return x, y, p + q + r, b end
local function Counted(...) local n, m = select("#", ...), None(...) local x = All(...) return n, m, x, All(Pair(...)) end
function DONE() print("lines", lines, "sum", sum) end
