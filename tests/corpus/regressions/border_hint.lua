-- An item behind a constructor's list with holes does not move the last border.
local function border(first, fifth)
  local n = -12
  local t = {first; nil; [5] = fifth; n; z = nil}
  t[n & 7] = {}
  return rawlen(t)
end
print(border(1, 1), border(nil, 1), border(1, nil), border(nil, nil))
--> 1	0	1	0
