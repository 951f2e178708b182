-- Names of variables in messages.
local function try(f, ...) print((select(2, pcall(f, ...)))) end
local up, t = nil, {}
try(function() local a; a.x = 1 end) try(function() local a; return a.b end) try(function() return up.x end) try(function() up.x = 1 end) try(function() return t.x.y end) try(function() t.x.y = 1 end) try(function() return undefinedvar.x end) try(function() undefinedvar.x = 1 end)
try(function() local a; a() end) try(function() up() end) try(function() t.x() end) try(function() t:m() end) try(function() undefinedvar() end) try(function() t[1]() end) try(function() t.x.y() end) try(function() (1)() end) try(function() ("x")() end) try(function() local s = "str"; s:nomethod() end)
try(function() local a = {}; return a + 1 end) try(function() local a = {}; return 1 - a end) try(function() return t * 2 end) try(function() return t.x / 2 end) try(function() return undefinedvar ^ 2 end) try(function() return -t end) try(function() return -t.x end) try(function() return 2 + nil end) try(function() local a, b = 1, {} return a % b end) try(function() local s = "abc" return s + 1 end) try(function() return "abc" // 1 end) try(function() return t.x + t.y end)
try(function() local a = {}; return a .. "x" end) try(function() return "x" .. t end) try(function() return "x" .. t.x end) try(function() return undefinedvar .. "x" end) try(function() return 1 .. {} .. 2 end) try(function() local a return "x" .. a .. "y" end)
try(function() local a = {} return a < 1 end) try(function() return {} < {} end) try(function() return nil > 1 end) try(function() return "a" < 1 end) try(function() return print <= print end) try(function() return 1 < {} end)
try(function() return #nil end) try(function() local a return #a end) try(function() return #t.x end) try(function() return #5 end) try(function() return ~t end) try(function() return 1.5 | 1 end) try(function() local f = 2.5 return f & 1 end) try(function() return t.x & 1 end) try(function() return "a" | 1 end) try(function() return t << 1 end) try(function() local k = 1e300 return k ~ 1 end)
try(function() t[nil] = 1 end) try(function() t[0/0] = 1 end) try(function() for i = 1, "x" do end end) try(function() for i = "a", 2 do end end) try(function() for i = 1, 2, {} do end end) try(function() for i = 1, 2, 0 do end end) try(function() for x in 5 do end end) try(function() local v <close> = 5 end)
try(function() local a = {b = {}} return a.b.c.d end) try(function() return t[1][2] end) try(function() return t["key with space"].x end) try(function() local k = "dyn" return t[k].x end) try(function() return t[up].x end) try(function() return ({}).x.y end) try(function() return (up or t.q).z end) try(function() return math.nope.x end) try(function() return string.nope() end) try(function() local a <const> = nil return a.x end) try(function() local a <const> = "s" return a.x.y end)
try(function(p) return p.x end) try(function(p) return p() end, 5) try(function(...) local a = ... return a.x end) try(function() local function f() return up.field end return f() end) try(function() t.a = {} t.a.b.c = 1 end) try(function() t.f = 5 t.f() end) try(function() _ENV.zzz.x = 1 end) try(function() local _ENV = {} return q.x end) try(function() return 1 // 0 end) try(function() return 1 % 0 end)
--> messages.lua:4: attempt to index a nil value (local 'a')
--> messages.lua:4: attempt to index a nil value (local 'a')
--> messages.lua:4: attempt to index a nil value (upvalue 'up')
--> messages.lua:4: attempt to index a nil value (upvalue 'up')
--> messages.lua:4: attempt to index a nil value (field 'x')
--> messages.lua:4: attempt to index a nil value (field 'x')
--> messages.lua:4: attempt to index a nil value (global 'undefinedvar')
--> messages.lua:4: attempt to index a nil value (global 'undefinedvar')
--> messages.lua:5: attempt to call a nil value (local 'a')
--> messages.lua:5: attempt to call a nil value (upvalue 'up')
--> messages.lua:5: attempt to call a nil value (field 'x')
--> messages.lua:5: attempt to call a nil value (method 'm')
--> messages.lua:5: attempt to call a nil value (global 'undefinedvar')
--> messages.lua:5: attempt to call a nil value (field 'integer index')
--> messages.lua:5: attempt to index a nil value (field 'x')
--> messages.lua:5: attempt to call a number value
--> messages.lua:5: attempt to call a string value (constant 'x')
--> messages.lua:5: attempt to call a nil value (method 'nomethod')
--> messages.lua:6: attempt to perform arithmetic on a table value (local 'a')
--> messages.lua:6: attempt to perform arithmetic on a table value (local 'a')
--> messages.lua:6: attempt to perform arithmetic on a table value (upvalue 't')
--> messages.lua:6: attempt to perform arithmetic on a nil value (field 'x')
--> messages.lua:6: attempt to perform arithmetic on a nil value (global 'undefinedvar')
--> messages.lua:6: attempt to perform arithmetic on a table value (upvalue 't')
--> messages.lua:6: attempt to perform arithmetic on a nil value (field 'x')
--> messages.lua:6: attempt to perform arithmetic on a nil value
--> messages.lua:6: attempt to perform arithmetic on a table value (local 'b')
--> messages.lua:6: attempt to add a 'string' with a 'number'
--> messages.lua:6: attempt to idiv a 'string' with a 'number'
--> messages.lua:6: attempt to perform arithmetic on a nil value (field 'x')
--> messages.lua:7: attempt to concatenate a table value (local 'a')
--> messages.lua:7: attempt to concatenate a table value (upvalue 't')
--> messages.lua:7: attempt to concatenate a nil value (field 'x')
--> messages.lua:7: attempt to concatenate a nil value (global 'undefinedvar')
--> messages.lua:7: attempt to concatenate a table value
--> messages.lua:7: attempt to concatenate a nil value (local 'a')
--> messages.lua:8: attempt to compare table with number
--> messages.lua:8: attempt to compare two table values
--> messages.lua:8: attempt to compare number with nil
--> messages.lua:8: attempt to compare string with number
--> messages.lua:8: attempt to compare two function values
--> messages.lua:8: attempt to compare number with table
--> messages.lua:9: attempt to get length of a nil value
--> messages.lua:9: attempt to get length of a nil value (local 'a')
--> messages.lua:9: attempt to get length of a nil value (field 'x')
--> messages.lua:9: attempt to get length of a number value
--> messages.lua:9: attempt to perform bitwise operation on a table value (upvalue 't')
--> messages.lua:9: number has no integer representation
--> messages.lua:9: number (local 'f') has no integer representation
--> messages.lua:9: attempt to perform bitwise operation on a nil value (field 'x')
--> messages.lua:9: attempt to perform bitwise operation on a string value (constant 'a')
--> messages.lua:9: attempt to perform bitwise operation on a table value (upvalue 't')
--> messages.lua:9: number (local 'k') has no integer representation
--> messages.lua:10: table index is nil
--> messages.lua:10: table index is NaN
--> messages.lua:10: bad 'for' limit (number expected, got string)
--> messages.lua:10: bad 'for' initial value (number expected, got string)
--> messages.lua:10: bad 'for' step (number expected, got table)
--> messages.lua:10: 'for' step is zero
--> messages.lua:10: attempt to call a number value (for iterator 'for iterator')
--> messages.lua:10: variable 'v' got a non-closable value
--> messages.lua:11: attempt to index a nil value (field 'c')
--> messages.lua:11: attempt to index a nil value (field 'integer index')
--> messages.lua:11: attempt to index a nil value (field 'key with space')
--> messages.lua:11: attempt to index a nil value (field '?')
--> messages.lua:11: attempt to index a nil value (field '?')
--> messages.lua:11: attempt to index a nil value (field 'x')
--> messages.lua:11: attempt to index a nil value
--> messages.lua:11: attempt to index a nil value (field 'nope')
--> messages.lua:11: attempt to call a nil value (field 'nope')
--> messages.lua:11: attempt to index a nil value
--> messages.lua:11: attempt to index a nil value (field 'x')
--> messages.lua:12: attempt to index a nil value (local 'p')
--> messages.lua:12: attempt to call a number value (local 'p')
--> messages.lua:12: attempt to index a nil value (local 'a')
--> messages.lua:12: attempt to index a nil value (upvalue 'up')
--> messages.lua:12: attempt to index a nil value (field 'b')
--> messages.lua:12: attempt to call a number value (field 'f')
--> messages.lua:12: attempt to index a nil value (global 'zzz')
--> messages.lua:12: attempt to index a nil value (global 'q')
--> messages.lua:12: attempt to divide by zero
--> messages.lua:12: attempt to perform 'n%0'
