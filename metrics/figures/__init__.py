"""First reply times and daily activity, from the tickets by the conditions in `metrics.definitions`, or from roll-ups."""
