-- Subtracting a constant that is folded to 0 from -0.0, as subtracting 0 itself.
print(10 * -0.0 - (17 >> 5), 10 * -0.0 - (17 >> 4), (10 * -0.0) - 0)
--> 0.0	-1.0	0.0
