--! exit: 1
--! error: object as text
print("before")
error(setmetatable({}, {__tostring = function() return "object as text" end}))
--> before
