local function check(n)
  if n < 0 then error("negative: " .. n, 2) end
end
check(1)
check(-1)
