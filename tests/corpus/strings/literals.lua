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
