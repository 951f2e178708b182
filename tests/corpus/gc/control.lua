-- collectgarbage's options and results.
print(collectgarbage(), collectgarbage("collect"), type(collectgarbage("count")), collectgarbage("isrunning")) print(collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
print(collectgarbage("incremental"), collectgarbage("generational"), collectgarbage("generational"), collectgarbage("incremental")) print(type(collectgarbage("step")), type(collectgarbage("step", 100)))
for _, p in ipairs{"pause", "stepmul", "stepsize", "minormul", "majorminor", "minormajor"} do local old = collectgarbage("param", p, 100) print(p, math.type(old), collectgarbage("param", p) > 0) collectgarbage("param", p, old) end
print(pcall(collectgarbage, "nope"), pcall(collectgarbage, "param", "nope"), pcall(collectgarbage, {}))
for _, mode in ipairs{"generational", "incremental"} do collectgarbage(mode) local live = {} for i = 1, 20000 do live[i % 100 + 1] = {i, {tostring(i)}, function() return i end} end local ok = true for i = 1, 100 do ok = ok and live[i][2][1] == tostring(live[i][1]) and live[i][3]() == live[i][1] end print(mode, ok) end
local before = collectgarbage("count") local big = {} for i = 1, 10000 do big[i] = {} end print(collectgarbage("count") > before) big = nil collectgarbage() print(collectgarbage("count") < before + 200)
local s = {} for i = 1, 200 do s[#s + 1] = ("x"):rep(i * 10) end collectgarbage() local total = 0 for _, x in ipairs(s) do total = total + #x end print(total)
setmetatable({}, {__gc = function() print(collectgarbage("step"), collectgarbage()) end}) collectgarbage() collectgarbage("stop") for i = 1, 1000 do local _ = {i} end collectgarbage("restart") print("end")
--> 0	0	number	true
--> 0	false	0	true
--> generational	incremental	generational	generational
--> boolean	boolean
--> pause	integer	true
--> stepmul	integer	true
--> stepsize	integer	true
--> minormul	integer	true
--> majorminor	integer	true
--> minormajor	integer	true
--> false	false	false	bad argument #1 to 'collectgarbage' (string expected, got table)
--> generational	true
--> incremental	true
--> true
--> true
--> 201000
--> nil	nil
--> end
