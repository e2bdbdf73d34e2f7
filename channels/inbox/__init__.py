"""The inbox: every fetched item is stored once, leased to ingest, settled, and pruned.

`storing_once` stores items and drops duplicates; `fingerprinting` recognises known items that are unchanged; `leases`
hands them out and replays them; `settling` records the outcome.
"""
