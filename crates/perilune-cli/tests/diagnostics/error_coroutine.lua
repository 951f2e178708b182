local co = coroutine.wrap(function()
  local t = nil
  coroutine.yield(1)
  print(t.x)
end)
co()
co()
