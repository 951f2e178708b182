-- Metamethods that are called again and again, by each instruction that may call one, and all that may happen in them.
local rounds = 700
local mt, log = {}, {}
local function new(x) return setmetatable({x = x}, mt) end
local function same(a) return a end
local function value(v) return type(v) == "table" and rawget(v, "x") or v end
for _, name in ipairs {"add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr"} do
  mt["__" .. name] = function(a, b) return name .. tostring(value(a)) .. "," .. tostring(value(b)) end
end
mt.__unm = function(a, b) return a == b and a.x end
mt.__bnot = function(a) return a.x, "more" end
mt.__len = function(a) return same(a.x) end
mt.__lt = function(a, b) return value(a) < value(b) end
mt.__le = function(a, b) if value(a) <= value(b) then return 1, 2 end end
mt.__eq = function(a, b) return a.x == b.x and "equal" or nil end
mt.__call = function(self, ...) return self.x, select("#", ...), ... end
mt.__concat = function(a, b) return value(a) .. "&" .. value(b) end

local function operators(a, b)
  local s = ""
  s = s .. (a + b) .. (a - b) .. (a * b) .. (a / b) .. (a % b) .. (a ^ b) .. (a // b) .. "\n"
  s = s .. (a & b) .. (a | b) .. (a ~ b) .. (a << b) .. (a >> b) .. "\n"
  s = s .. (a + 1) .. (1 + a) .. (a - 1) .. (1 - a) .. (a * 2) .. (2 * a) .. (a / 2) .. (a % 2) .. (a ^ 2) .. (a // 2) .. "\n"
  s = s .. (a + 1.5) .. (1.5 + a) .. (a & 1) .. (1 & a) .. (a | 7) .. (7 ~ a) .. (a << 1) .. (1 << a) .. (a >> 1) .. "\n"
  s = s .. -a .. ~a .. #a .. (a .. b) .. ("s" .. a) .. "\n"
  s = s .. tostring(a < b) .. tostring(a <= b) .. tostring(a > b) .. tostring(a >= b) .. tostring(a == b) .. tostring(a ~= b)
  s = s .. tostring(a < 3) .. tostring(a <= 3) .. tostring(a > 3) .. tostring(3 >= a) .. tostring(a == 3)
  return s
end
local all
for i = 1, rounds do
  local s = operators(new(3), new(i % 2 + 3))
  if i <= 2 then print(s) end
  all = s
end
print(#all)

-- Objects that are called: any number of arguments and results, in tail position, through two objects.
local function calls(o)
  local a, b, c = o(10)
  local d = o()
  local n = select("#", o(1, nil, 3))
  o(5)
  local e, f = o(table.unpack {7, 8})
  return a, b, c, d, n, e, f, (o(9))
end
local outer = setmetatable({}, {__call = new("inner")})
local function tail(o, ...) return o(...) end
for i = 1, rounds do
  local o = new(i)
  local a, b, c, d, n, e, f, g = calls(o)
  assert(a == i and b == 1 and c == 10 and d == i and n == 5 and e == i and f == 2 and g == i)
  assert(tail(o, 1, 2) == i)
  local x, m, self = outer(4)
  assert(x == "inner" and m == 2 and self == outer)
end

-- Reads and stores: keys of every kind, through chains, as upvalues and methods.
local store = {}
local proxy = setmetatable({}, {
  __index = function(t, k) return store[k] end,
  __newindex = function(t, k, v) store[k] = v end,
})
local behind = setmetatable({}, {__index = proxy, __newindex = proxy})
function store.method(self, a) return self == behind and a end
local function accesses(p, i)
  p.name = i
  p[1] = i + 1
  p[i] = i + 2
  p["k" .. i % 3] = i + 3
  p.constant = "c"
  p[2] = nil
  local sum = p.name + p[1] + p["k" .. i % 3]
  return sum, p[i], p.constant, p[2], p.missing, p:method(5)
end
for i = 3, rounds do
  for _, p in ipairs {proxy, behind} do
    local sum, at, constant, none, missing, m = accesses(p, i)
    assert(sum == 3 * i + 4 and at == i + 2 and constant == "c" and none == nil and missing == nil)
    assert(m == (p == behind and 5))
  end
  proxy.shared = i
  behind.shared = proxy.shared + 1
  assert(behind.shared == i + 1 and rawget(proxy, "shared") == nil)
end

-- A loop that a comparison ends; one that nothing returns.
local n, limit = 0, new(rounds)
repeat n = n + 1 until not (n < limit)
local silent = setmetatable({}, {__lt = function() end, __index = function() end, __add = function() end})
for i = 1, rounds do
  assert(not (silent < i) and silent.x == nil and silent + i == nil)
end
print(n)

-- Metamethods in tail calls, with varargs, that yield, that raise, that change places.
local odd = {}
odd.__add = function(...) return select("#", ...) end
odd.__sub = function(a, b) return same(b) end
odd.__mul = function(a, b) return coroutine.yield(b) end
odd.__lt = function(a, b) return coroutine.yield(b) end
odd.__index = function(t, k) if k == "bad" then error("no " .. k) end return coroutine.isyieldable() and coroutine.yield(k) end
odd.__div = math.type
local o = setmetatable({}, odd)
local co = coroutine.wrap(function()
  for i = 1, rounds do
    assert(o + i == 2 and o - i == i and o / i == nil)
    assert(o * i == i + 1)
    assert(o.field == "field!")
    if o < i then assert(i % 2 == 0) else assert(i % 2 == 1) end
    local ok, why = pcall(function() return o.bad end)
    assert(not ok and why:match("no bad$"), why)
  end
  return "done"
end)
local v = co()
for i = 1, rounds do
  assert(v == i)
  v = co(i + 1)
  assert(v == "field")
  v = co("field!")
  assert(v == i)
  v = co(i % 2 == 0)
end
print(v)

-- What the debug library says of them.
local function where(t, level) return debug.traceback("at", level):gsub("[^\n]*/", ""):match("(metamethod '%w+')") end
local seen
mt.__add = function() seen = where(nil, 2) return 1 end
for i = 1, rounds do local _ = new(1) + i end
print(seen)

-- A metamethod that is there only at times, and one that has to be found anew.
local sometimes = {}
local t = setmetatable({}, sometimes)
local hits = 0
for i = 1, rounds do
  sometimes.__index = i % 3 ~= 0 and function() hits = hits + 1 return hits end or nil
  local _ = t.field
end
print(hits)

-- Recursion through them.
local deep = setmetatable({}, {})
getmetatable(deep).__index = function(t, k) return k > 100 and 0 or t[k + 1] + 1 end
for i = 1, rounds // 10 do assert(deep[i % 7] == 101 - i % 7) end

-- Callbacks of natives, functions with varargs.
local function smaller(a, b) return a < b end
for i = 1, 30 do
  local list = {}
  for k = 1, 50 do list[k] = k * 37 % 50 end
  table.sort(list, smaller)
  assert(list[1] == 0 and list[50] == 49)
end
local s, count = ("x"):rep(rounds):gsub(".", function(c, ...) return c .. select("#", ...) end)
print(#s, count)
local function many(...) local a, b = ... return b, a, select("#", ...) end
for i = 1, rounds do
  local x, y, c = many(many(i, 2, 3))
  assert(x == i and y == 2 and c == 3)
end
--> add3,4sub3,4mul3,4div3,4mod3,4pow3,4idiv3,4
--> band3,4bor3,4bxor3,4shl3,4shr3,4
--> add3,1add1,3sub3,1sub1,3mul3,2mul2,3div3,2mod3,2pow3,2idiv3,2
--> add3,1.5add1.5,3band3,1band1,3bor3,7bxor7,3shl3,1shl1,3shr3,1
--> 3333&4s&3
--> truetruefalsefalsefalsetruefalsetruefalsetruefalse
--> add3,3sub3,3mul3,3div3,3mod3,3pow3,3idiv3,3
--> band3,3bor3,3bxor3,3shl3,3shr3,3
--> add3,1add1,3sub3,1sub1,3mul3,2mul2,3div3,2mod3,2pow3,2idiv3,2
--> add3,1.5add1.5,3band3,1band1,3bor3,7bxor7,3shl3,1shl1,3shr3,1
--> 3333&3s&3
--> falsetruefalsetruetruefalsefalsetruefalsetruefalse
--> 261
--> 700
--> done
--> metamethod 'add'
--> 467
--> 1400	700
