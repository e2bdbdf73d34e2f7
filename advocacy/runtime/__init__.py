"""Runtime of the processes: beat, broker, cache, Redis, logs, static files."""
