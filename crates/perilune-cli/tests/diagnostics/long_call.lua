error(table.concat({
  "a message",
  "of two lines",
}, "\n"))
