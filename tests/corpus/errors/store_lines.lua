-- The line of a store is that where its statement ends, constructors on the way or not.
local function show(text) print((text:gsub("[^\n\t <]*%.lua:", "FILE:"))) end
local function f43()
  do
    local c <close> = setmetatable({}, {__close = function() print() coroutine.yield() end})
    coroutine.yield()
  end
  setmetatable({}, {__newindex = function() coroutine.yield() end}).key = {y = false,
      tab44}
end
local x42 = coroutine.create(f43)
coroutine.resume(x42)
coroutine.resume(x42)
coroutine.resume(x42)
show(debug.traceback(x42, 'msg', 1))
local co = coroutine.create(function()
  setmetatable({}, {__newindex = function() coroutine.yield() end}).key = {y = false,
      tab44}
end)
coroutine.resume(co)
show(debug.traceback(co, 'msg', 1))
local mt = {__newindex = function() show(debug.traceback()) end}
local t = setmetatable({}, mt)
t.key = {y = false,
   tab}
t.key, t.x = {y = false,
   tab},
   5
t.key =
   5
t[
 1] =
   5
t
.x
=
{
}
local ok, e = pcall(function()
 local z
  z.y = {
   5
}
end) show(e)
local ok, e = pcall(function()
 local z
  z.y = print(
   5
)
end) show(e)
show(select(2, pcall(function() local t = {a = {b = 1,
  [nil] = 5
},
 [0/0] = {

 }}
 end)))
show(select(2, pcall(function() local t = {a = {b = 1
},
 [0/0] = {
 c = 1,
 d = 2}
 }
 end)))
-->
--> msg
--> stack traceback:
--> 	FILE:8: in metamethod 'newindex'
--> 	FILE:9: in function <FILE:3>
--> msg
--> stack traceback:
--> 	FILE:17: in metamethod 'newindex'
--> 	FILE:18: in function <FILE:16>
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:25: in main chunk
--> 	[C]: in ?
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:28: in main chunk
--> 	[C]: in ?
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:28: in main chunk
--> 	[C]: in ?
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:30: in main chunk
--> 	[C]: in ?
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:33: in main chunk
--> 	[C]: in ?
--> stack traceback:
--> 	FILE:22: in metamethod 'newindex'
--> 	FILE:38: in main chunk
--> 	[C]: in ?
--> FILE:43: attempt to index a nil value (local 'z')
--> 5
--> FILE:49: attempt to index a nil value (local 'z')
--> FILE:52: table index is nil
--> FILE:62: table index is NaN
