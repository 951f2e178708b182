-- The first collection is a minor one; strings that only the start-up needed are gone after it, from the
-- table of short strings too.
collectgarbage("step")
local deep = {{}}
collectgarbage()
print(deep[1].k)
deep[1].k = deep
print(deep[1].k == deep)
--> nil
--> true
