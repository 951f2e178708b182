-- string.pack, unpack, packsize.
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
print(hex(string.pack("<i4", 1)), hex(string.pack(">i4", 1)), hex(string.pack("<i2 >i2", 1, 1)), hex(string.pack("b B", -1, 255)))
print(hex(string.pack("<j", -2)), hex(string.pack("<d", 1.5)), hex(string.pack("<f", 1.5)), hex(string.pack("<n", 0)))
print(hex(string.pack("z", "abc")), hex(string.pack("<s1", "abc")), hex(string.pack("<s2", "")), hex(string.pack("c5", "ab")), hex(string.pack("x")))
print(hex(string.pack("<!4 b i4", 1, 2)), hex(string.pack("<!8 b Xd i8", 1, 2)), hex(string.pack("<i3 i7", -1, 2)), hex(string.pack("<I16", 5)))
print(string.unpack("<i4", "\1\0\0\0rest"), string.unpack("z", "abc\0def"), string.unpack("<s1", "\3abc"), string.unpack("c2", "xyz"))
print(string.unpack("<i16", ("\255"):rep(16)), string.unpack("<I3", "\1\2\3"), string.unpack("<b", "\200"), string.unpack("<i2", "\1\2\3\4", 3))
print(string.packsize("i4 i8 !8 d"), string.packsize("<!4 b i4 b"), string.packsize(""), pcall(string.packsize, "s"), pcall(string.packsize, "z"))
for _, t in ipairs{{"i1", 200}, {"I1", -1}, {"I1", 256}, {"i17", 1}, {"i0", 1}, {"z", "a\0b"}, {"c2", "abc"}, {"s1", ("x"):rep(300)}, {"q", 1}, {"!3 i4", 1}, {"Xz"}, {"X"}, {"d", "x"}, {"i4", 1.5}, {"i4"}} do
  print(t[1], pcall(string.pack, table.unpack(t)))
end
for _, t in ipairs{{"i4", "abc"}, {"z", "abc"}, {"s1", "\5ab"}, {"<i9", ("\1"):rep(9)}, {"i4", "abcd", 3}, {"i4", "abcd", 6}, {"<I9", "\0\0\0\0\0\0\0\0\0"}} do
  print(t[1], pcall(string.unpack, table.unpack(t)))
end
--> 01000000	00000001	01000001	ffff
--> feffffffffffffff	000000000000f83f	0000c03f	0000000000000000
--> 61626300	03616263	0000	6162000000	00
--> 0100000002000000	01000000000000000200000000000000	ffffff02000000000000	05000000000000000000000000000000
--> 1	abc	abc	xy	3
--> -1	197121	-56	1027	5
--> 24	9	0	false	false	bad argument #1 to 'string.packsize' (variable-length format)
--> i1	false	bad argument #2 to 'string.pack' (integer overflow)
--> I1	false	bad argument #2 to 'string.pack' (unsigned overflow)
--> I1	false	bad argument #2 to 'string.pack' (unsigned overflow)
--> i17	false	integral size (17) out of limits [1,16]
--> i0	false	integral size (0) out of limits [1,16]
--> z	false	bad argument #2 to 'string.pack' (string contains zeros)
--> c2	false	bad argument #2 to 'string.pack' (string longer than given size)
--> s1	false	bad argument #2 to 'string.pack' (string length does not fit in given size)
--> q	false	invalid format option 'q'
--> !3 i4	false	bad argument #1 to 'string.pack' (format asks for alignment not power of 2)
--> Xz	false	bad argument #1 to 'string.pack' (invalid next option for option 'X')
--> X	false	bad argument #1 to 'string.pack' (invalid next option for option 'X')
--> d	false	bad argument #2 to 'string.pack' (number expected, got string)
--> i4	false	bad argument #2 to 'string.pack' (number has no integer representation)
--> i4	false	bad argument #2 to 'string.pack' (number expected, got nil)
--> i4	false	bad argument #2 to 'string.unpack' (data string too short)
--> z	false	bad argument #2 to 'string.unpack' (unfinished string for format 'z')
--> s1	false	bad argument #2 to 'string.unpack' (data string too short)
--> <i9	false	9-byte integer does not fit into Lua Integer
--> i4	false	bad argument #2 to 'string.unpack' (data string too short)
--> i4	false	bad argument #3 to 'string.unpack' (initial position out of string)
--> <I9	true	0	10
