--! only: perilune
--! no-build: it starts the command again, by its path
--! no-runner: it starts the command again, by its path
-- How an engine is chosen, and what is said of an unknown one.
local program do local i = 0 while arg[i] do program = arg[i] i = i - 1 end end
local function run(command)
  local pipe <close> = io.popen("{ " .. command:gsub("perilune", '"' .. program .. '"') .. "; } 2>&1")
  return pipe:read("l"), pipe:read("a")
end
local first, rest = run("perilune --version")
print(first:match("^Lua 5.5.1 "), first == run("perilune -v"))
local engines = {}
for name, about in rest:gmatch("\n  (%l+) +([^\n]+)") do engines[#engines + 1] = name end
print(table.concat(engines, " "), rest:match("(%l+)[^\n]+%(default%)"))
for _, name in ipairs(engines) do
  print(run(("perilune --engine=%s -e 'print(\"option\")'"):format(name)))
  print(run(("PERILUNE_ENGINE=%s perilune -e 'print(\"variable\")'"):format(name)))
end
local function complaint(command) print(((run(command)):gsub("^.*: unknown", "unknown"))) end
complaint("perilune --engine=none x.lua")
complaint("perilune --engine x.lua")
complaint("PERILUNE_ENGINE=none perilune x.lua")
complaint("PERILUNE_ENGINE=none perilune -E x.lua")
complaint("PERILUNE_ENGINE=vm perilune dump --engine=none x.lua")
print(run("PERILUNE_ENGINE=vm perilune --engine=tree --stress=move -e 'print(\"both\")'"))
--> Lua 5.5.1 	true
--> vm jit tree	jit
--> option	
--> variable	
--> option	
--> variable	
--> option	
--> variable	
--> unknown engine 'none' in --engine (known: vm, jit, tree)
--> unknown engine '' in --engine (known: vm, jit, tree)
--> unknown engine 'none' in PERILUNE_ENGINE (known: vm, jit, tree)
--> unknown engine 'none' in PERILUNE_ENGINE (known: vm, jit, tree)
--> unknown engine 'none' in --engine (known: vm, jit, tree)
--> both	
