--! options: --max-time=0.3
--! exit: 1
--! error: time
--! no-stress: all - the clock runs out earlier
--! no-runner: the clock runs out earlier
-- Each round of the loop, which begins with the function's first instruction, leaves compiled code by an error.
local function loop()
  while true do pcall(error, "x") end
end
print("start")
loop()
print("not reached")
--> start
