--! options: --deterministic
math.randomseed()
print(math.type(math.random(1 << 40)))
--> integer
