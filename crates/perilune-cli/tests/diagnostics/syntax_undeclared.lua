global print
local total = 1
print(totl)
