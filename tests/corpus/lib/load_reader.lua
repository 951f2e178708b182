-- A reader function is called when the next byte is needed, and no more once an error is certain.
local function pieces(text, size, last)
  local at, calls = 1, 0
  return function()
    calls = calls + 1
    if at > #text then return last end
    local piece = text:sub(at, at + size - 1)
    at = at + size
    return piece
  end, function() return calls end
end

local function try(text, ...)
  for _, size in ipairs { 1, 3, 1000 } do
    local reader, calls = pieces(text, size, size == 3 and "" or nil)
    local f, message = load(reader, "=x", ...)
    print(calls(), f and "function" or message)
  end
end

try("return 1")
try("local a <const> = 0x1F .. [==[\nlong]=]]==] --[[ comment ]] return a")
try("goto done do local x = 1 end ::done:: -- the end")
try("x = = 1 -- not looked at")
try("x = 'abc\n' y")
try("x = 'a\\q' y")
try("x = '\\u{110000000}' y")
try("x = '\\300' y")
try("x = 'unfinished")
try("x = [=[unfinished]]")
try("x = [=unfinished")
try("x = 3x + 1")
try("x = 12..34")
try("f{a = 1; b c}")
try("global function f() end f = 2 + g")
try("do local a <const> = 1; a = 2 end return a")
try("goto nowhere; x = 1")
try("break return 1")
try("for i = 1 do end")
try("")
try("", "b")
try("return 1", "b")
try("\27Lua", "t")
try("\27Luxury")

-- A binary chunk is read to its last byte.
local dump = string.dump(function(a) return a * 2 end)
for _, size in ipairs { 1, 7, #dump } do
  local reader, calls = pieces(dump, size)
  local f = load(reader, "=d", "b")
  print(f(21), calls() == (#dump + size - 1) // size)
end

-- Numbers are pieces; other values are errors, which a message handler sees, as it sees the reader's.
local parts, n = { "return ", 1, 2.5, "+1" }, 0
print(load(function() n = n + 1 return parts[n] end)())
print(pcall(load, function() return true end))
local function shown(message) return "seen: " .. message end
print(xpcall(load, shown, function() return {} end))
print(xpcall(load, shown, function() error("from the reader", 0) end))
print(xpcall(load, shown, function() return "x x" end))
print(pcall(load, function()
  local closed <close> = setmetatable({}, { __close = function(_, e) print("closed", e) end })
  error("in the reader", 0)
end))
print(coroutine.wrap(function() return load(coroutine.yield) end)())

-- What the reader does to the arguments meanwhile counts.
local first = true
local f = load(function()
  if not first then
    debug.setlocal(2, 4, { z = "other" })
    collectgarbage()
    return nil
  end
  first = false
  return "return z"
end, "=env", "t", { z = "first" })
print(f())

-- A reader inside a reader.
local depth = 0
local function nested()
  depth = depth + 1
  if depth > 5 then return nil end
  local inner = load(nested)
  return inner and "local a = 1 " or "x x"
end
print(load(nested), depth)
-- A reader that never ends is left when its text is certainly wrong.
local calls = 0
print(load(function() calls = calls + 1 return "x " end), calls)
--> 9	function
--> 4	function
--> 2	function
--> 68	function
--> 24	function
--> 2	function
--> 49	function
--> 17	function
--> 2	function
--> 6	x:1: unexpected symbol near '='
--> 2	x:1: unexpected symbol near '='
--> 1	x:1: unexpected symbol near '='
--> 9	x:1: unfinished string near ''abc'
--> 3	x:1: unfinished string near ''abc'
--> 1	x:1: unfinished string near ''abc'
--> 9	x:1: invalid escape sequence near ''a\q'
--> 3	x:1: invalid escape sequence near ''a\q'
--> 1	x:1: invalid escape sequence near ''a\q'
--> 18	x:1: UTF-8 value too large near ''\u{110000000'
--> 6	x:1: UTF-8 value too large near ''\u{110000000'
--> 1	x:1: UTF-8 value too large near ''\u{110000000'
--> 11	x:1: decimal escape too large near ''\300''
--> 4	x:1: decimal escape too large near ''\300''
--> 1	x:1: decimal escape too large near ''\300''
--> 16	x:1: unfinished string near <eof>
--> 6	x:1: unfinished string near <eof>
--> 2	x:1: unfinished string near <eof>
--> 20	x:1: unfinished long string (starting at line 1) near <eof>
--> 8	x:1: unfinished long string (starting at line 1) near <eof>
--> 2	x:1: unfinished long string (starting at line 1) near <eof>
--> 7	x:1: invalid long string delimiter near '[='
--> 3	x:1: invalid long string delimiter near '[='
--> 1	x:1: invalid long string delimiter near '[='
--> 7	x:1: malformed number near '3x'
--> 3	x:1: malformed number near '3x'
--> 1	x:1: malformed number near '3x'
--> 11	x:1: malformed number near '12..34'
--> 5	x:1: malformed number near '12..34'
--> 2	x:1: malformed number near '12..34'
--> 13	x:1: '}' expected near 'c'
--> 5	x:1: '}' expected near 'c'
--> 1	x:1: '}' expected near 'c'
--> 34	x:1: variable 'g' not declared
--> 12	x:1: variable 'g' not declared
--> 2	x:1: variable 'g' not declared
--> 28	x:1: attempt to assign to const variable 'a'
--> 10	x:1: attempt to assign to const variable 'a'
--> 1	x:1: attempt to assign to const variable 'a'
--> 20	x:1: no visible label 'nowhere' for <goto> at line 1
--> 8	x:1: no visible label 'nowhere' for <goto> at line 1
--> 2	x:1: no visible label 'nowhere' for <goto> at line 1
--> 6	x:1: break outside loop near 'break'
--> 2	x:1: break outside loop near 'break'
--> 1	x:1: break outside loop near 'break'
--> 13	x:1: ',' expected near 'do'
--> 5	x:1: ',' expected near 'do'
--> 1	x:1: ',' expected near 'do'
--> 1	function
--> 1	function
--> 1	function
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a text chunk (mode is 'b')
--> 1	attempt to load a binary chunk (mode is 't')
--> 1	attempt to load a binary chunk (mode is 't')
--> 1	attempt to load a binary chunk (mode is 't')
--> 4	x: bad binary format (not a binary chunk)
--> 2	x: bad binary format (not a binary chunk)
--> 1	x: bad binary format (not a binary chunk)
--> 42	true
--> 42	true
--> 42	true
--> 13.5
--> true	nil	reader function must return a string
--> true	nil	seen: reader function must return a string
--> true	nil	seen: from the reader
--> true	nil	(load):1: syntax error near 'xx'
--> closed	in the reader
--> true	nil	in the reader
--> nil	attempt to yield across a C-call boundary
--> other
--> function: ADDRESS	11
--> nil	2
