-- io: modes, formats of read, lines, seek, buffering, errors.
local name = os.tmpname() local f = assert(io.open(name, "w")) print(f:write("line 1\n", 2, " ", 3.5, "\n", "last") == f, f:seek("cur"), f:seek("set", 0), f:seek("end"), io.type(f), io.type(5)) print(f:close(), io.type(f), pcall(f.write, f, "x"), (tostring(f)))
for l in io.lines(name) do io.write("[", l, "]") end print() for l in io.lines(name, "L") do io.write("[", (l:gsub("\n", "\\n")), "]") end print() for a, b in io.lines(name, 1, 2) do io.write(a, "|", (b or "nil"):gsub("\n", "\\n"), " ") end print()
f = io.open(name) print(f:read("l", "n", "n", "l", "a")) print(f:read("a"), f:read("l"), f:read("n"), f:read(0), f:read(1)) f:seek("set") print(f:read(0), f:read(3), f:read("L"), f:read(100)) f:seek("set", 5) print(f:read("n")) f:close()
f = io.open(name, "w") f:write("0x1F -5 +7 1e2 .5 0x1p4 nan 12abc 99999999999999999999 - 1e 0x") f:close() f = io.open(name) print(f:read("n", "n", "n", "n", "n", "n")) print(f:read("n")) print(f:read("l")) f:close()
f = io.open(name, "a+") f:write("appended") f:seek("set") print(#f:read("a")) f:close() f = io.open(name, "r+") f:write("OVER") f:seek("set") print(f:read(8)) print(f:setvbuf("full", 1024), f:setvbuf("no"), f:setvbuf("line"), f:flush() == f) f:close() print(pcall(io.open, name, "q"), io.open("/no/such/dir/x", "w"))
print(pcall(io.lines, "/no/such/file"), pcall(f.read, f), pcall(function() for l in io.lines(name, "x") do end end)) local out = io.output() io.output(name) io.write("via output") io.close() io.output(out) io.input(name) print(io.read("a")) io.close(io.input()) io.input(io.stdin) print(io.read("a") == "", io.read("l"), io.read(0))
do local h <close> = io.open(name) print(h:read(3)) end local t = io.tmpfile() t:write("tmp") t:seek("set") print(t:read("a")) t:close() local p = io.popen("echo from popen; exit 2") print(p:read("l"), p:close()) p = io.popen("cat > " .. name, "w") p:write("piped") p:close() print(io.open(name):read("a"), pcall(io.popen, "x", "rw")) print(os.remove(name), io.stdout:write("") == io.stdout, io.type(io.stderr), (tostring(io.stdout):gsub("0x%x+", "ADDR")), getmetatable(io.stdout).__name) print(pcall(function() local x = io.lines(name) end), io.stdin:close() ~= nil)
--> true	17	0	17	file	nil
--> true	closed file	false	file (closed)
--> [line 1][2 3.5][last]
--> [line 1\n][2 3.5\n][last]
--> l|in e| 1 
--> |2  3|.5 
--> |la s|t 
--> line 1	2	3.5		last
--> 	nil	nil	nil	nil
--> 	lin	e 1
--> 	2 3.5
--> last
--> 1
--> 31	-5	7	100.0	0.5	16.0
--> nil
--> nan 12abc 99999999999999999999 - 1e 0x
--> 70
--> OVER -5 
--> true	true	true	false
--> false	nil	/no/such/dir/x: No such file or directory	2
--> false	false	false	io.lua:7: bad argument #2 to 'for iterator' (invalid format)
--> via output
--> true	nil	nil
--> via
--> tmp
--> from popen	nil	exit	2
--> piped	false	bad argument #2 to 'io.popen' (invalid mode)
--> true	true	file	file (ADDR)	FILE*
--> false	false
