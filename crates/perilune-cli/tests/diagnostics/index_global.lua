print(settings.name)
