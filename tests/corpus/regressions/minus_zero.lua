-- Subtracting the constant 0 from -0.0 gives 0.0 in PUC, whose compiler adds the negated constant.
local z = -0.0
print(z - 0, z + 0, z - 0.0, z - 1, 0 - z)
--> 0.0	0.0	-0.0	-1.0	0.0
