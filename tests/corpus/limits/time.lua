--! options: --max-time=0.3
--! exit: 1
--! error: time
--! no-stress: all - the clock runs out earlier
--! no-runner: the clock runs out earlier
print("start")
pcall(function() ("a"):rep(3000):find((".-"):rep(20) .. "b") while true do pcall(error) end end)
print("not reached")
--> start
