-- Coroutines as a pipeline: numbers -> primes -> groups. `perilune examples/pipeline.lua [limit]`.
local function numbers(limit)
  return coroutine.wrap(function()
    for i = 2, limit do coroutine.yield(i) end
  end)
end

local function primes(source)
  return coroutine.wrap(function()
    local found = {}
    for n in source do
      local prime = true
      for _, p in ipairs(found) do
        if p * p > n then break end
        if n % p == 0 then prime = false break end
      end
      if prime then
        found[#found + 1] = n
        coroutine.yield(n)
      end
    end
  end)
end

local function groups(source, size)
  return coroutine.wrap(function()
    local group = {}
    for item in source do
      group[#group + 1] = item
      if #group == size then
        coroutine.yield(group)
        group = {}
      end
    end
    if #group > 0 then coroutine.yield(group) end
  end)
end

local limit = math.tointeger(arg[1]) or 100
for group in groups(primes(numbers(limit)), 10) do
  print(table.concat(group, " "))
end
