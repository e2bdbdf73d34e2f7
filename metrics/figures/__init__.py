"""First reply times and activity: from the tickets by the conditions in `metrics.definitions`, or from roll-ups."""
