-- args: --std=5.4
for i = 1, 3 do i = i + 1; print(i) end
local global = 1
print(global, table.create)
