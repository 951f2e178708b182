-- Runs a benchmark program again and again in one process, and prints the processor time of each round on standard
-- error: how long it takes to get warm. bench/rounds.py runs this file, also as an executable.
local name, rounds = arg[1], math.tointeger(arg[2]) or 5
local program = assert(package.searchers[2](name))
for round = 1, rounds do
  collectgarbage()
  local start = os.clock()
  program()
  io.stderr:write(("%s %d %.4f\n"):format(name, round, os.clock() - start))
end
