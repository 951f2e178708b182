local price = "12x"
local total = 3 * price + 1
