local f = io.stdout
print(f.write("x"))
