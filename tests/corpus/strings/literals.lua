-- Escapes, long strings, numerals in source.
print("a\tb\\n\"q\" 'x'", "\65\066\x41\u{41}\u{20AC}", "x\z
       y", #"\0\00\000", "\
line")
print([[first
second]], [==[a]]b]=]c]==], #[[

x]], [[\n]])
print(#"\u{7FFFFFFF}", #"\u{10FFFF}", "\u{0}" == "\0", "\x7f" == "\127")
for _, s in ipairs{ [["\q"]], [["\300"]], [["\xg0"]], [["\u{80000000}"]], [["\u41"]], "'abc", "[[abc", "[=[x]]", "'a\nb'", [["\x1"]], [["\u{}"]], "--[[ x" } do
  print(load("return " .. s, "=s"))
end
for _, s in ipairs{"0x", "1e", "3a", "0xg", "1..2", "1.2.3", "08", "1e+", "0x1p", "1__2", "0b1"} do
  print(s, load("return " .. s, "=s"))
end
print(0xA, 0Xa, 1e1, 0x.1, 0x1P+3, 1E+2, 3 --[[inline]] + 4, 5 --[==[
more]==])
--> a	b\n"q" 'x'	ABAA€	xy	3	
--> line
--> first
--> second	a]]b]=]c	2	\n
--> 6	4	true	true
--> nil	s:1: invalid escape sequence near '"\q'
--> nil	s:1: decimal escape too large near '"\300"'
--> nil	s:1: hexadecimal digit expected near '"\xg'
--> nil	s:1: UTF-8 value too large near '"\u{80000000'
--> nil	s:1: missing '{' near '"\u4'
--> nil	s:1: unfinished string near <eof>
--> nil	s:1: unfinished long string (starting at line 1) near <eof>
--> nil	s:1: unfinished long string (starting at line 1) near <eof>
--> nil	s:1: unfinished string near ''a'
--> nil	s:1: hexadecimal digit expected near '"\x1"'
--> nil	s:1: hexadecimal digit expected near '"\u{}'
--> nil	s:1: unfinished long comment (starting at line 1) near <eof>
--> 0x	nil	s:1: malformed number near '0x'
--> 1e	nil	s:1: malformed number near '1e'
--> 3a	nil	s:1: malformed number near '3a'
--> 0xg	nil	s:1: malformed number near '0xg'
--> 1..2	nil	s:1: malformed number near '1..2'
--> 1.2.3	nil	s:1: malformed number near '1.2.3'
--> 08	function: ADDRESS
--> 1e+	nil	s:1: malformed number near '1e+'
--> 0x1p	nil	s:1: malformed number near '0x1p'
--> 1__2	nil	s:1: malformed number near '1_'
--> 0b1	nil	s:1: malformed number near '0b1'
--> 10	10	10.0	0.0625	8.0	100.0	7	5
