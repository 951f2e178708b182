-- A constructor's list goes into the array part although other keys came first.
local a = {[true] = "a"; nil; 1; ""; nil}
print(rawlen(a), a[2], a[3], a[true])
local b = {[1] = "x", [2] = "y", [5] = "five", "one"}
print(b[1], b[2], b[5], #b)
local c = {[3] = "three", [4] = "four", 1, 2}
print(#c, c[3], c[4])
--> 3	1		a
--> one	y	five	2
--> 4	three	four
