--! options: --max-instructions=2000000
--! exit: 1
--! error: instruction
-- Tracebacks look for names in all modules, and count for that.
local function deep(n)
  if n == 0 then
    for _ = 1, 100000 do debug.traceback() end
    return 0
  end
  return 1 + deep(n - 1)
end
print(pcall(deep, 30))
