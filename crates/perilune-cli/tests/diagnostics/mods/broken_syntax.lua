local m = {}
function m.f( return 1 end
return m
