--! build: --without=greeting,virtual,returns_nothing,returns_false,broken_syntax,raises,dotted.name,another
-- require: searchers, preload, package.path, loaded, errors.
package.path = "./modules/?.lua;./modules/?/init.lua" local m, where = require("greeting") print(m.hello("x"), where, package.loaded.greeting == m, require("greeting") == m, select("#", require("greeting")))
package.preload.virtual = function(name, extra) return {name = name, extra = extra} end print(require("virtual").name, require("virtual").extra, select(2, require("virtual"))) print(require("returns_nothing"), package.loaded.returns_nothing, require("returns_false"), package.loaded.returns_false) print(pcall(require, "broken_syntax")) print(pcall(require, "raises")) print((select(2, pcall(require, "no.such")))) print(require("dotted.name").where)
print(package.searchpath("greeting", package.path), package.searchpath("none", "./?.x;./y/?"), package.searchpath("a.b", "./?.z", ".", "_"), #package.searchers, type(package.config), package.config:sub(1, 1), type(package.cpath)) package.loaded.greeting = nil print(require("greeting") ~= m) package.path = nil print(pcall(require, "another")) package.path = "./modules/?.lua" package.searchers = nil print(pcall(require, "another")) print(package.loaded._G == _G, package.loaded.string == string, pcall(require), type(package.loadlib))
--> hello x from greeting	./modules/greeting.lua	true	true	1
--> virtual	:preload:
--> true	true	false	false
--> false	error loading module 'broken_syntax' from file './modules/broken_syntax.lua':
--> 	./modules/broken_syntax.lua:1: unexpected symbol near '+'
--> false	./modules/raises.lua:1: raised while loading
--> module 'no.such' not found:
--> 	no field package.preload['no.such']
--> 	no file './modules/no/such.lua'
--> 	no file './modules/no/such/init.lua'
--> 	no file '/usr/local/lib/lua/5.5/no/such.so'
--> 	no file '/usr/local/lib/lua/5.5/loadall.so'
--> 	no file './no/such.so'
--> 	no file '/usr/local/lib/lua/5.5/no.so'
--> 	no file '/usr/local/lib/lua/5.5/loadall.so'
--> 	no file './no.so'
--> dotted.name
--> ./modules/greeting.lua	nil	nil	4	string	/	string
--> true
--> false	'package.path' must be a string
--> false	'package.searchers' must be a table
--> true	true	false	function
