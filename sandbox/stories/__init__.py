"""Realistic conversations about Acme. Pure: everything derives from a `random.Random` and a time."""
