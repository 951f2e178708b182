-- Names of other versions may be asked for.
local unpack = table.unpack or unpack
local load = loadstring or load
if setfenv then setfenv(1, {}) end
if math.pow then print(math.pow(2, 3)) end
print(unpack, load)
