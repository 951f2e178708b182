for i = 1, 10 do
  local k = i
  fns[i] = function() return k, i end
  if i > 5 then break end
end
for k, v in pairs(t) do
  if not v then goto continue end
  if k then return v(k) end
  do local c <close> = v; g(c) end
  ::continue::
end
for i = x, y, -1 do if i == 3 then goto out end end
::out::
do
  ::top::
  local u
  local function h() u = h end
  if u then goto top end
end
