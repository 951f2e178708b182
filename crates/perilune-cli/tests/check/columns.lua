local s = "größe"; local unused = s
	local tab = 1
