"""The project: settings, URLs, and the parts that only a whole desk needs (logins, health, the demo, the handbook
preset)."""
