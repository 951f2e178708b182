local first, last = "Ada", nil
print(first .. " " .. last .. " of " .. first)
