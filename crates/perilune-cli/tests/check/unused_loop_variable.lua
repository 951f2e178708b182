for k, v in pairs({}) do print(k) end
for k, v in pairs({}) do print(v) end
for i = 1, 3 do print("x") end
for word in ("a b"):gmatch("%a") do print("word") end
