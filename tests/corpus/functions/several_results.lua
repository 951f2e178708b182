-- Several results, given by compiled code to compiled code whose own record stands nowhere: its registers begin
-- elsewhere than those of the frame that stood in the same place before.
local function two(x) return x, x + 1 end
local function none() return end
local function open(...) return ... end
local function some(x, y, z) return open(x, y, z) end

local function narrow(x)
  local a, b = two(x)
  local c, d, e = two(a)
  return a + b * 10 + c * 100 + d * 1000, e
end
local function wide(x)
  local p, q, r, s, t = 1, 2, 3, 4, 5
  local a, b = two(x)
  local c, d = none(x)
  local sum = select("#", two(x)) + select("#", some(x, a, b))
  return p + q + r + s + t + a + b + sum, c, d
end
local function deeper(f, x)
  local i, j, k = 1, 2, 3
  local u, v, w = f(x)
  return u + i + j + k, v, w
end

for round = 1, 3 do
  for x = 1, 3 do
    print(round, x, narrow(x))
    print(round, x, wide(x))
    print(round, x, deeper(narrow, x))
    print(round, x, deeper(wide, x))
    print(round, x, (select("#", deeper(two, x))))
    print(({two(x), two(x), two(x)})[4], #{some(x, nil, x)}, deeper(some, x))
  end
end
--> 1	1	2121	nil
--> 1	1	23	nil	nil
--> 1	1	2127	nil	nil
--> 1	1	29	nil	nil
--> 1	1	3
--> 2	1	7	nil	nil
--> 1	2	3232	nil
--> 1	2	25	nil	nil
--> 1	2	3238	nil	nil
--> 1	2	31	nil	nil
--> 1	2	3
--> 3	1	8	nil	nil
--> 1	3	4343	nil
--> 1	3	27	nil	nil
--> 1	3	4349	nil	nil
--> 1	3	33	nil	nil
--> 1	3	3
--> 4	1	9	nil	nil
--> 2	1	2121	nil
--> 2	1	23	nil	nil
--> 2	1	2127	nil	nil
--> 2	1	29	nil	nil
--> 2	1	3
--> 2	1	7	nil	nil
--> 2	2	3232	nil
--> 2	2	25	nil	nil
--> 2	2	3238	nil	nil
--> 2	2	31	nil	nil
--> 2	2	3
--> 3	1	8	nil	nil
--> 2	3	4343	nil
--> 2	3	27	nil	nil
--> 2	3	4349	nil	nil
--> 2	3	33	nil	nil
--> 2	3	3
--> 4	1	9	nil	nil
--> 3	1	2121	nil
--> 3	1	23	nil	nil
--> 3	1	2127	nil	nil
--> 3	1	29	nil	nil
--> 3	1	3
--> 2	1	7	nil	nil
--> 3	2	3232	nil
--> 3	2	25	nil	nil
--> 3	2	3238	nil	nil
--> 3	2	31	nil	nil
--> 3	2	3
--> 3	1	8	nil	nil
--> 3	3	4343	nil
--> 3	3	27	nil	nil
--> 3	3	4349	nil	nil
--> 3	3	33	nil	nil
--> 3	3	3
--> 4	1	9	nil	nil
