--! options: --max-memory=64M
--! exit: 1
--! error: memory
-- A compiled pattern is larger than its text.
local long = ("a?"):rep(1000000)
print(#long)
pcall(string.gsub, "a", long, "")
print("not reached")
--> 2000000
