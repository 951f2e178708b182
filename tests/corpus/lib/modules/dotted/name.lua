return {where = (...)}
