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
