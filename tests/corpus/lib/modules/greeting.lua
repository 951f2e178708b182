return {hello = function(x) return "hello " .. x .. " from " .. "greeting" end}
