--! stdin: first line
--! stdin: 42 0x10 rest
--! stdin: third\nfourth
print(io.read()) print(io.read("n", "n")) print(io.read("l")) for l in io.lines() do print("line", l) end print(io.read("a"), io.read("l"), io.read("n"))
--> first line
--> 42	16
-->  rest
--> line	third
--> line	fourth
--> 	nil	nil
