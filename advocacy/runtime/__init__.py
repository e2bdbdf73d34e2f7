"""How processes run: beat, broker, cache, Redis, logs, static files."""
