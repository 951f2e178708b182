local player = {score = 10}
player.score = player.scroe + 1
