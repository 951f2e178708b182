local x = ...
if x then end
if x then
  -- Nothing to be done.
elseif x == 1 then
else
end
do end
while x do x = nil end
for _ = 1, 10 do end
