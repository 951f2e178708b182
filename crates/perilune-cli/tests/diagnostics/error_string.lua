local function check(n)
  if n < 0 then error("negative: " .. n) end
end
check(-1)
