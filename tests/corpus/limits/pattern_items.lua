--! options: --max-instructions=3000000
--! exit: 1
--! error: instruction
-- Items of a pattern that take nothing count.
local subject, pattern = ("ab"):rep(1000), ("x?"):rep(300) .. "[ab]c"
print(string.find(subject, pattern))
for _ = 1, 200 do string.find(subject, pattern) end
print("not reached")
--> nil
