-- Counts the words of a file, or of its own source: `perilune examples/word_count.lua [file]`.
local path = arg[1] or arg[0]
local counts, order = {}, {}

for line in io.lines(path) do
  for word in line:lower():gmatch("%a+") do
    if not counts[word] then
      counts[word] = 0
      order[#order + 1] = word
    end
    counts[word] = counts[word] + 1
  end
end

table.sort(order, function(a, b)
  if counts[a] ~= counts[b] then return counts[a] > counts[b] end
  return a < b
end)

print(string.format("%d different words in %s", #order, path))
for i = 1, math.min(5, #order) do
  print(string.format("%6d  %s", counts[order[i]], order[i]))
end
