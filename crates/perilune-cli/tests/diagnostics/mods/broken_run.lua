local m = {}

function m.start()
  return m.optoins.name
end

return m
