"""The team's workload, person by person, by name: not a ranking."""
