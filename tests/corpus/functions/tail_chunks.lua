-- Functions of binary chunks and functions of source text in tail position of each other.
local function binary(text) return load(string.dump(assert(load(text, "=binary")))) end
function show(text) print((text:gsub("[^\n\t]*%.lua:", "FILE:"))) end

function one() return 1 end
print(pcall(binary [[
  print("fine", xpcall(function() return one() end, print))
  show(debug.traceback("after a tail call"))
]]))
local chunk = binary [[
  show(debug.traceback("in the chunk"))
  print(select("#", ...))
  return ..., 2, 3
]]
local function named(...) return chunk(...) end
print(named(1, 2))
print(pcall(named, 1, 2))
local object = setmetatable({}, {__call = chunk})
local function with_constant(x) local y <const> = x; return object(x) end
print(select("#", with_constant(7)))

debug.sethook(function(event)
  local i = debug.getinfo(2, "Slt")
  if i.what ~= "C" then print(event, i.what, i.istailcall) end
end, "cr")
local function hooked() return (binary "return 5")() end
hooked()
debug.sethook()

local loop = binary "local n, f = ... if n > 0 then return f(n - 1) end return 'done', n"
local function deep(n) return loop(n, deep) end
print(deep(200000))
--> fine	true	1
--> after a tail call
--> stack traceback:
--> 	binary:2: in main chunk
--> 	[C]: in global 'pcall'
--> 	FILE:6: in main chunk
--> 	[C]: in ?
--> true
--> in the chunk
--> stack traceback:
--> 	binary:1: in main chunk
--> 	(...tail calls...)
--> 	FILE:16: in main chunk
--> 	[C]: in ?
--> 2
--> 1	2	3
--> in the chunk
--> stack traceback:
--> 	binary:1: in main chunk
--> 	(...tail calls...)
--> 	[C]: in global 'pcall'
--> 	FILE:17: in main chunk
--> 	[C]: in ?
--> 2
--> true	1	2	3
--> in the chunk
--> stack traceback:
--> 	binary:1: in main chunk
--> 	(...tail calls...)
--> 	FILE:20: in main chunk
--> 	[C]: in ?
--> 2
--> 3
--> call	Lua	false
--> call	Lua	false
--> return	Lua	false
--> tail call	main	true
--> return	main	true
--> done	0
