"""The team's workload by person, listed by name: not a ranking."""
