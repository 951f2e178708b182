if true then
		local café = "é"; x = = 1
end
