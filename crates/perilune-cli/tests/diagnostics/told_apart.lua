local a, b = {x = {}}, {}
print(a.x.y, b.x.y)
