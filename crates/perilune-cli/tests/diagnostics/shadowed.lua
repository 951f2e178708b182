local value = {x = 1}
do
  local value
  print(value.x)
end
