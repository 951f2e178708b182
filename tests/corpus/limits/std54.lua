--! options: --std=5.4
for i = 1, 3 do i = i * 2 io.write(i, " ") end print()
global = 5 print(global) local global = 6 print(global)
print(3.14159265358979, 0.1, 1e15, 2^53, 1/3)
--> 2 4 6 
--> 5
--> 6
--> 3.1415926535898	0.1	1e+15	9.007199254741e+15	0.33333333333333
