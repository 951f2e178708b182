local print = print
local _ENV = {width = 1}
print(widht + 1)
