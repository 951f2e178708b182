local text = [[
never closed
