-- goto: continue, nested loops, closures per iteration, errors.
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    if i == 3 then goto out end
    io.write(i, ":", j, " ")
    ::continue::
  end
end
::out:: print()
do local n = 0 ::top:: n = n + 1 if n < 5 then goto top end print(n) end
local fs = {}
do
  local i = 1
  ::again::
  local x = i * 10
  fs[i] = function() x = x + 1 return x end
  i = i + 1
  if i <= 3 then goto again end
end
print(fs[1](), fs[1](), fs[2](), fs[3]())
for _, src in ipairs{"goto x", "::x:: ::x::", "goto x; local a; ::x:: print(a)", "do ::x:: end goto x", "break", "goto = 1", "repeat if x then goto c end local y ::c:: until y", "local a; ::x::; goto x", "::a:: do ::a:: end", "if 1 then goto e end local z ::e::"} do
  print(load(src, "=s"))
end
while true do do break end end
repeat local k = true; if k then goto done end until false ::done:: print("done")
--> 1:1 1:3 2:1 2:3 
--> 5
--> 11	12	21	31
--> nil	s:1: no visible label 'x' for <goto> at line 1
--> nil	s:1: label 'x' already defined on line 1
--> nil	s:1: <goto x> at line 1 jumps into the scope of 'a'
--> nil	s:1: no visible label 'x' for <goto> at line 1
--> nil	s:1: break outside loop near 'break'
--> nil	s:1: <name> expected near '='
--> nil	s:1: <goto c> at line 1 jumps into the scope of 'y'
--> function: ADDRESS
--> nil	s:1: label 'a' already defined on line 1
--> function: ADDRESS
--> done
