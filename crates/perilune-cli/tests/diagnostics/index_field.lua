local app = {config = {}}
print(app.config.window.width)
