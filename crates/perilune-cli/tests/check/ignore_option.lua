-- args: --ignore=unused-local,undefined-global
local a = pritn
if a then end
