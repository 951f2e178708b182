print(pcall(function() return {} < {} end))
print(nil < 1)
