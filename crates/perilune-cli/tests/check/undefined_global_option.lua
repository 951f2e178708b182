-- args: --globals=love,ngx
love.draw = function() ngx.say("x") end
lvoe.draw()
