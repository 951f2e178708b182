-- What nests in a chunk and the calls around `load` have a common limit, at which handlers are called.
local function try(text)
  local depth = 0
  local function down()
    depth = depth + 1
    local f, e = load(text)
    if not f then return depth, e end
    local _, a, b = pcall(down)
    return a, b
  end
  print(down())
end
try("return 1")
try("local x = (((1)))")
try("do do do end end end")
try("return {{{{}}}}")
try("")
local deep = ("("):rep(300) .. "1" .. (")"):rep(300)
print(xpcall(load, print, "return " .. deep))
print(xpcall(load, function(m) return "handled: " .. m end, ("do "):rep(300) .. (" end"):rep(300)))
print(pcall(load, "return " .. deep))
for n = 190, 199 do
  io.write(n, " ", tostring(load("return " .. ("("):rep(n) .. "1" .. (")"):rep(n)) ~= nil), "\n")
end
--> 197	C stack overflow
--> 194	C stack overflow
--> 196	C stack overflow
--> 194	C stack overflow
--> C stack overflow	nil
--> C stack overflow
--> true	nil	<no error object>
--> true	nil	handled: C stack overflow
--> true	nil	C stack overflow
--> 190 true
--> 191 true
--> 192 true
--> 193 true
--> 194 true
--> 195 true
--> 196 false
--> 197 false
--> 198 false
--> 199 false
