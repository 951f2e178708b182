--! exit: 1
--! error: uncaught.lua:4: deliberate
--! stderr: stack traceback:
local function fail() error("deliberate") end
print("before")
local function caller() fail() end
caller()
--> before
