-- What is left of a coroutine that an error has ended, whatever was called on the way to it.
local function show(co)
  local ok, e = coroutine.resume(co)
  print(ok, (tostring(e):gsub("[^\n\t ]*%.lua:", "FILE:")))
  print((debug.traceback(co):gsub("[^\n\t <]*%.lua:", "FILE:")))
end
local function f()
  local mt = {}
  mt.__call = function()
    error()
  end
  local obj = setmetatable({}, mt)
  print(obj 'text')
end
local co = coroutine.create(f)
show(co)
co = coroutine.create(function() local x = setmetatable({}, {__index = function() error() end}) print(x.y) end)
show(co)
co = coroutine.create(function() local function g() error() end print(g()) end)
show(co)
co = coroutine.create(function() local w = coroutine.wrap(function() error() end) w() end)
show(co)
co = coroutine.create(function() local w = coroutine.wrap(function() error('x') end) w() end)
show(co)
co = coroutine.create(function() debug.sethook(print, 'l') debug.sethook() string.rep() end)
show(co)
co = coroutine.create(function() debug.sethook(function() end, 'c') string.rep() end)
show(co)
co = coroutine.create(function() debug.sethook(function() end, 'c') local f = function() error('z') end return f() end)
show(co)
co = coroutine.create(function() local f = load(string.dump(function(e) e('z') end)) f(error) end)
show(co)
co = coroutine.create(function() local f = load(string.dump(function(e) local o = setmetatable({}, {__call = e}) o('z') end)) f(function() error('u') end) end)
show(co)
co = coroutine.create(function() pcall(error) local x = pcall(function() error('a') end) assert(x) end)
show(co)
co = coroutine.create(function() select('x') end)
show(co)
co = coroutine.create(function() (nil)() end)
show(co)
--> false	<no error object>
--> stack traceback:
--> 	[C]: in global 'error'
--> 	FILE:10: in local 'obj'
--> 	FILE:13: in function <FILE:7>
--> false	<no error object>
--> stack traceback:
--> 	[C]: in global 'error'
--> 	FILE:17: in metamethod 'index'
--> 	FILE:17: in function <FILE:17>
--> false	<no error object>
--> stack traceback:
--> 	[C]: in global 'error'
--> 	FILE:19: in local 'g'
--> 	FILE:19: in function <FILE:19>
--> false	FILE:21: <no error object>
--> stack traceback:
--> 	[C]: in local 'w'
--> 	FILE:21: in function <FILE:21>
--> false	FILE:23: FILE:23: x
--> stack traceback:
--> 	[C]: in local 'w'
--> 	FILE:23: in function <FILE:23>
--> false	FILE:25: bad argument #1 to 'rep' (string expected, got no value)
--> stack traceback:
--> 	[C]: in field 'rep'
--> 	FILE:25: in function <FILE:25>
--> false	FILE:27: bad argument #1 to 'rep' (string expected, got no value)
--> stack traceback:
--> 	[C]: in field 'rep'
--> 	FILE:27: in function <FILE:27>
--> false	FILE:29: z
--> stack traceback:
--> 	[C]: in global 'error'
--> 	FILE:29: in function <FILE:29>
--> 	(...tail calls...)
--> false	FILE:31: z
--> stack traceback:
--> 	[C]: in local 'e'
--> 	FILE:31: in local 'f'
--> 	FILE:31: in function <FILE:31>
--> false	FILE:33: u
--> stack traceback:
--> 	[C]: in global 'error'
--> 	FILE:33: in local 'o'
--> 	FILE:33: in local 'f'
--> 	FILE:33: in function <FILE:33>
--> false	FILE:35: assertion failed!
--> stack traceback:
--> 	[C]: in global 'assert'
--> 	FILE:35: in function <FILE:35>
--> false	FILE:37: bad argument #1 to 'select' (number expected, got string)
--> stack traceback:
--> 	[C]: in global 'select'
--> 	FILE:37: in function <FILE:37>
--> false	FILE:39: attempt to call a nil value
--> stack traceback:
--> 	FILE:39: in function <FILE:39>
