--! options: --max-instructions=3000000
--! exit: 1
--! error: instruction
-- Compiling a pattern counts.
print(string.find("aab", ("a?"):rep(1000) .. "b"))
for _ = 1, 1000 do pcall(string.find, "a", ("a?"):rep(500000)) end
print("not reached")
--> 1	3
