local function f(x)
  if x then return 1 else return 2 end
  print("never")
end
local function g()
  while true do
    if f(1) then break end
  end
  print("after")
  while true do print("on and on") end
  print("never")
end
local function h()
  do return end
  print("never")
end
local function k()
  goto out
  print("never")
  ::out::
  print("here")
end
for i = 1, 3 do
  do break end
  print(i)
end
local function e() error("x") print("not known") end
f() g() h() k() e()
