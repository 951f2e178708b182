print(string.formt("%d", 1), math.pow(2, 3))
function string.trim(s) return s:match("^%s*(.-)%s*$") end
print(string.trim(" x "), table.unpack({}))
