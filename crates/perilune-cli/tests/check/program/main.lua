local t = configure({})
print(t, shared)
start()
