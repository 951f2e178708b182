-- A tail call of an object with `__call` leaves no frame of the caller.
local function show() print((debug.traceback("t"):gsub("[^\n]*/", ""):gsub("%[C%].*$", ""))) end
local object = setmetatable({}, {__call = function(self, a) show() return a end})
local function f() return object(1) end
local x = f()
print(x, pcall(function() return object(2) end))
local native = setmetatable({}, {__call = string.rep})
print(pcall(function() return native(2) end))
--> t
--> stack traceback:
--> 	tail_call_of_object.lua:2: in upvalue 'show'
--> 	tail_call_of_object.lua:3: in function <tail_call_of_object.lua:3>
--> 	(...tail calls...)
--> 	tail_call_of_object.lua:5: in main chunk
--> 	
--> t
--> stack traceback:
--> 	tail_call_of_object.lua:2: in upvalue 'show'
--> 	tail_call_of_object.lua:3: in function <tail_call_of_object.lua:3>
--> 	(...tail calls...)
--> 	
--> 1	true	2
--> false	tail_call_of_object.lua:8: bad extra argument #1 to 'native' (string expected, got table)
