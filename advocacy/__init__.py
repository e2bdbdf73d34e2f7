"""The project: settings, urls, and what only a whole desk needs (logins, health, the demo, the handbook's set-up)."""
