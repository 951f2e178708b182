local function count(list)
  total = 0
  for _, v in ipairs(list) do total = total + v end
  return total
end
print(count({1, 2}))
