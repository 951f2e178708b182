function configure(t) return t end
_G.shared = configure({})
