local E = setmetatable({}, {__tostring = function(e) return "an error of mine" end})
local function fail()
  error(E)
end
fail()
