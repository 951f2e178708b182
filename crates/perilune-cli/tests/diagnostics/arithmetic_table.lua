local v = {}
print(-v)
