-- The utf8 library.
print(utf8.char(72, 228, 8364, 0x10FFFF), utf8.char(), #utf8.char(0x7FFFFFFF), utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*")
print(utf8.len("häß€"), utf8.len(""), utf8.len("abc", 2), utf8.len("abc", 4), utf8.len("\xff"), utf8.len("ab\x80"), utf8.len("abc", -1))
print(utf8.codepoint("h€", 1, -1), utf8.codepoint("abc", 2), pcall(utf8.codepoint, "\xff"), pcall(utf8.codepoint, "abc", 4))
print(utf8.offset("a€b", 3), utf8.offset("a€b", -1), utf8.offset("a€b", 0, 3), utf8.offset("abc", 5), utf8.offset("abc", 4), pcall(utf8.offset, "€", 1, 2))
for p, c in utf8.codes("aé€") do io.write(p, ":", c, " ") end print()
print(pcall(function() for _ in utf8.codes("a\xffb") do end end))
print(utf8.len("\u{D800}", 1, -1, true), utf8.len("\u{D800}"), utf8.len("\u{7FFFFFFF}", 1, -1, true), utf8.codepoint("\u{200000}", 1, 1, true))
for c in ("aé€"):gmatch(utf8.charpattern) do io.write(#c, " ") end print()
print(pcall(utf8.char, -1), pcall(utf8.char, 0x80000000), pcall(utf8.len, "abc", 5), pcall(utf8.len, "abc", 1, 4))
--> Hä€􏿿		6	true
--> 4	0	2	0	nil	nil	1
--> 104	98	false	false	bad argument #3 to 'utf8.codepoint' (out of bounds)
--> 5	5	2	nil	4	false	initial position is a continuation byte
--> 1:97 2:233 4:8364 
--> false	utf8.lua:7: invalid UTF-8 code
--> 1	nil	1	2097152
--> 1 2 3 
--> false	false	false	false	bad argument #3 to 'utf8.len' (final position out of bounds)
