"""Searches next to the composer: their kinds, their configuration, and results found by a worker and cached."""
