local rows = {}
local i = 3
print(rows[i].name)
