"""The project: settings, urls, and whatever only a whole desk needs (logins, health, the demo, the handbook preset)."""
