-- deterministic torture: weak tables, ephemerons, finalisers, coroutines, upvalues, resize, close
--! no-stress: fail - a swallowed failure changes the sums
local rnd do local x = 42; rnd = function(n) x = (x * 1103515245 + 12345) & 0x7fffffff; return (x >> 8) % n + 1 end end
local mode = "mix"
local sum = 0
local function check(o) assert(type(o) == "table" and o.id and o.name == "obj" .. o.id and o.sub.owner == o.id, "corrupt") ; return o.id end
local nextid = 0
local function new() nextid = nextid + 1; local id = nextid
  return {id = id, name = "obj" .. id, sub = {owner = id, long = ("x"):rep(50) .. id}} end
local pool, weakv, weakk, eph = {}, setmetatable({}, {__mode = "v"}), setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})
local closers, cos = {}, {}
local fin = 0
for i = 1, 60 do pool[i] = new() end
local function step(k)
  local a, b = rnd(60), rnd(60)
  if k == 1 then pool[a] = new()
  elseif k == 2 then pool[a].link = pool[b]; pool[b].back = function() return check(pool[a] or pool[b]) end
  elseif k == 3 then weakv["k" .. a] = pool[b]
  elseif k == 4 then weakk[pool[a]] = new(); eph[pool[a]] = {pool[a], new()}
  elseif k == 5 then
    local up = pool[a]; local n = 0
    closers[b] = {function() n = n + 1; return check(up) + n end, function(x) up = x end}
  elseif k == 6 then local c = closers[a]; if c then c[2](new()); sum = (sum + c[1]()) % 1000003 end
  elseif k == 7 then
    cos[a] = coroutine.wrap(function(...)
      local x, y <close> = pool[b], setmetatable({new()}, {__close = function(s) sum = (sum + check(s[1])) % 1000003 end})
      local t = {...}
      for i = 1, 5 do local z = new(); t[#t + 1] = z; local got = coroutine.yield(check(x)); if got then x = got end; sum = (sum + check(z)) % 1000003 end
      for _, v in ipairs(t) do check(v) end
      error({code = check(x)})
    end)
    cos[a](new(), new())
  elseif k == 8 then
    local c = cos[a]
    if c then local ok, e = pcall(c, rnd(2) == 1 and new() or nil); if not ok then if type(e) == "table" then sum = (sum + e.code) % 1000003 end cos[a] = nil end end
  elseif k == 9 then
    local id = a
    setmetatable({new(), id}, {__gc = function(o) fin = fin + 1; check(o[1]); pool[o[2]] = o[1] and pool[o[2]]; if rnd == nil then weakv[1] = o end end})
  elseif k == 10 then
    local t = {}
    for i = 1, rnd(100) do t[rnd(50) - 10] = new(); t["s" .. rnd(30)] = new(); if rnd(4) == 1 then t[rnd(50)] = nil end end
    for kk, v in pairs(t) do check(v); if rnd(3) == 1 then t[kk] = nil end end
    for kk, v in pairs(t) do check(v) end
    pool[a].t = t
  elseif k == 11 then
    local t = {}; for i = 1, rnd(30) do t[i] = new() end
    table.sort(t, function(x, y) return #(x.name .. rnd(1)) * 1000 + x.id % 7 > #(y.name .. "1") * 1000 + y.id % 7 end)
    for i = 1, #t do check(t[i]) end
    local s = (("abc"):rep(5)):gsub("%a", function(c) local o = new(); return {} and (check(o) % 10) .. c end)
    sum = (sum + #s) % 1000003
    table.move(t, 1, #t, 3, {}); table.insert(t, 1, new()); table.remove(t)
    local p = table.pack(table.unpack(t)); for i = 1, p.n do check(p[i]) end
  elseif k == 12 then
    local f = load("local a, b = ... ; local t = {x = a, y = b, name = 'obj" .. a .. "', id = " .. a .. ", sub = {owner = " .. a .. "}} return function() return t end")
    closers[a] = {function() return check(f(a, b)()) end, function() end}
  elseif k == 13 then
    local mt = {__index = function(t, kk) return new() end, __newindex = function(t, kk, v) rawset(t, kk, v) end,
      __concat = function(x, y) return new() end, __add = function(x, y) return new() end, __eq = function(x, y) check(new()) return true end,
      __lt = function() check(new()) return true end, __len = function() return check(new()) end, __call = function(s, ...) return new(), ... end}
    local p, q = setmetatable({}, mt), setmetatable({}, mt)
    check(p.foo); check(p .. q); check("a" .. p); check("b" .. q); check(p + 1); assert(p == q); assert(p < q); sum = (sum + #p % 2) % 1000003
    local r = {p(1, new(), 3)}; check(r[1]); check(r[3]); q.z = new(); check(q.z)
  elseif k == 14 then
    local ok, e = xpcall(function(...) local v = {...}; local t <close> = setmetatable({}, {__close = function(_, er) check(er) end}); error(new()) end, function(m) check(m) return new() end, new(), new())
    if not ok then if type(e) == "table" then check(e) end end
  elseif k == 15 then
    local gen = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(new(), tostring(i) .. ("y"):rep(60)) end end)
    for o, s in gen do check(o); sum = (sum + #s) % 1000003; if rnd(8) == 1 then break end end
  elseif k == 16 then
    local parts = {}
    for i = 1, rnd(40) do parts[i] = "p" .. i .. ("z"):rep(rnd(30)) end
    local s = table.concat(parts, ","); local n = 0
    for w in s:gmatch("[^,]+") do n = n + 1; assert(w == parts[n]) end
    assert(string.format("%s|%s", setmetatable({}, {__tostring = function() return new().name .. s end}), s):find(s, 1, true))
  elseif k == 17 then
    local function deep(n, ...) if n == 0 then return select("#", ...) end local x = new(); local r = deep(n - 1, x, ...); check(x); return r end
    sum = (sum + deep(rnd(50))) % 1000003
  elseif k == 18 then
    local function va(...) local a, b, c = ...; local t = {...}; for i = 1, select("#", ...) do check((select(i, ...))) end return ... end
    local x = {va(new(), va(new(), new()), new())}; for _, v in ipairs(x) do check(v) end
  end
  for kk, v in pairs(weakv) do check(v) end
  if rnd(10) == 1 then
    for kk, v in pairs(weakk) do check(kk); check(v) end
    for kk, v in pairs(eph) do assert(v[1] == kk); check(v[2]) end
  end
end
local N = 150
if mode == "gen" then collectgarbage("generational") elseif mode == "inc" then collectgarbage("incremental") end
for i = 1, N do
  step(rnd(18))
  if mode == "mix" and i % 97 == 0 then collectgarbage(({"generational", "incremental", "collect", "step"})[rnd(4)]) end
end
for i = 1, 60 do check(pool[i]); if pool[i].link then check(pool[i].link) end if pool[i].t then for _, v in pairs(pool[i].t) do check(v) end end end
for i, c in pairs(closers) do sum = (sum + c[1]()) % 1000003 end
cos = nil
print(sum, nextid)
--> 9474	1818
