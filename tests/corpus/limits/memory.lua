--! options: --max-memory=20000000
--! exit: 1
--! error: memory
print("start")
local t = {}
pcall(function() while true do t[#t + 1] = ("x"):rep(1000) .. #t end end)
pcall(function() while true do t[#t + 1] = ("x"):rep(1000) .. #t end end)
print("not reached")
--> start
