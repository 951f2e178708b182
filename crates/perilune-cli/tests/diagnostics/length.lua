local list
for i = 1, #list do print(i) end
