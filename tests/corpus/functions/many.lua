-- Limits of the compiler: many locals, upvalues, constants, arguments, nested constructs.
local src = {}
for i = 1, 200 do src[#src + 1] = ("local a%d = %d"):format(i, i) end
print(load(table.concat(src, "\n") .. "\nreturn a1 + a200")())
print(load(table.concat(src, "\n") .. "\nlocal a201 = 1", "=s"))
local t = {} for i = 1, 300 do t[i] = "x" .. i .. " = " .. i end
print(#t, load("local t = {" .. table.concat(t, ", ") .. "} return t.x300")())
local items = {} for i = 1, 5000 do items[i] = tostring(i) end
local list = load("return {" .. table.concat(items, ",") .. "}")() print(#list, list[5000], list[1234])
print(select("#", load("return " .. table.concat(items, ",", 1, 250))()))
print(load("return f(" .. table.concat(items, ",", 1, 300) .. ")", "=s"))
print(load("return " .. ("("):rep(150) .. "1" .. (")"):rep(150))())
print(pcall(load, "return " .. ("("):rep(500) .. "1" .. (")"):rep(500), "=s"))
print(pcall(load, "return " .. ("{"):rep(300) .. ("}"):rep(300), "=s"))
print(pcall(load, "x = " .. ("-"):rep(1) .. ("not "):rep(100) .. "1", "=s") ~= nil, pcall(load, ("do "):rep(300) .. ("end "):rep(300), "=s"))
local cat = {} for i = 1, 150 do cat[i] = "'" .. i % 10 .. "'" end print(#load("return " .. table.concat(cat, " .. "))())
local sum = {} for i = 1, 3000 do sum[i] = "x" end print(load("local x = 1 return " .. table.concat(sum, " + "))())
local consts = {} for i = 1, 70000 do consts[i] = i + 0.5 end
local f = load("local t = {" .. table.concat(consts, ",") .. "} return #t, t[70000]") print(f())
local keys = {} for i = 1, 400 do keys[i] = ("t.k%d = (t.k%d or 0) + %d"):format(i, i, i) end print(load("local t = {} " .. table.concat(keys, " ") .. " return t.k400, t.k1")())
local ifs = {} for i = 1, 500 do ifs[i] = ("if x == %d then return %d end"):format(i, i * 2) end print(load("local x = ... " .. table.concat(ifs, "\n"))(499))
--> 201
--> nil	s:201: too many local variables (limit is 200) in main function near <eof>
--> 300	300
--> 5000	5000	1234
--> 250
--> nil	s:1: too many registers (limit is 255) in main function near '256'
--> 1
--> true	nil	C stack overflow
--> true	nil	C stack overflow
--> true	true	nil	C stack overflow
--> 150
--> 3000
--> 70000	70000.5
--> 400	1
--> 998
