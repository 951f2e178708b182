-- A list's room is what the constructor announces, also when a computed key comes first.
local one = 1
local t = {nil, [1] = one, 1, [true] = 1, nil}
print(rawlen(t), #t)
--> 0	0
