-- load, loadfile, dofile, string.dump, environments, modes.
print(load("return 1 + 1")(), load("return ...")(1, 2), load("syntax error here"), load("return x", "c", "t", {x = 5})(), load("x = 5; return x", "c", "t", {})()) local parts = {"return ", "1", " + 2", nil} local i = 0 print(load(function() i = i + 1 return parts[i] end)()) print(load(function() return nil end), pcall(load, function() return {} end), pcall(load, function() error("x", 0) end))
local f = function(a, b) local c = a + b return c * 2, "k" end local d = string.dump(f) print(type(d), d:sub(1, 4) == "\27Lua", load(d)(1, 2)) print(load(d, "b", "b")(3, 4), load(d, "name", "t"), load("return 1", "name", "b"), load(string.dump(f, true))(5, 6)) print(pcall(string.dump, print), load("\27Lua garbage"), load(d:sub(1, 20), "=trunc") == nil, load(d:sub(1, -2), "=trunc") == nil)
local up = 10 local g = load(string.dump(function() return up end)) print(pcall(g)) print(debug.setupvalue(g, 1, 7), g()) local name = os.tmpname() local h = io.open(name, "w") h:write("#!shebang line\nlocal a = ...\nx_from_file = 5\nreturn a, 'done'") h:close() print(loadfile(name)(42), dofile(name), x_from_file, loadfile(name, "t", {})(1)) h = io.open(name, "wb") h:write("# comment\n", string.dump(function() return "binary file" end)) h:close() print(dofile(name), loadfile(name, "t") == nil) h = io.open(name, "w") h:write("\xEF\xBB\xBFreturn 'bom'") h:close() print(dofile(name)) h = io.open(name, "w") h:write("return +") h:close() print((select(2, loadfile(name)):gsub(".*:(%d+:)", "%1"))) os.remove(name) print((select(2, loadfile("/no/such"))))
print(load("return _ENV", "n", "t", nil)(), pcall(load("return x", "n", "t", nil)), load("local _ENV = {y = 1} return y")(), select("#", load("")()), load("return 'a\\0b'")() == "a\0b", #load("return '" .. ("x"):rep(10000) .. "'")()) print(load(("x"):rep(3) .. " = 1", "=name") ~= nil, load("return debug.getinfo(1, 'S').source", "@chunk")(), load("return debug.getinfo(1, 'S').short_src", "text of\nchunk")(), load("error('e')", "=(load)") ~= nil, pcall(load("error('e')", "=mychunk")), pcall(load("\n\nerror('e')", "@f.lua"))) print(pcall(load, "return 1", "n", "x"), pcall(load("return 1", "n", "bt")))
local big = {} for j = 1, 300 do big[j] = ("local function f%d(x) if x then return '%d', %d.5, {%d} end end"):format(j % 150, j, j, j) end local chunk = load(string.dump(load("do " .. table.concat(big, " end do ") .. " end return 'big'"))) print(chunk())
--> 2	1	nil	5	5
--> 3
--> function: ADDRESS	true	true	nil	x
--> string	true	6	k
--> 14	nil	nil	22	k
--> false	nil	true	true
--> true	table: ADDRESS
--> up	7
--> 42	nil	5	1	done
--> binary file	true
--> bom
--> 1: unexpected symbol near '+'
--> cannot open /no/such: No such file or directory
--> nil	false	1	0	true	10000
--> true	@chunk	[string "text of..."]	true	false	false	f.lua:3: e
--> true	true	1
--> big
