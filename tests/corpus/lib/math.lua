-- The math library.
print(math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2), math.floor(2^70), math.floor(5), math.ceil(1e308)) print(math.abs(-5), math.abs(math.mininteger), math.abs(-0.0), math.max(1, 2.5, -1), math.min(3, 1, 2), math.max(1, 1.0), math.min(1.0, 1))
print(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(7.5, 2), math.fmod(-7.5, 2), pcall(math.fmod, 1, 0), math.fmod(1, 0.0) ~= math.fmod(1, 0.0), math.fmod(math.mininteger, -1)) print(math.modf(3.7), math.modf(-3.7), math.modf(5), math.modf(1/0), math.modf(-1/0))
print(math.tointeger(5.0), math.tointeger(5.5), math.tointeger("5"), math.tointeger({}), math.type(5), math.type(5.0), math.type("5"), math.ult(1, -1), math.ult(-1, 1)) print(math.sqrt(16), math.exp(0), math.log(1), math.log(8, 2), math.log(100, 10), math.log(27, 3) > 2.99, math.sin(0), math.cos(0), math.tan(0), math.asin(0), math.acos(1), math.atan(0), math.atan(1, -1) > 2, math.pi)
print(math.maxinteger, math.mininteger, math.huge, -math.huge) math.randomseed(42) local a = {} for i = 1, 5 do a[i] = math.random(1, 1000) end print(table.concat(a, " ")) math.randomseed(42) print(math.random(1, 1000) == a[1], math.random(1, 1000) == a[2]) math.randomseed(7, 9) print(math.random(0), math.random(10), math.random(-5, 5), math.random(math.mininteger, math.maxinteger), math.random() < 1) math.randomseed(3.0) print(math.random(100)) print(string.format("%.10f", math.random()))
print(pcall(math.random, 0, -1), pcall(math.random, 1, 2, 3), pcall(math.random, 1.5), pcall(math.floor, {}), pcall(math.random, math.mininteger, 0)) for _ = 1, 100 do local r = math.random(3) assert(r >= 1 and r <= 3) r = math.random() assert(r >= 0 and r < 1) end print(math.frexp and math.frexp(8) or "no frexp", math.ldexp and math.ldexp(1, 3) or "no ldexp")
--> 3	-4	4	-3	1.1805916207174113e+21	5	1e+308
--> 5	-9223372036854775808	0.0	2.5	1	1	1.0
--> 1	-1	1	1.5	-1.5	false	true	0
--> 3	-3	5	inf	-inf	0.0
--> 5	nil	5	nil	integer	float	nil	true	false
--> 4.0	1.0	0.0	3.0	2.0	true	0.0	1.0	0.0	0.0	0.0	0.0	true	3.1415926535897931
--> 9223372036854775807	-9223372036854775808	inf	-inf
--> 742 50 332 342 950
--> true	true
--> 4637322584265719448	8	5	6193683617185591739	true
--> 10
--> 0.2752302115
--> false	false	false	false	true	-1488078292767798927
--> 0.5	8.0
