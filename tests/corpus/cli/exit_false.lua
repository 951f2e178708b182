--! exit: 1
io.write("no newline at the end") os.exit(false)
--> no newline at the end
