-- A generic loop over a native iterator goes on in compiled code after its instructions have become generic again.
local function count(n)
  local sum = 0
  for k in coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) do
    sum = sum + k
    local garbage = {k}
  end
  return sum
end
for round = 1, 40 do
  if count(round) ~= round * (round + 1) // 2 then print("wrong", round) end
end
local function words(s)
  local n = 0
  for w in s:gmatch("%a+") do n = n + #w end
  return n
end
for round = 1, 40 do
  if words("one two three") ~= 11 then print("wrong", round) end
end
print("counted")
--> counted
