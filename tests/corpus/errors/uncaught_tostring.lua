--! exit: 1
--! error: (error object is a table value)
-- An error value whose __tostring gives no string.
error(setmetatable({}, { __tostring = function() return {} end }))
