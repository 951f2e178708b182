local counter = 0
function increase() counter = counter + 1 end
pritn(conter)
increaes()
increase()
loadstring("x")
