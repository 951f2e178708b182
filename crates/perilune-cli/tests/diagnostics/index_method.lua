local object = {}
object:update(1)
