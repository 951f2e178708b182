--! exit: 1
--! error: (error object is a table value)
error({})
