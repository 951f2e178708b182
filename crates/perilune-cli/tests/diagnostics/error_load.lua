local f = load("local a = 1\nreturn a + nothing")
f()
