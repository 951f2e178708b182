local n = 42
n.x = 1
