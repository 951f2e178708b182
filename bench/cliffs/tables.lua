-- Tables whose shape, kind or metatable changes, and keys that change.

--- read_2_shapes
local variants = {{x = 1, y = 2}, {y = 3, x = 4}}
--
acc = acc + v.x + v.y

--- read_4_shapes
local variants = {{x = 1}, {y = 1, x = 2}, {z = 1, x = 3}, {w = 1, x = 4}}
--
acc = acc + v.x

--- read_8_shapes
local variants = {}
for k = 1, 8 do
  variants[k] = {["f" .. k] = k}
  variants[k].x = k
end
--
acc = acc + v.x

--- read_types
local variants = {{x = 1}, {x = 2.5}, {x = "3"}}
--
local n = v.x + 1
if n > 3 then acc = acc + 1 end

--- write_shapes
local variants = {{x = 1}, {y = 1, x = 2}, {z = 1, x = 3}}
--
v.x = i
acc = acc + v.x % 3

--- write_types
local o = {x = 0}
local variants = {1, 2.5, "3"}
--
o.x = v
if o.x == 1 then acc = acc + 1 end

--- fields_come_and_go
local variants = {0}
--
local o = {a = i}
if i % P == 0 then o.b = 1 else o.c = 2 end
o.d = 3
acc = acc + (o.b or o.c) + o.d

--- field_set_nil
local variants = {0}
local o = {a = 1, b = 2}
--
if i % P == 0 then o.a = nil end
if o.a then acc = acc + 1 end
o.a = i

--- constructors
local variants = {1, 2, 3}
--
local o
if v == 1 then o = {x = i} elseif v == 2 then o = {y = 1, x = i} else o = {z = 1, y = 2, x = i} end
acc = acc + o.x % 5

--- record_and_dictionary
local dictionary = {x = 2}
for k = 1, 100 do dictionary["k" .. k] = k end
dictionary[true] = 1
local variants = {{x = 1}, dictionary, {x = 3, [false] = 1}}
--
v.x = v.x ~ 1
acc = acc + v.x

--- computed_keys
local variants = {"a", "b", "c", "d"}
local o = {a = 1, b = 2, c = 3}
--
acc = acc + (o[v] or 7)
o[v] = i & 7

--- made_keys
local variants = {0}
local o = {}
--
local key = "k" .. i % P
o[key] = (o[key] or 0) + 1
acc = acc + o[key] % 2

--- key_types
local key = {}
local variants = {1, "a", true, 2.0, key, 2.5}
local o = {10, 20, a = 30, [true] = 40, [key] = 50, [2.5] = 60}
--
acc = acc + o[v]
o[v] = o[v] ~ 1

--- array_kinds
local variants = {{1, 2, 3, 4}, {1.5, 2.5, 3.5, 4.5}, {1, 2.5, 3, 4.5}, {"1", "2", "3", "4"}}
--
local x = v[i % 4 + 1]
if x ~= 1 then acc = acc + 1 end

--- array_and_hash
local variants = {{1, 2, 3, 4}, {[1] = 1, [2] = 2, [3] = 3, [4] = 4, [100] = 5}, setmetatable({}, {__index = function(_, k) return k end})}
--
acc = acc + v[i % 4 + 1]

--- array_writes
local variants = {1, 2.5}
--
local t = {v}
for k = 2, 6 do t[k] = v end
if t[5] == 1 then acc = acc + 1 end

