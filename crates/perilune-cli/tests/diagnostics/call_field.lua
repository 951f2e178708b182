print(string.formt("%d", 1))
