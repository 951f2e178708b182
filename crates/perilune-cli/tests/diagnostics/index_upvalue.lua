local cache
local function get(key)
  return cache[key]
end
get("a")
