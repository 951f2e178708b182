error("just this", 0)
