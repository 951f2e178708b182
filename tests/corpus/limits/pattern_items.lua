--! options: --max-instructions=3000000
--! exit: 1
--! error: instruction
-- Items of a pattern that take nothing count.
local subject, pattern = ("a"):rep(2000), ("x?"):rep(300) .. "b"
print(string.find(subject, pattern))
for _ = 1, 200 do string.find(subject, pattern) end
print("not reached")
--> nil