--- array_becomes_generic
local variants = {0}
local t = {}
--
if i % P == 0 then t = {} end
t[#t + 1] = i
if i % P == P - 1 then t[#t + 1] = "x" end
acc = acc + #t % 3

--- array_holes
local variants = {0}
local t = {1, 2, 3, 4, 5, 6, 7, 8}
--
local k = i % 8 + 1
if i % P == 0 then t[k] = nil end
if t[k] then acc = acc + t[k] else t[k] = k end

--- array_ends
local variants = {0}
local t = {1, 2, 3, 4}
--
local x = t[i % (4 + P)]
if x then acc = acc + x end

--- insert_and_remove
local variants = {1, 2.5, "x"}
local t = {}
--
table.insert(t, v)
t[#t + 1] = v
if #t > 10 then
  acc = acc + #t
  for k = #t, 1, -1 do t[k] = nil end
end

--- changing_metatable
local classes = {}
for k = 1, 4 do classes[k] = {__index = {x = k}} end
local o = {}
local variants = classes
--
setmetatable(o, v)
acc = acc + o.x

--- changing_index
local class = {}
local o = setmetatable({}, class)
local variants = {{x = 1}, function() return 2 end, setmetatable({}, {__index = {x = 3}})}
--
class.__index = v
acc = acc + o.x

--- chain_depth
local function chain(n)
  local o = {x = n}
  for _ = 1, n do o = setmetatable({}, {__index = o}) end
  return o
end
local variants = {chain(0), chain(1), chain(2), chain(3), chain(6)}
--
acc = acc + v.x

--- field_hides_class
local class = {x = 1}
class.__index = class
local o = setmetatable({}, class)
local variants = {0}
--
if i % P == 0 then o.x = 5 else o.x = nil end
acc = acc + o.x

--- newindex_comes_and_goes
local sum = 0
local mt = {}
local function store(_, _, x) sum = sum + x end
local variants = {false, store}
--
mt.__newindex = v or nil
local o = setmetatable({}, mt)
o.x = 1
acc = acc + (o.x or 2)

--- index_function_or_field
local function lookup(_, k) return #k end
local variants = {{name = 5}, setmetatable({}, {__index = lookup})}
--
acc = acc + v.name

--- operator_metamethods
local mt = {}
mt.__add = function(a, b) return (a.n or 0) + (type(b) == "table" and b.n or 1) end
mt.__lt = function(a, b) return a.n < b.n end
local variants = {{1, 2}, {setmetatable({n = 1}, mt), setmetatable({n = 2}, mt)}, {2.5, 3}}
--
local x, y = v[1], v[2]
local z = x + y
if x < y then acc = acc + 1 end
if z == 3 then acc = acc + 2 end

--- equality_metamethods
local mt = {__eq = function(a, b) return a.n == b.n end}
local same = {n = 1}
local variants = {{same, same}, {setmetatable({n = 1}, mt), setmetatable({n = 1}, mt)}, {{}, {}}}
--
if v[1] == v[2] then acc = acc + 1 end

--- methods_of_classes
local variants = {}
for k = 1, 5 do
  local class = {}
  class.__index = class
  function class:get(n) return self.n + n + k end
  variants[k] = setmetatable({n = k}, class)
end
--
acc = acc + v:get(1)

--- methods_of_many_classes
local variants = {}
for k = 1, 20 do
  local class = {}
  class.__index = class
  function class:get() return self.n end
  variants[k] = setmetatable({n = k, ["f" .. k] = 1}, class)
end
--
acc = acc + v:get()

--- methods_or_fields
local class = {}
class.__index = class
function class:get() return 1 end
local variants = {setmetatable({}, class), {get = function() return 2 end}, setmetatable({get = function() return 3 end}, class)}
--
acc = acc + v:get()

--- methods_of_strings
local o = {len = function() return 3 end}
local variants = {"text", o}
--
acc = acc + v:len()

--- method_redefined
local class = {}
class.__index = class
function class:get() return 1 end
local o = setmetatable({}, class)
local variants = {0}
--
if i % P == 0 then
  function class:get() return 2 end
end
acc = acc + o:get()

--- inherited_methods
local base = {}
base.__index = base
function base:get() return self.n end
local variants = {setmetatable({n = 1}, base)}
for k = 2, 4 do
  local class = setmetatable({}, variants[k - 1] and getmetatable(variants[k - 1]))
  class.__index = class
  variants[k] = setmetatable({n = k}, class)
end
--
acc = acc + v:get()

--- pairs_of_tables
local variants = {{1, 2, 3}, {a = 1, b = 2}, {1, 2, c = 3}}
--
for _, x in pairs(v) do acc = acc + x end

--- ipairs_of_tables
local variants = {{1, 2, 3}, {1.5, 2.5}, {"a", "b"}, setmetatable({}, {__index = function(_, k) if k < 3 then return k end end})}
--
for k, x in ipairs(v) do
  if x ~= 2 then acc = acc + k end
end

--- sort_orders
local t = {3, 1, 2, 5, 4}
local variants = {function(a, b) return a < b end, function(a, b) return a > b end}
--
table.sort(t, v)
acc = acc + t[1]

--- unpack_and_pack
local variants = {{}, {1}, {1, 2.5}, {"a", 2, 3, 4}}
--
local t = table.pack(table.unpack(v))
acc = acc + t.n

--- sparse_integers
local variants = {65536, 3, 1.0}
local t = {}
--
local k = (i & 15) * v
t[k] = (t[k] or 0) + 1
acc = acc + t[k]
