-- The line of a field that is nil, when what follows it stands on another line.
local h = {}
local function t(f) print((select(2, pcall(f)):gsub("^[^\n]*%.lua:", "FILE:"))) end
t(function()
  print(
    h
    .open
    .now
  )
end)
t(function() local x = h
  .open
  .now
  local y = 1
end)
t(function() local x, y = h
  .open
  .now
  ,
  1
end)
t(function() local x, y = {h
  .open
  .now
  }
end)
t(function() local x, y = {h
  .open
  .now
  ,
  a = 1}
end)
t(function() return h
  .open
  .now
  ;
end)
t(function() return (h
  .open
  .now
  )
end)
t(function() return 1 + h
  .open
  .now
end)
t(function() return h
  .open
  .now
  +
  1
end)
t(function() if h
  .open
  .now
  then return 1 end
end)
t(function() h.x = h
  .open
  .now
  h.z = 1
end)
t(function() h.x = h
  .open
  .now
  ;
end)
t(function() h
  .open
  .now
  .x
  =
  5
end)
t(function() h
  .open
  .now
  ()
end)
t(function() h
  .open
  :now
  ()
end)
t(function() return h
  [h
  .open
  .now
  ]
end)
t(function() return h
  [h.open.x
  .now
  ]
end)
t(function() while h
 .open
 .now
 do end
end)
t(function() repeat local x until h
 .open
 .now

end)
t(function() for i = 1, h
 .open
 .now
 do end
end)
t(function() for i in h
 .open
 .now
 do end
end)
t(function() return not h
 .open
 .now
end)
t(function() return h
 .open
 .now
 ..
 "x"
end)
t(function() return h
 .open
 .now
 and
 5
end)
t(function() return h
 .open
 .now
 ==
 5
end)
t(function() return 5
 ==
 h
 .open
 .now

end)
t(function() return "a"
 ..
 h
 .open
 .now
 ..
 "x"
end)
t(function() return undefinedglobal
 .open
 .now
end)
t(function() return {[h
 .open
 .now
 ] = 1}
end)
t(function() return {[1] = h
 .open
 .now

 }
end)
--> FILE:9: attempt to index a nil value (field 'open')
--> FILE:13: attempt to index a nil value (field 'open')
--> FILE:19: attempt to index a nil value (field 'open')
--> FILE:25: attempt to index a nil value (field 'open')
--> FILE:30: attempt to index a nil value (field 'open')
--> FILE:35: attempt to index a nil value (field 'open')
--> FILE:41: attempt to index a nil value (field 'open')
--> FILE:45: attempt to index a nil value (field 'open')
--> FILE:50: attempt to index a nil value (field 'open')
--> FILE:55: attempt to index a nil value (field 'open')
--> FILE:60: attempt to index a nil value (field 'open')
--> FILE:65: attempt to index a nil value (field 'open')
--> FILE:70: attempt to index a nil value (field 'open')
--> FILE:77: attempt to index a nil value (field 'open')
--> FILE:82: attempt to index a nil value (field 'open')
--> FILE:88: attempt to index a nil value (field 'open')
--> FILE:92: attempt to index a nil value (field 'open')
--> FILE:98: attempt to index a nil value (field 'open')
--> FILE:103: attempt to index a nil value (field 'open')
--> FILE:108: attempt to index a nil value (field 'open')
--> FILE:113: attempt to index a nil value (field 'open')
--> FILE:118: attempt to index a nil value (field 'open')
--> FILE:123: attempt to index a nil value (field 'open')
--> FILE:129: attempt to index a nil value (field 'open')
--> FILE:135: attempt to index a nil value (field 'open')
--> FILE:142: attempt to index a nil value (field 'open')
--> FILE:150: attempt to index a nil value (field 'open')
--> FILE:154: attempt to index a nil value (global 'undefinedglobal')
--> FILE:159: attempt to index a nil value (field 'open')
--> FILE:164: attempt to index a nil value (field 'open')
