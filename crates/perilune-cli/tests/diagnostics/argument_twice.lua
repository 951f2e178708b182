print(math.floor("x") + math.floor("y"))
