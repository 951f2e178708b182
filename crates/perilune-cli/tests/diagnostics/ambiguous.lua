local a, b = {}, {}
print(a.x.y, b.x.y)
