global print, next
local limit <const> = 10 * 2 + 1
local name <const>, handle <close> = "tour", nil
local count = 0

local function add(n, ...rest)
  count = count + n
  return rest[1], rest.n
end

global function keep(...t)
  return function() return t, limit end
end

function print.all(...)
  for i = 1, limit, 2 do
    if i % 3 == 0 then goto continue elseif i > 9 then break else add(-i) end
    ::continue::
  end
  for k, v in next, { 1, x = 2, ["y z"] = 3; ... } do
    print(k .. "=" .. v, not v and k or (v))
  end
end

function print:each(f) return self:map(f, #self) end

repeat
  local done = count // 0 == 1
until done
while true do do end end
return 0x7fffffffffffffff + 1, -0.0, 1e15, "a\n\0\u{48}" --> constants
