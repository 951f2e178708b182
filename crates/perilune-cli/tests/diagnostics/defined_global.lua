global print = 1
