local t = {}
for i = 1, t do print(i) end
