package.path = "./mods/?.lua"
local m = require("broken_run")
print(m.start())
