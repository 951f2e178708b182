-- A loop that would take 2^63 rounds.
local function rounds(a, b)
  local r = 0
  for _ = a, b do
    r = r + 1
    if r > 4 then break end
  end
  return r
end
for _ = 1, 3 do print(rounds(math.mininteger, 0), rounds(math.mininteger, math.maxinteger)) end
--> 5	5
--> 5	5
--> 5	5
