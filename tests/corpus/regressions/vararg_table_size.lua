-- The largest n that a table of varargs may have is more than fits onto the stack.
local function size(n) return pcall(function(...t) t.n = n return ... end) end
print(size((1 << 30) - 1))
print(size(1 << 30))
print(size(-1))
--> false	vararg_table_size.lua:2: stack overflow
--> false	vararg_table_size.lua:2: vararg table has no proper 'n'
--> false	vararg_table_size.lua:2: vararg table has no proper 'n'
