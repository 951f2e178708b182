-- os: time, date, files, environment.
print(os.time({year = 2020, month = 1, day = 1, hour = 12}) - os.time({year = 2020, month = 1, day = 1, hour = 11}), type(os.time()), type(os.clock()), os.clock() >= 0) print(os.date("!%Y-%m-%d %H:%M:%S", 0), os.date("!%A %B %d %j %p %y %%", 86400 * 200), os.date("!%c", 0), os.date("!%x %X", 0), os.date("!%D %F %T %R", 1e9 // 1 | 0))
local d = os.date("!*t", 1e9 // 1 | 0) print(d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst) print(pcall(os.date, "%Ex", 0) ~= nil, pcall(os.date, "%Q", 0), pcall(os.date, "%", 0), pcall(os.date, "*t", 2^60)) local n = os.time({year = 2021, month = 14, day = -3, hour = 12}) local t = os.date("*t", n) print(t.year, t.month, t.day) local norm = {year = 2021, month = 13, day = 1, hour = 0} os.time(norm) print(norm.year, norm.month, norm.yday)
print(pcall(os.time, {year = 2020}), pcall(os.time, {year = "x", month = 1, day = 1}), pcall(os.time, {year = 1e100, month = 1, day = 1}), pcall(os.time, {year = 2020, month = 1.5, day = 1}), pcall(os.time, 5)) print(os.difftime(10, 5), pcall(os.difftime), os.getenv("NO_SUCH_VARIABLE_X"), type(os.getenv("PATH")), os.setlocale("C"), os.setlocale(nil), os.setlocale("no_such_locale"), pcall(os.setlocale, "C", "bad"))
local name = os.tmpname() local f = assert(io.open(name, "w")) f:write("x") f:close() print(os.rename(name, name .. ".moved"), io.open(name), os.remove(name .. ".moved")) print(select("#", os.remove(name)), (select(2, os.remove("/no/such/file"))), select(3, os.remove("/no/such/file"))) print(os.execute() and true, os.execute("exit 3"), os.execute("true"), os.execute("kill -9 $$"))
--> 3600	number	number	true
--> 1970-01-01 00:00:00	Monday July 20 201 AM 70 %	Thu Jan  1 00:00:00 1970	01/01/70 00:00:00	09/09/01 2001-09-09 01:46:40 01:46
--> 2001	9	9	1	46	40	1	252	false
--> true	false	false	false	date result cannot be represented in this installation
--> 2022	1	28
--> 2022	1	1
--> false	false	false	false	false	bad argument #1 to 'os.time' (table expected, got number)
--> 5.0	false	nil	string	C	C	nil	false	bad argument #2 to 'os.setlocale' (invalid option 'bad')
--> true	nil	true
--> 3	/no/such/file: No such file or directory	2
--> true	nil	true	nil	signal	9
