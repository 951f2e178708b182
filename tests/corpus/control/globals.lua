-- Global declarations of 5.5.
print(load("global x; x = 1; return x", "=s", "t", {})())
for _, s in ipairs{
  "global x; y = 1", "global x; return y", "global <const> x; x = 1", "global <const> *; x = 1", "global *; x = 1; return x", "global none; return print", "global x <close> = 1",
  "global function f() return 1 end return f()", "global x, y = 1, 2; return x + y", "global <const> print; return print", "global x = 1; global x = 2", "local global = 1; return global", "global = 1; return global",
  "do global x end; y = 2; return y", "global x <const> = 5; return x", "global *, x", "global x <const>, y; y = 1; x = 1", "local function f() global z; z = 3; return w end", "global x; local x = 5; x = 6; return x", "global <foo> x",
} do
  local f, m = load(s, "=s", "t", {print = "P"})
  if f then print(s, pcall(f)) else print(s, m) end
end
do local _ENV = {print = print}; x = 5; print(x) end
print(x)
local function f(_ENV) return y end print(f{y = "from env"})
print(pcall(load("local _ENV = nil; return x", "=s")))
print(pcall(load("local _ENV <const> = {}; x = 1; return x", "=s")))
--> 1
--> global x; y = 1	s:1: variable 'y' not declared
--> global x; return y	s:1: variable 'y' not declared
--> global <const> x; x = 1	s:1: attempt to assign to const variable 'x'
--> global <const> *; x = 1	s:1: attempt to assign to const variable 'x'
--> global *; x = 1; return x	true	1
--> global none; return print	s:1: variable 'print' not declared
--> global x <close> = 1	s:1: global variables cannot be to-be-closed
--> global function f() return 1 end return f()	true	1
--> global x, y = 1, 2; return x + y	true	3
--> global <const> print; return print	true	P
--> global x = 1; global x = 2	false	s:1: global 'x' already defined
--> local global = 1; return global	true	1
--> global = 1; return global	true	1
--> do global x end; y = 2; return y	true	2
--> global x <const> = 5; return x	true	5
--> global *, x	s:1: unexpected symbol near ','
--> global x <const>, y; y = 1; x = 1	s:1: attempt to assign to const variable 'x'
--> local function f() global z; z = 3; return w end	s:1: variable 'w' not declared
--> global x; local x = 5; x = 6; return x	true	6
--> global <foo> x	s:1: unknown attribute 'foo'
--> 5
--> nil
--> from env
--> false	s:1: attempt to index a nil value (local '_ENV')
--> true	1
