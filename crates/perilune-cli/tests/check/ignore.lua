local a = 1 -- check: ignore unused-local
-- check: ignore unused-local, undefined-global
local b = pritn
local c = "-- check: ignore unused-local"
local d = 1 -- check: ignore undefined-global
