local greeting = "hello
print(greeting)
