local handlers = {}
print(
  "start",
  handlers
    .open
    .now)
