-- string.format and tostring.
local f = string.format
print(f("%d %5d|%-5d|%05d %+d % d", 1, 2, 3, 4, 5, 6), f("%x %X %#x %o", 255, 255, 255, 8), f("%c%c", 72, 105))
print(f("%s %10s|%-10s|%.2s", "a", "b", "c", "defg"), f("%q", 'a "quoted"\n\0\1\r\\ line'), f("%%"))
print(f("%g %g %g %g", 1, 0.1, 1e20, 1e-10), f("%.3f %10.2f|%-10.1f|", 1/3, 2.5, 3.25), f("%e %.2E", 12345.678, 0.00012))
print(f("%a %A", 1.0, 0.5), f("%i", 3.0), f("%d", "10"), f("%s %s", 1, 1.0), f("%5s", true), f("%s", nil))
print(f("%q %q %q %q", 1, 1.5, math.mininteger, 1/0), f("%q", 0/0), f("%q", true), f("%.20s", "short"), f("%5.1s|", "xyz"))
print(f("%-20s|%20s|", "left", "right"), f("%.0f %.0f", 0.5, 1.5), f("%5c|", 65), f("%#o %#.3g", 8, 1.0))
print(f("%s", setmetatable({}, {__tostring = function() return "object" end})), f("%10.4s|", setmetatable({}, {__tostring = function() return "object" end})))
for _, args in ipairs{{"%d", 1.5}, {"%d", "x"}, {"%d"}, {"%y", 1}, {"%", 1}, {"%s"}, {"%.100f", 1}, {"%1000d", 1}, {"%q", {}}, {"%10q", "x"}, {"%c", "x"}, {"%0s", "x"}, {"%#d", 1}, {"%.3c", 65}, {"%p", 1}, {"%x", -1}, {"%d", 2^63}, {"%a", "q"}} do
  print(args[1], pcall(f, table.unpack(args)))
end
print(pcall(tostring), pcall(tostring, setmetatable({}, {__tostring = function() return 1 end})))
print((tostring(setmetatable({}, {__name = "My"})):gsub("0x%x+", "ADDR")), tostring(print):match("^%a+"))
print(#f("%99d", 1), #f("%.99f", 1), f("%5d|%-5i|%+.3d", 42, 42, 42), f("%.3d", -5), f("% 5d", 42))
--> 1     2|3    |00004 +5  6	ff FF 0xff 10	Hi
--> a          b|c         |de	"a \"quoted\"\
--> \0\1\13\\ line"	%
--> 1 0.1 1e+20 1e-10	0.333       2.50|3.2       |	1.234568e+04 1.20E-04
--> 0x1p+0 0X1P-1	3	10	1 1.0	 true	nil
--> 1 0x1.8p+0 0x8000000000000000 1e9999	(0/0)	true	short	    x|
--> left                |               right|	0 2	    A|	010 1.00
--> object	      obje|
--> %d	false	bad argument #2 to 'string.format' (number has no integer representation)
--> %d	false	bad argument #2 to 'string.format' (number expected, got string)
--> %d	false	bad argument #2 to 'string.format' (no value)
--> %y	false	invalid conversion '%y' to 'format'
--> %	false	invalid conversion '%' to 'format'
--> %s	false	bad argument #2 to 'string.format' (no value)
--> %.100f	false	invalid conversion specification: '%.100f'
--> %1000d	false	invalid conversion specification: '%1000d'
--> %q	false	bad argument #2 to 'string.format' (value has no literal form)
--> %10q	false	specifier '%q' cannot have modifiers
--> %c	false	bad argument #2 to 'string.format' (number expected, got string)
--> %0s	false	invalid conversion specification: '%0s'
--> %#d	false	invalid conversion specification: '%#d'
--> %.3c	false	invalid conversion specification: '%.3c'
--> %p	true	(null)
--> %x	true	ffffffffffffffff
--> %d	false	bad argument #2 to 'string.format' (number has no integer representation)
--> %a	false	bad argument #2 to 'string.format' (number expected, got string)
--> false	true	1
--> My: ADDR	function
--> 99	101	   42|42   |+042	-005	   42
