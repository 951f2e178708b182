--! no-build: an executable has no command before it
--! args: one two --three -4
print(#arg, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5], ...)
print(arg[-1] ~= nil)
--> 4	arguments.lua	one	two	--three	-4	nil	one	two	--three	-4
--> true
