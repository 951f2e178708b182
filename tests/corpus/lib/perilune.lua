-- The module of the runtime itself: bytecode, engine, figures.
--! only: perilune
local p = require "perilune"
print(p == require "perilune", package.loaded.perilune == p, package.preload.perilune)
local function add(a, b)
  for i = 1, 3 do a = a + b end
  return a
end
add(1, 2)
local text = p.dis(add)
print((text:match("function %d+ (at line .-)\n")))
print(text:find("FORLOOP", 1, true) ~= nil, text:find("-> L1", 1, true) ~= nil, text:find("\n  L1:\n", 1, true) ~= nil, text:sub(-1) == "\n")
print(pcall(p.dis, print))
print(pcall(p.dis, 1))
local outer = p.dis(function() local function inner() end return inner end)
print(select(2, outer:gsub("function[ %d]* at line", "")), outer:find("\ninner: ", 1, true) ~= nil)
local engine = p.engine()
print(engine == "vm" or engine == "jit" or engine == "tree", type(p.version))
local before = p.stats()
collectgarbage()
local after = p.stats()
print(after.full_collections > before.full_collections, math.type(after.memory), math.type(after.longest_pause))
print(after.peak_memory > 0, after.minor_collections >= 0, after.incremental_steps >= 0, after.collector_time > 0)
local tier, about = p.tier(add)
print(tier == "interpreted" or tier == "baseline" or tier == "tree", type(about.versions), type(about.cautious))
for i = 1, 600 do add(i, 1) end
tier, about = p.tier(add)
print((tier == "baseline") == (about.size ~= nil), (tier == "baseline") == (about.entries ~= nil), select('#', p.tier(add)))
print(tier ~= "baseline" or about.versions > 0 and about.entries[1] == 0 and about.exits >= 0)
print(pcall(p.tier, print))
print(pcall(p.tier, nil))
--> true	true	nil
--> at line 5-8: 2 params, 5 slots
--> true	true	true	true
--> false	bad argument #1 to 'perilune.dis' (Lua function expected)
--> false	bad argument #1 to 'perilune.dis' (function expected, got number)
--> 2	true
--> true	string
--> true	integer	float
--> true	true	true	true
--> true	number	boolean
--> true	true	2
--> true
--> false	bad argument #1 to 'perilune.tier' (Lua function expected)
--> false	bad argument #1 to 'perilune.tier' (function expected, got nil)
