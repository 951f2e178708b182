local list = {}
table.insert(list, "first", "a")
