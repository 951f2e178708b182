for i = "a", 3 do print(i) end
