--! options: --deterministic
math.randomseed() local a = math.random(1 << 40)
print(math.type(a))
