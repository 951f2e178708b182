local n = 1 + tonumber()
