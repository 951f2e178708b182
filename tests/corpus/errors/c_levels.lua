-- Protected calls, natives that call back, resumes and message handlers count together: the 200th level
-- is "C stack overflow", which the protected call at that level catches itself; a handler has 20 more.
local depth, lines
local function start() depth, lines = 0, {} end
local function note(...)
  local text = { ... }
  for i = 1, #text do text[i] = tostring(text[i]) end
  lines[#lines + 1] = table.concat(text, " ")
end
local function finish(name)
  print(name, depth, #lines)
  for i = 1, math.min(3, #lines) do print("", lines[i]) end
  if #lines > 3 then print("", lines[#lines]) end
end

start()
local function f() depth = depth + 1 note(depth, pcall(f)) end
f()
finish("pcall")

start()
local function g() depth = depth + 1 note(depth, xpcall(g, function(m) return depth .. ": " .. m end)) end
g()
finish("xpcall")

start()
local function h() depth = depth + 1 note(depth, pcall(string.gsub, "x", "x", h)) end
h()
finish("pcall of gsub")

start()
local function k() depth = depth + 1 note(depth, pcall(coroutine.resume, coroutine.create(k))) end
k()
finish("pcall of resume")

start()
local function q() depth = depth + 1 note(depth, coroutine.resume(coroutine.create(q))) end
q()
finish("resume")

start()
local function s() depth = depth + 1 table.sort({ 1, 2 }, function() s() return false end) end
note(pcall(s))
finish("sort")

start()
local function e() depth = depth + 1 error(e) end
note(xpcall(e, e))
finish("error in the handler")

start()
local function r(m) depth = depth + 1 note(depth, pcall(r, m)) return m end
note(xpcall(error, r, "z"))
finish("pcall in the handler")

start()
local function v(w)
  note(pcall(function() note(pcall(function() return xpcall(error, w, w) end)) end))
end
v(v)
finish("handler that protects")

start()
local function y()
  depth = depth + 1
  local co = coroutine.wrap(function() pcall(coroutine.yield) y() end)
  co()
  note(depth, pcall(co))
end
y()
finish("yields in protected calls")
--> pcall	198	198
--> 	198 false C stack overflow
--> 	197 true
--> 	196 true
--> 	1 true
--> xpcall	198	198
--> 	198 false 198: C stack overflow
--> 	197 true
--> 	196 true
--> 	1 true
--> pcall of gsub	99	99
--> 	99 false C stack overflow
--> 	98 true x 1
--> 	97 true x 1
--> 	1 true x 1
--> pcall of resume	99	99
--> 	99 true false C stack overflow
--> 	98 true true
--> 	97 true true
--> 	1 true true
--> resume	198	198
--> 	198 false C stack overflow
--> 	197 true
--> 	196 true
--> 	1 true
--> sort	197	1
--> 	false C stack overflow
--> error in the handler	216	1
--> 	false error in error handling
--> pcall in the handler	196	197
--> 	196 false C stack overflow
--> 	195 true z
--> 	194 true z
--> 	false z
--> handler that protects	0	100
--> 	false C stack overflow
--> 	true
--> 	true false <no error object>
--> 	true
--> yields in protected calls	100	98
--> 	98 false c_levels.lua:67: c_levels.lua:67: C stack overflow
--> 	97 true
--> 	96 true
--> 	1 true
