"""Believable things that people say about Acme. Pure: everything follows from a `random.Random` and a time."""
