package.path = "./mods/?.lua"
require("broken_syntax")
