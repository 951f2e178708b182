-- Some of what Lua 5.5 brought: declared globals, named varargs, constant loop variables.
global print, setmetatable, table, load

-- A variable that is closed when its block ends, however it ends.
local function section(title)
  print("begin " .. title)
  return setmetatable({}, {__close = function() print("end " .. title) end})
end

do
  local guard <close> = section("named varargs")
  local function describe(first, ...rest)
    return first .. " and " .. rest.n .. " more: " .. table.concat(rest, ", ")
  end
  print(describe("sun", "moon", "earth", "mars"))
end

do
  local guard <close> = section("globals must be declared")
  local chunk, message = load("global print; prnt('typo')", "=example")
  print(chunk, message)
end

do
  local guard <close> = section("loop variables are constants")
  local chunk, message = load("for i = 1, 3 do i = i * 2 end", "=example")
  print(chunk, message)
end
