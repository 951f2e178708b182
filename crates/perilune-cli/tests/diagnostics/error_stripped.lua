local f = load(string.dump(function() local t; return t.x end, true))
f()
